/* Settings: what a person may write, and how the page's add to those of httpd.conf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "settings/settings.h"

static apr_pool_t *pool;

static int set_up(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static settings_t with(settings_field_t field, const char *text)
{
    settings_t settings;

    settings_init(&settings, pool);
    assert_null(settings_set(&settings, field, text, pool));
    return settings;
}

static const char *problem(settings_field_t field, const char *text)
{
    settings_t settings;

    settings_init(&settings, pool);
    return settings_set(&settings, field, text, pool);
}

static void test_what_is_written_comes_back(void **state)
{
    static const struct {
        settings_field_t field;
        const char *written, *shown;
    } examples[] = {
        {SETTINGS_TRACK, " read,search hr.* !hr.leave \r\n\r\ncall *\n",
         "read,search hr.* !hr.leave\ncall *"},
        {SETTINGS_REDACT, "salary*\nx_?", "salary*\nx_?"},
        {SETTINGS_VALUES, " Names ", "names"},
        {SETTINGS_IDLE_TIMEOUT, "1800", "30m"},
        {SETTINGS_IDLE_TIMEOUT, "off", ""},
        {SETTINGS_MAX_LIFETIME, "24h", "1d"},
        {SETTINGS_MAX_SESSIONS, "3", "3"},
        {SETTINGS_MAX_SESSIONS, "", ""},
        {SETTINGS_RETENTION, "writes 800d", "writes 800d"},
        {SETTINGS_ALERTS, "new_login to=user", "new_login to=user"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
        settings_t settings = with(examples[i].field, examples[i].written);

        assert_string_equal(settings_text(&settings, examples[i].field, pool), examples[i].shown);
    }
}

static void test_what_is_wrong_is_said(void **state)
{
    char long_line[SETTINGS_MAX_LINE + 2];

    (void)state;
    memset(long_line, 'a', sizeof(long_line) - 1);
    long_line[sizeof(long_line) - 1] = '\0';
    assert_non_null(problem(SETTINGS_TRACK, "dance *"));
    assert_non_null(problem(SETTINGS_TRACK, "read"));
    assert_non_null(problem(SETTINGS_TRACK, "read hr.*\nread <b>"));
    assert_non_null(problem(SETTINGS_REDACT, "a b"));
    assert_non_null(problem(SETTINGS_REDACT, long_line));
    assert_non_null(problem(SETTINGS_REDACT, "a\001"));
    assert_non_null(problem(SETTINGS_VALUES, "all"));
    assert_non_null(problem(SETTINGS_IDLE_TIMEOUT, "59s"));
    assert_non_null(problem(SETTINGS_IDLE_TIMEOUT, "-5m"));
    assert_non_null(problem(SETTINGS_MAX_SESSIONS, "0"));
    assert_non_null(problem(SETTINGS_MAX_SESSIONS, "1001"));
    assert_non_null(problem(SETTINGS_MAX_SESSIONS, "2x"));
    assert_non_null(problem(SETTINGS_RETENTION, "writes never"));
}

static void test_a_wrong_field_stays_as_it_was(void **state)
{
    settings_t settings = with(SETTINGS_REDACT, "salary*");

    (void)state;
    assert_non_null(settings_set(&settings, SETTINGS_REDACT, "x\n<", pool));
    assert_string_equal(settings_text(&settings, SETTINGS_REDACT, pool), "salary*");
}

static void test_too_many_lines(void **state)
{
    const char *text = "";

    (void)state;
    for (int i = 0; i < SETTINGS_MAX_LINES; i++) {
        text = apr_pstrcat(pool, text, "x\n", NULL);
    }
    assert_null(problem(SETTINGS_REDACT, text));
    assert_non_null(problem(SETTINGS_REDACT, apr_pstrcat(pool, text, "x", NULL)));
}

static void test_adding_up(void **state)
{
    settings_t floor = with(SETTINGS_TRACK, "write *"), page = with(SETTINGS_TRACK, "read hr.*"),
               sum;

    (void)state;
    floor.values = VALUES_NAMES;
    floor.idle_timeout = apr_time_from_sec(600);
    page.max_lifetime = apr_time_from_sec(7200);
    page.max_user_sessions = 2;
    settings_effective(&sum, &floor, &page, pool);
    assert_string_equal(settings_text(&sum, SETTINGS_TRACK, pool), "write *\nread hr.*");
    assert_int_equal(sum.values, VALUES_NAMES);
    assert_true(sum.idle_timeout == apr_time_from_sec(600));
    assert_true(sum.max_lifetime == apr_time_from_sec(7200));
    assert_int_equal(sum.max_user_sessions, 2);
}

/* Whatever a file says. */
static void test_never_less_than_the_floor(void **state)
{
    settings_t floor, page, sum;

    (void)state;
    settings_init(&floor, pool);
    settings_init(&page, pool);
    floor.values = VALUES_FULL;
    floor.idle_timeout = floor.max_lifetime = apr_time_from_sec(600);
    floor.max_user_sessions = 2;
    page.values = VALUES_NONE;
    page.idle_timeout = page.max_lifetime = apr_time_from_sec(6000);
    page.max_user_sessions = 5;
    settings_effective(&sum, &floor, &page, pool);
    assert_int_equal(sum.values, VALUES_FULL);
    assert_true(sum.idle_timeout == apr_time_from_sec(600));
    assert_true(sum.max_lifetime == apr_time_from_sec(600));
    assert_int_equal(sum.max_user_sessions, 2);
    assert_string_equal(settings_check(&page, SETTINGS_VALUES, &floor, pool),
                        "httpd.conf says values; here it can only be more.");
    assert_string_equal(settings_check(&page, SETTINGS_IDLE_TIMEOUT, &floor, pool),
                        "httpd.conf says 10m; here it can only be shorter.");
    assert_non_null(settings_check(&page, SETTINGS_MAX_LIFETIME, &floor, pool));
    assert_non_null(settings_check(&page, SETTINGS_MAX_SESSIONS, &floor, pool));
    assert_null(settings_check(&page, SETTINGS_RETENTION, &floor, pool));
    page = with(SETTINGS_RETENTION, "reads 10d");
    floor = with(SETTINGS_RETENTION, "reads 30d");
    assert_non_null(settings_check(&page, SETTINGS_RETENTION, &floor, pool));
}

static void test_json(void **state)
{
    settings_t settings = with(SETTINGS_TRACK, "read hr.*\ncall *"), again;

    (void)state;
    settings.max_user_sessions = 7;
    settings.idle_timeout = apr_time_from_sec(90);
    settings_init(&again, pool);
    for (int i = 0; i < SETTINGS_FIELDS; i++) {
        settings_field_t field = (settings_field_t)i;

        assert_null(
            settings_set_value(&again, field, settings_value(&settings, field, pool), pool));
        assert_true(settings_equal(&settings, &again, field));
    }
    assert_non_null(settings_set_value(&again, SETTINGS_TRACK, json_new_string(pool, "x"), pool));
    assert_non_null(settings_set_value(&again, SETTINGS_VALUES, json_new_integer(pool, 1), pool));
    assert_non_null(
        settings_set_value(&again, SETTINGS_MAX_SESSIONS, json_new_integer(pool, -1), pool));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_written_comes_back),
        TEST(test_what_is_wrong_is_said),
        TEST(test_a_wrong_field_stays_as_it_was),
        TEST(test_too_many_lines),
        TEST(test_adding_up),
        TEST(test_never_less_than_the_floor),
        TEST(test_json),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
