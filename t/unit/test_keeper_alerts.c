/* From an event to the outbox, and from there to a server that is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "keeper_fixture.h"
#include "store/alert_store.h"

#define ADDRESS "mia@example.com"

static keeper_site_t site;
static alert_line_t line;
static delivery_config_t mail;

static int set_up(void **state)
{
    int failed = keeper_set_up(state);

    memset(&site, 0, sizeof(site));
    memset(&mail, 0, sizeof(mail));
    mail.url = "smtp://127.0.0.1:1"; /* nobody listens there */
    mail.from = "audit@example.com";
    site.name = "erp";
    site.alerts = &line;
    site.alert_count = 1;
    config.sites = &site;
    config.site_count = 1;
    config.mail = &mail;
    return failed;
}

static void use_line(const char *words)
{
    const char *problem = alert_line_parse(&line, words, pool);

    if (problem) {
        fail_msg("%s", problem);
    }
}

static event_t *new_event(const char *operation, const char *session, const char *login)
{
    event_t *event = event_create(pool);

    event_set(event, EVENT_OPERATION, operation);
    event_set(event, EVENT_OUTCOME, "success");
    event_set(event, EVENT_SITE, "erp");
    event_set(event, EVENT_DATABASE, "odoo");
    event_set(event, EVENT_UID, "7");
    event_set(event, EVENT_LOGIN, login);
    event_set(event, EVENT_SESSION, session);
    event_set(event, EVENT_BROWSER, "Chrome 126");
    event_set_time(event, EVENT_TIME, apr_time_now());
    return event;
}

static void record(const event_t *event)
{
    journal_t *journal = open_journal();

    assert_int_equal(journal_append(journal, JOURNAL_EVENT, 1, event), APR_SUCCESS);
    journal_close(journal);
    drain_all();
}

/* While a keeper runs. */
static void record_aside(const event_t *event)
{
    journal_t *journal = open_journal();

    assert_int_equal(journal_append(journal, JOURNAL_EVENT, 1, event), APR_SUCCESS);
    journal_close(journal);
}

/* The recipients of what waits. */
static const char *waiting(void)
{
    apr_array_header_t *rows;
    const char *list = "", *problem;
    store_t *store;

    assert_int_equal(store_open(&store, pool, &config.store, STORE_READ, &problem), APR_SUCCESS);
    assert_int_equal(store_outbox_due(store, NODE, "mail", apr_time_now() + apr_time_from_sec(9999),
                                      50, &rows, pool),
                     APR_SUCCESS);
    for (int i = 0; i < rows->nelts; i++) {
        list = apr_pstrcat(pool, list, *list ? " " : "",
                           APR_ARRAY_IDX(rows, i, store_outbox_t).recipient, NULL);
    }
    store_close(store);
    return list;
}

static void test_user_is_told_once(void **state)
{
    (void)state;
    use_line("new_device to=user");
    record(new_event("session_identified", "s1", ADDRESS));
    assert_string_equal(waiting(), ADDRESS);
    record(new_event("session_identified", "s1", ADDRESS)); /* the same session */
    record(new_event("session_identified", "s2", ADDRESS)); /* the same device */
    assert_string_equal(waiting(), ADDRESS);
}

static void test_only_confirmed_users_are_mailed(void **state)
{
    event_t *failed = new_event("login_failed", NULL, ADDRESS);

    (void)state;
    use_line("failed_logins=1/1s to=user");
    event_set(failed, EVENT_UID, NULL);
    record(failed);
    assert_string_equal(waiting(), "");
    record(new_event("session_identified", "s1", ADDRESS));
    event_set_time(failed, EVENT_TIME, apr_time_now() + apr_time_from_sec(10));
    record(failed);
    assert_string_equal(waiting(), ADDRESS);
}

