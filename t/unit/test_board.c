/* What was told, on the board: once within the interval, by whichever process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session/board.h"

#define NOW (apr_time_from_sec(1800000000))
#define INTERVAL apr_time_from_sec(300)
#define PROCESSES 4
#define MARKS 200

static apr_pool_t *pool;
static board_t *board;

static int setup(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL) || board_create(&board, pool) || board_check(board);
}

static int teardown(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

/* Marks are hashes: numbers spread over all bits. */
static apr_uint64_t mark(unsigned number)
{
    return (number + 1) * APR_UINT64_C(0x9e3779b97f4a7c15);
}

static int told(unsigned number, apr_time_t now)
{
    return board_told(board, mark(number), now, INTERVAL);
}

static void test_once_within_the_interval(void **state)
{
    (void)state;
    assert_false(told(1, NOW));
    assert_true(told(1, NOW));
    assert_false(told(2, NOW));
    assert_true(told(1, NOW + INTERVAL - apr_time_from_sec(1)));
    assert_false(told(1, NOW + INTERVAL));
    assert_true(told(1, NOW + INTERVAL));
    assert_false(told(1, NOW)); /* a clock that was set back */
}

/* Of the same set: with one more than it has room for, the oldest is forgotten and no other. */
static void test_a_full_set_forgets_the_oldest(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= BOARD_TOLD_WAYS; i++) {
        assert_false(told(i * BOARD_TOLD_SETS, NOW + apr_time_from_sec(i)));
    }
    for (unsigned i = BOARD_TOLD_WAYS; i > 0; i--) {
        assert_true(told(i * BOARD_TOLD_SETS, NOW + apr_time_from_sec(10)));
    }
    assert_false(told(0, NOW + apr_time_from_sec(10)));
}

/* Several processes at once: each mark is told by one of them. */
static void test_one_of_many_processes(void **state)
{
    int counts[2], count, sum = 0;
    pid_t children[PROCESSES];

    (void)state;
    assert_int_equal(pipe(counts), 0);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            count = 0;
            for (unsigned number = 0; number < MARKS; number++) {
                count += !told(number, NOW);
            }
            _exit(write(counts[1], &count, sizeof(count)) != sizeof(count));
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        assert_int_equal(read(counts[0], &count, sizeof(count)), sizeof(count));
        sum += count;
        assert_int_equal(waitpid(children[i], NULL, 0), children[i]);
    }
    assert_int_equal(sum, MARKS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_once_within_the_interval, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_full_set_forgets_the_oldest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_of_many_processes, setup, teardown),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
