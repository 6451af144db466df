/* What is written comes back as it was, once, and the sessions follow. */
#include "test_store_fixture.h"

#include <apr_general.h>

#include "text/buffer.h"
#include "trail/chain.h"

#define SCRATCH (1024 * 1024)

static const char *const hostile[] = {
    "'; DROP TABLE events; --",
    "\"quoted\" `ticks` \\back\\slash\\",
    "100% %s %d %n %%",
    "$1 ? :name @x",
    "\xd0\x96\xe2\x82\xac\xf0\x9f\x98\x80 \xef\xbf\xbd",
    "line\r\nbreak\ttab\x01\x7f",
    "NULL",
    " leading and trailing ",
};

static int intact(fixture_t *fixture, const event_t *event)
{
    buffer_t scratch;

    buffer_init(&scratch, fixture->pool, SCRATCH);
    return chain_intact(event, &scratch);
}

static void assert_same(const event_t *event, const event_t *back)
{
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        if (event->cell[column]) {
            assert_non_null(back->cell[column]);
            assert_string_equal(back->cell[column], event->cell[column]);
        }
        else {
            assert_null(back->cell[column]);
        }
    }
}

/* Gives every column that takes any text one. */
static event_t *full_event(fixture_t *fixture, const char *text)
{
    event_t *event = fixture_event(fixture, "write", 1, -1);

    for (int column = 0; column < EVENT_COLUMNS; column++) {
        switch (column) {
        case EVENT_ID:
        case EVENT_TIME:
        case EVENT_SEQUENCE:
        case EVENT_HASH:
        case EVENT_PREVIOUS_HASH:
            break;
        default:
            event_set(event, (event_column_t)column, text);
        }
    }
    return event;
}

static void test_every_cell_comes_back(void **state)
{
    fixture_t *fixture = fixture_of(state);

    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        event_t *event = full_event(fixture, hostile[i]);
        event_t *back = fixture_get(fixture, fixture_add(fixture, event));

        assert_same(event, back);
        assert_true(intact(fixture, back));
    }
}

/* Numbers are hashed as text: a column that takes them for numbers would break the hash. */
static void test_numbers_keep_their_form(void **state)
{
    fixture_t *fixture = fixture_of(state);
    event_t *event =
        fixture_event(fixture, "write", 1, EVENT_UID, "007", EVENT_STATUS, "0200",
                      EVENT_DURATION_MS, "1e3", EVENT_RECORD_COUNT, "00", EVENT_RECORD_IDS, "0012",
                      EVENT_SITE, "1.50", EVENT_SESSION, "12345678901234567890", -1);
    event_t *back = fixture_get(fixture, fixture_add(fixture, event));

    assert_same(event, back);
    assert_true(intact(fixture, back));
}

static void test_long_cells(void **state)
{
    fixture_t *fixture = fixture_of(state);
    char *text = apr_palloc(fixture->pool, 60001);
    event_t *event, *back;

    memset(text, 'x', 60000);
    text[60000] = '\0';
    event = fixture_event(fixture, "write", 1, EVENT_VALUES, text, EVENT_OLD_VALUES, text, -1);
    back = fixture_get(fixture, fixture_add(fixture, event));
    assert_same(event, back);
    assert_true(intact(fixture, back));
}