static void test_opted_out(void **state)
{
    event_t *wish = new_event("alert_opt_out", "s9", "boss");

    (void)state;
    use_line("new_login to=user,other@example.com");
    event_set(wish, EVENT_VALUES, "{\"database\":\"odoo\",\"uid\":7,\"opt_out\":true}");
    record(wish);
    record(new_event("session_identified", "s1", ADDRESS));
    assert_string_equal(waiting(), "other@example.com");
}

static void test_managers(void **state)
{
    static const char *const managers[] = {"group:base.group_system", "boss@example.com", "root"};
    event_t *manager = new_event("session_identified", "s1", "chief@example.com");

    (void)state;
    use_line("session_revoked to=managers");
    site.managers = managers;
    site.manager_count = 3;
    event_set(manager, EVENT_VALUES, "{\"manager\":true}");
    record(manager);
    record(new_event("session_revoked", "s2", "mia"));
    assert_non_null(strstr(waiting(), "boss@example.com"));
    assert_non_null(strstr(waiting(), "chief@example.com"));
    assert_null(strstr(waiting(), "root"));
}

static void test_limits(void **state)
{
    (void)state;
    use_line("new_login to=a@example.com");
    config.alerts_of_user = (alert_limit_t){2, apr_time_from_sec(3600)};
    config.alerts_of_all = (alert_limit_t){3, apr_time_from_sec(3600)};
    for (int i = 0; i < 5; i++) {
        record(new_event("session_identified", apr_psprintf(pool, "s%d", i), "mia"));
    }
    assert_string_equal(waiting(), "a@example.com a@example.com");
    for (int i = 0; i < 5; i++) {
        event_t *event = new_event("session_identified", apr_psprintf(pool, "t%d", i), "bob");

        event_set(event, EVENT_UID, apr_psprintf(pool, "%d", 100 + i));
        record(event);
    }
    assert_string_equal(waiting(), "a@example.com a@example.com a@example.com");
}

/* Anybody can fail to log in as anybody. */
static void test_failures_use_up_their_own_limit(void **state)
{
    (void)state;
    use_line("failed_logins=1/1s new_login to=a@example.com");
    config.alerts_of_user = (alert_limit_t){2, apr_time_from_sec(3600)};
    config.alerts_of_all = (alert_limit_t){3, apr_time_from_sec(3600)};
    for (int i = 0; i < 5; i++) {
        event_t *failed = new_event("login_failed", NULL, "mia");

        event_set(failed, EVENT_UID, NULL);
        event_set_time(failed, EVENT_TIME, apr_time_now() + apr_time_from_sec(10 * i));
        record(failed);
    }
    assert_string_equal(waiting(), "a@example.com a@example.com");
    record(new_event("session_identified", "s1", "mia"));
    assert_string_equal(waiting(), "a@example.com a@example.com a@example.com");
}

/* The trail tells once of an address that is none for mail; a plain login is no address at all. */
static void test_odd_addresses_are_told(void **state)
{
    const event_t *failed = NULL;
    pid_t child;

    (void)state;
    use_line("new_login to=user");
    drain_all();
    child = run_keeper();
    record_aside(new_event("session_identified", "s1", "m\xc3\xbcller@example.com"));
    record_aside(new_event("session_identified", "s2", "m\xc3\xbcller@example.com"));
    record_aside(new_event("session_identified", "s3", "demo"));
    for (int i = 0; i < 6000 && !stored_of("alert_failed", &failed); i++) {
        apr_sleep(apr_time_from_msec(20));
    }
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(exit_of(child), KEEPER_STOPPED);
    drain_all();
    assert_string_equal(waiting(), "");
    assert_int_equal(stored_of("alert_failed", &failed), 1);
    assert_non_null(
        strstr(failed->cell[EVENT_VALUES], "\"recipient\":\"m\xc3\xbcller@example.com\""));
    assert_non_null(strstr(failed->cell[EVENT_VALUES], "\"alerts\":\"new_login\""));
    assert_string_equal(failed->cell[EVENT_SITE], "erp");
}

