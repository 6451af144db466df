#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "posting.h"

/* Every number of positions comes back, around where a list becomes a bitmap as well. */
static void test_round_trip(void **state)
{
    apr_pool_t *pool;

    (void)state;
    apr_pool_create(&pool, NULL);
    for (int step = 1; step < 5000; step += step < 30 ? 1 : 97) {
        posting_t posting = {NULL, 0, 0};
        apr_uint64_t bits[POSTING_WORDS] = {0};
        int count = 0;

        for (int i = POSTING_POSITIONS - 1; i >= 0; i -= step, count++) {
            posting_add(&posting, i, pool);
            posting_add(&posting, i, pool);
        }
        assert_int_equal(posting.count, count);
        assert_int_equal(posting_read(posting_text(&posting, pool), bits), APR_SUCCESS);
        assert_int_equal(posting_count(bits), count);
        for (int i = 0; i < POSTING_POSITIONS; i++) {
            assert_int_equal(bits[i / 64] >> i % 64 & 1, (POSTING_POSITIONS - 1 - i) % step == 0);
        }
    }
    apr_pool_destroy(pool);
}

/* Nearly all positions take little room. */
static void test_nearly_all(void **state)
{
    apr_pool_t *pool;

    (void)state;
    apr_pool_create(&pool, NULL);
    for (int missing = 0; missing < 400; missing++) {
        posting_t posting = {NULL, 0, 0};
        apr_uint64_t bits[POSTING_WORDS] = {0};
        const char *text;

        for (int i = 0; i < POSTING_POSITIONS; i++) {
            if (i % 10 || i / 10 >= missing) {
                posting_add(&posting, i, pool);
            }
        }
        text = posting_text(&posting, pool);
        assert_int_equal(strlen(text), missing < 341 ? 1 + 2 * missing : 683);
        assert_int_equal(posting_read(text, bits), APR_SUCCESS);
        assert_int_equal(posting_count(bits), POSTING_POSITIONS - missing);
        for (int i = 0; i < POSTING_POSITIONS; i++) {
            assert_int_equal(bits[i / 64] >> i % 64 & 1, i % 10 || i / 10 >= missing);
        }
    }
    apr_pool_destroy(pool);
}

static void test_not_ours(void **state)
{
    apr_uint64_t bits[POSTING_WORDS] = {0};
    apr_pool_t *pool;
    char *text;

    (void)state;
    apr_pool_create(&pool, NULL);
    text = apr_palloc(pool, 700);
    assert_int_equal(posting_read("0", bits), APR_EINVAL);
    assert_int_equal(posting_read("0!", bits), APR_EINVAL);
    assert_int_equal(posting_read("!0", bits), APR_EINVAL);
    assert_int_equal(posting_read("!0!", bits), APR_EINVAL);
    memset(text, '0', 699);
    text[699] = '\0';
    assert_int_equal(posting_read(text, bits), APR_EINVAL);
    text[683] = '\0';
    assert_int_equal(posting_read(text, bits), APR_SUCCESS);
    text[682] = '_'; /* positions behind the last one */
    assert_int_equal(posting_read(text, bits), APR_EINVAL);
    text[682] = '\0';
    assert_int_equal(posting_read(text, bits), APR_SUCCESS);
    apr_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_nearly_all),
        cmocka_unit_test(test_not_ours),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
