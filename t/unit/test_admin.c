/* The pages as a whole: who is let in, headers, ending sessions, health. */
#include "admin_fixture.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>

#include "admin/resource.h"
#include "odoo/refusal.h"

/* ---- who is let in ---- */

static void test_home_leads_to_the_overview(void **state)
{
    answer_t *answer = get(ANN, "", NULL);

    (void)state;
    assert_int_equal(answer->status, 303);
    assert_string_equal(answer_header(answer, "Location"), BASE "/overview");
    assert_string_equal(answer_header(get(ANN, "/", NULL), "Location"), BASE "/overview");
}

static void test_without_a_session_pages_lead_to_the_login(void **state)
{
    answer_t *answer = get(NOBODY, "/activity", "model=res.partner&user=a%26b");

    (void)state;
    assert_int_equal(answer->status, 303);
    assert_string_equal(answer_header(answer, "Location"),
                        "/web/login?redirect=%2faudit-admin%2factivity%3fmodel%3dres.partner"
                        "%26user%3da%2526b");
    assert_int_equal(answer->body.length, 0);
    assert_int_equal(get(NOBODY, "/nowhere", NULL)->status, 303);
    assert_int_equal(request_send(revoke_form(NOBODY, ANN))->status, 303);
    assert_null(fixture.revoked);
}

static void expect_expired(answer_t *answer)
{
    assert_int_equal(answer->status, 401);
    assert_string_equal(answer->type, "application/json");
    assert_string_equal(answer_header(answer, "WWW-Authenticate"), "Session");
    assert_string_equal(answer_text(answer), refusal_json());
    assert_string_equal(json_text(json_member(json_member(answer_json(answer), "error"), "data"),
                                  "name"),
                        "odoo.http.SessionExpiredException");
}

static void test_without_a_session_programs_are_told(void **state)
{
    admin_request_t *request = request_new(NOBODY, "GET", "/any.csv", NULL);

    (void)state;
    expect_expired(get(NOBODY, "/sessions", "format=json"));
    expect_expired(get(NOBODY, "/nowhere", "format=json"));
    expect_expired(get(NOBODY, "/activity.csv", NULL));
    request->csv_only = 1;
    expect_expired(request_send(request));
    request = request_new(NOBODY, "GET", "/health", NULL);
    request->accept = "application/json";
    expect_expired(request_send(request));
    request = revoke_form(NOBODY, ANN);
    request->content_type = "application/json";
    expect_expired(request_send(request));
}

static void test_unknown_paths_and_methods(void **state)
{
    answer_t *answer;

    (void)state;
    assert_int_equal(get(ANN, "/nowhere", NULL)->status, 404);
    assert_int_equal(get(ANN, "/sessions/", NULL)->status, 404);
    assert_int_equal(get(ANN, "/sessions/a/b/revoke", NULL)->status, 404);
    answer = request_send(request_new(ANN, "POST", "/sessions", NULL));
    assert_int_equal(answer->status, 405);
    assert_string_equal(answer_header(answer, "Allow"), "GET, HEAD");
    answer = get(ANN, "/sessions/" UNKNOWN_REFERENCE "/revoke", NULL);
    assert_int_equal(answer->status, 405);
    assert_string_equal(answer_header(answer, "Allow"), "POST");
    assert_int_equal(request_send(request_new(ANN, "HEA", "/sessions", NULL))->status, 405);
    assert_int_equal(request_send(request_new(ANN, "", "/sessions", NULL))->status, 405);
}

static void test_head_has_no_body(void **state)
{
    static const char *const paths[] = {"/sessions", "/activity", "/activity.csv",
                                        "/assets/style.css", "/nowhere"};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        answer_t *answer = request_send(request_new(ANN, "HEAD", paths[i], NULL));

        assert_int_equal(answer->status, get(ANN, paths[i], NULL)->status);
        assert_int_equal(answer->body.length, 0);
    }
}

