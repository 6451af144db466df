/* Purging leaves provable holes, keeps what is held, and minds the size. */
#include "test_store_fixture.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/hold.h"
#include "store/proof.h"
#include "text/buffer.h"

#define NODE "n"
#define MANY 60

static const char *const reads[] = {"read", NULL};
static const char *const writes[] = {"write", NULL};

static void add(fixture_t *fixture, const char *operation, int seconds)
{
    fixture_add(fixture, fixture_event(fixture, operation, seconds, -1));
}

static int purge(fixture_t *fixture, const char *const *operations, int before, int limit)
{
    int purged;

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    purged = fixture_purge(fixture, operations, before, limit);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    return purged;
}

static const char *ranges(fixture_t *fixture)
{
    apr_array_header_t *list;
    const char *text = "";

    assert_int_equal(store_purged_ranges(fixture->store, NODE, 0, 1000, &list, fixture->pool),
                     APR_SUCCESS);
    for (int i = 0; i < list->nelts; i++) {
        const purged_range_t *range = &APR_ARRAY_IDX(list, i, purged_range_t);

        text = apr_psprintf(fixture->pool, "%s%s%d-%d", text, *text ? " " : "", (int)range->first,
                            (int)range->last);
    }
    return text;
}

/* The set that the rows of the table make, as against the digest that purging kept. */
static void check_set(fixture_t *fixture, int total)
{
    apr_array_header_t *list, *sets;
    purged_set_t set = {{0}};
    char digest[DIGEST_HEX_SIZE];
    const store_purged_t *kept;

    assert_int_equal(store_purged_ranges(fixture->store, NODE, 0, 10000, &list, fixture->pool),
                     APR_SUCCESS);
    for (int i = 0; i < list->nelts; i++) {
        purged_set_add(&set, &APR_ARRAY_IDX(list, i, purged_range_t));
    }
    purged_set_digest(&set, digest);
    assert_int_equal(store_purged_sets(fixture->store, &sets, fixture->pool), APR_SUCCESS);
    assert_int_equal(sets->nelts, 1);
    kept = &APR_ARRAY_IDX(sets, 0, store_purged_t);
    assert_string_equal(kept->digest, digest);
    assert_int_equal(kept->ranges, list->nelts);
    assert_int_equal(kept->total, total);
}

static void test_holes_grow_together(void **state)
{
    static const char operations[] = "wrrwrwwr";
    fixture_t *fixture = fixture_of(state);

    for (int i = 0; operations[i]; i++) {
        add(fixture, operations[i] == 'r' ? "read" : "write", i);
    }
    assert_int_equal(purge(fixture, reads, 100, 2), 2);
    assert_string_equal(ranges(fixture), "2-3");
    assert_int_equal(purge(fixture, reads, 100, 10), 2);
    assert_string_equal(ranges(fixture), "2-3 5-5 8-8");
    check_set(fixture, 4);
    assert_int_equal(purge(fixture, writes, 4, 10), 2);
    assert_string_equal(ranges(fixture), "1-5 8-8");
    check_set(fixture, 6);
    assert_int_equal(purge(fixture, writes, 100, 10), 2);
    assert_string_equal(ranges(fixture), "1-8");
    check_set(fixture, 8);
}

