#include "name_cache.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>

#define SLOTS 8192 /* a power of two */
#define MAX_NAMES 4096
#define PROBES 16    /* slots looked at for one name, however names collide */
#define MAX_NAME 128 /* bytes; Odoo's longest model names have about 60 */

typedef struct decision_t {
    apr_uint32_t said;
    char name[]; /* NUL-terminated */
} decision_t;

struct name_cache_t {
    atomic_uint count;
    _Atomic(decision_t *) slots[SLOTS];
};

void name_cache_clear(name_cache_t *cache)
{
    for (apr_size_t i = 0; i < SLOTS; i++) {
        free(atomic_exchange(&cache->slots[i], NULL));
    }
    atomic_store(&cache->count, 0);
}

static apr_status_t clear(void *data)
{
    name_cache_clear(data);
    return APR_SUCCESS;
}

name_cache_t *name_cache_create(apr_pool_t *pool)
{
    name_cache_t *cache = apr_pcalloc(pool, sizeof(*cache));

    apr_pool_cleanup_register(pool, cache, clear, apr_pool_cleanup_null);
    return cache;
}

/* Puts the decision into the slot. Of several threads one wins it; the others do without. */
static void remember(name_cache_t *cache, _Atomic(decision_t *) *slot, const char *name,
                     apr_size_t length, apr_uint32_t said)
{
    decision_t *decision, *empty = NULL;

    if (atomic_load(&cache->count) >= MAX_NAMES) {
        return;
    }
    decision = malloc(sizeof(*decision) + length + 1);
    if (!decision) {
        return;
    }
    decision->said = said;
    memcpy(decision->name, name, length + 1);
    if (atomic_compare_exchange_strong(slot, &empty, decision)) {
        atomic_fetch_add(&cache->count, 1);
    }
    else {
        free(decision);
    }
}

apr_uint32_t name_cache_ask(name_cache_t *cache, const char *name, name_decide_t decide,
                            const void *payload)
{
    apr_ssize_t length = (apr_ssize_t)strnlen(name, MAX_NAME + 1);
    apr_uint32_t said;
    unsigned hash;

    if (length > MAX_NAME) {
        return decide(payload, name);
    }
    hash = apr_hashfunc_default(name, &length);
    for (unsigned probe = 0; probe < PROBES; probe++) {
        _Atomic(decision_t *) *slot = &cache->slots[(hash + probe) % SLOTS];
        const decision_t *decision = atomic_load_explicit(slot, memory_order_acquire);

        if (!decision) {
            said = decide(payload, name);
            remember(cache, slot, name, (apr_size_t)length, said);
            return said;
        }
        if (!strcmp(decision->name, name)) {
            return decision->said;
        }
    }
    return decide(payload, name);
}