static void expect_safe_headers(answer_t *answer)
{
    const char *policy = answer_header(answer, "Content-Security-Policy");

    assert_non_null(strstr(policy, "default-src 'none'"));
    assert_non_null(strstr(policy, "frame-ancestors 'none'"));
    assert_non_null(strstr(policy, "form-action 'self'"));
    assert_null(strstr(policy, "unsafe"));
    assert_string_equal(answer_header(answer, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(answer_header(answer, "X-Frame-Options"), "DENY");
    assert_string_equal(answer_header(answer, "Referrer-Policy"), "same-origin");
    assert_string_equal(answer_header(answer, "Cache-Control"), "no-store");
    assert_null(strstr(answer->type, "html") && !strstr(answer->type, "charset=utf-8")
                    ? answer->type
                    : NULL);
}

static void test_every_answer_has_safe_headers(void **state)
{
    (void)state;
    expect_safe_headers(get(ANN, "", NULL));
    expect_safe_headers(get(ANN, "/sessions", NULL));
    expect_safe_headers(get(ANN, "/sessions", "format=json"));
    expect_safe_headers(get(ANN, "/sessions", "state=wrong"));
    expect_safe_headers(get(ANN, "/activity.csv", NULL));
    expect_safe_headers(get(ANN, "/nowhere", NULL));
    expect_safe_headers(get(NOBODY, "/sessions", NULL));
    expect_safe_headers(get(NOBODY, "/sessions", "format=json"));
    expect_safe_headers(get(MANAGER, "/health", NULL));
    expect_safe_headers(request_send(revoke_form(ANN, ANN)));
}

static void test_assets_are_for_anybody_and_kept_long(void **state)
{
    const resource_t *style = resource_find("style.css");
    answer_t *answer =
        get(NOBODY, "/assets/style.css", apr_psprintf(fixture.pool, "v=%s", style->version));

    (void)state;
    assert_int_equal(answer->status, 200);
    assert_string_equal(answer->type, "text/css; charset=utf-8");
    assert_string_equal(answer_text(answer), style->text);
    assert_non_null(strstr(answer_header(answer, "Cache-Control"), "immutable"));
    assert_string_equal(answer_header(get(NOBODY, "/assets/style.css", "v=0"), "Cache-Control"),
                        "no-cache");
    assert_string_equal(get(NOBODY, "/assets/script.js", NULL)->type,
                        "text/javascript; charset=utf-8");
    assert_int_equal(get(NOBODY, "/assets/sessions.html", NULL)->status, 404);
    assert_int_equal(get(NOBODY, "/assets/none.css", NULL)->status, 404);
}

static void expect_type(const char *accept, const char *type)
{
    admin_request_t *request = request_new(ANN, "GET", "/sessions", NULL);

    request->accept = accept;
    assert_string_equal(request_send(request)->type, type);
}

static void test_accept_chooses_the_form(void **state)
{
    const char *html = "text/html; charset=utf-8", *json = "application/json";

    (void)state;
    expect_type(NULL, html);
    expect_type("*/*", html);
    expect_type("application/json", json);
    expect_type("Application/JSON;q=0.5", json);
    expect_type("application/json, text/html;q=0.9", json);
    expect_type("text/html, application/json", html);
    expect_type("application/json;q=0.5, text/html", html);
    expect_type("application/json;q=0", html);
}

static void test_every_template_is_well_formed(void **state)
{
    int count = 0;

    (void)state;
    for (const resource_t *resource = resources; resource->name; resource++) {
        const char *end = strstr(resource->name, ".html");

        if (end) {
            const char *name =
                apr_pstrmemdup(fixture.pool, resource->name, (apr_size_t)(end - resource->name));

            if (!resource_template(name)) {
                fail_msg("%s", resource->name);
            }
            count++;
        }
    }
    assert_true(count >= 7);
    assert_null(resource_template("none"));
}

/* ---- ending ---- */

static void test_ending_ones_own(void **state)
{
    answer_t *answer = request_send(revoke_form(ANN, ANN));

    (void)state;
    assert_int_equal(answer->status, 303);
    assert_string_equal(answer_header(answer, "Location"), BASE "/sessions");
    assert_string_equal(fixture.revoked, fixture_reference(ANN));
    assert_int_equal(fixture.revoke_reason, SESSION_REASON_OWNER);
    assert_string_equal(fixture.revoke_note, "lost & found");
}

static void test_a_manager_ends_anyones(void **state)
{
    (void)state;
    assert_int_equal(request_send(revoke_form(MANAGER, BOB))->status, 303);
    assert_string_equal(fixture.revoked, fixture_reference(BOB));
    assert_int_equal(fixture.revoke_reason, SESSION_REASON_MANAGER);
    request_send(revoke_form(MANAGER, MANAGER));
    assert_int_equal(fixture.revoke_reason, SESSION_REASON_OWNER);
}

static void test_a_session_that_only_the_store_knows_can_be_ended(void **state)
{
    admin_request_t *request;

    (void)state;
    fixture_event(EVENT_OPERATION, "session_started", EVENT_SESSION, UNKNOWN_REFERENCE, EVENT_UID,
                  "7", EVENT_LOGIN, "ann@example.com", -1);
    request = revoke_request(ANN, UNKNOWN_REFERENCE,
                             apr_psprintf(fixture.pool, "csrf_token=%s", form_token(ANN)));
    assert_int_equal(request_send(request)->status, 303);
    assert_string_equal(fixture.revoked, UNKNOWN_REFERENCE);
    assert_null(fixture.revoke_note);
    request = revoke_request(BOB, UNKNOWN_REFERENCE,
                             apr_psprintf(fixture.pool, "csrf_token=%s", form_token(BOB)));
    expect_not_revoked(request, 404);
}

static void test_nobody_ends_somebody_elses(void **state)
{
    (void)state;
    expect_not_revoked(revoke_form(ANN, BOB), 404);
    expect_not_revoked(revoke_form(ANN, MANAGER), 404);
    expect_not_revoked(revoke_request(MANAGER, UNKNOWN_REFERENCE,
                                      apr_psprintf(fixture.pool, "csrf_token=%s",
                                                   form_token(MANAGER))),
                       404);
}

static void test_forms_without_proof_are_refused(void **state)
{
    admin_request_t *request = revoke_form(ANN, ANN);

    (void)state;
    request->origin = "https://evil.example";
    expect_not_revoked(request, 403);
    request = revoke_form(ANN, ANN);
    request->sec_fetch_site = "cross-site";
    expect_not_revoked(request, 403);
    expect_not_revoked(revoke_request(ANN, fixture_reference(ANN), NULL), 403);
    expect_not_revoked(revoke_request(ANN, fixture_reference(ANN), "csrf_token="), 403);
    expect_not_revoked(revoke_request(ANN, fixture_reference(ANN),
                                      apr_psprintf(fixture.pool, "csrf_token=%s", form_token(BOB))),
                       403);
    request = revoke_form(ANN, ANN);
    request->now += apr_time_from_sec(3 * 86400);
    expect_not_revoked(request, 403);
    request = revoke_form(ANN, ANN);
    request->content_type = "text/plain";
    expect_not_revoked(request, 415);
    request->content_type = NULL;
    expect_not_revoked(request, 415);
}

static void test_ending_by_json(void **state)
{
    admin_request_t *request = revoke_form(MANAGER, ANN);
    json_value_t *answer;

    (void)state;
    request->content_type = "application/json";
    request->body = apr_psprintf(fixture.pool, "{\"csrf_token\":\"%s\",\"reason\":\"gone\"}",
                                 form_token(MANAGER));
    request->body_length = strlen(request->body);
    answer = answer_json(request_send(request));
    assert_string_equal(json_text(answer, "reference"), fixture_reference(ANN));
    assert_string_equal(json_text(answer, "state"), "revoked");
    assert_string_equal(json_text(answer, "csrf_token"), form_token(MANAGER));
    assert_string_equal(fixture.revoke_note, "gone");
    request->body = "{\"csrf_token\":[1]}";
    request->body_length = strlen(request->body);
    expect_not_revoked(request, 403);
    request->body_length = 5;
    expect_not_revoked(request, 403);
}

static void test_ending_twice_changes_nothing(void **state)
{
    (void)state;
    session_end(BOB, SESSION_REVOKED, SESSION_REASON_OWNER);
    expect_not_revoked(revoke_form(BOB, BOB), 303);
}

static void test_what_cannot_be_kept_is_not_told_as_done(void **state)
{
    answer_t *answer;

    (void)state;
    fixture.revoke_status = APR_ENOSPC;
    answer = request_send_problem(revoke_form(ANN, ANN));
    assert_int_equal(answer->status, 503);
    assert_non_null(strstr(answer_text(answer), "still open"));
    assert_non_null(answer->problem);
    fixture.revoke_status = APR_NOTFOUND;
    assert_int_equal(request_send(revoke_form(ANN, ANN))->status, 404);
}

/* ---- health ---- */

static void test_health_is_for_managers(void **state)
{
    json_value_t *answer;

    (void)state;
    fixture_events(12, "write", "res.partner");
    session_end(BOB, SESSION_EXPIRED, SESSION_REASON_IDLE);
    get_json(ANN, "/health", NULL, 403);
    answer = get_json(MANAGER, "/health", NULL, 200);
    assert_string_equal(json_text(json_member(answer, "trail"), "events"), "12");
    assert_string_equal(json_text(json_member(answer, "trail"), "database"), "reachable");
    assert_string_equal(json_text(json_member(answer, "sessions"), "open"), "3");
    assert_string_equal(json_text(json_member(answer, "sessions"), "expired"), "1");
    assert_non_null(strstr(answer_text(get(MANAGER, "/health", NULL)), "<dd>12</dd>"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_home_leads_to_the_overview),
        TEST(test_without_a_session_pages_lead_to_the_login),
        TEST(test_without_a_session_programs_are_told),
        TEST(test_unknown_paths_and_methods),
        TEST(test_head_has_no_body),
        TEST(test_every_answer_has_safe_headers),
        TEST(test_assets_are_for_anybody_and_kept_long),
        TEST(test_accept_chooses_the_form),
        TEST(test_every_template_is_well_formed),
        TEST(test_ending_ones_own),
        TEST(test_a_manager_ends_anyones),
        TEST(test_a_session_that_only_the_store_knows_can_be_ended),
        TEST(test_nobody_ends_somebody_elses),
        TEST(test_forms_without_proof_are_refused),
        TEST(test_ending_by_json),
        TEST(test_ending_twice_changes_nothing),
        TEST(test_what_cannot_be_kept_is_not_told_as_done),
        TEST(test_health_is_for_managers),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
