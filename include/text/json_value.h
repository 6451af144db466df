/* JSON values as trees: the bounded picture of a call that arrived on the wire, and the values we
 * make ourselves for pages and JSON answers.
 *
 * Nodes live in the pool they were made from and are never freed singly. One owner; pure. */
#ifndef TEXT_JSON_VALUE_H
#define TEXT_JSON_VALUE_H

#include <apr_pools.h>

#include "text/buffer.h"
#include "text/json_scan.h"

/* Containers within each other that a tree keeps; deeper ones are left out as for want of room. */
#define JSON_TREE_MAX_DEPTH 128

/* Bytes kept of a key and of a number. A longer key is its head, "..." and its SHA-256 in hex, so
 * that it is longer than any short key and unlike every other long one. A longer number keeps its
 * head and is no integer. */
#define JSON_TREE_KEY_SIZE 256
#define JSON_TREE_NUMBER_SIZE 64

typedef enum json_type_t {
    JSON_TYPE_NULL,
    JSON_TYPE_FALSE,
    JSON_TYPE_TRUE,
    JSON_TYPE_NUMBER,
    JSON_TYPE_STRING,
    JSON_TYPE_ARRAY,
    JSON_TYPE_OBJECT
} json_type_t;

typedef struct json_value_t json_value_t;
struct json_value_t {
    json_type_t type;
    const char *key;        /* within an object: repaired UTF-8, else NULL */
    const char *text;       /* of a string or number: repaired UTF-8, as much as was kept */
    apr_size_t full_length; /* of a string or number: decoded bytes as sent */
    const char *sha256; /* hex, over all the decoded bytes of a string that was cut, else NULL */
    apr_size_t count;   /* members as sent, kept or not; a repeated key counts once if kept */
    int truncated;      /* members were left out for want of room */
    int binary;         /* a string that was cut and is base64 throughout */
    json_value_t *first, *last, *next;
};

/* ---- reading from a scanner into a bounded tree ---- */

typedef struct json_limits_t {
    apr_size_t nodes;   /* values kept */
    apr_size_t bytes;   /* of keys and texts kept, in all */
    apr_size_t string;  /* longest text kept whole; a longer one keeps this much and its hash */
    apr_size_t members; /* kept per array or object */
} json_limits_t;

typedef struct json_tree_t json_tree_t;

/* NULL if there is no memory. */
json_tree_t *json_tree_create(apr_pool_t *pool, const json_limits_t *limits);

/* Ready for another value; what was built stays valid until the first token of the next value,
 * which gets its room, so a text that repeats a key cannot make it grow. */
void json_tree_reset(json_tree_t *tree);

/* Pass on the tokens of one value, its own BEGIN and END included; a KEY before the value is
 * ignored. Returns 1 when the value is complete, else 0. A repeated key in an object: the later
 * member takes the place of the earlier one, as in Python, even where there is no room left for a
 * new member, and json_tree_duplicate_key turns 1; the room of the earlier one is lost. */
int json_tree_token(json_tree_t *tree, json_token_t token);
int json_tree_text(json_tree_t *tree, json_token_t token, const char *data, apr_size_t length,
                   int last);

/* 1 within a container for which there is no room: whoever has a scanner may have it skip the
 * content (json_scan_skip), and passes on the END. */
int json_tree_drops(const json_tree_t *tree);

/* The value, once complete; else NULL. */
json_value_t *json_tree_value(json_tree_t *tree);
int json_tree_duplicate_key(const json_tree_t *tree);

/* The whole of a short text at once (settings, our own tests); NULL if it is not valid JSON. */
json_value_t *json_parse(apr_pool_t *pool, const char *data, apr_size_t length,
                         const json_limits_t *limits);

/* ---- looking (all accept a NULL value and answer NULL or 0) ---- */

json_value_t *json_member(const json_value_t *object, const char *key);
json_value_t *json_element(const json_value_t *array, apr_size_t index);
const char *json_string(const json_value_t *value); /* of a string, else NULL */
/* A number without fraction that fits, or true for an integral float such as 12.0. */
int json_integer(const json_value_t *value, apr_int64_t *number);
int json_truthy(const json_value_t *value); /* as Python's bool() */

/* ---- making ---- */

json_value_t *json_new_object(apr_pool_t *pool);
json_value_t *json_new_array(apr_pool_t *pool);
json_value_t *json_new_string(apr_pool_t *pool, const char *text); /* NULL text gives null */
json_value_t *json_new_integer(apr_pool_t *pool, apr_int64_t number);
json_value_t *json_new_boolean(apr_pool_t *pool, int truth);
/* Appends and returns the value; the key is copied by reference. */
json_value_t *json_set(json_value_t *object, const char *key, json_value_t *value);
json_value_t *json_push(json_value_t *array, json_value_t *value);

/* ---- writing ---- */

/* Compact JSON, UTF-8, with <, > and & escaped as \u003c ... so that it may stand in a page; a
 * NULL value is null. A cut string is written as {"$length":n,"$sha256":"..."} if binary, else as
 * {"$head":"the beginning...","$length":n,"$sha256":"..."}; a cut number likewise, without hash.
 * Where members are missing, an array ends in {"$omitted":n} and an object in "$omitted":n. NaN,
 * the infinities and numbers beyond a double are written as strings, because JSON elsewhere does
 * not know them. Past the buffer's limit the buffer has overflow set and its content is not valid
 * JSON. */
void json_write(buffer_t *buffer, const json_value_t *value);
void json_write_string(buffer_t *buffer, const char *data, apr_size_t length);

#endif
