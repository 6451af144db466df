/* Lines of UserAuditRetention, and lines that may only lengthen them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>

#include "settings/retention.h"

#define DAYS(n) apr_time_from_sec((n)*APR_INT64_C(86400))

static apr_pool_t *pool;

static apr_array_header_t *lines(const char *first, const char *second)
{
    apr_array_header_t *made = apr_array_make(pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(made, const char *) = first;
    if (second) {
        APR_ARRAY_PUSH(made, const char *) = second;
    }
    return made;
}

static apr_array_header_t *rules(const char *first, const char *second)
{
    return retention_rules(lines(first, second), pool);
}

static void test_classes_and_operations(void **state)
{
    apr_array_header_t *kept = rules("export 90d", "reads,writes 30d");

    (void)state;
    assert_true(retention_of(kept, "read") == DAYS(30));
    assert_true(retention_of(kept, "unlink") == DAYS(30));
    assert_true(retention_of(kept, "export") == DAYS(90)); /* its own line wins over its class */
    assert_true(retention_of(kept, "login") == 0);
}

static void test_a_wrong_line_adds_nothing(void **state)
{
    apr_array_header_t *kept = apr_array_make(pool, 2, sizeof(retention_t));

    (void)state;
    assert_non_null(retention_add(kept, "reads", pool));
    assert_non_null(retention_add(kept, "reads 30d 40d", pool));
    assert_non_null(retention_add(kept, "reads 59s", pool));
    assert_non_null(retention_add(kept, "reads,dance 30d", pool));
    assert_non_null(retention_add(kept, "", pool));
    assert_non_null(retention_add(kept, " \t ", pool));
    assert_int_equal(kept->nelts, 0);
    assert_null(retention_add(kept, " reads \t 60s ", pool));
    assert_int_equal(kept->nelts, 1);
}

static void test_only_longer(void **state)
{
    apr_array_header_t *floor = rules("writes 400d", "reads 30d");

    (void)state;
    assert_true(retention_longer(floor, rules("reads 60d", NULL), "read") == DAYS(60));
    assert_true(retention_longer(floor, rules("reads 10d", NULL), "read") == DAYS(30));
    assert_true(retention_longer(floor, rules("reads 60d", NULL), "write") == DAYS(400));
    assert_true(retention_longer(floor, rules("logins 60d", NULL), "login") == 0); /* for ever */
}

static void test_saying_why_not(void **state)
{
    apr_array_header_t *floor = lines("writes 400d", "reads 30d");

    (void)state;
    assert_null(retention_check_longer("reads 30d", floor, pool));
    assert_null(retention_check_longer("export 90d", floor, pool));
    assert_string_equal(retention_check_longer("export 10d", floor, pool),
                        "httpd.conf keeps export for 30d; here it can only be longer.");
    assert_string_equal(retention_check_longer("login 900d", floor, pool),
                        "httpd.conf keeps login for ever; here that cannot be shortened.");
    assert_non_null(retention_check_longer("writes 30d", floor, pool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes_and_operations),
        cmocka_unit_test(test_a_wrong_line_adds_nothing),
        cmocka_unit_test(test_only_longer),
        cmocka_unit_test(test_saying_why_not),
    };

    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
