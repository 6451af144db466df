/* The keeper: from the journal into the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "keeper_fixture.h"

/* ---- moving ---- */

static void test_events_are_moved_and_chained(void **state)
{
    journal_t *journal = open_journal();

    (void)state;
    for (apr_uint64_t i = 1; i <= 3; i++) {
        append(journal, JOURNAL_EVENT, i, apr_psprintf(pool, "/%d", (int)i), "success");
    }
    drain_all();
    assert_int_equal(stored()->nelts, 3);
    assert_string_equal(stored_with("/2")->cell[EVENT_SEQUENCE], "2");
    append(journal, JOURNAL_EVENT, 4, "/4", "success");
    drain_all();
    assert_int_equal(stored()->nelts, 4);
    assert_int_equal(position_count(), 1);
    assert_int_equal(segment_count(), 1);
    journal_close(journal);
    drain_all();
    assert_int_equal(stored()->nelts, 4);
    assert_int_equal(segment_count(), 0);
    assert_int_equal(position_count(), 0);
}

static void test_intent_and_outcome_make_one_event(void **state)
{
    journal_t *journal = open_journal();
    const event_t *event;

    (void)state;
    append(journal, JOURNAL_INTENT, 1, "/a", NULL);
    append(journal, JOURNAL_OUTCOME, 1, NULL, "denied");
    append(journal, JOURNAL_INTENT, 2, "/b", NULL);
    drain_all();
    assert_int_equal(stored()->nelts, 1);
    assert_int_equal(running_count(), 1);
    append(journal, JOURNAL_OUTCOME, 2, NULL, "success");
    drain_all();
    assert_int_equal(stored()->nelts, 2);
    assert_int_equal(running_count(), 0);
    event = stored_with("/a");
    assert_string_equal(event->cell[EVENT_OUTCOME], "denied");
    assert_string_equal(event->cell[EVENT_OPERATION], "write");
    event = stored_with("/b");
    assert_string_equal(event->cell[EVENT_OUTCOME], "success");
    assert_string_equal(event->cell[EVENT_OPERATION], "write");
    journal_close(journal);
}

/* Numbers are an owner's own: the same ones of another owner are other calls. */
static void test_owners_are_kept_apart(void **state)
{
    journal_t *first = open_journal(), *second = open_journal();

    (void)state;
    append(first, JOURNAL_INTENT, 1, "/first", NULL);
    append(second, JOURNAL_INTENT, 1, "/second", NULL);
    drain_all();
    append(second, JOURNAL_OUTCOME, 1, NULL, "failed");
    drain_all();
    append(first, JOURNAL_OUTCOME, 1, NULL, "success");
    drain_all();
    assert_string_equal(stored_with("/first")->cell[EVENT_OUTCOME], "success");
    assert_string_equal(stored_with("/second")->cell[EVENT_OUTCOME], "failed");
    journal_close(first);
    journal_close(second);
}

static void test_outcome_without_intent(void **state)
{
    journal_t *journal = open_journal();
    const event_t *event;

    (void)state;
    append(journal, JOURNAL_OUTCOME, 7, NULL, "success");
    drain_all();
    event = APR_ARRAY_IDX(stored(), 0, const event_t *);
    assert_string_equal(event->cell[EVENT_FLAGS], "intent_missing");
    assert_string_equal(event->cell[EVENT_OUTCOME], "success");
    journal_close(journal);
}

static void leave_intents(journal_t *journal)
{
    append(journal, JOURNAL_INTENT, 1, "/open", NULL);
    append(journal, JOURNAL_INTENT, 2, "/closed", NULL);
    append(journal, JOURNAL_OUTCOME, 2, NULL, "success");
}

