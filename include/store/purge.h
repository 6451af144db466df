/* Purging: old events go, and what is gone stays provable. The keeper's, within a transaction.
 *
 * Events go by class, so that holes come about in a node's chain. The store keeps each hole as one
 * range (trail/purged_set.h); holes that touch grow into one, so that there are never more ranges
 * than events left, plus one. Whoever purges chains an event `purged` for each node in the same
 * transaction, with the digest that store_purge gives, so that a hole that somebody else makes does
 * not fit what the trail says. */
#ifndef STORE_PURGE_H
#define STORE_PURGE_H

#include "store/store.h"
#include "trail/purged_set.h"

#define STORE_PURGE_MOST 5000 /* events in one call */
#define STORE_MAX_HOLDS 1000  /* open ones; with more nothing is purged */

/* What went of one node, and what its set of ranges has become. */
typedef struct store_purged_t {
    const char *node;
    apr_int64_t events;
    apr_int64_t first, last;   /* lowest and highest sequence of them */
    apr_time_t oldest, newest; /* of their times */
    apr_int64_t ranges, total; /* holes, and events purged from the node since it began */
    char digest[DIGEST_HEX_SIZE];
} store_purged_t;

typedef struct store_purge_t {
    const char *const *operations; /* NULL-terminated, STORE_MAX_OPERATIONS at most; NULL: all */
    apr_time_t before;             /* only events that are older */
    int limit;                     /* events, STORE_PURGE_MOST at most */
    apr_int64_t bytes;             /* enough when events of so many bytes are gone; 0: no matter */
    apr_int64_t from;              /* 0 at first; then where this call has left off */
    int through;                   /* given: the end was reached, `from` is 0 again */
    int events;                    /* given: how many went */
    apr_array_header_t *nodes;     /* given: of store_purged_t */
} store_purge_t;

/* Deletes events, lowest ids first. Looks at some ten thousand at most, so that a call is short
 * even where everything old is held. Stay in any case: events under a hold (store/hold.h), the
 * events hold_set, hold_lifted and gap, and of each node the event that was given to
 * store_purge_attested last; with operations NULL all events `purged`. What is given lies in the
 * pool. */
apr_status_t store_purge(store_t *store, store_purge_t *purge, apr_pool_t *pool);

/* The event with this id says what was purged from the node. */
apr_status_t store_purge_attested(store_t *store, const char *node, apr_int64_t id);

/* What the events take: the bytes of their cells and 200 for each of them. The files of the
 * database are somewhat larger and do not shrink. In and out of transactions. */
apr_status_t store_bytes(store_t *store, apr_int64_t *bytes);

/* Within a transaction: where the database keeps events in partitions by month (PostgreSQL), makes
 * those of the months ahead, and drops those of past months that have no event left. Does not wait
 * for readers: what they are in the way of is done by a later call. Elsewhere does nothing. */
apr_status_t store_partitions(store_t *store, apr_time_t now);

#endif
