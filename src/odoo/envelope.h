/* The call inside the JSON-RPC body of a dataset route (facts A2, A3): picks the parameters, the
 * positional arguments, the keywords and what the context says about records out of the body, each
 * into room of its own, so that nothing a client adds can push another part out. What is repeated
 * counts as Python counts it: the last one wins. Streaming, bounded, one owner. */
#ifndef ODOO_ENVELOPE_H
#define ODOO_ENVELOPE_H

#include <apr_pools.h>

#include "text/json_value.h"

#define ENVELOPE_MAX_PARAMETERS 8
/* Positional arguments kept: five of an external call before those of its method, of which the
 * table of methods knows no more than six. */
#define ENVELOPE_MAX_ARGUMENTS 11
#define ENVELOPE_MAX_KEYWORDS 24

typedef struct envelope_t envelope_t;
typedef struct envelope_parts_t envelope_parts_t;

typedef enum envelope_shape_t {
    ENVELOPE_DATASET, /* {"params": {..., "args": [...], "kwargs": {...}}} */
    /* The same where `args` starts as external calls do: the third one, a password, is not kept. */
    ENVELOPE_EXTERNAL,
    /* {"ids": ..., "context": {...}, ...}: ids is the first argument, the rest are keywords */
    ENVELOPE_BARE
} envelope_shape_t;

/* names: the members of `params` to keep besides args, kwargs and context; NULL-terminated, at most
 * ENVELOPE_MAX_PARAMETERS, used by reference. */
envelope_t *envelope_create(apr_pool_t *pool, envelope_shape_t shape, const char *const *names);

/* To be called before the first feed: the body is XML-RPC, for a service that the path names.
 * Returns 0 if there is no memory. */
int envelope_read_xml(envelope_t *envelope, apr_pool_t *pool, const char *service);

void envelope_feed(envelope_t *envelope, const char *data, apr_size_t length);

/* The body is over: the parts of the call, or NULL if Python reads none from it: no JSON object, no
 * parameters in it, a cut. They belong to the envelope's pool. */
const envelope_parts_t *envelope_end(envelope_t *envelope, int complete);

/* The parts of a call whose arguments were read otherwise: a list and an object, or NULL. */
envelope_parts_t *envelope_of_values(apr_pool_t *pool, const json_value_t *arguments,
                                     const json_value_t *keywords);

/* Values may be changed in place; NULL for what was not sent. */
json_value_t *envelope_parameter(const envelope_parts_t *parts, const char *name);
json_value_t *envelope_argument(const envelope_parts_t *parts, apr_size_t index);
apr_size_t envelope_argument_count(const envelope_parts_t *parts); /* as sent, kept or not */
/* The password of an external call if it has the form of an API key, else NULL. A secret: good for
 * a fingerprint and nothing else. */
const char *envelope_api_key(const envelope_parts_t *parts);
json_value_t *envelope_keyword(const envelope_parts_t *parts, const char *name);
/* Of the first `length` bytes of the name. */
json_value_t *envelope_keyword_of(const envelope_parts_t *parts, const char *name,
                                  apr_size_t length);

/* The kept keywords in the order sent, the context not among them; NULL behind the last. */
const char *envelope_keyword_name(const envelope_parts_t *parts, apr_size_t index);

/* active_model, active_id or active_ids: of the keyword context, else of Odoo 16's params.context.
 */
json_value_t *envelope_context(const envelope_parts_t *parts, const char *name);

int envelope_duplicate_key(const envelope_parts_t *parts); /* in what is kept, or around it */
int envelope_truncated(const envelope_parts_t *parts);     /* arguments were left out */

#endif
