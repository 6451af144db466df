#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "text/csv.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static apr_pool_t *pool;

static const char *cell(const char *text)
{
    static buffer_t buffer;

    buffer_init(&buffer, pool, 1000);
    csv_append_cell(&buffer, text);
    return buffer_string(&buffer);
}

static void cells_are_quoted_where_needed(void **state)
{
    (void)state;
    assert_string_equal(cell("plain text"), "plain text");
    assert_string_equal(cell(NULL), "");
    assert_string_equal(cell(""), "");
    assert_string_equal(cell("a,b"), "\"a,b\"");
    assert_string_equal(cell("say \"hi\""), "\"say \"\"hi\"\"\"");
    assert_string_equal(cell("\""), "\"\"\"\"");
    assert_string_equal(cell("one\r\ntwo"), "\"one\r\ntwo\"");
    assert_string_equal(cell("one\ntwo"), "\"one\ntwo\"");
    assert_string_equal(cell("{\"a\":1,\"b\":\"\"}"), "\"{\"\"a\"\":1,\"\"b\"\":\"\"\"\"}\"");
    assert_string_equal(cell("a;b\tc"), "a;b\tc");
}

static void formulas_are_disarmed(void **state)
{
    (void)state;
    assert_string_equal(cell("=1+1"), "'=1+1");
    assert_string_equal(cell("+1"), "'+1");
    assert_string_equal(cell("-1"), "'-1");
    assert_string_equal(cell("@SUM(A1)"), "'@SUM(A1)");
    assert_string_equal(cell("\tx"), "'\tx");
    assert_string_equal(cell("\rx"), "\"'\rx\"");
    assert_string_equal(cell("'x"), "''x");
    assert_string_equal(cell("=A1,B1"), "\"'=A1,B1\"");
    assert_string_equal(cell("a=1"), "a=1");
}

static void the_guard_can_be_undone(void **state)
{
    static const char *const texts[] = {"=1", "+",  "-5",  "@x", "\tx",
                                        "'",  "''", "'=x", "x'", "plain"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_string_equal(csv_unguard(cell(texts[i])), texts[i]);
    }
    assert_string_equal(csv_unguard(""), "");
    assert_null(csv_unguard(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_quoted_where_needed),
        cmocka_unit_test(formulas_are_disarmed),
        cmocka_unit_test(the_guard_can_be_undone),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
