/* The events of a store, read by a thread of their own while others are looked at. Private to the
 * room. */
#ifndef TOOL_READ_AHEAD_H
#define TOOL_READ_AHEAD_H

#include "store/proof.h"

/* Of 500 events each: one is looked at while the next is read. */
#define READ_AHEAD_SLICES 2

typedef struct read_ahead_t read_ahead_t;

/* Starts reading from the first event on. The store is the reader's until read_ahead_stop, but for
 * what is asked between read_ahead_lock and read_ahead_unlock. */
apr_status_t read_ahead_start(read_ahead_t **ahead, store_t *store, apr_pool_t *pool);

/* The next event, valid until the next call; NULL behind the last one or where reading failed.
 * Waits for the reader. */
const event_t *read_ahead_next(read_ahead_t *ahead);

/* Waits until the reader is between two selects, and keeps it from the next. */
void read_ahead_lock(read_ahead_t *ahead);
void read_ahead_unlock(read_ahead_t *ahead);

/* Ends the thread, wherever it is, and tells whether reading failed. */
apr_status_t read_ahead_stop(read_ahead_t *ahead);

#endif
