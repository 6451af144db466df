/* Ids of records as clients send them and as Odoo's browse() takes them (facts B6). Pure. */
#ifndef ODOO_CALL_IDS_H
#define ODOO_CALL_IDS_H

#include <apr_pools.h>

#include "text/buffer.h"
#include "text/json_value.h"

typedef struct call_ids_t {
    const char *ids;   /* "1 2 3", up to CALL_MAX_IDS; NULL: none */
    apr_int64_t count; /* -1: not known for sure */
    int odd;           /* of a shape that Odoo may or may not take */
} call_ids_t;

/* A number or a falsy value, a list, a string (each of its characters), an object (its keys). */
void call_ids_read(apr_pool_t *pool, const json_value_t *value, call_ids_t *ids);

/* 1 if it is an integer or a list of nothing but integers: ids, unless the method is a stranger to
 * ids. */
int call_ids_likely(const json_value_t *value);

#endif
