/* Verifying a trail: events go in, in the order of their ids, and the first one that is not as it
 * was written comes out as a sentence. Knows neither store nor file; one owner. */
#ifndef TRAIL_VERIFY_H
#define TRAIL_VERIFY_H

#include <apr_hash.h>
#include <apr_tables.h>

#include "trail/checkpoint.h"
#include "trail/event.h"
#include "trail/purged_set.h"

typedef struct verify_t verify_t;

typedef enum verify_mode_t {
    VERIFY_STORED,  /* every event, with its cells as they were hashed */
    VERIFY_FULL,    /* every event, uid, login and user perhaps joined (a full export) */
    VERIFY_FILTERED /* some events: each for itself */
} verify_mode_t;

typedef struct verify_node_t {
    const char *name;
    apr_int64_t first, last; /* sequences of the events seen */
    char hash[DIGEST_HEX_SIZE];
    apr_int64_t events;
    apr_int64_t ranges, purged; /* holes made by purging, and how many events they are */
    apr_int64_t lost;        /* events that only checkpoints know of: an older store was restored */
    apr_int64_t checkpoints; /* that were compared with an event */
    purged_set_t holes;      /* as seen */
    char attested[DIGEST_HEX_SIZE]; /* what the last event `purged` says of them; "": none */
    apr_array_header_t
        *restored; /* of apr_int64_t: numbers of checkpoints an older store went on from */
    apr_array_header_t *expected; /* of checkpoint_t, by sequence */
    int next_expected, unsorted;
} verify_node_t;

/* Asked for each hole that purging is said to have made: 0 if the range is known, 1 if not. */
typedef int (*verify_hole_t)(void *payload, const purged_range_t *range);

verify_t *verify_create(apr_pool_t *pool, verify_mode_t mode, verify_hole_t hole, void *payload);

/* The event with the checkpoint's sequence must have its hash. Before the first event. */
void verify_expect(verify_t *verify, const checkpoint_t *checkpoint);

/* 1 if this event is not as it was written, or one before it is missing: verify_fault tells. */
int verify_event(verify_t *verify, const event_t *event);

/* Where the store says that a node's chain ends. After the last event; answers as verify_event. */
int verify_end(verify_t *verify, const char *node, apr_int64_t sequence, const char *hash);

/* What can only be told when everything has been seen: the holes of each node, and checkpoints
 * behind its end. Answers as verify_event. */
int verify_finish(verify_t *verify);

/* The first fault, or NULL. */
const char *verify_fault(const verify_t *verify);
apr_int64_t verify_count(const verify_t *verify);
/* verify_node_t, by name. */
apr_array_header_t *verify_nodes(const verify_t *verify, apr_pool_t *pool);

#endif
