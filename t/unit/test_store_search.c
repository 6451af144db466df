/* Every filter, alone and combined, finds what it names and nothing else. */
#include "test_store_fixture.h"

#include <apr_general.h>

#include "text/buffer.h"

#define BLOCKS 9600 /* events: more than two blocks of ids */

static const char *const hostile = "x' OR '1'='1\" %s%%d \\ ; -- \xe2\x82\xac";

/* Six events, one second apart; numbers 1 to 6. */
static void add_six(fixture_t *fixture)
{
    fixture_add(fixture, fixture_event(fixture, "create", 1, EVENT_DATABASE, "prod", EVENT_UID, "7",
                                       EVENT_LOGIN, "mia", EVENT_SESSION, "s1", EVENT_MODEL, "m",
                                       EVENT_RECORD_IDS, "5", EVENT_IP, "10.0.0.1", EVENT_OUTCOME,
                                       "success", EVENT_CHANNEL, "web", EVENT_FLAGS,
                                       "cut truncated", EVENT_VALUES, "{\"city\":\"Jena\"}", -1));
    fixture_add(fixture, fixture_event(fixture, "write", 2, EVENT_DATABASE, "prod", EVENT_UID, "7",
                                       EVENT_LOGIN, "mia", EVENT_SESSION, "s1", EVENT_MODEL, "m",
                                       EVENT_RECORD_IDS, "4 5 66", EVENT_IP, "10.0.1.1",
                                       EVENT_OUTCOME, "denied", EVENT_FLAGS, "cut", EVENT_VALUES,
                                       "{\"note\":\"\xc3\x9c"
                                       "BER\"}",
                                       -1));
    fixture_add(fixture, fixture_event(fixture, "write", 3, EVENT_DATABASE, "test", EVENT_UID, "7",
                                       EVENT_LOGIN, "mia", EVENT_SESSION, "s2", EVENT_MODEL, "q",
                                       EVENT_RECORD_IDS, "5", EVENT_IP, "::ffff:10.0.0.1",
                                       EVENT_OUTCOME, "success", -1));
    fixture_add(fixture, fixture_event(fixture, "read", 4, EVENT_DATABASE, "prod", EVENT_UID, "8",
                                       EVENT_LOGIN, "777", EVENT_SESSION, "s3", EVENT_MODEL, "m",
                                       EVENT_IP, "2001:db8::7", EVENT_OUTCOME, "failed", -1));
    fixture_add(fixture, fixture_event(fixture, "unlink", 5, EVENT_SITE, "other", EVENT_DATABASE,
                                       "prod", EVENT_UID, "7", EVENT_LOGIN, "mia", EVENT_MODEL, "m",
                                       EVENT_RECORD_IDS, "6 55", EVENT_IP, "192.168.0.1", -1));
    fixture_add(fixture,
                fixture_event(fixture, "login_failed", 6, EVENT_LOGIN, hostile, EVENT_MODEL,
                              hostile, EVENT_SESSION, hostile, EVENT_SITE, hostile, EVENT_OUTCOME,
                              "denied", EVENT_IP, "not an address", -1));
}

static apr_time_t at(int milliseconds)
{
    return apr_time_from_msec(FIXTURE_START + milliseconds);
}