static void test_a_dead_owner_leaves_unknown_outcomes(void **state)
{
    (void)state;
    die_owning(leave_intents);
    drain_all();
    assert_int_equal(stored()->nelts, 2);
    assert_string_equal(stored_with("/open")->cell[EVENT_OUTCOME], "unknown");
    assert_string_equal(stored_with("/closed")->cell[EVENT_OUTCOME], "success");
    assert_int_equal(running_count(), 0);
    assert_int_equal(segment_count(), 0);
    assert_int_equal(position_count(), 0);
}

static void test_a_living_owner_keeps_its_intents(void **state)
{
    journal_t *journal = open_journal();

    (void)state;
    append(journal, JOURNAL_INTENT, 1, "/open", NULL);
    drain_all();
    drain_all();
    assert_int_equal(stored()->nelts, 0);
    assert_int_equal(running_count(), 1);
    journal_close(journal);
    drain_all();
    assert_string_equal(stored_with("/open")->cell[EVENT_OUTCOME], "unknown");
}

/* Events that fill a segment, so that the next one goes into another. */
static void fill_segment(journal_t *journal)
{
    struct stat info;
    event_t *event = event_create(pool);
    char *values = apr_palloc(pool, 60001);

    memset(values, 'x', 60000);
    values[60000] = '\0';
    event_set_time(event, EVENT_TIME, apr_time_now());
    event_set(event, EVENT_OPERATION, "filler");
    event_set(event, EVENT_VALUES, values);
    do {
        assert_int_equal(journal_append(journal, JOURNAL_EVENT, 1000, event), APR_SUCCESS);
        assert_int_equal(stat(segment_path(segment_count() - 1), &info), 0);
    } while (info.st_size < JOURNAL_SEGMENT_SIZE);
}

static void test_an_outcome_in_a_later_segment(void **state)
{
    journal_t *journal = open_journal();

    (void)state;
    append(journal, JOURNAL_INTENT, 1, "/across", NULL);
    append(journal, JOURNAL_INTENT, 2, "/never", NULL);
    fill_segment(journal);
    append(journal, JOURNAL_EVENT, 3, "/between", "success");
    assert_int_equal(segment_count(), 2);
    drain_all();
    assert_int_equal(segment_count(), 1);
    assert_int_equal(position_count(), 1);
    append(journal, JOURNAL_OUTCOME, 1, NULL, "success");
    drain_all();
    assert_string_equal(stored_with("/across")->cell[EVENT_OUTCOME], "success");
    assert_int_equal(running_count(), 1);
    journal_close(journal);
    drain_all();
    assert_string_equal(stored_with("/never")->cell[EVENT_OUTCOME], "unknown");
    assert_int_equal(segment_count(), 0);
    stored();
}

static void leave_many_intents(journal_t *journal)
{
    for (apr_uint64_t i = 1; i <= 2500; i++) {
        append(journal, JOURNAL_INTENT, i, "/many", NULL);
    }
}

static void test_many_unknown_outcomes(void **state)
{
    (void)state;
    die_owning(leave_many_intents);
    drain_all();
    drain_all();
    assert_int_equal(stored()->nelts, 2500);
    assert_int_equal(running_count(), 0);
    assert_int_equal(segment_count(), 0);
}

/* ---- damage ---- */

static void append_three(journal_t *journal)
{
    append(journal, JOURNAL_EVENT, 1, "/one", "success");
    append(journal, JOURNAL_EVENT, 2, "/two", "success");
    append(journal, JOURNAL_EVENT, 3, "/three", "success");
}

static apr_int64_t size_of_segment(void)
{
    struct stat info;

    assert_int_equal(stat(segment_path(0), &info), 0);
    return info.st_size;
}

static void test_a_torn_end_is_dropped(void **state)
{
    (void)state;
    die_owning(append_three);
    assert_int_equal(truncate(segment_path(0), size_of_segment() - 3), 0);
    drain_all();
    assert_int_equal(stored()->nelts, 2);
    assert_int_equal(stored_of("gap", NULL), 0);
    assert_int_equal(segment_count(), 0);
}

