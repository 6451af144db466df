#include "call_method.h"

#include <string.h>

#include <apr_strings.h>

#include "call_ids.h"
#include "call_values.h"
#include "text/utf8.h"

/* Members that we add beside the field names of a value, in the manner of "$length". */
#define MEMBER_IDS "$ids"
#define MEMBER_COPIED "$copied"
#define MEMBER_SHOWN "$shown"

#define RECORDS "[]" /* a result that is a list of records */
#define RECORD_ID ".id"

static const char *const context_members[] = {"active_model", "active_id", "active_ids", NULL};

typedef struct arguments_t {
    apr_pool_t *pool;
    const envelope_parts_t *parts;
    const method_t *method;
    json_value_t *ids; /* as sent, NULL: the method takes none */
    int first;         /* position of the first argument that is not ids */
    call_ids_t read;   /* the ids as understood */
} arguments_t;

static void find_ids(arguments_t *arguments)
{
    json_value_t *first = envelope_argument(arguments->parts, 0);
    unsigned flags = arguments->method->flags;

    if (flags & (METHOD_IDS | METHOD_SOURCES) ||
        (flags & METHOD_MAYBE_IDS && call_ids_likely(first))) {
        arguments->first = 1;
        /* Odoo refuses ids by name, but whoever tried meant these. */
        arguments->ids = first ? first : envelope_keyword(arguments->parts, "ids");
    }
    call_ids_read(arguments->pool, arguments->ids, &arguments->read);
}

/* A keyword by any of the names ("vals/values") of a parameter. */
static json_value_t *keyword_argument(const arguments_t *arguments, const char *names,
                                      apr_size_t length)
{
    const char *end = names + length;

    while (names < end) {
        const char *slash = memchr(names, '/', (apr_size_t)(end - names));
        const char *stop = slash ? slash : end;
        json_value_t *value =
            envelope_keyword_of(arguments->parts, names, (apr_size_t)(stop - names));

        if (value) {
            return value;
        }
        names = stop + 1;
    }
    return NULL;
}

/* The argument for a parameter of the method, by position or by name; NULL if it was not given. */
static json_value_t *argument(const arguments_t *arguments, const char *parameter)
{
    int position = parameter ? method_position(arguments->method, parameter) : -1;
    json_value_t *value;
    const char *names;
    apr_size_t length;

    if (position < 0) {
        return NULL;
    }
    value = envelope_argument(arguments->parts, (apr_size_t)(arguments->first + position));
    if (value) {
        return value;
    }
    names = method_parameter(arguments->method, position, &length);
    return keyword_argument(arguments, names, length);
}

/* ---- which records ---- */

static apr_int64_t list_length(const json_value_t *value)
{
    return value && value->type == JSON_TYPE_ARRAY ? (apr_int64_t)value->count : 1;
}

static void count_created(const arguments_t *arguments, call_t *call)
{
    call->record_ids = NULL;
    call->record_count = list_length(argument(arguments, arguments->method->values));
}

/* web_save answers the record that it wrote or made, unless it was told to show another one. */
static void read_save(const arguments_t *arguments, call_t *call)
{
    if (!json_truthy(arguments->ids)) {
        call->operation = OPERATION_CREATE;
        count_created(arguments, call);
        if (!json_truthy(argument(arguments, "next_id"))) {
            return;
        }
    }
    call->result_ids = NULL;
}

static void read_records(const arguments_t *arguments, call_t *call)
{
    const method_t *method = arguments->method;

    if (method->flags & METHOD_SAVE) {
        read_save(arguments, call);
    }
    else if (method->flags & METHOD_SOURCES) {
        call->record_ids = NULL; /* one copy each */
    }
    else if (method->operation == OPERATION_CREATE || method->flags & METHOD_ROWS) {
        count_created(arguments, call);
    }
    else if (!arguments->ids) {
        call->record_count = -1;
    }
}

/* Where the answer has records; where no ids are looked for, it is a list of them. Of groups those
 * of the outer ones count. */
static const char *records_path(const method_t *method)
{
    if (!(method->flags & METHOD_SHOWS)) {
        return NULL;
    }
    if (method->flags & METHOD_GROUPS) {
        return "groups[].__records[]";
    }
    return method->result_ids && strncmp(method->result_ids, "records", 7) == 0 ? "records[]"
                                                                                : RECORDS;
}

/* Odoo answers true to a write of no records, and to a create of none, and does nothing. Such a
 * call says that something was called, not that something was written. */
static void check_nothing(call_t *call)
{
    int of_records = call->operation == OPERATION_CREATE || call->operation == OPERATION_WRITE ||
                     call->operation == OPERATION_UNLINK;

    if (of_records && call->record_count == 0) {
        call->operation = OPERATION_CALL;
    }
}

