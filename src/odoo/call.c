#include "odoo/call.h"

#include <string.h>

#include <apr_strings.h>

#include "call_external.h"
#include "call_ids.h"
#include "call_method.h"
#include "call_reader.h"
#include "call_values.h"
#include "head_words.h"

#define FLAGS_SIZE 128
#define MAX_NAMES FIELDS_MAX_NAMES

/* Of a shorter body without a length mod_proxy finds out the length itself. */
#define SPOOLED_LENGTH (16 * 1024)

json_value_t *call_parameter(const call_reader_t *reader, const char *name)
{
    const char *text;

    if (reader->parts) {
        return envelope_parameter(reader->parts, name);
    }
    text = reader->fields ? fields_value(reader->fields, name) : NULL;
    return text ? json_new_string(reader->pool, text) : NULL;
}

const char *call_parameter_text(const call_reader_t *reader, const char *name)
{
    const char *text = json_string(call_parameter(reader, name));

    return text && *text ? text : NULL;
}

int call_only_shows(const call_reader_t *reader)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS"};

    for (apr_size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (reader->request.method && strcmp(reader->request.method, methods[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static int read_method(call_reader_t *reader)
{
    call_t *call = &reader->call;

    call->model = call_parameter_text(reader, "model");
    call->method = call_parameter_text(reader, "method");
    if (!call->model || !call->method) {
        return 0;
    }
    call_method_read(reader->pool, reader->parts, reader->request.track, reader->redact,
                     reader->values, call, &reader->truncated);
    return 1;
}

/* One write of the field, "sequence" unless another is named, per id. */
static int read_resequence(call_reader_t *reader)
{
    call_t *call = &reader->call;
    const char *field = call_parameter_text(reader, "field");
    call_ids_t ids;

    call->model = call_parameter_text(reader, "model");
    if (!call->model) {
        return 0;
    }
    call_ids_read(reader->pool, envelope_parameter(reader->parts, "ids"), &ids);
    call->operation = OPERATION_WRITE;
    call->method = "resequence";
    call->record_ids = ids.ids;
    call->record_count = ids.count;
    if (reader->values != VALUES_NONE) {
        call->fields =
            field ? call_values_names(reader->pool, envelope_parameter(reader->parts, "field"),
                                      &reader->truncated)
                  : "sequence";
    }
    return 1;
}

static int read_authenticate(call_reader_t *reader)
{
    reader->call.operation = OPERATION_LOGIN;
    reader->call.login = call_parameter_text(reader, "login");
    reader->call.database = call_parameter_text(reader, "db");
    return 1;
}

/* A form that is only looked at asks for nothing. A passkey's login (type=webauthn) states no name.
 */
static int read_login(call_reader_t *reader)
{
    if (!call_only_shows(reader)) {
        (void)read_authenticate(reader);
    }
    return 1;
}

static int read_external(call_reader_t *reader)
{
    json_value_t *arguments = json_new_array(reader->pool);
    apr_size_t count = envelope_argument_count(reader->parts);

    for (apr_size_t i = 0; i < count && i < ENVELOPE_MAX_ARGUMENTS; i++) {
        json_value_t *value = envelope_argument(reader->parts, i);

        json_push(arguments, value ? call_values_move(reader->pool, value)
                                   : json_new_string(reader->pool, NULL));
    }
    arguments->count = count;
    reader->call.api_key = envelope_api_key(reader->parts);
    return call_external_read(reader->pool, call_parameter_text(reader, "service"),
                              call_parameter_text(reader, "method"), arguments,
                              reader->request.track, reader->redact, reader->values, &reader->call,
                              &reader->truncated);
}

/* A route for POST takes OPTIONS as well. Any other method comes back with an error. */
static int is_posted(const call_reader_t *reader)
{
    const char *method = reader->request.method;

    return !method || strcmp(method, "POST") == 0 || strcmp(method, "OPTIONS") == 0;
}

/* The one route whose URL decides. */
static int read_json2(call_reader_t *reader)
{
    call_t *call = &reader->call;

    if (!is_posted(reader)) {
        return 1;
    }
    call->model = route_segment(reader->pool, reader->route, reader->request.path, "<model>");
    call->method = route_segment(reader->pool, reader->route, reader->request.path, "<method>");
    call_method_read(reader->pool, reader->parts, reader->request.track, reader->redact,
                     reader->values, call, &reader->truncated);
    return 1;
}

static const char *const method_names[] = {"model", "method", NULL};
static const char *const resequence_names[] = {"model", "ids", "field", NULL};
static const char *const login_names[] = {"login", "db", NULL};

static const char *const external_names[] = {"service", "method", NULL};
static const char *const data_names[] = {"data", "context", NULL};
static const char *const download_names[] = {"model", "id", NULL};
/* How routes that nobody knows here may name records. */
static const char *const unknown_names[] = {"model",  "res_model", "thread_model", "method", "id",
                                            "res_id", "ids",       "thread_id",    NULL};
static const char *const no_names[] = {NULL};

static const call_kind_t kinds[] = {
    {ROUTE_CALL_KW, ENVELOPE_DATASET, method_names, NULL, read_method},
    {ROUTE_CALL_BUTTON, ENVELOPE_DATASET, method_names, NULL, read_method},
    {ROUTE_RESEQUENCE, ENVELOPE_DATASET, resequence_names, NULL, read_resequence},
    {ROUTE_AUTHENTICATE, ENVELOPE_DATASET, login_names, NULL, read_authenticate},
    {ROUTE_LOGIN, ENVELOPE_DATASET, login_names, NULL, read_login},
    {ROUTE_JSONRPC, ENVELOPE_EXTERNAL, external_names, NULL, read_external},
    {ROUTE_XMLRPC, ENVELOPE_EXTERNAL, external_names, NULL, read_external},
    {ROUTE_JSON1, ENVELOPE_DATASET, no_names, NULL, call_json1_read},
    {ROUTE_JSON2, ENVELOPE_BARE, no_names, NULL, read_json2},
    {ROUTE_EXPORT, ENVELOPE_BARE, data_names, "data", call_export_read},
    {ROUTE_REPORT, ENVELOPE_DATASET, data_names, NULL, call_report_read},
    {ROUTE_REPORT_FILE, ENVELOPE_DATASET, data_names, NULL, call_report_file_read},
    {ROUTE_DOWNLOAD, ENVELOPE_DATASET, download_names, NULL, call_download_read},
    {ROUTE_DOOR, ENVELOPE_DATASET, NULL, NULL, call_door_read},
    {ROUTE_PAGE, ENVELOPE_DATASET, NULL, NULL, call_page_read},
    {ROUTE_OTHER, ENVELOPE_DATASET, unknown_names, NULL, call_unknown_read},
};

static const call_kind_t *find_kind(const route_t *route)
{
    for (apr_size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].route == route->kind && route->body != ROUTE_BODY_IGNORED) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* ---- the names of a row ---- */

/* The words of a text, parted by blanks, behind those that are there; without those in brackets,
 * which stand in the path. */
static void add_names(apr_pool_t *pool, const char **names, const char *text)
{
    apr_size_t count = 0;
    char *state;

    while (names[count]) {
        count++;
    }
    for (char *name = text ? apr_strtok(apr_pstrdup(pool, text), " @|", &state) : NULL;
         name && count < MAX_NAMES; name = apr_strtok(NULL, " @|", &state)) {
        names[count++] = name;
    }
    names[count] = NULL;
}

static void add_reference(apr_pool_t *pool, const char **names, const char *word)
{
    add_names(pool, names, word && *word == '@' ? word : NULL);
}

static const char *const *names_of_row(apr_pool_t *pool, const route_t *route)
{
    const char **names = apr_pcalloc(pool, (MAX_NAMES + 1) * sizeof(*names));

    add_reference(pool, names, route->model);
    add_reference(pool, names, route->ids);
    add_names(pool, names, route->values);
    return names;
}

/* ---- reading ---- */

static void feed_json(void *payload, const char *data, apr_size_t length)
{
    call_reader_t *reader = payload;

    if (data) {
        envelope_feed(reader->envelope, data, length);
    }
    else {
        reader->envelope = envelope_create(reader->pool, reader->kind->shape, no_names);
    }
}

/* Without memory for it the call is one that cannot be read. */
static void start_xml(call_reader_t *reader)
{
    const char *service =
        route_segment(reader->pool, reader->route, reader->request.path, "<service>");

    if (!envelope_read_xml(reader->envelope, reader->pool, service ? service : "")) {
        reader->envelope = NULL;
    }
}

static void start(call_reader_t *reader)
{
    const call_kind_t *kind = reader->kind;
    route_body_t body = reader->route->body;

    if (body == ROUTE_BODY_JSON || body == ROUTE_BODY_XML ||
        (body == ROUTE_BODY_ANY && kind->names && head_says_json(reader->request.content_type))) {
        reader->envelope = envelope_create(reader->pool, kind->shape, reader->names);
    }
    else if (body == ROUTE_BODY_FORM) {
        reader->fields = fields_create(reader->pool, reader->names, reader->request.content_type,
                                       reader->request.query);
    }
    if (body == ROUTE_BODY_XML) {
        start_xml(reader);
    }
    if (kind->json_field) {
        feed_json(reader, NULL, 0);
        fields_stream(reader->fields, kind->json_field, feed_json, reader);
    }
}

call_reader_t *call_reader_create(apr_pool_t *pool, const route_t *route,
                                  const call_request_t *request, const redact_t *redact,
                                  values_level_t values)
{
    call_reader_t *reader = apr_pcalloc(pool, sizeof(*reader));

    reader->pool = pool;
    reader->route = route;
    reader->request = *request;
    reader->redact = redact;
    reader->values = values;
    reader->kind = find_kind(route);
    if (reader->kind) {
        reader->names = reader->kind->names ? reader->kind->names : names_of_row(pool, route);
        start(reader);
    }
    return reader;
}

void call_reader_feed(call_reader_t *reader, const char *data, apr_size_t length)
{
    reader->length += length;
    if (reader->fields) {
        fields_feed(reader->fields, data, length);
    }
    else if (reader->envelope) {
        envelope_feed(reader->envelope, data, length);
    }
}

static void add_flag(char *flags, const char *flag)
{
    if (*flags) {
        strcat(flags, " ");
    }
    strcat(flags, flag);
}

/* The URL's model and method are decoration; a client that lets them differ from the body's wants
 * somebody to read the wrong ones. */
static int path_differs(const call_reader_t *reader)
{
    const char *model, *method;

    return reader->call.model && reader->call.method && reader->route->tail &&
           reader->route->body == ROUTE_BODY_JSON &&
           route_claim(reader->route, reader->request.path, &model, &method, reader->pool) &&
           (strcmp(model, reader->call.model) != 0 || strcmp(method, reader->call.method) != 0);
}

static const char *collect_flags(const call_reader_t *reader)
{
    char flags[FLAGS_SIZE] = "";

    if (!reader->call.parsed) {
        return CALL_FLAG_UNPARSED;
    }
    if (path_differs(reader)) {
        add_flag(flags, CALL_FLAG_PATH_MISMATCH);
    }
    if (reader->parts && envelope_duplicate_key(reader->parts)) {
        add_flag(flags, CALL_FLAG_DUPLICATE_KEY);
    }
    if (reader->fields && fields_malformed(reader->fields)) {
        add_flag(flags, CALL_FLAG_MALFORMED);
    }
    if (reader->body_ignored) {
        add_flag(flags, CALL_FLAG_BODY_IGNORED);
    }
    if (reader->truncated) {
        add_flag(flags, CALL_FLAG_TRUNCATED);
    }
    return *flags ? apr_pstrdup(reader->pool, flags) : NULL;
}

static const char empty_object[] = "{}";

/* Odoo reads the body of /json/2 only where a Content-Length says that there is one. */
static void ignore_body(call_reader_t *reader)
{
    int none = reader->length == 0;

    reader->body_ignored = !none && reader->request.chunked && reader->length > SPOOLED_LENGTH;
    if (none || reader->body_ignored) {
        reader->envelope = envelope_create(reader->pool, reader->kind->shape, no_names);
        envelope_feed(reader->envelope, empty_object, sizeof(empty_object) - 1);
    }
}

static int read_body(call_reader_t *reader, int complete)
{
    if (!reader->kind) {
        return 1;
    }
    reader->complete = complete;
    if (reader->route->kind == ROUTE_JSON2) {
        ignore_body(reader);
    }
    if (reader->fields) {
        fields_end(reader->fields, complete);
    }
    if (reader->envelope) {
        reader->parts = envelope_end(reader->envelope, complete || reader->body_ignored);
    }
    if (!reader->parts && reader->route->body == ROUTE_BODY_XML && !is_posted(reader)) {
        return 1;
    }
    if (!reader->parts &&
        (reader->route->body == ROUTE_BODY_JSON || reader->route->body == ROUTE_BODY_XML)) {
        return 0;
    }
    return reader->kind->read(reader);
}

const call_t *call_reader_finish(call_reader_t *reader, int complete)
{
    call_t *call = &reader->call;

    if (reader->finished) {
        return call;
    }
    reader->finished = 1;
    call->record_count = -1;
    call->parsed = read_body(reader, complete);
    if (!call->parsed) {
        memset(call, 0, sizeof(*call));
        call->operation = OPERATION_UNPARSED_CALL;
        call->record_count = -1;
        if (reader->route->kind == ROUTE_JSON2) {
            const char *path = reader->request.path;

            call->model = route_segment(reader->pool, reader->route, path, "<model>");
            call->method = route_segment(reader->pool, reader->route, path, "<method>");
        }
    }
    call->flags = collect_flags(reader);
    return call;
}
