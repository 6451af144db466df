/* PostgreSQL's partitions by month: made ahead, filled, dropped when empty, and nobody waits. */
#include "test_store_fixture.h"

#include <apr_dbd.h>

#include "store/proof.h"
#include "store/purge.h"

#define DAY 86400
#define MONTH (31 * DAY)
#define START_NAME "events_2023_11" /* of FIXTURE_START */

/* By a connection of its own, as an administrator has one. The first cell, or "". */
static const char *ask(fixture_t *fixture, const char *sql)
{
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    const char *text = "";

    assert_int_equal(apr_dbd_get_driver(fixture->pool, "pgsql", &driver), APR_SUCCESS);
    assert_int_equal(apr_dbd_open(driver, fixture->pool, fixture->config.params, &handle),
                     APR_SUCCESS);
    assert_int_equal(apr_dbd_select(driver, fixture->pool, handle, &results, sql, 1), 0);
    if (!apr_dbd_get_row(driver, fixture->pool, results, &row, -1)) {
        text = apr_pstrdup(fixture->pool, apr_dbd_get_entry(driver, row, 0));
    }
    apr_dbd_close(driver, handle);
    return text;
}

static void change(fixture_t *fixture, const char *sql)
{
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    int changed;

    assert_int_equal(apr_dbd_get_driver(fixture->pool, "pgsql", &driver), APR_SUCCESS);
    assert_int_equal(apr_dbd_open(driver, fixture->pool, fixture->config.params, &handle),
                     APR_SUCCESS);
    if (apr_dbd_query(driver, handle, &changed, sql)) {
        fail_msg("%s", apr_dbd_error(driver, handle, 0));
    }
    apr_dbd_close(driver, handle);
}

static const char *partitions(fixture_t *fixture)
{
    return ask(fixture, "SELECT COALESCE(string_agg(relname, ' ' ORDER BY relname), '') FROM "
                        "pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
                        "WHERE inhparent = to_regclass('events')");
}

static void keep(fixture_t *fixture, int seconds)
{
    apr_time_t now = apr_time_from_msec(FIXTURE_START) + apr_time_from_sec(seconds);

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    if (store_partitions(fixture->store, now)) {
        fail_msg("store_partitions: %s", store_error(fixture->store));
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
}

static void purge(fixture_t *fixture, int before, int expected)
{
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(fixture_purge(fixture, NULL, before, 100), expected);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
}

static void add(fixture_t *fixture, int seconds)
{
    fixture_add(fixture, fixture_event(fixture, "write", seconds, -1));
}

static const char *found(fixture_t *fixture)
{
    static const event_filter_t all;

    return fixture_find(fixture, &all);
}

static void test_made_ahead(void **state)
{
    fixture_t *fixture = fixture_of(state);

    assert_string_equal(partitions(fixture), "");
    keep(fixture, 0);
    assert_string_equal(partitions(fixture), "events_2023_11 events_2023_12 events_2024_01");
    keep(fixture, MONTH);
    assert_string_equal(partitions(fixture),
                        "events_2023_11 events_2023_12 events_2024_01 events_2024_02");
}

/* A month without a partition gets one with its first event, whenever that is. */
static void test_events_land_in_their_month(void **state)
{
    fixture_t *fixture = fixture_of(state);

    keep(fixture, 0);
    add(fixture, 1);
    add(fixture, MONTH);
    add(fixture, 400 * DAY);
    add(fixture, -100 * DAY);
    add(fixture, 2);
    assert_string_equal(partitions(fixture), "events_2023_08 events_2023_11 events_2023_12 "
                                             "events_2024_01 events_2024_12");
    assert_string_equal(ask(fixture, "SELECT string_agg(id::text, ' ' ORDER BY id) FROM "
                                     "events_2023_11"),
                        "1 5");
    assert_string_equal(ask(fixture, "SELECT id FROM events_2024_12"), "3");
    assert_string_equal(found(fixture), "5 4 3 2 1");
}

/* What a rolled back transaction made is made again. */
static void test_rolled_back(void **state)
{
    fixture_t *fixture = fixture_of(state);

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(fixture_append(fixture, fixture_event(fixture, "write", 1, -1)), APR_SUCCESS);
    store_rollback(fixture->store);
    assert_string_equal(partitions(fixture), "");
    add(fixture, 1);
    assert_string_equal(partitions(fixture), START_NAME);
}

static void test_dropped_when_empty(void **state)
{
    fixture_t *fixture = fixture_of(state);

    add(fixture, 1);
    add(fixture, MONTH);
    add(fixture, 2);
    keep(fixture, 6 * MONTH);
    assert_string_equal(found(fixture), "3 2 1");
    purge(fixture, DAY, 2);
    keep(fixture, DAY);
    assert_non_null(strstr(partitions(fixture), START_NAME)); /* this month's may be needed */
    keep(fixture, MONTH);
    assert_non_null(strstr(partitions(fixture), START_NAME)); /* and the last one's */
    keep(fixture, 2 * MONTH);
    assert_null(strstr(partitions(fixture), START_NAME));
    assert_non_null(strstr(partitions(fixture), "events_2023_12"));
    assert_string_equal(found(fixture), "2");
    add(fixture, 3);
    assert_non_null(strstr(partitions(fixture), START_NAME));
    assert_string_equal(found(fixture), "4 2");
}

static int count_event(void *payload, const event_t *event)
{
    (void)event;
    ++*(int *)payload;
    return 0;
}

/* All in one thread: whoever waited for another would wait for ever. */
static void test_nobody_waits(void **state)
{
    static const event_filter_t all;
    fixture_t *fixture = fixture_of(state);
    store_t *reader = fixture_reader(fixture);
    apr_int64_t count;
    int walked = 0;

    add(fixture, 1);
    add(fixture, MONTH);
    purge(fixture, DAY, 1);
    assert_int_equal(store_snapshot(reader), APR_SUCCESS);
    assert_int_equal(store_walk(reader, 0, 10, count_event, &walked, fixture->pool), APR_SUCCESS);
    assert_int_equal(walked, 1);

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_partitions(fixture->store, apr_time_from_msec(FIXTURE_START) +
                                                          apr_time_from_sec(4 * MONTH)),
                     APR_SUCCESS);
    assert_int_equal(fixture_append(fixture, fixture_event(fixture, "write", 20 * MONTH, -1)),
                     APR_SUCCESS);
    assert_int_equal(store_count(reader, &all, 10, &count, fixture->pool), APR_SUCCESS);
    assert_int_equal(count, 1);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_non_null(strstr(partitions(fixture), START_NAME));
    assert_non_null(strstr(partitions(fixture), "events_2024_03"));

    store_close(reader);
    /* The server notices a moment later. */
    for (int tries = 0; tries < 2400 && strstr(partitions(fixture), START_NAME); tries++) {
        apr_sleep(apr_time_from_msec(50));
        keep(fixture, 4 * MONTH);
    }
    assert_null(strstr(partitions(fixture), START_NAME));
}

