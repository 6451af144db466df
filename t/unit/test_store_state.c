/* Small things beside the events: meta, positions, intents, purging. */
#include "test_store_fixture.h"

#include <apr_general.h>

#include "text/buffer.h"

#define ENCODED (1024 * 1024)

static void test_meta(void **state)
{
    fixture_t *fixture = fixture_of(state);
    const char *value;

    assert_int_equal(store_meta_get(fixture->store, "colour", &value, fixture->pool), APR_NOTFOUND);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_meta_set(fixture->store, "colour", "red"), APR_SUCCESS);
    assert_int_equal(store_meta_set(fixture->store, "colour", "'blue' 100%s"), APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    fixture_reopen(fixture);
    assert_int_equal(store_meta_get(fixture->store, "colour", &value, fixture->pool), APR_SUCCESS);
    assert_string_equal(value, "'blue' 100%s");
}

static void set_position(fixture_t *fixture, const char *node, const char *segment,
                         apr_int64_t offset)
{
    store_position_t position = {segment, "inc", offset};

    assert_int_equal(store_position_set(fixture->store, node, &position), APR_SUCCESS);
}

static void test_positions(void **state)
{
    fixture_t *fixture = fixture_of(state);
    apr_array_header_t *positions;
    const store_position_t *position;

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    set_position(fixture, "n", "a", 10);
    set_position(fixture, "n", "a", APR_INT64_C(5000000000));
    set_position(fixture, "n", "b", 0);
    set_position(fixture, "other", "c", 1);
    assert_int_equal(store_position_delete(fixture->store, "n", "b"), APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_int_equal(store_positions(fixture->store, "n", &positions, fixture->pool), APR_SUCCESS);
    assert_int_equal(positions->nelts, 1);
    position = &APR_ARRAY_IDX(positions, 0, store_position_t);
    assert_string_equal(position->segment, "a");
    assert_string_equal(position->incarnation, "inc");
    assert_true(position->offset == APR_INT64_C(5000000000));
}

static void test_positions_roll_back(void **state)
{
    fixture_t *fixture = fixture_of(state);
    apr_array_header_t *positions;

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    set_position(fixture, "n", "a", 10);
    store_rollback(fixture->store);
    assert_int_equal(store_positions(fixture->store, "n", &positions, fixture->pool), APR_SUCCESS);
    assert_int_equal(positions->nelts, 0);
}

/* ---- intents ---- */

static apr_status_t put(fixture_t *fixture, apr_uint64_t number, const event_t *event)
{
    buffer_t encoded;

    buffer_init(&encoded, fixture->pool, ENCODED);
    event_encode(event, &encoded);
    return store_pending_put(fixture->store, "n", "inc", number, encoded.data, encoded.length);
}

static void test_pending_round_trip(void **state)
{
    static const char hostile[] = "a\r\n\x01'\"%s\\ \xf0\x9f\x98\x80 NULL";
    fixture_t *fixture = fixture_of(state);
    event_t *intent = fixture_event(fixture, "write", 5, EVENT_UID, "007", EVENT_VALUES, hostile,
                                    EVENT_LOGIN, hostile, EVENT_RECORD_IDS, "1 2 3", -1);
    event_t *back;

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(put(fixture, 3, intent), APR_SUCCESS);
    assert_int_equal(put(fixture, 3, intent), APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    fixture_reopen(fixture);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_pending_take(fixture->store, "n", "inc", 4, &back, fixture->pool),
                     APR_NOTFOUND);
    assert_int_equal(store_pending_take(fixture->store, "x", "inc", 3, &back, fixture->pool),
                     APR_NOTFOUND);
    assert_int_equal(store_pending_take(fixture->store, "n", "inc", 3, &back, fixture->pool),
                     APR_SUCCESS);
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        if (intent->cell[column]) {
            assert_string_equal(back->cell[column], intent->cell[column]);
        }
        else {
            assert_null(back->cell[column]);
        }
    }
    assert_int_equal(store_pending_take(fixture->store, "n", "inc", 3, &back, fixture->pool),
                     APR_NOTFOUND);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
}

static void test_pending_refused(void **state)
{
    fixture_t *fixture = fixture_of(state);
    event_t *intent = fixture_event(fixture, "write", 5, -1);

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_pending_put(fixture->store, "n", "inc", 1, "\x01garbage", 8),
                     APR_EINVAL);
    assert_int_equal(put(fixture, APR_UINT64_MAX, intent), APR_EINVAL);
    assert_int_equal(put(fixture, 1, intent), APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
}

