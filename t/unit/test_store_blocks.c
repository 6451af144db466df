/* Whatever is asked for, what marks find over several blocks of ids is what looking at each event
 * would have found: after appending, learning users, purging, opening anew and with two writers. */
#include "test_store_fixture.h"

#include <stdlib.h>

#include <apr_general.h>

#include "store/purge.h"

#define EVENTS 10000 /* more than two blocks of ids */
#define FILTERS 150
#define ROWS 40
#define CONNECTION 10 /* filters asked of one connection, which takes so many different queries */

static const char *const operations[] = {"write", "create", "read", "unlink", "login"};
static const char *const outcomes[] = {"success", "denied", "failed", "unknown"};
static const char *const addresses[] = {"10.0.0.1",    "10.0.1.7",        "10.9.0.1", "192.168.7.7",
                                        "2001:db8::1", "2001:db8:0:1::2", "fe80::1"};

/* What is known about an event: indices, so that looking at each is quick. */
typedef struct known_t {
    int gone, operation, outcome, address, site, database, uid, session, record, seconds;
} known_t;

typedef struct model_t {
    fixture_t *fixture;
    known_t event[2 * EVENTS + 1]; /* by id */
    apr_int64_t last;
    unsigned seed;
} model_t;

static int draw(model_t *model, int below)
{
    model->seed = model->seed * 1103515245u + 12345u;
    return (int)(model->seed >> 16) % below;
}

static const char *numbered(apr_pool_t *pool, const char *word, int number)
{
    return apr_psprintf(pool, "%s%d", word, number);
}

/* Sessions 5 to 9 have no uid in their events. */
static void append(model_t *model)
{
    fixture_t *fixture = model->fixture;
    apr_pool_t *pool = fixture->pool;
    known_t *known = &model->event[++model->last];
    event_t *event;

    *known = (known_t){0,
                       draw(model, 4),
                       draw(model, 50) ? draw(model, 2) : draw(model, 4),
                       draw(model, 7),
                       draw(model, 2),
                       draw(model, 3),
                       0,
                       draw(model, 10),
                       draw(model, 300),
                       (int)model->last + draw(model, 30)};
    known->uid = known->session < 5 ? known->session + 1 : 0;
    event = fixture_event(fixture, operations[known->operation], known->seconds, EVENT_OUTCOME,
                          outcomes[known->outcome], EVENT_IP, addresses[known->address], EVENT_SITE,
                          numbered(pool, "site", known->site), EVENT_SESSION,
                          numbered(pool, "s", known->session), EVENT_MODEL,
                          known->record % 2 ? "odd" : "even", EVENT_RECORD_IDS,
                          numbered(pool, "", known->record), -1);
    if (known->database) {
        event_set(event, EVENT_DATABASE, numbered(pool, "db", known->database));
    }
    if (known->uid) {
        event_set_integer(event, EVENT_UID, known->uid);
    }
    assert_int_equal(fixture_append(fixture, event), APR_SUCCESS);
}

static void append_many(model_t *model, int count)
{
    while (count > 0) {
        assert_int_equal(store_begin(model->fixture->store), APR_SUCCESS);
        for (int i = 0; i < 700 && count > 0; i++, count--) {
            append(model);
        }
        assert_int_equal(store_commit(model->fixture->store), APR_SUCCESS);
    }
}

/* ---- filters, and what they mean ---- */

typedef struct wish_t {
    event_filter_t filter;
    known_t wanted; /* -1: all */
    const char *ip;
} wish_t;

static int in_network(int address, const char *ip)
{
    static const struct {
        const char *ip;
        int has[7];
    } networks[] = {
        {"10.0.0.0/8", {1, 1, 1, 0, 0, 0, 0}},    {"10.0.0.0/15", {1, 1, 0, 0, 0, 0, 0}},
        {"10.0.1.7", {0, 1, 0, 0, 0, 0, 0}},      {"0.0.0.0/0", {1, 1, 1, 1, 0, 0, 0}},
        {"10.0.0.0/30", {1, 0, 0, 0, 0, 0, 0}},   {"2001:db8::/33", {0, 0, 0, 0, 1, 1, 0}},
        {"2001:db8::/80", {0, 0, 0, 0, 1, 0, 0}}, {"2000::/3", {0, 0, 0, 0, 1, 1, 0}}};

    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        if (!strcmp(networks[i].ip, ip)) {
            return networks[i].has[address];
        }
    }
    return 0;
}

static const char *const networks[] = {"10.0.0.0/8",  "10.0.0.0/15",   "10.0.1.7",      "0.0.0.0/0",
                                       "10.0.0.0/30", "2001:db8::/33", "2001:db8::/80", "2000::/3"};

static apr_time_t at(int seconds)
{
    return apr_time_from_msec(FIXTURE_START) + apr_time_from_sec(seconds);
}

