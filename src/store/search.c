#include "search.h"

#include <string.h>

#include <apr_strings.h>

#define SEARCH_BLOCKS 2000 /* listed by one select */

apr_status_t search_check(const event_filter_t *filter)
{
    char first[ADDRESS_KEY_SIZE], last[ADDRESS_KEY_SIZE];

    if (filter->record_id && !filter->record_model) {
        return APR_EINVAL;
    }
    return filter->ip ? address_range(filter->ip, first, last) : APR_SUCCESS;
}

/* A word of digits is a uid. */
static int is_uid(const char *user)
{
    apr_int64_t uid;

    return !row_integer(user, &uid);
}

/* The first whole millisecond that is not before. */
static apr_int64_t msec_from(apr_time_t time)
{
    return (time + 999) / 1000;
}

static void where_address(query_t *query, const char *ip, const char *first_condition,
                          const char *last_condition)
{
    char *first = apr_palloc(query->pool, ADDRESS_KEY_SIZE);
    char *last = apr_palloc(query->pool, ADDRESS_KEY_SIZE);

    if (!address_range(ip, first, last)) {
        query_where(query, first_condition, first);
        query_where(query, last_condition, last);
    }
}

/* ---- rows ---- */

static void row_words(query_t *query, const event_filter_t *filter)
{
    const struct {
        const char *condition, *value;
    } words[] = {
        {"session = %s", filter->session},    {"model = %s", filter->model},
        {"model = %s", filter->record_model}, {"outcome = %s", filter->outcome},
        {"site = %s", filter->site},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].value) {
            query_where(query, words[i].condition, words[i].value);
        }
    }
    if (filter->user) {
        query_where(query,
                    is_uid(filter->user) ? "COALESCE(uid, who_uid) = %s"
                                         : "COALESCE(login, who_login) = %s",
                    filter->user);
    }
}

void search_rows(query_t *query, const event_filter_t *filter)
{
    if (filter->own_only) {
        query_where_own(query, filter->own_site, filter->own_database, filter->own_uid,
                        "COALESCE(uid, who_uid) = %s");
    }
    row_words(query, filter);
    if (filter->operations[0]) {
        query_where_list(query, "operation IN (", filter->operations, ")");
    }
    if (filter->record_id) {
        query_where_number(query, "' ' || record_ids || ' ' LIKE '%% ' || %s || ' %%'",
                           filter->record_id);
    }
    if (filter->ip) {
        where_address(query, filter->ip, "ip_key >= %s", "ip_key <= %s");
    }
    if (filter->from) {
        query_where_number(query, "time_ms >= %s", msec_from(filter->from));
    }
    if (filter->to) {
        query_where_number(query, "time_ms < %s", msec_from(filter->to));
    }
}

/* ---- blocks ---- */

static void marked(query_t *query, mark_kind_t kind, const char *value)
{
    const char *const values[] = {value, NULL};

    if (value) {
        query_where_marked(query, kind, values);
    }
}

static void block_conditions(query_t *query, const event_filter_t *filter)
{
    if (filter->own_only) {
        marked(query, MARK_UID, number_text(filter->own_uid, query->pool));
        marked(query, MARK_SITE, filter->own_site);
    }
    if (filter->user) {
        marked(query, is_uid(filter->user) ? MARK_UID : MARK_LOGIN, filter->user);
    }
    marked(query, MARK_SESSION, filter->session);
    marked(query, MARK_MODEL, filter->model);
    marked(query, MARK_OUTCOME, filter->outcome);
    marked(query, MARK_SITE, filter->site);
    if (filter->record_id) {
        marked(query, MARK_RECORD,
               apr_psprintf(query->pool, "%s,%" APR_INT64_T_FMT, filter->record_model,
                            filter->record_id));
    }
    else {
        marked(query, MARK_MODEL, filter->record_model);
    }
    if (filter->operations[0]) {
        query_where_marked(query, MARK_OPERATION, filter->operations);
    }
    if (filter->ip) {
        query_where_number(query, "block IN (SELECT block FROM marks WHERE kind = %s",
                           MARK_ADDRESS);
        where_address(query, filter->ip, "value >= %s", "value <= %s)");
    }
    if (filter->from) {
        query_where_number(query, "last_ms >= %s", msec_from(filter->from));
    }
    if (filter->to) {
        query_where_number(query, "first_ms < %s", msec_from(filter->to));
    }
}

