/* Ends that a person or a limit decides: on disk first, then in shared memory, then in the trail.
 * What a person has been told holds over every kind of restart. */
#include <httpd.h>

#include <http_log.h>

#include <apr_strings.h>

#include "httpd/exchange.h"
#include "httpd/limits.h"
#include "httpd/runtime.h"
#include "life.h"
#include "session/revocation.h"
#include "text/buffer.h"

APLOG_USE_MODULE(user_audit);

#define NOTE_LIMIT 4096
#define MAX_AT_ONCE 4096 /* sessions of one user that one request ends */
#define HEARSAY apr_time_from_sec(2)
#define HEARSAY_STEP apr_time_from_msec(100)
#define ODOO_GAP apr_time_from_sec(10)

/* ---- the trail ---- */

static void write_event(exchange_t *exchange, operation_t operation, const session_t *session,
                        session_reason_t reason, const char *text)
{
    event_t *event = record_event(exchange, operation);
    json_value_t *note = json_new_object(event->pool);
    buffer_t buffer;

    record_session(event, session);
    json_set(note, "reason", json_new_string(event->pool, session_reason_name(reason)));
    if (reason == SESSION_REASON_MANAGER || reason == SESSION_REASON_OWNER) {
        json_set(note, "by", json_new_string(event->pool, exchange->session.login));
        json_set(note, "by_session", json_new_string(event->pool, exchange->session.reference));
    }
    if (text && *text) {
        json_set(note, "note", json_new_string(event->pool, text));
    }
    buffer_init(&buffer, event->pool, NOTE_LIMIT);
    json_write(&buffer, note);
    event_set(event, EVENT_VALUES, buffer_string(&buffer));
    runtime_append(JOURNAL_EVENT, 0, event);
}

/* ---- sessions of one site ---- */

static void set_revoked(session_t *session, session_reason_t reason, apr_time_t now)
{
    session->state = SESSION_REVOKED;
    session->reason = (apr_byte_t)reason;
    session->ended = now;
    session->elsewhere = 0;
}

/* The keeper puts into force what it finds on disk, for the sake of the command user-audit, and may
 * be there first while this child still forces the line to disk: it is this child's to tell then.
 */
static int is_own_end(const session_t *before, const session_t *own)
{
    return before->state != SESSION_REVOKED ||
           (before->ended == own->ended && before->reason == own->reason);
}

/* All or, where the disk fails, none that anybody was told of. */
static apr_status_t end_all(exchange_t *exchange, const apr_array_header_t *sessions,
                            operation_t operation, session_reason_t reason, const char *note)
{
    session_t *list = (session_t *)sessions->elts;
    apr_time_t now = apr_time_now();
    apr_status_t status;

    for (int i = 0; i < sessions->nelts; i++) {
        set_revoked(&list[i], reason, now);
    }
    status = revocation_append_all(runtime()->revoked_file, list, sessions->nelts,
                                   exchange->request->pool);
    for (int i = 0; i < sessions->nelts && status == APR_SUCCESS; i++) {
        session_t before;

        status = session_table_end(runtime()->sessions, &list[i].fingerprint, SESSION_REVOKED,
                                   reason, &list[i], &before);
        if (status == APR_SUCCESS && is_own_end(&before, &list[i])) {
            write_event(exchange, operation, &list[i], reason, note);
        }
    }
    return status;
}

static apr_status_t find(exchange_t *exchange, const char *reference, session_t *session)
{
    apr_status_t status = session_table_find_reference(runtime()->sessions, reference, session);

    return status == APR_SUCCESS && !strcmp(session->site, exchange->site->name) ? APR_SUCCESS
                                                                                 : APR_NOTFOUND;
}

/* A page may know a session of another machine a moment before this one's table does. */
static apr_status_t find_shared(exchange_t *exchange, const char *reference, session_t *session)
{
    apr_time_t until = apr_time_now() + HEARSAY;
    apr_status_t status = find(exchange, reference, session);

    while (status == APR_NOTFOUND && config_shared(runtime()->installation) &&
           apr_time_now() < until) {
        apr_sleep(HEARSAY_STEP);
        status = find(exchange, reference, session);
    }
    return status;
}

apr_status_t ending_one(exchange_t *exchange, const char *reference, session_reason_t reason,
                        const char *note)
{
    apr_array_header_t *one = apr_array_make(exchange->request->pool, 1, sizeof(session_t));
    apr_status_t status = find_shared(exchange, reference, &APR_ARRAY_PUSH(one, session_t));

    return status == APR_SUCCESS ? end_all(exchange, one, OPERATION_SESSION_REVOKED, reason, note)
                                 : status;
}

/* ---- sessions of one user ---- */

typedef struct gathering_t {
    apr_array_header_t *sessions; /* session_t */
    const char *except;           /* a reference, or NULL */
    int cookies_only;
} gathering_t;

static int gather(void *payload, const session_t *session)
{
    gathering_t *gathering = payload;

    if ((!gathering->cookies_only || session->kind == SESSION_KIND_COOKIE) &&
        (!gathering->except || strcmp(gathering->except, session->reference))) {
        APR_ARRAY_PUSH(gathering->sessions, session_t) = *session;
    }
    return gathering->sessions->nelts >= MAX_AT_ONCE;
}

static gathering_t gathering_of(exchange_t *exchange, const session_t *user, const char *except,
                                int cookies_only)
{
    gathering_t gathering = {apr_array_make(exchange->request->pool, 16, sizeof(session_t)), except,
                             cookies_only};

    session_table_each_of_user(runtime()->sessions, user, gather, &gathering);
    return gathering;
}