static void test_each_filter(void **state)
{
    fixture_t *fixture = fixture_of(state);
    const struct {
        event_filter_t filter;
        const char *found;
    } cases[] = {
        {{0}, "6 5 4 3 2 1"},
        {{.user = "7"}, "5 3 2 1"},
        {{.user = "mia"}, "5 3 2 1"},
        {{.user = "777"}, ""}, /* digits are a uid */
        {{.user = "07"}, ""},
        {{.user = hostile}, "6"},
        {{.session = "s1"}, "2 1"},
        {{.session = hostile}, "6"},
        {{.model = "m"}, "5 4 2 1"},
        {{.model = "M"}, ""},
        {{.model = "%"}, ""},
        {{.model = hostile}, "6"},
        {{.record_model = "m", .record_id = 5}, "2 1"},
        {{.record_model = "m", .record_id = 6}, "5"},
        {{.record_model = "m", .record_id = 66}, "2"},
        {{.record_model = "q", .record_id = 5}, "3"},
        {{.record_model = "m"}, "5 4 2 1"},
        {{.operations = {"write"}}, "3 2"},
        {{.operations = {"read", "create", "nothing"}}, "4 1"},
        {{.outcome = "success"}, "3 1"},
        {{.outcome = "denied"}, "6 2"},
        {{.site = "erp"}, "4 3 2 1"},
        {{.site = hostile}, "6"},
        {{.ip = "10.0.0.1"}, "3 1"},
        {{.ip = "::ffff:10.0.0.1"}, "3 1"},
        {{.ip = "10.0.0.0/16"}, "3 2 1"},
        {{.ip = "0.0.0.0/0"}, "5 3 2 1"},
        {{.ip = "10.0.0.0/23"}, "3 2 1"},
        {{.ip = "128.0.0.0/1"}, "5"},
        {{.ip = "2001:db8::/32"}, "4"},
        {{.ip = "2001:db8::/33"}, "4"},
        {{.ip = "2001:db8:8000::/33"}, ""},
        {{.ip = "2001:db8::/127"}, ""},
        {{.ip = "2001:db8::6/127"}, "4"},
        {{.from = at(2000)}, "6 5 4 3 2"},
        {{.to = at(2000)}, "1"},
        {{.from = at(2000), .to = at(4000)}, "3 2"},
        {{.from = at(2000) + 1, .to = at(4000) + 1}, "4 3"},
        {{.from = at(9000)}, ""},
        {{.user = "7", .model = "m", .operations = {"write", "unlink"}}, "5 2"},
        {{.user = "mia", .ip = "10.0.0.0/8", .outcome = "success", .from = at(1500)}, "3"},
        {{.session = "s1", .site = "other"}, ""},
        {{.channel = "web"}, "1"},
        {{.flag = "cut"}, "2 1"},
        {{.flag = "cut_"}, ""},
        {{.flag = "%"}, ""},
        {{.text = "JENA", .from = at(0), .to = at(9000)}, "1"},
        {{.text = "\xc3\xbc"
                  "ber",
          .from = at(0),
          .to = at(9000)},
         "2"},
        {{.text = "%", .from = at(0), .to = at(9000)}, "6"},
        {{.text = "_.i", .from = at(0), .to = at(9000)}, ""},
        {{.text = "mia", .from = at(1500), .to = at(4000)}, "3 2"},
        {{.text = "mia", .site = "other", .from = at(0), .to = at(9000)}, "5"},
        {{.country = "France"}, ""},
        {{.city = hostile}, ""},
    };

    add_six(fixture);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *found = fixture_find(fixture, &cases[i].filter);

        if (strcmp(found, cases[i].found)) {
            fail_msg("case %d: found \"%s\", not \"%s\"", (int)i, found, cases[i].found);
        }
    }
}

static int never(void *payload, const event_t *event)
{
    (void)payload;
    (void)event;
    fail();
    return 1;
}

static void test_wrong_filters(void **state)
{
    fixture_t *fixture = fixture_of(state);
    const event_filter_t wrong[] = {{.ip = "10.0.0.0/33"},
                                    {.ip = "'"},
                                    {.record_id = 5},
                                    {.text = "x"},
                                    {.text = "x", .from = at(0)},
                                    {.text = "x", .to = at(0)}};
    apr_int64_t count;

    add_six(fixture);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(store_events(fixture->store, &wrong[i], 0, 10, never, NULL, fixture->pool),
                         APR_EINVAL);
        assert_int_equal(store_events_after(fixture->store, &wrong[i], 0, 10, never, NULL,
                                            fixture->pool),
                         APR_EINVAL);
        assert_int_equal(store_running(fixture->store, &wrong[i], 10, never, NULL, fixture->pool),
                         APR_EINVAL);
        assert_int_equal(store_count(fixture->store, &wrong[i], 10, &count, fixture->pool),
                         APR_EINVAL);
    }
    /* The connection is as good as before. */
    assert_string_equal(fixture_find(fixture, &(event_filter_t){.user = "8"}), "4");
}

