#include "page.h"

#include <apr_strings.h>

#include "answer.h"
#include "config.h"
#include "health_facts.h"
#include "rights.h"
#include "store/alert_store.h"
#include "store/proof.h"
#include "trail/checkpoint.h"
#include "view.h"
#include "wish.h"

#define COUNT_MOST 10000
#define RUNNING_MOST 1000

/* Of this site; how full the table is, is every site's. */
typedef struct census_t {
    const admin_request_t *request;
    apr_int64_t count[SESSION_REVOKED + 1];
} census_t;

static int count_session(void *payload, const session_t *session)
{
    census_t *census = payload;

    if (session->state <= SESSION_REVOKED && rights_see_session(census->request, session)) {
        census->count[session->state]++;
    }
    return 0;
}

static void set_number(json_value_t *object, const char *name, apr_int64_t number, apr_pool_t *pool)
{
    json_set(object, name, json_new_integer(pool, number));
}

static void add_sessions(page_t *page, const health_facts_t *facts)
{
    census_t census = {.request = page->request};
    json_value_t *sessions = json_set(page->view, "sessions", json_new_object(page->pool));
    apr_int64_t used = 0;

    session_table_each(page->request->sessions, count_session, &census);
    for (int state = SESSION_OPEN; state <= SESSION_REVOKED; state++) {
        set_number(sessions, session_state_name((session_state_t)state), census.count[state],
                   page->pool);
        used += facts->sessions[state];
    }
    set_number(sessions, "used", used, page->pool);
    set_number(sessions, "room", facts->room, page->pool);
}

static void add_keeper(page_t *page, const health_facts_t *facts)
{
    apr_pool_t *pool = page->pool;
    json_value_t *keeper = json_set(page->view, "keeper", json_new_object(pool));
    json_value_t *database = json_set(page->view, "database", json_new_object(pool));

    json_set(keeper, "up", json_new_boolean(pool, facts->keeper_up));
    json_set(keeper, "started", view_time(pool, facts->keeper_started));
    json_set(keeper, "seen", view_time(pool, facts->keeper_seen));
    set_number(keeper, "lag_seconds", facts->lag, pool);
    set_number(keeper, "forward_lag_seconds", facts->forward_lag, pool);
    set_number(keeper, "waiting_bytes", facts->waiting_bytes, pool);
    set_number(keeper, "journal_bytes", facts->journal_bytes, pool);
    set_number(keeper, "journal_limit_bytes", facts->journal_limit, pool);
    set_number(keeper, "segments", facts->segments, pool);
    json_set(database, "state", json_new_string(pool, health_database_word(facts->database)));
    json_set(database, "failed", view_time(pool, facts->database_failed));
    json_set(database, "problem",
             json_new_string(pool, *facts->database_problem ? facts->database_problem : NULL));
}

static void add_events(page_t *page, const health_facts_t *facts)
{
    apr_pool_t *pool = page->pool;
    json_value_t *events = json_set(page->view, "since_start", json_new_object(pool));
    apr_int64_t share = facts->stored ? facts->unparsed * 10000 / facts->stored : 0;

    set_number(events, "stored", facts->stored, pool);
    set_number(events, "unparsed", facts->unparsed, pool);
    json_set(events, "unparsed_share",
             json_new_string(pool,
                             apr_psprintf(pool, "%" APR_INT64_T_FMT ".%02" APR_INT64_T_FMT " %%",
                                          share / 100, share % 100)));
    set_number(events, "gaps", facts->gaps, pool);
    set_number(events, "lost", facts->lost, pool);
    set_number(events, "purged", facts->purged, pool);
}

typedef struct newest_t {
    apr_pool_t *pool;
    const char *time;
    apr_int64_t count;
} newest_t;

static int see_event(void *payload, const event_t *event)
{
    newest_t *newest = payload;

    if (newest->count++ == 0 && event->cell[EVENT_TIME]) {
        newest->time = apr_pstrdup(newest->pool, event->cell[EVENT_TIME]);
    }
    return 0;
}

typedef struct counts_t {
    apr_int64_t events, mail;
    newest_t newest, running;
    checkpoint_t checkpoint; /* the last of this machine; number 0: none */
} counts_t;

static apr_status_t read_checkpoint(counts_t *counts, store_t *store, const char *node,
                                    apr_pool_t *pool)
{
    apr_int64_t number;
    const char *text;
    apr_status_t status = store_checkpoint_last(store, node, &number, &text, pool);

    if (APR_STATUS_IS_NOTFOUND(status)) {
        return APR_SUCCESS;
    }
    if (status == APR_SUCCESS && checkpoint_read(&counts->checkpoint, text) != APR_SUCCESS) {
        counts->checkpoint.number = 0; /* verifying tells what is wrong with it */
    }
    return status;
}

