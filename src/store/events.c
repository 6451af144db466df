#include <string.h>

#include <apr_strings.h>

#include "search.h"

/* A select is read into memory whole, so it is cut into pieces of this many. */
#define EVENTS_PER_SELECT 1000

/* Ids in a list: more than for a page. */
#define EVENTS_IN_LIST 120

/* Ids that lie so close are read as a range, and what is not among them is left to the conditions.
 */
#define EVENTS_CLOSE 4
/* One that is read alone takes the time of so many of a range. */
#define EVENTS_FAR_COST 3

/* Ids that a search has found and whose rows are not read yet, in the order asked for. */
typedef struct candidates_t {
    apr_int64_t id[EVENTS_PER_SELECT];
    int count, most;
    apr_int64_t first_ms, last_ms;
} candidates_t;

typedef struct reading_t {
    store_t *store;
    const event_filter_t *filter;
    int newest_first;
    apr_int64_t left; /* events still asked for */
    const char *select;
    store_event_visit_t visit; /* NULL: they are counted only */
    void *payload;
    apr_pool_t *pool; /* cleared for each select */
    candidates_t *candidates;
    apr_int64_t looked_at; /* rows that marks could not tell everything about */
} reading_t;

/* ---- selecting ---- */

static void where_range(query_t *query, apr_int64_t low, apr_int64_t high)
{
    query_where_number(query, "id >= %s", low);
    query_where_number(query, "id < %s", high);
}

/* A list of one length whatever it holds, so that one statement does. */
static void where_listed(query_t *query, const candidates_t *candidates)
{
    const char *ids[EVENTS_IN_LIST + 1];

    for (int i = 0; i < EVENTS_IN_LIST; i++) {
        ids[i] = i < candidates->count ? number_text(candidates->id[i], query->pool) : ids[i - 1];
    }
    ids[EVENTS_IN_LIST] = NULL;
    query_where_list(query, "id IN (", ids, ")");
}

/* The times say nothing new, but tell PostgreSQL which partitions to leave alone. */
static void where_candidates(query_t *query, const candidates_t *candidates)
{
    apr_int64_t first = candidates->id[0], last = candidates->id[candidates->count - 1];
    apr_int64_t low = first < last ? first : last, high = first < last ? last : first;

    if (candidates->count > EVENTS_IN_LIST || high - low < EVENTS_CLOSE * candidates->count) {
        where_range(query, low, high + 1);
    }
    else {
        where_listed(query, candidates);
    }
    query_where_number(query, "time_ms >= %s", candidates->first_ms);
    query_where_number(query, "time_ms <= %s", candidates->last_ms);
}

static apr_status_t select_events(reading_t *reading, query_t *query, apr_int64_t limit,
                                  rows_t *rows)
{
    search_rows(query, reading->store, reading->filter);
    query_text(query,
               reading->newest_first ? " ORDER BY id DESC LIMIT %s" : " ORDER BY id LIMIT %s");
    query_number(query, limit);
    return query_select(query, reading->store, rows, reading->pool);
}

static void visit_rows(reading_t *reading, rows_t *rows, apr_int64_t *last, int *stop)
{
    while (!*stop && rows_next(rows)) {
        *last = rows_integer(rows, EVENT_ID);
        reading->left--;
        *stop = (reading->visit && reading->visit(reading->payload, row_to_event(rows))) ||
                !reading->left;
    }
}

/* ---- rows that were found ---- */

static apr_status_t read_candidates(reading_t *reading, int *stop)
{
    candidates_t *candidates = reading->candidates;
    apr_int64_t last;
    query_t query;
    rows_t rows;
    apr_status_t status;

    if (candidates->count == 0 || *stop) {
        return APR_SUCCESS;
    }
    apr_pool_clear(reading->pool);
    query_init(&query, reading->pool, reading->select);
    where_candidates(&query, candidates);
    status = select_events(reading, &query, reading->left, &rows);
    candidates->count = 0;
    if (!status) {
        visit_rows(reading, &rows, &last, stop);
    }
    return status;
}

/* ---- rows that nothing is known about ---- */

static apr_status_t read_rows(void *payload, apr_int64_t low, apr_int64_t high, int *stop)
{
    reading_t *reading = payload;
    apr_status_t status = read_candidates(reading, stop);
    int more = 1;

    while (!status && more && !*stop) {
        apr_int64_t limit = reading->left < EVENTS_PER_SELECT ? reading->left : EVENTS_PER_SELECT;
        apr_int64_t last = 0;
        query_t query;
        rows_t rows;

        apr_pool_clear(reading->pool);
        query_init(&query, reading->pool, reading->select);
        where_range(&query, low, high);
        status = select_events(reading, &query, limit, &rows);
        more = !status && rows.left == limit;
        if (!status) {
            visit_rows(reading, &rows, &last, stop);
        }
        *(reading->newest_first ? &high : &low) = last + !reading->newest_first;
    }
    return status;
}

static apr_status_t add_candidate(reading_t *reading, const search_block_t *block, apr_int64_t id,
                                  int *stop)
{
    candidates_t *candidates = reading->candidates;

    if (candidates->count == 0 || block->first_ms < candidates->first_ms) {
        candidates->first_ms = block->first_ms;
    }
    if (candidates->count == 0 || block->last_ms > candidates->last_ms) {
        candidates->last_ms = block->last_ms;
    }
    candidates->id[candidates->count++] = id;
    return candidates->count == candidates->most ? read_candidates(reading, stop) : APR_SUCCESS;
}