apr_status_t ending_user(exchange_t *exchange, const session_t *user, const char *except,
                         session_reason_t reason, const char *note, int *count)
{
    int cookies_only = reason == SESSION_REASON_OWNER;
    gathering_t gathering = gathering_of(exchange, user, except, cookies_only);
    apr_status_t status =
        end_all(exchange, gathering.sessions, OPERATION_SESSION_REVOKED, reason, note);

    *count = status == APR_SUCCESS ? gathering.sessions->nelts : 0;
    return status;
}

static int oldest_first(const void *left, const void *right)
{
    const session_t *first = left, *second = right;

    /* By the clock that nobody sets. */
    if (first->started_boot != second->started_boot) {
        return first->started_boot < second->started_boot ? -1 : 1;
    }
    return memcmp(&first->fingerprint, &second->fingerprint, sizeof(first->fingerprint));
}

void ending_limit(exchange_t *exchange, const session_t *newcomer)
{
    int most = exchange->rules->user_sessions;
    gathering_t gathering;
    apr_status_t status;

    if (!most || newcomer->state != SESSION_OPEN || newcomer->kind != SESSION_KIND_COOKIE ||
        !newcomer->uid) {
        return;
    }
    gathering = gathering_of(exchange, newcomer, NULL, 1);
    if (gathering.sessions->nelts <= most) {
        return;
    }
    qsort(gathering.sessions->elts, (size_t)gathering.sessions->nelts, sizeof(session_t),
          oldest_first);
    gathering.sessions->nelts -= most;
    status = end_all(exchange, gathering.sessions, OPERATION_SESSION_LIMITED, SESSION_REASON_LIMIT,
                     NULL);
    if (status != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, status, exchange->request,
                      "user_audit: a session beyond UserAuditMaxUserSessions could not be ended: "
                      "%s cannot be written, or the session table is full",
                      runtime()->revoked_file);
    }
}

/* ---- everybody ---- */

apr_status_t ending_everybody(exchange_t *exchange, const char *note)
{
    session_t mark = {.kind = SESSION_KIND_MARK, .fingerprint = exchange->site->mark};
    apr_time_t now = apr_time_now(), latest = session_table_latest(runtime()->sessions);
    apr_status_t status;

    apr_cpystrn(mark.site, exchange->site->name, sizeof(mark.site));
    mark.started = mark.last_seen = now;
    /* Where the clock was set back, some began at a time that is yet to come. */
    set_revoked(&mark, SESSION_REASON_MANAGER, (now > latest ? now : latest) + 1);
    status = revocation_append_all(runtime()->revoked_file, &mark, 1, exchange->request->pool);
    if (status == APR_SUCCESS) {
        status = session_table_mark(runtime()->sessions, &mark);
    }
    if (status == APR_SUCCESS) {
        session_t nobody = {0};

        write_event(exchange, OPERATION_SESSION_REVOKED, &nobody, SESSION_REASON_MANAGER,
                    note && *note ? apr_pstrcat(exchange->request->pool, "everybody: ", note, NULL)
                                  : "everybody");
    }
    return status;
}

void ending_unseen(exchange_t *exchange, session_t *session, session_reason_t reason)
{
    apr_array_header_t *one = apr_array_make(exchange->request->pool, 1, sizeof(session_t));

    APR_ARRAY_PUSH(one, session_t) = *session;
    end_all(exchange, one, OPERATION_SESSION_REVOKED, reason, NULL);
    *session = APR_ARRAY_IDX(one, 0, session_t);
}

/* ---- a program may call again ---- */

/* The keeper may have found it on disk first, as in is_own_end. */
static apr_status_t lift(const session_t *session, session_t *lifted)
{
    session_table_t *sessions = runtime()->sessions;
    apr_status_t status =
        session_table_lift(sessions, &session->fingerprint, session->started, lifted);

    return status == APR_EINVAL &&
                   session_table_find(sessions, &session->fingerprint, lifted) == APR_SUCCESS &&
                   lifted->state == SESSION_OPEN && lifted->started == session->started
               ? APR_SUCCESS
               : status;
}

apr_status_t ending_lift(exchange_t *exchange, const char *reference, const char *note)
{
    session_t session, lifted;
    apr_status_t status = find(exchange, reference, &session);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (session.state != SESSION_REVOKED || session.kind == SESSION_KIND_COOKIE) {
        return APR_EINVAL;
    }
    session.state = SESSION_OPEN;
    session.reason = SESSION_REASON_NONE;
    session.started = apr_time_now() > session.ended ? apr_time_now() : session.ended + 1;
    session.ended = 0;
    status = revocation_append_all(runtime()->revoked_file, &session, 1, exchange->request->pool);
    if (status == APR_SUCCESS) {
        status = lift(&session, &lifted);
    }
    if (status == APR_SUCCESS) {
        write_event(exchange, OPERATION_SESSION_LIFTED, &lifted, SESSION_REASON_MANAGER, note);
    }
    return status;
}

/* ---- inside Odoo ---- */

/* Its cookie is at hand only when somebody sends it once more. */
void ending_in_odoo(exchange_t *exchange)
{
    runtime_t *self = runtime();

    if (!exchange->site->end_in_odoo || !exchange->cookie ||
        !session_table_claim_odoo_end(self->sessions, &exchange->fingerprint, apr_time_now(),
                                      ODOO_GAP)) {
        return;
    }
    exchange->ending = 1;
    if (question_destroy(exchange->request, exchange->cookie)) {
        session_table_odoo_ended(self->sessions, &exchange->fingerprint);
    }
    exchange->ending = 0;
}
