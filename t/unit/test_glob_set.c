/* A set of globs matches what its globs match one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "../../src/odoo/glob_set.h"
#include "text/glob.h"

#define MAX_GLOBS 6
#define MAX_LENGTH 6
#define ROUNDS 20000

static apr_pool_t *pool;

/* A short text of few different bytes, so that much matches. */
static const char *some_text(const char *bytes, apr_size_t count)
{
    char text[MAX_LENGTH + 1];
    int length = rand() % MAX_LENGTH;

    for (int i = 0; i < length; i++) {
        text[i] = bytes[(apr_size_t)rand() % count];
    }
    text[length] = '\0';
    return apr_pstrdup(pool, text);
}

static void test_same_as_one_by_one(void **state)
{
    int matches = 0;

    (void)state;
    srand(7);
    for (int round = 0; round < ROUNDS; round++) {
        glob_set_t *set = glob_set_create(pool);
        const char *name = some_text("ab_", 3);
        int count = rand() % MAX_GLOBS, expected = 0;

        for (int i = 0; i < count; i++) {
            const char *glob = some_text("ab*?", 4);

            glob_set_add(set, glob);
            expected |= glob_match(glob, name);
        }
        assert_int_equal(glob_set_matches(set, name), expected);
        matches += expected;
        if (round % 1000 == 0) {
            apr_pool_clear(pool);
        }
    }
    assert_in_range(matches, ROUNDS / 20, ROUNDS - ROUNDS / 20);
}

static void test_piece_at_the_end_of_a_name(void **state)
{
    glob_set_t *set = glob_set_create(pool);

    (void)state;
    glob_set_add(set, "*token*");
    glob_set_add(set, "x");
    assert_int_equal(glob_set_matches(set, "access_token"), 1);
    assert_int_equal(glob_set_matches(set, "access_toke"), 0);
    assert_int_equal(glob_set_matches(set, "x"), 1);
    assert_int_equal(glob_set_matches(set, "ax"), 0);
    assert_int_equal(glob_set_matches(set, ""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_one_by_one),
        cmocka_unit_test(test_piece_at_the_end_of_a_name),
    };

    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
