/* The keeper under faults. Calls into the store and the journal go through wrappers (the linker's
 * --wrap) that kill the process, fail or hang at a chosen step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "keeper_fixture.h"

#define LONG_VALUES 1000

/* ---- the wrappers ---- */

static int steps_left;           /* until the process kills itself; 0: it does not */
static const char *refused_path; /* events with this path are refused */
static int refused_times;        /* how often; -1: always */
static int refused_late;         /* which shows when what was gathered is sent */
static int refused_gathered;     /* one of them was */
static int disk_full;            /* long events are refused, as on a disk with little room left */
static int commits_to_fail;      /* after having been carried out: their answer is lost */
static int hang;                 /* opening the database takes for ever */
static volatile int *hanging;    /* in shared memory: it is being opened */

static void step(void)
{
    if (steps_left > 0 && --steps_left == 0) {
        kill(getpid(), SIGKILL);
    }
}

#define WRAP(name, parameters, arguments)                                                          \
    apr_status_t __real_##name parameters;                                                         \
    apr_status_t __wrap_##name parameters;                                                         \
    apr_status_t __wrap_##name parameters                                                          \
    {                                                                                              \
        apr_status_t status;                                                                       \
                                                                                                   \
        step();                                                                                    \
        status = __real_##name arguments;                                                          \
        step();                                                                                    \
        return status;                                                                             \
    }

WRAP(store_begin, (store_t * store), (store))
WRAP(store_pending_put,
     (store_t * store, const char *node, const char *incarnation, apr_uint64_t number,
      const char *data, apr_size_t length),
     (store, node, incarnation, number, data, length))
WRAP(store_position_set, (store_t * store, const char *node, const store_position_t *position),
     (store, node, position))
WRAP(store_position_delete, (store_t * store, const char *node, const char *segment),
     (store, node, segment))
WRAP(journal_remove, (const char *folder, const char *name, apr_pool_t *own), (folder, name, own))

apr_status_t __real_store_append(store_t *store, const event_t *event);
apr_status_t __wrap_store_append(store_t *store, const event_t *event);
apr_status_t __wrap_store_append(store_t *store, const event_t *event)
{
    const char *path = event->cell[EVENT_PATH];

    step();
    if (disk_full && event->cell[EVENT_VALUES] &&
        strlen(event->cell[EVENT_VALUES]) >= LONG_VALUES) {
        return APR_EGENERAL;
    }
    if (refused_path && path && strcmp(path, refused_path) == 0 && refused_times != 0) {
        refused_times -= refused_times > 0;
        refused_gathered = refused_late;
        if (!refused_late) {
            return APR_EGENERAL;
        }
    }
    return __real_store_append(store, event);
}

apr_status_t __real_store_append_all(store_t *store);
apr_status_t __wrap_store_append_all(store_t *store);
apr_status_t __wrap_store_append_all(store_t *store)
{
    int refused = refused_gathered;

    step();
    refused_gathered = 0;
    return refused ? APR_EGENERAL : __real_store_append_all(store);
}

apr_status_t __real_store_commit(store_t *store);
apr_status_t __wrap_store_commit(store_t *store);
apr_status_t __wrap_store_commit(store_t *store)
{
    apr_status_t status;

    step();
    status = __real_store_commit(store);
    step();
    if (commits_to_fail > 0) {
        commits_to_fail--;
        return APR_EGENERAL;
    }
    return status;
}

apr_status_t __real_store_open(store_t **store, apr_pool_t *own, const store_config_t *store_config,
                               store_mode_t mode, const char **problem);
apr_status_t __wrap_store_open(store_t **store, apr_pool_t *own, const store_config_t *store_config,
                               store_mode_t mode, const char **problem);
apr_status_t __wrap_store_open(store_t **store, apr_pool_t *own, const store_config_t *store_config,
                               store_mode_t mode, const char **problem)
{
    while (hang) {
        *hanging = 1;
        sleep(10);
    }
    return __real_store_open(store, own, store_config, mode, problem);
}