static const char *take_all(fixture_t *fixture, const char *incarnation, int limit)
{
    apr_array_header_t *events;
    const char *methods = "";

    assert_int_equal(store_pending_take_all(fixture->store, "n", incarnation, limit, &events,
                                            fixture->pool),
                     APR_SUCCESS);
    for (int i = 0; i < events->nelts; i++) {
        methods = apr_pstrcat(fixture->pool, methods,
                              APR_ARRAY_IDX(events, i, event_t *)->cell[EVENT_METHOD], NULL);
    }
    return methods;
}

static void test_pending_take_all(void **state)
{
    static const char *const methods[] = {"a", "b", "c", "d", "e"};
    static const int order[] = {12, 3, 100, 1, 20}; /* numbers, not their digits, give the order */
    fixture_t *fixture = fixture_of(state);

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < 5; i++) {
        event_t *intent = fixture_event(fixture, "write", i, EVENT_METHOD, methods[i], -1);

        assert_int_equal(put(fixture, (apr_uint64_t)order[i], intent), APR_SUCCESS);
    }
    assert_string_equal(take_all(fixture, "other", 10), "");
    assert_string_equal(take_all(fixture, "inc", 2), "db");
    assert_string_equal(take_all(fixture, "inc", 10), "aec");
    assert_string_equal(take_all(fixture, "inc", 10), "");
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
}

/* ---- purging ---- */

static int purge(fixture_t *fixture, const char *const *operations, int before, int limit)
{
    int purged;

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    purged = fixture_purge(fixture, operations, before, limit);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    return purged;
}

static const char *all_ids(fixture_t *fixture)
{
    static const event_filter_t all;

    return fixture_find(fixture, &all);
}

static void test_purge(void **state)
{
    static const char *const reads[] = {"read", "search", NULL};
    static const char *const none[] = {NULL};
    static const char *const operations[] = {"read", "write", "search", "read", "write", "read"};
    fixture_t *fixture = fixture_of(state);

    for (int i = 0; i < 6; i++) {
        fixture_add(fixture, fixture_event(fixture, operations[i], i, -1));
    }
    assert_int_equal(purge(fixture, none, 100, 10), 0);
    assert_int_equal(purge(fixture, reads, 0, 10), 0);
    assert_int_equal(purge(fixture, reads, 100, 2), 2);
    assert_string_equal(all_ids(fixture), "6 5 4 2");
    assert_int_equal(purge(fixture, reads, 5, 10), 1); /* before is exclusive */
    assert_string_equal(all_ids(fixture), "6 5 2");
    assert_int_equal(purge(fixture, reads, 6, 10), 1);
    assert_string_equal(all_ids(fixture), "5 2");
    assert_int_equal(purge(fixture, reads, 6, 10), 0);
}

/* What was purged is not found any more by anything, what stays is found by everything. */
static void test_purge_keeps_marks(void **state)
{
    static const char *const reads[] = {"read", NULL};
    fixture_t *fixture = fixture_of(state);
    event_filter_t filters[] = {{.user = "7"},
                                {.session = "s"},
                                {.model = "m"},
                                {.record_model = "m", .record_id = 5},
                                {.operations = {"write"}},
                                {.ip = "10.0.0.0/8"},
                                {.outcome = "denied"},
                                {.site = "erp"}};

    for (int i = 0; i < 2; i++) {
        fixture_add(fixture,
                    fixture_event(fixture, i ? "write" : "read", i, EVENT_UID, "7", EVENT_SESSION,
                                  "s", EVENT_MODEL, "m", EVENT_RECORD_IDS, "5 6", EVENT_IP,
                                  "10.0.0.1", EVENT_OUTCOME, "denied", -1));
    }
    assert_int_equal(purge(fixture, reads, 100, 10), 1);
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        assert_string_equal(fixture_find(fixture, &filters[i]), "2");
    }
}

/* Appending goes on in a block that was purged within the same transaction. */
static void test_purge_then_append(void **state)
{
    static const char *const reads[] = {"read", NULL};
    event_filter_t filter = {.session = "s", .operations = {"read"}};
    fixture_t *fixture = fixture_of(state);

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < 2; i++) {
        event_t *event = fixture_event(fixture, "read", i, EVENT_SESSION, "s", -1);

        assert_int_equal(fixture_append(fixture, event), APR_SUCCESS);
    }
    assert_int_equal(fixture_purge(fixture, reads, 100, 10), 2);
    assert_int_equal(fixture_append(fixture,
                                    fixture_event(fixture, "read", 9, EVENT_SESSION, "s", -1)),
                     APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_string_equal(fixture_find(fixture, &filter), "3");
}

