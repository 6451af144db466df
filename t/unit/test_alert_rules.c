/* Which events raise an alert, over a history that is held in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "alert/risk.h"
#include "alert/rules.h"

static apr_pool_t *pool;
static apr_hash_t *known, *counters;
static const char *site_manager, *last_address;
static apr_time_t last_time;
static int session_is_known;
static apr_status_t failure;

/* ---- history ---- */

static apr_status_t session_known(void *payload, int *is)
{
    (void)payload;
    *is = session_is_known;
    return failure;
}

static apr_status_t note(void *payload, const char *kind, const char *value, int *is_new)
{
    const char *key = apr_pstrcat(pool, kind, "=", value, NULL);

    (void)payload;
    *is_new = !apr_hash_get(known, key, APR_HASH_KEY_STRING);
    apr_hash_set(known, key, APR_HASH_KEY_STRING, key);
    return APR_SUCCESS;
}

static apr_status_t forget(void *payload, const char *kind)
{
    (void)payload;
    apr_hash_set(known, apr_pstrcat(pool, kind, "=mia", NULL), APR_HASH_KEY_STRING, NULL);
    return APR_SUCCESS;
}

static apr_status_t has(void *payload, const char *kind, int *any)
{
    (void)payload;
    *any = 0;
    for (apr_hash_index_t *i = apr_hash_first(pool, known); i; i = apr_hash_next(i)) {
        *any |= !strncmp(apr_hash_this_key(i), kind, strlen(kind));
    }
    return APR_SUCCESS;
}

static apr_status_t site_has(void *payload, const char *kind, int *any)
{
    *any = site_manager != NULL;
    return *any ? APR_SUCCESS : has(payload, kind, any);
}

typedef struct counter_t {
    apr_int64_t bucket[64], amount[64];
    int count;
} counter_t;

static apr_status_t add(void *payload, const char *name, apr_int64_t bucket, apr_int64_t amount,
                        apr_time_t expires)
{
    counter_t *counter = apr_hash_get(counters, name, APR_HASH_KEY_STRING);

    (void)payload;
    (void)expires;
    if (!counter) {
        counter = apr_pcalloc(pool, sizeof(*counter));
        apr_hash_set(counters, apr_pstrdup(pool, name), APR_HASH_KEY_STRING, counter);
    }
    counter->bucket[counter->count] = bucket;
    counter->amount[counter->count++] = amount;
    return APR_SUCCESS;
}

static apr_status_t sum(void *payload, const char *name, apr_int64_t first, apr_int64_t *total)
{
    counter_t *counter = apr_hash_get(counters, name, APR_HASH_KEY_STRING);

    (void)payload;
    *total = 0;
    for (int i = 0; counter && i < counter->count; i++) {
        *total += counter->bucket[i] >= first ? counter->amount[i] : 0;
    }
    return APR_SUCCESS;
}

static apr_status_t last_seen(void *payload, const char **address, apr_time_t *when)
{
    (void)payload;
    *address = last_address;
    *when = last_time;
    return APR_SUCCESS;
}

/* "50,4": latitude and longitude. */
static int locate(void *payload, const char *address, double *latitude, double *longitude)
{
    char *end;

    (void)payload;
    *latitude = strtod(address, &end);
    *longitude = *end == ',' ? strtod(end + 1, NULL) : 0;
    return *end == ',';
}

static const alert_history_t history = {.session_known = session_known,
                                        .note = note,
                                        .forget = forget,
                                        .has = has,
                                        .site_has = site_has,
                                        .add = add,
                                        .sum = sum,
                                        .last_seen = last_seen,
                                        .locate = locate};

static int set_up(void **state)
{
    (void)state;
    known = apr_hash_make(pool);
    counters = apr_hash_make(pool);
    site_manager = last_address = NULL;
    session_is_known = 0;
    failure = APR_SUCCESS;
    return 0;
}

/* ---- words ---- */

static void test_words(void **state)
{
    static const char *const wrong[] = {"",
                                        "new_login",
                                        "to=user",
                                        "new_login=5 to=user",
                                        "failed_logins to=user",
                                        "failed_logins=0/10m to=user",
                                        "failed_logins=5/25h to=user",
                                        "failed_logins=5/0s to=user",
                                        "failed_logins=5x/10m to=user",
                                        "failed_logins=-5/10m to=user",
                                        "new_logins to=user",
                                        "test to=user",
                                        "new_login to=everybody",
                                        "new_login to=a@b@c",
                                        "new_login to="};
    alert_line_t line;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_non_null(alert_line_parse(&line, wrong[i], pool));
    }
    assert_null(alert_line_parse(
        &line, "new_login failed_logins=5/10m  to=user,managers,webhook,a.b+c@example.com", pool));
    assert_int_equal(line.kinds, ALERT_BIT(ALERT_NEW_LOGIN) | ALERT_BIT(ALERT_FAILED_LOGINS));
    assert_int_equal(line.to, ALERT_TO_USER | ALERT_TO_MANAGERS | ALERT_TO_WEBHOOK);
    assert_int_equal(line.limit[ALERT_FAILED_LOGINS].count, 5);
    assert_true(line.limit[ALERT_FAILED_LOGINS].within == apr_time_from_sec(600));
    assert_string_equal(APR_ARRAY_IDX(line.addresses, 0, const char *), "a.b+c@example.com");
}

