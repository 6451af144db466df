/* What Odoo's answers mean for sessions: they begin, get a name, change hands and end. Nothing here
 * believes the client: only Odoo's answer makes a session. */
#include <httpd.h>

#include <http_log.h>

#include <apr_strings.h>

#include "httpd/exchange.h"
#include "httpd/limits.h"
#include "httpd/runtime.h"
#include "life.h"
#include "text/buffer.h"

APLOG_USE_MODULE(user_audit);

#define NOTE_LIMIT 4096

static void write_event(event_t *event)
{
    runtime_append(JOURNAL_EVENT, 0, event);
}

/* session_identified is hashed and proves the name that pages show for the session's other
 * events, so the identity stands in its values too, with what Odoo says of its rights. */
static void identity_note(event_t *event, const session_t *session, const char *continues)
{
    json_value_t *note = json_new_object(event->pool);
    buffer_t buffer;

    json_set(note, "uid", json_new_integer(event->pool, session->uid));
    json_set(note, "login", json_new_string(event->pool, session->login));
    json_set(note, "name", json_new_string(event->pool, session->name));
    json_set(note, "database", json_new_string(event->pool, session->database));
    if (session->kind == SESSION_KIND_COOKIE) {
        json_set(note, "manager", json_new_boolean(event->pool, session->manager));
    }
    if (continues) {
        json_set(note, "continues", json_new_string(event->pool, continues));
    }
    buffer_init(&buffer, event->pool, NOTE_LIMIT);
    json_write(&buffer, note);
    event_set(event, EVENT_VALUES, buffer_string(&buffer));
}

static void copy_text(char *target, apr_size_t size, const char *text)
{
    apr_cpystrn(target, text ? text : "", size);
}

session_t life_prototype(exchange_t *exchange, const fingerprint_t *fingerprint,
                         session_kind_t kind)
{
    session_t proto = {.state = SESSION_OPEN, .kind = (apr_byte_t)kind};

    proto.fingerprint = *fingerprint;
    fingerprint_reference(&runtime()->key, fingerprint, proto.reference);
    copy_text(proto.site, sizeof(proto.site), exchange->site->name);
    copy_text(proto.address, sizeof(proto.address), exchange->request->useragent_ip);
    proto.started = proto.last_action = proto.last_seen = exchange->request->request_time;
    proto.started_boot = proto.last_action_boot = boot_time_now();
    if (kind == SESSION_KIND_COOKIE && proto.started < exchange->marked) {
        proto.started = exchange->marked; /* the clock was set back: this request came later */
    }
    return proto;
}

