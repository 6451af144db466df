/* Odoo's answers in JSON (facts A3, A7, D): the JSON-RPC envelope, error or result by its top-level
 * keys and nothing else, for `id` is whatever the client chose; or a bare result or error.
 * Streaming, bounded, one owner. */
#ifndef ODOO_REPLY_ENVELOPE_H
#define ODOO_REPLY_ENVELOPE_H

#include "odoo/call.h"
#include "odoo/identity.h"
#include "odoo/shown_values.h"

typedef struct reply_envelope_t reply_envelope_t;

typedef enum reply_shape_t {
    REPLY_SHAPE_JSONRPC,
    REPLY_SHAPE_IDENTITY,   /* the same, and the result is a session_info */
    REPLY_SHAPE_BARE,       /* the whole text is the result */
    REPLY_SHAPE_BARE_ERROR, /* the whole text is what `data` of an error is in JSON-RPC */
} reply_shape_t;

/* paths: of what is wanted of the result, or NULL. */
reply_envelope_t *reply_envelope_create(apr_pool_t *pool, reply_shape_t shape, result_ids_t paths);

/* To be called before the first feed: the answer is XML-RPC. Returns 0 if there is no memory. */
int reply_envelope_read_xml(reply_envelope_t *envelope, apr_pool_t *pool);

/* To be called before the first feed: tells of the records at that path of the result. */
void reply_envelope_watch(reply_envelope_t *envelope, apr_pool_t *pool, const char *path,
                          const reply_watcher_t *watcher);

/* Returns 1 when the rest cannot change anything. */
int reply_envelope_feed(reply_envelope_t *envelope, const char *data, apr_size_t length);

typedef enum reply_ending_t {
    REPLY_SUCCESS,    /* a result, or an envelope without one: the method answered None */
    REPLY_ERROR,      /* an error */
    REPLY_CUT,        /* over before either was seen */
    REPLY_UNREADABLE, /* no JSON-RPC envelope */
} reply_ending_t;

/* complete: the answer was not cut, or reply_envelope_feed returned 1. */
reply_ending_t reply_envelope_end(reply_envelope_t *envelope, int complete);

/* The result of a JSON-RPC answer is false. */
int reply_envelope_is_false(const reply_envelope_t *envelope);

/* A success without a result: Odoo's method returned None. Behind reply_envelope_end. */
int reply_envelope_is_none(const reply_envelope_t *envelope);

/* The whole of what was wanted of the result was seen; so it is where nothing was wanted. */
int reply_envelope_whole(const reply_envelope_t *envelope);

const char *reply_envelope_error_name(const reply_envelope_t *envelope); /* NULL: none told */
apr_int64_t reply_envelope_error_code(const reply_envelope_t *envelope);
const char *reply_envelope_ids(const reply_envelope_t *envelope);
int reply_envelope_failed(const reply_envelope_t *envelope); /* by a path that tells failure */
apr_int64_t reply_envelope_id_count(const reply_envelope_t *envelope); /* 0 if none were wanted */
identity_t *reply_envelope_identity(const reply_envelope_t *envelope);

#endif
