/* What plots are made of: counted while events are written, kept true when users become known and
 * when events are purged. */
#include "test_store_fixture.h"

#include <apr_general.h>

#include "store/summary.h"

#define HOUR 3600
#define DAY (24 * HOUR)

static apr_time_t at(int seconds)
{
    return apr_time_from_msec(FIXTURE_START) + apr_time_from_sec(seconds);
}

/* FIXTURE_START is Tuesday 2023-11-14 22:13:20. */
static void add_some(fixture_t *fixture)
{
    fixture_add(fixture, fixture_event(fixture, "write", 0, EVENT_DATABASE, "prod", EVENT_UID, "7",
                                       EVENT_LOGIN, "mia", EVENT_USER, "Mia", EVENT_SESSION, "s1",
                                       EVENT_MODEL, "m", EVENT_IP, "10.0.0.1", EVENT_COUNTRY, "DE",
                                       EVENT_CITY, "Jena", EVENT_OUTCOME, "success", -1));
    fixture_add(fixture, fixture_event(fixture, "write", 60, EVENT_DATABASE, "prod", EVENT_UID, "7",
                                       EVENT_LOGIN, "mia", EVENT_SESSION, "s1", EVENT_MODEL, "m",
                                       EVENT_IP, "10.0.0.1", EVENT_OUTCOME, "denied", -1));
    fixture_add(fixture, fixture_event(fixture, "read", HOUR, EVENT_DATABASE, "prod", EVENT_UID,
                                       "8", EVENT_SESSION, "s2", EVENT_MODEL, "q", EVENT_IP,
                                       "10.0.0.2", EVENT_OUTCOME, "failed", -1));
    fixture_add(fixture, fixture_event(fixture, "write", DAY, EVENT_SITE, "other", EVENT_DATABASE,
                                       "prod", EVENT_UID, "7", EVENT_SESSION, "s3", EVENT_MODEL,
                                       "m", EVENT_OUTCOME, "unknown", -1));
    fixture_add(fixture, fixture_event(fixture, "started", DAY + 60, -1));
}

typedef struct told_t {
    apr_pool_t *pool;
    const char *text;
} told_t;

static const char *counted(apr_pool_t *pool, const summary_counts_t *counts)
{
    return apr_psprintf(pool, "%d/%d/%d/%d", (int)counts->success, (int)counts->denied,
                        (int)counts->failed, (int)counts->unknown);
}

static int tell_activity(void *payload, apr_time_t start, const char *operation,
                         const summary_counts_t *counts)
{
    told_t *told = payload;

    told->text = apr_psprintf(told->pool, "%s%d %s %s;", told->text,
                              (int)apr_time_sec(start - at(-20 - 13 * 60)), operation,
                              counted(told->pool, counts));
    return 0;
}

static const char *activity(fixture_t *fixture, const summary_scope_t *scope,
                            summary_bucket_t bucket)
{
    told_t told = {fixture->pool, ""};

    assert_int_equal(store_summary_activity(fixture->store, scope, bucket, tell_activity, &told,
                                            fixture->pool),
                     APR_SUCCESS);
    return told.text;
}

static int tell_top(void *payload, const summary_top_t *top)
{
    told_t *told = payload;

    if (top->others) {
        told->text = apr_pstrcat(told->pool, told->text, "others", NULL);
    }
    for (int i = 0; i < 7; i++) {
        const char *const cells[] = {top->value, top->site,    top->database, top->login,
                                     top->name,  top->country, top->city};

        told->text = apr_pstrcat(told->pool, told->text, cells[i] ? cells[i] : "",
                                 cells[i] ? " " : "", NULL);
    }
    told->text = apr_pstrcat(told->pool, told->text, counted(told->pool, &top->counts), ";", NULL);
    return 0;
}

static const char *top(fixture_t *fixture, const summary_scope_t *scope, summary_kind_t kind,
                       int limit)
{
    told_t told = {fixture->pool, ""};

    assert_int_equal(store_summary_top(fixture->store, scope, kind, limit, tell_top, &told,
                                       fixture->pool),
                     APR_SUCCESS);
    return told.text;
}

static const char *total(fixture_t *fixture, const summary_scope_t *scope)
{
    summary_counts_t counts;

    assert_int_equal(store_summary_total(fixture->store, scope, &counts, fixture->pool),
                     APR_SUCCESS);
    return counted(fixture->pool, &counts);
}

