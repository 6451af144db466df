/* The records that a large result shows, each as a tree while it streams by: one at a time is kept.
 * One owner; pure. */
#ifndef ODOO_RECORD_READER_H
#define ODOO_RECORD_READER_H

#include "odoo/shown_values.h"
#include "text/json_scan.h"

typedef struct record_reader_t record_reader_t;

/* path: where the records stand, as call_t.shown tells. NULL if there is no memory. */
record_reader_t *record_reader_create(apr_pool_t *pool, const char *path,
                                      const reply_watcher_t *watcher);

/* Pass on the tokens of one value, its own BEGIN and END included. Returns 1 once it is complete.
 * Skips in the scanner what is not on the way to a record. */
int record_reader_token(record_reader_t *reader, json_scan_t *scan, json_token_t token);
int record_reader_text(record_reader_t *reader, json_token_t token, const char *data,
                       apr_size_t length, int last);

#endif