static void test_damage_becomes_a_gap(void **state)
{
    const event_t *gap;
    int file;

    (void)state;
    die_owning(append_three);
    file = open(segment_path(0), O_WRONLY);
    assert_int_equal(pwrite(file, "!", 1, 64 + (size_of_segment() - 64) / 2), 1);
    close(file);
    drain_all();
    assert_int_equal(stored()->nelts, 3);
    stored_with("/one");
    stored_with("/three");
    assert_int_equal(stored_of("gap", &gap), 1);
    assert_non_null(strstr(gap->cell[EVENT_VALUES], "\"reason\":\"damaged journal\""));
    assert_non_null(strstr(gap->cell[EVENT_VALUES], ".segment\",\"from\":"));
    assert_int_equal(logged("lost to the trail"), 1);
    assert_int_equal(segment_count(), 0);
}

static void append_unreadable(journal_t *journal)
{
    event_t *event = event_create(pool);

    append(journal, JOURNAL_EVENT, 1, "/one", "success");
    event->cell[EVENT_PATH] = "\xff no UTF-8";
    journal_append(journal, JOURNAL_EVENT, 2, event);
    append(journal, JOURNAL_EVENT, 3, "/three", "success");
}

static void test_an_unreadable_event_becomes_a_gap(void **state)
{
    const event_t *gap;

    (void)state;
    die_owning(append_unreadable);
    drain_all();
    assert_int_equal(stored()->nelts, 3);
    assert_int_equal(stored_of("gap", &gap), 1);
    assert_string_equal(gap->cell[EVENT_SEQUENCE], "2");
    assert_non_null(strstr(gap->cell[EVENT_VALUES], "\"record_sha256\":\""));
}

/* Somebody empties the folder: what was begun there is told all the same, and no position stays. */
static void test_a_segment_that_was_removed(void **state)
{
    journal_t *journal = open_journal();

    (void)state;
    append(journal, JOURNAL_INTENT, 1, "/open", NULL);
    drain_all();
    assert_int_equal(unlink(segment_path(0)), 0);
    drain_all();
    assert_string_equal(stored_with("/open")->cell[EVENT_OUTCOME], "unknown");
    assert_int_equal(position_count(), 0);
    journal_close(journal);
}

static void test_another_writer_of_this_node_is_a_clash(void **state)
{
    keeper_t *first = keeper_create(&config, pool);
    keeper_config_t other = config;
    journal_t *journal = open_journal(), *copy;
    char *folder = apr_pstrcat(pool, state_dir, "/other", NULL);
    int moved;

    (void)state;
    append(journal, JOURNAL_EVENT, 1, "/one", "success");
    drain(first);
    mkdir(folder, 0700);
    mkdir(apr_pstrcat(pool, folder, "/journal", NULL), 0700);
    other.state_dir = folder;
    assert_int_equal(journal_open(&copy, pool, apr_pstrcat(pool, folder, "/journal", NULL),
                                  JOURNAL_SYNC_OFF, 0),
                     APR_SUCCESS);
    append(copy, JOURNAL_EVENT, 1, "/copy", "success");
    drain(keeper_create(&other, pool));
    append(journal, JOURNAL_EVENT, 2, "/two", "success");
    assert_int_equal(keeper_drain(first, &moved), APR_EEXIST);
    assert_int_equal(logged("a name of its own"), 1);
}