static summary_scope_t everything(void)
{
    return (summary_scope_t){.from = at(-DAY), .to = at(3 * DAY)};
}

static summary_scope_t owned(const char *uid)
{
    summary_scope_t scope = everything();

    scope.own_only = 1;
    scope.own_site = "erp";
    scope.own_database = "prod";
    scope.own_uid = apr_atoi64(uid);
    return scope;
}

#define LONG 35   /* days with events */
#define PER_DAY 2 /* of each of the users 7 and 8, who come from an address each */

/* Whether or not a range has whole spans of ten days in it, it holds what its days hold. */
static void test_long_ranges(void **state)
{
    fixture_t *fixture = fixture_of(state);
    apr_time_t midnight = at(-(22 * HOUR + 13 * 60 + 20));

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < LONG * PER_DAY * 2; i++) {
        event_t *event = fixture_event(fixture, "write", i / (PER_DAY * 2) * DAY, EVENT_DATABASE,
                                       "prod", EVENT_UID, i % 2 ? "7" : "8", EVENT_IP,
                                       i % 2 ? "10.0.0.7" : "10.0.0.8", -1);

        assert_int_equal(fixture_append(fixture, event), APR_SUCCESS);
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(fixture_purge(fixture, NULL, 2 * DAY - 1, 1000), 2 * PER_DAY * 2);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    for (int from = 0; from < LONG; from += 3) {
        for (int to = from + 1; to < LONG + 12; to += 5) {
            summary_scope_t scope = {.from = midnight + apr_time_from_sec(from * DAY),
                                     .to = midnight + apr_time_from_sec(to * DAY)};
            int first = from > 2 ? from : 2, end = to < LONG ? to : LONG;
            int count = first < end ? (end - first) * PER_DAY : 0;

            assert_string_equal(top(fixture, &scope, SUMMARY_ADDRESSES, 10),
                                count ? apr_psprintf(fixture->pool,
                                                     "10.0.0.7 %d/0/0/0;10.0.0.8 %d/0/0/0;", count,
                                                     count)
                                      : "");
            assert_string_equal(top(fixture, &scope, SUMMARY_USERS, 10),
                                count ? apr_psprintf(fixture->pool,
                                                     "7 erp prod %d/0/0/0;8 erp prod %d/0/0/0;",
                                                     count, count)
                                      : "");
        }
    }
}

static void test_over_time(void **state)
{
    fixture_t *fixture = fixture_of(state);
    summary_scope_t scope = everything();

    add_some(fixture);
    assert_string_equal(activity(fixture, &scope, SUMMARY_HOUR),
                        "0 write 1/1/0/0;3600 read 0/0/1/0;86400 started 1/0/0/0;"
                        "86400 write 0/0/0/1;");
    assert_string_equal(activity(fixture, &scope, SUMMARY_DAY),
                        "-79200 read 0/0/1/0;-79200 write 1/1/0/0;7200 started 1/0/0/0;"
                        "7200 write 0/0/0/1;");
    assert_string_equal(total(fixture, &scope), "2/1/1/1");
    scope.site = "other";
    assert_string_equal(activity(fixture, &scope, SUMMARY_HOUR), "86400 write 0/0/0/1;");
    scope.site = NULL;
    scope.to = at(HOUR - 13 * 60 - 20);
    assert_string_equal(activity(fixture, &scope, SUMMARY_HOUR), "0 write 1/1/0/0;");
    scope.from = at(30);
    assert_string_equal(activity(fixture, &scope, SUMMARY_HOUR), "0 write 1/1/0/0;");
}

