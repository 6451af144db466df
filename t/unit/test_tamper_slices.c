/* user-audit reads a trail in slices, each event as one text if the database can do so: what is
 * found does not depend on where it lies. */
#include "tamper_fixture.h"

#include <apr_general.h>

/* Events are read some hundred at a time, see read_ahead.h: here two times exactly, or with one
 * event more. */
#define SLICE 500

static void add_slices(fixture_t *fixture, int last)
{
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    while (fixture->id < last) {
        assert_int_equal(fixture_append(fixture,
                                        fixture_event(fixture, "write", 1, EVENT_MODEL,
                                                      "res.partner", EVENT_PATH, "/web/a", -1)),
                         APR_SUCCESS);
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
}

static void tamper_one(fixture_t *fixture, int id)
{
    tamper_find(
        fixture,
        apr_psprintf(fixture->pool, "UPDATE events SET model = 'res.users' WHERE id = %d", id),
        apr_psprintf(fixture->pool,
                     "event %d of 2023-11-14T22:13:21.000Z (node n, sequence %d) is broken: its "
                     "content",
                     id, id));
    tamper_find(fixture,
                apr_psprintf(fixture->pool,
                             "UPDATE events SET model = 'res.users' WHERE id = %d OR id = %d", id,
                             id + 1),
                apr_psprintf(fixture->pool, "event %d of ", id));
}

static void remove_one(fixture_t *fixture, int id)
{
    tamper_find(fixture, apr_psprintf(fixture->pool, "DELETE FROM events WHERE id = %d", id),
                apr_psprintf(fixture->pool, "event %d of node n is missing: no purge", id));
}

static void test_slices(void **state)
{
    fixture_t *fixture = fixture_of(state);

    add_slices(fixture, 2 * SLICE);
    tamper_open(fixture);
    tamper_keep(fixture);
    tamper_expect(fixture, "verify", 0, "intact from 1 to 1000, 1000 events");
    tamper_one(fixture, 1);
    tamper_one(fixture, SLICE);
    tamper_one(fixture, SLICE + 1);
    tamper_one(fixture, 2 * SLICE);
    remove_one(fixture, SLICE);
    remove_one(fixture, SLICE + 1);
    tamper_find(fixture, "DELETE FROM events WHERE id = 1000", "the end was cut off");
    tamper_find(fixture, "DELETE FROM events WHERE id >= 500 AND id < 999",
                "events 500 to 998 of node n are missing: no purge");
    tamper_find(fixture,
                "UPDATE events SET id = 2000 WHERE id = 500;;UPDATE events SET id = 500 WHERE id = "
                "501;;UPDATE events SET id = 501 WHERE id = 2000",
                "event 500 of ");

    fixture_reopen(fixture);
    add_slices(fixture, 2 * SLICE + 1);
    tamper_open(fixture);
    tamper_keep(fixture);
    tamper_expect(fixture, "verify", 0, "intact from 1 to 1001, 1001 events");
    tamper_one(fixture, 2 * SLICE + 1);
}

/* All cells of an event may be read as one text: none can be made to look as if it were its
 * neighbour. PostgreSQL takes no text that is not UTF-8. */
static void test_cells_moved(void **state)
{
    fixture_t *fixture = fixture_of(state);
    event_t *event = fixture_event(fixture, "write", 1, -1);

    if (strcmp(fixture->config.driver, "sqlite3")) {
        return;
    }
    for (int column = EVENT_LOGIN; column < EVENT_PUBLIC_COLUMNS; column++) {
        if (event_columns[column].hashed && column < EVENT_HASH) {
            event_set(event, (event_column_t)column, event_columns[column].name);
        }
    }
    event_set(event, EVENT_OLD_VALUES, "old");
    fixture_add(fixture, event);
    fixture_add(fixture, fixture_event(fixture, "write", 2, -1));
    tamper_open(fixture);
    tamper_keep(fixture);
    tamper_expect(fixture, "verify", 0, "intact from 1 to 2");
    tamper_find(
        fixture,
        "UPDATE events SET login = login || CAST(x'ff' AS TEXT) || name, name = session, "
        "session = ip, ip = channel, channel = operation, operation = model, model = record_ids, "
        "record_ids = record_count, record_count = method, method = fields, "
        "fields = values_json, values_json = outcome, outcome = error, error = status, "
        "status = duration_ms, duration_ms = path, path = flags, flags = hash, hash = peer_ip, "
        "peer_ip = node, node = sequence WHERE id = 1",
        "is broken: its content is not what was hashed");
    tamper_find(fixture, "UPDATE events SET site = CAST(x'ff' AS TEXT) || site WHERE id = 1",
                "is broken");
    tamper_find(fixture,
                "UPDATE events SET old_values = old_values || CAST(x'ff' AS TEXT) WHERE id = 1",
                "is broken: its content is not what was hashed");
    tamper_find(fixture, "UPDATE events SET login = '', name = login || name WHERE id = 1",
                "is broken: its content is not what was hashed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_slices),
        FIXTURE_TEST(test_cells_moved),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
