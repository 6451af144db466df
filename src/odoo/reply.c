#include "odoo/reply.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "exception.h"
#include "head_words.h"
#include "reply_reader.h"

/* Odoo's code of an error that says: this session is none of mine. */
#define CODE_SESSION_EXPIRED 100

/* ---- what the body tells ---- */

static void read_error(reply_reader_t *reader)
{
    const char *exception = reply_envelope_error_name(reader->envelope);
    int expired = reply_envelope_error_code(reader->envelope) == CODE_SESSION_EXPIRED;
    const char *name = exception ? exception_class(exception) : "";

    reader->reply.error = exception;
    reader->reply.outcome =
        expired || (exception && exception_is_denial(exception)) ? OUTCOME_DENIED : OUTCOME_FAILED;
    /* A locked screen has the same code: the session lives, its person is asked to prove it. */
    if (strcmp(name, "CheckIdentityException") == 0) {
        reader->reply.authenticated = 1;
    }
    else if (expired || strcmp(name, "SessionExpiredException") == 0) {
        reader->reply.session_over = 1;
    }
}

static void read_ids(reply_reader_t *reader)
{
    apr_int64_t count = reply_envelope_id_count(reader->envelope);
    operation_t operation = reader->reply.operation;

    if (!reader->call || !reader->call->result_ids) {
        return;
    }
    if (!reply_envelope_whole(reader->envelope)) {
        reader->reply.flags = CALL_FLAG_TRUNCATED;
        reader->reply.record_ids = reply_envelope_ids(reader->envelope);
    }
    else if (count > 0 || (!reader->call->may_show_none &&
                           (operation == OPERATION_READ || operation == OPERATION_SEARCH))) {
        reader->reply.record_ids = reply_envelope_ids(reader->envelope);
        reader->reply.record_count = count;
    }
}

/* An import that went wrong answers with messages and "ids": false, all of it rolled back. */
static void check_import(reply_reader_t *reader)
{
    if (reader->reply.operation == OPERATION_IMPORT &&
        reply_envelope_id_count(reader->envelope) == 0) {
        reader->reply.outcome =
            reply_envelope_whole(reader->envelope) ? OUTCOME_FAILED : OUTCOME_UNKNOWN;
    }
}

/* Some routes answer a complaint where others answer a result (facts A11). */
static void check_complaint(reply_reader_t *reader)
{
    const route_t *route = reader->route;
    int whole = reply_envelope_whole(reader->envelope);
    int creates = route->kind == ROUTE_DOOR && route->operation == OPERATION_CREATE &&
                  (route->reply == ROUTE_REPLY_JSON || route->reply == ROUTE_REPLY_UPLOAD);

    if (reply_envelope_failed(reader->envelope)) {
        reader->reply.outcome = OUTCOME_FAILED;
    }
    else if (creates && reply_envelope_id_count(reader->envelope) == 0) {
        reader->reply.outcome = whole ? OUTCOME_FAILED : OUTCOME_UNKNOWN;
    }
}

/* Devices are revoked at once, or a dialog comes that asks who one is. */
static void check_revoked(reply_reader_t *reader)
{
    const char *record = reply_envelope_ids(reader->envelope);

    if (!reply_envelope_failed(reader->envelope)) {
        reader->reply.devices_revoked =
            reply_envelope_whole(reader->envelope) || reply_envelope_is_none(reader->envelope);
    }
    else if (record) {
        reader->reply.check_record = apr_atoi64(record);
    }
}

/* A dialog that asks who one is changes no password yet. */
static void check_password(reply_reader_t *reader)
{
    const char *record = reply_envelope_ids(reader->envelope);

    if (reply_envelope_failed(reader->envelope)) {
        reader->reply.operation = OPERATION_NONE;
        reader->reply.check_record = record ? apr_atoi64(record) : 0;
    }
}

/* The login of an external call answers the user's id, or false. */
static void check_login(reply_reader_t *reader)
{
    if (reader->reply.operation == OPERATION_LOGIN &&
        reply_envelope_id_count(reader->envelope) == 0) {
        int whole = reply_envelope_whole(reader->envelope);

        reader->reply.operation = whole ? OPERATION_LOGIN_FAILED : OPERATION_LOGIN;
        reader->reply.outcome = whole ? OUTCOME_DENIED : OUTCOME_UNKNOWN;
    }
}

/* Of a model without the field, resequence writes nothing and answers false. */
static int is_refused(const reply_reader_t *reader)
{
    return reader->route->kind == ROUTE_RESEQUENCE && reply_envelope_is_false(reader->envelope);
}

static void read_success(reply_reader_t *reader)
{
    reader->reply.outcome = is_refused(reader) ? OUTCOME_FAILED : OUTCOME_SUCCESS;
    reader->reply.authenticated = (reader->route->flags & ROUTE_BY_USER) != 0;
    if (reader->call && reader->call->revokes_devices) {
        check_revoked(reader);
    }
    else if (reader->call && reader->call->changes_password) {
        check_password(reader);
    }
    else if (reader->call && reader->call->operation != OPERATION_NONE) {
        read_ids(reader);
        check_import(reader);
        check_complaint(reader);
    }
    if (reader->route->flags & ROUTE_SESSIONLESS) {
        check_login(reader);
    }
}