typedef struct search_t {
    const event_filter_t *filter;
    int newest_first;
    apr_int64_t from;
    search_run_t visit;
    void *payload;
    int stop;
} search_t;

/* Hands on the blocks first to last, in either order, without what `from` cuts off. */
static apr_status_t visit_blocks(search_t *search, apr_int64_t first, apr_int64_t last)
{
    apr_int64_t low = (search->newest_first ? last : first) * MARKS_BLOCK;
    apr_int64_t high = ((search->newest_first ? first : last) + 1) * MARKS_BLOCK;

    if (search->newest_first && high > search->from) {
        high = search->from;
    }
    if (!search->newest_first && low <= search->from) {
        low = search->from + 1;
    }
    return search->visit(search->payload, low, high, &search->stop);
}

/* Joins blocks that follow each other, so that a filter which hits nearly all of them costs no
 * select each. */
static apr_status_t visit_listed(search_t *search, rows_t *rows, apr_int64_t *last)
{
    apr_int64_t step = search->newest_first ? -1 : 1;
    apr_int64_t first = -1;
    apr_status_t status = APR_SUCCESS;

    while (!status && !search->stop && rows_next(rows)) {
        apr_int64_t block = rows_integer(rows, 0);

        if (first >= 0 && block != *last + step) {
            status = visit_blocks(search, first, *last);
            first = -1;
        }
        if (first < 0) {
            first = block;
        }
        *last = block;
    }
    if (!status && !search->stop && first >= 0) {
        status = visit_blocks(search, first, *last);
    }
    return status;
}

static apr_status_t list_blocks(store_t *store, const search_t *search, apr_int64_t from,
                                rows_t *rows, apr_pool_t *pool)
{
    query_t query;

    query_init(&query, pool, "SELECT block FROM blocks");
    query_where_number(&query, search->newest_first ? "block <= %s" : "block >= %s", from);
    block_conditions(&query, search->filter);
    query_text(&query,
               search->newest_first ? " ORDER BY block DESC LIMIT %s" : " ORDER BY block LIMIT %s");
    query_number(&query, SEARCH_BLOCKS);
    return query_select(&query, store, rows, pool);
}

/* Nothing that blocks could tell: all ids, in one run. */
static int is_open(const event_filter_t *filter, apr_pool_t *pool)
{
    query_t query;

    query_init(&query, pool, "");
    block_conditions(&query, filter);
    return query.conditions == 0;
}

apr_status_t search_runs(store_t *store, const event_filter_t *filter, int newest_first,
                         apr_int64_t from, search_run_t visit, void *payload, apr_pool_t *parent)
{
    search_t search = {filter, newest_first, from, visit, payload, 0};
    apr_int64_t block = marks_block(newest_first ? from - 1 : from + 1);
    apr_pool_t *pool;
    apr_status_t status = APR_SUCCESS;
    int more = 1;

    if (is_open(filter, parent)) {
        return visit(payload, newest_first ? 0 : from + 1, newest_first ? from : APR_INT64_MAX,
                     &search.stop);
    }
    /* Within a transaction its own events count. */
    if (store->in_transaction) {
        status = marks_flush(store);
    }
    apr_pool_create(&pool, parent);
    while (!status && more && !search.stop) {
        rows_t rows;

        apr_pool_clear(pool);
        status = list_blocks(store, &search, block, &rows, pool);
        if (!status) {
            more = rows.left == SEARCH_BLOCKS;
            status = visit_listed(&search, &rows, &block);
            block += newest_first ? -1 : 1;
        }
    }
    apr_pool_destroy(pool);
    return status;
}
