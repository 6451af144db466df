#include "query.h"

#include <string.h>

#include <apr_strings.h>

/* Ended sessions looked at per call of store_purge_sessions. */
#define SESSIONS_LOOKED_AT 2000

apr_status_t store_session_touch(store_t *store, const char *reference, apr_time_t last_action,
                                 const char *address, const char *country, const char *city)
{
    apr_status_t status = store_step(store);

    if (!status) {
        const char *time = number_text(apr_time_as_msec(last_action), store->step);
        const char *values[] = {time, address, country, city, reference, time};

        status = store_execute(store, SESSION_TOUCH, values, NULL);
    }
    return status;
}

apr_status_t store_session_named(store_t *store, const char *reference, int *named)
{
    rows_t rows;
    apr_status_t status = store->mode == STORE_READ ? APR_SUCCESS : store_step(store);

    if (!status) {
        status = store_select(store, SESSION_WHO, &reference, &rows, store->step);
    }
    *named = !status && rows_next(&rows) && rows_text(&rows, 0);
    return status;
}

static const char session_columns[] = "SELECT reference, site, db, login, name, address, "
                                      "user_agent, browser, os, device, country, city, "
                                      "state, reason, note, risks, uid, started_ms, "
                                      "last_action_ms, ended_ms FROM sessions";

static void read_session(const rows_t *rows, session_row_t *session)
{
    const char **const texts[] = {&session->reference,  &session->site,    &session->database,
                                  &session->login,      &session->name,    &session->address,
                                  &session->user_agent, &session->browser, &session->os,
                                  &session->device,     &session->country, &session->city,
                                  &session->state,      &session->reason,  &session->note,
                                  &session->risks};
    int column = 0;

    for (; column < (int)(sizeof(texts) / sizeof(texts[0])); column++) {
        *texts[column] = rows_text(rows, column);
    }
    session->uid = rows_integer(rows, column++);
    session->started = apr_time_from_msec(rows_integer(rows, column++));
    session->last_action = apr_time_from_msec(rows_integer(rows, column++));
    session->ended = apr_time_from_msec(rows_integer(rows, column));
}

static apr_status_t where_state(query_t *query, const char *state)
{
    if (!state) {
        return APR_SUCCESS;
    }
    if (!strcmp(state, "open")) {
        query_where(query, "state = 'open'", NULL);
        return APR_SUCCESS;
    }
    query_where(query, "state <> 'open'", NULL);
    return strcmp(state, "ended") ? APR_EINVAL : APR_SUCCESS;
}

static apr_status_t where_session(query_t *query, const session_filter_t *filter)
{
    apr_int64_t uid;

    if (filter->own_only) {
        query_where_own(query, filter->own_site, filter->own_database, filter->own_uid, "uid = %s");
    }
    if (filter->reference) {
        query_where(query, "reference = %s", filter->reference);
    }
    if (filter->site) {
        query_where(query, "site = %s", filter->site);
    }
    if (filter->user) {
        query_where(query, row_integer(filter->user, &uid) ? "login = %s" : "uid = %s",
                    filter->user);
    }
    if (filter->risk) {
        query_where(query, "(' ' || risks || ' ') LIKE ('%% ' || %s || ' %%')", filter->risk);
    }
    if (filter->active_since) {
        query_where(query, "last_action_ms >= %s",
                    number_text(apr_time_as_msec(filter->active_since), query->pool));
    }
    return where_state(query, filter->state);
}

apr_status_t store_sessions(store_t *store, const session_filter_t *filter, int offset, int limit,
                            store_session_visit_t visit, void *payload, apr_pool_t *pool)
{
    session_row_t session;
    query_t query;
    rows_t rows;
    apr_status_t status;

    query_init(&query, pool, session_columns);
    status = where_session(&query, filter);
    if (status) {
        return status;
    }
    query_text(&query, " ORDER BY last_action_ms DESC, reference LIMIT %s OFFSET %s");
    query_value(&query, number_text(limit < STORE_MAX_SESSIONS ? limit : STORE_MAX_SESSIONS, pool));
    query_value(&query, number_text(offset, pool));
    status = query_select(&query, store, &rows, pool);
    while (!status && rows_next(&rows)) {
        read_session(&rows, &session);
        if (visit(payload, &session)) {
            break;
        }
    }
    return status;
}

apr_status_t store_session_risk(store_t *store, const char *reference, const char *word)
{
    const char *values[] = {word, reference, word};
    apr_status_t status = store_step(store);

    return status ? status : store_execute(store, SESSION_RISK, values, NULL);
}

apr_status_t store_session_risks(store_t *store, const session_filter_t *filter,
                                 store_risk_visit_t visit, void *payload, apr_pool_t *pool)
{
    query_t query;
    rows_t rows;
    apr_status_t status;

    query_init(&query, pool, "SELECT risks, COUNT(*) FROM sessions");
    query_where(&query, "risks IS NOT NULL", NULL);
    status = where_session(&query, filter);
    if (status) {
        return status;
    }
    query_text(&query, " GROUP BY risks");
    status = query_select(&query, store, &rows, pool);
    while (!status && rows_next(&rows)) {
        visit(payload, rows_text(&rows, 0), rows_integer(&rows, 1));
    }
    return status;
}

static apr_status_t list_forgettable(store_t *store, apr_time_t before, rows_t *rows)
{
    const char *after = number_text(store->forget_after_ms, store->step);
    const char *values[] = {number_text(MARKS_EVERYWHERE, store->step),
                            number_text(MARK_SESSION, store->step),
                            number_text(apr_time_as_msec(before), store->step),
                            after,
                            after,
                            store->forget_after,
                            number_text(SESSIONS_LOOKED_AT, store->step)};

    return store_select(store, SESSION_FORGETTABLE, values, rows, store->step);
}

/* No event is left of it, neither in a block (column 2) nor in the tail. */
static int is_forgettable(const store_t *store, const rows_t *rows, const char *reference)
{
    return !rows_integer(rows, 2) && !block_find(&store->block, MARK_SESSION, reference);
}

/* Goes on where the last call ended, and from the start again once it is through: sessions whose
 * events are still kept must not hide those behind them, nor be looked at each time. */
apr_status_t store_purge_sessions(store_t *store, apr_time_t before, int limit, int *purged)
{
    rows_t rows = {.left = 0};
    int left, ready = 0;
    apr_status_t status = store_step(store);

    *purged = 0;
    status = status ? status : marks_ready_all(store, &ready);
    if (!status && ready) {
        status = list_forgettable(store, before, &rows);
    }
    left = rows.left;
    while (!status && *purged < limit && rows_next(&rows)) {
        const char *reference = rows_text(&rows, 0);

        store->forget_after_ms = rows_integer(&rows, 1);
        apr_cpystrn(store->forget_after, reference ? reference : "", sizeof(store->forget_after));
        if (is_forgettable(store, &rows, store->forget_after)) {
            status = store_execute(store, SESSION_DELETE, &reference, NULL);
            ++*purged;
        }
    }
    if (!status && ready && !rows.left && left < SESSIONS_LOOKED_AT) {
        store->forget_after_ms = 0;
        store->forget_after[0] = '\0';
    }
    return status;
}
