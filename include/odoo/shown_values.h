/* Values of records as Odoo showed them: from an answer that was kept to what the column
 * `old_values` says. Pure. */
#ifndef ODOO_SHOWN_VALUES_H
#define ODOO_SHOWN_VALUES_H

#include "odoo/redact.h"
#include "odoo/route.h"
#include "text/json_value.h"

#define SHOWN_VALUES_WHOLE_TEXT 512 /* bytes of the longest text that is told whole */
#define SHOWN_VALUES_SIZE 1024      /* bytes of JSON of the longest value that is told */

/* Redacts the record in place, as the values of a call are, and hides files in it. 0 if members of
 * it are missing, so that nobody knows what else was shown. */
int shown_values_prepare(apr_pool_t *pool, const redact_t *redact, const char *model,
                         json_value_t *record);

/* The JSON text of a member of such a record, of SHOWN_VALUES_SIZE bytes at most; NULL if it is not
 * to be told: a redacted field, the id itself, a file's content or its size, a value that is too
 * long. A long text is its head, length and hash, as in the values of a call. */
const char *shown_values_text(apr_pool_t *pool, const json_value_t *member);

/* An answer of Odoo, or the begin of one, as it was kept. */
typedef struct shown_answer_t {
    route_reply_t reply;
    const char *path; /* where it has records, as call_t.shown */
    const char *data;
    apr_size_t length;
} shown_answer_t;

/* Told of each record that an answer shows, as it streams by; record and id live until the next. */
typedef struct reply_watcher_t {
    void (*shown)(void *payload, apr_int64_t id, json_value_t *record);
    void *payload;
} reply_watcher_t;

/* Tells the watcher of each record that stands there whole, in order. */
void shown_values_read(apr_pool_t *pool, const shown_answer_t *answer,
                       const reply_watcher_t *watcher);

#endif
