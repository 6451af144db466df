/* Values of records as Odoo showed them: from an answer to short texts that may be kept, and back
 * to what the column `old_values` says. Pure. */
#ifndef ODOO_SHOWN_VALUES_H
#define ODOO_SHOWN_VALUES_H

#include "odoo/redact.h"
#include "text/json_value.h"

#define SHOWN_VALUES_WHOLE_TEXT 512 /* bytes of the longest text that is kept whole */

/* Redacts the record in place, as the values of a call are, and hides files in it. 0 if members of
 * it are missing, so that nobody knows what else was shown. */
int shown_values_prepare(apr_pool_t *pool, const redact_t *redact, const char *model,
                         json_value_t *record);

/* The JSON text of a member of such a record, shorter than `size` bytes; NULL if it is not to be
 * kept: a redacted field, the id itself, a file's content or its size, a value that is too long. A
 * long text is its head, length and hash, as in the values of a call. */
const char *shown_values_text(apr_pool_t *pool, const json_value_t *member, apr_size_t size);

/* Such a text as a value again, by the rules that hold now; NULL if they forbid it. */
json_value_t *shown_values_read(apr_pool_t *pool, const redact_t *redact, const char *model,
                                const char *field, const char *text);

#endif