static int faults_set_up(void **state)
{
    steps_left = refused_times = disk_full = commits_to_fail = hang = 0;
    refused_late = refused_gathered = 0;
    refused_path = NULL;
    return keeper_set_up(state);
}

/* ---- refusals ---- */

static void append_some(journal_t *journal, int from, int to)
{
    for (int i = from; i < to; i++) {
        append(journal, JOURNAL_EVENT, (apr_uint64_t)i, apr_psprintf(pool, "/%d", i), "success");
    }
}

/* Drains although attempts fail; returns how many did. */
static int drain_stubbornly(keeper_t *keeper, int attempts)
{
    int failed = 0;

    for (int moved, idle = 0; idle < 3; idle++) {
        while (keeper_drain(keeper, &moved) != APR_SUCCESS) {
            assert_true(++failed < attempts);
        }
        idle = moved ? 0 : idle;
    }
    return failed;
}

static void test_an_event_that_the_database_refuses(void **state)
{
    journal_t *journal = open_journal();
    keeper_t *keeper = keeper_create(&config, pool);
    const event_t *gap;

    (void)state;
    append_some(journal, 0, 100);
    refused_path = "/37";
    refused_times = -1;
    assert_true(drain_stubbornly(keeper, 60) >= 2);
    assert_int_equal(stored()->nelts, 100);
    assert_int_equal(stored_of("gap", &gap), 1);
    assert_string_equal(gap->cell[EVENT_SEQUENCE], "38");
    assert_non_null(strstr(gap->cell[EVENT_VALUES], "\"reason\":\"refused by the database\""));
    assert_non_null(strstr(gap->cell[EVENT_VALUES], "\"record_sha256\":\""));
    append_some(journal, 100, 110);
    drain_stubbornly(keeper, 1);
    assert_int_equal(stored()->nelts, 110);
    journal_close(journal);
}

static void test_an_event_that_is_refused_late(void **state)
{
    refused_late = 1;
    test_an_event_that_the_database_refuses(state);
}

static void test_a_passing_refusal_costs_nothing(void **state)
{
    journal_t *journal = open_journal();

    (void)state;
    for (int times = 1; times <= 10; times++) {
        append_some(journal, 100 * times, 100 * times + 100);
        refused_path = apr_psprintf(pool, "/%d", 100 * times + 37);
        refused_times = times;
        assert_int_equal(drain_stubbornly(keeper_create(&config, pool), 60), times);
    }
    assert_int_equal(stored()->nelts, 1000);
    assert_int_equal(stored_of("gap", NULL), 0);
    journal_close(journal);
}

static void append_long(journal_t *journal)
{
    event_t *event = event_create(pool);
    char values[LONG_VALUES + 1];

    memset(values, 'x', LONG_VALUES);
    values[LONG_VALUES] = '\0';
    event_set_time(event, EVENT_TIME, apr_time_now());
    event_set(event, EVENT_OPERATION, "write");
    event_set(event, EVENT_VALUES, values);
    assert_int_equal(journal_append(journal, JOURNAL_EVENT, 1000, event), APR_SUCCESS);
}

/* A gap would still fit where the event does not. */
static void test_a_full_disk_replaces_no_event(void **state)
{
    journal_t *journal = open_journal();
    keeper_t *keeper = keeper_create(&config, pool);
    int moved;

    (void)state;
    append_long(journal);
    append_some(journal, 0, 3);
    disk_full = 1;
    for (int i = 0; i < 40; i++) {
        assert_int_not_equal(keeper_drain(keeper, &moved), APR_SUCCESS);
    }
    assert_int_equal(logged("database cannot be written"), 1);
    disk_full = 0;
    sleep(1);
    drain_stubbornly(keeper, 10);
    assert_int_equal(stored()->nelts, 4);
    assert_int_equal(stored_of("gap", NULL), 0);
    assert_int_equal(logged("database is back"), 1);
    journal_close(journal);
}

