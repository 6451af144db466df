/* The table of purged ranges. Private to the room. */
#ifndef STORE_PURGED_H
#define STORE_PURGED_H

#include <apr_tables.h>

#include "handle.h"
#include "store/purge.h"

typedef struct purged_event_t {
    const char *node, *hash, *previous;
    apr_int64_t sequence, time_ms;
} purged_event_t;

/* Puts events that were deleted (purged_event_t, in any order, sorted by this) into the table, and
 * gives what became of each node (store_purged_t). */
apr_status_t purged_put(store_t *store, apr_array_header_t *events, apr_array_header_t *nodes,
                        apr_pool_t *pool);

#endif
