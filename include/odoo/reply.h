/* Reads how a call ended from Odoo's answer. Streaming and bounded. Pure; one owner. */
#ifndef ODOO_REPLY_H
#define ODOO_REPLY_H

#include <apr_pools.h>

#include "odoo/call.h"
#include "odoo/identity.h"
#include "odoo/operation.h"
#include "odoo/route.h"

/* Words of the column `flags`; CALL_FLAG_TRUNCATED is used here too. */
#define REPLY_FLAG_OPAQUE "opaque"           /* compressed, or no JSON where JSON was due */
#define REPLY_FLAG_NEW_SESSION "new_session" /* an error and a session all the same */

typedef struct reply_head_t {
    const char *method; /* of the request: a GET of a login page is no login; NULL is "POST" */
    int status;
    const char *content_type, *content_encoding, *content_disposition, *location;
    const char *set_session;  /* value of Set-Cookie session_id, NULL if the answer sets none */
    int session_cleared;      /* it deletes the cookie */
    int companies_cleared;    /* it deletes the cookie "cids", as logging somebody out does */
    const char *sent_session; /* session_id of the request, NULL if it had none */
    int credentials;          /* a session or a key came with it: who sent it may be somebody */
} reply_head_t;

typedef struct reply_t {
    outcome_t outcome;
    operation_t operation;    /* the call's, or what the answer made of it (login, login_failed) */
    const char *error;        /* Odoo's dotted exception name */
    const char *record_ids;   /* ids the answer told, NULL if none */
    apr_int64_t record_count; /* -1: the answer told none */
    const char *flags;        /* e.g. "truncated", "opaque"; NULL */
    identity_t *identity;     /* what Odoo states about the session, NULL if nothing */
    /* The identity check that Odoo asks for in place of what it was to do; 0: none, or not told. */
    apr_int64_t check_record;
    int devices_revoked; /* the call did so */
    int session_over;    /* Odoo does not know the session (code 100, 303 to /web/login); a
                          * logout says so by its operation */
    int logged_out;      /* the call did all it was to, and Odoo logged its session out with it */
    int authenticated;   /* the answer proves a session logged in: the one it sets if it sets
                          * one, else the one that was sent */
    int second_factor;   /* the password was right, a second factor is asked for */
} reply_t;

typedef struct reply_reader_t reply_reader_t;

/* call may be NULL (no body was read). wants_ids: 0 if nobody will look at record_ids. */
reply_reader_t *reply_reader_create(apr_pool_t *pool, const route_t *route, const call_t *call,
                                    const reply_head_t *head, int wants_ids);

/* Returns 1 when the rest of the answer cannot change the result: the caller may stop reading and
 * pass the rest on unseen. */
int reply_reader_feed(reply_reader_t *reader, const char *data, apr_size_t length);

/* `complete` 0 if the answer was cut before reply_reader_feed returned 1. */
const reply_t *reply_reader_finish(reply_reader_t *reader, int complete);

#endif
