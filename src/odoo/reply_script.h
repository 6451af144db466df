/* The JSON inside the script with which an upload hands its answer to the page that asked for a
 * callback: `...trigger("name", [...]);`. Streaming, fixed memory; pure; one owner. */
#ifndef ODOO_REPLY_SCRIPT_H
#define ODOO_REPLY_SCRIPT_H

#include <apr_pools.h>

typedef struct reply_script_t reply_script_t;

reply_script_t *reply_script_create(apr_pool_t *pool);

/* Where the JSON begins in this piece of the answer, `length` if it does not yet: the whole of an
 * answer that is no script. Once it has begun it goes on until the scanner finds its end. */
apr_size_t reply_script_find(reply_script_t *script, const char *data, apr_size_t length);

#endif
