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

    assert_int_equal(shown_view(shown, session, uid, database, model, &view), 1);
    return view;
}

static shown_view_t partners(void)
{
    return view_of(&alice, 7, "shop", "res.partner");
}

static void note(const shown_view_t *view, const char *text)
{
    const struct iovec piece = {(void *)text, strlen(text)};

    shown_add(shown, view, &piece, 1);
}

/* All that is known, the latest first: the begin of each note, up to its first blank. */
static const char *known(const shown_view_t *view)
{
    shown_walk_t walk = {0};
    const char *words = "", *data;
    apr_size_t length;

    while ((data = shown_next(shown, view, &walk, &length, pool))) {
        const char *blank = memchr(data, ' ', length);

        words = apr_pstrcat(pool, words, *words ? " " : "",
                            apr_pstrmemdup(pool, data, blank ? (apr_size_t)(blank - data) : length),
                            NULL);
    }
    assert_int_equal(shown_any(shown, view), *words != 0);
    return words;
}

/* A note of that many bytes whose first word is the number. */
static void note_number(const shown_view_t *view, int number, apr_size_t size)
{
    char *text = apr_pcalloc(pool, size + 1);

    memset(text, ' ', size);
    memcpy(text, apr_itoa(pool, number), strlen(apr_itoa(pool, number)));
    note(view, text);
}

static void test_found_by_whose(void **state)
{
    const shown_view_t mine = partners();
    const shown_view_t others[] = {view_of(&bob, 7, "shop", "res.partner"),
                                   view_of(&alice, 8, "shop", "res.partner"),
                                   view_of(&alice, 7, "test", "res.partner"),
                                   view_of(&alice, 7, "shop", "res.users")};

    (void)state;
    assert_string_equal(known(&mine), "");
    note(&mine, "first");
    assert_string_equal(known(&mine), "first");
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        assert_string_equal(known(&others[i]), "");
    }
}

static void test_a_name_that_is_too_long(void **state)
{
    char name[SHOWN_MODEL_SIZE + 1];
    shown_view_t view;

    (void)state;
    memset(name, 'm', sizeof(name));
    name[SHOWN_MODEL_SIZE] = '\0';
    assert_int_equal(shown_view(shown, &alice, 7, "shop", name, &view), 0);
    name[SHOWN_MODEL_SIZE - 1] = '\0';
    assert_int_equal(shown_view(shown, &alice, 7, "shop", name, &view), 1);
}

static void test_the_latest_comes_first(void **state)
{
    const shown_view_t view = partners();

    (void)state;
    note(&view, "1");
    note_number(&view, 2, SHOWN_SMALL_SIZE + 1);
    note(&view, "3");
    note_number(&view, 4, SHOWN_NOTE_SIZE);
    note_number(&view, 5, SHOWN_SMALL_SIZE);
    assert_string_equal(known(&view), "5 4 3 2 1");
}

static void test_pieces_in_a_row(void **state)
{
    const shown_view_t view = partners();
    const struct iovec pieces[] = {{(void *)"ab", 2}, {NULL, 0}, {(void *)"cd", 2}};

    (void)state;
    shown_add(shown, &view, pieces, 1);
    shown_add(shown, &view, pieces, 3);
    assert_string_equal(known(&view), "abcd ab");
}

/* Every note that is listed, and none that came before one that is not. */
static void assert_no_gap(const shown_view_t *view, int last)
{
    const char *words = known(view);

    for (int number = last; *words; number--) {
        char *end;

        assert_int_equal(strtol(words, &end, 10), number);
        words = end + (*end == ' ');
    }
}

static void test_the_oldest_go(void **state)
{
    const shown_view_t view = partners();

    (void)state;
    for (int i = 1; i <= 3 * SHOWN_LANE_SIZE / 3000; i++) {
        note_number(&view, i, 3000);
        if (i % 100 == 0) {
            assert_no_gap(&view, i);
        }
    }
    assert_no_gap(&view, 3 * SHOWN_LANE_SIZE / 3000);
    assert_string_not_equal(known(&view), "");
}

