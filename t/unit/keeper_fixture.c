#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "keeper_fixture.h"
#include "trail/chain.h"

#define MAX_EVENTS 100000

apr_pool_t *pool;
char state_dir[64];
keeper_config_t config;
volatile sig_atomic_t stop;

static apr_array_header_t *lines;

static void note_line(void *payload, keeper_level_t level, apr_status_t status,
                      const char *sentence)
{
    (void)payload;
    (void)level;
    (void)status;
    APR_ARRAY_PUSH(lines, const char *) = apr_pstrdup(pool, sentence);
    if (getenv("KEEPER_TEST_LOG")) {
        fprintf(stderr, "# %s (%d)\n", sentence, status);
    }
}

int keeper_set_up(void **state)
{
    (void)state;
    apr_pool_create(&pool, NULL);
    strcpy(state_dir, "/tmp/test_keeper.XXXXXX");
    if (!mkdtemp(state_dir) || mkdir(journal_folder(), 0700) != 0) {
        return -1;
    }
    lines = apr_array_make(pool, 16, sizeof(const char *));
    memset(&config, 0, sizeof(config));
    config.state_dir = state_dir;
    config.node = NODE;
    config.store.driver = "sqlite3";
    config.store.params = apr_pstrcat(pool, state_dir, "/audit.db", NULL);
    config.sync = JOURNAL_SYNC_OFF;
    config.cleanup_interval = apr_time_from_sec(60);
    config.log = note_line;
    config.stop = &stop;
    stop = 0;
    return 0;
}

int keeper_tear_down(void **state)
{
    int failed = system(apr_pstrcat(pool, "rm -rf '", state_dir, "'", NULL));

    (void)state;
    apr_pool_destroy(pool);
    return failed;
}

const char *journal_folder(void)
{
    return apr_pstrcat(pool, state_dir, "/journal", NULL);
}

int logged(const char *text)
{
    int count = 0;

    for (int i = 0; i < lines->nelts; i++) {
        count += strstr(APR_ARRAY_IDX(lines, i, const char *), text) != NULL;
    }
    return count;
}

/* ---- writing ---- */

journal_t *open_journal(void)
{
    journal_t *journal;

    assert_int_equal(journal_open(&journal, pool, journal_folder(), JOURNAL_SYNC_OFF, 0),
                     APR_SUCCESS);
    return journal;
}

void append(journal_t *journal, journal_kind_t kind, apr_uint64_t number, const char *path,
            const char *outcome)
{
    apr_pool_t *own;
    event_t *event;

    apr_pool_create(&own, pool);
    event = event_create(own);
    if (kind != JOURNAL_OUTCOME) {
        event_set_time(event, EVENT_TIME, apr_time_now());
        event_set(event, EVENT_OPERATION, "write");
        event_set(event, EVENT_PATH, path);
    }
    event_set(event, EVENT_OUTCOME, outcome);
    assert_int_equal(journal_append(journal, kind, number, event), APR_SUCCESS);
    apr_pool_destroy(own);
}