static void test_addresses(void **state)
{
    static const char *const wrong[] = {"",        "a",         "@b",    "a@",         "a b@c",
                                        "a@b c",   "a@b\r\nX:", "<a@b>", "a,b@c",      ".a@b",
                                        "a.@b",    "a..b@c",    "a@.b",  "a@b.",       "a@-b",
                                        "\"a\"@b", "a@b;c",     "a\n@b", "\xc3\xa9@b", "a@\xc3\xa9",
                                        "a:b@c",   "a@[1.2.3]", "a@b>",  "a(b)@c"};
    char *longest = apr_pstrcat(pool, apr_psprintf(pool, "%065d", 1), "@b", NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_false(alert_address_valid(wrong[i]));
    }
    assert_false(alert_address_valid(NULL));
    assert_false(alert_address_valid(longest));
    assert_true(alert_address_valid(longest + 1));
    assert_true(alert_address_valid("root@localhost"));
}

/* ---- judging ---- */

#define EVERYTHING                                                                                 \
    "new_login new_device new_place failed_logins=3/10m impossible_travel mass_read=100/1h "       \
    "mass_export=2/1h session_revoked manager_granted trail_gap to=user"

static event_t *new_event(const char *operation, int minute)
{
    event_t *event = event_create(pool);

    event_set(event, EVENT_OPERATION, operation);
    event_set(event, EVENT_OUTCOME, "success");
    event_set_time(event, EVENT_TIME, apr_time_from_sec(1700000000 + 60 * minute));
    event_set(event, EVENT_SITE, "erp");
    event_set(event, EVENT_UID, "7");
    event_set(event, EVENT_LOGIN, "mia");
    event_set(event, EVENT_SESSION, "s1");
    event_set(event, EVENT_BROWSER, "Chrome 126");
    event_set(event, EVENT_OS, "Windows 10/11");
    event_set(event, EVENT_DEVICE, "PC");
    event_set(event, EVENT_CITY, "Ghent");
    event_set(event, EVENT_COUNTRY, "Belgium");
    event_set(event, EVENT_IP, "51,4");
    return event;
}

static alert_verdict_t judge_by(const char *words, const event_t *event)
{
    alert_line_t line;
    alert_verdict_t verdict;

    assert_null(alert_line_parse(&line, words, pool));
    assert_int_equal(alert_judge(&verdict, &line, 1, event, &history, pool), APR_SUCCESS);
    assert_int_equal(verdict.kinds, verdict.of_line[0]);
    return verdict;
}

static unsigned judge(const event_t *event)
{
    return judge_by(EVERYTHING, event).kinds;
}

#define LOGIN ALERT_BIT(ALERT_NEW_LOGIN)
#define DEVICE ALERT_BIT(ALERT_NEW_DEVICE)
#define PLACE ALERT_BIT(ALERT_NEW_PLACE)

static void test_first_login_is_new_in_everything(void **state)
{
    event_t *event = new_event("session_identified", 0);

    (void)state;
    assert_int_equal(judge(event), LOGIN | DEVICE | PLACE);
    assert_int_equal(judge(event), LOGIN);
    event_set(event, EVENT_BROWSER, "Chrome 127");
    event_set(event, EVENT_OS, "Windows 11");
    assert_int_equal(judge(event), LOGIN);
    event_set(event, EVENT_BROWSER, "Firefox 127");
    assert_int_equal(judge(event), LOGIN | DEVICE);
    event_set(event, EVENT_CITY, "Bruges");
    assert_int_equal(judge(event), LOGIN | PLACE);
    event_set(event, EVENT_CITY, NULL);
    event_set(event, EVENT_COUNTRY, NULL);
    assert_int_equal(judge(event), LOGIN);
}

