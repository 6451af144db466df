/* Scans one JSON text in pieces and records all that can be seen of it, to compare ways of
 * cutting. For tests and fuzz targets. */
#ifndef T_JSON_CUTS_H
#define T_JSON_CUTS_H

#include "text/buffer.h"
#include "text/json_value.h"

typedef struct json_record_t {
    buffer_t tokens; /* every token and text, pieces joined */
    buffer_t output; /* the tree as it is written */
    int accepted;
    json_fault_t fault;
    int duplicate_key;
} json_record_t;

/* Pieces have 1 to `longest` bytes, by chance; 0: the text whole. */
void json_record(json_record_t *record, apr_pool_t *pool, const json_limits_t *limits,
                 const char *data, apr_size_t length, apr_size_t longest, apr_uint32_t *chance);

int json_record_equal(const json_record_t *left, const json_record_t *right);

/* Whole, byte by byte and in `times` random cuts: 1 if all records are equal. Leaves that of the
 * whole text in *record. */
int json_record_cuts(json_record_t *record, apr_pool_t *pool, const json_limits_t *limits,
                     const char *data, apr_size_t length, unsigned times, apr_uint32_t *chance);

#endif