static void read_identity(reply_reader_t *reader, identity_t *identity)
{
    reader->reply.identity = identity && identity->uid > 0 ? identity : NULL;
    reader->reply.authenticated = reader->reply.identity != NULL;
}

/* {"uid": null} of authenticate: the password was right, and a second factor is due. */
static void read_authenticate(reply_reader_t *reader)
{
    reader->reply.operation = OPERATION_LOGIN;
    if (reader->reply.outcome == OUTCOME_DENIED || reader->reply.outcome == OUTCOME_FAILED) {
        reader->reply.operation = OPERATION_LOGIN_FAILED;
    }
    else if (reader->reply.outcome == OUTCOME_SUCCESS && !reader->reply.identity) {
        int whole = reply_envelope_whole(reader->envelope);

        reader->reply.operation = whole ? OPERATION_NONE : OPERATION_LOGIN;
        reader->reply.outcome = whole ? OUTCOME_SUCCESS : OUTCOME_UNKNOWN;
        reader->reply.second_factor = whole;
    }
}

static int is_accepted(const reply_reader_t *reader)
{
    return reply_status_in(reader->head.status, 200, 299);
}

/* It is no JSON-RPC, or no JSON. Of a route that may answer anything the status has told. */
static void read_unreadable(reply_reader_t *reader, const char *flag)
{
    if (is_accepted(reader) && reader->route->reply != ROUTE_REPLY_ANY) {
        reader->reply.outcome = OUTCOME_UNKNOWN;
        reader->reply.flags = flag;
    }
}

static void read_envelope(reply_reader_t *reader, int complete)
{

    switch (reply_envelope_end(reader->envelope, complete)) {
    case REPLY_ERROR:
        read_error(reader);
        break;
    case REPLY_SUCCESS:
        if (is_accepted(reader)) {
            read_success(reader);
        }
        break;
    case REPLY_CUT:
        reader->reply.outcome = is_accepted(reader) ? OUTCOME_UNKNOWN : reader->reply.outcome;
        reader->reply.flags = CALL_FLAG_TRUNCATED;
        break;
    case REPLY_UNREADABLE:
        read_unreadable(reader, REPLY_FLAG_OPAQUE);
    }
}

/* The answer is a session_info. */
static void read_session(reply_reader_t *reader)
{
    if (reader->reply.outcome == OUTCOME_SUCCESS) {
        read_identity(reader, reply_envelope_identity(reader->envelope));
    }
}

static void read_json(reply_reader_t *reader, int complete)
{
    read_envelope(reader, complete);
    switch (reader->route->kind) {
    case ROUTE_AUTHENTICATE:
        read_session(reader);
        read_authenticate(reader);
        break;
    case ROUTE_SESSION_INFO:
        read_session(reader);
        break;
    case ROUTE_DESTROY:
        reader->reply.authenticated = 0;
        break;
    default:
        if (reader->reply.operation == OPERATION_LOGIN &&
            (reader->reply.outcome == OUTCOME_DENIED || reader->reply.outcome == OUTCOME_FAILED)) {
            reader->reply.operation = OPERATION_LOGIN_FAILED;
        }
    }
}

/* ---- what others call ---- */

static operation_t first_operation(const route_t *route, const call_t *call)
{
    switch (route->kind) {
    case ROUTE_LOGOUT:
    case ROUTE_DESTROY:
        return OPERATION_LOGOUT;
    case ROUTE_AUTHENTICATE:
        return OPERATION_LOGIN;
    default:
        return call ? call->operation : OPERATION_NONE;
    }
}

/* Of a route that nobody knows here a GET only shows something. Where that is a file, somebody has
 * taken it along. */
static int is_unknown_file(const reply_reader_t *reader)
{
    const reply_head_t *head = &reader->head;

    return reader->route->kind == ROUTE_OTHER && !reader->call && head->credentials &&
           head->method && strcmp(head->method, "GET") == 0 &&
           (head->status == 200 || head->status == 206) &&
           head_says_file(head->content_type, head->content_disposition);
}

static int is_encoded(const reply_head_t *head)
{
    return head->content_encoding && *head->content_encoding &&
           strcasecmp(head->content_encoding, "identity") != 0;
}

/* Whether the result tells more than the ids that somebody may want. */
static int must_be_read(const call_t *call)
{
    return call->operation == OPERATION_IMPORT || call->operation == OPERATION_LOGIN ||
           call->import_model || (call->result_ids && strchr(call->result_ids, '!'));
}

static reply_shape_t shape_of(const reply_reader_t *reader)
{
    switch (reader->route->kind) {
    case ROUTE_AUTHENTICATE:
    case ROUTE_SESSION_INFO:
        return REPLY_SHAPE_IDENTITY;
    default:
        if (reader->route->reply != ROUTE_REPLY_JSON &&
            reader->route->reply != ROUTE_REPLY_UPLOAD) {
            return REPLY_SHAPE_JSONRPC;
        }
        return is_accepted(reader) ? REPLY_SHAPE_BARE : REPLY_SHAPE_BARE_ERROR;
    }
}

