/* Events on their way into the database. Where each statement is a round trip, and is parsed and
 * planned anew, that costs ten times as much as the row itself: there many rows go with one, each
 * column as an array. */
#ifndef STORE_GATHER_H
#define STORE_GATHER_H

#include "row.h"
#include "store/store.h"
#include "text/buffer.h"

/* Sent as soon as so many rows, or so many bytes of them, have gathered. */
#define GATHER_ROWS 256
#define GATHER_BYTES (1024 * 1024)

typedef struct gathered_t {
    buffer_t *columns; /* of ROW_COLUMNS array literals without their end; NULL: none yet */
    int rows;
    apr_int64_t bytes;
} gathered_t;

/* Inserts the row, now or later in this transaction: what the database refuses of one row may show
 * with a later one. */
apr_status_t gather_row(store_t *store, const row_t *row);
/* Inserts what waits. Whatever looks at events within a transaction that appends some must call it
 * first. APR_EEXIST as store_append. */
apr_status_t gather_flush(store_t *store);
void gather_forget(store_t *store);

/* "an event with this id ... exists already". */
apr_status_t gather_exists(store_t *store);

#endif
