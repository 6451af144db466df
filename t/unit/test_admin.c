/* The pages as a whole: who is let in, headers, sessions, and ending them. */
#include "admin_fixture.h"

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>

#include "admin/csrf.h"
#include "admin/resource.h"
#include "odoo/refusal.h"

#define UNKNOWN_REFERENCE "0123456789abcdef0123456789abcdef"
#define AGENT "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120"

/* ---- sessions by reference ---- */

static const json_value_t *find_session(const json_value_t *answer, const char *reference)
{
    const json_value_t *sessions = json_member(answer, "sessions");

    for (const json_value_t *session = sessions->first; session; session = session->next) {
        if (strcmp(json_string(json_member(session, "reference")), reference) == 0) {
            return session;
        }
    }
    return NULL;
}

static const char *member(const json_value_t *object, const char *name)
{
    const json_value_t *value = json_member(object, name);

    assert_non_null(value);
    return value->text;
}

static void expect_sessions(visitor_t visitor, const char *query, int ann, int bob, int manager)
{
    json_value_t *answer = get_json(visitor, "/sessions", query, 200);

    assert_int_equal(find_session(answer, fixture_reference(ANN)) != NULL, ann);
    assert_int_equal(find_session(answer, fixture_reference(BOB)) != NULL, bob);
    assert_int_equal(find_session(answer, fixture_reference(MANAGER)) != NULL, manager);
}

static void end_in_table(visitor_t visitor, session_state_t state, session_reason_t reason)
{
    session_t session = fixture_session(visitor), ended;

    assert_int_equal(session_table_end(fixture.sessions, &session.fingerprint, state, reason, NULL,
                                       &ended),
                     APR_SUCCESS);
}

/* ---- forms ---- */

static const char *token_of(visitor_t visitor)
{
    char token[CSRF_TOKEN_SIZE];

    csrf_token(&fixture.key, fixture_reference(visitor), fixture.now, token);
    return apr_pstrdup(fixture.pool, token);
}

static admin_request_t *end_request(visitor_t visitor, const char *reference, const char *body)
{
    admin_request_t *request =
        request_new(visitor, "POST",
                    apr_pstrcat(fixture.pool, "/sessions/", reference, "/revoke", NULL), NULL);

    request->content_type = "application/x-www-form-urlencoded; charset=UTF-8";
    request->origin = "https://" SITE;
    request->sec_fetch_site = "same-origin";
    request->body = body;
    request->body_length = body ? strlen(body) : 0;
    return request;
}

static admin_request_t *end_form(visitor_t visitor, visitor_t whose)
{
    return end_request(visitor, fixture_reference(whose),
                       apr_psprintf(fixture.pool, "csrf_token=%s&reason=lost+%%26+found",
                                    token_of(visitor)));
}

static void expect_not_ended(admin_request_t *request, int status)
{
    fixture.revoked = NULL;
    assert_int_equal(request_send(request)->status, status);
    assert_null(fixture.revoked);
}

/* ---- who is let in ---- */

static void test_home_leads_to_sessions(void **state)
{
    answer_t *answer = get(ANN, "", NULL);

    (void)state;
    assert_int_equal(answer->status, 303);
    assert_string_equal(answer_header(answer, "Location"), BASE "/sessions");
    assert_string_equal(answer_header(get(ANN, "/", NULL), "Location"), BASE "/sessions");
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
    assert_int_equal(request_send(end_form(NOBODY, ANN))->status, 303);
    assert_null(fixture.revoked);
}