static void test_by_weekday(void **state)
{
    fixture_t *fixture = fixture_of(state);
    summary_scope_t scope = everything();
    apr_int64_t counts[7][24];

    add_some(fixture);
    assert_int_equal(store_summary_week(fixture->store, &scope, 0, counts, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(counts[1][22], 2);
    assert_int_equal(counts[1][23], 1);
    assert_int_equal(counts[2][22], 2);
    assert_int_equal(store_summary_week(fixture->store, &scope, 2 * HOUR, counts, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(counts[1][22], 0);
    assert_int_equal(counts[2][0], 2);
}

static void test_most_frequent(void **state)
{
    fixture_t *fixture = fixture_of(state);
    summary_scope_t scope = everything();

    add_some(fixture);
    assert_string_equal(top(fixture, &scope, SUMMARY_USERS, 10),
                        "7 erp prod mia Mia 1/1/0/0;7 other prod 0/0/0/1;8 erp prod 0/0/1/0;");
    assert_string_equal(top(fixture, &scope, SUMMARY_MODELS, 10), "m 1/1/0/1;q 0/0/1/0;");
    assert_string_equal(top(fixture, &scope, SUMMARY_MODELS, 1), "m 1/1/0/1;");
    assert_string_equal(top(fixture, &scope, SUMMARY_ADDRESSES, 10),
                        "10.0.0.1 1/1/0/0;10.0.0.2 0/0/1/0;");
    assert_string_equal(top(fixture, &scope, SUMMARY_PLACES, 10), "DE Jena 1/0/0/0;");
}

static void test_rights(void **state)
{
    fixture_t *fixture = fixture_of(state);
    summary_scope_t mia = owned("7"), nobody = owned("0"), other = owned("8");
    apr_int64_t counts[7][24];

    add_some(fixture);
    assert_string_equal(total(fixture, &mia), "1/1/0/0");
    assert_string_equal(activity(fixture, &mia, SUMMARY_HOUR), "0 write 1/1/0/0;");
    assert_string_equal(top(fixture, &mia, SUMMARY_USERS, 10), "7 erp prod mia Mia 1/1/0/0;");
    assert_string_equal(top(fixture, &mia, SUMMARY_MODELS, 10), "m 1/1/0/0;");
    assert_string_equal(top(fixture, &mia, SUMMARY_ADDRESSES, 10), "10.0.0.1 1/1/0/0;");
    assert_int_equal(store_summary_week(fixture->store, &mia, 0, counts, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(counts[1][23], 0);
    assert_int_equal(counts[1][22], 2);
    assert_string_equal(total(fixture, &other), "0/0/1/0");
    assert_string_equal(total(fixture, &nobody), "0/0/0/0");
    assert_string_equal(top(fixture, &nobody, SUMMARY_USERS, 10), "");
    mia.own_database = "test";
    assert_string_equal(total(fixture, &mia), "0/0/0/0");
    mia.own_database = "prod";
    mia.site = "other";
    assert_string_equal(total(fixture, &mia), "0/0/0/0");
}

static int never(void *payload, const summary_top_t *top)
{
    (void)payload;
    (void)top;
    fail();
    return 1;
}

static void test_needs_a_range(void **state)
{
    fixture_t *fixture = fixture_of(state);
    const summary_scope_t wrong[] = {{0},
                                     {.from = at(0)},
                                     {.to = at(0)},
                                     {.from = at(0), .to = at(0)},
                                     {.from = at(0), .to = at(0) + apr_time_from_sec(DAY) * 4001}};
    summary_scope_t long_range = {.from = at(0), .to = at(101 * DAY)};
    apr_int64_t counts[7][24];

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(store_summary_top(fixture->store, &wrong[i], SUMMARY_MODELS, 10, never,
                                           NULL, fixture->pool),
                         APR_EINVAL);
    }
    assert_int_equal(store_summary_week(fixture->store, &long_range, 0, counts, fixture->pool),
                     APR_EINVAL);
    assert_string_equal(activity(fixture, &long_range, SUMMARY_DAY), "");
}

/* An event counts for its user from the moment on that the user is known. */
static void test_user_known_later(void **state)
{
    fixture_t *fixture = fixture_of(state);
    summary_scope_t scope = everything(), mia = owned("7");

    fixture_add(fixture, fixture_event(fixture, "write", 1, EVENT_DATABASE, "prod", EVENT_SESSION,
                                       "s", EVENT_MODEL, "m", EVENT_OUTCOME, "success", -1));
    assert_string_equal(top(fixture, &scope, SUMMARY_USERS, 10), "");
    assert_string_equal(total(fixture, &mia), "0/0/0/0");
    fixture_add(fixture, fixture_event(fixture, "session_identified", 2, EVENT_DATABASE, "prod",
                                       EVENT_SESSION, "s", EVENT_UID, "7", EVENT_LOGIN, "mia", -1));
    assert_string_equal(top(fixture, &scope, SUMMARY_USERS, 10), "7 erp prod mia 2/0/0/0;");
    assert_string_equal(total(fixture, &mia), "2/0/0/0");
    assert_string_equal(total(fixture, &scope), "2/0/0/0");
    fixture_add(fixture, fixture_event(fixture, "write", 3, EVENT_DATABASE, "prod", EVENT_SESSION,
                                       "s", EVENT_MODEL, "m", EVENT_OUTCOME, "denied", -1));
    assert_string_equal(total(fixture, &mia), "2/1/0/0");
}

static void test_purged(void **state)
{
    static const char *const writes[] = {"write", NULL};
    fixture_t *fixture = fixture_of(state);
    summary_scope_t scope = everything(), mia = owned("7");

    add_some(fixture);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(fixture_purge(fixture, writes, DAY, 10), 2);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_string_equal(total(fixture, &scope), "1/0/1/1");
    assert_string_equal(total(fixture, &mia), "0/0/0/0");
    assert_string_equal(top(fixture, &scope, SUMMARY_MODELS, 10), "m 0/0/0/1;q 0/0/1/0;");
    assert_string_equal(top(fixture, &scope, SUMMARY_PLACES, 10), "");
}

static void test_rolled_back(void **state)
{
    fixture_t *fixture = fixture_of(state);
    summary_scope_t scope = everything();

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(fixture_append(fixture, fixture_event(fixture, "write", 1, -1)), APR_SUCCESS);
    store_rollback(fixture->store);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_string_equal(total(fixture, &scope), "0/0/0/0");
}

/* Events that are alike, in one transaction and in several, one of them rolled back, and with
 * others between that differ from them in one cell. */
static void test_alike(void **state)
{
    static const char *const addresses[] = {"10.0.0.1", "10.0.0.2", NULL};
    fixture_t *fixture = fixture_of(state);
    summary_scope_t scope = everything(), own = owned("7");

    for (int transaction = 0; transaction < 4; transaction++) {
        assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
        for (int i = 0; i < 30; i++) {
            event_t *event =
                fixture_event(fixture, "write", i % 2 ? HOUR : 0, EVENT_DATABASE, "prod", EVENT_UID,
                              "7", EVENT_IP, addresses[i % 3], EVENT_MODEL, i % 5 ? "m" : "n",
                              EVENT_OUTCOME, i % 10 ? "success" : "denied", -1);

            assert_int_equal(fixture_append(fixture, event), APR_SUCCESS);
        }
        if (transaction == 1) {
            store_rollback(fixture->store);
        }
        else {
            assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
        }
    }
    assert_string_equal(total(fixture, &scope), "81/9/0/0");
    assert_string_equal(total(fixture, &own), "81/9/0/0");
    assert_string_equal(activity(fixture, &scope, SUMMARY_HOUR),
                        "0 write 36/9/0/0;3600 write 45/0/0/0;");
    assert_string_equal(top(fixture, &own, SUMMARY_MODELS, 5), "m 72/0/0/0;n 9/9/0/0;");
    assert_string_equal(top(fixture, &scope, SUMMARY_ADDRESSES, 5),
                        "10.0.0.1 27/3/0/0;10.0.0.2 27/3/0/0;");
}

/* Whoever comes from a new address with each request fills no table. */
static void test_bounded(void **state)
{
    fixture_t *fixture = fixture_of(state);
    summary_scope_t scope = everything();

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < 700; i++) {
        const char *address = apr_psprintf(fixture->pool, "10.0.%d.%d", i / 256, i % 256);

        assert_int_equal(fixture_append(fixture,
                                        fixture_event(fixture, "write", 1, EVENT_IP, address, -1)),
                         APR_SUCCESS);
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_string_equal(top(fixture, &scope, SUMMARY_ADDRESSES, 1), "others200/0/0/0;");
    assert_string_equal(total(fixture, &scope), "700/0/0/0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_over_time),        FIXTURE_TEST(test_long_ranges),
        FIXTURE_TEST(test_by_weekday),       FIXTURE_TEST(test_most_frequent),
        FIXTURE_TEST(test_rights),           FIXTURE_TEST(test_needs_a_range),
        FIXTURE_TEST(test_user_known_later), FIXTURE_TEST(test_purged),
        FIXTURE_TEST(test_rolled_back),      FIXTURE_TEST(test_alike),
        FIXTURE_TEST(test_bounded),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