static wish_t draw_wish(model_t *model)
{
    apr_pool_t *pool = model->fixture->pool;
    wish_t wish = {{0}, {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1}, NULL};
    event_filter_t *filter = &wish.filter;
    known_t *wanted = &wish.wanted;

    if (draw(model, 3) == 0) {
        filter->operations[0] = operations[wanted->operation = draw(model, 5)];
    }
    if (draw(model, 3) == 0) {
        filter->outcome = outcomes[wanted->outcome = draw(model, 4)];
    }
    if (draw(model, 3) == 0) {
        filter->ip = wish.ip = networks[draw(model, 8)];
    }
    if (draw(model, 4) == 0) {
        filter->user = numbered(pool, "", wanted->uid = 1 + draw(model, 9));
    }
    if (draw(model, 4) == 0) {
        filter->session = numbered(pool, "s", wanted->session = draw(model, 11));
    }
    if (draw(model, 8) == 0) {
        filter->record_id = wanted->record = 1 + draw(model, 299);
        filter->record_model = wanted->record % 2 ? "odd" : "even";
    }
    if (draw(model, 4) == 0) {
        wanted->site = draw(model, 2);
        filter->own_only = 1;
        filter->own_site = numbered(pool, "site", wanted->site);
        wanted->database = draw(model, 3);
        filter->own_database = wanted->database ? numbered(pool, "db", wanted->database) : NULL;
        filter->own_uid = wanted->uid = wanted->uid < 0 ? 1 + draw(model, 9) : wanted->uid;
    }
    if (draw(model, 3) == 0) {
        int first = draw(model, (int)model->last);

        filter->from = at(first);
        filter->to = at(first + draw(model, (int)model->last));
    }
    return wish;
}

static int is_one(int wanted, int is)
{
    return wanted < 0 || wanted == is;
}

static int fits(const wish_t *wish, const known_t *known)
{
    const known_t *wanted = &wish->wanted;
    const event_filter_t *filter = &wish->filter;

    return !known->gone && is_one(wanted->operation, known->operation) &&
           is_one(wanted->outcome, known->outcome) && is_one(wanted->uid, known->uid) &&
           is_one(wanted->session, known->session) && is_one(wanted->record, known->record) &&
           is_one(wanted->site, known->site) && is_one(wanted->database, known->database) &&
           (!wish->ip || in_network(known->address, wish->ip)) &&
           (!filter->from || at(known->seconds) >= filter->from) &&
           (!filter->to || at(known->seconds) < filter->to);
}

/* ---- comparing ---- */

typedef struct heard_t {
    const model_t *model;
    const wish_t *wish;
    apr_int64_t last;
    int step, count;
} heard_t;

/* The next event that looking at each would have found. */
static int hear(void *payload, const event_t *event)
{
    heard_t *heard = payload;
    apr_int64_t id = apr_atoi64(event->cell[EVENT_ID]);

    do {
        heard->last += heard->step;
        assert_true(heard->last > 0 && heard->last <= heard->model->last);
    } while (!fits(heard->wish, &heard->model->event[heard->last]));
    assert_int_equal(id, heard->last);
    heard->count++;
    return 0;
}

static int expected_from(const model_t *model, const wish_t *wish, apr_int64_t from, int step)
{
    int count = 0;

    for (apr_int64_t id = from + step; id > 0 && id <= model->last; id += step) {
        count += fits(wish, &model->event[id]);
    }
    return count;
}

