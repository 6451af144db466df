/* An exchange: one request to an audited site with its answer, as far as the module is concerned.
 * Made by the gate on the initial request, found again by every later hook. Lives in the request's
 * pool; touched by one thread at a time (httpd hands a request from thread to thread, never shares
 * it). */
#ifndef HTTPD_EXCHANGE_H
#define HTTPD_EXCHANGE_H

#include <httpd.h>

#include "httpd/config.h"
#include "odoo/call.h"
#include "odoo/reply.h"
#include "odoo/route.h"
#include "session/shown.h"
#include "session/table.h"
#include "settings/settings_file.h"
#include "trail/event.h"

typedef struct shown_gathered_t shown_gathered_t;

typedef struct exchange_t {
    request_rec *request;
    const site_t *site;
    const rules_t *rules; /* as they stood when the request came */
    const route_t *route;
    const char *path;     /* what goes upstream, decoded once as Odoo will */
    const char *raw_path; /* the same, as it goes upstream, without query */
    const char *query;    /* what goes upstream, without session carriers; may be NULL */
    const char *flags;    /* words for the column flags, or NULL */

    const char *cookie; /* session id as Odoo will find it; NULL: none. Never logged or stored */
    fingerprint_t fingerprint; /* of the cookie */
    char reference[SESSION_REFERENCE_SIZE];
    session_t session;       /* as the gate found it; state SESSION_FREE if it is not known */
    apr_time_t marked;       /* when everybody on the site was ended, as known when it came; or 0 */
    apr_uint32_t generation; /* of the session table, just before it was looked at */
    session_kind_t kind;     /* of the caller; one without a cookie is no SESSION_KIND_COOKIE */
    int ending;              /* Odoo is being asked to end the refused session */
    int hide_cookie;         /* a refused session on a page that it may see: Odoo gets no session */
    int hide_carriers;       /* the client sent carriers that this site does not take */
    int refused;             /* answered by us with 401 */

    call_reader_t *call_reader;
    const call_t *call;     /* once the body was read whole; NULL before */
    const char *login;      /* whom a login is for, once it was answered: as it says, or the step
                             * before it said; may be NULL */
    const char *model;      /* the call's, or of an import the one that it is for */
    int wanted;             /* the call's event is tracked */
    const char *old_values; /* JSON: what the session was last shown of what it writes, or NULL */
    shown_view_t *view; /* what the session was shown of the model; NULL: of no use, or not asked */
    shown_gathered_t *gathered; /* of an answer that shows records; NULL: of no use */
    event_t *event;             /* what stands in the journal so far; NULL: nothing yet */
    apr_uint64_t number;        /* in the journal, of the intent; 0: no intent was written */
    reply_reader_t *reply_reader;
    reply_head_t head;
    int concluded; /* the outcome is on record */
} exchange_t;

/* NULL for requests that are none of ours, subrequests included. */
exchange_t *exchange_of(request_rec *request);
exchange_t *exchange_create(request_rec *request, const site_t *site);

/* 1 if the session was ended since it was last looked at; it is then taken over. No system call. */
int exchange_ended(exchange_t *exchange);

/* 1 if the request has a key in its head: Odoo's own, or one of those that modules for REST ask
 * for. */
int exchange_has_key(const exchange_t *exchange);

/* ---- the way of a request; each is a hook or called from one ---- */

int gate_fixups(request_rec *request);        /* finds route and session, refuses */
int gate_other_backend(request_rec *request); /* handler: the same where it is not asked by HTTP */
int gate_upstream(request_rec *request);      /* mod_proxy's fixups: what Odoo may not get */
int refusal_handler(request_rec *request);    /* answers what the gate refused */
void exchange_insert_filters(request_rec *request);
int exchange_handler(request_rec *request); /* the intent of a request without a body */
int exchange_log(request_rec *request);     /* log_transaction: what is still open */

void body_filter_register(void);
void body_filter_insert(exchange_t *exchange);
/* mod_proxy_http puts a whole body into a temporary file before it asks for anything where a
 * content filter reads it, for such a filter may change its length (facts: A1). The body's filter
 * changes nothing: where it is the only one, it is made a filter of the protocol's, and the body
 * goes to Odoo as it comes. In the handler, once no module will insert filters any more. */
void body_filter_stream(request_rec *request);
void reply_filter_register(void);
void reply_filter_insert(exchange_t *exchange);

/* The body is over: decides what the call is and writes the intent. APR_SUCCESS, or why the
 * journal did not take it. */
apr_status_t record_intent(exchange_t *exchange, int complete);
/* 1 if Odoo must not get the call because the journal did not take its intent. */
int record_refuses(exchange_t *exchange, apr_status_t status);
/* The answer is known, or will never be: applies it to the session and writes the outcome. Only the
 * first call counts. */
