/* What was decided about a name, so that it is not decided again: of models, and of names of
 * fields. Filled by whichever thread sees a name first, never emptied while requests run: readers
 * take no lock. Once full, further names (an attacker's: Odoo has some hundred models, and some
 * thousand fields) are decided each time. */
#ifndef ODOO_NAME_CACHE_H
#define ODOO_NAME_CACHE_H

#include <apr_pools.h>

typedef struct name_cache_t name_cache_t;

/* Must not do anything but look at the name. */
typedef apr_uint32_t (*name_decide_t)(const void *payload, const char *name);

/* Its entries go with the pool. */
name_cache_t *name_cache_create(apr_pool_t *pool);

/* What decide says, or has said, of the name. */
apr_uint32_t name_cache_ask(name_cache_t *cache, const char *name, name_decide_t decide,
                            const void *payload);

/* Before the first request only: decide would say something else from now on. */
void name_cache_clear(name_cache_t *cache);

#endif