static void compare(model_t *model, store_t *store, const wish_t *wish)
{
    apr_int64_t from = 1 + draw(model, (int)model->last), count;
    heard_t down = {model, wish, from, -1, 0}, up = {model, wish, from, 1, 0};
    int below = expected_from(model, wish, from, -1), above = expected_from(model, wish, from, 1);

    assert_int_equal(store_events(store, &wish->filter, from, ROWS, hear, &down,
                                  model->fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(down.count, below < ROWS ? below : ROWS);
    assert_int_equal(store_events_after(store, &wish->filter, from, ROWS, hear, &up,
                                        model->fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(up.count, above < ROWS ? above : ROWS);
    assert_int_equal(store_count(store, &wish->filter, 1000000, &count, model->fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(count, expected_from(model, wish, model->last + 1, -1));
}

static void compare_many(model_t *model)
{
    store_t *reader = NULL;

    for (int i = 0; i < FILTERS; i++) {
        wish_t wish = draw_wish(model);

        if (i % CONNECTION == 0) {
            reader = fixture_reader(model->fixture);
        }
        compare(model, reader, &wish);
        if (i % CONNECTION == CONNECTION - 1) {
            store_close(reader);
        }
    }
}

static model_t *make_model(fixture_t *fixture)
{
    model_t *model = apr_pcalloc(fixture->pool, sizeof(*model));

    model->fixture = fixture;
    model->seed = 42;
    return model;
}

/* ---- tests ---- */

static void test_appended(void **state)
{
    model_t *model = make_model(fixture_of(state));

    append_many(model, EVENTS);
    compare_many(model);
    fixture_reopen(model->fixture);
    append_many(model, 300);
    compare_many(model);
}

/* What a rolled back transaction appended is in no mark, the tail in memory included. */
static void test_rolled_back(void **state)
{
    model_t *model = make_model(fixture_of(state));
    fixture_t *fixture = model->fixture, before;

    append_many(model, 4000);
    before = *fixture;
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < 200; i++) {
        append(model);
    }
    store_rollback(fixture->store);
    fixture->id = before.id;
    fixture->sequence = before.sequence;
    fixture->hash = before.hash;
    model->last = before.id;
    append_many(model, 5000);
    compare_many(model);
}

static void name(model_t *model, int session, const char *uid)
{
    fixture_t *fixture = model->fixture;
    known_t *known = &model->event[++model->last];

    fixture_add(fixture, fixture_event(fixture, "login", (int)model->last, EVENT_SESSION,
                                       numbered(fixture->pool, "s", session), EVENT_UID, uid,
                                       EVENT_SITE, "site1", EVENT_DATABASE, "db1", EVENT_OUTCOME,
                                       "success", EVENT_IP, addresses[0], -1));
    *known = (known_t){0, 4, 0, 0, 1, 1, atoi(uid), session, -2, (int)model->last};
    for (apr_int64_t id = 1; id < model->last; id++) {
        if (model->event[id].session == session && !model->event[id].uid) {
            model->event[id].uid = atoi(uid);
        }
    }
}

static void test_named_later(void **state)
{
    model_t *model = make_model(fixture_of(state));

    append_many(model, EVENTS);
    name(model, 5, "6");
    name(model, 6, "1");
    name(model, 6, "9");
    compare_many(model);
}

/* Every event of these sessions has its name before the block that it lies in is full: there is no
 * nameless one to mark. */
static void test_named_at_once(void **state)
{
    model_t *model = make_model(fixture_of(state));
    apr_int64_t named;

    append_many(model, 100);
    for (int session = 5; session < 10; session++) {
        name(model, session, numbered(model->fixture->pool, "", session - 4));
    }
    named = model->last;
    append_many(model, EVENTS);
    for (apr_int64_t id = named + 1; id <= model->last; id++) {
        if (model->event[id].session >= 5) {
            model->event[id].uid = model->event[id].session - 4;
        }
    }
    compare_many(model);
}

static void purge(model_t *model, int operation, int seconds, int limit)
{
    const char *const names[] = {operations[operation], NULL};
    store_purge_t purge = {.operations = names, .before = at(seconds), .limit = limit};
    int expected = 0, total = 0;

    for (apr_int64_t id = 1; id <= model->last; id++) {
        known_t *known = &model->event[id];

        if (!known->gone && known->operation == operation && known->seconds < seconds) {
            known->gone = 1;
            expected++;
        }
    }
    while (!purge.through) {
        assert_int_equal(store_begin(model->fixture->store), APR_SUCCESS);
        assert_int_equal(store_purge(model->fixture->store, &purge, model->fixture->pool),
                         APR_SUCCESS);
        assert_int_equal(store_commit(model->fixture->store), APR_SUCCESS);
        total += purge.events;
    }
    assert_int_equal(total, expected);
}

static void test_purged(void **state)
{
    model_t *model = make_model(fixture_of(state));

    append_many(model, EVENTS);
    purge(model, 0, 6000, 900);
    compare_many(model);
    for (int operation = 0; operation < 4; operation++) {
        purge(model, operation, 5000, 5000);
    }
    purge(model, 1, 100000, 5000); /* in the tail as well */
    compare_many(model);
    append_many(model, 200);
    compare_many(model);
}

/* Two machines with one database: each finds the blocks that the other made. */
static void test_two_writers(void **state)
{
    model_t *model = make_model(fixture_of(state));
    fixture_t *fixture = model->fixture;
    store_t *first = fixture->store, *second = NULL;

    assert_int_equal(store_open(&second, fixture->pool, &fixture->config, STORE_WRITE, NULL),
                     APR_SUCCESS);
    for (int turn = 0; turn < 20; turn++) {
        fixture->store = turn % 2 ? second : first;
        append_many(model, turn % 5 == 4 ? 2000 : 50);
    }
    compare_many(model);
    fixture->store = first;
    store_close(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_appended),    FIXTURE_TEST(test_rolled_back),
        FIXTURE_TEST(test_named_later), FIXTURE_TEST(test_named_at_once),
        FIXTURE_TEST(test_purged),      FIXTURE_TEST(test_two_writers),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
