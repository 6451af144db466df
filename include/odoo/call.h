/* Reads what a request asks Odoo to do. The body decides, never the URL (facts A2). Streaming and
 * bounded: however long the body and however it is cut, the same call comes out. It agrees with
 * Python about which call it is, or says "unparsed". Pure; one owner. */
#ifndef ODOO_CALL_H
#define ODOO_CALL_H

#include <apr_pools.h>

#include "odoo/operation.h"
#include "odoo/redact.h"
#include "odoo/route.h"
#include "odoo/track.h"

#define CALL_MAX_IDS 1000     /* ids kept of one call; record_count has the true number */
#define CALL_MAX_FIELDS 500   /* field names kept */
#define CALL_MAX_VALUES 65536 /* bytes of values kept */

/* Words of the column `flags`. */
#define CALL_FLAG_PATH_MISMATCH "path_mismatch"
#define CALL_FLAG_DUPLICATE_KEY "duplicate_key"
#define CALL_FLAG_UNPARSED "unparsed"
#define CALL_FLAG_TRUNCATED "truncated"
#define CALL_FLAG_MALFORMED "malformed"     /* a form that Odoo cannot read: only its URL counts */
#define CALL_FLAG_IDS_UNKNOWN "ids_unknown" /* Odoo made records and did not tell which */
#define CALL_FLAG_BODY_IGNORED "body_ignored" /* Odoo did not look at it (facts A7) */

typedef enum values_level_t { VALUES_NONE, VALUES_NAMES, VALUES_FULL } values_level_t;

/* `values` is what was written: an object, or an array of objects where the call carried a list.
 * Of any other call (operation call) it is an object of what was passed: "args" (positional ones
 * behind the ids that have no known name), each keyword, and active_model, active_id and
 * active_ids of the context. Of a copy it has the "copied" ids and the defaults that were given.
 * Ids of a shape that Odoo may or may not take stand in it as they came, under "$ids", and under
 * "$shown" the record that a save was asked to show in place of what it wrote. */
typedef struct call_t {
    operation_t operation; /* NONE: nothing to log whatever the outcome */
    const char *model;     /* NULL: none or unknown */
    const char *method;
    const char *record_ids;   /* "1 2 3", up to CALL_MAX_IDS; NULL: none known from the request */
    apr_int64_t record_count; /* -1: unknown */
    const char *fields;       /* names parted by a blank; NULL at VALUES_NONE */
    const char *values;       /* JSON, redacted, bounded; NULL at VALUES_NONE and _NAMES */
    const char *flags;        /* words parted by a blank, or NULL */
    const char *login, *database; /* what a login states; never a password */
    apr_int64_t uid;              /* what an RPC call states; 0 none */
    /* What an RPC call has as its password if it has the form of an API key, else NULL. A secret:
     * good for a fingerprint and nothing else. */
    const char *api_key;
    result_ids_t result_ids;
    /* Where the result has whole records with their "id", as the path of a result_ids_t without
     * it ("[]", "records[]"); NULL: nowhere. Only there are the values what Odoo had stored. */
    const char *shown;
    /* A call of another operation that nobody tracks, as the read that its answer is: where it
     * shows no records there was none. */
    int hidden_read;
    int may_show_none; /* the answer has records perhaps: without any nothing is known of them */
    /* base_import names its target only when its import record is made (facts A10): the target of
     * a create of one, and the record that a later import runs. */
    const char *import_model;  /* NULL: no such create */
    apr_int64_t import_record; /* 0: no such import */
    /* Odoo may ask who one is before it does something, and does it in the call that answers (facts
     * C9): the identity check that this call answers. */
    apr_int64_t check_record; /* 0: none */
    int revokes_devices;      /* it logs its user out elsewhere, unless it asks who one is first */
    int changes_password;     /* its user's own, with the same exception */
    int background; /* not a person's action although the route is personal (facts G 23) */
    /* 0: the body is no call we can read; operation is OPERATION_UNPARSED_CALL, flags has
     * "unparsed" and nothing else is set but what the path of /json/2 decides. */
    int parsed;
} call_t;

typedef struct call_reader_t call_reader_t;

/* What the head of a request says of its body. */
typedef struct call_request_t {
    const char *method;       /* NULL: POST */
    const char *path;         /* decoded (text/path.h) */
    const char *query;        /* NULL: none */
    const char *content_type; /* NULL: none */
    const char *referer;      /* NULL: none */
    int chunked;              /* a long body goes to Odoo without a Content-Length */
    int credentials;          /* a session or a key came with it: who sends it may be somebody */
    /* No values, and fields of a write only, are put together of a method of a model that it does
     * not want; if it wants reads of that model, a call that answers with records is a read. NULL:
     * it wants all. */
    const track_t *track;
} call_request_t;

/* A body of another content type than the route runs on is read all the same (facts A3: the server
 * decides; its answer tells). The request's texts are used by reference. */
call_reader_t *call_reader_create(apr_pool_t *pool, const route_t *route,
                                  const call_request_t *request, const redact_t *redact,
                                  values_level_t values);

void call_reader_feed(call_reader_t *reader, const char *data, apr_size_t length);

/* The call; `complete` 0 if the body was cut. Never NULL. Belongs to the reader's pool. */
const call_t *call_reader_finish(call_reader_t *reader, int complete);

#endif
