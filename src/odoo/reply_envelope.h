/* The JSON-RPC envelope of Odoo's answers (facts A3, D): error or result, by its top-level keys and
 * nothing else, for `id` is whatever the client chose. Streaming, bounded, one owner. */
#ifndef ODOO_REPLY_ENVELOPE_H
#define ODOO_REPLY_ENVELOPE_H

#include "odoo/call.h"
#include "odoo/identity.h"

typedef struct reply_envelope_t reply_envelope_t;

/* paths: of ids wanted from the result, or NULL. identity: the result is a session_info. */
reply_envelope_t *reply_envelope_create(apr_pool_t *pool, result_ids_t paths, int identity);

/* To be called before the first feed: the answer is XML-RPC. Returns 0 if there is no memory. */
int reply_envelope_read_xml(reply_envelope_t *envelope, apr_pool_t *pool);

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

/* The whole of what was wanted of the result was seen; so it is where nothing was wanted. */
int reply_envelope_whole(const reply_envelope_t *envelope);

const char *reply_envelope_error_name(const reply_envelope_t *envelope); /* NULL: none told */
apr_int64_t reply_envelope_error_code(const reply_envelope_t *envelope);
const char *reply_envelope_ids(const reply_envelope_t *envelope);
apr_int64_t reply_envelope_id_count(const reply_envelope_t *envelope); /* 0 if none were wanted */
identity_t *reply_envelope_identity(const reply_envelope_t *envelope);

#endif
