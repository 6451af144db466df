/* The columns `fields` and `values` of a call, from the trees of its arguments. Pure. */
#ifndef ODOO_CALL_VALUES_H
#define ODOO_CALL_VALUES_H

#include "odoo/redact.h"
#include "text/json_value.h"

/* The names parted by blanks of: a text, a list of texts, an object's members, a list of objects'
 * members (each name once, in order). NULL if there is none. *truncated turns 1 if more were sent
 * than are kept. A blank or control inside a name becomes "_". */
const char *call_values_names(apr_pool_t *pool, const json_value_t *value, int *truncated);

/* A copy of the value alone, to be put elsewhere; its members are shared. */
json_value_t *call_values_move(apr_pool_t *pool, const json_value_t *value);

/* Rows of a table as a list of objects, so that values of redacted columns can be told. */
json_value_t *call_values_rows(apr_pool_t *pool, const json_value_t *columns,
                               const json_value_t *rows);

/* 1 for the name of a field whose text is a file's content in base64, or of the list of them that
 * message_post takes. NULL is none. */
int call_values_holds_file(const char *key);
/* Leaves of the text of each such field within the value, however short, its length and hash. */
void call_values_hide_files(apr_pool_t *pool, json_value_t *value);

/* Redacts and writes the value in at most CALL_MAX_VALUES bytes of valid JSON. What does not fit
 * is left out, said in the JSON itself, and *truncated turns 1. */
const char *call_values_write(apr_pool_t *pool, const redact_t *redact, json_value_t *value,
                              int *truncated);

#endif