void record_outcome(exchange_t *exchange, int complete);
/* Old values: what the session was shown of the records that it writes, in the call that was
 * read. */
void old_values_find(exchange_t *exchange);
/* The answer's head is known: whether it is worth gathering. */
void old_values_watch(exchange_t *exchange);
/* More of it; returns 1 once no more is wanted. */
int old_values_gather(exchange_t *exchange, const char *data, apr_size_t length);
void old_values_gathered(exchange_t *exchange); /* that was all of it */
/* With the outcome: keeps what was shown, and that what was written is shown no longer. */
void old_values_note(exchange_t *exchange, const reply_t *reply);
/* Asks the browser for its client hints, in the headers of a page that goes to it over TLS. */
void hints_ask(exchange_t *exchange);
/* What it sent of them, for the event. */
void hints_record(event_t *event, const request_rec *request);

/* An event of the module's own, about this exchange. operation is what it says; note a JSON text or
 * NULL. */
event_t *record_event(exchange_t *exchange, operation_t operation);
void record_session(event_t *event, const session_t *session);
void record_path(event_t *event, const exchange_t *exchange); /* without what it grants */
void record_note(event_t *event, const char *key, const char *text);

/* What the answer means for the session, before the outcome is written. Fills in who it was. */
void life_apply(exchange_t *exchange, const reply_t *reply, session_t *session);

/* Sends the 401 in mid-body, through the output filters; afterwards return AP_FILTER_ERROR. */
apr_status_t refusal_send_in_body(exchange_t *exchange);
void refusal_count(exchange_t *exchange);

/* ---- asking Odoo itself, with the client's own cookie, through the site's own proxy ---- */

#define QUESTION_ASK_AFTER apr_time_from_sec(5)
#define QUESTION_RIGHTS_FRESH apr_time_from_sec(60)
#define QUESTION_MAX_ANSWER (1024 * 1024)

void question_register(void);

/* Who is the session of this cookie? NULL if Odoo does not know it or did not answer; *answered
 * tells which. A Set-Cookie of Odoo's answer is handed on to the client. Blocks on Odoo. */
identity_t *question_who(request_rec *request, const char *cookie, int *answered);
/* Does the user of this cookie belong to the group (an external id)? */
int question_has_group(request_rec *request, const char *cookie, apr_int64_t uid,
                       const char *group);

/* Ends the session inside Odoo. 1 if Odoo answered. Its Set-Cookie is not handed on. */
int question_destroy(request_rec *request, const char *cookie);

/* ---- callers without a cookie ---- */

void caller_of_head(exchange_t *exchange); /* at the gate: a bearer key */
void caller_of_call(exchange_t *exchange); /* the body was read: user or key of a call by RPC */
int caller_refused(const exchange_t *exchange);

/* ---- open websockets of this child ---- */

void tunnel_note(exchange_t *exchange); /* before the handler; undone with the request */
void tunnel_cut_refused(void);          /* the child's own thread, when the generation moved */
void tunnel_child_init(apr_pool_t *pool);

/* A new version of the site's settings, as admin_request_t.change_settings promises. Blocks on
 * disk.
 */
apr_status_t rules_change(exchange_t *exchange, settings_record_t *record, apr_time_t expected,
                          const char *changes);

/* ---- the handlers user-audit-admin and user-audit-csv ---- */

int admin_handler(request_rec *request);
int admin_handler_claims(const request_rec *request); /* before mod_proxy can have it */

/* ---- ends that a person decides, each of this site alone. exchange: of the request that asks.
 * They hold on disk when they return APR_SUCCESS, and then at the next request in every child. Each
 * blocks on one fsync. note: why, in the person's words, or NULL ---- */

/* APR_NOTFOUND, where machines share a database only after two seconds. */
apr_status_t ending_one(exchange_t *exchange, const char *reference, session_reason_t reason,
                        const char *note);
/* Of user->site, database and uid, but for the one with the reference `except` (may be NULL). With
 * SESSION_REASON_OWNER programs are left alone, since a person cannot let them in again. Linear in
 * the number of sessions. */
apr_status_t ending_user(exchange_t *exchange, const session_t *user, const char *except,
                         session_reason_t reason, const char *note, int *count);
/* All that began until now, whether the table knows them or not, programs excepted. Constant time:
 * the keeper writes the single events later. */
apr_status_t ending_everybody(exchange_t *exchange, const char *note);
/* A program that was ended may call again. APR_NOTFOUND; APR_EINVAL if it is none, or not ended. */
apr_status_t ending_lift(exchange_t *exchange, const char *reference, const char *note);

/* UserAuditEndInOdoo: at a refused request, at most every ten seconds until Odoo has answered. */
void ending_in_odoo(exchange_t *exchange);

#endif
