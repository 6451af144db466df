#include <apr_strings.h>

#include "search.h"

typedef struct counting_t {
    store_t *store;
    const event_filter_t *filter;
    apr_int64_t most, count;
    apr_int64_t looked_at; /* rows, for free text */
    apr_pool_t *pool;      /* cleared for each select */
} counting_t;

static apr_status_t count_between(counting_t *counting, apr_int64_t low, apr_int64_t high,
                                  const search_block_t *block, int *stop)
{
    query_t query;
    rows_t rows;
    apr_status_t status;

    apr_pool_clear(counting->pool);
    query_init(&query, counting->pool, "SELECT COUNT(*) FROM (SELECT 1 FROM events");
    query_where_number(&query, "id >= %s", low);
    query_where_number(&query, "id < %s", high);
    if (block) {
        query_where_number(&query, "time_ms >= %s", block->first_ms);
        query_where_number(&query, "time_ms <= %s", block->last_ms);
    }
    search_rows(&query, counting->store, counting->filter);
    query_text(&query, " LIMIT %s) AS found");
    query_number(&query, counting->most - counting->count);
    status = query_select(&query, counting->store, &rows, counting->pool);
    if (!status && rows_next(&rows)) {
        counting->count += rows_integer(&rows, 0);
    }
    *stop = counting->count >= counting->most;
    return status;
}

static apr_status_t count_rows(void *payload, apr_int64_t low, apr_int64_t high, int *stop)
{
    return count_between(payload, low, high, NULL, stop);
}

/* The ids from the first candidate to the last. */
static void bounds(const search_block_t *block, apr_int64_t *low, apr_int64_t *high)
{
    *low = *high = block->first_id;
    for (int i = 0; i < POSTING_POSITIONS; i++) {
        if (block->bits[i / 64] >> i % 64 & 1) {
            *low = *high == block->first_id ? block->first_id + i : *low;
            *high = block->first_id + i + 1;
        }
    }
}

static apr_status_t count_block(void *payload, const search_block_t *block, int *stop)
{
    counting_t *counting = payload;
    int candidates = posting_count(block->bits);
    apr_int64_t low, high;

    if (candidates == 0) {
        return APR_SUCCESS;
    }
    if (block->exact) {
        counting->count += candidates;
        *stop = counting->count >= counting->most;
        return APR_SUCCESS;
    }
    if (counting->filter->text && counting->looked_at >= STORE_MAX_TEXT_ROWS) {
        counting->store->text_horizon = block->end_id;
        *stop = 1;
        return APR_SUCCESS;
    }
    bounds(block, &low, &high);
    counting->looked_at += high - low;
    return count_between(counting, low, high, block, stop);
}

apr_status_t store_count(store_t *store, const event_filter_t *filter, apr_int64_t most,
                         apr_int64_t *count, apr_pool_t *pool)
{
    counting_t counting = {store, filter, most, 0, 0, NULL};
    search_t search = {store, filter, 1, APR_INT64_MAX, &counting, count_rows, count_block};
    apr_status_t status = search_check(filter);

    store->text_horizon = 0;
    if (!status) {
        apr_pool_create(&counting.pool, pool);
        status = search_run(&search, pool);
        apr_pool_destroy(counting.pool);
    }
    *count = counting.count < most ? counting.count : most;
    return status;
}
