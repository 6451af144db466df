/* From an exchange to events: the intent before Odoo gets the call, the outcome after its answer.
 */
#include <httpd.h>

#include <http_log.h>

#include <apr_strings.h>

#include "httpd/exchange.h"
#include "httpd/runtime.h"
#include "life.h"
#include "text/json_value.h"

APLOG_USE_MODULE(user_audit);

#define NOTE_LIMIT 4096
#define OWN_PASSWORD "change_password" /* as against those that revoke devices */
#define V4_MAPPED "::ffff:"

/* ::ffff:192.0.2.1 is 192.0.2.1 that came in on an IPv6 socket. */
static const char *plain_address(const char *address)
{
    return address && !strncasecmp(address, V4_MAPPED, sizeof(V4_MAPPED) - 1) &&
                   strchr(address, '.')
               ? address + sizeof(V4_MAPPED) - 1
               : address;
}

event_t *record_event(exchange_t *exchange, operation_t operation)
{
    request_rec *request = exchange->request;
    event_t *event = event_create(request->pool);

    event_set_time(event, EVENT_TIME, request->request_time);
    event_set(event, EVENT_SITE, exchange->site->name);
    event_set(event, EVENT_IP, plain_address(request->useragent_ip));
    event_set(event, EVENT_PEER_IP, plain_address(request->connection->client_ip));
    event_set(event, EVENT_USER_AGENT, apr_table_get(request->headers_in, "User-Agent"));
    hints_record(event, request);
    event_set_kept(event, EVENT_OPERATION, operation_name(operation));
    if (operation_by_module(operation)) {
        event_set_kept(event, EVENT_CHANNEL, "module");
        event_set_kept(event, EVENT_OUTCOME, outcome_name(OUTCOME_SUCCESS));
    }
    return event;
}

void record_session(event_t *event, const session_t *session)
{
    event_set(event, EVENT_SESSION, session->reference);
    if (session->uid) {
        event_set_integer(event, EVENT_UID, session->uid);
        event_set(event, EVENT_USER, session->name);
    }
    if (*session->login) {
        event_set(event, EVENT_LOGIN, session->login);
    }
    if (*session->database) {
        event_set(event, EVENT_DATABASE, session->database);
    }
}

void record_path(event_t *event, const exchange_t *exchange)
{
    event_set(event, EVENT_PATH,
              redact_path(event->pool, exchange->rules->redact, exchange->raw_path));
}

void record_note(event_t *event, const char *key, const char *text)
{
    json_value_t *note = json_new_object(event->pool);
    buffer_t buffer;

    json_set(note, key, json_new_string(event->pool, text));
    buffer_init(&buffer, event->pool, NOTE_LIMIT);
    json_write(&buffer, note);
    event_set(event, EVENT_VALUES, buffer_string(&buffer));
}

/* ---- the intent ---- */

static void set_flags(event_t *event, apr_pool_t *pool, const char *flags)
{
    char *state;

    if (!flags) {
        return;
    }
    for (char *word = apr_strtok(apr_pstrdup(pool, flags), " ", &state); word;
         word = apr_strtok(NULL, " ", &state)) {
        event_add_flag(event, word);
    }
}

static void set_call(event_t *event, const exchange_t *exchange, const call_t *call)
{
    event_set(event, EVENT_MODEL, exchange->model);
    event_set(event, EVENT_METHOD, call->method);
    event_set_kept(event, EVENT_RECORD_IDS, call->record_ids);
    if (call->record_count >= 0) {
        event_set_integer(event, EVENT_RECORD_COUNT, call->record_count);
    }
    if (exchange->route->flags & ROUTE_ABOUT_USER && exchange->session.uid > 0) {
        event_set(event, EVENT_RECORD_IDS, apr_psprintf(event->pool, "%d", exchange->session.uid));
        event_set_integer(event, EVENT_RECORD_COUNT, 1);
    }
    event_set(event, EVENT_FIELDS, call->fields);
    event_set_kept(event, EVENT_VALUES, call->values);
    event_set_kept(event, EVENT_OLD_VALUES, exchange->old_values);
    if (call->login) {
        event_set(event, EVENT_LOGIN, call->login);
    }
    if (call->database) {
        event_set(event, EVENT_DATABASE, call->database);
    }
    if (call->uid > 0) {
        event_set_integer(event, EVENT_UID, call->uid);
    }
    set_flags(event, exchange->request->pool, call->flags);
}

/* A login is for whom it names, whoever's session it is tried in. */
static void set_person(event_t *event, const exchange_t *exchange, operation_t operation,
                       const session_t *session, outcome_t outcome)
{
    int login = operation == OPERATION_LOGIN || operation == OPERATION_LOGIN_FAILED;

    record_session(event, session);
    if (login && outcome != OUTCOME_SUCCESS) {
        event_set(event, EVENT_UID, NULL);
        event_set(event, EVENT_USER, NULL);
        event_set(event, EVENT_LOGIN, exchange->login);
    }
}

