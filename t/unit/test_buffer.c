#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "text/buffer.h"

#define LIMIT 1000

static apr_pool_t *pool;

static void an_empty_buffer_is_an_empty_string(void **state)
{
    buffer_t buffer;

    (void)state;
    buffer_init(&buffer, pool, 0);
    assert_string_equal(buffer_string(&buffer), "");
    assert_int_equal(buffer.overflow, 0);
}

static void pieces_are_appended_in_order(void **state)
{
    buffer_t buffer;

    (void)state;
    buffer_init(&buffer, pool, LIMIT);
    buffer_append(&buffer, "abcd", 3);
    buffer_append_char(&buffer, '-');
    buffer_append_string(&buffer, "xyz");
    buffer_append_int64(&buffer, APR_INT64_MIN);
    buffer_append_int64(&buffer, 7);
    buffer_append(&buffer, NULL, 0);
    assert_string_equal(buffer_string(&buffer), "abc-xyz-92233720368547758087");
    assert_int_equal(buffer.length, 28);
}

static void content_survives_growth(void **state)
{
    buffer_t buffer;

    (void)state;
    buffer_init(&buffer, pool, LIMIT);
    for (int i = 0; i < LIMIT; i++) {
        buffer_append_char(&buffer, (char)('a' + i % 26));
        assert_true(buffer.size <= LIMIT + 1);
    }
    assert_int_equal(buffer.overflow, 0);
    for (int i = 0; i < LIMIT; i++) {
        assert_int_equal(buffer.data[i], 'a' + i % 26);
    }
    assert_int_equal(strlen(buffer_string(&buffer)), LIMIT);
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
    buffer_t buffer;

    (void)state;
    buffer_init(&buffer, pool, 5);
    buffer_append_string(&buffer, "abc");
    buffer_append_string(&buffer, "def");
    assert_int_equal(buffer.overflow, 1);
    assert_string_equal(buffer_string(&buffer), "abc");
    buffer_append_char(&buffer, 'd');
    assert_string_equal(buffer_string(&buffer), "abc");
    buffer_append(&buffer, "", (apr_size_t)-1);
    assert_string_equal(buffer_string(&buffer), "abc");
}

static void the_limit_itself_fits(void **state)
{
    buffer_t buffer;

    (void)state;
    buffer_init(&buffer, pool, 5);
    buffer_append_string(&buffer, "abcde");
    assert_int_equal(buffer.overflow, 0);
    assert_string_equal(buffer_string(&buffer), "abcde");
}

static void a_reset_keeps_the_memory(void **state)
{
    buffer_t buffer;
    char *data;

    (void)state;
    buffer_init(&buffer, pool, 5);
    buffer_append_string(&buffer, "abcdef");
    buffer_append_string(&buffer, "abcde");
    buffer_reset(&buffer);
    buffer_append_string(&buffer, "xy");
    data = buffer.data;
    buffer_reset(&buffer);
    assert_int_equal(buffer.overflow, 0);
    buffer_append_string(&buffer, "z");
    assert_ptr_equal(buffer.data, data);
    assert_string_equal(buffer_string(&buffer), "z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_is_an_empty_string),
        cmocka_unit_test(pieces_are_appended_in_order),
        cmocka_unit_test(content_survives_growth),
        cmocka_unit_test(what_does_not_fit_is_left_out_whole),
        cmocka_unit_test(the_limit_itself_fits),
        cmocka_unit_test(a_reset_keeps_the_memory),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
