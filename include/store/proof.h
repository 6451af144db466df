/* What a verification needs of the store: the trail as it was hashed, the ends of chains, what was
 * purged, and checkpoints. */
#ifndef STORE_PROOF_H
#define STORE_PROOF_H

#include "store/purge.h"
#include "store/store.h"

/* From here on this handle, opened for reading, sees one state of the database until it is closed:
 * what the keeper does meanwhile does not show. SQLite's write-ahead log grows for that long. */
apr_status_t store_snapshot(store_t *store);

/* The events with an id above `after`, lowest first, at most `limit`: all are read into the pool at
 * once, and neither the store nor its connection is needed to use them. Set are the cells that are
 * hashed, as they were hashed (what was learned later is not joined), and HASH. */
apr_status_t store_walk_some(store_t *store, apr_int64_t after, int limit,
                             apr_array_header_t **events, apr_pool_t *pool);

/* Calls visit for each of them, some hundred being in memory at a time. The event is valid during
 * the call; a non-zero answer stops. */
apr_status_t store_walk(store_t *store, apr_int64_t after, int limit, store_event_visit_t visit,
                        void *payload, apr_pool_t *pool);

typedef struct store_chain_t {
    const char *node, *hash; /* of the last event */
    apr_int64_t sequence;
} store_chain_t;
/* Where each node's chain ends (store_chain_t), whatever was purged. */
apr_status_t store_chains(store_t *store, apr_array_header_t **chains, apr_pool_t *pool);

/* The node's purged ranges (purged_range_t) behind the one that begins at `after`, by sequence, at
 * most `limit`. */
apr_status_t store_purged_ranges(store_t *store, const char *node, apr_int64_t after, int limit,
                                 apr_array_header_t **ranges, apr_pool_t *pool);

/* What the set of a node's ranges is said to be: store_purged_t with node, ranges, total and
 * digest. */
apr_status_t store_purged_sets(store_t *store, apr_array_header_t **sets, apr_pool_t *pool);

/* ---- checkpoints, as trail/checkpoint.h writes them ---- */

/* Needs a transaction. A number that the node has used fails as any error does. */
apr_status_t store_checkpoint_put(store_t *store, const char *node, apr_int64_t number,
                                  const char *text);
/* The node's last one; APR_NOTFOUND. */
apr_status_t store_checkpoint_last(store_t *store, const char *node, apr_int64_t *number,
                                   const char **text, apr_pool_t *pool);

typedef struct store_checkpoint_t {
    const char *node, *text;
    apr_int64_t number;
} store_checkpoint_t;
/* By node and number, behind the given ones ("", 0 at first), at most `limit`. */
apr_status_t store_checkpoints(store_t *store, const char *node, apr_int64_t number, int limit,
                               apr_array_header_t **checkpoints, apr_pool_t *pool);

#endif
