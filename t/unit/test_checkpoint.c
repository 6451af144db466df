/* Checkpoints as texts and files, and the digest of what was purged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "trail/checkpoint.h"
#include "trail/purged_set.h"

static apr_pool_t *pool;
static unsigned char key[SIGNATURE_KEY_SIZE];

static int set_up(void **state)
{
    (void)state;
    apr_pool_create(&pool, NULL);
    memset(key, 7, sizeof(key));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static checkpoint_t example(apr_int64_t number)
{
    checkpoint_t checkpoint = {.number = number, .id = 20, .sequence = 15, .events = 12};

    strcpy(checkpoint.node, "erp 1/x");
    checkpoint.time = apr_time_from_sec(1700000000) + 123000;
    memset(checkpoint.hash, 'a', DIGEST_HEX_SIZE - 1);
    strcpy(checkpoint.previous, CHECKPOINT_NONE);
    return checkpoint;
}

static void test_what_is_written_is_read(void **state)
{
    checkpoint_t written = example(3), read;
    char text[CHECKPOINT_TEXT_SIZE];

    (void)state;
    assert_int_equal(checkpoint_write(&written, key, text), APR_SUCCESS);
    assert_int_equal(checkpoint_read(&read, text), APR_SUCCESS);
    assert_memory_equal(&read, &written, sizeof(read));
}

/* Whatever byte is changed, nobody takes it for what was signed. */
static void test_every_change_shows(void **state)
{
    checkpoint_t checkpoint = example(3);
    char text[CHECKPOINT_TEXT_SIZE];

    (void)state;
    assert_int_equal(checkpoint_write(&checkpoint, key, text), APR_SUCCESS);
    for (char *at = text; *at; at++) {
        char before = *at;

        *at = before == '1' ? '2' : '1';
        assert_int_not_equal(checkpoint_read(&checkpoint, text), APR_SUCCESS);
        *at = before;
    }
    assert_int_not_equal(checkpoint_read(&checkpoint, apr_pstrcat(pool, text, "x", NULL)),
                         APR_SUCCESS);
    assert_int_equal(checkpoint_read(&checkpoint, text), APR_SUCCESS);
}

static void test_a_node_that_is_no_line(void **state)
{
    checkpoint_t checkpoint = example(1);
    char text[CHECKPOINT_TEXT_SIZE];

    (void)state;
    strcpy(checkpoint.node, "a\nid 7");
    assert_int_equal(checkpoint_write(&checkpoint, key, text), APR_EINVAL);
}

static void save(const char *folder, checkpoint_t checkpoint)
{
    char text[CHECKPOINT_TEXT_SIZE];

    assert_int_equal(checkpoint_write(&checkpoint, key, text), APR_SUCCESS);
    assert_int_equal(checkpoint_save(folder, &checkpoint, text, pool), APR_SUCCESS);
}

static void test_the_last_file(void **state)
{
    char folder[] = "/tmp/test_checkpoint.XXXXXX";
    checkpoint_t checkpoint, other = example(99);
    char text[CHECKPOINT_TEXT_SIZE];
    const char *files;

    (void)state;
    assert_non_null(mkdtemp(folder));
    files = apr_pstrcat(pool, folder, "/checkpoints", NULL);
    assert_int_equal(checkpoint_last(files, "erp 1/x", &checkpoint, text, pool), APR_NOTFOUND);
    strcpy(other.node, "other");
    save(files, example(9));
    save(files, example(10));
    save(files, example(2));
    save(files, other);
    assert_int_equal(checkpoint_last(files, "erp 1/x", &checkpoint, text, pool), APR_SUCCESS);
    assert_int_equal(checkpoint.number, 10);
    assert_int_equal(system(apr_pstrcat(pool, "rm -rf ", folder, NULL)), 0);
}

/* ---- what was purged ---- */

static purged_range_t range(apr_int64_t first, apr_int64_t last)
{
    purged_range_t made = {.node = "n", .first = first, .last = last};

    memset(made.before, 'b', DIGEST_HEX_SIZE - 1);
    memset(made.hash, 'c', DIGEST_HEX_SIZE - 1);
    return made;
}

static const char *digest_of(const purged_set_t *set)
{
    char *hex = apr_palloc(pool, DIGEST_HEX_SIZE);

    purged_set_digest(set, hex);
    return hex;
}

static void test_a_set_has_no_order(void **state)
{
    purged_set_t one = {{0}}, other = {{0}}, back;
    purged_range_t a = range(1, 5), b = range(7, 7), c = range(9, 12);
    char text[PURGED_SET_TEXT_SIZE];

    (void)state;
    purged_set_add(&one, &a);
    purged_set_add(&one, &b);
    purged_set_add(&other, &c);
    purged_set_add(&other, &b);
    assert_string_not_equal(digest_of(&one), digest_of(&other));
    purged_set_add(&other, &a);
    purged_set_remove(&other, &c);
    assert_string_equal(digest_of(&one), digest_of(&other));
    purged_set_write(&one, text);
    assert_int_equal(purged_set_read(&back, text), APR_SUCCESS);
    assert_string_equal(digest_of(&one), digest_of(&back));
}

static void test_each_part_of_a_range_counts(void **state)
{
    purged_range_t ranges[] = {range(1, 5), range(2, 5), range(1, 6),
                               range(1, 5), range(1, 5), range(1, 5)};
    const char *digests[6];

    (void)state;
    ranges[3].node = "m";
    ranges[4].before[63] = 'x';
    ranges[5].hash[0] = 'x';
    for (int i = 0; i < 6; i++) {
        purged_set_t set = {{0}};

        purged_set_add(&set, &ranges[i]);
        digests[i] = digest_of(&set);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(digests[i], digests[j]);
        }
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_written_is_read), TEST(test_every_change_shows),
        TEST(test_a_node_that_is_no_line),  TEST(test_the_last_file),
        TEST(test_a_set_has_no_order),      TEST(test_each_part_of_a_range_counts),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