/* The ends of a hole bind its neighbours together. */
static void test_hashes_of_a_hole(void **state)
{
    fixture_t *fixture = fixture_of(state);
    apr_array_header_t *list;
    const purged_range_t *range;

    add(fixture, "write", 1);
    add(fixture, "read", 2);
    add(fixture, "read", 3);
    add(fixture, "write", 4);
    purge(fixture, reads, 100, 10);
    assert_int_equal(store_purged_ranges(fixture->store, NODE, 0, 10, &list, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(list->nelts, 1);
    range = &APR_ARRAY_IDX(list, 0, purged_range_t);
    assert_string_equal(range->before, fixture_get(fixture, 1)->cell[EVENT_HASH]);
    assert_string_equal(range->hash, fixture_get(fixture, 4)->cell[EVENT_PREVIOUS_HASH]);
}

/* Whatever goes in whatever order, the kept digest is that of the rows. */
static void test_any_order(void **state)
{
    fixture_t *fixture = fixture_of(state);
    int total = 0;

    srand(7);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(fixture_append(fixture, fixture_event(fixture, i % 3 ? "read" : "write",
                                                               rand() % 100, -1)),
                         APR_SUCCESS);
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    for (int i = 0; i < 12; i++) {
        total += purge(fixture, rand() % 2 ? reads : writes, rand() % 100, 1 + rand() % 9);
        if (total) {
            check_set(fixture, total);
        }
    }
    total += purge(fixture, reads, 1000, MANY) + purge(fixture, writes, 1000, MANY);
    assert_int_equal(total, MANY);
    assert_string_equal(ranges(fixture), apr_psprintf(fixture->pool, "1-%d", MANY));
    check_set(fixture, MANY);
}

#ifdef FIXTURE_POSTGRESQL

#define SHARED 6000 /* events that two machines purge */
#define BATCH 500
#define MEANWHILE 20 /* events that are appended while they do */
#define LONG_ENOUGH 300

/* One machine's keeper, in a process of its own: batch after batch until nothing is left. */
static int purge_all(const store_config_t *config)
{
    store_purge_t purging = {.operations = reads,
                             .before =
                                 apr_time_from_msec(FIXTURE_START) + apr_time_from_sec(2 * SHARED),
                             .limit = BATCH};
    apr_pool_t *pool;
    store_t *store;
    int purged = 0;

    apr_pool_create(&pool, NULL);
    if (store_open(&store, pool, config, STORE_WRITE, NULL)) {
        return -1;
    }
    do {
        if (store_begin(store) || store_purge(store, &purging, pool) || store_commit(store) ||
            purging.events > BATCH) {
            return -1;
        }
        purged += purging.events;
    } while (!purging.through);
    store_close(store);
    return purged;
}

/* Gives the end of a pipe that tells how many were purged. */
static int start_purging(const store_config_t *config)
{
    int ends[2], purged;

    assert_int_equal(pipe(ends), 0);
    if (fork() == 0) {
        alarm(LONG_ENOUGH);
        purged = purge_all(config);
        _exit(write(ends[1], &purged, sizeof(purged)) != sizeof(purged));
    }
    close(ends[1]);
    return ends[0];
}

static int purged_by(int end)
{
    int purged = -1;

    assert_int_equal(read(end, &purged, sizeof(purged)), sizeof(purged));
    close(end);
    assert_true(wait(NULL) > 0);
    assert_true(purged >= 0);
    return purged;
}

/* Each event goes once, whoever takes it, while others are inserted between the batches. */
static void test_two_machines(void **state)
{
    fixture_t *fixture = fixture_of(state);
    int one, two;

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < SHARED; i++) {
        assert_int_equal(fixture_append(fixture, fixture_event(fixture, "read", i, -1)),
                         APR_SUCCESS);
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    one = start_purging(&fixture->config);
    two = start_purging(&fixture->config);
    for (int i = 0; i < MEANWHILE; i++) {
        add(fixture, "write", i);
    }
    assert_int_equal(purged_by(one) + purged_by(two), SHARED);
    assert_string_equal(ranges(fixture), apr_psprintf(fixture->pool, "1-%d", SHARED));
    check_set(fixture, SHARED);
    assert_string_equal(fixture_find(fixture, &(event_filter_t){.operations = {"read"}}), "");
    assert_string_equal(fixture_find(fixture, &(event_filter_t){.operations = {"write"}}),
                        fixture_find(fixture, &(event_filter_t){0}));
}

#endif

static void test_what_stays(void **state)
{
    static const char *const every[] = {"gap", "hold_set", "hold_lifted", "purged", "read", NULL};
    fixture_t *fixture = fixture_of(state);

    for (int i = 0; every[i]; i++) {
        add(fixture, every[i], i);
    }
    add(fixture, "purged", 6);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(fixture_purge(fixture, reads, 100, 10), 1);
    assert_int_equal(store_purge_attested(fixture->store, NODE, 6), APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_int_equal(purge(fixture, NULL, 100, 10), 0);
    assert_int_equal(purge(fixture, every, 100, 10), 1);
    assert_string_equal(ranges(fixture), "4-5");
}

/* ---- holds ---- */

static void hold(fixture_t *fixture, const char *operation, const char *site, const hold_t *hold)
{
    buffer_t values;

    buffer_init(&values, fixture->pool, 4096);
    json_write(&values, hold_values(hold, fixture->pool));
    fixture_add(fixture,
                fixture_event(fixture, operation, 1000, EVENT_VALUES, buffer_string(&values),
                              EVENT_LOGIN, "boss", EVENT_SITE, site, -1));
}

static void add_held(fixture_t *fixture)
{
    fixture_add(fixture, fixture_event(fixture, "write", 0, EVENT_UID, "7", -1));
    fixture_add(fixture, fixture_event(fixture, "write", 10, EVENT_UID, "8", EVENT_LOGIN, "eve",
                                       EVENT_MODEL, "m", EVENT_RECORD_IDS, "4 5 6", -1));
    fixture_add(fixture, fixture_event(fixture, "write", 20, EVENT_UID, "7", EVENT_DATABASE, "db",
                                       EVENT_MODEL, "m", EVENT_RECORD_IDS, "15", -1));
    fixture_add(fixture, fixture_event(fixture, "write", 30, EVENT_UID, "7", EVENT_SITE, "b", -1));
}

#define SECONDS(n) (apr_time_from_msec(FIXTURE_START) + apr_time_from_sec(n))

static void test_holds(void **state)
{
    static const struct {
        hold_t hold;
        const char *kept;
    } cases[] = {
        {{.id = "h", .user = "7"}, "3 1"},
        {{.id = "h", .user = "eve"}, "2"},
        {{.id = "h", .user = "7", .database = "db"}, "3"},
        {{.id = "h", .model = "m", .record = 5}, "2"},
        {{.id = "h", .from = SECONDS(10), .to = SECONDS(20)}, "2"},
        {{.id = "h", .from = SECONDS(10)}, "3 2"},
        {{.id = "h", .user = "7", .to = SECONDS(20)}, "1"},
        {{.id = "h", .user = "9"}, ""},
    };
    event_filter_t filter = {.operations = {"write"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture_t *fixture;

        if (i > 0) {
            fixture_teardown(state);
            fixture_setup(state);
        }
        fixture = fixture_of(state);
        add_held(fixture);
        hold(fixture, "hold_set", "erp", &cases[i].hold);
        purge(fixture, writes, 2000, 10);
        assert_string_equal(fixture_find(fixture, &filter), cases[i].kept);
        purge(fixture, NULL, 2000, 10);
        assert_string_equal(fixture_find(fixture, &filter), cases[i].kept);
        hold(fixture, "hold_lifted", "b", &cases[i].hold);
        purge(fixture, writes, 2000, 10);
        assert_string_equal(fixture_find(fixture, &filter), cases[i].kept);
        hold(fixture, "hold_lifted", "erp", &cases[i].hold);
        purge(fixture, writes, 2000, 10);
        assert_string_equal(fixture_find(fixture, &filter), "");
    }
}

static int note_hold(void *payload, const hold_t *hold)
{
    fixture_t *fixture = ((void **)payload)[0];
    const char **text = &((const char **)payload)[1];

    *text = apr_psprintf(fixture->pool, "%s%s %s %s %d %s|", *text, hold->id,
                         hold->user ? hold->user : "-", hold->set_by, (int)hold->record,
                         hold->lifted ? hold->lifted_by : "-");
    return 0;
}

static void test_list_of_holds(void **state)
{
    fixture_t *fixture = fixture_of(state);
    const hold_t one = {.id = "a", .user = "7", .reason = "court"};
    const hold_t other = {.id = "b", .model = "m", .record = 3};
    const void *payload[] = {fixture, ""};
    hold_t found;

    hold(fixture, "hold_set", "erp", &one);
    hold(fixture, "hold_set", "erp", &other);
    hold(fixture, "hold_set", "b", &(hold_t){.id = "c", .user = "1"});
    hold(fixture, "hold_lifted", "erp", &(hold_t){.id = "a"});
    assert_int_equal(store_holds(fixture->store, "erp", 10, note_hold, payload, fixture->pool),
                     APR_SUCCESS);
    assert_string_equal(payload[1], "b - boss 3 -|a 7 boss 0 boss|");
    assert_int_equal(store_hold_find(fixture->store, "erp", "a", &found, fixture->pool),
                     APR_SUCCESS);
    assert_string_equal(found.reason, "court");
    assert_int_equal(store_hold_find(fixture->store, "erp", "c", &found, fixture->pool),
                     APR_NOTFOUND);
}

/* ---- size ---- */

static apr_int64_t bytes_of(fixture_t *fixture)
{
    apr_int64_t bytes;

    assert_int_equal(store_bytes(fixture->store, &bytes), APR_SUCCESS);
    return bytes;
}

static void test_bytes(void **state)
{
    fixture_t *fixture = fixture_of(state);
    apr_int64_t one, two;
    store_purge_t purge_two = {.before = SECONDS(100), .limit = 10, .bytes = 250};

    add(fixture, "read", 1);
    one = bytes_of(fixture);
    assert_in_range(one, 300, 600);
    add(fixture, "read", 2);
    two = bytes_of(fixture);
    add(fixture, "read", 3);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(fixture_append(fixture, fixture_event(fixture, "read", 4, -1)), APR_SUCCESS);
    store_rollback(fixture->store);
    assert_int_equal(bytes_of(fixture), two + two - one);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_purge(fixture->store, &purge_two, fixture->pool), APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_int_equal(purge_two.events, 1);
    assert_int_equal(bytes_of(fixture), two + two - one - one);
    purge(fixture, NULL, 100, 10);
    assert_int_equal(bytes_of(fixture), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_holes_grow_together), FIXTURE_TEST(test_hashes_of_a_hole),
        FIXTURE_TEST(test_any_order),
#ifdef FIXTURE_POSTGRESQL
        FIXTURE_TEST(test_two_machines),
#endif
        FIXTURE_TEST(test_what_stays),          FIXTURE_TEST(test_holds),
        FIXTURE_TEST(test_list_of_holds),       FIXTURE_TEST(test_bytes),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