static void test_purge_many_blocks(void **state)
{
    static const char *const reads[] = {"read", NULL};
    event_filter_t filter = {.operations = {"read"}};
    fixture_t *fixture = fixture_of(state);
    apr_int64_t count;

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < 1300; i++) {
        event_t *event = fixture_event(fixture, i % 2 ? "read" : "write", i, -1);

        assert_int_equal(fixture_append(fixture, event), APR_SUCCESS);
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_int_equal(purge(fixture, reads, 1200, 500), 500);
    assert_int_equal(purge(fixture, reads, 1200, 500), 100);
    assert_int_equal(purge(fixture, reads, 1200, 500), 0);
    assert_int_equal(store_count(fixture->store, &filter, 9999, &count, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(count, 50);
}

static int purge_sessions(fixture_t *fixture, int before, int limit)
{
    int purged;

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_purge_sessions(fixture->store,
                                          apr_time_from_msec(FIXTURE_START) +
                                              apr_time_from_sec(before),
                                          limit, &purged),
                     APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    return purged;
}

static void test_purge_sessions(void **state)
{
    static const char *const logouts[] = {"logout", NULL};
    fixture_t *fixture = fixture_of(state);

    fixture_add(fixture, fixture_event(fixture, "logout", 1, EVENT_SESSION, "s1", -1));
    fixture_add(fixture, fixture_event(fixture, "logout", 2, EVENT_SESSION, "s2", -1));
    fixture_add(fixture, fixture_event(fixture, "write", 3, EVENT_SESSION, "s2", -1));
    fixture_add(fixture, fixture_event(fixture, "logout", 4, EVENT_SESSION, "s3", -1));
    fixture_add(fixture, fixture_event(fixture, "login", 5, EVENT_SESSION, "s4", -1));
    assert_int_equal(purge_sessions(fixture, 100, 10), 0);
    assert_int_equal(purge(fixture, logouts, 100, 10), 3);
    assert_int_equal(purge_sessions(fixture, 4, 10), 1);
    assert_string_equal(fixture_session(fixture, "s1"), "");
    assert_string_equal(fixture_session(fixture, "s3"), "s3|logged_out||0||");
    assert_int_equal(purge_sessions(fixture, 100, 10), 1);
    assert_string_equal(fixture_session(fixture, "s2"), "s2|logged_out||0||");
    assert_string_equal(fixture_session(fixture, "s4"), "s4|open||0||");
}

static void test_outside_of_a_transaction(void **state)
{
    fixture_t *fixture = fixture_of(state);

    assert_int_not_equal(store_meta_set(fixture->store, "colour", "red"), APR_SUCCESS);
    assert_string_not_equal(store_error(fixture->store), "");
    assert_int_not_equal(store_begin(fixture->store), APR_SUCCESS);
    fixture_reopen(fixture);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    store_rollback(fixture->store);
}

static void collect_word(void *payload, apr_int64_t number, const char *node, const char *line)
{
    fixture_t *fixture = ((void **)payload)[0];
    const char **words = ((void **)payload)[1];

    *words = apr_psprintf(fixture->pool, "%s%d:%s:%s;", *words, (int)number, node, line);
}

static const char *words_after(fixture_t *fixture, int after, int limit)
{
    const char *words = "";
    void *payload[] = {fixture, &words};

    assert_int_equal(store_shared_read(fixture->store, after, limit, collect_word, payload,
                                       fixture->pool),
                     APR_SUCCESS);
    return words;
}

static void put_word(fixture_t *fixture, const char *key, const char *node, int until,
                     const char *line)
{
    assert_int_equal(store_shared_put(fixture->store, key, node, apr_time_from_sec(until), line),
                     APR_SUCCESS);
}

static void test_words_of_machines(void **state)
{
    fixture_t *fixture = fixture_of(state);

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    put_word(fixture, "a", "one", 100, "first");
    put_word(fixture, "b", "two", 300, "second");
    put_word(fixture, "a", "two", 200, "third");
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_string_equal(words_after(fixture, 0, 10), "2:two:second;3:two:third;");
    assert_string_equal(words_after(fixture, 2, 10), "3:two:third;");
    assert_string_equal(words_after(fixture, 0, 1), "2:two:second;");

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_shared_purge(fixture->store, apr_time_from_sec(400)), APR_SUCCESS);
    put_word(fixture, "c", "one", 500, "fourth");
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_string_equal(words_after(fixture, 0, 10), "3:two:third;4:one:fourth;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_meta),
        FIXTURE_TEST(test_positions),
        FIXTURE_TEST(test_positions_roll_back),
        FIXTURE_TEST(test_pending_round_trip),
        FIXTURE_TEST(test_pending_refused),
        FIXTURE_TEST(test_pending_take_all),
        FIXTURE_TEST(test_purge),
        FIXTURE_TEST(test_purge_keeps_marks),
        FIXTURE_TEST(test_purge_then_append),
        FIXTURE_TEST(test_purge_many_blocks),
        FIXTURE_TEST(test_purge_sessions),
        FIXTURE_TEST(test_outside_of_a_transaction),
        FIXTURE_TEST(test_words_of_machines),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
