/* The overview: what is counted, by whose clock, within whose rights, and where it leads. */
#include "admin_fixture.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>

#include "text/duration.h"

static apr_int64_t number(const json_value_t *object, const char *name)
{
    apr_int64_t value = -1;

    json_integer(json_member(object, name), &value);
    return value;
}

/* Of the last hour, or as long ago as told. */
static void event_at(apr_int64_t seconds_ago, const char *uid, const char *operation,
                     const char *outcome)
{
    const char *time = time_format(fixture.pool, fixture.now - apr_time_from_sec(seconds_ago));

    fixture_event(EVENT_OPERATION, operation, EVENT_OUTCOME, outcome, EVENT_UID, uid, EVENT_LOGIN,
                  strcmp(uid, "7") == 0 ? "ann@example.com" : "bob@example.com", EVENT_MODEL,
                  "res.partner", EVENT_IP, "192.0.2.7", EVENT_COUNTRY, "Italy", EVENT_CITY, "Rome",
                  EVENT_TIME, time, -1);
}

static void some_events(void)
{
    event_at(60, "7", "write", "success");
    event_at(70, "7", "write", "denied");
    event_at(80, "8", "export", "success");
    event_at(90, "8", "login_failed", "denied");
    event_at(20 * 86400, "8", "unlink", "failed");
}

static void test_what_is_counted(void **state)
{
    json_value_t *week, *month;

    (void)state;
    some_events();
    week = get_json(MANAGER, "/overview", NULL, 200);
    assert_int_equal(number(json_member(week, "totals"), "events"), 4);
    assert_int_equal(number(json_member(week, "totals"), "denied"), 2);
    assert_int_equal(number(json_member(week, "operations"), "write"), 2);
    assert_int_equal(json_member(week, "activity")->count, 28);
    assert_int_equal(json_member(week, "week")->count, 7);
    assert_int_equal(number(week, "sessions_open"), 4);
    month = get_json(MANAGER, "/overview", "last=30d", 200);
    assert_int_equal(number(json_member(month, "totals"), "events"), 5);
    assert_int_equal(number(json_member(month, "totals"), "failed"), 1);
    assert_int_equal(json_member(month, "activity")->count, 30);
    assert_int_equal(get(MANAGER, "/overview", "last=8d")->status, 400);
}

/* All buckets together hold every event once. */
static void test_buckets_leave_nothing_out(void **state)
{
    static const char *const spans[] = {"last=24h", "last=7d", "last=30d", "last=90d"};

    (void)state;
    some_events();
    for (int i = 0; i < 4; i++) {
        const json_value_t *answer = get_json(MANAGER, "/overview", spans[i], 200);
        const json_value_t *bucket = json_member(answer, "activity")->first;
        apr_int64_t sum = 0;

        for (; bucket; bucket = bucket->next) {
            sum += number(bucket, "events");
        }
        assert_int_equal(sum, number(json_member(answer, "totals"), "events"));
    }
}

static void test_own_things_only(void **state)
{
    json_value_t *answer;
    const char *page;

    (void)state;
    some_events();
    answer = get_json(ANN, "/overview", NULL, 200);
    assert_int_equal(number(json_member(answer, "totals"), "events"), 2);
    assert_int_equal(json_member(answer, "users")->count, 1);
    assert_int_equal(json_member(answer, "sessions")->count, 1);
    page = answer_text(get(ANN, "/overview", NULL));
    assert_null(strstr(page, "bob@example.com"));
    assert_int_equal(get(NOBODY, "/overview", NULL)->status, 303);
    assert_int_equal(number(json_member(get_json(NAMELESS, "/overview", NULL, 200), "totals"),
                            "events"),
                     0);
}

static void test_plots_lead_to_lists(void **state)
{
    const char *page;

    (void)state;
    some_events();
    page = answer_text(get(MANAGER, "/overview", NULL));
    assert_non_null(strstr(page, "&amp;outcome=denied\""));
    assert_non_null(strstr(page, "&amp;operation=export,report,download\""));
    assert_non_null(strstr(page, "&amp;operation=login_failed\""));
    assert_non_null(strstr(page, "&amp;user=8\""));
    assert_non_null(strstr(page, "&amp;model=res.partner\""));
    assert_non_null(strstr(page, "&amp;country=Italy&amp;city=Rome\""));
    assert_non_null(strstr(page, "&amp;ip=192.0.2.7\""));
    assert_non_null(strstr(page, "<rect class=\"s2\""));
    assert_null(strstr(page, "style="));
}

static void test_before_anything_is_recorded(void **state)
{
    (void)state;
    assert_non_null(strstr(answer_text(get(ANN, "/overview", NULL)), "Nothing has been recorded"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_counted),
        TEST(test_buckets_leave_nothing_out),
        TEST(test_own_things_only),
        TEST(test_plots_lead_to_lists),
        TEST(test_before_anything_is_recorded),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
