/* What the keeper does of its own accord: ends idle sessions, notes last actions, purges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "keeper_fixture.h"
#include "session/revocation.h"

/* ---- sessions ---- */

#define REFERENCE "0123456789abcdef0123456789abcdef"

static void make_session(apr_interval_time_t idle)
{
    session_t session;
    apr_pool_t *own;

    apr_pool_create(&own, pool);
    assert_int_equal(session_table_create(&config.sessions, own, 64), APR_SUCCESS);
    memset(&session, 0, sizeof(session));
    memset(session.fingerprint.bytes, 7, sizeof(session.fingerprint.bytes));
    strcpy(session.reference, REFERENCE);
    strcpy(session.site, "odoo");
    strcpy(session.database, "prod");
    strcpy(session.login, "admin");
    strcpy(session.name, "J\xc3\xb6rg");
    strcpy(session.address, "192.0.2.1");
    session.uid = 2;
    session.state = SESSION_OPEN;
    session.last_action = session.last_seen = apr_time_now() - idle;
    session.started = session.last_action - apr_time_from_sec(10);
    session.last_action_boot = boot_time_now() - idle;
    session.started_boot = session.last_action_boot - apr_time_from_sec(10);
    assert_int_equal(session_table_restore(config.sessions, &session), APR_SUCCESS);
}

static void start_session(void)
{
    journal_t *journal = open_journal();
    event_t *event = event_create(pool);

    event_set_time(event, EVENT_TIME, apr_time_now() - apr_time_from_sec(5000));
    event_set(event, EVENT_OPERATION, "session_started");
    event_set(event, EVENT_SITE, "odoo");
    event_set(event, EVENT_SESSION, REFERENCE);
    assert_int_equal(journal_append(journal, JOURNAL_EVENT, 1, event), APR_SUCCESS);
    journal_close(journal);
}

static const keeper_site_t idle_after_a_minute[] = {
    {.name = "odoo", .limits = {.idle = 60 * APR_USEC_PER_SEC}}};

static keeper_t *keeper_with_limit(void)
{
    config.sites = idle_after_a_minute;
    config.site_count = 1;
    return keeper_create(&config, pool);
}

static void test_an_idle_session_expires(void **state)
{
    keeper_t *keeper = keeper_with_limit();
    const event_t *event;
    session_t session;
    fingerprint_t fingerprint;

    (void)state;
    make_session(apr_time_from_sec(61));
    start_session();
    assert_int_equal(keeper_cleanup(keeper), APR_SUCCESS);
    assert_int_equal(keeper_cleanup(keeper), APR_SUCCESS);
    drain(keeper);
    assert_int_equal(stored_of("session_expired", &event), 1);
    assert_string_equal(event->cell[EVENT_VALUES], "{\"reason\":\"idle\"}");
    assert_string_equal(event->cell[EVENT_SESSION], REFERENCE);
    assert_string_equal(event->cell[EVENT_SITE], "odoo");
    assert_string_equal(event->cell[EVENT_LOGIN], "admin");
    assert_string_equal(event->cell[EVENT_UID], "2");
    assert_string_equal(event->cell[EVENT_IP], "192.0.2.1");
    assert_string_equal(stored_session(REFERENCE)->state, "expired");
    memset(fingerprint.bytes, 7, sizeof(fingerprint.bytes));
    assert_int_equal(session_table_find(config.sessions, &fingerprint, &session), APR_SUCCESS);
    assert_int_equal(session.state, SESSION_EXPIRED);
}

