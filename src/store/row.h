/* An event as a row of the tables events and pending: one table of columns for both ways. */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "address.h"
#include "connection.h"
#include "trail/event.h"

/* The event's cells come first, in the order of event_column_t, then what searching needs. */
enum {
    ROW_IP_KEY = EVENT_COLUMNS,
    ROW_WHO_UID, /* the user, if that was not known when the event was hashed but learned later */
    ROW_WHO_LOGIN,
    ROW_WHO_NAME,
    ROW_BYTES, /* what the event takes, for UserAuditMaxStoreSize */
    ROW_COLUMNS
};

#define ROW_NUMBER_SIZE 24 /* of a 64-bit integer as text */

/* The values, the integers among them as such, and room for the texts that are computed. */
typedef struct row_t {
    const char *value[ROW_COLUMNS]; /* NULL: empty */
    apr_int64_t id, sequence;       /* 0: none */
    apr_int64_t time_ms;            /* -1: none */
    char time_digits[ROW_NUMBER_SIZE];
    char ip_key[ADDRESS_KEY_SIZE];
    apr_int64_t bytes;
    char bytes_digits[ROW_NUMBER_SIZE];
} row_t;

/* Counted for an event besides its cells: its row's own needs and what finding it takes. */
#define ROW_BYTES_BESIDES 200

/* The name of a cell's column. */
const char *row_name(event_column_t column);
/* "id, time_ms, ..." and "%s, %s, ...". */
const char *row_names(apr_pool_t *pool);
/* The same number of columns, but those that make no mark, are not summarised and do not say what
 * becomes of an event when it is purged are NULL. */
const char *row_mark_names(apr_pool_t *pool);
/* Those that row_to_event reads; the others are NULL. */
const char *row_event_names(apr_pool_t *pool);
const char *row_parameters(apr_pool_t *pool);
/* "%s::bigint[], ..." */
const char *row_arrays(apr_pool_t *pool);

/* Points into the event. APR_EINVAL if a cell could not come back byte for byte: text that is not
 * UTF-8, an id, sequence or time in another form than ours. */
apr_status_t row_from_event(row_t *row, const event_t *event);

/* Reads the columns of row_names or row_event_names from the first one on. Cells live as long as
 * the rows' pool. An empty uid, login or user is filled with what was learned later. */
event_t *row_to_event(const rows_t *rows);

/* Reads the columns of row_mark_names. */
void row_read(row_t *row, const rows_t *rows);

/* A whole decimal number in the one form we write; APR_EINVAL otherwise. */
apr_status_t row_integer(const char *text, apr_int64_t *number);

/* Goes through a cell of record ids: 1 and the next one, or 0. Words that are no number are passed
 * over. */
int row_next_record(const char **ids, apr_int64_t *record);

#endif
