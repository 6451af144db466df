#include "query.h"

#include <apr_strings.h>

/* A select is read into memory whole (facts of apr_dbd), so it is cut into pieces of this many. */
#define EVENTS_PER_SELECT 500

typedef struct direction_t {
    const char *from;  /* condition on the last id seen */
    const char *order; /* of the page */
} direction_t;

static const direction_t newest_first = {"id < %s", " ORDER BY id DESC LIMIT %s"};
static const direction_t oldest_first = {"id > %s", " ORDER BY id LIMIT %s"};

static apr_status_t select_page(store_t *store, const event_filter_t *filter,
                                const direction_t *direction, apr_int64_t from, int limit,
                                rows_t *rows, apr_pool_t *pool)
{
    query_t query;
    apr_status_t status;

    query_init(&query, pool, apr_pstrcat(pool, "SELECT ", row_names(pool), " FROM events", NULL));
    status = query_filter(&query, store, filter, QUERY_EVENTS);
    if (status) {
        return status;
    }
    query_where_integer(&query, direction->from, from);
    query_text(&query, direction->order);
    query_value(&query, number_text(limit, pool));
    return query_select(&query, store, rows, pool);
}

static apr_status_t read_pages(store_t *store, const event_filter_t *filter,
                               const direction_t *direction, apr_int64_t from, int limit,
                               store_event_visit_t visit, void *payload, apr_pool_t *parent)
{
    apr_pool_t *pool;
    int stopped = 0, more = limit > 0;
    apr_status_t status = APR_SUCCESS;

    apr_pool_create(&pool, parent);
    while (more && !stopped) {
        int want = limit < EVENTS_PER_SELECT ? limit : EVENTS_PER_SELECT;
        rows_t rows;

        apr_pool_clear(pool);
        status = select_page(store, filter, direction, from, want, &rows, pool);
        if (status) {
            break;
        }
        limit -= want;
        more = rows.left == want && limit > 0;
        while (!stopped && rows_next(&rows)) {
            from = rows_integer(&rows, EVENT_ID);
            stopped = visit(payload, row_to_event(&rows));
        }
    }
    apr_pool_destroy(pool);
    return status;
}

apr_status_t store_events(store_t *store, const event_filter_t *filter, apr_int64_t before,
                          int limit, store_event_visit_t visit, void *payload, apr_pool_t *pool)
{
    return read_pages(store, filter, &newest_first, before > 0 ? before : APR_INT64_MAX, limit,
                      visit, payload, pool);
}

apr_status_t store_events_after(store_t *store, const event_filter_t *filter, apr_int64_t after,
                                int limit, store_event_visit_t visit, void *payload,
                                apr_pool_t *pool)
{
    return read_pages(store, filter, &oldest_first, after, limit, visit, payload, pool);
}

apr_status_t store_count(store_t *store, const event_filter_t *filter, apr_int64_t most,
                         apr_int64_t *count, apr_pool_t *pool)
{
    query_t query;
    rows_t rows;
    apr_status_t status;

    *count = 0;
    query_init(&query, pool, "SELECT COUNT(*) FROM (SELECT 1 FROM events");
    status = query_filter(&query, store, filter, QUERY_EVENTS);
    if (status) {
        return status;
    }
    query_text(&query, " LIMIT %s) AS found");
    query_value(&query, number_text(most, pool));
    status = query_select(&query, store, &rows, pool);
    if (!status && rows_next(&rows)) {
        *count = rows_integer(&rows, 0);
    }
    return status;
}

apr_status_t store_running(store_t *store, const event_filter_t *filter, int limit,
                           store_event_visit_t visit, void *payload, apr_pool_t *pool)
{
    query_t query;
    rows_t rows;
    apr_status_t status;

    query_init(&query, pool, apr_pstrcat(pool, "SELECT ", row_names(pool), " FROM pending", NULL));
    status = query_filter(&query, store, filter, QUERY_PENDING);
    if (status) {
        return status;
    }
    query_text(&query, " ORDER BY time_ms DESC, incarnation, number DESC LIMIT %s");
    query_value(&query, number_text(limit < STORE_MAX_RUNNING ? limit : STORE_MAX_RUNNING, pool));
    status = query_select(&query, store, &rows, pool);
    while (!status && rows_next(&rows) && !visit(payload, row_to_event(&rows))) {
    }
    return status;
}
