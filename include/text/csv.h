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

#endif
