#include "query.h"

#include <string.h>

#include <apr_strings.h>

/* A network with more events than this is not looked up by address and sorted: then so many
 * events match that going from the newest one finds a page soon. */
#define QUERY_MAX_SORTED 5000

void query_init(query_t *query, apr_pool_t *pool, const char *select)
{
    query->pool = pool;
    query->values = 0;
    query->glue = " WHERE ";
    buffer_init(&query->sql, pool, QUERY_MAX_TEXT);
    buffer_append_string(&query->sql, select);
}

void query_text(query_t *query, const char *sql)
{
    buffer_append_string(&query->sql, sql);
}

void query_value(query_t *query, const char *value)
{
    if (query->values < QUERY_MAX_VALUES) {
        query->value[query->values] = value;
    }
    query->values++;
}

void query_where(query_t *query, const char *condition, const char *value)
{
    query_text(query, query->glue);
    query_text(query, condition);
    query->glue = " AND ";
    if (value) {
        query_value(query, value);
    }
}

void query_where_integer(query_t *query, const char *condition, apr_int64_t value)
{
    query_where(query, condition, number_text(value, query->pool));
}

apr_status_t query_select(query_t *query, store_t *store, rows_t *rows, apr_pool_t *pool)
{
    statement_t *statement;
    apr_status_t status;

    if (query->sql.overflow || query->values > QUERY_MAX_VALUES) {
        return APR_EINVAL;
    }
    status = connection_prepare(store->connection, buffer_string(&query->sql), &statement);
    return status ? status
                  : connection_select(store->connection, statement, query->value, rows, pool);
}

void query_own(query_t *query, const char *site, const char *database, apr_int64_t uid,
               const char *uid_condition)
{
    if (!site || uid <= 0) {
        query_where(query, "1 = 0", NULL);
        return;
    }
    query_where(query, "site = %s", site);
    if (database && *database) {
        query_where(query, "db = %s", database);
    }
    else {
        query_where(query, "db IS NULL", NULL);
    }
    query_where_integer(query, uid_condition, uid);
}

/* ---- times ---- */

/* The first whole millisecond that is not before. */
static apr_int64_t msec_from(apr_time_t time)
{
    return (time + 999) / 1000;
}

/* The ids that events of these times can have: exact, since each block keeps its first and last
 * time whatever order the events came in. */
static apr_status_t where_blocks(query_t *query, store_t *store, const event_filter_t *filter)
{
    query_t blocks;
    rows_t rows;
    apr_status_t status;

    query_init(&blocks, query->pool, "SELECT MIN(block), MAX(block) FROM time_blocks");
    if (filter->from) {
        query_where_integer(&blocks, "last_ms >= %s", msec_from(filter->from));
    }
    if (filter->to) {
        query_where_integer(&blocks, "first_ms < %s", msec_from(filter->to));
    }
    status = query_select(&blocks, store, &rows, query->pool);
    if (status) {
        return status;
    }
    if (!rows_next(&rows) || !rows_text(&rows, 1)) {
        query_where(query, "1 = 0", NULL);
        return APR_SUCCESS;
    }
    query_where_integer(query, "id >= %s", rows_integer(&rows, 0) * STORE_BLOCK);
    query_where_integer(query, "id < %s", (rows_integer(&rows, 1) + 1) * STORE_BLOCK);
    return APR_SUCCESS;
}

static apr_status_t where_time(query_t *query, store_t *store, const event_filter_t *filter,
                               query_source_t source)
{
    if (!filter->from && !filter->to) {
        return APR_SUCCESS;
    }
    if (filter->from) {
        query_where_integer(query, "time_ms >= %s", msec_from(filter->from));
    }
    if (filter->to) {
        query_where_integer(query, "time_ms < %s", msec_from(filter->to));
    }
    return source == QUERY_EVENTS ? where_blocks(query, store, filter) : APR_SUCCESS;
}

/* ---- addresses ---- */

