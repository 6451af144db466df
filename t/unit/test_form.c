#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "text/form.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static apr_pool_t *pool;

static const char *const login_names[] = {"login", "password", "db", NULL};

/* Reads the text cut into pieces of that many bytes. */
static form_reader_t *read_in_pieces(const char *text, apr_size_t piece)
{
    form_reader_t *reader = form_reader_create(pool, login_names);
    apr_size_t length = strlen(text);

    for (apr_size_t at = 0; at < length; at += piece) {
        form_reader_feed(reader, text + at, length - at < piece ? length - at : piece);
    }
    form_reader_end(reader);
    return reader;
}

static void assert_field(const form_reader_t *reader, const char *name, const char *expected)
{
    const char *value = form_value(reader, name);

    assert_int_equal(!value, !expected);
    if (value) {
        assert_string_equal(value, expected);
    }
}

static void fields_come_out_however_the_body_is_cut(void **state)
{
    static const char *const text =
        "csrf_token=abc&login=jo%40example.com+x%2B&db=&l%6Fgin=second&%64b=later&redirect=%";

    (void)state;
    for (apr_size_t piece = 1; piece <= strlen(text); piece++) {
        form_reader_t *reader = read_in_pieces(text, piece);

        assert_field(reader, "login", "jo@example.com x+");
        assert_field(reader, "db", "");
        assert_field(reader, "password", NULL);
        assert_field(reader, "csrf_token", NULL);
    }
}

static void odd_pairs_are_read_as_werkzeug_reads_them(void **state)
{
    static const char *const cases[][2] = {
        {"login=a=b", "a=b"},
        {"login", ""},
        {"login&login=x", ""},
        {"&&login=x", "x"},
        {"%6cogin=x", "x"},
        {"login%3Dx=y", NULL},
        {"=login&x=y", NULL},
        {"login=%", "%"},
        {"login=%4", "%4"},
        {"login=%4g", "%4g"},
        {"login=%%41", "%A"},
        {"login=%zz&db=1", "%zz"},
        {"login=a;login=b", "a;login=b"},
        {"Login=x", NULL},
        {" login=x", NULL},
        {"+login=x", NULL},
        {"login=%00", "\xef\xbf\xbd"},
        {"login=%ff", "\xef\xbf\xbd"},
        {"login=%C3%A9", "\xc3\xa9"},
        {"loginn=x", NULL},
        {"logi=x", NULL},
        {"login=%26%3D", "&="},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_field(read_in_pieces(cases[i][0], 1), "login", cases[i][1]);
        assert_field(read_in_pieces(cases[i][0], 100), "login", cases[i][1]);
    }
}

static void a_long_value_keeps_its_head(void **state)
{
    char *text = apr_pcalloc(pool, 3 * FORM_MAX_VALUE);

    (void)state;
    memset(text, 'v', 3 * FORM_MAX_VALUE - 1);
    memcpy(text, "login=", 6);
    memcpy(text + 2 * FORM_MAX_VALUE, "&db=1&", 6);
    assert_int_equal(strlen(form_value(read_in_pieces(text, 1000), "login")), FORM_MAX_VALUE);
    assert_field(read_in_pieces(text, 1000), "db", "1");
}

static void a_long_name_is_nobodys(void **state)
{
    char *text = apr_pcalloc(pool, 2 * FORM_MAX_NAME + 32);

    (void)state;
    memset(text, 'x', 2 * FORM_MAX_NAME);
    memcpy(text, "login", 5);
    strcat(text, "=1&db=2");
    assert_field(read_in_pieces(text, 7), "login", NULL);
    assert_field(read_in_pieces(text, 7), "db", "2");
}

static void a_query_is_read_alike(void **state)
{
    (void)state;
    assert_string_equal(form_query_value(pool, "debug=1&session_id=a%62c&session_id=x",
                                         "session_id"),
                        "abc");
    assert_null(form_query_value(pool, "debug=1", "session_id"));
    assert_null(form_query_value(pool, NULL, "session_id"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_out_however_the_body_is_cut),
        cmocka_unit_test(odd_pairs_are_read_as_werkzeug_reads_them),
        cmocka_unit_test(a_long_value_keeps_its_head),
        cmocka_unit_test(a_long_name_is_nobodys),
        cmocka_unit_test(a_query_is_read_alike),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