static event_t *call_event(exchange_t *exchange, operation_t operation)
{
    event_t *event = record_event(exchange, operation);

    event_set_kept(event, EVENT_CHANNEL, exchange->route->channel);
    event_set(event, EVENT_OUTCOME, NULL);
    record_path(event, exchange);
    if (exchange->session.state == SESSION_OPEN) {
        set_person(event, exchange, operation, &exchange->session, OUTCOME_UNKNOWN);
    }
    if (exchange->call) {
        set_call(event, exchange, exchange->call);
    }
    if (exchange->login) {
        event_set(event, EVENT_LOGIN, exchange->login);
    }
    set_flags(event, exchange->request->pool, exchange->flags);
    return event;
}

/* ---- what one call says about a later one, where it is not said again ---- */

static fingerprint_t memory_owner(const exchange_t *exchange)
{
    const call_t *call = exchange->call;
    fingerprint_t owner = exchange->fingerprint;

    if (!exchange->cookie && exchange->kind == SESSION_KIND_COOKIE) {
        fingerprint_of_user(&runtime()->key, exchange->site->name,
                            call->database ? call->database : "", call->uid, &owner);
    }
    return owner;
}

static const char *recall(const exchange_t *exchange, recall_kind_t kind, apr_int64_t record)
{
    fingerprint_t owner = memory_owner(exchange);
    char text[RECALL_TEXT_SIZE];

    return recall_find(runtime()->recall, &owner, kind, record, text)
               ? apr_pstrdup(exchange->request->pool, text)
               : NULL;
}

/* Of an import unknown is better than wrong: what it made are no import records. */
static const char *final_model(const exchange_t *exchange)
{
    const call_t *call = exchange->call;

    return call->import_record ? recall(exchange, RECALL_IMPORT, call->import_record) : call->model;
}

/* A second factor's form names nobody. */
static const char *tried_login(const exchange_t *exchange)
{
    if (exchange->call && exchange->call->login) {
        return exchange->call->login;
    }
    return exchange->route->kind == ROUTE_TOTP && exchange->cookie && !exchange->hide_cookie
               ? recall(exchange, RECALL_LOGIN, 0)
               : NULL;
}

/* The method that runs as the call's check of identity succeeds; NULL: none that matters. */
static const char *checked_method(const exchange_t *exchange)
{
    return exchange->call && exchange->call->check_record
               ? recall(exchange, RECALL_CHECK, exchange->call->check_record)
               : NULL;
}

static void remember(const exchange_t *exchange, const reply_t *reply)
{
    const call_t *call = exchange->call;
    fingerprint_t owner;

    if (!call) {
        return;
    }
    owner = memory_owner(exchange);
    if (call->import_model && reply->outcome == OUTCOME_SUCCESS && reply->record_ids) {
        recall_note(runtime()->recall, &owner, RECALL_IMPORT, apr_atoi64(reply->record_ids),
                    call->import_model);
    }
    if (reply->check_record) {
        recall_note(runtime()->recall, &owner, RECALL_CHECK, reply->check_record, call->method);
    }
    if (reply->second_factor && call->login && life_subject(exchange, &owner)) {
        recall_note(runtime()->recall, &owner, RECALL_LOGIN, 0, call->login);
    }
}

/* An event of its own behind the call's, which may have been about something else. */
static void record_checked(exchange_t *exchange, const reply_t *reply, const session_t *session)
{
    const char *method = reply->devices_revoked ? exchange->call->method : checked_method(exchange);
    event_t *event;

    if (!method || reply->outcome != OUTCOME_SUCCESS) {
        return;
    }
    event = record_event(exchange, strcmp(method, OWN_PASSWORD) == 0 ? OPERATION_PASSWORD_CHANGED
                                                                     : OPERATION_DEVICES_REVOKED);
    if (session->state != SESSION_FREE) {
        record_session(event, session);
    }
    else if (exchange->call->uid > 0) {
        event_set_integer(event, EVENT_UID, exchange->call->uid);
        event_set(event, EVENT_DATABASE, exchange->call->database);
    }
    event_set(event, EVENT_METHOD, method);
    runtime_append(JOURNAL_EVENT, 0, event);
}

/* ---- the body is over ---- */

static void finish_body(exchange_t *exchange, int complete)
{
    const call_t *call = call_reader_finish(exchange->call_reader, complete);

    exchange->call = call;
    caller_of_call(exchange);
    exchange->model = final_model(exchange);
    exchange->wanted = call->operation != OPERATION_NONE &&
                       track_wants(exchange->rules->track, call->operation, exchange->model);
    old_values_find(exchange);
    if (exchange->session.state == SESSION_OPEN && exchange->route->body == ROUTE_BODY_JSON &&
        exchange->route->personal && !call->background) {
        /* The gate let it in in time, however long its body took. */
        static const session_limits_t none = {0, 0, 0};
        int expired;

        session_table_gate(runtime()->sessions, &exchange->fingerprint, &none, 1, apr_time_now(),
                           boot_time_now(), &exchange->session, &expired);
    }
}