static apr_status_t is_wide(query_t *query, store_t *store, const char *first, const char *last,
                            int *wide)
{
    query_t probe;
    rows_t rows;
    apr_status_t status;

    query_init(&probe, query->pool, "SELECT COUNT(*) FROM (SELECT 1 FROM events");
    query_where(&probe, "ip_key >= %s", first);
    query_where(&probe, "ip_key <= %s", last);
    query_text(&probe, " LIMIT " APR_STRINGIFY(QUERY_MAX_SORTED) ") AS found");
    status = query_select(&probe, store, &rows, query->pool);
    *wide = !status && rows_next(&rows) && rows_integer(&rows, 0) == QUERY_MAX_SORTED;
    return status;
}

static apr_status_t where_address(query_t *query, store_t *store, const char *ip,
                                  query_source_t source)
{
    char *first = apr_palloc(query->pool, ADDRESS_KEY_SIZE);
    char *last = apr_palloc(query->pool, ADDRESS_KEY_SIZE);
    const char *prefix = "";
    int wide = 0;
    apr_status_t status = address_range(ip, first, last);

    if (!status && !strcmp(first, last)) {
        query_where(query, "ip_key = %s", first);
        return APR_SUCCESS;
    }
    if (!status && source == QUERY_EVENTS) {
        status = is_wide(query, store, first, last, &wide);
    }
    if (status) {
        return status;
    }
    if (wide) {
        prefix = store->dialect->unindexed;
    }
    query_where(query, apr_pstrcat(query->pool, prefix, "ip_key >= %s", NULL), first);
    query_where(query, apr_pstrcat(query->pool, prefix, "ip_key <= %s", NULL), last);
    return APR_SUCCESS;
}

/* ---- the rest ---- */

static apr_status_t where_record(query_t *query, const event_filter_t *filter,
                                 query_source_t source)
{
    const char *record = number_text(filter->record_id, query->pool);

    if (!filter->record_model) {
        return filter->record_id ? APR_EINVAL : APR_SUCCESS;
    }
    query_where(query, "model = %s", filter->record_model);
    if (!filter->record_id) {
        return APR_SUCCESS;
    }
    if (source == QUERY_PENDING) {
        query_where(query, "' ' || record_ids || ' ' LIKE '%% ' || %s || ' %%'", record);
        return APR_SUCCESS;
    }
    query_where(query, "id IN (SELECT id FROM events WHERE model = %s", filter->record_model);
    query_where(query, "record_id = %s", record);
    query_text(query, " UNION ALL SELECT event_id FROM event_records WHERE model = %s");
    query_value(query, filter->record_model);
    query_where(query, "record_id = %s)", record);
    return APR_SUCCESS;
}

static void where_operations(query_t *query, const char *const *operations)
{
    if (!operations[0]) {
        return;
    }
    query_where(query, "operation IN (", NULL);
    for (int i = 0; i < STORE_MAX_OPERATIONS && operations[i]; i++) {
        query_text(query, i ? ", %s" : "%s");
        query_value(query, operations[i]);
    }
    query_text(query, ")");
}

static void where_user(query_t *query, const char *user)
{
    apr_int64_t uid;

    if (!row_integer(user, &uid)) {
        query_where(query, "who_uid = %s", user);
    }
    else {
        query_where(query, "who_login = %s", user);
    }
}

static void where_words(query_t *query, const event_filter_t *filter)
{
    if (filter->user) {
        where_user(query, filter->user);
    }
    if (filter->session) {
        query_where(query, "session = %s", filter->session);
    }
    if (filter->model) {
        query_where(query, "model = %s", filter->model);
    }
    if (filter->site) {
        query_where(query, "site = %s", filter->site);
    }
    if (filter->outcome) {
        query_where(query, "outcome = %s", filter->outcome);
        /* Success is the rule and stands in no index; this tells the planner that the one over
         * the exceptions will do. */
        if (strcmp(filter->outcome, "success")) {
            query_where(query, "outcome <> 'success'", NULL);
        }
    }
    where_operations(query, filter->operations);
}

apr_status_t query_filter(query_t *query, store_t *store, const event_filter_t *filter,
                          query_source_t source)
{
    apr_status_t status;

    if (filter->own_only) {
        query_own(query, filter->own_site, filter->own_database, filter->own_uid, "who_uid = %s");
    }
    where_words(query, filter);
    status = where_record(query, filter, source);
    if (!status && filter->ip) {
        status = where_address(query, store, filter->ip, source);
    }
    return status ? status : where_time(query, store, filter, source);
}
