#include "text/form.h"

#include <string.h>

#include "hex.h"
#include "text/buffer.h"
#include "text/utf8.h"

#define CHUNK_SIZE 256 /* decoded bytes of a streamed value that go to its sink at a time */

typedef struct field_t {
    const char *name;
    buffer_t value;
    form_sink_t sink; /* NULL: the value is kept */
    void *payload;
    int found; /* the first value of a name counts, so nothing is added to it later */
} field_t;

struct form_reader_t {
    field_t *fields;
    int field_count, field_limit;
    int any;      /* other names than those that are there are fields too */
    int left_out; /* names that were to be found and are not among the fields */
    char name[FORM_MAX_NAME];
    apr_size_t name_length; /* past FORM_MAX_NAME: too long for any name looked for */
    int in_value;
    int pair_started; /* an empty pair ("&&") is no field */
    field_t *current; /* whose value is being read; NULL: nobody asked for it */
    char escape[2];   /* "%" and the first digit of an escape that is not complete */
    int escape_length;
    char chunk[CHUNK_SIZE];
    apr_size_t chunk_length;
    apr_pool_t *pool;
};

static int is_any(const char *name)
{
    return strcmp(name, FORM_ANY_NAME) == 0;
}

static field_t *add_field(form_reader_t *reader, const char *name)
{
    field_t *field = &reader->fields[reader->field_count++];

    field->name = name;
    buffer_init(&field->value, reader->pool, FORM_MAX_VALUE);
    return field;
}

form_reader_t *form_reader_create(apr_pool_t *pool, const char *const *names)
{
    form_reader_t *reader = apr_pcalloc(pool, sizeof(*reader));

    reader->pool = pool;
    for (const char *const *name = names; *name; name++) {
        reader->any |= is_any(*name);
        reader->field_limit++;
    }
    if (reader->any || reader->field_limit > FORM_MAX_FIELDS) {
        reader->field_limit = FORM_MAX_FIELDS;
    }
    reader->fields = apr_pcalloc(pool, (apr_size_t)reader->field_limit * sizeof(field_t));
    for (; *names && reader->field_count < reader->field_limit; names++) {
        if (!is_any(*names)) {
            add_field(reader, *names);
        }
    }
    return reader;
}

const char *form_name(const form_reader_t *reader, apr_size_t index)
{
    return index < (apr_size_t)reader->field_count ? reader->fields[index].name : NULL;
}

int form_left_out(const form_reader_t *reader)
{
    return reader->left_out;
}

/* The place of a name that is looked for, -1 if it is not. */
static int find(const form_reader_t *reader, const char *name)
{
    for (int i = 0; i < reader->field_count; i++) {
        if (!strcmp(reader->fields[i].name, name)) {
            return i;
        }
    }
    return -1;
}

void form_reader_stream(form_reader_t *reader, const char *name, form_sink_t sink, void *payload)
{
    int index = find(reader, name);

    if (index >= 0) {
        reader->fields[index].sink = sink;
        reader->fields[index].payload = payload;
    }
}

static void flush(form_reader_t *reader)
{
    if (reader->chunk_length > 0) {
        reader->current->sink(reader->current->payload, reader->chunk, reader->chunk_length);
        reader->chunk_length = 0;
    }
}

static void put_value(form_reader_t *reader, char byte)
{
    field_t *field = reader->current;

    if (!field) {
        return;
    }
    if (!field->sink) {
        buffer_append_char(&field->value, byte);
        return;
    }
    reader->chunk[reader->chunk_length++] = byte;
    if (reader->chunk_length == CHUNK_SIZE) {
        flush(reader);
    }
}

static void put(form_reader_t *reader, char byte)
{
    if (reader->in_value) {
        put_value(reader, byte);
    }
    else if (reader->name_length < FORM_MAX_NAME) {
        reader->name[reader->name_length++] = byte;
    }
    else {
        reader->name_length = FORM_MAX_NAME + 1;
    }
}