/* 1 if so many candidates of a block are read as a range. */
static int is_close(int candidates)
{
    return POSTING_POSITIONS / (candidates + 1) < EVENTS_CLOSE;
}

/* How many to read together: of few that lie far apart no more than fit into a list. */
static int how_many(const reading_t *reading, const search_block_t *block)
{
    int most = is_close(posting_count(block->bits)) ? EVENTS_PER_SELECT : EVENTS_IN_LIST;

    return block->exact && reading->left < most ? (int)reading->left : most;
}

/* 1 if a call may not look at so many more rows. */
static int is_tired(reading_t *reading, const search_block_t *block)
{
    int found = posting_count(block->bits);
    int rows = block->exact ? 0 : is_close(found) ? found : EVENTS_FAR_COST * found;

    if (reading->looked_at > 0 && reading->looked_at + rows > STORE_MAX_ROWS) {
        reading->store->horizon = reading->newest_first ? block->end_id : block->first_id - 1;
        return 1;
    }
    reading->looked_at += rows;
    return 0;
}

static void count_bits(reading_t *reading, const search_block_t *block, int *stop)
{
    int found = posting_count(block->bits);

    reading->left -= found < reading->left ? found : reading->left;
    *stop = !reading->left;
}

static apr_status_t read_block(void *payload, const search_block_t *block, int *stop)
{
    reading_t *reading = payload;
    apr_status_t status = APR_SUCCESS;

    if (!reading->visit && block->exact) {
        count_bits(reading, block, stop);
        return APR_SUCCESS;
    }
    if (is_tired(reading, block)) {
        status = read_candidates(reading, stop);
        *stop = 1;
        return status;
    }
    reading->candidates->most = how_many(reading, block);
    if (reading->candidates->count >= reading->candidates->most) {
        status = read_candidates(reading, stop);
    }
    for (int i = 0; i < POSTING_POSITIONS && !status && !*stop; i++) {
        int position = reading->newest_first ? POSTING_POSITIONS - 1 - i : i;

        if (block->bits[position / 64] >> position % 64 & 1) {
            status = add_candidate(reading, block, block->first_id + position, stop);
        }
    }
    return status;
}

static apr_status_t read_events(reading_t *reading, apr_int64_t from, apr_pool_t *pool)
{
    search_t search = {.store = reading->store,
                       .filter = reading->filter,
                       .newest_first = reading->newest_first,
                       .by_blocks = !reading->visit,
                       .from = from,
                       .payload = reading,
                       .rows = read_rows,
                       .block = read_block};
    apr_status_t status = search_check(reading->filter);
    int stop = 0;

    reading->store->horizon = 0;
    if (status || reading->left <= 0) {
        return status;
    }
    reading->select = apr_pstrcat(pool, "SELECT ", reading->visit ? row_event_names(pool) : "id",
                                  " FROM events", NULL);
    apr_pool_create(&reading->pool, pool);
    reading->candidates = apr_pcalloc(pool, sizeof(*reading->candidates));
    status = search_run(&search, pool);
    if (!status && reading->left > 0) {
        status = read_candidates(reading, &stop);
    }
    apr_pool_destroy(reading->pool);
    return status;
}

apr_status_t store_events(store_t *store, const event_filter_t *filter, apr_int64_t before,
                          int limit, store_event_visit_t visit, void *payload, apr_pool_t *pool)
{
    reading_t reading = {.store = store,
                         .filter = filter,
                         .newest_first = 1,
                         .left = limit,
                         .visit = visit,
                         .payload = payload};

    return read_events(&reading, before > 0 ? before : APR_INT64_MAX, pool);
}

apr_status_t store_events_after(store_t *store, const event_filter_t *filter, apr_int64_t after,
                                int limit, store_event_visit_t visit, void *payload,
                                apr_pool_t *pool)
{
    reading_t reading = {
        .store = store, .filter = filter, .left = limit, .visit = visit, .payload = payload};

    return read_events(&reading, after > 0 ? after : 0, pool);
}

apr_status_t store_count(store_t *store, const event_filter_t *filter, apr_int64_t most,
                         apr_int64_t *count, apr_pool_t *pool)
{
    reading_t reading = {.store = store, .filter = filter, .newest_first = 1, .left = most};
    apr_status_t status = read_events(&reading, APR_INT64_MAX, pool);

    *count = most - reading.left;
    return status;
}

apr_int64_t store_horizon(const store_t *store)
{
    return store->horizon;
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
    query_init(&query, pool,
               apr_pstrcat(pool, "SELECT ", row_event_names(pool), " FROM pending", NULL));
    search_rows(&query, store, filter);
    query_text(&query, " ORDER BY time_ms DESC, incarnation, number DESC LIMIT %s");
    query_number(&query, limit < STORE_MAX_RUNNING ? limit : STORE_MAX_RUNNING);
    status = query_select(&query, store, &rows, pool);
    while (!status && rows_next(&rows) && !visit(payload, row_to_event(&rows))) {
    }
    return status;
}
