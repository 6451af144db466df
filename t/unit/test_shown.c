/* The memory of what sessions were shown: whose it is, its bounds, and that it outlives a process
 * that dies within. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session/shown.h"

#define KILLS 100
#define PATIENCE                                                                                   \
    300 /* seconds; a lock that is never given back must fail the test, not stop it                \
         */

static apr_pool_t *pool;
static shown_t *shown;
static const fingerprint_t alice = {{1, 2, 3}}, bob = {{9, 8, 7}};

static int setup(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL) || shown_create(&shown, pool) || shown_check(shown);
}

static int teardown(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static shown_view_t view_of(const fingerprint_t *session, apr_int64_t uid, const char *database,
                            const char *model)
{
    shown_view_t view;

    shown_view(shown, session, uid, database, model, &view);
    return view;
}

static shown_view_t partners(void)
{
    return view_of(&alice, 7, "shop", "res.partner");
}

static void note(const shown_view_t *view, apr_int64_t record, const char *name, const char *value)
{
    shown_field_t field = {name, value};

    shown_note(shown, view, record, &field, 1, 1);
}

/* NULL if it is not known. */
static const char *find(const shown_view_t *view, apr_int64_t record, const char *name)
{
    shown_field_t field = {name, NULL};
    apr_size_t found = shown_find(shown, view, record, &field, 1, pool);

    assert_int_equal(found, field.value != NULL);
    return field.value;
}

static void test_found_by_whose_and_which(void **state)
{
    const shown_view_t mine = partners();
    const shown_view_t others[] = {view_of(&bob, 7, "shop", "res.partner"),
                                   view_of(&alice, 8, "shop", "res.partner"),
                                   view_of(&alice, 7, "test", "res.partner"),
                                   view_of(&alice, 7, "shop", "res.users")};

    (void)state;
    note(&mine, 14, "city", "\"Fremont\"");
    assert_string_equal(find(&mine, 14, "city"), "\"Fremont\"");
    assert_null(find(&mine, 15, "city"));
    assert_null(find(&mine, 14, "name"));
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        assert_null(find(&others[i], 14, "city"));
    }
}

static void test_the_last_value_counts(void **state)
{
    const shown_view_t view = partners();
    shown_field_t both[] = {{"city", NULL}, {"zip", NULL}};

    (void)state;
    note(&view, 14, "city", "1");
    note(&view, 14, "zip", "2");
    note(&view, 14, "city", "3");
    assert_int_equal(shown_find(shown, &view, 14, both, 2, pool), 2);
    assert_string_equal(both[0].value, "3");
    assert_string_equal(both[1].value, "2");
    note(&view, 14, "city", NULL);
    assert_null(find(&view, 14, "city"));
    assert_string_equal(find(&view, 14, "zip"), "2");
    shown_forget(shown, &view, 14);
    assert_null(find(&view, 14, "zip"));
}

static void test_nothing_is_made_where_only_the_known_is_kept_up(void **state)
{
    const shown_view_t view = partners();
    shown_field_t field = {"city", "1"};

    (void)state;
    shown_note(shown, &view, 14, &field, 1, 0);
    assert_null(find(&view, 14, "city"));
}

