/* Legal holds on the page: who may, what is refused, and what the event says. */
#include "admin_fixture.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>

static admin_request_t *post(visitor_t visitor, const char *path, const char *body)
{
    admin_request_t *request = request_new(visitor, "POST", path, NULL);

    request->content_type = "application/x-www-form-urlencoded";
    request->body = apr_pstrcat(fixture.pool, "csrf_token=", form_token(visitor), "&", body, NULL);
    request->body_length = strlen(request->body);
    return request;
}

static void expect_refused(visitor_t visitor, const char *path, const char *body, int status)
{
    assert_int_equal(request_send(post(visitor, path, body))->status, status);
    assert_int_equal(fixture.notes->nelts, 0);
}

static const event_t *only_note(void)
{
    assert_int_equal(fixture.notes->nelts, 1);
    return APR_ARRAY_IDX(fixture.notes, 0, const event_t *);
}

static void store_hold(const char *operation, const char *site, const char *values)
{
    fixture_event(EVENT_OPERATION, operation, EVENT_SITE, site, EVENT_VALUES, values, EVENT_LOGIN,
                  "boss", -1);
}

static void test_only_managers(void **state)
{
    (void)state;
    store_hold("hold_set", SITE, "{\"hold\":\"abc\",\"user\":\"7\"}");
    for (int i = 0; i < 2; i++) {
        visitor_t visitor = i ? BOB : ANN;

        get_json(visitor, "/holds", NULL, 403);
        expect_refused(visitor, "/holds", "user=7", 403);
        expect_refused(visitor, "/holds/abc/lift", "", 403);
    }
    get_json(NOBODY, "/holds", NULL, 401);
}

static void test_token(void **state)
{
    admin_request_t *request = post(MANAGER, "/holds", "user=7");

    (void)state;
    request->body = "csrf_token=wrong&user=7";
    request->body_length = strlen(request->body);
    assert_int_equal(request_send(request)->status, 403);
    store_hold("hold_set", SITE, "{\"hold\":\"abc\",\"user\":\"7\"}");
    request = post(MANAGER, "/holds/abc/lift", "");
    request->origin = "http://evil.example";
    assert_int_equal(request_send(request)->status, 403);
    assert_int_equal(fixture.notes->nelts, 0);
}

static void test_what_is_wrong(void **state)
{
    static const char *const bodies[] = {
        "",         "reason=x",          "user=",
        "model=m",  "record=5",          "model=m&record=x",
        "from=now", "model=m&record=-1", "from=2026-01-02&to=2026-01-01",
        "to=never", "database=only",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        expect_refused(MANAGER, "/holds", bodies[i], 400);
    }
}

static void test_setting(void **state)
{
    answer_t *answer = request_send(
        post(MANAGER, "/holds",
             "user=7&model=res.partner&record=5&from=2026-01-01T00%3A00&reason=court+%22A%22"));
    const event_t *event = only_note();

    (void)state;
    assert_int_equal(answer->status, 303);
    assert_non_null(strstr(answer_header(answer, "Location"), BASE "/holds?set="));
    assert_string_equal(event->cell[EVENT_OPERATION], "hold_set");
    assert_string_equal(event->cell[EVENT_SITE], SITE);
    assert_non_null(strstr(event->cell[EVENT_VALUES],
                           "\",\"user\":\"7\",\"model\":\"res.partner\",\"record\":5,\"from\":"
                           "\"2026-01-01T00:00:00.000Z\",\"reason\":\"court \\\"A\\\"\"}"));
}

static void test_no_room_on_disk(void **state)
{
    (void)state;
    fixture.revoke_status = APR_ENOSPC;
    assert_int_equal(request_send_problem(post(MANAGER, "/holds", "user=7"))->status, 503);
}

static void test_list(void **state)
{
    const json_value_t *holds, *first;

    (void)state;
    store_hold("hold_set", SITE, "{\"hold\":\"abc\",\"user\":\"7\",\"reason\":\"court\"}");
    store_hold("hold_set", "other", "{\"hold\":\"def\",\"user\":\"8\"}");
    holds = json_member(get_json(MANAGER, "/holds", NULL, 200), "holds");
    assert_int_equal(holds->count, 1);
    first = json_element(holds, 0);
    assert_string_equal(json_text(first, "id"), "abc");
    assert_string_equal(json_text(first, "reason"), "court");
    assert_string_equal(json_text(first, "set_by"), "boss");
    assert_non_null(strstr(answer_text(get(MANAGER, "/holds", NULL)), "/holds/abc/lift"));
}

static void test_lifting(void **state)
{
    (void)state;
    store_hold("hold_set", SITE, "{\"hold\":\"abc\",\"user\":\"7\"}");
    store_hold("hold_set", "other", "{\"hold\":\"def\",\"user\":\"8\"}");
    expect_refused(MANAGER, "/holds/def/lift", "", 404);
    expect_refused(MANAGER, "/holds/nosuch/lift", "", 404);
    assert_int_equal(request_send(post(MANAGER, "/holds/abc/lift", "reason=over"))->status, 303);
    assert_string_equal(only_note()->cell[EVENT_VALUES], "{\"hold\":\"abc\",\"reason\":\"over\"}");
    store_hold("hold_lifted", SITE, "{\"hold\":\"abc\"}");
    assert_int_equal(request_send(post(MANAGER, "/holds/abc/lift", ""))->status, 409);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_only_managers),   TEST(test_token), TEST(test_what_is_wrong), TEST(test_setting),
        TEST(test_no_room_on_disk), TEST(test_list),  TEST(test_lifting),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
