#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "text/glob.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static apr_pool_t *pool;

static void globs_match_names(void **state)
{
    static const struct {
        const char *pattern;
        const char *text;
        int match;
    } cases[] = {
        {"*", "", 1},
        {"*", "res.partner", 1},
        {"**", "x", 1},
        {"", "", 1},
        {"", "x", 0},
        {"?", "", 0},
        {"?", "x", 1},
        {"hr.*", "hr.employee", 1},
        {"hr.*", "hr.", 1},
        {"hr.*", "hr", 0},
        {"hr.*", "hrxemployee", 0},
        {"hr.*", "x.hr.employee", 0},
        {"*.line", "sale.order.line", 1},
        {"*.line", "sale.line.order", 0},
        {"*.line*", "sale.line.order", 1},
        {"a*b*c", "aXbXbc", 1},
        {"a*b*c", "aXcXb", 0},
        {"*ab", "aab", 1},
        {"*aab", "aaaab", 1},
        {"a?c", "abc", 1},
        {"a?c", "ac", 0},
        {"[ab]", "a", 0},
        {"[ab]", "[ab]", 1},
        {"\\*", "*", 0},
        {"Res.*", "res.partner", 0},
        {"res.partner", "res.partner", 1},
        {"res.partner", "res.partner.bank", 0},
        {"a*", "a*b", 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(glob_match(cases[i].pattern, cases[i].text), cases[i].match);
    }
}

/* A naive matcher would not be back before the end of the world. */
static void many_stars_cost_no_more_than_pattern_times_text(void **state)
{
    char *text = apr_pcalloc(pool, 20001), *pattern = apr_pcalloc(pool, 201);

    (void)state;
    memset(text, 'a', 20000);
    for (int i = 0; i < 200; i += 2) {
        memcpy(pattern + i, "*a", 2);
    }
    assert_true(glob_match(pattern, text));
    pattern[199] = 'b';
    assert_false(glob_match(pattern, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs_match_names),
        cmocka_unit_test(many_stars_cost_no_more_than_pattern_times_text),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