/* Ended while machines tell each other, and they stop before it was this one's turn. */
static void test_an_untold_end_is_told_alone(void **state)
{
    keeper_t *keeper = keeper_with_limit();
    const event_t *event;

    (void)state;
    make_session(apr_time_from_sec(61));
    session_table_set_synced(config.sessions, boot_time_now() + apr_time_from_sec(3600));
    assert_int_equal(keeper_cleanup(keeper), APR_SUCCESS);
    assert_int_equal(keeper_cleanup(keeper), APR_SUCCESS);
    drain(keeper);
    assert_int_equal(stored_of("session_expired", NULL), 0);
    session_table_set_synced(config.sessions, 0);
    assert_int_equal(keeper_cleanup(keeper), APR_SUCCESS);
    assert_int_equal(keeper_cleanup(keeper), APR_SUCCESS);
    drain(keeper);
    assert_int_equal(stored_of("session_expired", &event), 1);
    assert_string_equal(event->cell[EVENT_VALUES], "{\"reason\":\"idle\"}");
}

static void test_a_busy_session_is_touched(void **state)
{
    keeper_t *keeper = keeper_with_limit();
    const session_row_t *row;

    (void)state;
    make_session(apr_time_from_sec(30));
    start_session();
    drain(keeper);
    assert_int_equal(keeper_cleanup(keeper), APR_SUCCESS);
    drain(keeper);
    assert_int_equal(stored_of("session_expired", NULL), 0);
    row = stored_session(REFERENCE);
    assert_string_equal(row->address, "192.0.2.1");
    assert_in_range(apr_time_sec(apr_time_now() - row->last_action), 29, 300);
}

static void test_the_snapshot_keeps_sessions(void **state)
{
    keeper_t *keeper = keeper_with_limit();
    session_table_t *loaded;
    unsigned count;

    (void)state;
    make_session(0);
    assert_int_equal(keeper_cleanup(keeper), APR_SUCCESS);
    assert_int_equal(session_table_create(&loaded, pool, 64), APR_SUCCESS);
    assert_int_equal(session_snapshot_load(apr_pstrcat(pool, state_dir, "/sessions", NULL), loaded,
                                           apr_time_now(), boot_time_now(), &count, pool),
                     APR_SUCCESS);
    assert_int_equal(count, 1);
}

/* ---- purging ---- */

static void append_aged(const char *operation, int count, int days)
{
    journal_t *journal = open_journal();
    event_t *event = event_create(pool);

    event_set_time(event, EVENT_TIME, apr_time_now() - apr_time_from_sec(days * 86400));
    event_set(event, EVENT_OPERATION, operation);
    for (int i = 0; i < count; i++) {
        assert_int_equal(journal_append(journal, JOURNAL_EVENT, 1, event), APR_SUCCESS);
    }
    journal_close(journal);
}

static const char *const writes[] = {"write", "create", NULL};
static const char *const reads[] = {"read", NULL};
static const keeper_retention_t retention[] = {{writes, 400 * 86400 * APR_USEC_PER_SEC},
                                               {reads, 30 * 86400 * APR_USEC_PER_SEC}};

static void test_purge(void **state)
{
    keeper_t *keeper;
    const event_t *event;

    (void)state;
    append_aged("write", 3, 401);
    append_aged("write", 2, 399);
    append_aged("read", KEEPER_PURGE_BATCH + 100, 31);
    append_aged("read", 4, 29);
    append_aged("login", 1, 1000);
    drain_all();
    config.retention = retention;
    config.retention_count = 2;
    keeper = keeper_create(&config, pool);
    assert_int_equal(keeper_cleanup(keeper), APR_SUCCESS);
    assert_int_equal(stored_of("read", NULL), 104);
    assert_int_equal(stored_of("write", NULL), 2);
    assert_int_equal(keeper_cleanup(keeper), APR_SUCCESS);
    drain(keeper);
    assert_int_equal(stored_of("read", NULL), 4);
    assert_int_equal(stored_of("write", NULL), 2);
    assert_int_equal(stored_of("login", NULL), 1);
    assert_int_equal(stored_of("purged", &event), 3);
    assert_non_null(strstr(event->cell[EVENT_VALUES], "\"events\":100,"));
    assert_non_null(strstr(event->cell[EVENT_VALUES], "\"total\":603,"));
}

/* Another writer gets the database, and what is in the journal gets into it, between two batches.
 */