static void test_chain_tip(void **state)
{
    fixture_t *fixture = fixture_of(state);
    apr_int64_t id, sequence;
    const char *hash;

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_chain_tip(fixture->store, "n", &id, &sequence, &hash, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(id, 0);
    assert_int_equal(sequence, 0);
    assert_string_equal(hash, CHAIN_GENESIS);
    assert_int_equal(fixture_append(fixture, fixture_event(fixture, "write", 1, -1)), APR_SUCCESS);
    /* Within the transaction as well as after it, and for another node the id alone. */
    assert_int_equal(store_chain_tip(fixture->store, "n", &id, &sequence, &hash, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(sequence, 1);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    fixture_reopen(fixture);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_chain_tip(fixture->store, "n", &id, &sequence, &hash, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(id, 1);
    assert_int_equal(sequence, 1);
    assert_string_equal(hash, fixture->hash);
    assert_int_equal(store_chain_tip(fixture->store, "other", &id, &sequence, &hash, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(id, 1);
    assert_int_equal(sequence, 0);
    store_rollback(fixture->store);
}

/* What was purged is not given out again: the chain goes on where it was. */
static void test_chain_tip_outlives_purge(void **state)
{
    static const char *const operations[] = {"write", NULL};
    fixture_t *fixture = fixture_of(state);
    apr_int64_t id, sequence;
    const char *hash;

    fixture_add(fixture, fixture_event(fixture, "write", 1, -1));
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(fixture_purge(fixture, operations, 100, 10), 1);
    assert_int_equal(store_chain_tip(fixture->store, "n", &id, &sequence, &hash, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(id, 1);
    assert_int_equal(sequence, 1);
    assert_string_equal(hash, fixture->hash);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
}

static void test_rollback_leaves_nothing(void **state)
{
    static const event_filter_t all;
    fixture_t *fixture = fixture_of(state);
    event_t *event = fixture_event(fixture, "login", 1, EVENT_SESSION, "s1", -1);

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(fixture_append(fixture, event), APR_SUCCESS);
    store_rollback(fixture->store);
    assert_string_equal(fixture_find(fixture, &all), "");
    assert_string_equal(fixture_session(fixture, "s1"), "");
    /* The same event again, once. */
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_append(fixture->store, event), APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_string_equal(fixture_find(fixture, &all), "1");
    assert_string_equal(fixture_session(fixture, "s1"), "s1|open||0||");
}

static void append_again(fixture_t *fixture, apr_int64_t id, apr_int64_t sequence)
{
    static const event_filter_t all;
    event_t *event = fixture_event(fixture, "write", 2, -1);

    fixture->id = id - 1;
    fixture->sequence = sequence - 1;
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(fixture_append(fixture, event), APR_EEXIST);
    assert_string_not_equal(store_error(fixture->store), "");
    assert_int_not_equal(store_commit(fixture->store), APR_SUCCESS);
    fixture_reopen(fixture);
    assert_string_equal(fixture_find(fixture, &all), "1");
}

static void test_clash(void **state)
{
    fixture_t *fixture = fixture_of(state);

    fixture_add(fixture, fixture_event(fixture, "write", 1, -1));
    append_again(fixture, 2, 1);
    append_again(fixture, 1, 2);
}

static void test_refused_event_leaves_the_transaction(void **state)
{
    static const struct {
        event_column_t column;
        const char *text;
    } wrong[] = {{EVENT_TIME, "yesterday"},
                 {EVENT_TIME, "2023-11-14"},
                 {EVENT_TIME, NULL},
                 {EVENT_TIME, "2023-11-14 22:13:20.000Z"},
                 {EVENT_TIME, "2023-11-14T22:13:20,000Z"},
                 {EVENT_TIME, "2023-11-14T22:13:20.0000"},
                 {EVENT_TIME, "2023-11-14T22:13:20.00+1"},
                 {EVENT_TIME, "2023-11-14T22:13:20.0000Z"},
                 {EVENT_TIME, "2023-11-14T22:13:20.00Z"},
                 {EVENT_TIME, "2023-11-14T22:13:2000000"},
                 {EVENT_TIME, "2023-02-29T22:13:20.000Z"},
                 {EVENT_TIME, "2023-11-14T22:13:20.000Z "},
                 {EVENT_ID, "07"},
                 {EVENT_ID, "-1"},
                 {EVENT_ID, NULL},
                 {EVENT_SEQUENCE, "1.0"},
                 {EVENT_NODE, NULL},
                 {EVENT_HASH, NULL},
                 {EVENT_LOGIN, "bad \xff\xfe"}};
    fixture_t *fixture = fixture_of(state);
    event_t *good = fixture_event(fixture, "write", 1, -1);

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        event_t *event = fixture_event(fixture, "write", 1, EVENT_ID, "9", EVENT_SEQUENCE, "9",
                                       EVENT_HASH, CHAIN_GENESIS, -1);

        event->cell[wrong[i].column] = wrong[i].text;
        assert_int_equal(store_append(fixture->store, event), APR_EINVAL);
    }
    assert_int_equal(fixture_append(fixture, good), APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_same(good, fixture_get(fixture, 1));
}

/* Whatever the next call is that fails: after reopening, what was committed stands, once. */
static void test_spoilt_connection(void **state)
{
    static const event_filter_t all;
    fixture_t *fixture = fixture_of(state);
    event_t *second = fixture_event(fixture, "write", 2, -1);
    apr_status_t status;

    fixture_add(fixture, fixture_event(fixture, "write", 1, -1));
    fixture_spoil(fixture);
    status = store_begin(fixture->store);
    if (!status) {
        status = fixture_append(fixture, second);
        assert_int_not_equal(store_commit(fixture->store), APR_SUCCESS);
        fixture->id = fixture->sequence = 1;
    }
    assert_int_not_equal(status, APR_SUCCESS);
    assert_string_not_equal(store_error(fixture->store), "");
    assert_int_not_equal(store_begin(fixture->store), APR_SUCCESS);
    fixture_reopen(fixture);
    assert_string_equal(fixture_find(fixture, &all), "1");
    fixture_add(fixture, fixture_event(fixture, "write", 3, -1));
    assert_string_equal(fixture_find(fixture, &all), "2 1");
}

/* A server that went away in the middle of a transaction is told from one that refuses a row. */
static void test_lost_is_not_refused(void **state)
{
    fixture_t *fixture = fixture_of(state);
    event_t *event = fixture_event(fixture, "write", 1, -1);

    fixture_add(fixture, event);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_append(fixture->store, event), APR_EEXIST);
    store_rollback(fixture->store);
    assert_int_equal(store_lost(fixture->store), 0);
    fixture_reopen(fixture);
    if (store_is_shared(fixture->store)) {
        assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
        fixture_spoil(fixture);
        assert_int_equal(fixture_append(fixture, fixture_event(fixture, "write", 2, -1)),
                         APR_EGENERAL);
        store_rollback(fixture->store);
        assert_int_equal(store_lost(fixture->store), 1);
        fixture_reopen(fixture);
        assert_int_equal(store_lost(fixture->store), 0);
    }
}

/* A page that reads while the keeper writes sees what was committed. If it waited for the commit,
 * which comes after it here, it would fail in the end. */
static void test_reader_beside_writer(void **state)
{
    static const event_filter_t all;
    fixture_t *fixture = fixture_of(state);
    store_t *reader = fixture_reader(fixture);
    apr_int64_t count;

    fixture_add(fixture, fixture_event(fixture, "write", 1, -1));
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(fixture_append(fixture, fixture_event(fixture, "write", 2, -1)), APR_SUCCESS);
    assert_int_equal(store_count(reader, &all, 10, &count, fixture->pool), APR_SUCCESS);
    assert_int_equal(count, 1);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_int_equal(store_count(reader, &all, 10, &count, fixture->pool), APR_SUCCESS);
    assert_int_equal(count, 2);
    assert_int_not_equal(store_begin(reader), APR_SUCCESS);
    store_close(reader);
}

/* ---- sessions ---- */

static apr_int64_t add(fixture_t *fixture, const char *operation, int seconds, const char *uid,
                       const char *login)
{
    return fixture_add(fixture, fixture_event(fixture, operation, seconds, EVENT_SESSION, "s1",
                                              EVENT_UID, uid, EVENT_LOGIN, login, -1));
}

static void test_session_life(void **state)
{
    fixture_t *fixture = fixture_of(state);

    add(fixture, "session_started", 1, NULL, NULL);
    assert_string_equal(fixture_session(fixture, "s1"), "s1|open||0||");
    add(fixture, "login", 2, "7", "mia");
    assert_string_equal(fixture_session(fixture, "s1"), "s1|open||7|mia|");
    add(fixture, "user_changed", 3, "8", NULL);
    assert_string_equal(fixture_session(fixture, "s1"), "s1|open||8||");
    add(fixture, "logout", 4, "8", NULL);
    assert_string_equal(fixture_session(fixture, "s1"), "s1|logged_out||8||");
    add(fixture, "login", 5, "9", "leo");
    assert_string_equal(fixture_session(fixture, "s1"), "s1|open||9|leo|");
    fixture_add(fixture, fixture_event(fixture, "session_revoked", 6, EVENT_SESSION, "s1",
                                       EVENT_VALUES, "{\"reason\":\"left the firm\"}", -1));
    assert_string_equal(fixture_session(fixture, "s1"), "s1|revoked|left the firm|9|leo|");
    add(fixture, "login", 7, "9", "leo");
    add(fixture, "logout", 8, "9", "leo");
    add(fixture, "session_expired", 9, "9", "leo");
    assert_string_equal(fixture_session(fixture, "s1"), "s1|revoked|left the firm|9|leo|");
    add(fixture, "session_lifted", 5, NULL, NULL);
    assert_string_equal(fixture_session(fixture, "s1"), "s1|revoked|left the firm|9|leo|");
    add(fixture, "session_lifted", 10, NULL, NULL);
    assert_string_equal(fixture_session(fixture, "s1"), "s1|open||9|leo|");
}

static void test_session_ends(void **state)
{
    static const struct {
        const char *operation, *state;
    } ends[] = {{"logout", "logged_out"},
                {"session_expired", "expired"},
                {"session_limited", "revoked"},
                {"session_revoked", "revoked"}};
    fixture_t *fixture = fixture_of(state);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        const char *reference = apr_psprintf(fixture->pool, "e%d", (int)i);

        fixture_add(fixture, fixture_event(fixture, ends[i].operation, 1, EVENT_SESSION, reference,
                                           EVENT_OUTCOME, "success", -1));
        assert_string_equal(fixture_session(fixture, reference),
                            apr_psprintf(fixture->pool, "%s|%s||0||", reference, ends[i].state));
    }
}

/* Read late from another segment, an older login does not open what a newer logout closed. */
static void test_session_order(void **state)
{
    fixture_t *fixture = fixture_of(state);

    add(fixture, "logout", 10, "7", "mia");
    add(fixture, "login", 5, "7", "mia");
    assert_string_equal(fixture_session(fixture, "s1"), "s1|logged_out||7|mia|");
}

static void test_no_effect(void **state)
{
    fixture_t *fixture = fixture_of(state);

    add(fixture, "login_failed", 1, NULL, "mia");
    assert_string_equal(fixture_session(fixture, "s1"), "");
    add(fixture, "write", 2, NULL, NULL);
    fixture_add(fixture, fixture_event(fixture, "login", 3, EVENT_SESSION, "s1", EVENT_UID, "7",
                                       EVENT_OUTCOME, "unknown", -1));
    fixture_add(fixture, fixture_event(fixture, "logout", 4, EVENT_SESSION, "s1", EVENT_OUTCOME,
                                       "failed", -1));
    assert_string_equal(fixture_session(fixture, "s1"), "s1|open||0||");
}

static void test_name_learned_later(void **state)
{
    fixture_t *fixture = fixture_of(state);
    event_filter_t by_uid = {.user = "7"}, by_login = {.user = "mia"};
    apr_int64_t first = add(fixture, "write", 1, NULL, NULL);
    apr_int64_t failed = add(fixture, "login_failed", 2, NULL, "eve");
    apr_int64_t login = add(fixture, "login", 3, "7", "mia");
    apr_int64_t after = add(fixture, "write", 4, NULL, NULL);
    event_t *event = fixture_get(fixture, first);

    assert_string_equal(event->cell[EVENT_UID], "7");
    assert_string_equal(event->cell[EVENT_LOGIN], "mia");
    assert_true(intact(fixture, event));
    assert_true(intact(fixture, fixture_get(fixture, after)));
    assert_null(fixture_get(fixture, failed)->cell[EVENT_UID]);
    assert_string_equal(fixture_get(fixture, failed)->cell[EVENT_LOGIN], "eve");
    assert_string_equal(fixture_find(fixture, &by_uid),
                        apr_psprintf(fixture->pool, "%d %d %d", (int)after, (int)login,
                                     (int)first));
    assert_string_equal(fixture_find(fixture, &by_login), fixture_find(fixture, &by_uid));
}

/* All in one transaction, and in several blocks of ids. */
static void test_name_learned_across_blocks(void **state)
{
    fixture_t *fixture = fixture_of(state);
    event_filter_t by_uid = {.user = "7"};
    apr_int64_t count;

    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < 1100; i++) {
        event_t *event = fixture_event(fixture, "write", i, EVENT_SESSION, i % 2 ? "s1" : "s2", -1);

        assert_int_equal(fixture_append(fixture, event), APR_SUCCESS);
    }
    assert_int_equal(fixture_append(fixture,
                                    fixture_event(fixture, "session_identified", 2000,
                                                  EVENT_SESSION, "s1", EVENT_UID, "7", -1)),
                     APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_int_equal(store_count(fixture->store, &by_uid, 5000, &count, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(count, 551);
}

static void test_touch(void **state)
{
    fixture_t *fixture = fixture_of(state);
    apr_time_t later = apr_time_from_msec(FIXTURE_START) + apr_time_from_sec(60);

    add(fixture, "login", 1, "7", "mia");
    fixture_add(fixture, fixture_event(fixture, "login", 30, EVENT_SESSION, "s2", -1));
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_session_touch(fixture->store, "s1", later, "10.0.0.9", "BE", "Ghent"),
                     APR_SUCCESS);
    assert_int_equal(store_session_touch(fixture->store, "s1", 0, NULL, NULL, NULL), APR_SUCCESS);
    assert_int_equal(store_session_touch(fixture->store, "unknown", later, NULL, NULL, NULL),
                     APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_string_equal(fixture_session(fixture, NULL), "s1|open||7|mia|");
}

static int keep_words(void *payload, const session_row_t *session)
{
    *(const char **)payload =
        apr_pstrcat(((fixture_t *)*(void **)payload)->pool, session->note ? session->note : "-",
                    "|", session->risks ? session->risks : "-", NULL);
    return 1;
}

static const char *words_of(fixture_t *fixture, const session_filter_t *filter)
{
    void *words = fixture;

    assert_int_equal(store_sessions(fixture->store, filter, 0, 1, keep_words, &words,
                                    fixture->pool),
                     APR_SUCCESS);
    return words == fixture ? "" : words;
}

static void count_risks(void *payload, const char *risks, apr_int64_t sessions)
{
    assert_string_equal(risks, "new_place new_device");
    *(apr_int64_t *)payload += sessions;
}

static void test_note_and_risks(void **state)
{
    fixture_t *fixture = fixture_of(state);
    session_filter_t all = {0}, device = {.risk = "new_device"}, other = {.risk = "new"};
    session_filter_t later = {.active_since =
                                  apr_time_from_msec(FIXTURE_START) + apr_time_from_sec(2)};
    apr_int64_t count = 0;

    add(fixture, "login", 1, "7", "mia");
    assert_string_equal(words_of(fixture, &all), "-|-");
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_session_risk(fixture->store, "s1", "new_place"), APR_SUCCESS);
        assert_int_equal(store_session_risk(fixture->store, "s1", "new_device"), APR_SUCCESS);
        assert_int_equal(store_session_risk(fixture->store, "unknown", "x"), APR_SUCCESS);
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    fixture_add(fixture,
                fixture_event(fixture, "session_revoked", 2, EVENT_SESSION, "s1", EVENT_VALUES,
                              "{\"reason\":\"manager\",\"note\":\"left, \\\"with\\\" it\"}", -1));
    assert_string_equal(words_of(fixture, &all), "left, \"with\" it|new_place new_device");
    assert_string_equal(words_of(fixture, &device), "left, \"with\" it|new_place new_device");
    assert_string_equal(words_of(fixture, &other), "");
    assert_string_equal(words_of(fixture, &later), "");
    assert_int_equal(store_session_risks(fixture->store, &all, count_risks, &count, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(count, 1);
    fixture_add(fixture, fixture_event(fixture, "session_lifted", 3, EVENT_SESSION, "s1", -1));
    assert_string_equal(words_of(fixture, &all), "-|new_place new_device");
}

static int keep_client(void *payload, const session_row_t *session)
{
    *(const char **)payload =
        apr_pstrcat(((fixture_t *)*(void **)payload)->pool,
                    session->browser ? session->browser : "-", "|", session->os ? session->os : "-",
                    "|", session->device ? session->device : "-", "|",
                    session->country ? session->country : "-", "|",
                    session->city ? session->city : "-", NULL);
    return 1;
}

static const char *client_of(fixture_t *fixture, const char *reference)
{
    session_filter_t filter = {.reference = reference};
    void *words = fixture;

    assert_int_equal(store_sessions(fixture->store, &filter, 0, 1, keep_client, &words,
                                    fixture->pool),
                     APR_SUCCESS);
    return words;
}

static void test_client_of_a_session(void **state)
{
    fixture_t *fixture = fixture_of(state);
    apr_time_t later = apr_time_from_msec(FIXTURE_START) + apr_time_from_sec(600);
    int named;

    fixture_add(fixture, fixture_event(fixture, "session_started", 1, EVENT_SESSION, "s1",
                                       EVENT_BROWSER, "Chrome 126", EVENT_OS, "Windows 10/11",
                                       EVENT_COUNTRY, "Belgium", EVENT_CITY, "Ghent", -1));
    assert_string_equal(client_of(fixture, "s1"), "Chrome 126|Windows 10/11|-|Belgium|Ghent");
    assert_int_equal(store_session_named(fixture->store, "s1", &named), APR_EGENERAL);
    fixture_reopen(fixture);
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_session_named(fixture->store, "s1", &named), APR_SUCCESS);
    assert_int_equal(named, 0);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    fixture_add(fixture, fixture_event(fixture, "session_identified", 3, EVENT_SESSION, "s1",
                                       EVENT_UID, "7", EVENT_OS, "Linux", -1));
    assert_string_equal(client_of(fixture, "s1"), "Chrome 126|Windows 10/11|-|Belgium|Ghent");
    fixture_add(fixture, fixture_event(fixture, "session_identified", 4, EVENT_SESSION, "s1",
                                       EVENT_UID, "7", EVENT_BROWSER, "Edge 126", EVENT_OS,
                                       "Windows 11", EVENT_CLIENT_HINTS, "p \"Windows\"", -1));
    assert_string_equal(client_of(fixture, "s1"), "Edge 126|Windows 11|-|Belgium|Ghent");
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_int_equal(store_session_named(fixture->store, "s1", &named), APR_SUCCESS);
    assert_int_equal(named, 1);
    assert_int_equal(store_session_named(fixture->store, "s2", &named), APR_SUCCESS);
    assert_int_equal(named, 0);
    assert_int_equal(store_session_touch(fixture->store, "s1", later, "10.0.0.9", "private", ""),
                     APR_SUCCESS);
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    assert_string_equal(client_of(fixture, "s1"), "Edge 126|Windows 11|-|private|-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_every_cell_comes_back),
        FIXTURE_TEST(test_numbers_keep_their_form),
        FIXTURE_TEST(test_long_cells),
        FIXTURE_TEST(test_chain_tip),
        FIXTURE_TEST(test_chain_tip_outlives_purge),
        FIXTURE_TEST(test_rollback_leaves_nothing),
        FIXTURE_TEST(test_clash),
        FIXTURE_TEST(test_refused_event_leaves_the_transaction),
        FIXTURE_TEST(test_spoilt_connection),
        FIXTURE_TEST(test_lost_is_not_refused),
        FIXTURE_TEST(test_reader_beside_writer),
        FIXTURE_TEST(test_session_life),
        FIXTURE_TEST(test_session_ends),
        FIXTURE_TEST(test_session_order),
        FIXTURE_TEST(test_no_effect),
        FIXTURE_TEST(test_name_learned_later),
        FIXTURE_TEST(test_name_learned_across_blocks),
        FIXTURE_TEST(test_touch),
        FIXTURE_TEST(test_note_and_risks),
        FIXTURE_TEST(test_client_of_a_session),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
