#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "odoo/operation.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The words of the contract: rules and reports of users hold on to them. */
static const char *const contract[] = {"create",
                                       "write",
                                       "unlink",
                                       "read",
                                       "search",
                                       "export",
                                       "import",
                                       "report",
                                       "download",
                                       "call",
                                       "login",
                                       "login_failed",
                                       "logout",
                                       "session_started",
                                       "session_identified",
                                       "session_revoked",
                                       "session_expired",
                                       "session_limited",
                                       "session_refused",
                                       "session_lifted",
                                       "user_changed",
                                       "password_changed",
                                       "devices_revoked",
                                       "settings_changed",
                                       "trail_read",
                                       "trail_exported",
                                       "started",
                                       "stopped",
                                       "gap",
                                       "hold_set",
                                       "hold_lifted",
                                       "purged",
                                       "alert_failed",
                                       "alert_test",
                                       "alert_opt_out",
                                       "unparsed_call"};

static void every_word_of_the_contract_has_one_operation(void **state)
{
    int seen[OPERATION_COUNT] = {0};

    (void)state;
    assert_int_equal(COUNT(contract), OPERATION_COUNT - 1);
    for (size_t i = 0; i < COUNT(contract); i++) {
        operation_t operation = operation_from_name(contract[i]);

        assert_int_not_equal(operation, OPERATION_NONE);
        assert_false(seen[operation]++);
        assert_string_equal(operation_name(operation), contract[i]);
    }
}

static void unknown_words_are_no_operation(void **state)
{
    static const char *const words[] = {"", "*", "Write", "writ", "writes", " write", "none"};

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        assert_int_equal(operation_from_name(words[i]), OPERATION_NONE);
    }
    assert_string_equal(operation_name(OPERATION_NONE), "");
    assert_string_equal(operation_name(OPERATION_COUNT), "");
    assert_string_equal(operation_name((operation_t)-1), "");
}

static void what_may_change_data_needs_an_intent(void **state)
{
    static const operation_t writes[] = {
        OPERATION_CREATE, OPERATION_WRITE,         OPERATION_UNLINK,          OPERATION_IMPORT,
        OPERATION_CALL,   OPERATION_UNPARSED_CALL, OPERATION_PASSWORD_CHANGED};
    static const operation_t reads[] = {OPERATION_NONE,      OPERATION_READ,   OPERATION_SEARCH,
                                        OPERATION_EXPORT,    OPERATION_REPORT, OPERATION_DOWNLOAD,
                                        OPERATION_STARTED,   OPERATION_GAP,    OPERATION_COUNT,
                                        OPERATION_TRAIL_READ};

    (void)state;
    for (size_t i = 0; i < COUNT(writes); i++) {
        assert_true(operation_may_write(writes[i]));
    }
    for (size_t i = 0; i < COUNT(reads); i++) {
        assert_false(operation_may_write(reads[i]));
    }
}

static void only_operations_on_models_depend_on_what_is_tracked(void **state)
{
    (void)state;
    assert_false(operation_by_module(OPERATION_NONE));
    for (int i = OPERATION_CREATE; i <= OPERATION_CALL; i++) {
        assert_false(operation_by_module((operation_t)i));
    }
    for (int i = OPERATION_LOGIN; i < OPERATION_COUNT; i++) {
        assert_true(operation_by_module((operation_t)i));
    }
}

static void outcomes_have_their_words(void **state)
{
    (void)state;
    assert_string_equal(outcome_name(OUTCOME_UNKNOWN), "unknown");
    assert_string_equal(outcome_name(OUTCOME_SUCCESS), "success");
    assert_string_equal(outcome_name(OUTCOME_DENIED), "denied");
    assert_string_equal(outcome_name(OUTCOME_FAILED), "failed");
    assert_string_equal(outcome_name((outcome_t)4), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_of_the_contract_has_one_operation),
        cmocka_unit_test(unknown_words_are_no_operation),
        cmocka_unit_test(what_may_change_data_needs_an_intent),
        cmocka_unit_test(only_operations_on_models_depend_on_what_is_tracked),
        cmocka_unit_test(outcomes_have_their_words),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
