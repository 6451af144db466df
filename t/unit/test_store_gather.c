/* Many events in one transaction, which go to PostgreSQL as arrays: each comes back as it was, and
 * whoever looks at events meanwhile sees all that were appended. */
#include "test_store_fixture.h"

#include <apr_dbd.h>
#include <apr_general.h>

#include "store/proof.h"
#include "trail/chain.h"

#define MANY 600 /* more than go with one statement, and some */
#define LONG 60000
#define SCRATCH (1024 * 1024)

static const char *const texts[] = {
    "{",    "}",    ",",    "{a,\"b\"}", "\"",        "\\", "\\\"",
    "\"\"", "NULL", "null", "' ''",      "a\\n\nb\t", " ",  "\xd0\x96\xf0\x9f\x98\x80",
};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static const event_column_t columns[] = {EVENT_MODEL, EVENT_LOGIN, EVENT_PATH, EVENT_METHOD};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static event_t *append(fixture_t *fixture, event_t *event)
{
    if (fixture_append(fixture, event)) {
        fail_msg("store_append: %s", store_error(fixture->store));
    }
    return event;
}

typedef struct walked_t {
    buffer_t scratch;
    apr_int64_t events;
} walked_t;

static int see(void *payload, const event_t *event)
{
    walked_t *walked = payload;

    assert_true(chain_intact(event, &walked->scratch));
    assert_int_equal(apr_atoi64(event->cell[EVENT_ID]), ++walked->events);
    return 0;
}

static apr_int64_t walk(fixture_t *fixture)
{
    walked_t walked = {.events = 0};

    buffer_init(&walked.scratch, fixture->pool, SCRATCH);
    assert_int_equal(store_walk(fixture_reader(fixture), 0, 10 * MANY, see, &walked, fixture->pool),
                     APR_SUCCESS);
    return walked.events;
}

static void test_many(void **state)
{
    fixture_t *fixture = fixture_of(state);
    event_t *events[MANY];

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (size_t i = 0; i < MANY; i++) {
        events[i] = append(fixture, fixture_event(fixture, "write", (int)i, columns[i % COLUMNS],
                                                  texts[i % TEXTS], columns[(i + 1) % COLUMNS],
                                                  texts[i / TEXTS % TEXTS], -1));
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_int_equal(walk(fixture), MANY);
    for (size_t i = 0; i < MANY; i += 7) {
        const event_t *back = fixture_get(fixture, (apr_int64_t)i + 1);

        for (size_t j = 0; j < COLUMNS; j++) {
            const char *cell = events[i]->cell[columns[j]];

            assert_string_equal(back->cell[columns[j]] ? back->cell[columns[j]] : "",
                                cell ? cell : "");
        }
    }
}

/* Backslashes, which take two bytes each on the way. */
static void test_long(void **state)
{
    fixture_t *fixture = fixture_of(state);
    char *text = apr_palloc(fixture->pool, LONG + 1);

    memset(text, '\\', LONG);
    text[LONG] = '\0';
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < 40; i++) {
        append(fixture,
               fixture_event(fixture, "write", i, EVENT_VALUES, text, EVENT_OLD_VALUES, text, -1));
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_int_equal(walk(fixture), 40);
}

static void test_seen_at_once(void **state)
{
    static const event_filter_t all;
    fixture_t *fixture = fixture_of(state);
    apr_int64_t count;

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    append(fixture, fixture_event(fixture, "write", 1, EVENT_SESSION, "s1", -1));
    append(fixture, fixture_event(fixture, "write", 2, EVENT_SESSION, "s1", -1));
    assert_int_equal(store_count(fixture->store, &all, 10, &count, fixture->pool), APR_SUCCESS);
    assert_int_equal(count, 2);
    append(fixture, fixture_event(fixture, "write", 3, EVENT_SESSION, "s1", -1));
    append(fixture, fixture_event(fixture, "session_identified", 4, EVENT_SESSION, "s1", EVENT_UID,
                                  "7", EVENT_LOGIN, "ann", -1));
    append(fixture, fixture_event(fixture, "write", 5, EVENT_SESSION, "s1", -1));
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    for (int id = 1; id <= 5; id++) {
        assert_string_equal(fixture_get(fixture, id)->cell[EVENT_LOGIN], "ann");
    }
    assert_int_equal(walk(fixture), 5);
}

static void test_rolled_back(void **state)
{
    fixture_t *fixture = fixture_of(state);
    apr_int64_t id = fixture->id, sequence = fixture->sequence;
    const char *hash = fixture->hash;

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    append(fixture, fixture_event(fixture, "unlink", 1, -1));
    store_rollback(fixture->store);
    fixture->id = id;
    fixture->sequence = sequence;
    fixture->hash = hash;
    fixture_add(fixture, fixture_event(fixture, "write", 1, -1));
    assert_string_equal(fixture_get(fixture, 1)->cell[EVENT_OPERATION], "write");
    assert_int_equal(walk(fixture), 1);
}

static void by_hand(fixture_t *fixture, const char *statement)
{
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    int changed;

    assert_int_equal(apr_dbd_get_driver(fixture->pool, fixture->config.driver, &driver),
                     APR_SUCCESS);
    assert_int_equal(apr_dbd_open(driver, fixture->pool, fixture->config.params, &handle),
                     APR_SUCCESS);
    assert_int_equal(apr_dbd_query(driver, handle, &changed, statement), 0);
    apr_dbd_close(driver, handle);
}

/* What the database does not take shows before the commit. */
static void test_refused(void **state)
{
    fixture_t *fixture = fixture_of(state);
    apr_status_t status;

    by_hand(fixture, strcmp(fixture->config.driver, "sqlite3")
                         ? "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                           "RAISE EXCEPTION 'refused'; END $$; "
                           "CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW "
                           "WHEN (new.model = 'refused') EXECUTE FUNCTION refuse()"
                         : "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN new.model = "
                           "'refused' BEGIN SELECT RAISE(ABORT, 'refused'); END");
    fixture_reopen(fixture);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    append(fixture, fixture_event(fixture, "write", 1, EVENT_MODEL, "taken", -1));
    assert_int_equal(store_append_all(fixture->store), APR_SUCCESS);
    status =
        fixture_append(fixture, fixture_event(fixture, "write", 2, EVENT_MODEL, "refused", -1));
    status = status ? status : store_append_all(fixture->store);
    assert_int_not_equal(status, APR_SUCCESS);
    assert_false(APR_STATUS_IS_EEXIST(status));
    store_rollback(fixture->store);
    assert_false(store_lost(fixture->store));
    assert_int_equal(walk(fixture), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_many),        FIXTURE_TEST(test_long),    FIXTURE_TEST(test_seen_at_once),
        FIXTURE_TEST(test_rolled_back), FIXTURE_TEST(test_refused),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