int life_admit(exchange_t *exchange, const session_t *proto)
{
    session_t evicted = {0};
    int created = 0;
    apr_status_t status = session_table_admit(runtime()->sessions, proto, &created, &evicted);

    if (status == APR_ENOSPC && session_table_tell_full(runtime()->sessions)) {
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

void life_identify(exchange_t *exchange, const fingerprint_t *fingerprint,
                   const session_t *identity, const char *continues, session_t *session)
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
    identity_note(event, session, continues);
    write_event(event);
    ending_limit(exchange, session);
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

static session_t claimed(const exchange_t *exchange)
{
    session_t identity = {.provisional = 1};

    copy_text(identity.login, sizeof(identity.login), exchange->login);
    copy_text(identity.database, sizeof(identity.database),
              exchange->call ? exchange->call->database : NULL);
    return identity;
}

/* 1 if it was open until now. */
static int end(exchange_t *exchange, session_reason_t reason)
{
    session_t before;

    return session_table_end(runtime()->sessions, &exchange->fingerprint, SESSION_LOGGED_OUT,
                             reason, NULL, &before) == APR_SUCCESS &&
           before.state == SESSION_OPEN;
}

static void end_and_tell(exchange_t *exchange, const session_t *session, session_reason_t reason)
{
    event_t *event;

    if (!end(exchange, reason)) {
        return;
    }
    event = record_event(exchange, OPERATION_SESSION_EXPIRED);
    record_session(event, session);
    record_note(event, "reason", session_reason_name(reason));
    write_event(event);
}

/* An id of Odoo 18 or 19 of which only the gated half is right is not the session's own: the other
 * half was renewed long ago, or is made up. Odoo takes it for somebody who is not logged in. */
static int is_own_id(const exchange_t *exchange)
{
    return session_table_is_current(runtime()->sessions, &exchange->fingerprint,
                                    fingerprint_rest(exchange->cookie));
}

static void login(exchange_t *exchange, const reply_t *reply, const fingerprint_t *fingerprint,
                  session_t *session)
{
    session_t proto = life_prototype(exchange, fingerprint, SESSION_KIND_COOKIE);

    if (exchange->cookie && !digest_equal(fingerprint, &exchange->fingerprint, DIGEST_SIZE) &&
        is_own_id(exchange)) {
        session_table_set_successor(runtime()->sessions, &exchange->fingerprint);
        end_and_tell(exchange, &exchange->session, SESSION_REASON_LOGOUT);
    }
    *session = proto;
    if (!life_admit(exchange, &proto)) {
        return;
    }
    if (!reply->identity && exchange->login) {
        session_t identity = claimed(exchange);

        life_identify(exchange, fingerprint, &identity, NULL, session);
    }
}

/* Odoo gives some sessions a new id while they are in use (the identity check before a password
 * change does, in every version). Who it is and since when stays; an ended session stays ended
 * under its new name. */
static void move(exchange_t *exchange, const fingerprint_t *fingerprint, session_t *session)
{
    session_t proto = life_prototype(exchange, fingerprint, SESSION_KIND_COOKIE), before;
    int known =
        session_table_find(runtime()->sessions, &exchange->fingerprint, &before) == APR_SUCCESS;

    if (known) {
        proto.started = before.started;
        proto.started_boot = before.started_boot;
    }
    if (known && limits_refuse(exchange->site, &before)) {
        ending_unseen(exchange, &proto,
                      before.state == SESSION_OPEN ? SESSION_REASON_MANAGER
                                                   : (session_reason_t)before.reason);
        return;
    }
    if (!life_admit(exchange, &proto)) {
        return;
    }
    *session = proto;
    if (known) {
        life_identify(exchange, fingerprint, &before, before.reference, session);
        end_and_tell(exchange, &before, SESSION_REASON_ODOO);
    }
}

static void use(exchange_t *exchange, session_t *session)
{
    if (exchange->session.state == SESSION_FREE || exchange->session.state == SESSION_LOGGED_OUT) {
        session_t proto = life_prototype(exchange, &exchange->fingerprint, SESSION_KIND_COOKIE);

        /* Nobody saw it begin, so it counts as one from before everybody was ended. */
        if (session_table_marked(runtime()->sessions, &exchange->site->mark)) {
            ending_unseen(exchange, &proto, SESSION_REASON_MANAGER);
            *session = proto;
            return;
        }
        if (!life_admit(exchange, &proto)) {
            return;
        }
        *session = proto;
    }
    if (exchange->route->personal) {
        const char *renewed = exchange->head.session_cleared ? NULL : exchange->head.set_session;

        session_table_count_call(runtime()->sessions, &exchange->fingerprint,
                                 fingerprint_rest(renewed ? renewed : exchange->cookie));
    }
}

static void session_over(exchange_t *exchange, const session_t *session, session_reason_t reason)
{
    if (exchange->session.state == SESSION_OPEN && is_own_id(exchange)) {
        end_and_tell(exchange, session, reason);
    }
}

int life_subject(const exchange_t *exchange, fingerprint_t *fingerprint)
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

    if (exchange->kind != SESSION_KIND_COOKIE || exchange->route->flags & ROUTE_SESSIONLESS) {
        caller_settle(exchange, reply, session);
        return;
    }
    if (!life_subject(exchange, &fingerprint)) {
        return;
    }
    moved = !exchange->cookie || exchange->hide_cookie ||
            !digest_equal(&fingerprint, &exchange->fingerprint, DIGEST_SIZE);
    if (reply->operation == OPERATION_LOGIN && reply->outcome == OUTCOME_SUCCESS) {
        login(exchange, reply, &fingerprint, session);
    }
    else if (reply->operation == OPERATION_LOGOUT && reply->outcome == OUTCOME_SUCCESS) {
        if (exchange->session.state == SESSION_OPEN && is_own_id(exchange)) {
            end(exchange, SESSION_REASON_LOGOUT);
        }
        return;
    }
    else if (reply->session_over || reply->logged_out) {
        session_over(exchange, session,
                     reply->logged_out ? SESSION_REASON_LOGOUT : SESSION_REASON_ODOO);
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

        life_identify(exchange, &fingerprint, &identity, NULL, session);
    }
}