static apr_status_t read_counts(counts_t *counts, store_t *store, const event_filter_t *filter,
                                const admin_request_t *request)
{
    apr_pool_t *pool = request->pool;
    apr_status_t status = store_count(store, filter, COUNT_MOST, &counts->events, pool);

    counts->newest.pool = counts->running.pool = pool;
    if (status == APR_SUCCESS) {
        status = store_events(store, filter, 0, 1, see_event, &counts->newest, pool);
    }
    if (status == APR_SUCCESS) {
        status = store_running(store, filter, RUNNING_MOST, see_event, &counts->running, pool);
    }
    if (status == APR_SUCCESS) {
        status = store_outbox_count(store, request->site, &counts->mail);
    }
    return status == APR_SUCCESS ? read_checkpoint(counts, store, request->node, pool) : status;
}

static const char *open_and_count(page_t *page, counts_t *counts)
{
    event_filter_t filter = {.site = NULL};
    store_t *store;
    apr_status_t status = page_open_store(page, &store);

    if (status != APR_SUCCESS) {
        return APR_STATUS_IS_ENOENT(status) ? "empty" : "unreachable";
    }
    rights_limit_events(page->request, &filter);
    status = read_counts(counts, store, &filter, page->request);
    if (status != APR_SUCCESS) {
        page_store_failed(page, store);
    }
    store_close(store);
    return status == APR_SUCCESS ? "reachable" : "unreachable";
}

static void add_checkpoint(page_t *page, json_value_t *trail, const checkpoint_t *checkpoint)
{
    json_value_t *value;

    if (!checkpoint->number) {
        json_set(trail, "checkpoint", json_new_string(page->pool, NULL));
        return;
    }
    value = json_set(trail, "checkpoint", json_new_object(page->pool));
    set_number(value, "number", checkpoint->number, page->pool);
    set_number(value, "sequence", checkpoint->sequence, page->pool);
    json_set(value, "time", view_time(page->pool, checkpoint->time));
}

static void add_trail(page_t *page)
{
    counts_t counts = {.events = 0};
    const char *database = open_and_count(page, &counts);
    json_value_t *trail = json_set(page->view, "trail", json_new_object(page->pool));

    json_set(trail, "database", json_new_string(page->pool, database));
    json_set(trail, "events", json_new_integer(page->pool, counts.events));
    json_set(trail, "events_exact", json_new_boolean(page->pool, counts.events < COUNT_MOST));
    json_set(trail, "newest", json_new_string(page->pool, counts.newest.time));
    json_set(trail, "checkpoint_key", json_new_string(page->pool, page->request->public_key));
    json_set(trail, "running", json_new_integer(page->pool, counts.running.count));
    json_set(trail, "mail_waiting", json_new_integer(page->pool, counts.mail));
    add_checkpoint(page, trail, &counts.checkpoint);
}

/* ---- for people ---- */

static void add_bytes(json_value_t *shown, const char *name, apr_int64_t bytes, apr_pool_t *pool)
{
    char text[8];

    json_set(shown, name, json_new_string(pool, apr_pstrdup(pool, apr_strfsize(bytes, text))));
}

static void add_shown(page_t *page, const health_facts_t *facts)
{
    apr_pool_t *pool = page->pool;
    const json_value_t *trail = json_member(page->view, "trail");
    const char *newest = json_string(json_member(trail, "newest"));
    const char *checkpoint = json_string(json_member(json_member(trail, "checkpoint"), "time"));
    json_value_t *shown = json_set(page->view, "shown", json_new_object(pool));

    add_bytes(shown, "journal", facts->journal_bytes, pool);
    add_bytes(shown, "limit", facts->journal_limit, pool);
    add_bytes(shown, "waiting", facts->waiting_bytes, pool);
    json_set(shown, "newest", view_clock_of(pool, page->zone, newest));
    json_set(shown, "checkpoint", view_clock_of(pool, page->zone, checkpoint));
    json_set(shown, "failed", view_ago(pool, page->zone, facts->database_failed, apr_time_now()));
    json_set(shown, "started", view_clock(pool, page->zone, facts->keeper_started));
    json_set(shown, "holds",
             json_new_string(pool, apr_pstrcat(pool, page->request->base, "/holds", NULL)));
}

static apr_status_t answer_health(page_t *page)
{
    health_facts_t facts;

    health_facts_read(&facts, page->request);
    add_trail(page);
    add_keeper(page, &facts);
    add_events(page, &facts);
    add_sessions(page, &facts);
    json_set(page->view, "version", json_new_string(page->pool, PACKAGE_VERSION));
    json_set(page->view, "node", json_new_string(page->pool, page->request->node));
    page->title = "Health";
    page->template = "health";
    if (!page->json) {
        add_shown(page, &facts);
        if (!json_member(page->view, "verify")) {
            json_set(page->view, "verify", json_new_string(page->pool, NULL));
        }
    }
    return answer_page(page);
}

#define MANAGERS_ONLY "Only managers see the health of this site's audit."

apr_status_t health_page(page_t *page, const char *argument)
{
    (void)argument;
    return page->request->visitor.manager ? answer_health(page)
                                          : answer_error(page, 403, MANAGERS_ONLY);
}

apr_status_t health_verify(page_t *page, const char *argument)
{
    wish_t wish;
    apr_status_t answered;

    (void)argument;
    if (!wish_read(&wish, page, &answered)) {
        return answered;
    }
    if (!page->request->visitor.manager) {
        return answer_error(page, 403, MANAGERS_ONLY);
    }
    health_add_verify(page);
    return answer_health(page);
}