static void test_own_only(void **state)
{
    fixture_t *fixture = fixture_of(state);
    event_filter_t own = {.own_only = 1, .own_site = "erp", .own_database = "prod", .own_uid = 7};
    event_filter_t nobody = {.own_only = 1, .own_site = "erp", .own_database = "prod"};
    event_filter_t nowhere = {.own_only = 1, .own_database = "prod", .own_uid = 7};
    event_filter_t no_database = {.own_only = 1, .own_site = "erp", .own_uid = 7};

    add_six(fixture);
    assert_string_equal(fixture_find(fixture, &own), "2 1");
    own.user = "8";
    assert_string_equal(fixture_find(fixture, &own), "");
    own.user = NULL;
    own.site = "other";
    assert_string_equal(fixture_find(fixture, &own), "");
    assert_string_equal(fixture_find(fixture, &nobody), "");
    assert_string_equal(fixture_find(fixture, &nowhere), "");
    assert_string_equal(fixture_find(fixture, &no_database), "");
}

/* ---- paging over several blocks ---- */

typedef struct walk_t {
    apr_int64_t last;
    int step, count, stop_at;
} walk_t;

static int walk_on(void *payload, const event_t *event)
{
    walk_t *walk = payload;
    apr_int64_t id = apr_atoi64(event->cell[EVENT_ID]);

    assert_true(walk->step > 0 ? id > walk->last : id < walk->last);
    walk->last = id;
    return ++walk->count == walk->stop_at;
}

static void add_blocks(fixture_t *fixture)
{
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < BLOCKS; i++) {
        event_t *event = fixture_event(fixture, "write", i, EVENT_SESSION, i % 10 ? "s1" : "s2",
                                       EVENT_MODEL, i / 400 % 2 ? "odd" : "even", EVENT_COUNTRY,
                                       i % 4 ? "Norway" : "Spain", -1);

        assert_int_equal(fixture_append(fixture, event), APR_SUCCESS);
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
}

/* Pages of 70 in both directions see each event once. */
static void walk_pages(fixture_t *fixture, const event_filter_t *filter, int expected)
{
    walk_t down = {APR_INT64_MAX, -1, 0, 0}, up = {0, 1, 0, 0};

    for (int before = -1; before < down.count;) {
        before = down.count;
        assert_int_equal(store_events(fixture->store, filter, down.count ? down.last : 0, 70,
                                      walk_on, &down, fixture->pool),
                         APR_SUCCESS);
    }
    for (int before = -1; before < up.count;) {
        before = up.count;
        assert_int_equal(store_events_after(fixture->store, filter, up.last, 70, walk_on, &up,
                                            fixture->pool),
                         APR_SUCCESS);
    }
    assert_int_equal(down.count, expected);
    assert_int_equal(up.count, expected);
}

