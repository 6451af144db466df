/* The memory of import records: found by owner and record, shared by processes, never torn. */
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

#include "session/imports.h"

#define ROUNDS 20000

static apr_pool_t *pool;
static imports_t *imports;
static const fingerprint_t alice = {{1, 2, 3}}, bob = {{9, 8, 7}};

static int setup(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL) || imports_create(&imports, pool);
}

static int teardown(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static void test_found_by_owner_and_record(void **state)
{
    char model[IMPORTS_MODEL_SIZE] = "";

    (void)state;
    assert_false(imports_find(imports, &alice, 7, model));
    imports_note(imports, &alice, 7, "res.partner");
    assert_true(imports_find(imports, &alice, 7, model));
    assert_string_equal(model, "res.partner");
    assert_false(imports_find(imports, &alice, 8, model));
    assert_false(imports_find(imports, &bob, 7, model));
    imports_note(imports, &alice, 7, "crm.lead");
    assert_true(imports_find(imports, &alice, 7, model));
    assert_string_equal(model, "crm.lead");
}

static void test_a_name_that_does_not_fit_is_not_cut(void **state)
{
    char model[IMPORTS_MODEL_SIZE], longest[IMPORTS_MODEL_SIZE], longer[IMPORTS_MODEL_SIZE + 1];

    (void)state;
    memset(longer, 'x', sizeof(longer));
    longer[IMPORTS_MODEL_SIZE] = '\0';
    imports_note(imports, &alice, 1, longer);
    assert_false(imports_find(imports, &alice, 1, model));
    memset(longest, 'y', sizeof(longest));
    longest[IMPORTS_MODEL_SIZE - 1] = '\0';
    imports_note(imports, &alice, 2, longest);
    assert_true(imports_find(imports, &alice, 2, model));
    assert_string_equal(model, longest);
}

static void test_shared_by_processes(void **state)
{
    char model[IMPORTS_MODEL_SIZE];
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        imports_note(imports, &alice, 5, "res.partner");
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(imports_find(imports, &alice, 5, model));
    assert_string_equal(model, "res.partner");
}

/* Two names of one letter each, written in turn: what is read is one of them whole. */
static void write_in_turn(void)
{
    char name[IMPORTS_MODEL_SIZE];

    for (int round = 0; round < ROUNDS; round++) {
        memset(name, round % 2 ? 'a' : 'b', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        imports_note(imports, &alice, 3, name);
    }
}

static void test_never_torn(void **state)
{
    char model[IMPORTS_MODEL_SIZE];
    pid_t child = fork();
    int found = 0;

    (void)state;
    if (child == 0) {
        write_in_turn();
        _exit(0);
    }
    while (waitpid(child, NULL, WNOHANG) == 0) {
        if (imports_find(imports, &alice, 3, model)) {
            found++;
            assert_int_equal(strspn(model, model[0] == 'a' ? "a" : "b"), IMPORTS_MODEL_SIZE - 1);
        }
    }
    assert_true(found > 0 || imports_find(imports, &alice, 3, model));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found_by_owner_and_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_name_that_does_not_fit_is_not_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared_by_processes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_never_torn, setup, teardown),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
