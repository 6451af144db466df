/* The list of sessions: store and session table together, rights, states, paging. */
#include "admin_fixture.h"

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>

static void test_sessions_before_anything_is_recorded(void **state)
{
    json_value_t *answer = get_json(ANN, "/sessions", NULL, 200);

    (void)state;
    assert_string_equal(json_text(answer, "notice"), "Nothing has been recorded yet.");
    assert_non_null(session_find(answer, fixture_reference(ANN)));
    assert_string_equal(json_text(answer, "csrf_token"), form_token(ANN));
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

static void test_a_session_has_a_page_of_its_own(void **state)
{
    const char *path = apr_pstrcat(fixture.pool, "/sessions/", fixture_reference(ANN), NULL);
    const json_value_t *answer;

    (void)state;
    fixture_trail();
    answer = get_json(ANN, path, NULL, 200);
    assert_string_equal(json_text(json_member(answer, "session"), "login"), "ann@example.com");
    assert_int_equal(json_member(answer, "events")->count, 2);
    assert_non_null(strstr(answer_text(get(ANN, path, NULL)), "this session"));
    assert_non_null(strstr(answer_text(get(MANAGER, path, NULL)), "/7/revoke\""));
    assert_int_equal(get(BOB, path, NULL)->status, 404);
    assert_int_equal(get(NOBODY, path, NULL)->status, 303);
    assert_int_equal(get(MANAGER, "/sessions/" UNKNOWN_REFERENCE, NULL)->status, 404);
}

static void test_store_and_table_are_merged(void **state)
{
    json_value_t *answer;
    const json_value_t *ann;

    (void)state;
    session_store(ANN, "7", "ann@example.com");
    fixture_event(EVENT_OPERATION, "session_started", EVENT_SESSION, UNKNOWN_REFERENCE, EVENT_UID,
                  "7", EVENT_LOGIN, "ann@example.com", EVENT_USER, "Ann Lee", -1);
    answer = get_json(ANN, "/sessions", NULL, 200);
    assert_int_equal(json_member(answer, "sessions")->count, 2);
    ann = session_find(answer, fixture_reference(ANN));
    assert_string_equal(json_text(ann, "user_agent"), AGENT);
    assert_string_equal(json_text(ann, "ip"), "192.0.2.7");
    assert_string_equal(json_text(ann, "user"), "Ann Lee");
    assert_true(json_truthy(json_member(ann, "current")));
    assert_string_equal(json_text(session_find(answer, UNKNOWN_REFERENCE), "state"), "open");
    assert_false(json_truthy(json_member(session_find(answer, UNKNOWN_REFERENCE), "current")));
}

static void test_an_ended_session_shows_at_once(void **state)
{
    const json_value_t *bob;

    (void)state;
    session_store(BOB, "8", "bob@example.com");
    expect_sessions(MANAGER, NULL, 1, 1, 1);
    session_end(BOB, SESSION_REVOKED, SESSION_REASON_MANAGER);
    expect_sessions(MANAGER, NULL, 1, 0, 1);
    expect_sessions(MANAGER, "state=open", 1, 0, 1);
    expect_sessions(MANAGER, "state=ended", 0, 1, 0);
    expect_sessions(MANAGER, "state=all", 1, 1, 1);
    bob = session_find(get_json(MANAGER, "/sessions", "state=ended", 200), fixture_reference(BOB));
    assert_string_equal(json_text(bob, "state"), "revoked");
    assert_string_equal(json_text(bob, "reason"), "manager");
}

/* On the same cookie somebody else may log in: the session is then theirs alone. */
static void test_a_session_that_changed_hands_is_the_new_users(void **state)
{
    session_t session = fixture_session(BOB);
    int changed;

    (void)state;
    session_store(BOB, "7", "ann@example.com");
    expect_sessions(ANN, NULL, 1, 0, 0);
    expect_not_revoked(revoke_form(ANN, BOB), 404);
    expect_sessions(BOB, NULL, 0, 1, 0);
    session.uid = 7;
    strcpy(session.login, "ann@example.com");
    session_table_identify(fixture.sessions, &session.fingerprint, &session, &changed);
    assert_int_equal(changed, 2);
    expect_sessions(ANN, NULL, 1, 1, 0);
}

static void test_other_sites_and_databases_stay_apart(void **state)
{
    admin_request_t *request = request_new(MANAGER, "GET", "/sessions", "format=json");

    (void)state;
    session_store(ANN, "7", "ann@example.com");
    request->site = "other.example.com";
    assert_int_equal(json_member(answer_json(request_send(request)), "sessions")->count, 0);
    request = revoke_form(MANAGER, ANN);
    request->site = "other.example.com";
    expect_not_revoked(request, 404);
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
    assert_non_null(session_find(answer, fixture_reference(NAMELESS)));
    assert_int_equal(json_member(get_json(NAMELESS, "/activity", NULL, 200), "events")->count, 0);
    expect_not_revoked(revoke_form(NAMELESS, ANN), 404);
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
    assert_null(session_find(second, fixture_reference(ANN)));
    assert_non_null(strstr(answer_text(get(ANN, "/sessions", NULL)),
                           "href=\"/audit-admin/sessions?state=open&amp;offset=100\""));
}

static void test_the_page_says_what_people_need(void **state)
{
    const char *page;

    (void)state;
    session_store(ANN, "7", "ann@example.com");
    page = answer_text(get(ANN, "/sessions", NULL));
    assert_non_null(strstr(page, "this session"));
    assert_non_null(strstr(page, "1 minute ago"));
    assert_non_null(strstr(page, "Ann Lee"));
    assert_non_null(strstr(page, AGENT));
    assert_non_null(
        strstr(page, apr_psprintf(fixture.pool, "action=\"" BASE "/sessions/%s/revoke\"",
                                  fixture_reference(ANN))));
    assert_non_null(strstr(page, apr_psprintf(fixture.pool, "name=\"csrf_token\" value=\"%s\"",
                                              form_token(ANN))));
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
    request->body = apr_psprintf(fixture.pool, "{\"csrf_token\":\"%s\"}", form_token(ANN));
    request->body_length = strlen(request->body);
    assert_int_equal(request_send_problem(request)->status, 503);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sessions_before_anything_is_recorded),
        TEST(test_an_ordinary_user_sees_their_own_only),
        TEST(test_a_session_has_a_page_of_its_own),
        TEST(test_store_and_table_are_merged),
        TEST(test_an_ended_session_shows_at_once),
        TEST(test_a_session_that_changed_hands_is_the_new_users),
        TEST(test_other_sites_and_databases_stay_apart),
        TEST(test_a_nameless_visitor_sees_their_own_session),
        TEST(test_wrong_session_filters_are_told),
        TEST(test_many_sessions_come_in_pages),
        TEST(test_the_page_says_what_people_need),
        TEST(test_an_unreachable_store_shows_the_live_sessions),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
