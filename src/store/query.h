/* A statement that grows with what is asked for. Values go in as parameters, never as text. */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "handle.h"

#define QUERY_MAX_VALUES 96
#define QUERY_MAX_TEXT 8192

typedef struct query_t {
    apr_pool_t *pool;
    buffer_t sql;
    const char *glue; /* before the next condition */
    const char *value[QUERY_MAX_VALUES];
    int values;
} query_t;

void query_init(query_t *query, apr_pool_t *pool, const char *select);
/* Fixed text, and a value for the %s in it. */
void query_text(query_t *query, const char *sql);
void query_value(query_t *query, const char *value);
/* A condition, with its value unless that is NULL. */
void query_where(query_t *query, const char *condition, const char *value);
void query_where_integer(query_t *query, const char *condition, apr_int64_t value);

apr_status_t query_select(query_t *query, store_t *store, rows_t *rows, apr_pool_t *pool);

/* ---- what events are asked for ---- */

typedef enum query_source_t { QUERY_EVENTS, QUERY_PENDING } query_source_t;

/* Adds the filter's conditions; the visitor's restriction is always among them. APR_EINVAL for an
 * address that is none or a record without model. */
apr_status_t query_filter(query_t *query, store_t *store, const event_filter_t *filter,
                          query_source_t source);

/* What both tables of events and sessions know a visitor's own rows by. */
void query_own(query_t *query, const char *site, const char *database, apr_int64_t uid,
               const char *uid_condition);

#endif
