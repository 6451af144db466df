#include "json_keys.h"

#include <string.h>

#include <apr_time.h>

#include "text/digest.h"

#define FIRST_SIZE 32
#define SECRET_SIZE 16

/* Made once: randomness costs more than reading a whole call. */
static __thread struct {
    int made;
    unsigned char bytes[SECRET_SIZE];
} secret;

static void make_secret(void)
{
    secret.made = 1;
    if (digest_random(secret.bytes, SECRET_SIZE) != APR_SUCCESS) {
        /* Without randomness there is still what an attacker does not see: place and time. */
        const void *place = &secret;
        apr_time_t now = apr_time_now();

        memcpy(secret.bytes, &place, sizeof(place));
        memcpy(secret.bytes + SECRET_SIZE - sizeof(now), &now, sizeof(now));
    }
}

void json_keys_reset(json_keys_t *keys)
{
    keys->buckets = NULL;
    keys->size = 0;
    keys->count = 0;
}

apr_uint64_t json_keys_hash(apr_uint64_t owner, const char *key, apr_size_t length)
{
    if (!secret.made) {
        make_secret();
    }
    return digest_siphash(secret.bytes, key, length) ^ owner * APR_UINT64_C(0x9e3779b97f4a7c15);
}

json_node_t *json_keys_find(const json_keys_t *keys, apr_uint64_t owner, apr_uint64_t hash,
                            const char *key)
{
    json_node_t *node = keys->size ? keys->buckets[hash & (keys->size - 1)] : NULL;

    while (node && (node->hash != hash || node->owner != owner || strcmp(node->value.key, key))) {
        node = node->chain;
    }
    return node;
}

static void put(json_keys_t *keys, json_node_t *node)
{
    json_node_t **bucket = &keys->buckets[node->hash & (keys->size - 1)];

    node->chain = *bucket;
    *bucket = node;
}

static void grow(json_keys_t *keys, apr_pool_t *pool)
{
    json_node_t **old = keys->buckets;
    apr_size_t old_size = keys->size;

    keys->size = old_size ? old_size * 2 : FIRST_SIZE;
    keys->buckets = apr_pcalloc(pool, keys->size * sizeof(*keys->buckets));
    for (apr_size_t i = 0; i < old_size; i++) {
        json_node_t *next;

        for (json_node_t *node = old[i]; node; node = next) {
            next = node->chain;
            put(keys, node);
        }
    }
}

void json_keys_add(json_keys_t *keys, apr_pool_t *pool, json_node_t *node)
{
    if (keys->count == keys->size) {
        grow(keys, pool);
    }
    put(keys, node);
    keys->count++;
}
