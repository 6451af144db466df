#include <apr_strings.h>

#include "search.h"

/* A select is read into memory whole, so it is cut into pieces of this many. */
#define EVENTS_PER_SELECT 500

typedef struct reading_t {
    store_t *store;
    const event_filter_t *filter;
    int newest_first;
    int left; /* events still asked for */
    const char *select;
    store_event_visit_t visit;
    void *payload;
    apr_pool_t *pool; /* cleared for each select */
} reading_t;

static void run_conditions(query_t *query, const event_filter_t *filter, apr_int64_t low,
                           apr_int64_t high)
{
    query_where_number(query, "id >= %s", low);
    query_where_number(query, "id < %s", high);
    search_rows(query, filter);
}

static apr_status_t select_events(reading_t *reading, apr_int64_t low, apr_int64_t high, int limit,
                                  rows_t *rows)
{
    query_t query;

    query_init(&query, reading->pool, reading->select);
    run_conditions(&query, reading->filter, low, high);
    query_text(&query,
               reading->newest_first ? " ORDER BY id DESC LIMIT %s" : " ORDER BY id LIMIT %s");
    query_number(&query, limit);
    return query_select(&query, reading->store, rows, reading->pool);
}

static apr_status_t read_run(void *payload, apr_int64_t low, apr_int64_t high, int *stop)
{
    reading_t *reading = payload;
    int more = 1;

    while (more && !*stop) {
        int limit = reading->left < EVENTS_PER_SELECT ? reading->left : EVENTS_PER_SELECT;
        rows_t rows;
        apr_status_t status;

        apr_pool_clear(reading->pool);
        status = select_events(reading, low, high, limit, &rows);
        if (status) {
            return status;
        }
        more = rows.left == limit;
        while (!*stop && rows_next(&rows)) {
            apr_int64_t id = rows_integer(&rows, EVENT_ID);

            *(reading->newest_first ? &high : &low) = id + !reading->newest_first;
            reading->left--;
            *stop = reading->visit(reading->payload, row_to_event(&rows)) || !reading->left;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t read_events(store_t *store, const event_filter_t *filter, int newest_first,
                                apr_int64_t from, int limit, store_event_visit_t visit,
                                void *payload, apr_pool_t *pool)
{
    reading_t reading = {store, filter, newest_first, limit, NULL, visit, payload, NULL};
    apr_status_t status = search_check(filter);

    if (status || limit <= 0) {
        return status;
    }
    reading.select = apr_pstrcat(pool, "SELECT ", row_names(pool), " FROM events", NULL);
    apr_pool_create(&reading.pool, pool);
    status = search_runs(store, filter, newest_first, from, read_run, &reading, pool);
    apr_pool_destroy(reading.pool);
    return status;
}

apr_status_t store_events(store_t *store, const event_filter_t *filter, apr_int64_t before,
                          int limit, store_event_visit_t visit, void *payload, apr_pool_t *pool)
{
    return read_events(store, filter, 1, before > 0 ? before : APR_INT64_MAX, limit, visit, payload,
                       pool);
}

apr_status_t store_events_after(store_t *store, const event_filter_t *filter, apr_int64_t after,
                                int limit, store_event_visit_t visit, void *payload,
                                apr_pool_t *pool)
{
    return read_events(store, filter, 0, after > 0 ? after : 0, limit, visit, payload, pool);
}

typedef struct counting_t {
    store_t *store;
    const event_filter_t *filter;
    apr_int64_t most, count;
    apr_pool_t *pool;
} counting_t;

static apr_status_t count_run(void *payload, apr_int64_t low, apr_int64_t high, int *stop)
{
    counting_t *counting = payload;
    query_t query;
    rows_t rows;
    apr_status_t status;

    apr_pool_clear(counting->pool);
    query_init(&query, counting->pool, "SELECT COUNT(*) FROM (SELECT 1 FROM events");
    run_conditions(&query, counting->filter, low, high);
    query_text(&query, " LIMIT %s) AS found");
    query_number(&query, counting->most - counting->count);
    status = query_select(&query, counting->store, &rows, counting->pool);
    if (!status && rows_next(&rows)) {
        counting->count += rows_integer(&rows, 0);
    }
    *stop = counting->count >= counting->most;
    return status;
}

apr_status_t store_count(store_t *store, const event_filter_t *filter, apr_int64_t most,
                         apr_int64_t *count, apr_pool_t *pool)
{
    counting_t counting = {store, filter, most, 0, NULL};
    apr_status_t status = search_check(filter);

    if (!status) {
        apr_pool_create(&counting.pool, pool);
        status = search_runs(store, filter, 1, APR_INT64_MAX, count_run, &counting, pool);
        apr_pool_destroy(counting.pool);
    }
    *count = counting.count;
    return status;
}

apr_status_t store_running(store_t *store, const event_filter_t *filter, int limit,
                           store_event_visit_t visit, void *payload, apr_pool_t *pool)
{
    query_t query;
    rows_t rows;
    apr_status_t status = search_check(filter);

    if (status) {
        return status;
    }
    query_init(&query, pool, apr_pstrcat(pool, "SELECT ", row_names(pool), " FROM pending", NULL));
    search_rows(&query, filter);
    query_text(&query, " ORDER BY time_ms DESC, incarnation, number DESC LIMIT %s");
    query_number(&query, limit < STORE_MAX_RUNNING ? limit : STORE_MAX_RUNNING);
    status = query_select(&query, store, &rows, pool);
    while (!status && rows_next(&rows) && !visit(payload, row_to_event(&rows))) {
    }
    return status;
}
