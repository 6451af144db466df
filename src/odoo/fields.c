#include "odoo/fields.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "text/buffer.h"
#include "text/multipart.h"
#include "text/utf8.h"

#define MAX_TEXT 255 /* bytes kept of a file's name and of its type */

static const char *const form_types[] = {"application/x-www-form-urlencoded",
                                         "application/x-url-encoded"};

typedef struct value_t {
    buffer_t part;    /* what came of it in a multipart form */
    form_sink_t sink; /* NULL: the value is kept */
    void *payload;
    int found;
    int from_file; /* a file part beats a plain one */
    int cut;
    const char *text; /* once all is read */
} value_t;

struct fields_t {
    apr_pool_t *pool;
    const char **names;
    apr_size_t name_count, name_limit;
    int any;      /* parameters of other names are kept too */
    int left_out; /* some were not */
    const char *query;
    form_reader_t *form;    /* of a plain form, else NULL */
    multipart_t *multipart; /* of a multipart form, else NULL */
    value_t *values;
    value_t *current; /* of the part under way, NULL: nobody asked for it */
    json_value_t *files;
    json_value_t *file; /* under way */
    apr_size_t file_count;
    int in_file;
    int malformed;
};

/* ---- the parts of a multipart form ---- */

/* The place of a name that is looked for, -1 if it is not. */
static int find(const fields_t *fields, const char *name)
{
    for (apr_size_t i = 0; i < fields->name_count; i++) {
        if (strcmp(fields->names[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static value_t *find_value(fields_t *fields, const char *name)
{
    int index = find(fields, name);

    return index < 0 ? NULL : &fields->values[index];
}

/* Makes room for another name; NULL if there is none. */
static value_t *add_name(fields_t *fields, const char *name)
{
    value_t *value;

    if (fields->name_count == fields->name_limit) {
        fields->left_out = 1;
        return NULL;
    }
    value = &fields->values[fields->name_count];
    fields->names[fields->name_count++] = name;
    buffer_init(&value->part, fields->pool, FORM_MAX_VALUE);
    return value;
}

static const char *shortened(apr_pool_t *pool, const char *text)
{
    apr_size_t length = strlen(text);

    return utf8_repair(pool, text, utf8_cut(text, length, MAX_TEXT));
}

static void describe_file(fields_t *fields, const multipart_part_t *part)
{
    fields->in_file = 1;
    fields->file = NULL;
    if (fields->file_count++ >= FIELDS_MAX_FILES) {
        return;
    }
    if (!fields->files) {
        fields->files = json_new_array(fields->pool);
    }
    fields->file = json_push(fields->files, json_new_object(fields->pool));
    json_set(fields->file, "field",
             json_new_string(fields->pool, shortened(fields->pool, part->name)));
    json_set(fields->file, "name",
             json_new_string(fields->pool, shortened(fields->pool, part->filename)));
    if (part->content_type) {
        json_set(fields->file, "type",
                 json_new_string(fields->pool, shortened(fields->pool, part->content_type)));
    }
}

static value_t *add_part(fields_t *fields, const multipart_part_t *part)
{
    if (fields->name_count == fields->name_limit || strlen(part->name) > FORM_MAX_NAME) {
        fields->left_out = 1;
        return NULL;
    }
    return add_name(fields, apr_pstrdup(fields->pool, part->name));
}

/* The first value of a name counts, of the plain ones and of the files each for itself. */
static int begin_part(void *payload, const multipart_part_t *part)
{
    fields_t *fields = payload;
    value_t *value = find_value(fields, part->name);

    fields->in_file = 0;
    if (part->filename) {
        describe_file(fields, part);
    }
    else if (!value && fields->any) {
        value = add_part(fields, part);
    }
    fields->current = NULL;
    if (!value || (value->found && (value->from_file || !part->filename))) {
        return 0;
    }
    if (value->found && value->sink) {
        value->sink(value->payload, NULL, 0);
    }
    buffer_reset(&value->part);
    value->cut = 0;
    value->found = 1;
    value->from_file = part->filename != NULL;
    fields->current = value;
    return 1;
}

static void keep(value_t *value, const char *data, apr_size_t length)
{
    apr_size_t room = value->part.limit - value->part.length;

    if (value->sink) {
        value->sink(value->payload, data, length);
        return;
    }
    buffer_append(&value->part, data, length < room ? length : room);
    value->cut |= length > room;
}

static void part_data(void *payload, const char *data, apr_size_t length)
{
    keep(((fields_t *)payload)->current, data, length);
}

static void end_part(void *payload, apr_uint64_t size)
{
    fields_t *fields = payload;

    if (fields->in_file && fields->file) {
        json_set(fields->file, "size", json_new_integer(fields->pool, (apr_int64_t)size));
    }
}

/* ---- what others call ---- */

static int is_form(const char *content_type)
{
    for (apr_size_t i = 0; i < sizeof(form_types) / sizeof(form_types[0]); i++) {
        apr_size_t length = strlen(form_types[i]);

        if (strncasecmp(content_type, form_types[i], length) == 0 &&
            strchr("; \t", content_type[length])) {
            return 1;
        }
    }
    return 0;
}

static void take_names(fields_t *fields, const char *const *names)
{
    for (const char *const *name = names; *name; name++) {
        fields->any |= strcmp(*name, FORM_ANY_NAME) == 0;
        fields->name_limit++;
    }
    if (fields->any || fields->name_limit > FIELDS_MAX_NAMES) {
        fields->name_limit = FIELDS_MAX_NAMES;
    }
    fields->names = apr_pcalloc(fields->pool, fields->name_limit * sizeof(*fields->names));
    fields->values = apr_pcalloc(fields->pool, fields->name_limit * sizeof(*fields->values));
    for (; *names && fields->name_count < fields->name_limit; names++) {
        if (strcmp(*names, FORM_ANY_NAME) != 0) {
            add_name(fields, *names);
        }
    }
}

fields_t *fields_create(apr_pool_t *pool, const char *const *names, const char *content_type,
                        const char *query)
{
    fields_t *fields = apr_pcalloc(pool, sizeof(*fields));
    const multipart_sink_t sink = {begin_part, part_data, end_part, fields};

    fields->pool = pool;
    fields->query = query;
    take_names(fields, names);
    if (content_type && multipart_is(content_type)) {
        fields->multipart = multipart_create(pool, content_type, &sink);
    }
    else if (!content_type || is_form(content_type)) {
        fields->form = form_reader_create(pool, names);
    }
    return fields;
}

void fields_stream(fields_t *fields, const char *name, form_sink_t sink, void *payload)
{
    value_t *value = find_value(fields, name);

    if (!value) {
        return;
    }
    value->sink = sink;
    value->payload = payload;
    if (fields->form) {
        form_reader_stream(fields->form, name, sink, payload);
    }
}

void fields_feed(fields_t *fields, const char *data, apr_size_t length)
{
    if (fields->form) {
        form_reader_feed(fields->form, data, length);
    }
    else if (fields->multipart) {
        multipart_feed(fields->multipart, data, length);
    }
}

static void take_form(value_t *value, const form_reader_t *form, const char *name)
{
    value->text = form_value(form, name);
    value->found = value->text != NULL;
    value->cut = form_value_cut(form, name);
}

static void take_part(const fields_t *fields, value_t *value)
{
    value->text =
        utf8_repair(fields->pool, value->part.data ? value->part.data : "", value->part.length);
}

/* A body that Odoo does not read says nothing. */
static void forget_body(value_t *value)
{
    if (value->found && value->sink) {
        value->sink(value->payload, NULL, 0);
    }
    value->found = value->cut = 0;
    value->text = NULL;
}

static void take_query(const fields_t *fields, value_t *value, const char *name)
{
    const char *const names[] = {name, NULL};
    form_reader_t *query = form_reader_create(fields->pool, names);

    if (value->sink) {
        form_reader_stream(query, name, value->sink, value->payload);
    }
    form_reader_feed(query, fields->query, strlen(fields->query));
    form_reader_end(query);
    take_form(value, query, name);
}

static void finish_value(fields_t *fields, apr_size_t index, int usable)
{
    value_t *value = &fields->values[index];

    if (fields->form) {
        take_form(value, fields->form, fields->names[index]);
    }
    else if (value->found) {
        take_part(fields, value);
    }
    if (!usable) {
        forget_body(value);
    }
    if (!value->found && fields->query) {
        take_query(fields, value, fields->names[index]);
    }
}

/* Names that a plain form, or the query, has besides. */
static void find_names(fields_t *fields, const form_reader_t *form)
{
    const char *name;

    for (apr_size_t i = 0; (name = form_name(form, i)) != NULL; i++) {
        if (find(fields, name) < 0) {
            add_name(fields, name);
        }
    }
    fields->left_out |= form_left_out(form);
}

static void find_all_names(fields_t *fields)
{
    static const char *const any[] = {FORM_ANY_NAME, NULL};

    if (fields->form) {
        find_names(fields, fields->form);
    }
    if (fields->query) {
        form_reader_t *query = form_reader_create(fields->pool, any);

        form_reader_feed(query, fields->query, strlen(fields->query));
        form_reader_end(query);
        find_names(fields, query);
    }
}

void fields_end(fields_t *fields, int complete)
{
    if (fields->form) {
        form_reader_end(fields->form);
    }
    else if (fields->multipart) {
        fields->malformed = multipart_end(fields->multipart) != APR_SUCCESS;
    }
    if (fields->any) {
        find_all_names(fields);
    }
    for (apr_size_t i = 0; i < fields->name_count; i++) {
        finish_value(fields, i, complete && !fields->malformed);
    }
}

const char *fields_value(const fields_t *fields, const char *name)
{
    int index = find(fields, name);

    return index < 0 ? NULL : fields->values[index].text;
}

int fields_value_cut(const fields_t *fields, const char *name)
{
    int index = find(fields, name);

    return index >= 0 && fields->values[index].cut;
}

const char *fields_name(const fields_t *fields, apr_size_t index)
{
    return index < fields->name_count ? fields->names[index] : NULL;
}

int fields_left_out(const fields_t *fields)
{
    return fields->left_out;
}

int fields_malformed(const fields_t *fields)
{
    return fields->malformed;
}

json_value_t *fields_files(const fields_t *fields)
{
    return fields->malformed ? NULL : fields->files;
}

apr_size_t fields_file_count(const fields_t *fields)
{
    return fields->malformed ? 0 : fields->file_count;
}
