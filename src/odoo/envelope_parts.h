/* The room in which an envelope keeps each part of a call: filled by envelope.c, read by the
 * functions of envelope.h. */
#ifndef ODOO_ENVELOPE_PARTS_H
#define ODOO_ENVELOPE_PARTS_H

#include <string.h>

#include "envelope.h"

#define ENVELOPE_API_KEY 40 /* hexadecimal digits, as Odoo makes them */

/* Longest member name told apart from all others. */
#define ENVELOPE_KEY_SIZE 128

#define ENVELOPE_CONTEXT_NAMES 3

/* A member's name as it arrives; `length` is ENVELOPE_KEY_SIZE + 1 if it is none of ours for sure.
 */
typedef struct envelope_key_t {
    char data[ENVELOPE_KEY_SIZE];
    apr_size_t length;
} envelope_key_t;

typedef struct slot_t {
    const char *name;
    json_tree_t *tree;   /* made at first use */
    json_value_t *value; /* in place of a tree */
    int present;
} slot_t;

typedef struct keyword_t {
    slot_t slot;
    char name[ENVELOPE_KEY_SIZE + 1]; /* in place: a body may repeat kwargs for ever */
} keyword_t;

typedef enum context_of_t {
    CONTEXT_OF_PARAMETERS,
    CONTEXT_OF_KEYWORDS,
    CONTEXT_COUNT
} context_of_t;

struct envelope_parts_t {
    apr_pool_t *pool;
    slot_t parameters[ENVELOPE_MAX_PARAMETERS];
    apr_size_t parameter_count;
    slot_t arguments[ENVELOPE_MAX_ARGUMENTS];
    apr_size_t argument_count;
    slot_t argument_text; /* args sent as a string: a sequence of its characters */
    json_value_t *first_character;
    char api_key[ENVELOPE_API_KEY + 1]; /* in place of the password that is not kept */
    apr_size_t api_key_length;          /* more than ENVELOPE_API_KEY: it is none */
    apr_size_t keyword_count, keywords_used;
    slot_t contexts[CONTEXT_COUNT][ENVELOPE_CONTEXT_NAMES];
    int args_seen, kwargs_seen, context_seen[CONTEXT_COUNT];
    int duplicate, truncated;
    keyword_t keywords[ENVELOPE_MAX_KEYWORDS]; /* the first keywords_used have a meaning */
};

/* Of the room, whose content before does not matter. */
void parts_init(envelope_parts_t *parts, apr_pool_t *pool, const char *const *names);

static inline int parts_key_is(const envelope_key_t *key, const char *name)
{
    return key->length == strlen(name) && memcmp(key->data, name, key->length) == 0;
}

/* What comes replaces what was there: notes the repetition and forgets the former. */
void parts_begin_parameters(envelope_parts_t *parts, int *seen);
void parts_begin_arguments(envelope_parts_t *parts);
void parts_begin_keywords(envelope_parts_t *parts);
void parts_begin_context(envelope_parts_t *parts, context_of_t which);

/* The slot, emptied, for the value that comes; NULL if there is none for it. */
slot_t *parts_parameter(envelope_parts_t *parts, const envelope_key_t *key);
slot_t *parts_argument(envelope_parts_t *parts);
/* A piece of the third argument of an external call. */
void parts_append_secret(envelope_parts_t *parts, const char *data, apr_size_t length);
slot_t *parts_argument_text(envelope_parts_t *parts);
slot_t *parts_keyword(envelope_parts_t *parts, const envelope_key_t *key);
slot_t *parts_context(envelope_parts_t *parts, context_of_t which, const envelope_key_t *key);

/* Nothing more comes. */
void parts_finish(envelope_parts_t *parts);

#endif
