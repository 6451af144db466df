/* How long events are kept: lines as UserAuditRetention has them, "reads,export 30d". Pure. */
#ifndef SETTINGS_RETENTION_H
#define SETTINGS_RETENTION_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#define RETENTION_SHORTEST apr_time_from_sec(60)

typedef struct retention_t {
    const char *const *operations; /* NULL-terminated names */
    apr_interval_time_t age;
    int single; /* one operation by its own name: wins over a class that contains it */
} retention_t;

/* Adds what one line says to an array of retention_t. NULL, or a sentence that tells the mend; then
 * nothing is added. */
const char *retention_add(apr_array_header_t *rules, const char *line, apr_pool_t *pool);

/* The array of retention_t that lines (const char *) give; those that cannot be read are left out.
 */
apr_array_header_t *retention_rules(const apr_array_header_t *lines, apr_pool_t *pool);

/* The lines that hold where the administrator gave none. */
apr_array_header_t *retention_default_lines(apr_pool_t *pool);

/* How long events of one operation are kept: the last rule that names it, a rule of its own before
 * one of its class. 0: no rule names it, so for ever. */
apr_interval_time_t retention_of(const apr_array_header_t *rules, const char *operation);

/* The same where lines are added that may only lengthen what the floor says: the longer of both. */
apr_interval_time_t retention_longer(const apr_array_header_t *floor,
                                     const apr_array_header_t *more, const char *operation);

/* NULL, or a sentence if the line would keep an operation shorter than the floor's lines do. */
const char *retention_check_longer(const char *line, const apr_array_header_t *floor_lines,
                                   apr_pool_t *pool);

#endif
