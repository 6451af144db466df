#include "query.h"

#include <string.h>

#include <apr_strings.h>

void query_init(query_t *query, apr_pool_t *pool, const char *select)
{
    query->pool = pool;
    query->values = query->conditions = 0;
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

void query_number(query_t *query, apr_int64_t value)
{
    query_value(query, number_text(value, query->pool));
}

void query_where(query_t *query, const char *condition, const char *value)
{
    query_text(query, query->glue);
    query_text(query, condition);
    query->glue = " AND ";
    query->conditions++;
    if (value) {
        query_value(query, value);
    }
}

void query_where_number(query_t *query, const char *condition, apr_int64_t value)
{
    query_where(query, condition, number_text(value, query->pool));
}

void query_where_list(query_t *query, const char *before, const char *const *values,
                      const char *after)
{
    query_where(query, before, NULL);
    for (int i = 0; values[i]; i++) {
        query_text(query, i ? ", %s" : "%s");
        query_value(query, values[i]);
    }
    query_text(query, after);
}

apr_status_t query_execute(query_t *query, store_t *store)
{
    statement_t *statement;
    apr_status_t status;

    if (query->sql.overflow || query->values > QUERY_MAX_VALUES) {
        return APR_EINVAL;
    }
    status = gather_flush(store);
    if (!status) {
        status = connection_prepare(store->connection, buffer_string(&query->sql), &statement);
    }
    return status ? status : connection_execute(store->connection, statement, query->value, NULL);
}

apr_status_t query_select(query_t *query, store_t *store, rows_t *rows, apr_pool_t *pool)
{
    statement_t *statement;
    apr_status_t status;

    if (query->sql.overflow || query->values > QUERY_MAX_VALUES) {
        return APR_EINVAL;
    }
    status = gather_flush(store);
    if (!status) {
        status = connection_prepare(store->connection, buffer_string(&query->sql), &statement);
    }
    return status ? status
                  : connection_select(store->connection, statement, query->value, rows, pool);
}

void query_where_own(query_t *query, const char *site, const char *database, apr_int64_t uid,
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
    query_where_number(query, uid_condition, uid);
}
