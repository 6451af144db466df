/* What Odoo's answers mean for sessions: they begin, get a name, change hands and end. Nothing here
 * believes the client: only Odoo's answer makes a session. */
#include <httpd.h>

#include <http_log.h>

#include <apr_strings.h>

#include "httpd/exchange.h"
#include "httpd/runtime.h"
#include "session/revocation.h"
#include "text/buffer.h"

APLOG_USE_MODULE(user_audit);

#define NOTE_LIMIT 4096

static void write_event(event_t *event)
{
    runtime_append(JOURNAL_EVENT, 0, event);
}

/* session_identified is hashed and proves the name that pages show for the session's other
 * events, so the identity stands in its values too. */
static void identity_note(event_t *event, const session_t *session)
{
    json_value_t *note = json_new_object(event->pool);
    buffer_t buffer;

    json_set(note, "uid", json_new_integer(event->pool, session->uid));
    json_set(note, "login", json_new_string(event->pool, session->login));
    json_set(note, "name", json_new_string(event->pool, session->name));
    json_set(note, "database", json_new_string(event->pool, session->database));
    buffer_init(&buffer, event->pool, NOTE_LIMIT);
    json_write(&buffer, note);
    event_set(event, EVENT_VALUES, buffer_string(&buffer));
}

static void copy_text(char *target, apr_size_t size, const char *text)
{
    apr_cpystrn(target, text ? text : "", size);
}

static session_t prototype(exchange_t *exchange, const fingerprint_t *fingerprint)
{
    session_t proto = {.state = SESSION_OPEN};

    proto.fingerprint = *fingerprint;
    fingerprint_reference(&runtime()->key, fingerprint, proto.reference);
    copy_text(proto.site, sizeof(proto.site), exchange->site->name);
    copy_text(proto.address, sizeof(proto.address), exchange->request->useragent_ip);
    proto.started = proto.last_action = proto.last_seen = exchange->request->request_time;
    proto.started_boot = proto.last_action_boot = boot_time_now();
    return proto;
}

/* Makes or re-opens the slot. 0 if the session may not be used: it was ended meanwhile. */
static int admit(exchange_t *exchange, const session_t *proto)
{
    session_t evicted = {0};
    int created = 0;
    apr_status_t status = session_table_admit(runtime()->sessions, proto, &created, &evicted);

    if (status == APR_ENOSPC) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, exchange->request,
                      "user_audit: the session table is full of ended sessions; new sessions are "
                      "audited but cannot be listed or ended: raise UserAuditMaxSessions");
    }
    if (status == APR_SUCCESS && created) {
        event_t *event = record_event(exchange, OPERATION_SESSION_STARTED);

        record_session(event, proto);
        write_event(event);
    }
    return status != APR_EACCES;
}

static void identify(exchange_t *exchange, const fingerprint_t *fingerprint,
                     const session_t *identity, session_t *session)
{
    int changed = 0;
    event_t *event;

    if (session_table_identify(runtime()->sessions, fingerprint, identity, &changed) !=
            APR_SUCCESS ||
        session_table_find(runtime()->sessions, fingerprint, session) != APR_SUCCESS || !changed ||
        !session->uid) {
        return;
    }
    event = record_event(exchange,
                         changed == 2 ? OPERATION_USER_CHANGED : OPERATION_SESSION_IDENTIFIED);
    record_session(event, session);
    identity_note(event, session);
    write_event(event);
}

static session_t confirmed(const identity_t *who, apr_time_t now)
{
    session_t identity = {.uid = (apr_int32_t)who->uid, .manager = who->is_system != 0};

    copy_text(identity.login, sizeof(identity.login), who->login);
    copy_text(identity.name, sizeof(identity.name), who->name);
    copy_text(identity.database, sizeof(identity.database), who->database);
    copy_text(identity.timezone, sizeof(identity.timezone), who->timezone);
    identity.rights_checked = now;
    return identity;
}

static session_t claimed(const call_t *call)
{
    session_t identity = {.provisional = 1};

    copy_text(identity.login, sizeof(identity.login), call->login);
    copy_text(identity.database, sizeof(identity.database), call->database);
    return identity;
}

static void end(exchange_t *exchange, session_reason_t reason)
{
    session_t before;

    session_table_end(runtime()->sessions, &exchange->fingerprint, SESSION_LOGGED_OUT, reason, NULL,
                      &before);
}

static void login(exchange_t *exchange, const reply_t *reply, const fingerprint_t *fingerprint,
                  session_t *session)
{
    session_t proto = prototype(exchange, fingerprint);

    if (exchange->cookie && !digest_equal(fingerprint, &exchange->fingerprint, DIGEST_SIZE)) {
        session_table_set_successor(runtime()->sessions, &exchange->fingerprint);
        end(exchange, SESSION_REASON_LOGOUT);
    }
    *session = proto;
    if (!admit(exchange, &proto)) {
        return;
    }
    if (!reply->identity && exchange->call && exchange->call->login) {
        session_t identity = claimed(exchange->call);

        identify(exchange, fingerprint, &identity, session);
    }
}

/* Odoo gives some sessions a new id while they are in use (the identity check before a password
 * change does, in every version). Who it is stays; an ended session stays ended under its new name.
 */