/* An escape that turned out to be none is plain text. */
static void give_up_escape(form_reader_t *reader)
{
    int length = reader->escape_length;

    reader->escape_length = 0;
    for (int i = 0; i < length; i++) {
        put(reader, reader->escape[i]);
    }
}

/* 1 if the character belongs to the escape under way. */
static int continue_escape(form_reader_t *reader, char character)
{
    if (hex_value(character) < 0) {
        give_up_escape(reader);
        return 0;
    }
    if (reader->escape_length == 2) {
        reader->escape_length = 0;
        put(reader, (char)(hex_value(reader->escape[1]) << 4 | hex_value(character)));
    }
    else {
        reader->escape[reader->escape_length++] = character;
    }
    return 1;
}

/* The field of the name that was read; NULL if nobody asks for it. */
static field_t *named_field(form_reader_t *reader)
{
    for (int i = 0; i < reader->field_count; i++) {
        field_t *field = &reader->fields[i];

        if (reader->name_length == strlen(field->name) &&
            !memcmp(reader->name, field->name, reader->name_length)) {
            return field;
        }
    }
    if (!reader->any) {
        return NULL;
    }
    if (reader->name_length > FORM_MAX_NAME || reader->field_count == reader->field_limit) {
        reader->left_out = 1;
        return NULL;
    }
    return add_field(reader, utf8_repair(reader->pool, reader->name, reader->name_length));
}

static void end_name(form_reader_t *reader)
{
    field_t *field = named_field(reader);

    reader->in_value = 1;
    if (field && !field->found) {
        field->found = 1;
        reader->current = field;
    }
}

static void end_pair(form_reader_t *reader)
{
    if (reader->pair_started && !reader->in_value) {
        end_name(reader);
    }
    flush(reader);
    reader->name_length = 0;
    reader->in_value = 0;
    reader->pair_started = 0;
    reader->current = NULL;
}

static void take(form_reader_t *reader, char character)
{
    if (reader->escape_length > 0 && continue_escape(reader, character)) {
        return;
    }
    if (character == '&') {
        end_pair(reader);
        return;
    }
    reader->pair_started = 1;
    if (character == '=' && !reader->in_value) {
        end_name(reader);
    }
    else if (character == '%') {
        reader->escape[0] = '%';
        reader->escape_length = 1;
    }
    else {
        put(reader, character == '+' ? ' ' : character);
    }
}

/* What nobody asked for is passed over at the speed of memchr: an upload in a form may be long. */
static apr_size_t skip(const form_reader_t *reader, const char *data, apr_size_t length)
{
    const char *end;

    if (!reader->in_value || reader->current) {
        return 0;
    }
    end = memchr(data, '&', length);
    return end ? (apr_size_t)(end - data) : length;
}

void form_reader_feed(form_reader_t *reader, const char *data, apr_size_t length)
{
    for (apr_size_t at = 0; at < length; at++) {
        at += skip(reader, data + at, length - at);
        if (at < length) {
            take(reader, data[at]);
        }
    }
}

void form_reader_end(form_reader_t *reader)
{
    give_up_escape(reader);
    end_pair(reader);
}

const char *form_value(const form_reader_t *reader, const char *name)
{
    int index = find(reader, name);
    const field_t *field = index < 0 ? NULL : &reader->fields[index];

    return field && field->found
               ? utf8_repair(reader->pool, field->value.data ? field->value.data : "",
                             field->value.length)
               : NULL;
}

int form_value_cut(const form_reader_t *reader, const char *name)
{
    int index = find(reader, name);

    return index >= 0 && reader->fields[index].value.overflow;
}

const char *form_query_value(apr_pool_t *pool, const char *query, const char *name)
{
    const char *const names[] = {name, NULL};
    form_reader_t *reader;

    if (!query) {
        return NULL;
    }
    reader = form_reader_create(pool, names);
    form_reader_feed(reader, query, strlen(query));
    form_reader_end(reader);
    return form_value(reader, name);
}
