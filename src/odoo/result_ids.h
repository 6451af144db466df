/* Ids at stated places of a large result, picked out as it streams by: nothing of it is kept but
 * the ids. One owner; pure. */
#ifndef ODOO_RESULT_IDS_H
#define ODOO_RESULT_IDS_H

#include "odoo/call.h"
#include "text/json_scan.h"

typedef struct result_reader_t result_reader_t;

/* paths: as result_ids_t tells. */
result_reader_t *result_reader_create(apr_pool_t *pool, result_ids_t paths);

/* Pass on the tokens of one value, its own BEGIN and END included. Returns 1 once it is complete.
 * Skips in the scanner what cannot hold an id; scan NULL: somebody else wants to see that. */
int result_reader_token(result_reader_t *reader, json_scan_t *scan, json_token_t token);
int result_reader_text(result_reader_t *reader, json_token_t token, const char *data,
                       apr_size_t length, int last);

const char *result_reader_ids(result_reader_t *reader); /* up to CALL_MAX_IDS; NULL if none */
/* 1 if a path that tells failure led to a truthy value. */
int result_reader_failed(const result_reader_t *reader);
apr_int64_t result_reader_count(const result_reader_t *reader); /* all there were */
/* 1 if the result has more containers within each other than are followed to ids. */
int result_reader_cut(const result_reader_t *reader);

#endif
