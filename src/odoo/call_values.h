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

/* Redacts and writes the value in at most CALL_MAX_VALUES bytes of valid JSON. What does not fit
 * is left out, said in the JSON itself, and *truncated turns 1. */
const char *call_values_write(apr_pool_t *pool, const redact_t *redact, json_value_t *value,
                              int *truncated);

#endif
