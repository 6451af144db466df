/* A statement that grows with what is asked for. Values go in as parameters, never as text. */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "handle.h"

#define QUERY_MAX_VALUES 400
#define QUERY_MAX_TEXT 8192

typedef struct query_t {
    apr_pool_t *pool;
    buffer_t sql;
    const char *glue; /* before the next condition */
    const char *value[QUERY_MAX_VALUES];
    int values;
    int conditions;
} query_t;

void query_init(query_t *query, apr_pool_t *pool, const char *select);
/* Fixed text, and a value for a %s in it. */
void query_text(query_t *query, const char *sql);
void query_value(query_t *query, const char *value);
void query_number(query_t *query, apr_int64_t value);
/* A condition, with its value unless that is NULL. */
void query_where(query_t *query, const char *condition, const char *value);
void query_where_number(query_t *query, const char *condition, apr_int64_t value);
/* "<before>%s, %s<after>" */
void query_where_list(query_t *query, const char *before, const char *const *values,
                      const char *after);

/* APR_EINVAL if it did not fit. */
apr_status_t query_select(query_t *query, store_t *store, rows_t *rows, apr_pool_t *pool);

/* The same for what gives no rows. */
apr_status_t query_execute(query_t *query, store_t *store);

/* What a visitor's own rows are known by. */
void query_where_own(query_t *query, const char *site, const char *database, apr_int64_t uid,
                     const char *uid_condition);

#endif
