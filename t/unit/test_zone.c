/* Clocks of time zones, over changes to and from summer time, and names that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "text/duration.h"
#include "text/zone.h"

static apr_pool_t *pool;

static apr_time_t moment(const char *text)
{
    apr_time_t time;

    assert_int_equal(time_parse(text, &time), APR_SUCCESS);
    return time;
}

static void test_what_the_clock_shows(void **state)
{
    const zone_t *berlin = zone_find(pool, "Europe/Berlin");
    const zone_t *kathmandu = zone_find(pool, "Asia/Kathmandu");
    const zone_t *st_johns = zone_find(pool, "America/St_Johns");

    (void)state;
    assert_string_equal(zone_format(berlin, moment("2026-11-23T09:14:43Z"), pool),
                        "2026-11-23 10:14:43");
    assert_string_equal(zone_format(berlin, moment("2026-07-23T23:14:43Z"), pool),
                        "2026-07-24 01:14:43");
    assert_string_equal(zone_format(kathmandu, moment("2026-11-23T09:14:43Z"), pool),
                        "2026-11-23 14:59:43");
    assert_string_equal(zone_format_exact(st_johns, moment("2026-11-23T00:14:43Z"), pool),
                        "2026-11-22T20:44:43-03:30");
    assert_string_equal(zone_words(berlin, moment("2026-07-01"), pool),
                        "Europe/Berlin (UTC+02:00)");
}

static void test_and_back(void **state)
{
    const zone_t *berlin = zone_find(pool, "Europe/Berlin");
    apr_time_exp_t clock;

    (void)state;
    /* over both changes of the year, half an hour at a time */
    for (apr_time_t time = moment("2026-03-28T00:00"); time < moment("2026-10-25T00:00");
         time += apr_time_from_sec(1800)) {
        zone_explode(berlin, time, &clock);
        assert_true(zone_moment(berlin, &clock) == time);
    }
    /* the hour that comes twice is the first one */
    zone_explode(berlin, moment("2026-10-25T01:30Z"), &clock);
    assert_int_equal(clock.tm_hour, 2);
    assert_true(zone_moment(berlin, &clock) == moment("2026-10-25T00:30Z"));
}

static void test_texts_without_a_zone_are_by_its_clock(void **state)
{
    const zone_t *berlin = zone_find(pool, "Europe/Berlin");
    static const struct {
        const char *text, *utc;
    } cases[] = {
        {"2026-11-23", "2026-11-22T23:00:00.000Z"},
        {"2026-07-23T10:30", "2026-07-23T08:30:00.000Z"},
        {"2026-07-23T10:30Z", "2026-07-23T10:30:00.000Z"},
        {"2026-07-23T10:30:00-05:00", "2026-07-23T15:30:00.000Z"},
        {"2026-07-23 10:30:00.250", "2026-07-23T08:30:00.250Z"},
    };
    apr_time_t time;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(zone_parse(berlin, cases[i].text, &time), APR_SUCCESS);
        assert_string_equal(time_format(pool, time), cases[i].utc);
    }
    assert_int_equal(zone_parse(berlin, "soon", &time), APR_EINVAL);
}

static void test_what_is_no_zone_is_utc(void **state)
{
    static const char *const names[] = {
        NULL,     "",        "Europe/Nowhere", "/etc/passwd", "../../etc/localtime",
        "+01:00", "Europe/", "Berlin ",        "<script>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const zone_t *zone = zone_find(pool, names[i]);

        assert_string_equal(zone_name(zone), "UTC");
        assert_string_equal(zone_format(zone, moment("2026-07-01T12:00Z"), pool),
                            "2026-07-01 12:00:00");
        assert_string_equal(zone_words(zone, moment("2026-07-01"), pool), "UTC");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_clock_shows),
        cmocka_unit_test(test_and_back),
        cmocka_unit_test(test_texts_without_a_zone_are_by_its_clock),
        cmocka_unit_test(test_what_is_no_zone_is_utc),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