static void move(exchange_t *exchange, const fingerprint_t *fingerprint, session_t *session)
{
    session_t proto = prototype(exchange, fingerprint), before;
    int known =
        session_table_find(runtime()->sessions, &exchange->fingerprint, &before) == APR_SUCCESS;

    if (known && (before.state == SESSION_REVOKED || before.state == SESSION_EXPIRED)) {
        revocation_append(runtime()->revoked_file, &proto, before.reason, apr_time_now(),
                          exchange->request->pool);
        session_table_end(runtime()->sessions, fingerprint, SESSION_REVOKED, before.reason, &proto,
                          session);
        return;
    }
    if (!admit(exchange, &proto)) {
        return;
    }
    *session = proto;
    if (known) {
        identify(exchange, fingerprint, &before, session);
        end(exchange, SESSION_REASON_ODOO);
    }
}

static void use(exchange_t *exchange, session_t *session)
{
    if (exchange->session.state == SESSION_FREE || exchange->session.state == SESSION_LOGGED_OUT) {
        session_t proto = prototype(exchange, &exchange->fingerprint);

        if (!admit(exchange, &proto)) {
            return;
        }
        *session = proto;
    }
    if (exchange->route->personal) {
        session_table_count_call(runtime()->sessions, &exchange->fingerprint);
    }
}

static void session_over(exchange_t *exchange, session_t *session)
{
    event_t *event;

    if (exchange->session.state != SESSION_OPEN) {
        return;
    }
    end(exchange, SESSION_REASON_ODOO);
    event = record_event(exchange, OPERATION_SESSION_EXPIRED);
    record_session(event, session);
    record_note(event, "reason", session_reason_name(SESSION_REASON_ODOO));
    write_event(event);
}

/* The session that the answer is about: the one it sets if it sets another, else the request's. */
static int subject(exchange_t *exchange, fingerprint_t *fingerprint)
{
    const reply_head_t *head = &exchange->head;

    if (head->set_session && !head->session_cleared) {
        fingerprint_of_cookie(&runtime()->key, exchange->site->name, head->set_session,
                              fingerprint);
        return 1;
    }
    *fingerprint = exchange->fingerprint;
    return exchange->cookie != NULL && !exchange->hide_cookie;
}

static int names_somebody(const reply_t *reply)
{
    return reply->identity && reply->identity->uid > 0 && !reply->identity->frontend;
}

void life_apply(exchange_t *exchange, const reply_t *reply, session_t *session)
{
    fingerprint_t fingerprint;
    int moved;

    if (!subject(exchange, &fingerprint)) {
        return;
    }
    moved = !exchange->cookie || exchange->hide_cookie ||
            !digest_equal(&fingerprint, &exchange->fingerprint, DIGEST_SIZE);
    if (reply->operation == OPERATION_LOGIN && reply->outcome == OUTCOME_SUCCESS) {
        login(exchange, reply, &fingerprint, session);
    }
    else if (reply->operation == OPERATION_LOGOUT && reply->outcome == OUTCOME_SUCCESS) {
        if (exchange->session.state == SESSION_OPEN) {
            end(exchange, SESSION_REASON_LOGOUT);
        }
        return;
    }
    else if (reply->session_over) {
        session_over(exchange, session);
        return;
    }
    else if (reply->authenticated && moved) {
        move(exchange, &fingerprint, session);
    }
    else if (reply->authenticated) {
        use(exchange, session);
    }
    if (names_somebody(reply)) {
        session_t identity = confirmed(reply->identity, exchange->request->request_time);

        identify(exchange, &fingerprint, &identity, session);
    }
}

static void write_revoked(exchange_t *exchange, const session_t *ended, session_reason_t reason,
                          const char *text)
{
    event_t *event = record_event(exchange, OPERATION_SESSION_REVOKED);
    json_value_t *note = json_new_object(event->pool);
    buffer_t buffer;

    record_session(event, ended);
    json_set(note, "reason", json_new_string(event->pool, session_reason_name(reason)));
    json_set(note, "by", json_new_string(event->pool, exchange->session.login));
    json_set(note, "by_session", json_new_string(event->pool, exchange->session.reference));
    if (text && *text) {
        json_set(note, "note", json_new_string(event->pool, text));
    }
    buffer_init(&buffer, event->pool, NOTE_LIMIT);
    json_write(&buffer, note);
    event_set(event, EVENT_VALUES, buffer_string(&buffer));
    write_event(event);
}

apr_status_t life_revoke(exchange_t *exchange, const char *reference, session_reason_t reason,
                         const char *note)
{
    session_t session, ended;
    apr_status_t status = session_table_find_reference(runtime()->sessions, reference, &session);

    if (status != APR_SUCCESS || strcmp(session.site, exchange->site->name)) {
        return APR_NOTFOUND;
    }
    /* Disk before memory: what a person has been told holds over every kind of restart. */
    status = revocation_append(runtime()->revoked_file, &session, reason, apr_time_now(),
                               exchange->request->pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = session_table_end(runtime()->sessions, &session.fingerprint, SESSION_REVOKED, reason,
                               &session, &ended);
    if (status == APR_SUCCESS && ended.state != SESSION_REVOKED) {
        write_revoked(exchange, &session, reason, note);
    }
    return status;
}