static void expect_expired(answer_t *answer)
{
    assert_int_equal(answer->status, 401);
    assert_string_equal(answer->type, "application/json");
    assert_string_equal(answer_header(answer, "WWW-Authenticate"), "Session");
    assert_string_equal(answer_text(answer), refusal_json());
    assert_string_equal(member(json_member(json_member(answer_json(answer), "error"), "data"),
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
    request = end_form(NOBODY, ANN);
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
    expect_safe_headers(request_send(end_form(ANN, ANN)));
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

/* ---- sessions ---- */

static void test_sessions_before_anything_is_recorded(void **state)
{
    json_value_t *answer = get_json(ANN, "/sessions", NULL, 200);

    (void)state;
    assert_string_equal(member(answer, "notice"), "Nothing has been recorded yet.");
    assert_non_null(find_session(answer, fixture_reference(ANN)));
    assert_string_equal(member(answer, "csrf_token"), token_of(ANN));
    assert_int_equal(get(ANN, "/sessions", NULL)->status, 200);
}

static void test_an_ordinary_user_sees_their_own_only(void **state)
{
    (void)state;
    expect_sessions(ANN, NULL, 1, 0, 0);
    expect_sessions(ANN, "state=all", 1, 0, 0);
    expect_sessions(ANN, "user=8", 0, 0, 0);
    expect_sessions(ANN, "user=bob%40example.com&site=" SITE, 0, 0, 0);
    expect_sessions(ANN, "own_uid=8&manager=1&own_only=0", 1, 0, 0);
    expect_sessions(MANAGER, NULL, 1, 1, 1);
    expect_sessions(MANAGER, "user=8", 0, 1, 0);
    expect_sessions(MANAGER, "user=ann%40example.com", 1, 0, 0);
}

static void store_session(visitor_t visitor, const char *uid, const char *login)
{
    fixture_event(EVENT_OPERATION, "session_started", EVENT_SESSION, fixture_reference(visitor),
                  EVENT_UID, uid, EVENT_LOGIN, login, EVENT_IP, "192.0.2.50", EVENT_USER_AGENT,
                  AGENT, -1);
}

static void test_store_and_table_are_merged(void **state)
{
    json_value_t *answer;
    const json_value_t *ann;

    (void)state;
    store_session(ANN, "7", "ann@example.com");
    fixture_event(EVENT_OPERATION, "session_started", EVENT_SESSION, UNKNOWN_REFERENCE, EVENT_UID,
                  "7", EVENT_LOGIN, "ann@example.com", EVENT_USER, "Ann Lee", -1);
    answer = get_json(ANN, "/sessions", NULL, 200);
    assert_int_equal(json_member(answer, "sessions")->count, 2);
    ann = find_session(answer, fixture_reference(ANN));
    assert_string_equal(member(ann, "user_agent"), AGENT);
    assert_string_equal(member(ann, "ip"), "192.0.2.7");
    assert_string_equal(member(ann, "user"), "Ann Lee");
    assert_true(json_truthy(json_member(ann, "current")));
    assert_string_equal(member(find_session(answer, UNKNOWN_REFERENCE), "state"), "open");
    assert_false(json_truthy(json_member(find_session(answer, UNKNOWN_REFERENCE), "current")));
}

static void test_an_ended_session_shows_at_once(void **state)
{
    const json_value_t *bob;

    (void)state;
    store_session(BOB, "8", "bob@example.com");
    expect_sessions(MANAGER, NULL, 1, 1, 1);
    end_in_table(BOB, SESSION_REVOKED, SESSION_REASON_MANAGER);
    expect_sessions(MANAGER, NULL, 1, 0, 1);
    expect_sessions(MANAGER, "state=open", 1, 0, 1);
    expect_sessions(MANAGER, "state=ended", 0, 1, 0);
    expect_sessions(MANAGER, "state=all", 1, 1, 1);
    bob = find_session(get_json(MANAGER, "/sessions", "state=ended", 200), fixture_reference(BOB));
    assert_string_equal(member(bob, "state"), "revoked");
    assert_string_equal(member(bob, "reason"), "manager");
}

/* On the same cookie somebody else may log in: the session is then theirs alone. */
static void test_a_session_that_changed_hands_is_the_new_users(void **state)
{
    session_t session = fixture_session(BOB);
    int changed;

    (void)state;
    store_session(BOB, "8", "bob@example.com");
    session.uid = 7;
    strcpy(session.login, "ann@example.com");
    session_table_identify(fixture.sessions, &session.fingerprint, &session, &changed);
    assert_int_equal(changed, 2);
    expect_sessions(ANN, NULL, 1, 1, 0);
    session = fixture_session(BOB);
    session.uid = 9;
    strcpy(session.login, "eve@example.com");
    session_table_identify(fixture.sessions, &session.fingerprint, &session, &changed);
    expect_sessions(ANN, NULL, 1, 0, 0);
    expect_not_ended(end_form(ANN, BOB), 404);
}

static void test_other_sites_and_databases_stay_apart(void **state)
{
    admin_request_t *request = request_new(MANAGER, "GET", "/sessions", "format=json");

    (void)state;
    store_session(ANN, "7", "ann@example.com");
    request->site = "other.example.com";
    assert_int_equal(json_member(answer_json(request_send(request)), "sessions")->count, 0);
    request = end_form(MANAGER, ANN);
    request->site = "other.example.com";
    expect_not_ended(request, 404);
    request = request_new(ANN, "GET", "/sessions", "format=json");
    strcpy(request->visitor.session.database, "test");
    strcpy(request->visitor.session.reference, UNKNOWN_REFERENCE);
    assert_int_equal(json_member(answer_json(request_send(request)), "sessions")->count, 0);
}

static void test_a_nameless_visitor_sees_their_own_session(void **state)
{
    json_value_t *answer;

    (void)state;
    fixture_events(3, "write", "res.partner");
    fixture_event(EVENT_OPERATION, "session_started", EVENT_SESSION, UNKNOWN_REFERENCE, -1);
    answer = get_json(NAMELESS, "/sessions", "state=all", 200);
    assert_int_equal(json_member(answer, "sessions")->count, 1);
    assert_non_null(find_session(answer, fixture_reference(NAMELESS)));
    assert_int_equal(json_member(get_json(NAMELESS, "/activity", NULL, 200), "events")->count, 0);
    expect_not_ended(end_form(NAMELESS, ANN), 404);
}

static void test_wrong_session_filters_are_told(void **state)
{
    (void)state;
    get_json(ANN, "/sessions", "state=closed", 400);
    get_json(ANN, "/sessions", "offset=-1", 400);
    get_json(ANN, "/sessions", "offset=99999", 400);
    assert_non_null(
        strstr(answer_text(get(ANN, "/sessions", "state=%3Cb%3E")), "open, ended or all"));
}

static void admit_many(int count)
{
    for (int i = 0; i < count; i++) {
        session_t session = fixture_session(ANN), evicted;
        int number = 1000 + i, changed;

        memcpy(session.fingerprint.bytes, &number, sizeof(number));
        fingerprint_reference(&fixture.key, &session.fingerprint, session.reference);
        session.last_action = fixture.now - apr_time_from_sec(100000 + i);
        session_table_admit(fixture.sessions, &session, &changed, &evicted);
        session_table_identify(fixture.sessions, &session.fingerprint, &session, &changed);
    }
}

static void test_many_sessions_come_in_pages(void **state)
{
    json_value_t *first, *second;
    apr_int64_t next;

    (void)state;
    admit_many(150);
    first = get_json(ANN, "/sessions", NULL, 200);
    assert_int_equal(json_member(first, "sessions")->count, ADMIN_PAGE_ROWS);
    assert_true(json_integer(json_member(first, "next"), &next));
    second = get_json(ANN, "/sessions", apr_psprintf(fixture.pool, "offset=%d", (int)next), 200);
    assert_int_equal(json_member(second, "sessions")->count, 51);
    assert_int_equal(json_member(second, "next")->type, JSON_TYPE_NULL);
    assert_null(find_session(second, fixture_reference(ANN)));
    assert_non_null(strstr(answer_text(get(ANN, "/sessions", NULL)),
                           "href=\"/audit-admin/sessions?state=open&amp;offset=100\""));
}

static void test_the_page_says_what_people_need(void **state)
{
    const char *page;

    (void)state;
    store_session(ANN, "7", "ann@example.com");
    page = answer_text(get(ANN, "/sessions", NULL));
    assert_non_null(strstr(page, "this session"));
    assert_non_null(strstr(page, "1 minute ago"));
    assert_non_null(strstr(page, "Ann Lee"));
    assert_non_null(strstr(page, AGENT));
    assert_non_null(
        strstr(page, apr_psprintf(fixture.pool, "action=\"" BASE "/sessions/%s/revoke\"",
                                  fixture_reference(ANN))));
    assert_non_null(strstr(page, apr_psprintf(fixture.pool, "name=\"csrf_token\" value=\"%s\"",
                                              token_of(ANN))));
    assert_null(strstr(page, "Health"));
    assert_non_null(strstr(answer_text(get(MANAGER, "/sessions", NULL)), "Health"));
}

static void test_an_unreachable_store_shows_the_live_sessions(void **state)
{
    admin_request_t *request = request_new(ANN, "GET", "/sessions", NULL);
    answer_t *answer;
    store_config_t broken = {"sqlite3", NULL};
    apr_file_t *file;

    (void)state;
    broken.params = apr_pstrcat(fixture.pool, fixture.folder, "/broken.db", NULL);
    apr_file_open(&file, broken.params, APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_OS_DEFAULT,
                  fixture.pool);
    apr_file_puts("this is no database, however long one looks at it", file);
    apr_file_close(file);
    request->store = &broken;
    answer = request_send_problem(request);
    assert_int_equal(answer->result, APR_SUCCESS);
    assert_int_equal(answer->status, 503);
    assert_non_null(answer->problem);
    assert_non_null(strstr(answer_text(answer), "cannot be reached"));
    assert_non_null(strstr(answer_text(answer), "this session"));
    request->path = "/activity";
    request->query = "format=json";
    answer = request_send_problem(request);
    assert_int_equal(answer->status, 503);
    assert_int_equal(json_member(answer_json(answer), "events")->count, 0);
    request->path = "/activity.csv";
    assert_int_equal(request_send_problem(request)->status, 503);
    request->path = "/sessions/" UNKNOWN_REFERENCE "/revoke";
    request->method = "POST";
    request->content_type = "application/json";
    request->body = apr_psprintf(fixture.pool, "{\"csrf_token\":\"%s\"}", token_of(ANN));
    request->body_length = strlen(request->body);
    assert_int_equal(request_send_problem(request)->status, 503);
}

/* ---- ending ---- */

static void test_ending_ones_own(void **state)
{
    answer_t *answer = request_send(end_form(ANN, ANN));

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
    assert_int_equal(request_send(end_form(MANAGER, BOB))->status, 303);
    assert_string_equal(fixture.revoked, fixture_reference(BOB));
    assert_int_equal(fixture.revoke_reason, SESSION_REASON_MANAGER);
    request_send(end_form(MANAGER, MANAGER));
    assert_int_equal(fixture.revoke_reason, SESSION_REASON_OWNER);
}

static void test_a_session_that_only_the_store_knows_can_be_ended(void **state)
{
    admin_request_t *request;

    (void)state;
    fixture_event(EVENT_OPERATION, "session_started", EVENT_SESSION, UNKNOWN_REFERENCE, EVENT_UID,
                  "7", EVENT_LOGIN, "ann@example.com", -1);
    request = end_request(ANN, UNKNOWN_REFERENCE,
                          apr_psprintf(fixture.pool, "csrf_token=%s", token_of(ANN)));
    assert_int_equal(request_send(request)->status, 303);
    assert_string_equal(fixture.revoked, UNKNOWN_REFERENCE);
    assert_null(fixture.revoke_note);
    request = end_request(BOB, UNKNOWN_REFERENCE,
                          apr_psprintf(fixture.pool, "csrf_token=%s", token_of(BOB)));
    expect_not_ended(request, 404);
}

static void test_nobody_ends_somebody_elses(void **state)
{
    (void)state;
    expect_not_ended(end_form(ANN, BOB), 404);
    expect_not_ended(end_form(ANN, MANAGER), 404);
    expect_not_ended(end_request(MANAGER, UNKNOWN_REFERENCE,
                                 apr_psprintf(fixture.pool, "csrf_token=%s", token_of(MANAGER))),
                     404);
}

static void test_forms_without_proof_are_refused(void **state)
{
    admin_request_t *request = end_form(ANN, ANN);

    (void)state;
    request->origin = "https://evil.example";
    expect_not_ended(request, 403);
    request = end_form(ANN, ANN);
    request->sec_fetch_site = "cross-site";
    expect_not_ended(request, 403);
    expect_not_ended(end_request(ANN, fixture_reference(ANN), NULL), 403);
    expect_not_ended(end_request(ANN, fixture_reference(ANN), "csrf_token="), 403);
    expect_not_ended(end_request(ANN, fixture_reference(ANN),
                                 apr_psprintf(fixture.pool, "csrf_token=%s", token_of(BOB))),
                     403);
    request = end_form(ANN, ANN);
    request->now += apr_time_from_sec(3 * 86400);
    expect_not_ended(request, 403);
    request = end_form(ANN, ANN);
    request->content_type = "text/plain";
    expect_not_ended(request, 415);
    request->content_type = NULL;
    expect_not_ended(request, 415);
}

static void test_ending_by_json(void **state)
{
    admin_request_t *request = end_form(MANAGER, ANN);
    json_value_t *answer;

    (void)state;
    request->content_type = "application/json";
    request->body = apr_psprintf(fixture.pool, "{\"csrf_token\":\"%s\",\"reason\":\"gone\"}",
                                 token_of(MANAGER));
    request->body_length = strlen(request->body);
    answer = answer_json(request_send(request));
    assert_string_equal(member(answer, "reference"), fixture_reference(ANN));
    assert_string_equal(member(answer, "state"), "revoked");
    assert_string_equal(member(answer, "csrf_token"), token_of(MANAGER));
    assert_string_equal(fixture.revoke_note, "gone");
    request->body = "{\"csrf_token\":[1]}";
    request->body_length = strlen(request->body);
    expect_not_ended(request, 403);
    request->body_length = 5;
    expect_not_ended(request, 403);
}

static void test_ending_twice_changes_nothing(void **state)
{
    (void)state;
    end_in_table(BOB, SESSION_REVOKED, SESSION_REASON_OWNER);
    expect_not_ended(end_form(BOB, BOB), 303);
}

static void test_what_cannot_be_kept_is_not_told_as_done(void **state)
{
    answer_t *answer;

    (void)state;
    fixture.revoke_status = APR_ENOSPC;
    answer = request_send_problem(end_form(ANN, ANN));
    assert_int_equal(answer->status, 503);
    assert_non_null(strstr(answer_text(answer), "still open"));
    assert_non_null(answer->problem);
    fixture.revoke_status = APR_NOTFOUND;
    assert_int_equal(request_send(end_form(ANN, ANN))->status, 404);
}

/* ---- health ---- */

static void test_health_is_for_managers(void **state)
{
    json_value_t *answer;

    (void)state;
    fixture_events(12, "write", "res.partner");
    end_in_table(BOB, SESSION_EXPIRED, SESSION_REASON_IDLE);
    get_json(ANN, "/health", NULL, 403);
    answer = get_json(MANAGER, "/health", NULL, 200);
    assert_string_equal(member(json_member(answer, "trail"), "events"), "12");
    assert_string_equal(member(json_member(answer, "trail"), "database"), "reachable");
    assert_string_equal(member(json_member(answer, "sessions"), "open"), "3");
    assert_string_equal(member(json_member(answer, "sessions"), "expired"), "1");
    assert_non_null(strstr(answer_text(get(MANAGER, "/health", NULL)), "<dd>12</dd>"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_home_leads_to_sessions),
        TEST(test_without_a_session_pages_lead_to_the_login),
        TEST(test_without_a_session_programs_are_told),
        TEST(test_unknown_paths_and_methods),
        TEST(test_head_has_no_body),
        TEST(test_every_answer_has_safe_headers),
        TEST(test_assets_are_for_anybody_and_kept_long),
        TEST(test_accept_chooses_the_form),
        TEST(test_every_template_is_well_formed),
        TEST(test_sessions_before_anything_is_recorded),
        TEST(test_an_ordinary_user_sees_their_own_only),
        TEST(test_store_and_table_are_merged),
        TEST(test_an_ended_session_shows_at_once),
        TEST(test_a_session_that_changed_hands_is_the_new_users),
        TEST(test_other_sites_and_databases_stay_apart),
        TEST(test_a_nameless_visitor_sees_their_own_session),
        TEST(test_wrong_session_filters_are_told),
        TEST(test_many_sessions_come_in_pages),
        TEST(test_the_page_says_what_people_need),
        TEST(test_an_unreachable_store_shows_the_live_sessions),
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