/* ---- names of fields ---- */

/* The fields of a model that an answer shows beside what else the call does. */
static const json_value_t *shown_fields(const arguments_t *arguments)
{
    const json_value_t *fields = argument(arguments, "specification");

    return fields ? fields : envelope_keyword(arguments->parts, "unfold_read_specification");
}

static void read_fields(const arguments_t *arguments, call_t *call, int *truncated)
{
    const method_t *method = arguments->method;
    const json_value_t *named =
        call->hidden_read ? shown_fields(arguments) : argument(arguments, method->fields);

    if (call->hidden_read) {
        call->fields = call_values_names(arguments->pool, named, truncated);
        return;
    }
    if (method->flags & METHOD_NAME) {
        call->fields = method->values;
        return;
    }
    if (!named && !method->fields) {
        named = argument(arguments, method->values);
    }
    call->fields = call_values_names(arguments->pool, named, truncated);
    if (!call->fields) {
        call->fields = method->known_fields;
    }
}

/* ---- values ---- */

static int is_container(const json_value_t *value)
{
    return value->type == JSON_TYPE_OBJECT || value->type == JSON_TYPE_ARRAY;
}

/* What a method of the table writes, as an object or a list of them; NULL if nothing was given. */
static json_value_t *written_values(const arguments_t *arguments)
{
    const method_t *method = arguments->method;
    json_value_t *values = argument(arguments, method->values);
    const char *field = json_string(argument(arguments, method->fields));
    json_value_t *object;

    if (values && method->flags & METHOD_ROWS) {
        return call_values_rows(arguments->pool, argument(arguments, method->fields), values);
    }
    if (!values || (!(method->flags & METHOD_NAME) && !field)) {
        return values && is_container(values) ? values : NULL;
    }
    object = json_new_object(arguments->pool);
    json_set(object, field ? field : method->values, call_values_move(arguments->pool, values));
    return object;
}

/* A member of our own beside the values, or behind them where they are a list. */
static json_value_t *add_beside(const arguments_t *arguments, json_value_t *values,
                                const char *name, json_value_t *member)
{
    if (!values) {
        values = json_new_object(arguments->pool);
    }
    json_set(values->type == JSON_TYPE_ARRAY ? json_push(values, json_new_object(arguments->pool))
                                             : values,
             name, member);
    return values;
}

/* Ids that are not plain, or those of the originals of a copy, beside the values. */
static json_value_t *add_ids(const arguments_t *arguments, json_value_t *values)
{
    int copy = (arguments->method->flags & METHOD_SOURCES) != 0;
    json_value_t *ids;

    if (!arguments->ids || (!arguments->read.odd && !copy)) {
        return values;
    }
    ids = call_values_move(arguments->pool, arguments->ids);
    return add_beside(arguments, values, copy ? MEMBER_COPIED : MEMBER_IDS, ids);
}

/* The record that a save shows in place of what it wrote. */
static json_value_t *add_shown(const arguments_t *arguments, json_value_t *values)
{
    json_value_t *next =
        arguments->method->flags & METHOD_SAVE ? argument(arguments, "next_id") : NULL;

    if (!json_truthy(next)) {
        return values;
    }
    return add_beside(arguments, values, MEMBER_SHOWN, call_values_move(arguments->pool, next));
}

/* Positional arguments get the names that the table knows for them, the rest stay a list. */
static void add_positional(const arguments_t *arguments, json_value_t *object)
{
    const envelope_parts_t *parts = arguments->parts;
    json_value_t *list = json_new_array(arguments->pool);
    apr_size_t count = envelope_argument_count(parts);

    for (apr_size_t i = (apr_size_t)arguments->first; i < count; i++) {
        json_value_t *value = envelope_argument(parts, i);
        apr_size_t length;
        const char *names = method_parameter(arguments->method, (int)i - arguments->first, &length);

        if (!value) {
            list->truncated = 1;
            list->count += count - i;
            break;
        }
        value = call_values_move(arguments->pool, value);
        if (names) {
            length = strcspn(names, "/ ");
            json_set(object, apr_pstrmemdup(arguments->pool, names, length), value);
        }
        else {
            json_push(list, value);
        }
    }
    if (list->count > 0) {
        json_set(object, "args", list);
    }
}

static void add_keywords(const arguments_t *arguments, json_value_t *object)
{
    const envelope_parts_t *parts = arguments->parts;
    const char *name;

    for (apr_size_t i = 0; (name = envelope_keyword_name(parts, i)) != NULL; i++) {
        json_set(object, utf8_repair(arguments->pool, name, strlen(name)),
                 call_values_move(arguments->pool, envelope_keyword(parts, name)));
    }
}