static void test_paging(void **state)
{
    fixture_t *fixture = fixture_of(state);
    event_filter_t all = {0}, session = {.session = "s2"}, model = {.model = "odd"};
    event_filter_t times = {.from = at(500 * 1000), .to = at(1100 * 1000)};
    walk_t whole = {APR_INT64_MAX, -1, 0, 0}, stopped = {APR_INT64_MAX, -1, 0, 3};
    apr_int64_t count;

    add_blocks(fixture);
    walk_pages(fixture, &all, BLOCKS);
    walk_pages(fixture, &session, BLOCKS / 10);
    walk_pages(fixture, &model, BLOCKS / 2);
    walk_pages(fixture, &times, 600);
    assert_int_equal(store_events(fixture->store, &session, 0, 100000, walk_on, &whole,
                                  fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(whole.count, BLOCKS / 10);
    assert_int_equal(store_events(fixture->store, &all, 0, 100, walk_on, &stopped, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(stopped.count, 3);
    assert_int_equal(store_count(fixture->store, &all, 1000, &count, fixture->pool), APR_SUCCESS);
    assert_int_equal(count, 1000);
    assert_int_equal(store_count(fixture->store, &model, 10000, &count, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(count, BLOCKS / 2);
}

static void test_places_over_blocks(void **state)
{
    fixture_t *fixture = fixture_of(state);
    event_filter_t spain = {.country = "Spain"}, both = {.country = "Spain", .session = "s2"};
    apr_int64_t count;

    add_blocks(fixture);
    walk_pages(fixture, &spain, BLOCKS / 4);
    walk_pages(fixture, &both, BLOCKS / 20);
    assert_int_equal(store_count(fixture->store, &spain, 10000, &count, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(count, BLOCKS / 4);
}

/* Networks of any width over full blocks, whose marks tell all but the narrowest. */
static void test_networks_over_blocks(void **state)
{
    fixture_t *fixture = fixture_of(state);

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < BLOCKS; i++) {
        const char *ip = i % 2 ? apr_psprintf(fixture->pool, "%d.0.0.%d", i % 256, i / 256)
                               : apr_psprintf(fixture->pool, "2001:db8:0:%x::%x", i % 16, i);

        assert_int_equal(fixture_append(fixture,
                                        fixture_event(fixture, "write", i, EVENT_IP, ip, -1)),
                         APR_SUCCESS);
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    walk_pages(fixture, &(event_filter_t){.ip = "0.0.0.0/0"}, BLOCKS / 2);
    walk_pages(fixture, &(event_filter_t){.ip = "0.0.0.0/1"}, BLOCKS / 4 + 32);
    walk_pages(fixture, &(event_filter_t){.ip = "0.0.0.0/5"}, 4 * 38);
    walk_pages(fixture, &(event_filter_t){.ip = "2001:db8::/62"}, BLOCKS / 8);
    walk_pages(fixture, &(event_filter_t){.ip = "2001:db8:0:2::/64"}, BLOCKS / 16);
    walk_pages(fixture, &(event_filter_t){.ip = "2001:db8:0:2::/113"}, BLOCKS / 16);
    walk_pages(fixture, &(event_filter_t){.ip = "2001:db8:0:2::2/128"}, 1);
}

/* What only rows tell is looked for in some of them at a time, and nothing is left out. */
static void walk_horizons(fixture_t *fixture, const event_filter_t *filter, int newest_first,
                          int expected)
{
    walk_t walk = {newest_first ? APR_INT64_MAX : 0, newest_first ? -1 : 1, 0, 0};
    apr_int64_t from = 0;
    int calls = 0;

    do {
        assert_int_equal(newest_first ? store_events(fixture->store, filter, from, 100, walk_on,
                                                     &walk, fixture->pool)
                                      : store_events_after(fixture->store, filter, from, 100,
                                                           walk_on, &walk, fixture->pool),
                         APR_SUCCESS);
        from = store_horizon(fixture->store);
        calls++;
    } while (from);
    assert_int_equal(walk.count, expected);
    assert_int_equal(calls, 2);
}

static void test_rows_in_pieces(void **state)
{
    fixture_t *fixture = fixture_of(state);
    event_filter_t nowhere = {.text = "no such text", .from = at(0), .to = at(90000000)};
    event_filter_t twice = {.text = "needle", .from = at(0), .to = at(90000000)};
    apr_int64_t count;

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < STORE_MAX_ROWS + 4200; i++) {
        event_t *event = fixture_event(fixture, "write", i, EVENT_METHOD,
                                       i == 7 || i == STORE_MAX_ROWS ? "Needles" : NULL, -1);

        assert_int_equal(fixture_append(fixture, event), APR_SUCCESS);
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    walk_horizons(fixture, &nowhere, 1, 0);
    walk_horizons(fixture, &nowhere, 0, 0);
    walk_horizons(fixture, &twice, 1, 2);
    walk_horizons(fixture, &twice, 0, 2);
    assert_int_equal(store_count(fixture->store, &twice, 10000, &count, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(count, 1); /* of what was looked at */
    assert_int_not_equal(store_horizon(fixture->store), 0);
    assert_int_equal(store_count(fixture->store, &(event_filter_t){.model = "none"}, 10000, &count,
                                 fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(store_horizon(fixture->store), 0);
}

/* Times need not grow with ids: a long request is chained late, a clock goes wrong. */
static void test_times_out_of_order(void **state)
{
    fixture_t *fixture = fixture_of(state);
    event_filter_t old = {.to = at(1000)}, future = {.from = at(10 * 1000 * 1000)};

    add_blocks(fixture);
    fixture_add(fixture, fixture_event(fixture, "write", 20000, -1));
    fixture_add(fixture, fixture_event(fixture, "write", 0, -1));
    assert_string_equal(fixture_find(fixture, &old), "9602 1");
    assert_string_equal(fixture_find(fixture, &future), "9601");
}

static void test_many_records(void **state)
{
    fixture_t *fixture = fixture_of(state);
    const char *ids = "1";
    event_filter_t last = {.record_model = "m", .record_id = 1000};
    event_filter_t beyond = {.record_model = "m", .record_id = 1001};

    for (int i = 2; i <= 1001; i++) {
        ids = apr_psprintf(fixture->pool, "%s %d", ids, i);
    }
    fixture_add(fixture,
                fixture_event(fixture, "unlink", 1, EVENT_MODEL, "m", EVENT_RECORD_IDS, ids, -1));
    assert_string_equal(fixture_find(fixture, &last), "1");
    add_blocks(fixture);
    assert_string_equal(fixture_find(fixture, &last), "1");
    assert_string_equal(fixture_find(fixture, &beyond), "");
}

/* ---- intents and sessions ---- */

static void put(fixture_t *fixture, apr_uint64_t number, const event_t *event)
{
    buffer_t encoded;

    buffer_init(&encoded, fixture->pool, 65536);
    event_encode(event, &encoded);
    assert_int_equal(store_pending_put(fixture->store, "n", "inc", number, encoded.data,
                                       encoded.length),
                     APR_SUCCESS);
}

static int note_model(void *payload, const event_t *event)
{
    buffer_append_string(payload, event->cell[EVENT_MODEL]);
    return 0;
}

static const char *running(fixture_t *fixture, const event_filter_t *filter)
{
    buffer_t *models = apr_palloc(fixture->pool, sizeof(*models));

    buffer_init(models, fixture->pool, 1000);
    assert_int_equal(store_running(fixture->store, filter, 10, note_model, models, fixture->pool),
                     APR_SUCCESS);
    return buffer_string(models);
}

static void test_running(void **state)
{
    fixture_t *fixture = fixture_of(state);
    event_filter_t own = {.own_only = 1, .own_site = "erp", .own_database = "prod", .own_uid = 7};

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    put(fixture, 1,
        fixture_event(fixture, "write", 2, EVENT_MODEL, "b", EVENT_UID, "7", EVENT_DATABASE, "prod",
                      EVENT_RECORD_IDS, "3 4", -1));
    put(fixture, 2, fixture_event(fixture, "unlink", 1, EVENT_MODEL, "a", EVENT_UID, "8", -1));
    put(fixture, 3, fixture_event(fixture, "write", 3, EVENT_MODEL, "c", EVENT_IP, "10.0.0.1", -1));
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_string_equal(running(fixture, &(event_filter_t){0}), "cba");
    assert_string_equal(running(fixture, &own), "b");
    assert_string_equal(running(fixture, &(event_filter_t){.ip = "10.0.0.0/24"}), "c");
    assert_string_equal(running(fixture, &(event_filter_t){.operations = {"unlink"}}), "a");
    assert_string_equal(running(fixture, &(event_filter_t){.record_model = "b", .record_id = 4}),
                        "b");
    assert_string_equal(running(fixture, &(event_filter_t){.to = at(2000)}), "a");
    assert_string_equal(running(fixture, &(event_filter_t){.outcome = "success"}), "");
}

static int note_reference(void *payload, const session_row_t *session)
{
    buffer_append_string(payload, session->reference);
    return 0;
}

static const char *sessions(fixture_t *fixture, const session_filter_t *filter, int offset,
                            int limit)
{
    buffer_t *references = apr_palloc(fixture->pool, sizeof(*references));

    buffer_init(references, fixture->pool, 1000);
    assert_int_equal(store_sessions(fixture->store, filter, offset, limit, note_reference,
                                    references, fixture->pool),
                     APR_SUCCESS);
    return buffer_string(references);
}

static void add_session(fixture_t *fixture, const char *reference, int seconds, const char *uid,
                        const char *site)
{
    fixture_add(fixture, fixture_event(fixture, "login", seconds, EVENT_SESSION, reference,
                                       EVENT_UID, uid, EVENT_LOGIN, uid ? "mia" : NULL, EVENT_SITE,
                                       site, EVENT_DATABASE, "prod", -1));
}

static void test_sessions(void **state)
{
    fixture_t *fixture = fixture_of(state);
    session_filter_t own = {.own_only = 1, .own_site = "erp", .own_database = "prod", .own_uid = 7};

    add_session(fixture, "a", 1, "7", "erp");
    add_session(fixture, "b", 3, "8", "erp");
    add_session(fixture, "c", 2, "7", "other");
    add_session(fixture, "d", 4, NULL, "erp");
    fixture_add(fixture, fixture_event(fixture, "session_expired", 5, EVENT_SESSION, "b", -1));
    assert_string_equal(sessions(fixture, &(session_filter_t){0}, 0, 10), "dbca");
    assert_string_equal(sessions(fixture, &(session_filter_t){0}, 1, 2), "bc");
    assert_string_equal(sessions(fixture, &own, 0, 10), "a");
    own.own_uid = 0;
    assert_string_equal(sessions(fixture, &own, 0, 10), "");
    assert_string_equal(sessions(fixture, &(session_filter_t){.user = "7"}, 0, 10), "ca");
    assert_string_equal(sessions(fixture, &(session_filter_t){.user = "mia"}, 0, 10), "bca");
    assert_string_equal(sessions(fixture, &(session_filter_t){.site = "erp"}, 0, 10), "dba");
    assert_string_equal(sessions(fixture, &(session_filter_t){.state = "open"}, 0, 10), "dca");
    assert_string_equal(sessions(fixture, &(session_filter_t){.state = "ended"}, 0, 10), "b");
    assert_string_equal(sessions(fixture, &(session_filter_t){.reference = hostile}, 0, 10), "");
    assert_int_equal(store_sessions(fixture->store, &(session_filter_t){.state = "no such"}, 0, 10,
                                    note_reference, NULL, fixture->pool),
                     APR_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_each_filter),        FIXTURE_TEST(test_wrong_filters),
        FIXTURE_TEST(test_own_only),           FIXTURE_TEST(test_paging),
        FIXTURE_TEST(test_places_over_blocks), FIXTURE_TEST(test_networks_over_blocks),
        FIXTURE_TEST(test_rows_in_pieces),     FIXTURE_TEST(test_times_out_of_order),
        FIXTURE_TEST(test_many_records),       FIXTURE_TEST(test_running),
        FIXTURE_TEST(test_sessions),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