static void test_what_does_not_fit_is_forgotten(void **state)
{
    const shown_view_t view = partners();
    char longest[SHOWN_VALUE_SIZE], longer[SHOWN_VALUE_SIZE + 1], name[SHOWN_NAME_SIZE + 1];

    (void)state;
    memset(longest, '1', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    memset(longer, '2', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    note(&view, 14, "note", longest);
    assert_string_equal(find(&view, 14, "note"), longest);
    note(&view, 14, "note", longer);
    assert_null(find(&view, 14, "note"));
    note(&view, 14, name, "1");
    assert_null(find(&view, 14, name));
}

/* More fields than an entry has room for: those that were shown last are kept. */
static void test_an_entry_is_bounded(void **state)
{
    const shown_view_t view = partners();
    char value[SHOWN_VALUE_SIZE];

    (void)state;
    memset(value, '1', sizeof(value));
    value[sizeof(value) - 1] = '\0';
    for (int i = 0; i < 20; i++) {
        note(&view, 14, apr_psprintf(pool, "x%d", i), value);
    }
    for (int i = 0; i < 17; i++) {
        assert_null(find(&view, 14, apr_psprintf(pool, "x%d", i)));
    }
    for (int i = 17; i < 20; i++) {
        assert_string_equal(find(&view, 14, apr_psprintf(pool, "x%d", i)), value);
    }
}

static void test_what_was_used_least_recently_goes(void **state)
{
    const shown_view_t view = partners();
    int known = 0;

    (void)state;
    note(&view, 1, "city", "1");
    for (int i = 2; i <= 3 * SHOWN_ENTRIES; i++) {
        note(&view, i, "city", "2");
        if (i % 64 == 0) {
            assert_non_null(find(&view, 1, "city"));
        }
    }
    for (int i = 2; i <= 3 * SHOWN_ENTRIES; i++) {
        known += find(&view, i, "city") != NULL;
    }
    assert_in_range(known, SHOWN_ENTRIES / 2, SHOWN_ENTRIES);
    assert_non_null(find(&view, 3 * SHOWN_ENTRIES, "city"));
}

/* ---- several processes ---- */

/* Three values of one letter each, noted together: what is found is one of them whole. */
static void note_letters(const shown_view_t *view, unsigned round)
{
    char value[900];
    shown_field_t fields[] = {{"a", value}, {"b", value}, {"c", value}};

    memset(value, 'a' + (int)(round % 26), sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    shown_note(shown, view, 14, fields, 3, 1);
}

static void assert_whole(const shown_view_t *view)
{
    shown_field_t fields[] = {{"a", NULL}, {"b", NULL}, {"c", NULL}};
    apr_pool_t *scratch;

    apr_pool_create(&scratch, NULL);
    if (shown_find(shown, view, 14, fields, 3, scratch) > 0) {
        const char letter[] = {fields[0].value[0], '\0'};

        for (int i = 0; i < 3; i++) {
            assert_non_null(fields[i].value);
            assert_int_equal(strspn(fields[i].value, letter), 899);
            assert_int_equal(strlen(fields[i].value), 899);
        }
    }
    apr_pool_destroy(scratch);
}

static pid_t start_writer(const shown_view_t *view)
{
    pid_t child = fork();

    if (child == 0) {
        for (unsigned round = 0;; round++) {
            note_letters(view, round);
        }
    }
    return child;
}

static void test_outlives_whoever_dies_within(void **state)
{
    const shown_view_t view = partners();
    unsigned seed = (unsigned)apr_time_now();

    (void)state;
    print_message("# seed %u\n", seed);
    alarm(PATIENCE);
    for (int round = 0; round < KILLS; round++) {
        pid_t writers[] = {start_writer(&view), start_writer(&view)};

        for (int i = 0; i < 2; i++) {
            apr_sleep(rand_r(&seed) % 2000);
            assert_whole(&view);
            kill(writers[i], SIGKILL);
            assert_int_equal(waitpid(writers[i], NULL, 0), writers[i]);
            assert_whole(&view);
        }
    }
    alarm(0);
    note_letters(&view, 3);
    assert_int_equal(find(&view, 14, "b")[0], 'd');
}

/* It dies over a value that nobody may read, with the lock in its hands. */
static void die_within(const shown_view_t *view)
{
    shown_field_t field = {"zip", mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
    pid_t child = fork();
    int status;

    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        shown_note(shown, view, 14, &field, 1, 1);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void test_what_a_dead_process_held_is_forgotten(void **state)
{
    const shown_view_t view = partners();

    (void)state;
    note(&view, 14, "city", "1");
    alarm(PATIENCE);
    die_within(&view);
    assert_null(find(&view, 14, "city"));
    note(&view, 14, "city", "2");
    assert_string_equal(find(&view, 14, "city"), "2");
    alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found_by_whose_and_which, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_last_value_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_made_where_only_the_known_is_kept_up, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_entry_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_used_least_recently_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_dead_process_held_is_forgotten, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_outlives_whoever_dies_within, setup, teardown),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
