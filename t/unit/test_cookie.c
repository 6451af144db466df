#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "text/cookie.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static apr_pool_t *pool;

typedef struct value_case_t {
    const char *header;
    const char *value; /* NULL: no cookie of that name */
    unsigned occurrences;
} value_case_t;

static void value_is_what_werkzeug_takes(void **state)
{
    static const value_case_t cases[] = {
        {"session_id=abc", "abc", 1},
        {"a=1; session_id=abc; b=2", "abc", 1},
        {"a=1;session_id=abc;b=2", "abc", 1},
        {"session_id=first; session_id=second", "first", 2},
        {"  session_id \t=  abc  ; x=y", "abc", 1},
        {"Session_id=abc", NULL, 0},
        {"my_session_id=abc; session_idx=abc", NULL, 0},
        {"session_id", "", 1},
        {"session_id; session_id=abc", "", 2},
        {"session_id=", "", 1},
        {"session_id=; session_id=abc", "", 2},
        {"=session_id=abc", NULL, 0},
        {"session_id=a=b", "a=b", 1},
        {"session_id=a%62c", "a%62c", 1},
        {"session_id=abc,session_id=def", "abc,session_id=def", 1},
        {"session_id=\"abc\"", "abc", 1},
        {"session_id=\"a\\142c\"", "abc", 1},
        {"session_id=\"a\\\"b\\\\c\"", "a\"b\\c", 1},
        {"session_id=\"a\\400\"", "a400", 1},
        {"session_id=\"a\\14\"", "a14", 1},
        {"session_id=\"a;b\"", "a;b", 1},
        {"session_id=\"a;b", "\"a", 1},
        {"session_id=\"a\"b", "\"a\"b", 1},
        {"session_id=\"", "\"", 1},
        {"session_id=\"\"", "", 1},
        {"session_id=\"a\\\"", "a\\", 1},
        {"x=\"y; session_id=hidden\"; session_id=seen", "seen", 1},
        {"x=\"y; session_id=seen", "seen", 1},
        {"session_id=\xa0"
         "abc\x85",
         "abc", 1},
        {"\x1csession_id\x1f=abc", "abc", 1},
        {";;; ;session_id=abc;;", "abc", 1},
        {"", NULL, 0},
        {NULL, NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned occurrences = 99;
        const char *value = cookie_value(pool, cases[i].header, "session_id", &occurrences);

        assert_int_equal(occurrences, cases[i].occurrences);
        assert_int_equal(!value, !cases[i].value);
        if (value) {
            assert_string_equal(value, cases[i].value);
        }
    }
    assert_string_equal(cookie_value(pool, "a=1", "a", NULL), "1");
}

static const char *header_with_value_of(apr_size_t length)
{
    char *value = apr_pcalloc(pool, length + 1);

    memset(value, 'a', length);
    return apr_pstrcat(pool, "session_id=", value, "; x=y", NULL);
}

static void a_value_past_the_limit_is_as_absent(void **state)
{
    unsigned occurrences;

    (void)state;
    assert_int_equal(strlen(cookie_value(pool, header_with_value_of(COOKIE_MAX_VALUE), "session_id",
                                         NULL)),
                     COOKIE_MAX_VALUE);
    assert_null(
        cookie_value(pool, header_with_value_of(COOKIE_MAX_VALUE + 1), "session_id", &occurrences));
    assert_int_equal(occurrences, 1);
}

static void remove_leaves_the_others_alone(void **state)
{
    static const char *const cases[][2] = {
        {"session_id=abc", NULL},
        {"session_id=abc; session_id=def;", NULL},
        {"a=1; session_id=abc; b=2", "a=1; b=2"},
        {"session_id=abc; b=2", "b=2"},
        {"a=1; session_id=abc", "a=1"},
        {"a=1; b=2", "a=1; b=2"},
        {"my_session_id=1", "my_session_id=1"},
        {"a=1; session_id=\"x;y\"; b=2", "a=1; b=2"},
        {" ; ", NULL},
        {"", NULL},
        {NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *rest = cookie_remove(pool, cases[i][0], "session_id");

        assert_int_equal(!rest, !cases[i][1]);
        if (rest) {
            assert_string_equal(rest, cases[i][1]);
        }
    }
}

/* werkzeug 2 passes over the "=" and finds a session that werkzeug 3 does not see. */
static void what_only_another_werkzeug_would_find_is_overruled(void **state)
{
    (void)state;
    assert_string_equal(cookie_remove(pool, "=session_id=abc", "session_id"),
                        "session_id=; =session_id=abc");
    assert_string_equal(cookie_settle(pool, "=session_id=abc", "session_id"),
                        "session_id=; =session_id=abc");
}

static void settle_puts_the_session_first_where_readings_differ(void **state)
{
    (void)state;
    assert_null(cookie_settle(pool, NULL, "session_id"));
    assert_null(cookie_settle(pool, "", "session_id"));
    assert_null(cookie_settle(pool, "a=1; session_id=abc; b", "session_id"));
    assert_null(cookie_settle(pool, "a=\"1\"", "session_id"));
    assert_string_equal(cookie_settle(pool, "=session_id=x; session_id=abc", "session_id"),
                        "session_id=abc; =session_id=x; session_id=abc");
    assert_string_equal(cookie_settle(pool, "session_id=\"a\\142c\"", "session_id"),
                        "session_id=abc; session_id=\"a\\142c\"");
    assert_string_equal(cookie_settle(pool,
                                      "session_id=\xa0"
                                      "abc",
                                      "session_id"),
                        "session_id=abc; session_id=\xa0"
                        "abc");
    assert_string_equal(cookie_settle(pool, "session_id=\"a;b\"", "session_id"),
                        "session_id=; session_id=\"a;b\"");
}

typedef struct set_case_t {
    const char *set_cookie;
    const char *value;
    int cleared;
} set_case_t;

static void set_cookie_tells_value_and_end(void **state)
{
    static const set_case_t cases[] = {
        {"session_id=abc; Expires=Mon, 23 Nov 2026 10:00:00 GMT; Max-Age=604800; HttpOnly; Path=/",
         "abc", 0},
        {"session_id=abc", "abc", 0},
        {"session_id=; Path=/", "", 1},
        {"session_id=abc; Max-Age=0; Path=/", "abc", 1},
        {"session_id=abc; max-age=-1", "abc", 1},
        {"session_id=abc;max-age = 0", "abc", 1},
        {"session_id=abc; Path=/Max-Age=0", "abc", 0},
        {"session_id=\"abc\"; Path=/", "abc", 0},
        {"frontend_lang=fr_FR; session_id=abc", NULL, 0},
        {"", NULL, 0},
        {NULL, NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int cleared = 2;
        const char *value = cookie_set_value(pool, cases[i].set_cookie, "session_id", &cleared);

        assert_int_equal(cleared, cases[i].cleared);
        assert_int_equal(!value, !cases[i].value);
        if (value) {
            assert_string_equal(value, cases[i].value);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_is_what_werkzeug_takes),
        cmocka_unit_test(a_value_past_the_limit_is_as_absent),
        cmocka_unit_test(remove_leaves_the_others_alone),
        cmocka_unit_test(what_only_another_werkzeug_would_find_is_overruled),
        cmocka_unit_test(settle_puts_the_session_first_where_readings_differ),
        cmocka_unit_test(set_cookie_tells_value_and_end),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
