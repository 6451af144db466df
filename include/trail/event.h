/* An event: one line of the trail, as cells of text. Every room that handles events (journal,
 * chain, store, CSV, JSON) loops over the same table of columns, so that a column is added in one
 * place. Pure. */
#ifndef TRAIL_EVENT_H
#define TRAIL_EVENT_H

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_time.h>

#include "text/buffer.h"

/* The order is the order of the CSV columns, which is a contract: new columns go to the end of the
 * public ones. The numbers stand in journal files: never renumber within one journal version. */
typedef enum event_column_t {
    EVENT_ID,
    EVENT_TIME,
    EVENT_SITE,
    EVENT_DATABASE,
    EVENT_UID,
    EVENT_LOGIN,
    EVENT_USER,
    EVENT_SESSION,
    EVENT_IP,
    EVENT_COUNTRY,
    EVENT_CITY,
    EVENT_BROWSER,
    EVENT_OS,
    EVENT_DEVICE,
    EVENT_CHANNEL,
    EVENT_OPERATION,
    EVENT_MODEL,
    EVENT_RECORD_IDS,
    EVENT_RECORD_COUNT,
    EVENT_METHOD,
    EVENT_FIELDS,
    EVENT_VALUES,
    EVENT_OUTCOME,
    EVENT_ERROR,
    EVENT_STATUS,
    EVENT_DURATION_MS,
    EVENT_PATH,
    EVENT_FLAGS,
    EVENT_HASH,
    EVENT_PEER_IP,
    EVENT_NODE,
    EVENT_SEQUENCE,
    EVENT_PREVIOUS_HASH,
    EVENT_OLD_VALUES,
    EVENT_PUBLIC_COLUMNS, /* those above stand in CSV and JSON */
    EVENT_USER_AGENT = EVENT_PUBLIC_COLUMNS,
    EVENT_CLIENT_HINTS, /* client/client_hints.h's packed form */
    EVENT_COLUMNS
} event_column_t;

typedef enum event_column_kind_t {
    EVENT_KIND_TEXT,
    EVENT_KIND_INTEGER, /* decimal */
    EVENT_KIND_TIME     /* ISO 8601, UTC, milliseconds */
} event_column_kind_t;

typedef struct event_column_info_t {
    const char *name; /* header of the CSV column and name in JSON */
    event_column_kind_t kind;
    int hashed;       /* part of the canonical form (trail/chain.h) */
    apr_size_t limit; /* the longest cell in bytes; a longer one is cut and flagged */
} event_column_info_t;

extern const event_column_info_t event_columns[EVENT_COLUMNS];

/* A cell is repaired UTF-8 without NUL; NULL means empty. */
typedef struct event_t {
    apr_pool_t *pool;
    const char *cell[EVENT_COLUMNS];
} event_t;

event_t *event_create(apr_pool_t *pool);

/* The cell's text, "" where it has none. */
static inline const char *event_text(const event_t *event, event_column_t column)
{
    return event->cell[column] ? event->cell[column] : "";
}

/* Sets a cell to a repaired copy, so that the event shares no memory with the caller. A text over
 * the column's limit is cut and the flag "truncated" added: lists of words lose whole words, JSON
 * becomes {"truncated":<its bytes>}, because half of it would be no JSON. NULL or "" empties the
 * cell. */
void event_set(event_t *event, event_column_t column, const char *text);
/* The same for a text that is repaired UTF-8 already and lives as long as the event: not copied. */
void event_set_kept(event_t *event, event_column_t column, const char *text);
void event_set_integer(event_t *event, event_column_t column, apr_int64_t number);
void event_set_time(event_t *event, event_column_t column, apr_time_t time);
/* Adds a word to the cell FLAGS unless it is there. */
void event_add_flag(event_t *event, const char *flag);

/* Each cell that is set in `from` replaces the one in `event`; flags are joined. Cells are shared,
 * so `from` must live as long. */
void event_merge(event_t *event, const event_t *from);

/* The cells as bytes for the journal: repeated (column u8, length u32 little-endian, bytes, NUL).
 * The NUL is not counted; it lets a reader use the bytes as they lie. */
void event_encode(const event_t *event, buffer_t *buffer);
/* APR_EINVAL if the bytes are not what event_encode writes (cells that are no UTF-8 or hold a NUL
 * included); unknown columns are passed over. Cells are copied into the pool. */
apr_status_t event_decode(event_t **event, apr_pool_t *pool, const char *data, apr_size_t length);
/* The same without a copy: the cells point into data, which must outlive them. Sets every cell of
 * *event but not its pool. */
apr_status_t event_decode_in_place(event_t *event, const char *data, apr_size_t length);

#endif
