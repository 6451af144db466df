/* The members of a tree's objects by their key, so that a repeated key is found at once however
 * many members a hostile text has. One index serves all objects of a tree. */
#ifndef TEXT_JSON_KEYS_H
#define TEXT_JSON_KEYS_H

#include "text/json_value.h"

/* A value of a tree and what the tree has to remember about it. */
typedef struct json_node_t json_node_t;
struct json_node_t {
    json_value_t value;  /* first: a pointer to it is a pointer to the node */
    apr_size_t kept;     /* members linked */
    apr_uint64_t serial; /* of this content; another one once the node was replaced */
    apr_uint64_t owner;  /* serial of the object it is a member of */
    apr_uint64_t hash;
    json_node_t *chain; /* next in the same bucket */
};

typedef struct json_keys_t {
    json_node_t **buckets;
    apr_size_t size; /* of buckets: 0 or a power of two */
    apr_size_t count;
} json_keys_t;

/* Empty; also forgets all members, whose memory is the caller's. */
void json_keys_reset(json_keys_t *keys);

/* Keyed by a secret of the thread, which keeps collisions out of an attacker's reach. */
apr_uint64_t json_keys_hash(apr_uint64_t owner, const char *key, apr_size_t length);
json_node_t *json_keys_find(const json_keys_t *keys, apr_uint64_t owner, apr_uint64_t hash,
                            const char *key);

/* The node has its key, owner and hash. Buckets come from the pool, fewer than four pointers per
 * member in all. */
void json_keys_add(json_keys_t *keys, apr_pool_t *pool, json_node_t *node);

#endif
