#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "text/duration.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static apr_pool_t *pool;

static void times_are_read_as_administrators_write_them(void **state)
{
    static const struct {
        const char *text;
        apr_int64_t seconds;
    } cases[] = {{"0", 0},
                 {"90", 90},
                 {"90s", 90},
                 {"30m", 1800},
                 {"12h", 43200},
                 {"400d", 34560000},
                 {"36525d", 36525 * APR_INT64_C(86400)}};
    apr_interval_time_t duration;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(duration_parse(cases[i].text, &duration), APR_SUCCESS);
        assert_true(duration == apr_time_from_sec(cases[i].seconds));
    }
}

static void other_times_are_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        " 90",
                                        "90 ",
                                        "-1",
                                        "+1",
                                        "s",
                                        "1.5h",
                                        "1h30m",
                                        "90x",
                                        "90S",
                                        "1w",
                                        "off",
                                        "0x10",
                                        "9ss",
                                        "36526d",
                                        "3155760001",
                                        "99999999999999999999",
                                        "9223372036854775807d"};
    apr_interval_time_t duration = 7;

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(duration_parse(wrong[i], &duration), APR_EINVAL);
    }
    assert_true(duration == 7);
}

static void sizes_are_read_likewise(void **state)
{
    static const char *const wrong[] = {
        "", "G", "-1", "4T", "4GB", "1.5G", "9223372036854775808", "8589934592G"};
    apr_int64_t bytes;

    (void)state;
    assert_int_equal(size_parse("4G", &bytes), APR_SUCCESS);
    assert_true(bytes == APR_INT64_C(4294967296));
    assert_int_equal(size_parse("512m", &bytes), APR_SUCCESS);
    assert_true(bytes == 536870912);
    assert_int_equal(size_parse("64K", &bytes), APR_SUCCESS);
    assert_true(bytes == 65536);
    assert_int_equal(size_parse("9223372036854775807", &bytes), APR_SUCCESS);
    assert_true(bytes == APR_INT64_MAX);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(size_parse(wrong[i], &bytes), APR_EINVAL);
    }
}

static void durations_are_written_in_their_shortest_form(void **state)
{
    static const char *const texts[] = {"90s", "30m", "12h", "400d", "25h", "61s", "0s"};
    apr_interval_time_t duration;

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_int_equal(duration_parse(texts[i], &duration), APR_SUCCESS);
        assert_string_equal(duration_format(pool, duration), texts[i]);
    }
    assert_string_equal(duration_format(pool, apr_time_from_sec(86400)), "1d");
    assert_string_equal(duration_format(pool, apr_time_from_sec(3600)), "1h");
}

static void moments_are_written_in_utc_with_milliseconds(void **state)
{
    (void)state;
    assert_string_equal(time_format(pool, 0), "1970-01-01T00:00:00.000Z");
    assert_string_equal(time_format(pool, APR_INT64_C(1795425283123999)),
                        "2026-11-23T09:14:43.123Z");
    assert_string_equal(time_format(pool, -1), "1969-12-31T23:59:59.999Z");
    assert_string_equal(time_format(pool, -APR_USEC_PER_SEC), "1969-12-31T23:59:59.000Z");
}

static void moments_are_read_in_every_form(void **state)
{
    static const char *const cases[][2] = {
        {"2026-11-23", "2026-11-23T00:00:00.000Z"},
        {"2026-11-23T09:14", "2026-11-23T09:14:00.000Z"},
        {"2026-11-23T09:14Z", "2026-11-23T09:14:00.000Z"},
        {"2026-11-23 09:14:43", "2026-11-23T09:14:43.000Z"},
        {"2026-11-23T09:14:43.1", "2026-11-23T09:14:43.100Z"},
        {"2026-11-23T09:14:43,123456789Z", "2026-11-23T09:14:43.123Z"},
        {"2026-11-23T09:14:43+02:00", "2026-11-23T07:14:43.000Z"},
        {"2026-11-23T09:14:43-0530", "2026-11-23T14:44:43.000Z"},
        {"2026-11-23T00:30+01", "2026-11-22T23:30:00.000Z"},
        {"2024-02-29", "2024-02-29T00:00:00.000Z"},
        {"2000-02-29", "2000-02-29T00:00:00.000Z"},
        {"1970-01-01", "1970-01-01T00:00:00.000Z"},
        {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
    };
    apr_time_t time;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(time_parse(cases[i][0], &time), APR_SUCCESS);
        assert_string_equal(time_format(pool, time), cases[i][1]);
    }
}

static void other_moments_are_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "2026",
                                        "2026-11",
                                        "2026-13-01",
                                        "2026-00-01",
                                        "2026-02-29",
                                        "1900-02-29",
                                        "2026-04-31",
                                        "2026-11-23T",
                                        "2026-11-23T9:14",
                                        "26-11-23",
                                        "2026-11-23x",
                                        "2026-11-23T24:00",
                                        "2026-11-23T09:60",
                                        "2026-11-23T09:14:60",
                                        "now",
                                        "2026-11-23Z",
                                        "2026-11-23T09",
                                        "2026-11-23T09:14:",
                                        "2026-11-23T09:14:43.",
                                        "2026-11-23T09:14+",
                                        "2026-11-23T09:14+2",
                                        "2026-11-23T09:14+02:",
                                        "2026-11-23T09:14ZZ",
                                        "2026-11-23T09:14 +02:00",
                                        "-2026-11-23"};
    apr_time_t time;

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(time_parse(wrong[i], &time), APR_EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_as_administrators_write_them),
        cmocka_unit_test(other_times_are_refused),
        cmocka_unit_test(sizes_are_read_likewise),
        cmocka_unit_test(durations_are_written_in_their_shortest_form),
        cmocka_unit_test(moments_are_written_in_utc_with_milliseconds),
        cmocka_unit_test(moments_are_read_in_every_form),
        cmocka_unit_test(other_moments_are_refused),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