static void test_what_is_no_login(void **state)
{
    event_t *event = new_event("session_identified", 0);

    (void)state;
    session_is_known = 1;
    assert_int_equal(judge(event), 0);
    session_is_known = 0;
    event_set(event, EVENT_VALUES, "{\"uid\":7,\"continues\":\"s0\"}");
    assert_int_equal(judge(event), 0);
    event_set(event, EVENT_VALUES, NULL);
    event_set(event, EVENT_USER_AGENT, "Mozilla/5.0 (Unknown; Linux) wkhtmltopdf Safari/602.1");
    assert_int_equal(judge(event), 0);
    event_set(event, EVENT_USER_AGENT, NULL);
    event_set(event, EVENT_UID, NULL);
    assert_int_equal(judge(event), 0);
    assert_int_equal(judge(new_event("session_started", 0)), 0);
    assert_int_equal(judge(new_event("login", 0)), 0);
    assert_int_equal(judge(new_event("user_changed", 0)), 0);
    assert_int_equal(judge(new_event("alert_failed", 0)), 0);
    assert_int_equal(judge(new_event("session_identified", 0)), LOGIN | DEVICE | PLACE);
}

static void test_programs(void **state)
{
    event_t *event = new_event("login", 0);

    (void)state;
    event_set(event, EVENT_CHANNEL, "xmlrpc");
    assert_int_equal(judge(event), 0);
    judge(new_event("session_identified", 0));
    assert_int_equal(judge(event), 0);
    event_set(event, EVENT_CITY, "Bruges");
    assert_int_equal(judge(event), LOGIN | PLACE);
    assert_int_equal(judge(event), 0);
}

static void test_travel(void **state)
{
    event_t *event = new_event("session_identified", 60);

    (void)state;
    judge(event);
    last_time = apr_time_from_sec(1700000000);
    last_address = "51,4.2";
    assert_int_equal(judge(event), LOGIN);
    last_address = "41,-74"; /* 6,000 km, an hour */
    assert_int_equal(judge(event), LOGIN | ALERT_BIT(ALERT_IMPOSSIBLE_TRAVEL));
    last_time -= apr_time_from_sec(6 * 3600);
    assert_int_equal(judge(event), LOGIN);
    last_time += apr_time_from_sec(6 * 3600);
    last_address = "nowhere";
    assert_int_equal(judge(event), LOGIN);
    last_address = "-51,-176"; /* the other side of the earth */
    assert_int_equal(judge(event), LOGIN | ALERT_BIT(ALERT_IMPOSSIBLE_TRAVEL));
}

static void test_rights(void **state)
{
    event_t *event = new_event("session_identified", 0);
    unsigned granted = ALERT_BIT(ALERT_MANAGER_GRANTED);

    (void)state;
    session_is_known = 1;
    event_set(event, EVENT_VALUES, "{\"manager\":true}");
    assert_int_equal(judge(event), 0); /* the first one that is seen at all */
    assert_int_equal(judge(event), 0);
    site_manager = "root";
    event_set(event, EVENT_VALUES, "{\"manager\":false}");
    assert_int_equal(judge(event), 0);
    event_set(event, EVENT_VALUES, "{}");
    assert_int_equal(judge(event), 0);
    event_set(event, EVENT_VALUES, "{\"manager\":true}");
    assert_int_equal(judge(event), granted);
    assert_int_equal(judge(event), 0);
}

static void test_counting(void **state)
{
    unsigned failed = ALERT_BIT(ALERT_FAILED_LOGINS), seen[12];

    (void)state;
    for (int i = 0; i < 12; i++) {
        event_t *event = new_event("login_failed", i < 6 ? i : i + 20);

        event_set(event, EVENT_OUTCOME, "denied");
        event_set(event, EVENT_IP, apr_psprintf(pool, "%d,1", i));
        seen[i] = judge(event);
    }
    for (int i = 0; i < 12; i++) {
        assert_int_equal(seen[i], i == 2 || i == 8 ? failed : 0);
    }
    for (int i = 0; i < 3; i++) {
        event_t *event = new_event("login_failed", i);

        event_set(event, EVENT_LOGIN, apr_psprintf(pool, "user%d", i));
        assert_int_equal(judge(event), i == 2 ? failed : 0); /* one address, many users */
    }
}

static void test_slow_failures_are_no_attack(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(judge(new_event("login_failed", 6 * i)), 0);
    }
}

static void test_masses(void **state)
{
    event_t *event = new_event("read", 0);
    alert_verdict_t verdict;

    (void)state;
    event_set(event, EVENT_RECORD_COUNT, "60");
    assert_int_equal(judge(event), 0);
    verdict = judge_by(EVERYTHING, event);
    assert_int_equal(verdict.kinds, ALERT_BIT(ALERT_MASS_READ));
    assert_int_equal(verdict.counted, 120);
    assert_int_equal(judge(event), 0);
    event = new_event("export", 0);
    assert_int_equal(judge(event), 0);
    assert_int_equal(judge(event), ALERT_BIT(ALERT_MASS_EXPORT));
    event_set(event, EVENT_UID, "8");
    event_set(event, EVENT_OUTCOME, "denied");
    event_set(event, EVENT_RECORD_COUNT, "5000");
    assert_int_equal(judge(event), 0);
}