/* What a machine left that is gone: another one takes it, and gives it up here. */
static void test_what_others_left(void **state)
{
    const event_t *failed = NULL;
    const char *problem;
    store_t *store;
    pid_t child;

    (void)state;
    use_line("new_login to=user");
    drain_all();
    assert_int_equal(store_open(&store, pool, &config.store, STORE_WRITE, &problem), APR_SUCCESS);
    assert_int_equal(store_begin(store), APR_SUCCESS);
    for (int minutes = 5; minutes <= 20; minutes += 15) {
        store_outbox_t message = {.id = apr_psprintf(pool, "m%d", minutes),
                                  .site = "erp",
                                  .channel = "mail",
                                  .recipient = "a@example.com",
                                  .about = "new_login",
                                  .content = "x",
                                  .made = apr_time_now() - apr_time_from_sec(60 * minutes),
                                  .due = apr_time_now() - apr_time_from_sec(60 * minutes)};

        assert_int_equal(store_outbox_put(store, "node-2", &message), APR_SUCCESS);
    }
    assert_int_equal(store_commit(store), APR_SUCCESS);
    store_close(store);
    config.alert_give_up = apr_time_from_sec(600);
    child = run_keeper();
    for (int i = 0; i < 6000 && !stored_of("alert_failed", &failed); i++) {
        apr_sleep(apr_time_from_msec(20));
    }
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(exit_of(child), KEEPER_STOPPED);
    drain_all();
    assert_int_equal(stored_of("alert_failed", &failed), 1); /* the other one is not that old */
    assert_non_null(strstr(failed->cell[EVENT_VALUES], "\"message\":\"m20\""));
}

static void test_gap_is_told_for_every_site(void **state)
{
    event_t *gap = new_event("gap", NULL, NULL);

    (void)state;
    use_line("trail_gap to=a@example.com");
    event_set(gap, EVENT_SITE, NULL);
    event_set(gap, EVENT_OUTCOME, "unknown");
    record(gap);
    assert_string_equal(waiting(), "a@example.com");
}

/* Whatever instruction a keeper dies at, what was not noted as sent is still there, once. */
static void test_killed_keeper_forgets_nothing(void **state)
{
    const char *path = apr_pstrcat(pool, state_dir, "/keeper.lock", NULL);
    pid_t child;

    (void)state;
    use_line("new_login to=a@example.com");
    record(new_event("session_identified", "s1", "mia"));
    child = run_keeper();
    for (int i = 0; i < 6000 && access(path, F_OK) != 0; i++) {
        apr_sleep(apr_time_from_msec(10));
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    drain_all();
    assert_string_equal(waiting(), "a@example.com");
}

static void test_given_up(void **state)
{
    const event_t *failed = NULL;
    pid_t child;

    (void)state;
    use_line("new_login to=a@example.com");
    config.alert_give_up = apr_time_from_msec(1);
    record(new_event("session_identified", "s1", "mia"));
    child = run_keeper();
    for (int i = 0; i < 6000 && *waiting(); i++) {
        apr_sleep(apr_time_from_msec(20));
    }
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(exit_of(child), KEEPER_STOPPED);
    drain_all();
    assert_int_equal(stored_of("alert_failed", &failed), 1);
    assert_non_null(strstr(failed->cell[EVENT_VALUES], "\"recipient\":\"a@example.com\""));
    assert_non_null(strstr(failed->cell[EVENT_VALUES], "\"alerts\":\"new_login\""));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, keeper_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_user_is_told_once),
        TEST(test_only_confirmed_users_are_mailed),
        TEST(test_opted_out),
        TEST(test_managers),
        TEST(test_limits),
        TEST(test_failures_use_up_their_own_limit),
        TEST(test_odd_addresses_are_told),
        TEST(test_what_others_left),
        TEST(test_gap_is_told_for_every_site),
        TEST(test_killed_keeper_forgets_nothing),
        TEST(test_given_up),
    };
    apr_pool_t *process;

    apr_initialize();
    apr_pool_create(&process, NULL);
    store_initialize(process, "sqlite3", NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