/* The commit was carried out, but the answer was lost: nothing may be stored twice. */
static void test_a_doubtful_commit(void **state)
{
    journal_t *journal = open_journal();
    keeper_t *keeper = keeper_create(&config, pool);
    int moved;

    (void)state;
    append(journal, JOURNAL_INTENT, 1, "/a", NULL);
    append_some(journal, 2, 50);
    drain(keeper);
    append(journal, JOURNAL_OUTCOME, 1, NULL, "success");
    append_some(journal, 50, 100);
    commits_to_fail = 1;
    assert_int_not_equal(keeper_drain(keeper, &moved), APR_SUCCESS);
    sleep(1);
    drain(keeper);
    assert_int_equal(stored()->nelts, 99);
    assert_string_equal(stored_with("/a")->cell[EVENT_OUTCOME], "success");
    assert_int_equal(stored_of("gap", NULL), 0);
    journal_close(journal);
}

/* ---- leaving ---- */

static void set_stop(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

static void test_a_database_that_hangs_does_not_hold_up_the_exit(void **state)
{
    pid_t child;
    int result;

    (void)state;
    hang = 1;
    hanging =
        mmap(NULL, sizeof(*hanging), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(hanging != MAP_FAILED);
    signal(SIGTERM, set_stop);
    child = fork_child();
    if (child == 0) {
        _exit(keeper_run(&config, pool) == KEEPER_STOPPED ? 1 : 2); /* it never comes back */
    }
    while (!*hanging) {
        apr_sleep(apr_time_from_msec(10));
    }
    kill(child, SIGTERM);
    assert_int_equal(waitpid(child, &result, 0), child); /* it would never come back */
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == KEEPER_STOPPED);
    signal(SIGTERM, SIG_DFL);
}

/* ---- crashes ---- */

#define ROUNDS 25
#define WRITERS 3
#define LIVES 12 /* of the keeper, in a round */
#define MAX_CALLS 2000

/* A writer is a process that does what it is told and then says so. */
typedef struct writer_t {
    pid_t process;
    int orders[2], answers[2];
    int open[MAX_CALLS], opened,
        closed; /* calls with an intent; the first `closed` have outcomes */
} writer_t;

typedef struct order_t {
    char kind; /* i(ntent), o(utcome), e(vent), c(lose) */
    int call;
} order_t;

static writer_t writers[WRITERS];
static int calls;                /* in all */
static char expected[MAX_CALLS]; /* the outcome's first letter */

static void obey(journal_t *journal, const order_t *order)
{
    const char *path = apr_psprintf(pool, "/%d", order->call);
    apr_uint64_t number = (apr_uint64_t)order->call + 1;

    switch (order->kind) {
    case 'i':
        append(journal, JOURNAL_INTENT, number, path, NULL);
        break;
    case 'o':
        append(journal, JOURNAL_OUTCOME, number, NULL, "success");
        break;
    case 'e':
        append(journal, JOURNAL_EVENT, number, path, "failed");
        break;
    default:
        journal_close(journal);
        _exit(0);
    }
}

static void write_journal(const writer_t *writer)
{
    journal_t *journal = open_journal();
    order_t order;

    while (read(writer->orders[0], &order, sizeof(order)) == (ssize_t)sizeof(order)) {
        obey(journal, &order);
        if (write(writer->answers[1], "", 1) != 1) {
            break;
        }
    }
    _exit(1);
}

static void start_writer(writer_t *writer)
{
    memset(writer, 0, sizeof(*writer));
    assert_int_equal(pipe(writer->orders), 0);
    assert_int_equal(pipe(writer->answers), 0);
    writer->process = fork_child();
    if (writer->process == 0) {
        write_journal(writer);
    }
}

static void give_order(writer_t *writer, char kind, int call)
{
    order_t order;
    char answer;

    memset(&order, 0, sizeof(order)); /* it is written with its padding */
    order.kind = kind;
    order.call = call;
    assert_int_equal(write(writer->orders[1], &order, sizeof(order)), sizeof(order));
    if (kind != 'c') {
        assert_int_equal(read(writer->answers[0], &answer, 1), 1);
    }
}

/* By a kill or a close, with calls open. */
static void end_writer(writer_t *writer, int gently)
{
    if (gently) {
        give_order(writer, 'c', 0);
    }
    else {
        kill(writer->process, SIGKILL);
    }
    assert_int_equal(waitpid(writer->process, NULL, 0), writer->process);
    for (int i = 0; i < 2; i++) {
        close(writer->orders[i]);
        close(writer->answers[i]);
    }
}

static void make_calls(int count)
{
    for (int i = 0; i < count && calls < MAX_CALLS; i++) {
        writer_t *writer = &writers[rand() % WRITERS];
        int what = rand() % 3;

        if (what == 0 && writer->closed < writer->opened) {
            int call = writer->open[writer->closed++];

            give_order(writer, 'o', call);
            expected[call] = 's';
        }
        else {
            give_order(writer, what == 1 ? 'e' : 'i', calls);
            expected[calls] = what == 1 ? 'f' : 'u';
            if (what != 1) {
                writer->open[writer->opened++] = calls;
            }
            calls++;
        }
        if (rand() % 40 == 0) {
            end_writer(writer, rand() % 2);
            start_writer(writer);
        }
    }
}

/* A keeper that lives for so many steps, or until nothing is left to do. */
static void live(int steps)
{
    pid_t child = fork_child();

    if (child == 0) {
        steps_left = steps;
        drain_all();
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void assert_each_call_once(void)
{
    apr_array_header_t *events = stored();
    char seen[MAX_CALLS] = "";

    assert_int_equal(events->nelts, calls);
    for (int i = 0; i < events->nelts; i++) {
        const event_t *event = APR_ARRAY_IDX(events, i, const event_t *);
        int call = atoi(event->cell[EVENT_PATH] + 1);

        assert_false(seen[call]++);
        assert_int_equal(event->cell[EVENT_OUTCOME][0], expected[call]);
    }
}

static void crash_round(unsigned seed)
{
    print_message("# seed %u\n", seed);
    srand(seed);
    calls = 0;
    for (int i = 0; i < WRITERS; i++) {
        start_writer(&writers[i]);
    }
    for (int i = 0; i < LIVES; i++) {
        make_calls(rand() % 40);
        live(1 + rand() % 60);
    }
    for (int i = 0; i < WRITERS; i++) {
        end_writer(&writers[i], rand() % 2);
    }
    for (int i = 0; i < LIVES; i++) {
        live(1 + rand() % 30);
    }
    live(0);
    assert_each_call_once();
    assert_int_equal(segment_count(), 0);
    assert_int_equal(position_count(), 0);
    assert_int_equal(running_count(), 0);
}

/* TEST_SEED repeats one round. */
static void test_every_call_stands_once_whenever_who_dies(void **state)
{
    const char *given = getenv("TEST_SEED");
    unsigned seed = given ? (unsigned)atoi(given) : (unsigned)time(NULL);

    for (int i = 0; i < (given ? 1 : ROUNDS); i++) {
        if (i > 0) {
            keeper_tear_down(state);
            assert_int_equal(faults_set_up(state), 0);
        }
        crash_round(seed + (unsigned)i);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, faults_set_up, keeper_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_event_that_the_database_refuses),
        TEST(test_an_event_that_is_refused_late),
        TEST(test_a_passing_refusal_costs_nothing),
        TEST(test_a_full_disk_replaces_no_event),
        TEST(test_a_doubtful_commit),
        TEST(test_a_database_that_hangs_does_not_hold_up_the_exit),
        TEST(test_every_call_stands_once_whenever_who_dies),
    };
    apr_pool_t *process;

    apr_initialize();
    apr_pool_create(&process, NULL);
    store_initialize(process, "sqlite3", NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
