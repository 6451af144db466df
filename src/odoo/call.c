#include "odoo/call.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "call_ids.h"
#include "call_method.h"
#include "call_values.h"
#include "envelope.h"
#include "text/form.h"

#define FLAGS_SIZE 128

struct call_reader_t {
    apr_pool_t *pool;
    const route_t *route;
    const char *path, *query;
    const redact_t *redact;
    values_level_t values;
    const struct kind_t *kind;
    envelope_t *envelope;          /* of a JSON body, else NULL */
    const envelope_parts_t *parts; /* what it held, once it is read */
    form_reader_t *form;           /* of a plain form, else NULL */
    int truncated;
    int finished;
    call_t call;
};

/* How the body of one kind of route is read. */
typedef struct kind_t {
    route_kind_t route;
    const char *const *names; /* parameters of JSON-RPC, or fields of the form */
    /* Fills in the call; 0 if this body is no call. */
    int (*read)(call_reader_t *reader);
} kind_t;

static const char *parameter_string(const call_reader_t *reader, const char *name)
{
    const char *text = json_string(envelope_parameter(reader->parts, name));

    return text && *text ? text : NULL;
}

static int read_method(call_reader_t *reader)
{
    call_t *call = &reader->call;

    call->model = parameter_string(reader, "model");
    call->method = parameter_string(reader, "method");
    if (!call->model || !call->method) {
        return 0;
    }
    call_method_read(reader->pool, reader->parts, reader->redact, reader->values, call,
                     &reader->truncated);
    return 1;
}

/* One write of the field, "sequence" unless another is named, per id. */
static int read_resequence(call_reader_t *reader)
{
    call_t *call = &reader->call;
    const char *field = parameter_string(reader, "field");
    call_ids_t ids;

    call->model = parameter_string(reader, "model");
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
    reader->call.login = parameter_string(reader, "login");
    reader->call.database = parameter_string(reader, "db");
    return 1;
}

/* What the form says beats what the query says. NULL if the form is of another kind: then nobody
 * knows what it states. */
static const char *form_or_query(const call_reader_t *reader, const char *name)
{
    const char *value;

    if (!reader->form) {
        return NULL;
    }
    value = form_value(reader->form, name);
    if (!value && reader->query) {
        value = form_query_value(reader->pool, reader->query, name);
    }
    return value && *value ? value : NULL;
}

/* A passkey's login (type=webauthn) states no name. */
static int read_login(call_reader_t *reader)
{
    reader->call.operation = OPERATION_LOGIN;
    reader->call.login = form_or_query(reader, "login");
    reader->call.database = form_or_query(reader, "db");
    return 1;
}

static const char *const method_names[] = {"model", "method", NULL};
static const char *const resequence_names[] = {"model", "ids", "field", NULL};
static const char *const login_names[] = {"login", "db", NULL};

static const kind_t kinds[] = {
    {ROUTE_CALL_KW, method_names, read_method},
    {ROUTE_CALL_BUTTON, method_names, read_method},
    {ROUTE_RESEQUENCE, resequence_names, read_resequence},
    {ROUTE_AUTHENTICATE, login_names, read_authenticate},
    {ROUTE_LOGIN, login_names, read_login},
};

static const kind_t *find_kind(const route_t *route)
{
    for (apr_size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].route == route->kind) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* A multipart form read as a plain one could be made to state a login that Odoo does not see. */
static int is_plain_form(const char *content_type)
{
    static const char plain[] = "application/x-www-form-urlencoded";

    return !content_type || strncasecmp(content_type, plain, sizeof(plain) - 1) == 0;
}

call_reader_t *call_reader_create(apr_pool_t *pool, const route_t *route, const char *path,
                                  const char *query, const char *content_type,
                                  const redact_t *redact, values_level_t values)
{
    call_reader_t *reader = apr_pcalloc(pool, sizeof(*reader));

    reader->pool = pool;
    reader->route = route;
    reader->path = path;
    reader->query = query;
    reader->redact = redact;
    reader->values = values;
    reader->kind = route->body == ROUTE_BODY_IGNORED ? NULL : find_kind(route);
    if (reader->kind && route->body == ROUTE_BODY_JSON) {
        reader->envelope = envelope_create(pool, reader->kind->names);
    }
    else if (reader->kind && is_plain_form(content_type)) {
        reader->form = form_reader_create(pool, reader->kind->names);
    }
    return reader;
}

void call_reader_feed(call_reader_t *reader, const char *data, apr_size_t length)
{
    if (reader->envelope) {
        envelope_feed(reader->envelope, data, length);
    }
    else if (reader->form) {
        form_reader_feed(reader->form, data, length);
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

    return reader->call.model && reader->route->tail &&
           route_claim(reader->route, reader->path, &model, &method, reader->pool) &&
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
    if (reader->truncated) {
        add_flag(flags, CALL_FLAG_TRUNCATED);
    }
    return *flags ? apr_pstrdup(reader->pool, flags) : NULL;
}

static int read_body(call_reader_t *reader, int complete)
{
    if (!reader->kind) {
        return 1;
    }
    if (reader->envelope) {
        reader->parts = envelope_end(reader->envelope, complete);
        return reader->parts && reader->kind->read(reader);
    }
    if (reader->form) {
        form_reader_end(reader->form);
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
    }
    call->flags = collect_flags(reader);
    return call;
}
