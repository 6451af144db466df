/* How long events are kept: the lines of UserAuditRetention. Made at configuration time; pure. */
#ifndef HTTPD_RETENTION_H
#define HTTPD_RETENTION_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

typedef struct retention_t {
    const char *const *operations; /* NULL-terminated names */
    apr_interval_time_t age;
    int single; /* one operation by its own name: wins over a class that contains it */
} retention_t;

/* The operations of a class (writes, reads, logins), or the one operation of that name; NULL if the
 * word is neither. *single tells which. */
const char *const *retention_operations(apr_pool_t *pool, const char *word, int *single);

/* The lines that hold where the administrator gave none. */
apr_array_header_t *retention_default(apr_pool_t *pool);

/* How long events of one operation are kept: the last line that names it, a line of its own before
 * one of its class. 0: for ever. */
apr_interval_time_t retention_of(const apr_array_header_t *lines, const char *operation);

#endif