/* Small notes outlast large ones, and are not told once a large one is gone that came later. */
static void test_no_note_behind_one_that_is_gone(void **state)
{
    const shown_view_t view = partners();

    (void)state;
    note(&view, "1");
    note_number(&view, 2, 30000);
    note(&view, "3");
    assert_string_equal(known(&view), "3 2 1");
    for (int i = 4; i < 4 + 2 * SHOWN_LANE_SIZE / 30000; i++) {
        note_number(&view, i, 30000);
        assert_no_gap(&view, i);
    }
    note(&view, "9999");
    assert_int_equal(strncmp(known(&view), "9999 ", 5), 0);
    assert_null(strstr(known(&view), " 3 "));
}

/* A view fills its own shard and no other. */
static void test_views_share_a_shard(void **state)
{
    shown_view_t views[64];

    (void)state;
    for (int i = 0; i < 64; i++) {
        views[i] = view_of(&alice, i, "shop", "res.partner");
        note_number(&views[i], i, 100);
    }
    for (int i = 0; i < 64; i++) {
        assert_string_equal(known(&views[i]), apr_itoa(pool, i));
    }
}

static void test_a_walk_goes_on_while_notes_come(void **state)
{
    const shown_view_t view = partners();
    shown_walk_t walk = {0};
    apr_size_t length;

    (void)state;
    note(&view, "1");
    note(&view, "2");
    assert_memory_equal(shown_next(shown, &view, &walk, &length, pool), "2", 1);
    note(&view, "3");
    assert_memory_equal(shown_next(shown, &view, &walk, &length, pool), "1", 1);
    assert_null(shown_next(shown, &view, &walk, &length, pool));
    assert_null(shown_next(shown, &view, &walk, &length, pool));
}

/* ---- several processes ---- */

#define LETTERS 9000

/* One letter many times. */
static void note_letters(const shown_view_t *view, unsigned round)
{
    char text[LETTERS];
    struct iovec pieces[] = {{text, LETTERS / 3}, {text, LETTERS / 3}, {text, LETTERS / 3}};

    memset(text, 'a' + (int)(round % 26), sizeof(text));
    shown_add(shown, view, pieces, 3);
}

static void assert_whole(const shown_view_t *view)
{
    shown_walk_t walk = {0};
    apr_pool_t *scratch;
    apr_size_t length;
    const char *data;

    apr_pool_create(&scratch, NULL);
    while ((data = shown_next(shown, view, &walk, &length, scratch))) {
        assert_int_equal(length, LETTERS);
        for (apr_size_t i = 1; i < length; i++) {
            assert_int_equal(data[i], data[0]);
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
    assert_int_equal(known(&view)[0], 'd');
}

/* It dies over a text that nobody may read, with the lock in its hands. */
static void die_within(const shown_view_t *view)
{
    struct iovec piece = {mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1};
    pid_t child = fork();
    int status;

    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        shown_add(shown, view, &piece, 1);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void test_what_a_dead_process_held_is_forgotten(void **state)
{
    const shown_view_t view = partners();
    shown_walk_t walk = {0};
    apr_size_t length;

    (void)state;
    note(&view, "1");
    note(&view, "2");
    assert_non_null(shown_next(shown, &view, &walk, &length, pool));
    alarm(PATIENCE);
    die_within(&view);
    assert_string_equal(known(&view), "");
    note(&view, "3");
    assert_null(shown_next(shown, &view, &walk, &length, pool));
    assert_string_equal(known(&view), "3");
    alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found_by_whose, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_name_that_is_too_long, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_latest_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pieces_in_a_row, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_oldest_go, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_note_behind_one_that_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_views_share_a_shard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_walk_goes_on_while_notes_come, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_dead_process_held_is_forgotten, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_outlives_whoever_dies_within, setup, teardown),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