apr_status_t record_intent(exchange_t *exchange, int complete)
{
    apr_status_t status;

    if (exchange->call || !exchange->call_reader) {
        return APR_SUCCESS;
    }
    finish_body(exchange, complete);
    if (caller_refused(exchange)) {
        exchange->refused = 1;
        return APR_SUCCESS;
    }
    if (!exchange->wanted || !operation_may_write(exchange->call->operation) ||
        !runtime()->journal) {
        return exchange->wanted && !runtime()->journal ? APR_ENOTIMPL : APR_SUCCESS;
    }
    exchange->event = call_event(exchange, exchange->call->operation);
    exchange->number = journal_next_number(runtime()->journal);
    status = runtime_append(JOURNAL_INTENT, exchange->number, exchange->event);
    if (status != APR_SUCCESS) {
        exchange->number = 0; /* the whole event is tried again with the outcome */
        exchange->event = NULL;
    }
    return status;
}

int record_refuses(exchange_t *exchange, apr_status_t status)
{
    if (status == APR_SUCCESS || !runtime()->installation->refuse_on_journal_failure ||
        !exchange->wanted || !operation_may_write(exchange->call->operation)) {
        return 0;
    }
    exchange->concluded = 1; /* Odoo never gets it, so there is nothing to record */
    return 1;
}

/* ---- the outcome ---- */

static void set_outcome(event_t *event, exchange_t *exchange, const reply_t *reply)
{
    request_rec *last = exchange->request;

    while (last->next) {
        last = last->next; /* an ErrorDocument is what the client was sent */
    }
    event_set_kept(event, EVENT_OUTCOME, outcome_name(reply->outcome));
    event_set(event, EVENT_ERROR, reply->error);
    event_set_integer(event, EVENT_STATUS, last->status);
    event_set_integer(event, EVENT_DURATION_MS,
                      apr_time_as_msec(apr_time_now() - exchange->request->request_time));
    if (reply->record_count >= 0) {
        /* What was shown or made counts, not what was asked for: a read passes over ids that are
         * not there. */
        event_set(event, EVENT_RECORD_IDS, reply->record_ids);
        event_set_integer(event, EVENT_RECORD_COUNT, reply->record_count);
    }
    set_flags(event, exchange->request->pool, reply->flags);
}

#define FLAG_SECOND_FACTOR "second_factor"

/* What the answer made of the call. An intent stands already and becomes an event in any case:
 * where the answer says that nothing of the kind happened (the password of a login was right, but a
 * second factor is asked for), it is a call. */
static operation_t final_operation(const exchange_t *exchange, const reply_t *reply)
{
    return reply->operation == OPERATION_NONE && exchange->number ? OPERATION_CALL
                                                                  : reply->operation;
}

static void write_outcome(exchange_t *exchange, const reply_t *reply, const session_t *session)
{
    operation_t operation = final_operation(exchange, reply);
    event_t *event;

    if (exchange->number) {
        event = event_create(exchange->request->pool);
        event_set_kept(event, EVENT_OPERATION, operation_name(operation));
    }
    else if (operation == OPERATION_NONE ||
             !track_wants(exchange->rules->track, operation, exchange->model)) {
        return;
    }
    else {
        event = call_event(exchange, operation);
    }
    if (reply->second_factor) {
        event_add_flag(event, FLAG_SECOND_FACTOR);
    }
    if (session->state != SESSION_FREE) {
        set_person(event, exchange, operation, session, reply->outcome);
    }
    set_outcome(event, exchange, reply);
    runtime_append(exchange->number ? JOURNAL_OUTCOME : JOURNAL_EVENT, exchange->number, event);
}

/* An answer that never came through the filter: httpd's own error page, or nothing at all. */
static const reply_t *reply_unseen(exchange_t *exchange)
{
    exchange->head.status = exchange->request->status;
    exchange->head.method = exchange->request->method;
    exchange->reply_reader = reply_reader_create(exchange->request->pool, exchange->route,
                                                 exchange->call, &exchange->head, 0);
    return reply_reader_finish(exchange->reply_reader, 0);
}

void record_outcome(exchange_t *exchange, int complete)
{
    const reply_t *reply;
    session_t session = exchange->session;

    if (exchange->concluded) {
        return;
    }
    exchange->concluded = 1;
    record_intent(exchange, 0);
    reply = exchange->reply_reader ? reply_reader_finish(exchange->reply_reader, complete)
                                   : reply_unseen(exchange);
    exchange->login = tried_login(exchange);
    life_apply(exchange, reply, &session);
    remember(exchange, reply);
    old_values_note(exchange, reply);
    write_outcome(exchange, reply, &session);
    record_checked(exchange, reply, &session);
}