void die_owning(void (*act)(journal_t *journal))
{
    pid_t child = fork_child();
    int result;

    if (child == 0) {
        act(open_journal());
        _exit(0);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

static apr_array_header_t *segments(void)
{
    apr_array_header_t *listed;

    assert_int_equal(journal_list(&listed, pool, journal_folder()), APR_SUCCESS);
    return listed;
}

int segment_count(void)
{
    return segments()->nelts;
}

const char *segment_path(int index)
{
    apr_array_header_t *listed = segments();

    assert_true(index < listed->nelts);
    return apr_pstrcat(pool, journal_folder(), "/",
                       APR_ARRAY_IDX(listed, index, journal_segment_t).name, NULL);
}

/* ---- the keeper ---- */

void drain(keeper_t *keeper)
{
    /* The last round finds nothing to move and deletes the positions of what has been removed. */
    for (int moved = 1, idle = 0; idle < 3; idle = moved ? 0 : idle + 1) {
        assert_int_equal(keeper_drain(keeper, &moved), APR_SUCCESS);
    }
}

void drain_all(void)
{
    apr_pool_t *own;

    apr_pool_create(&own, pool);
    drain(keeper_create(&config, own));
    apr_pool_destroy(own);
}

static void set_stop(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

pid_t fork_child(void)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    return child;
}

pid_t run_keeper(void)
{
    pid_t child = fork_child();

    if (child == 0) {
        signal(SIGTERM, set_stop);
        _exit(keeper_run(&config, pool));
    }
    return child;
}

int exit_of(pid_t child)
{
    int result;

    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    return WEXITSTATUS(result);
}

/* ---- reading ---- */

static store_t *open_store(store_mode_t mode)
{
    store_t *store;
    const char *problem = NULL;

    if (store_open(&store, pool, &config.store, mode, &problem) != APR_SUCCESS) {
        fail_msg("%s", problem);
    }
    return store;
}

static int keep_event(void *payload, const event_t *event)
{
    event_t *copy = event_create(pool);

    for (int column = 0; column < EVENT_COLUMNS; column++) {
        copy->cell[column] = apr_pstrdup(pool, event->cell[column]);
    }
    APR_ARRAY_PUSH((apr_array_header_t *)payload, const event_t *) = copy;
    return 0;
}

static void assert_chain(const apr_array_header_t *events)
{
    const char *previous = CHAIN_GENESIS;
    buffer_t scratch;

    buffer_init(&scratch, pool, CHAIN_SCRATCH_LIMIT);
    for (int i = 0; i < events->nelts; i++) {
        const event_t *event = APR_ARRAY_IDX(events, i, const event_t *);

        assert_int_equal(apr_atoi64(event->cell[EVENT_SEQUENCE]), i + 1);
        assert_string_equal(event->cell[EVENT_NODE], NODE);
        assert_string_equal(event->cell[EVENT_PREVIOUS_HASH], previous);
        assert_true(chain_intact(event, &scratch));
        previous = event->cell[EVENT_HASH];
    }
}

/* The whole trail, in the pages that the store gives. */
static apr_array_header_t *read_events(void)
{
    store_t *store = open_store(STORE_READ);
    event_filter_t filter;
    apr_array_header_t *events = apr_array_make(pool, 64, sizeof(const event_t *));
    int before;

    memset(&filter, 0, sizeof(filter));
    do {
        apr_int64_t after = 0;

        before = events->nelts;
        if (before > 0) {
            after = apr_atoi64(APR_ARRAY_IDX(events, before - 1, const event_t *)->cell[EVENT_ID]);
        }
        assert_int_equal(store_events_after(store, &filter, after, 500, keep_event, events, pool),
                         APR_SUCCESS);
    } while (events->nelts > before && events->nelts < MAX_EVENTS);
    store_close(store);
    return events;
}

apr_array_header_t *stored(void)
{
    apr_array_header_t *events = read_events();

    assert_chain(events);
    return events;
}

const event_t *stored_with(const char *path)
{
    apr_array_header_t *events = read_events();
    const event_t *found = NULL;

    for (int i = 0; i < events->nelts; i++) {
        const event_t *event = APR_ARRAY_IDX(events, i, const event_t *);

        if (event->cell[EVENT_PATH] && strcmp(event->cell[EVENT_PATH], path) == 0) {
            assert_null(found);
            found = event;
        }
    }
    assert_non_null(found);
    return found;
}

int stored_of(const char *operation, const event_t **last)
{
    apr_array_header_t *events = read_events();
    int count = 0;

    for (int i = 0; i < events->nelts; i++) {
        const event_t *event = APR_ARRAY_IDX(events, i, const event_t *);

        if (strcmp(event->cell[EVENT_OPERATION], operation) == 0) {
            count++;
            if (last) {
                *last = event;
            }
        }
    }
    return count;
}

int position_count(void)
{
    store_t *store = open_store(STORE_READ);
    apr_array_header_t *positions;

    assert_int_equal(store_positions(store, NODE, &positions, pool), APR_SUCCESS);
    store_close(store);
    return positions->nelts;
}

int running_count(void)
{
    store_t *store = open_store(STORE_READ);
    apr_array_header_t *events = apr_array_make(pool, 16, sizeof(const event_t *));
    event_filter_t filter;

    memset(&filter, 0, sizeof(filter));
    assert_int_equal(store_running(store, &filter, STORE_MAX_RUNNING, keep_event, events, pool),
                     APR_SUCCESS);
    store_close(store);
    return events->nelts;
}

static int keep_session(void *payload, const session_row_t *session)
{
    session_row_t *copy = payload;

    *copy = *session;
    copy->reference = apr_pstrdup(pool, session->reference);
    copy->state = apr_pstrdup(pool, session->state);
    copy->reason = apr_pstrdup(pool, session->reason);
    copy->address = apr_pstrdup(pool, session->address);
    return 0;
}

const session_row_t *stored_session(const char *reference)
{
    store_t *store = open_store(STORE_READ);
    session_row_t *found = apr_pcalloc(pool, sizeof(*found));
    session_filter_t filter;

    memset(&filter, 0, sizeof(filter));
    filter.reference = reference;
    assert_int_equal(store_sessions(store, &filter, 0, 1, keep_session, found, pool), APR_SUCCESS);
    store_close(store);
    assert_non_null(found->reference);
    return found;
}
