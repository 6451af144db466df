/* Requests on routes whose row, or whose path, tells what is done there. */
#include <string.h>

#include <apr_strings.h>

#include "call_ids.h"
#include "call_reader.h"
#include "call_values.h"
#include "report.h"
#include "text/path.h"

#define LOGIN_PAGE "/web/login"

static const char *const context_members[] = {"active_model", "active_id", "active_ids", NULL};

/* ---- what a row refers to ---- */

/* A word of a row: itself, "<segment>" of the path, or the first of "@parameter|@parameter" that
 * was sent. */
static json_value_t *refer(const call_reader_t *reader, const char *word)
{
    char *names, *state;
    json_value_t *value = NULL;

    if (!word || *word != '@') {
        const char *text = word && *word == '<' ? route_segment(reader->pool, reader->route,
                                                                reader->request.path, word)
                                                : word;

        return text ? json_new_string(reader->pool, text) : NULL;
    }
    names = apr_pstrdup(reader->pool, word);
    for (char *name = apr_strtok(names, "@|", &state); name && !json_truthy(value);
         name = apr_strtok(NULL, "@|", &state)) {
        value = call_parameter(reader, name);
    }
    return value;
}

static const char *refer_text(const call_reader_t *reader, const char *word)
{
    const char *text = json_string(refer(reader, word));

    return text && *text ? text : NULL;
}

/* In a path, a query or a form ids are parted by commas. */
static json_value_t *split(apr_pool_t *pool, const char *text)
{
    json_value_t *list = json_new_array(pool);
    char *state;

    for (char *word = apr_strtok(apr_pstrdup(pool, text), ",", &state);
         word && list->count <= CALL_MAX_IDS; word = apr_strtok(NULL, ",", &state)) {
        json_push(list, json_new_string(pool, word));
    }
    return list;
}

/* 0 if they are there but no ids: an external id, say. */
static int take_ids(call_reader_t *reader, json_value_t *value)
{
    call_ids_t ids;

    if (!value) {
        return 1;
    }
    if (value->type == JSON_TYPE_STRING) {
        value = split(reader->pool, value->text);
        if (!value->first) {
            return 1; /* a field of the form that was left empty */
        }
    }
    call_ids_read(reader->pool, value, &ids);
    if (!ids.odd) {
        reader->call.record_ids = ids.ids;
        reader->call.record_count = ids.count;
    }
    return !ids.odd;
}

/* ---- values ---- */

/* The files of a form: what they are called and how large they are, never what they hold. */
static json_value_t *files_of(const call_reader_t *reader)
{
    json_value_t *files = reader->fields ? fields_files(reader->fields) : NULL;

    if (files && files->count < fields_file_count(reader->fields)) {
        files->truncated = 1;
        files->count = fields_file_count(reader->fields);
    }
    return files;
}

static void write_values(call_reader_t *reader, json_value_t *values)
{
    json_value_t *files = files_of(reader);

    if ((values->count == 0 && !files) || reader->values == VALUES_NONE || !reader->redact) {
        return;
    }
    if (reader->call.operation == OPERATION_CREATE || reader->call.operation == OPERATION_WRITE) {
        reader->call.fields = call_values_names(reader->pool, values, &reader->truncated);
    }
    if (files) {
        json_set(values, "files", files);
    }
    if (reader->values == VALUES_FULL) {
        redact_model(reader->call.model, values);
        reader->call.values =
            call_values_write(reader->pool, reader->redact, values, &reader->truncated);
    }
}

static void add_value(const call_reader_t *reader, json_value_t *values, const char *name,
                      json_value_t *value)
{
    if (value) {
        json_set(values, name, call_values_move(reader->pool, value));
    }
}

static void add_context(const call_reader_t *reader, json_value_t *values)
{
    for (const char *const *name = context_members; reader->parts && *name; name++) {
        json_value_t *value = envelope_context(reader->parts, *name);

        if (json_truthy(value)) {
            add_value(reader, values, *name, value);
        }
    }
}

/* The whole of a form, but the token that proves where it comes from. */
static void add_all_fields(call_reader_t *reader, json_value_t *values)
{
    const char *name;

    for (apr_size_t i = 0; (name = fields_name(reader->fields, i)) != NULL; i++) {
        if (strcmp(name, "csrf_token") != 0) {
            add_value(reader, values, name, call_parameter(reader, name));
            reader->truncated |= fields_value_cut(reader->fields, name);
        }
    }
    reader->truncated |= fields_left_out(reader->fields);
}

/* What the row says is kept, but what names a user, which has columns of its own. */
static void add_parameters(call_reader_t *reader, json_value_t *values)
{
    const char *words = reader->route->values;
    char *state;

    for (char *name = words ? apr_strtok(apr_pstrdup(reader->pool, words), " ", &state) : NULL;
         name; name = apr_strtok(NULL, " ", &state)) {
        if (strcmp(name, "login") == 0) {
            reader->call.login = call_parameter_text(reader, name);
        }
        else if (strcmp(name, FORM_ANY_NAME) == 0) {
            add_all_fields(reader, values);
        }
        else if (strcmp(name, "fields") == 0) {
            reader->call.fields =
                call_values_names(reader->pool, call_parameter(reader, name), &reader->truncated);
        }
        else {
            add_value(reader, values, name, call_parameter(reader, name));
            reader->truncated |= reader->fields && fields_value_cut(reader->fields, name);
        }
    }
}