static void test_the_database_is_away(void **state)
{
    const char *folder = apr_pstrcat(pool, state_dir, "/database", NULL);
    journal_t *journal = open_journal();
    keeper_t *keeper;
    apr_time_t begun = boot_time_now();
    apr_status_t status;
    int moved;

    (void)state;
    config.store.params = apr_pstrcat(pool, folder, "/audit.db", NULL);
    keeper = keeper_create(&config, pool);
    append(journal, JOURNAL_EVENT, 1, "/one", "success");
    for (int i = 0; i < 3; i++) {
        assert_int_not_equal(keeper_drain(keeper, &moved), APR_SUCCESS);
        assert_int_equal(moved, 0);
    }
    assert_int_equal(logged("database cannot be reached"), 1);
    mkdir(folder, 0700);
    status = keeper_drain(keeper, &moved);
    assert_true(status != APR_SUCCESS || boot_time_now() - begun >= apr_time_from_sec(1));
    sleep(1);
    drain(keeper);
    assert_int_equal(logged("database is back"), 1);
    assert_int_equal(logged("database cannot be reached"), 1);
    assert_int_equal(stored()->nelts, 1);
    journal_close(journal);
}

/* ---- running ---- */

static void wait_for_the_end_of(const char *path)
{
    for (int i = 0; i < 2400 && access(path, F_OK) == 0; i++) {
        apr_sleep(50000);
    }
    assert_int_not_equal(access(path, F_OK), 0);
}

/* A keeper that has a second to leave may have no time to say so on a busy machine. Returns how
 * many came and went until one did. */
static int run_until_stopped_in_order(void)
{
    int keepers = 0;

    do {
        pid_t child;
        const char *left;

        die_owning(append_three);
        left = segment_path(0);
        child = run_keeper();
        wait_for_the_end_of(left);
        kill(child, SIGTERM);
        assert_int_equal(exit_of(child), KEEPER_STOPPED);
        keepers++;
    } while (stored_of("stopped", NULL) == 0 && keepers < 10);
    return keepers;
}

static void test_run_and_stop(void **state)
{
    const event_t *event;
    int keepers;

    (void)state;
    keepers = run_until_stopped_in_order();
    assert_int_equal(stored_of("write", NULL), 3 * keepers);
    assert_int_equal(stored_of("started", &event), keepers);
    assert_non_null(strstr(event->cell[EVENT_VALUES], "\"version\":"));
    assert_string_equal(event->cell[EVENT_CHANNEL], "module");
    assert_int_equal(stored_of("stopped", NULL), 1);
    assert_int_equal(segment_count(), 0);
}

static void test_a_second_keeper_is_refused(void **state)
{
    pid_t first = run_keeper(), second;

    (void)state;
    for (int i = 0; i < 2400 && segment_count() == 0; i++) {
        apr_sleep(50000); /* it writes its own segment only with the lock in hand */
    }
    second = run_keeper();
    assert_int_equal(exit_of(second), KEEPER_SECOND);
    kill(first, SIGTERM);
    assert_int_equal(exit_of(first), KEEPER_STOPPED);
}

static void test_no_state(void **state)
{
    (void)state;
    config.state_dir = apr_pstrcat(pool, state_dir, "/none", NULL);
    assert_int_equal(keeper_run(&config, pool), KEEPER_NO_STATE);
    assert_int_equal(logged("a folder that httpd's user may write"), 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, keeper_set_up, keeper_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_events_are_moved_and_chained),
        TEST(test_intent_and_outcome_make_one_event),
        TEST(test_owners_are_kept_apart),
        TEST(test_outcome_without_intent),
        TEST(test_a_dead_owner_leaves_unknown_outcomes),
        TEST(test_a_living_owner_keeps_its_intents),
        TEST(test_an_outcome_in_a_later_segment),
        TEST(test_many_unknown_outcomes),
        TEST(test_a_torn_end_is_dropped),
        TEST(test_damage_becomes_a_gap),
        TEST(test_an_unreadable_event_becomes_a_gap),
        TEST(test_a_segment_that_was_removed),
        TEST(test_another_writer_of_this_node_is_a_clash),
        TEST(test_the_database_is_away),
        TEST(test_run_and_stop),
        TEST(test_a_second_keeper_is_refused),
        TEST(test_no_state),
    };
    apr_pool_t *process;

    apr_initialize();
    apr_pool_create(&process, NULL);
    store_initialize(process, "sqlite3", NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
