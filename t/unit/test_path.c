#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "text/path.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static apr_pool_t *pool;

static void paths_are_what_the_router_matches(void **state)
{
    static const char *const cases[][2] = {
        {"/web/dataset/call_kw", "/web/dataset/call_kw"},
        {"/web/dataset/call_kw/", "/web/dataset/call_kw"},
        {"/web/dataset/call_kw//", "/web/dataset/call_kw/"},
        {"///web/login", "/web/login"},
        {"web/login", "/web/login"},
        {"/%77eb/dataset/call%5fkw", "/web/dataset/call_kw"},
        {"/web%2Fdataset%2fcall_kw", "/web/dataset/call_kw"},
        {"%2F%2Fweb/login%2F", "/web/login"},
        {"/web%252Flogin", "/web%2Flogin"},
        {"/web//login", "/web//login"},
        {"/web/./login/../x", "/web/./login/../x"},
        {"/web/login;a=b", "/web/login;a=b"},
        {"/web/%", "/web/%"},
        {"/web/%4", "/web/%4"},
        {"/web/%4g%41", "/web/%4gA"},
        {"/a%00b", "/a\xef\xbf\xbd"
                   "b"},
        {"/a+b%2Bc", "/a+b+c"},
        {"/%C3%A9", "/\xc3\xa9"},
        {"/", "/"},
        {"//", "/"},
        {"", "/"},
        {"*", "/*"},
        {"%00", "/\xef\xbf\xbd"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(path_decode(pool, cases[i][0]), cases[i][1]);
    }
}

static void long_paths_are_cut(void **state)
{
    apr_size_t length = 3 * PATH_DECODED_MAX;
    char *raw = apr_pcalloc(pool, length + 1);

    (void)state;
    memset(raw, 'a', length);
    raw[0] = '/';
    assert_in_range(strlen(path_decode(pool, raw)), PATH_DECODED_MAX, PATH_DECODED_MAX + 1);
    for (apr_size_t i = 0; i < length; i += 3) {
        memcpy(raw + i, "%00", 3);
    }
    assert_in_range(strlen(path_decode(pool, raw)), PATH_DECODED_MAX - 3, PATH_DECODED_MAX + 1);
}

static void a_language_prefix_can_be_dropped(void **state)
{
    static const char *const cases[][2] = {
        {"/fr/web/login", "/web/login"},
        {"/fr//web/login", "/web/login"},
        {"/fr/x", "/x"},
        {"/fr", NULL},
        {"/fr/", NULL},
        {"/", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *rest = path_without_first_segment(cases[i][0]);

        assert_int_equal(!rest, !cases[i][1]);
        if (rest) {
            assert_string_equal(rest, cases[i][1]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_what_the_router_matches),
        cmocka_unit_test(long_paths_are_cut),
        cmocka_unit_test(a_language_prefix_can_be_dropped),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