/* Back to what the release before made, as far as the upgrade touches it. */
static void downgrade(fixture_t *fixture)
{
    change(fixture,
           "DO $$ DECLARE gone text; BEGIN "
           "CREATE TABLE old (LIKE events, CONSTRAINT old_pkey PRIMARY KEY (id)); "
           "INSERT INTO old SELECT * FROM events; DROP TABLE events; "
           "ALTER TABLE old RENAME TO events; ALTER INDEX old_pkey RENAME TO events_pkey; "
           "ALTER TABLE events DROP COLUMN client_hints, DROP COLUMN stored_bytes; "
           "ALTER TABLE pending DROP COLUMN client_hints, DROP COLUMN stored_bytes; "
           "FOR gone IN SELECT attname FROM pg_attribute WHERE attrelid = 'sessions'::regclass "
           "AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('reference', 'site', 'db', "
           "'uid', 'login', 'name', 'address', 'user_agent', 'state', 'reason', 'started_ms', "
           "'last_action_ms', 'ended_ms') LOOP "
           "EXECUTE 'ALTER TABLE sessions DROP COLUMN ' || gone; END LOOP; "
           "FOR gone IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND "
           "tablename NOT IN ('meta', 'events', 'blocks', 'marks', 'chains', 'pending', "
           "'positions', 'sessions') LOOP EXECUTE 'DROP TABLE ' || gone; END LOOP; "
           "UPDATE meta SET value = '1' WHERE name = 'schema_version'; END $$");
}

/* The one table of an older release becomes a partition, and is dropped like one. */
static void test_upgrade(void **state)
{
    fixture_t *fixture = fixture_of(state);

    add(fixture, 1);
    add(fixture, 2);
    downgrade(fixture);
    fixture_reopen(fixture);
    assert_string_equal(partitions(fixture), "events_before_2023_12");
    assert_string_equal(found(fixture), "2 1");
    add(fixture, -100 * DAY);
    keep(fixture, 0);
    assert_string_equal(partitions(fixture), "events_2023_12 events_2024_01 events_before_2023_12");
    assert_string_equal(found(fixture), "3 2 1");
    purge(fixture, DAY, 3);
    keep(fixture, 2 * MONTH);
    assert_null(strstr(partitions(fixture), "before"));
    add(fixture, 3);
    assert_string_equal(found(fixture), "4");
}

/* The same id may not come back in another partition, nor an older one at all. */
static void test_ids_stay_unique(void **state)
{
    fixture_t *fixture = fixture_of(state);

    add(fixture, 1);
    fixture->id = 0;
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(fixture_append(fixture, fixture_event(fixture, "write", MONTH, -1)),
                     APR_EEXIST);
    store_rollback(fixture->store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_made_ahead),      FIXTURE_TEST(test_events_land_in_their_month),
        FIXTURE_TEST(test_rolled_back),     FIXTURE_TEST(test_dropped_when_empty),
        FIXTURE_TEST(test_nobody_waits),    FIXTURE_TEST(test_upgrade),
        FIXTURE_TEST(test_ids_stay_unique),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