static void start_envelope(reply_reader_t *reader, int wants_ids)
{
    const call_t *call = reader->call;

    reader->envelope =
        reply_envelope_create(reader->pool, shape_of(reader),
                              call && (wants_ids || must_be_read(call)) ? call->result_ids : NULL);
    if (reader->route->reply == ROUTE_REPLY_UPLOAD) {
        reader->script = reply_script_create(reader->pool);
    }
    if (reader->route->reply == ROUTE_REPLY_XMLRPC &&
        !reply_envelope_read_xml(reader->envelope, reader->pool)) {
        reader->envelope = NULL; /* no memory: nothing is known of it */
        reader->reply.outcome = OUTCOME_UNKNOWN;
        reader->done = 1;
    }
}

static int has_json(const reply_reader_t *reader)
{
    switch (reader->route->reply) {
    case ROUTE_REPLY_JSONRPC:
        return 1;
    case ROUTE_REPLY_XMLRPC:
        return is_accepted(reader);
    case ROUTE_REPLY_UPLOAD:
    case ROUTE_REPLY_JSON: /* an error that is a page has told all by its status */
        return reader->call && reader->call->operation != OPERATION_NONE &&
               (is_accepted(reader) || head_says_json(reader->head.content_type));
    case ROUTE_REPLY_ANY:
        return reader->call && reader->call->operation != OPERATION_NONE &&
               head_says_json(reader->head.content_type);
    default:
        return 0;
    }
}

/* Starts whatever reads the body, where there is one to read. */
static void start_body(reply_reader_t *reader, int wants_ids)
{
    int json = has_json(reader);
    int page = reader->route->reply == ROUTE_REPLY_PAGE && reader->head.status == 200;

    if (!json && !page) {
        reader->done = 1;
    }
    else if (is_encoded(&reader->head)) {
        reader->done = 1;
        reader->reply.flags = REPLY_FLAG_OPAQUE;
        if (reader->reply.outcome == OUTCOME_SUCCESS) {
            reader->reply.outcome = OUTCOME_UNKNOWN;
        }
    }
    else if (json) {
        start_envelope(reader, wants_ids);
    }
    else {
        reader->page = identity_page_create(reader->pool);
    }
}

reply_reader_t *reply_reader_create(apr_pool_t *pool, const route_t *route, const call_t *call,
                                    const reply_head_t *head, int wants_ids)
{
    reply_reader_t *reader = apr_pcalloc(pool, sizeof(*reader));

    reader->pool = pool;
    reader->route = route;
    reader->call = call;
    reader->head = *head;
    reader->reply.operation = first_operation(route, call);
    reader->reply.record_count = -1;
    reply_conclude(reader);
    if (is_unknown_file(reader)) {
        reader->reply.operation = OPERATION_DOWNLOAD;
    }
    start_body(reader, wants_ids);
    return reader;
}

int reply_reader_feed(reply_reader_t *reader, const char *data, apr_size_t length)
{
    apr_size_t before = reader->script ? reply_script_find(reader->script, data, length) : 0;

    data += before;
    length -= before;
    if (!reader->done && reader->envelope) {
        reader->done = reply_envelope_feed(reader->envelope, data, length);
    }
    else if (!reader->done) {
        reader->done = identity_page_feed(reader->page, data, length);
    }
    return reader->done;
}

/* Odoo made records and did not tell which: its answer shows another one, or none at all. */
static void check_ids(reply_reader_t *reader)
{
    reply_t *reply = &reader->reply;

    if (reply->operation == OPERATION_CREATE && reply->outcome == OUTCOME_SUCCESS &&
        !reply->record_ids && !reply->flags) {
        reply->flags = CALL_FLAG_IDS_UNKNOWN;
    }
}

/* A call of which only the records that it shows matter shows none. */
static void check_hidden(reply_reader_t *reader)
{
    reply_t *reply = &reader->reply;

    if (reader->call && reader->call->hidden_read &&
        (reply->outcome == OUTCOME_DENIED || reply->outcome == OUTCOME_FAILED ||
         (reply->outcome == OUTCOME_SUCCESS && !reply->record_ids && !reply->flags))) {
        reply->operation = OPERATION_NONE;
    }
}

static void check_logged_out(reply_reader_t *reader)
{
    if (reader->reply.authenticated && reply_logs_out(reader)) {
        reader->reply.authenticated = 0;
        reader->reply.logged_out = 1;
    }
}

const reply_t *reply_reader_finish(reply_reader_t *reader, int complete)
{
    if (reader->envelope) {
        read_json(reader, complete || reader->done);
    }
    if (reader->page) {
        read_identity(reader, identity_page_result(reader->page));
    }
    check_ids(reader);
    check_hidden(reader);
    check_logged_out(reader);
    return &reader->reply;
}