static void test_a_batch_lets_others_write(void **state)
{
    keeper_t *keeper;
    store_t *other;
    int left = 5 * KEEPER_PURGE_BATCH;

    (void)state;
    append_aged("read", left, 31);
    drain_all();
    config.retention = retention;
    config.retention_count = 2;
    keeper = keeper_create(&config, pool);
    for (int inserted = 1; left > 0; inserted++) {
        assert_int_equal(keeper_cleanup(keeper), APR_SUCCESS);
        assert_int_equal(stored_of("read", NULL), left - KEEPER_PURGE_BATCH);
        left -= KEEPER_PURGE_BATCH;
        assert_int_equal(store_open(&other, pool, &config.store, STORE_WRITE, NULL), APR_SUCCESS);
        assert_int_equal(store_begin(other), APR_SUCCESS);
        store_rollback(other);
        store_close(other);
        append_aged("create", 1, 0);
        drain(keeper);
        assert_int_equal(stored_of("create", NULL), inserted);
    }
}

/* The oldest go, of whatever kind, until a twentieth is free; what is held stays. */
static void test_size(void **state)
{
    keeper_t *keeper;
    const event_t *event;
    journal_t *journal = open_journal();
    event_t *hold = event_create(pool);
    int left;

    (void)state;
    event_set_time(hold, EVENT_TIME, apr_time_now());
    event_set(hold, EVENT_OPERATION, "hold_set");
    event_set(hold, EVENT_SITE, "odoo");
    event_set(hold, EVENT_VALUES, "{\"hold\":\"h\",\"user\":\"7\"}");
    assert_int_equal(journal_append(journal, JOURNAL_EVENT, 1, hold), APR_SUCCESS);
    journal_close(journal);
    drain_all();
    append_aged("login", 100, 3);
    drain_all();
    append_aged("write", 300, 2);
    drain_all();
    append_aged("read", 100, 1);
    drain_all();
    config.max_store_size = 100000; /* some 360 of 501 */
    keeper = keeper_create(&config, pool);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(keeper_cleanup(keeper), APR_SUCCESS);
    }
    assert_int_equal(stored_of("login", NULL), 0);
    left = stored_of("write", NULL);
    assert_in_range(left, 100, 290);
    assert_int_equal(stored_of("read", NULL), 100);
    assert_int_equal(stored_of("hold_set", NULL), 1);
    assert_true(stored_of("purged", &event) >= 1);
    assert_non_null(strstr(event->cell[EVENT_VALUES], "\"why\":\"size\""));
    append_aged("read", 5, 0);
    drain(keeper);
    assert_int_equal(keeper_cleanup(keeper), APR_SUCCESS);
    assert_int_equal(stored_of("write", NULL), left);
}

/* ---- when ---- */

static void test_the_monitor_makes_cleanup_due(void **state)
{
    pid_t child;
    const event_t *event;

    (void)state;
    config.sites = idle_after_a_minute;
    config.site_count = 1;
    make_session(apr_time_from_sec(58));
    child = run_keeper();
    apr_sleep(apr_time_from_msec(2500));
    session_table_set_cleanup_due(config.sessions, apr_time_now());
    for (int i = 0; i < 6000 && !stored_of("session_expired", NULL); i++) {
        apr_sleep(apr_time_from_msec(20));
    }
    kill(child, SIGTERM);
    assert_int_equal(exit_of(child), KEEPER_STOPPED);
    assert_int_equal(stored_of("session_expired", &event), 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, keeper_set_up, keeper_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_idle_session_expires),
        TEST(test_an_untold_end_is_told_alone),
        TEST(test_a_busy_session_is_touched),
        TEST(test_the_snapshot_keeps_sessions),
        TEST(test_purge),
        TEST(test_a_batch_lets_others_write),
        TEST(test_size),
        TEST(test_the_monitor_makes_cleanup_due),
    };
    apr_pool_t *process;

    apr_initialize();
    apr_pool_create(&process, NULL);
    store_initialize(process, "sqlite3", NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
