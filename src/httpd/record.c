/* From an exchange to events: the intent before Odoo gets the call, the outcome after its answer.
 */
#include <httpd.h>

#include <http_log.h>

#include <apr_strings.h>

#include "httpd/exchange.h"
#include "httpd/runtime.h"
#include "text/json_value.h"

APLOG_USE_MODULE(user_audit);

#define NOTE_LIMIT 4096
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
    event_set(event, EVENT_OPERATION, operation_name(operation));
    if (operation_by_module(operation)) {
        event_set(event, EVENT_CHANNEL, "module");
        event_set(event, EVENT_OUTCOME, outcome_name(OUTCOME_SUCCESS));
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
    event_set(event, EVENT_RECORD_IDS, call->record_ids);
    if (call->record_count >= 0) {
        event_set_integer(event, EVENT_RECORD_COUNT, call->record_count);
    }
    if (exchange->route->flags & ROUTE_ABOUT_USER && exchange->session.uid > 0) {
        event_set(event, EVENT_RECORD_IDS, apr_psprintf(event->pool, "%d", exchange->session.uid));
        event_set_integer(event, EVENT_RECORD_COUNT, 1);
    }
    event_set(event, EVENT_FIELDS, call->fields);
    event_set(event, EVENT_VALUES, call->values);
    event_set(event, EVENT_OLD_VALUES, exchange->old_values);
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

static event_t *call_event(exchange_t *exchange, operation_t operation)
{
    event_t *event = record_event(exchange, operation);

    event_set(event, EVENT_CHANNEL, exchange->route->channel);
    event_set(event, EVENT_OUTCOME, NULL);
    record_path(event, exchange);
    if (exchange->session.state == SESSION_OPEN) {
        record_session(event, &exchange->session);
    }
    if (exchange->call) {
        set_call(event, exchange, exchange->call);
    }
    set_flags(event, exchange->request->pool, exchange->flags);
    return event;
}

/* ---- what one call says about a later one: an import's model is named when its record is made,
 * and what an identity check is for when it is asked for; neither is named again ---- */

/* Ids are positive, so those of checks are kept as negative ones. */
#define CHECK_KEY(record) (-(record))

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

static const char *final_model(const exchange_t *exchange)
{
    const call_t *call = exchange->call;
    char model[IMPORTS_MODEL_SIZE];

    if (call->import_record) {
        fingerprint_t owner = memory_owner(exchange);

        /* Unknown is better than wrong: what it made are no import records. */
        return imports_find(runtime()->imports, &owner, call->import_record, model)
                   ? apr_pstrdup(exchange->request->pool, model)
                   : NULL;
    }
    return call->model;
}

static void remember_import(const exchange_t *exchange, const reply_t *reply)
{
    fingerprint_t owner;

    if (exchange->call && exchange->call->import_model && reply->outcome == OUTCOME_SUCCESS &&
        reply->record_ids) {
        owner = memory_owner(exchange);
        imports_note(runtime()->imports, &owner, apr_atoi64(reply->record_ids),
                     exchange->call->import_model);
    }
}

static void remember_check(const exchange_t *exchange, const reply_t *reply)
{
    if (exchange->call && reply->check_record) {
        fingerprint_t owner = memory_owner(exchange);

        imports_note(runtime()->imports, &owner, CHECK_KEY(reply->check_record),
                     exchange->call->method);
    }
}

/* The method that runs as the call's check of identity succeeds; NULL: none that matters. */
static const char *checked_method(const exchange_t *exchange)
{
    char method[IMPORTS_MODEL_SIZE];
    fingerprint_t owner;

    if (!exchange->call || !exchange->call->check_record) {
        return NULL;
    }
    owner = memory_owner(exchange);
    return imports_find(runtime()->imports, &owner, CHECK_KEY(exchange->call->check_record), method)
               ? apr_pstrdup(exchange->request->pool, method)
               : NULL;
}

/* An event of its own behind the call's, which may have been about something else. */
static void record_revoked_devices(exchange_t *exchange, const reply_t *reply,
                                   const session_t *session)
{
    const char *method = reply->devices_revoked ? exchange->call->method : checked_method(exchange);
    event_t *event;

    if (!method || reply->outcome != OUTCOME_SUCCESS) {
        return;
    }
    event = record_event(exchange, OPERATION_DEVICES_REVOKED);
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
    event_set(event, EVENT_OUTCOME, outcome_name(reply->outcome));
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
        event_set(event, EVENT_OPERATION, operation_name(operation));
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
        record_session(event, session);
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
    life_apply(exchange, reply, &session);
    remember_import(exchange, reply);
    if (reply->outcome == OUTCOME_SUCCESS || reply->outcome == OUTCOME_UNKNOWN) {
        old_values_forget(exchange);
    }
    remember_check(exchange, reply);
    write_outcome(exchange, reply, &session);
    record_revoked_devices(exchange, reply, &session);
}