static void test_others(void **state)
{
    alert_line_t lines[2];
    alert_verdict_t verdict;

    (void)state;
    assert_int_equal(judge(new_event("session_revoked", 0)), ALERT_BIT(ALERT_SESSION_REVOKED));
    assert_int_equal(judge(new_event("gap", 0)), ALERT_BIT(ALERT_TRAIL_GAP));
    assert_null(alert_line_parse(&lines[0], "new_device to=user", pool));
    assert_null(alert_line_parse(&lines[1], "new_login new_place to=a@b", pool));
    assert_int_equal(alert_judge(&verdict, lines, 2, new_event("session_identified", 0), &history,
                                 pool),
                     APR_SUCCESS);
    assert_int_equal(verdict.of_line[0], DEVICE);
    assert_int_equal(verdict.of_line[1], LOGIN | PLACE);
    failure = APR_EGENERAL;
    assert_int_equal(alert_judge(&verdict, lines, 2, new_event("session_identified", 0), &history,
                                 pool),
                     APR_EGENERAL);
}

/* ---- what is odd about a session ---- */

static unsigned risks_of(const event_t *event)
{
    alert_verdict_t verdict;
    unsigned risks;

    assert_int_equal(alert_judge(&verdict, NULL, 0, event, &history, pool), APR_SUCCESS);
    assert_int_equal(verdict.kinds, 0);
    assert_int_equal(risk_judge(&risks, &verdict, event, &history, pool), APR_SUCCESS);
    return risks;
}

/* The first client and place of a user are no news to whoever looks over sessions. */
static void test_risks_of_a_login(void **state)
{
    event_t *event = new_event("session_identified", 0);

    (void)state;
    assert_int_equal(risks_of(event), 0);
    event_set(event, EVENT_BROWSER, "Firefox 141");
    assert_int_equal(risks_of(event), RISK_BIT(RISK_NEW_DEVICE));
    assert_int_equal(risks_of(event), 0);
    event_set(event, EVENT_CITY, "Oslo");
    event_set(event, EVENT_COUNTRY, "Norway");
    last_address = "30,100";
    last_time = apr_time_from_sec(1700000000);
    assert_int_equal(risks_of(event), RISK_BIT(RISK_NEW_PLACE) | RISK_BIT(RISK_TRAVEL));
}

static void test_risk_of_failed_logins(void **state)
{
    (void)state;
    for (int i = 0; i < RISK_MANY_FAILED - 1; i++) {
        assert_int_equal(risks_of(new_event("login_failed", i)), 0);
    }
    assert_int_equal(risks_of(new_event("session_identified", 3)), 0);
    assert_int_equal(risks_of(new_event("login_failed", 4)), 0);
    assert_int_equal(risks_of(new_event("session_identified", 5)), RISK_BIT(RISK_FAILED_LOGINS));
    assert_int_equal(risks_of(new_event("session_identified", 120)), 0);
}

static void test_risk_of_denials(void **state)
{
    event_t *event;

    (void)state;
    for (int i = 1; i <= RISK_MANY_DENIED; i++) {
        event = new_event("write", i);
        event_set(event, EVENT_OUTCOME, "denied");
        assert_int_equal(risks_of(event), i < RISK_MANY_DENIED ? 0 : RISK_BIT(RISK_MANY_DENIALS));
    }
    event_set(event, EVENT_SESSION, "s2");
    assert_int_equal(risks_of(event), 0);
    event = new_event("session_refused", 20);
    event_set(event, EVENT_OUTCOME, "denied");
    assert_int_equal(risks_of(event), 0);
}

static void test_risk_of_exports(void **state)
{
    event_t *event = new_event("export", 0);

    (void)state;
    event_set_integer(event, EVENT_RECORD_COUNT, RISK_MANY_RECORDS - 1);
    assert_int_equal(risks_of(event), 0);
    event_set(event, EVENT_OUTCOME, "failed");
    assert_int_equal(risks_of(event), 0);
    event = new_event("export", 30);
    assert_int_equal(risks_of(event), RISK_BIT(RISK_MASS_EXPORT));
}

#define TEST(function) cmocka_unit_test_setup(function, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_words),
        TEST(test_addresses),
        TEST(test_first_login_is_new_in_everything),
        TEST(test_what_is_no_login),
        TEST(test_programs),
        TEST(test_travel),
        TEST(test_rights),
        TEST(test_counting),
        TEST(test_slow_failures_are_no_attack),
        TEST(test_masses),
        TEST(test_others),
        TEST(test_risks_of_a_login),
        TEST(test_risk_of_failed_logins),
        TEST(test_risk_of_denials),
        TEST(test_risk_of_exports),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