static void add_context(const arguments_t *arguments, json_value_t *object)
{
    for (const char *const *name = context_members; *name; name++) {
        json_value_t *value = envelope_context(arguments->parts, *name);

        if (json_truthy(value)) {
            json_set(object, *name, call_values_move(arguments->pool, value));
        }
    }
}

/* All that an unknown method was given, but its context, which is the client's own set-up save for
 * the records that it says the method is about. */
static json_value_t *passed_values(const arguments_t *arguments)
{
    json_value_t *object = json_new_object(arguments->pool);

    add_positional(arguments, object);
    add_keywords(arguments, object);
    add_context(arguments, object);
    return object->count > 0 ? object : NULL;
}

static void read_values(const arguments_t *arguments, const redact_t *redact, call_t *call,
                        int *truncated)
{
    json_value_t *values =
        call->operation == OPERATION_CALL ? passed_values(arguments) : written_values(arguments);

    values = add_shown(arguments, add_ids(arguments, values));
    if (values) {
        redact_model(call->model, values);
        call->values = call_values_write(arguments->pool, redact, values, truncated);
    }
}

static int is_dry_run(const arguments_t *arguments)
{
    return arguments->method->flags & METHOD_DRY_RUN && json_truthy(argument(arguments, "dryrun"));
}

#define IMPORT_MODEL "base_import.import"

/* The target of an import stands in the record made for it, which is all that the import itself
 * names. */
static void read_import(const arguments_t *arguments, call_t *call)
{
    if (strcmp(call->model, IMPORT_MODEL) != 0) {
        return;
    }
    if (call->operation == OPERATION_CREATE) {
        json_value_t *values = argument(arguments, arguments->method->values);

        if (values && values->type == JSON_TYPE_ARRAY) {
            values = values->first;
        }
        call->import_model = json_string(json_member(values, "res_model"));
    }
    else if (call->operation == OPERATION_IMPORT && call->record_ids) {
        call->import_record = apr_atoi64(call->record_ids);
        /* Of the target's records only the answer tells. */
        call->record_ids = NULL;
        call->record_count = -1;
    }
}

/* The model of an import is told elsewhere. */
static int is_wanted(const track_t *track, const call_t *call)
{
    return !track || call->operation == OPERATION_IMPORT ||
           track_wants(track, call->operation, call->model);
}

/* Whoever wants no writes, or searches, of the model but reads gets to know what the answer shows.
 * A program that wants to read unseen could else save nothing and look at the answer. */
static void read_hidden(const arguments_t *arguments, const track_t *track, call_t *call)
{
    if (!track || !call->shown || call->operation == OPERATION_READ ||
        track_wants(track, call->operation, call->model) ||
        !track_wants(track, OPERATION_READ, call->model)) {
        return;
    }
    call->operation = OPERATION_READ;
    call->hidden_read = 1;
    call->record_ids = NULL;
    call->record_count = -1;
    call->result_ids =
        arguments->method->result_ids ? arguments->method->result_ids : RECORDS RECORD_ID;
    call->fields = NULL;
}

void call_method_read(apr_pool_t *pool, const envelope_parts_t *parts, const track_t *track,
                      const redact_t *redact, values_level_t level, call_t *call, int *truncated)
{
    const method_t *method = method_find(call->model, call->method);
    arguments_t arguments = {.pool = pool, .parts = parts, .method = method};
    int wanted;

    call->operation = method->operation;
    call->background = (method->flags & METHOD_BACKGROUND) != 0;
    call->result_ids = method->result_ids;
    call->shown = records_path(method);
    call->may_show_none = (method->flags & METHOD_GROUPS) != 0;
    find_ids(&arguments);
    call->record_ids = arguments.read.ids;
    call->record_count = arguments.read.count;
    read_records(&arguments, call);
    read_import(&arguments, call);
    call->revokes_devices = (method->flags & METHOD_REVOKES) != 0;
    call->changes_password = (method->flags & METHOD_PASSWORD) != 0;
    if (method->flags & METHOD_CHECK && call->record_ids) {
        call->check_record = apr_atoi64(call->record_ids);
    }
    check_nothing(call);
    read_hidden(&arguments, track, call);
    if (is_dry_run(&arguments)) {
        call->operation = OPERATION_NONE;
    }
    if (call->operation == OPERATION_NONE || level == VALUES_NONE ||
        method->flags & METHOD_SECRET || !redact || redact_name(redact, call->method)) {
        return;
    }
    wanted = is_wanted(track, call);
    /* What a write changes is no longer as it was shown, tracked or not. */
    if (wanted || call->operation == OPERATION_WRITE) {
        read_fields(&arguments, call, truncated);
    }
    if (wanted && level == VALUES_FULL && !call->hidden_read) {
        *truncated |= envelope_truncated(parts);
        read_values(&arguments, redact, call, truncated);
    }
}
