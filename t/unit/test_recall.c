/* What one call says about a later one: found by owner, kind and record, shared by processes, never
 * torn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session/recall.h"

#define ROUNDS 20000

static apr_pool_t *pool;
static recall_t *recall;
static const fingerprint_t alice = {{1, 2, 3}}, bob = {{9, 8, 7}};

static int setup(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL) || recall_create(&recall, pool);
}

static int teardown(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static void test_found_by_owner_and_record(void **state)
{
    char model[RECALL_TEXT_SIZE] = "";

    (void)state;
    assert_false(recall_find(recall, &alice, RECALL_IMPORT, 7, model));
    recall_note(recall, &alice, RECALL_IMPORT, 7, "res.partner");
    assert_true(recall_find(recall, &alice, RECALL_IMPORT, 7, model));
    assert_string_equal(model, "res.partner");
    assert_false(recall_find(recall, &alice, RECALL_IMPORT, 8, model));
    assert_false(recall_find(recall, &bob, RECALL_IMPORT, 7, model));
    recall_note(recall, &alice, RECALL_IMPORT, 7, "crm.lead");
    assert_true(recall_find(recall, &alice, RECALL_IMPORT, 7, model));
    assert_string_equal(model, "crm.lead");
    assert_false(recall_find(recall, &alice, RECALL_CHECK, 7, model));
}

static void test_kinds_are_apart(void **state)
{
    char text[RECALL_TEXT_SIZE];

    (void)state;
    recall_note(recall, &alice, RECALL_CHECK, 4, "action_revoke_all_devices");
    recall_note(recall, &alice, RECALL_LOGIN, 0, "alice@example.com");
    assert_true(recall_find(recall, &alice, RECALL_LOGIN, 0, text));
    assert_string_equal(text, "alice@example.com");
    assert_false(recall_find(recall, &bob, RECALL_LOGIN, 0, text));
    assert_true(recall_find(recall, &alice, RECALL_CHECK, 4, text));
    assert_string_equal(text, "action_revoke_all_devices");
}

static void test_memory_of_another_layout_is_told(void **state)
{
    apr_uint64_t *words = (apr_uint64_t *)recall;

    (void)state;
    assert_int_equal(recall_check(recall), APR_SUCCESS);
    words[1]++;
    assert_int_equal(recall_check(recall), APR_EMISMATCH);
    words[1]--;
    words[0]++;
    assert_int_equal(recall_check(recall), APR_EMISMATCH);
}

static void test_a_name_that_does_not_fit_is_not_cut(void **state)
{
    char model[RECALL_TEXT_SIZE], longest[RECALL_TEXT_SIZE], longer[RECALL_TEXT_SIZE + 1];

    (void)state;
    memset(longer, 'x', sizeof(longer));
    longer[RECALL_TEXT_SIZE] = '\0';
    recall_note(recall, &alice, RECALL_IMPORT, 1, longer);
    assert_false(recall_find(recall, &alice, RECALL_IMPORT, 1, model));
    memset(longest, 'y', sizeof(longest));
    longest[RECALL_TEXT_SIZE - 1] = '\0';
    recall_note(recall, &alice, RECALL_IMPORT, 2, longest);
    assert_true(recall_find(recall, &alice, RECALL_IMPORT, 2, model));
    assert_string_equal(model, longest);
}

static void test_shared_by_processes(void **state)
{
    char model[RECALL_TEXT_SIZE];
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        recall_note(recall, &alice, RECALL_IMPORT, 5, "res.partner");
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(recall_find(recall, &alice, RECALL_IMPORT, 5, model));
    assert_string_equal(model, "res.partner");
}

/* Two names of one letter each, written in turn: what is read is one of them whole. */
static void write_in_turn(void)
{
    char name[RECALL_TEXT_SIZE];

    for (int round = 0; round < ROUNDS; round++) {
        memset(name, round % 2 ? 'a' : 'b', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        recall_note(recall, &alice, RECALL_IMPORT, 3, name);
    }
}

static void test_never_torn(void **state)
{
    char model[RECALL_TEXT_SIZE];
    pid_t child = fork();
    int found = 0;

    (void)state;
    if (child == 0) {
        write_in_turn();
        _exit(0);
    }
    while (waitpid(child, NULL, WNOHANG) == 0) {
        if (recall_find(recall, &alice, RECALL_IMPORT, 3, model)) {
            found++;
            assert_int_equal(strspn(model, model[0] == 'a' ? "a" : "b"), RECALL_TEXT_SIZE - 1);
        }
    }
    assert_true(found > 0 || recall_find(recall, &alice, RECALL_IMPORT, 3, model));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found_by_owner_and_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kinds_are_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_of_another_layout_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_name_that_does_not_fit_is_not_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared_by_processes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_never_torn, setup, teardown),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
