/* One CSV cell (RFC 4180). Pure. */
#ifndef TEXT_CSV_H
#define TEXT_CSV_H

#include "text/buffer.h"

/* Appends the cell, quoted where needed, with an apostrophe before a cell that starts with one of
 * = + - @ TAB CR or an apostrophe, so that no spreadsheet takes it for a formula and the guard can
 * be undone. NULL is an empty cell. Adds no comma. */
void csv_append_cell(buffer_t *buffer, const char *text);

/* The cell without its guard: the reverse of what csv_append_cell added inside the quotes. */
const char *csv_unguard(const char *text);

/* ---- reading ---- */

#define CSV_MAX_CELLS 128
#define CSV_MAX_ROW (16 * 1024 * 1024)

/* Gives up to `room` bytes; 0 at the end. */
typedef apr_size_t (*csv_source_t)(void *payload, char *data, apr_size_t room);

typedef struct csv_reader_t csv_reader_t;

csv_reader_t *csv_reader_create(apr_pool_t *pool, csv_source_t source, void *payload);
/* The next row's cells, as they stand (with their guard), valid until the next call; *count of
 * them. APR_EOF after the last; APR_EINVAL for what is no CSV, or has more than CSV_MAX_CELLS cells
 * or CSV_MAX_ROW bytes in a row. */
apr_status_t csv_read_row(csv_reader_t *reader, const char ***cells, int *count);

#endif
