#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "odoo/method.h"

static void test_table_is_sorted_for_bsearch(void **state)
{
    const method_t *before = NULL, *row;

    (void)state;
    for (apr_size_t i = 0; (row = method_row(i)) != NULL; before = row, i++) {
        int order = before ? strcmp(before->name, row->name) : -1;

        if (order > 0 || (order == 0 && !before->model)) {
            fail_msg("%s stands behind %s", row->name, before->name);
        }
    }
    assert_non_null(before);
}

/* Each parameter that a row refers to is one of its own. */
static void test_rows_refer_to_their_parameters(void **state)
{
    const method_t *row;

    (void)state;
    for (apr_size_t i = 0; (row = method_row(i)) != NULL; i++) {
        if ((row->values && method_position(row, row->values) < 0) ||
            (row->fields && method_position(row, row->fields) < 0)) {
            fail_msg("%s refers to a parameter that it does not have", row->name);
        }
        assert_ptr_equal(method_find(row->model ? row->model : "any.model", row->name), row);
    }
}

static void assert_operation(const char *model, const char *name, operation_t operation)
{
    if (method_find(model, name)->operation != operation) {
        fail_msg("%s.%s is \"%s\"", model, name,
                 operation_name(method_find(model, name)->operation));
    }
}

static void test_operations(void **state)
{
    (void)state;
    assert_operation("res.partner", "create", OPERATION_CREATE);
    assert_operation("res.partner", "onchange", OPERATION_NONE);
    assert_operation("mail.compose.message", "onchange", OPERATION_CALL);
    assert_operation("mailing.mailing", "action_fetch_favorites", OPERATION_READ);
    assert_operation("res.partner", "web_save", OPERATION_WRITE);
    assert_operation("res.partner", "update", OPERATION_WRITE);
    assert_operation("res.partner", "toggle_active", OPERATION_WRITE);
    assert_operation("res.partner", "unlink", OPERATION_UNLINK);
    assert_operation("res.partner", "copy_multi", OPERATION_CREATE);
    assert_operation("res.partner", "web_search_read", OPERATION_READ);
    assert_operation("res.partner", "mapped", OPERATION_READ);
    assert_operation("res.partner", "search_count", OPERATION_SEARCH);
    assert_operation("res.partner", "formatted_read_group", OPERATION_SEARCH);
    assert_operation("res.partner", "export_data", OPERATION_EXPORT);
    assert_operation("res.partner", "load", OPERATION_IMPORT);
    assert_operation("base_import.import", "execute_import", OPERATION_IMPORT);
    assert_operation("res.partner", "onchange", OPERATION_NONE);
    assert_operation("res.partner", "get_views", OPERATION_NONE);
}

/* What nobody knows may write, and a name that is harmless on one model need not be on another. */
static void test_unknown_methods_are_calls(void **state)
{
    (void)state;
    assert_operation("sale.order", "action_confirm", OPERATION_CALL);
    assert_operation("res.partner", "_write", OPERATION_CALL);
    assert_operation("res.partner", "", OPERATION_CALL);
    assert_operation("x.model", "execute_import", OPERATION_CALL);
    assert_operation("x.model", "systray_get_activities", OPERATION_CALL);
    assert_operation("res.partner", "zzz", OPERATION_CALL);
    assert_operation("res.partner", "Create", OPERATION_CALL);
}

static void test_flags(void **state)
{
    (void)state;
    assert_true(method_find("res.device", "revoke")->flags & METHOD_REVOKES);
    assert_false(method_find("loyalty.card", "revoke")->flags & METHOD_REVOKES);
    assert_true(method_find("res.users", "change_password")->flags & METHOD_SECRET);
    assert_true(method_find("mail.push.device", "register_devices")->flags & METHOD_BACKGROUND);
    assert_false(method_find("res.partner", "create")->flags & METHOD_IDS);
    assert_int_equal(method_find("res.users", "check_synchronization_status")->operation,
                     OPERATION_NONE);
    assert_true(method_find("res.partner", "write")->flags & METHOD_IDS);
}

static void test_parameters_by_any_of_their_names(void **state)
{
    const method_t *create = method_find("x", "create");
    const method_t *save = method_find("x", "web_save");
    apr_size_t length;

    (void)state;
    assert_int_equal(method_position(create, "vals_list"), 0);
    assert_int_equal(method_position(create, "values"), 0);
    assert_int_equal(method_position(create, "val"), -1);
    assert_int_equal(method_position(create, ""), -1);
    assert_int_equal(method_position(save, "next_id"), 2);
    assert_memory_equal(method_parameter(save, 1, &length), "specification", 13);
    assert_int_equal(length, 13);
    assert_null(method_parameter(save, 3, &length));
    assert_null(method_parameter(method_find("x", "unlink"), 0, &length));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_sorted_for_bsearch),
        cmocka_unit_test(test_rows_refer_to_their_parameters),
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_unknown_methods_are_calls),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_parameters_by_any_of_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
