#include "page.h"

#include <apr_strings.h>

#include "answer.h"
#include "rights.h"
#include "view.h"

#define COUNT_MOST 10000
#define RUNNING_MOST 1000

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

static void add_sessions(page_t *page)
{
    census_t census = {.request = page->request};
    json_value_t *sessions = json_set(page->view, "sessions", json_new_object(page->pool));

    session_table_each(page->request->sessions, count_session, &census);
    for (int state = SESSION_OPEN; state <= SESSION_REVOKED; state++) {
        json_set(sessions, session_state_name((session_state_t)state),
                 json_new_integer(page->pool, census.count[state]));
    }
    json_set(sessions, "room",
             json_new_integer(page->pool, session_table_slots(page->request->sessions)));
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
    apr_int64_t events;
    newest_t newest, running;
} counts_t;

static apr_status_t read_counts(counts_t *counts, store_t *store, const event_filter_t *filter,
                                apr_pool_t *pool)
{
    apr_status_t status = store_count(store, filter, COUNT_MOST, &counts->events, pool);

    counts->newest.pool = counts->running.pool = pool;
    if (status == APR_SUCCESS) {
        status = store_events(store, filter, 0, 1, see_event, &counts->newest, pool);
    }
    if (status == APR_SUCCESS) {
        status = store_running(store, filter, RUNNING_MOST, see_event, &counts->running, pool);
    }
    return status;
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
    status = read_counts(counts, store, &filter, page->pool);
    if (status != APR_SUCCESS) {
        page_store_failed(page, store);
    }
    store_close(store);
    return status == APR_SUCCESS ? "reachable" : "unreachable";
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
}

apr_status_t health_page(page_t *page, const char *argument)
{
    (void)argument;
    if (!page->request->visitor.manager) {
        return answer_error(page, 403, "Only managers see the health of this site's audit.");
    }
    add_trail(page);
    add_sessions(page);
    page->title = "Health";
    page->template = "health";
    if (!page->json) {
        const char *newest = json_string(json_member(json_member(page->view, "trail"), "newest"));

        json_set(page->view, "newest_shown", view_time_short(page->pool, newest));
    }
    return answer_page(page);
}