/* A segment of a path names a record by its id alone, or behind words for people: "intro-5". */
static json_value_t *refer_ids(const call_reader_t *reader)
{
    json_value_t *ids = refer(reader, reader->route->ids);
    const char *text = json_string(ids), *dash = text ? strrchr(text, '-') : NULL;

    return dash && *reader->route->ids == '<' && dash[1] &&
                   !dash[1 + strspn(dash + 1, "0123456789")]
               ? json_new_string(reader->pool, dash + 1)
               : ids;
}

static int asks_for_report(const call_reader_t *reader)
{
    static const char *const types[] = {"pdf", "html", "text"};
    const char *type = call_parameter_text(reader, "report_type");

    for (apr_size_t i = 0; type && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(type, types[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

int call_door_read(call_reader_t *reader)
{
    const route_t *route = reader->route;
    call_t *call = &reader->call;
    json_value_t *values = json_new_object(reader->pool);
    json_value_t *ids;

    if (route->flags & ROUTE_BY_POST && call_only_shows(reader)) {
        return 1;
    }
    if (route->flags & ROUTE_BY_REPORT && !asks_for_report(reader)) {
        return call_unknown_read(reader);
    }
    call->operation = route->operation;
    call->background = !route->personal;
    call->model = refer_text(reader, route->model);
    call->method = refer_text(reader, route->method);
    call->result_ids = route->result_ids;
    ids = refer_ids(reader);
    if (!take_ids(reader, ids)) {
        add_value(reader, values, "$ids", ids);
    }
    add_parameters(reader, values);
    add_context(reader, values);
    write_values(reader, values);
    return 1;
}

/* ---- routes that nobody knows here ---- */

/* A name of a model or a method, and nothing else that happens to be called so. */
static const char *plain_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_.0123456789";

    return text && strlen(text) < FORM_MAX_NAME && text[strspn(text, letters)] == '\0' ? text
                                                                                       : NULL;
}

/* Whatever a page, a controller of a customer's module or a later Odoo does there, somebody sent
 * something to it: unknown must not mean unseen. */
int call_unknown_read(call_reader_t *reader)
{
    call_t *call = &reader->call;

    if (!reader->request.credentials || (call_only_shows(reader) && reader->length == 0)) {
        return 1;
    }
    call->operation = OPERATION_CALL;
    if (reader->parts) {
        call->model = plain_name(refer_text(reader, "@model|@res_model|@thread_model"));
        call->method = plain_name(refer_text(reader, "@method"));
        (void)take_ids(reader, refer(reader, "@ids|@id|@res_id|@thread_id"));
    }
    return 1;
}

/* The page that a login leads to: 18 and 19 make a new user's first conversation there, and note
 * that they did. Any other page only shows. */
int call_page_read(call_reader_t *reader)
{
    const char *referer = reader->request.referer;

    if (referer && strstr(referer, LOGIN_PAGE)) {
        reader->call.operation = OPERATION_CALL;
    }
    return 1;
}

/* ---- exports ---- */

/* [{"name": "city", "label": ...}, ...] */
static json_value_t *column_names(apr_pool_t *pool, const json_value_t *columns)
{
    json_value_t *names = json_new_array(pool);

    for (const json_value_t *column = columns ? columns->first : NULL; column;
         column = column->next) {
        const char *name = json_string(json_member(column, "name"));

        if (name) {
            json_push(names, json_new_string(pool, name));
        }
    }
    names->truncated = columns && columns->truncated;
    return names;
}

/* Without ids all that the domain finds is exported, and nothing tells which. A pivot table comes
 * ready made: it names its model at most. */
int call_export_read(call_reader_t *reader)
{
    static const char *const kept[] = {"domain", "groupby", "import_compat", "title", NULL};
    json_value_t *values = json_new_object(reader->pool);
    json_value_t *ids;
    call_t *call = &reader->call;

    call->operation = OPERATION_EXPORT;
    if (!reader->parts) {
        return fields_value(reader->fields, "data") == NULL;
    }
    ids = envelope_argument(reader->parts, 0);
    call->model = json_string(envelope_keyword(reader->parts, "model"));
    if (json_truthy(ids)) {
        (void)take_ids(reader, ids);
    }
    if (reader->values != VALUES_NONE) {
        call->fields =
            call_values_names(reader->pool,
                              column_names(reader->pool, envelope_keyword(reader->parts, "fields")),
                              &reader->truncated);
    }
    for (const char *const *name = kept; *name; name++) {
        add_value(reader, values, *name, envelope_keyword(reader->parts, *name));
    }
    add_context(reader, values);
    write_values(reader, values);
    return 1;
}

/* ---- reports ---- */

/* The context that the page was in: names the records of a report that has no ids in its URL. */
static void read_report_context(call_reader_t *reader, const char *text)
{
    static const json_limits_t limits = {CALL_MAX_IDS + 64, FORM_MAX_VALUE, 512, CALL_MAX_IDS + 1};
    const json_value_t *context =
        text ? json_parse(reader->pool, text, strlen(text), &limits) : NULL;
    const char *model = json_string(json_member(context, "active_model"));
    json_value_t *ids = json_member(context, "active_ids");

    if (model && !reader->call.model) {
        reader->call.model = model;
    }
    if (model && json_truthy(ids) && !reader->call.record_ids &&
        strcmp(model, reader->call.model) == 0) {
        (void)take_ids(reader, ids);
    }
}

static int read_report(call_reader_t *reader, const route_t *route, const char *path,
                       const char *query)
{
    const char *behind = route_behind(route, path);
    call_t *call = &reader->call;

    call->operation = OPERATION_REPORT;
    call->method = route_segment(reader->pool, route, path, "<name>");
    if (!behind) {
        return 0;
    }
    call->method = apr_pstrmemdup(reader->pool, call->method, strcspn(call->method, "/"));
    call->model = report_model(call->method);
    if (*behind) {
        (void)take_ids(reader, json_new_string(reader->pool, behind));
    }
    read_report_context(reader, query ? form_query_value(reader->pool, query, "context") : NULL);
    return 1;
}

int call_report_read(call_reader_t *reader)
{
    return read_report(reader, reader->route, reader->request.path, reader->request.query);
}

/* data = ["/report/pdf/<name>/<ids>?...", "qweb-pdf"]. The first text, even of a list that was too
 * long to be kept whole. */
static const char *report_url(const call_reader_t *reader, const char *data)
{
    static const json_limits_t limits = {4, FORM_MAX_VALUE, FORM_MAX_VALUE, 4};
    const json_value_t *list = data ? json_parse(reader->pool, data, strlen(data), &limits) : NULL;
    const char *quote;

    if (list || !data) {
        return json_string(json_element(list, 0));
    }
    quote = fields_value_cut(reader->fields, "data") ? strchr(data, '"') : NULL;
    return quote ? apr_pstrmemdup(reader->pool, quote + 1, strcspn(quote + 1, "\"")) : NULL;
}

int call_report_file_read(call_reader_t *reader)
{
    const char *url = report_url(reader, call_parameter_text(reader, "data"));
    const char *path, *query;
    const route_t *route;

    reader->call.operation = OPERATION_REPORT;
    if (!url) {
        return 0;
    }
    path = path_decode(reader->pool, apr_pstrmemdup(reader->pool, url, strcspn(url, "?")));
    query = strchr(url, '?');
    route = route_find(path);
    if (route->kind == ROUTE_REPORT) {
        (void)read_report(reader, route, path, query ? query + 1 : NULL);
        read_report_context(reader, call_parameter_text(reader, "context"));
    }
    reader->truncated |= fields_value_cut(reader->fields, "data");
    return 1;
}

/* ---- files and lists by GET ---- */

static const char *word_of(apr_pool_t *pool, const char **path)
{
    apr_size_t length = strcspn(*path, "/");
    const char *word = apr_pstrmemdup(pool, *path, length);

    *path += length + ((*path)[length] == '/');
    return word;
}

/* "12" or, with a checksum for the browser's cache, "12-5f3a". */
static int starts_with_id(const char *word)
{
    apr_size_t digits = strspn(word, "0123456789");

    return digits > 0 && (word[digits] == '\0' || word[digits] == '-');
}

/* <id>[/<name>], <model>/<id>/<field>[/<name>], <external id>[/...], or all of it in the query. */
int call_download_read(call_reader_t *reader)
{
    const char *rest = route_behind(reader->route, reader->request.path);
    const char *first = word_of(reader->pool, &rest);
    const char *second = word_of(reader->pool, &rest);
    const char *model = call_parameter_text(reader, "model");
    const char *id = call_parameter_text(reader, "id");

    if (starts_with_id(first)) {
        id = first;
    }
    else if (*first && starts_with_id(second) && *rest) {
        model = first;
        id = second;
    }
    reader->call.operation = reader->route->operation;
    reader->call.background = 1;
    reader->call.model = model ? model : reader->route->model;
    if (id && starts_with_id(id)) {
        id = apr_pstrmemdup(reader->pool, id, strspn(id, "0123456789"));
        (void)take_ids(reader, json_new_string(reader->pool, id));
    }
    return 1;
}

/* /json/1/<action>[/<id>]: which model an action shows only Odoo knows, unless the path has the
 * model in the action's place. */
int call_json1_read(call_reader_t *reader)
{
    static const char action[] = "action-";
    const char *rest = route_behind(reader->route, reader->request.path);
    call_t *call = &reader->call;

    call->operation = OPERATION_READ;
    call->result_ids = "id records[].id";
    while (*rest) {
        const char *word = word_of(reader->pool, &rest);

        if (!starts_with_id(word)) {
            call->model =
                strchr(word, '.') && strncmp(word, action, sizeof(action) - 1) != 0 ? word : NULL;
        }
    }
    return 1;
}
