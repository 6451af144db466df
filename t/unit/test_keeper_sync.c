/* Two machines on one database: whose turn it is, and how often they hear of each other. The clock
 * and what makes a database one that machines share are the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/keeper/keeper_state.h"
#include "keeper_fixture.h"

#define SECOND apr_time_from_sec(1)

static apr_time_t clock_now;
static apr_interval_time_t reading_takes;
static int heard_times;
static site_key_t key;

apr_time_t __wrap_boot_time_now(void);
int __wrap_store_is_shared(const store_t *store);
apr_status_t __real_store_shared_read(store_t *store, apr_int64_t after, int limit,
                                      store_shared_visit_t visit, void *payload, apr_pool_t *pool);
apr_status_t __wrap_store_shared_read(store_t *store, apr_int64_t after, int limit,
                                      store_shared_visit_t visit, void *payload, apr_pool_t *pool);

apr_time_t __wrap_boot_time_now(void)
{
    return clock_now;
}

int __wrap_store_is_shared(const store_t *store)
{
    (void)store;
    return 1;
}

apr_status_t __wrap_store_shared_read(store_t *store, apr_int64_t after, int limit,
                                      store_shared_visit_t visit, void *payload, apr_pool_t *of)
{
    heard_times++;
    clock_now += reading_takes;
    return __real_store_shared_read(store, after, limit, visit, payload, of);
}

/* ---- two machines ---- */

typedef struct machine_t {
    keeper_config_t config;
    keeper_t *keeper;
} machine_t;

static void start_machine(machine_t *machine, const char *node)
{
    static const keeper_site_t site = {.name = "odoo", .limits = {.idle = 60 * SECOND}};

    machine->config = config;
    machine->config.node = node;
    machine->config.state_dir = apr_pstrcat(pool, state_dir, "/", node, NULL);
    machine->config.key = &key;
    machine->config.sites = &site;
    machine->config.site_count = 1;
    assert_int_equal(mkdir(machine->config.state_dir, 0700), 0);
    assert_int_equal(mkdir(apr_pstrcat(pool, machine->config.state_dir, "/journal", NULL), 0700),
                     0);
    assert_int_equal(session_table_create(&machine->config.sessions, pool, 16), APR_SUCCESS);
    machine->keeper = keeper_create(&machine->config, pool);
    assert_int_equal(keeper_connect(machine->keeper), APR_SUCCESS);
    sync_tick(machine->keeper);
}

static void use(const machine_t *machine)
{
    session_t session;

    memset(&session, 0, sizeof(session));
    memset(session.fingerprint.bytes, 7, sizeof(session.fingerprint.bytes));
    strcpy(session.reference, "0123456789abcdef0123456789abcdef");
    strcpy(session.site, "odoo");
    session.state = SESSION_OPEN;
    session.started = session.last_action = session.last_seen = apr_time_now();
    session.started_boot = session.last_action_boot = clock_now;
    assert_int_equal(session_table_restore(machine->config.sessions, &session), APR_SUCCESS);
}

/* What the gate finds a minute after. */
static session_t come_back(const machine_t *machine)
{
    session_limits_t limits = {.idle = 60 * SECOND};
    fingerprint_t fingerprint;
    session_t session;
    int ended;

    memset(fingerprint.bytes, 7, sizeof(fingerprint.bytes));
    session_table_gate(machine->config.sessions, &fingerprint, &limits, 1, apr_time_now(),
                       clock_now, &session, &ended);
    assert_int_equal(ended, 0);
    return session;
}

static int told(machine_t *one, machine_t *two, const event_t **event)
{
    drain(one->keeper);
    drain(two->keeper);
    return stored_of("session_expired", event);
}

static void test_one_of_two_tells(void **state)
{
    machine_t one, two;
    const event_t *event;

    (void)state;
    start_machine(&one, "one");
    start_machine(&two, "two");
    use(&one);
    use(&two);
    clock_now += 60 * SECOND;
    session_table_set_synced(one.config.sessions, clock_now);
    session_table_set_synced(two.config.sessions, clock_now);
    assert_int_equal(come_back(&one).state, SESSION_EXPIRED);
    assert_int_equal(come_back(&two).state, SESSION_EXPIRED);
    assert_int_equal(told(&one, &two, NULL), 0);
    sync_tick(two.keeper);
    sync_tick(one.keeper);
    for (int i = 0; i < 3; i++) {
        clock_now += 61 * SECOND;
        sync_tick(one.keeper);
        keeper_cleanup(one.keeper);
        sync_tick(two.keeper);
        keeper_cleanup(two.keeper);
    }
    assert_int_equal(told(&one, &two, &event), 1);
    assert_string_equal(event->cell[EVENT_NODE], "two");
    assert_string_equal(event->cell[EVENT_VALUES], "{\"reason\":\"idle\"}");
    assert_int_equal(come_back(&one).state, SESSION_EXPIRED);
}

/* ---- how soon ---- */

static void assert_hears_at(machine_t *machine, apr_time_t moment)
{
    int before = heard_times;

    clock_now = moment - 1;
    sync_tick(machine->keeper);
    assert_int_equal(heard_times, before);
    clock_now = moment;
    sync_tick(machine->keeper);
    assert_int_equal(heard_times, before + 1);
}

/* However slow the database was last time. */
static void test_hears_each_second(void **state)
{
    machine_t one;

    (void)state;
    reading_takes = 5 * SECOND;
    start_machine(&one, "one");
    for (int i = 0; i < 5; i++) {
        assert_hears_at(&one, clock_now + SECOND);
    }
}

/* With the very next step of the keeper, also when last actions must wait. */
static void test_an_end_is_told_at_once(void **state)
{
    machine_t one, two;
    fingerprint_t fingerprint;
    session_t session;

    (void)state;
    reading_takes = 5 * SECOND;
    start_machine(&one, "one");
    start_machine(&two, "two");
    use(&one);
    use(&two);
    memset(fingerprint.bytes, 7, sizeof(fingerprint.bytes));
    assert_int_equal(session_table_end(one.config.sessions, &fingerprint, SESSION_REVOKED,
                                       SESSION_REASON_MANAGER, NULL, &session),
                     APR_SUCCESS);
    sync_tick(one.keeper);
    clock_now += SECOND;
    sync_tick(two.keeper);
    assert_int_equal(session_table_find(two.config.sessions, &fingerprint, &session), APR_SUCCESS);
    assert_int_equal(session.state, SESSION_REVOKED);
}

static int set_up(void **state)
{
    clock_now = 1000000 * SECOND;
    reading_takes = 0;
    heard_times = 0;
    return keeper_set_up(state);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, keeper_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_of_two_tells),
        TEST(test_hears_each_second),
        TEST(test_an_end_is_told_at_once),
    };
    apr_pool_t *process;

    apr_initialize();
    apr_pool_create(&process, NULL);
    store_initialize(process, "sqlite3", NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
