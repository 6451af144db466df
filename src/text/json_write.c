#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json_find.h"
#include "text/json_value.h"
#include "text/utf8.h"

/* Containers within each other that are written; the content of deeper ones is counted only. A
 * tree from the wire is never as deep as that. */
#define JSON_WRITE_MAX_DEPTH 256

/* ---- strings ---- */

/* Bytes below 0x80 that are written as \u00XX: controls, and what could end a script or start a
 * tag or an entity in a page. 1: that way; else the letter behind a backslash. */
static const char escaped[128] = {
    [0x00] = 1, [0x01] = 1,   [0x02] = 1,   [0x03] = 1,   [0x04] = 1,  [0x05] = 1,    [0x06] = 1,
    [0x07] = 1, ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', [0x0b] = 1,  ['\f'] = 'f',  ['\r'] = 'r',
    [0x0e] = 1, [0x0f] = 1,   [0x10] = 1,   [0x11] = 1,   [0x12] = 1,  [0x13] = 1,    [0x14] = 1,
    [0x15] = 1, [0x16] = 1,   [0x17] = 1,   [0x18] = 1,   [0x19] = 1,  [0x1a] = 1,    [0x1b] = 1,
    [0x1c] = 1, [0x1d] = 1,   [0x1e] = 1,   [0x1f] = 1,   ['"'] = '"', ['\\'] = '\\', ['<'] = 1,
    ['>'] = 1,  ['&'] = 1,    [0x7f] = 1,
};

static int stands_plain(char byte)
{
    return (signed char)byte < 0 || !escaped[(unsigned char)byte];
}

#ifdef __SSE2__

/* Not 0 if a byte of the block is written in another way; the lowest bit set tells its place. */
static unsigned escaped_in_block(const char *data)
{
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)data);
    __m128i hits = json_find_hits(data);

    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8('<')));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8('>')));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8('&')));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f)));
    return (unsigned)_mm_movemask_epi8(hits);
}

#endif

static apr_size_t plain_prefix(const char *data, apr_size_t length)
{
    apr_size_t n = 0;

#ifdef __SSE2__
    for (; n + JSON_FIND_BLOCK <= length; n += JSON_FIND_BLOCK) {
        unsigned found = escaped_in_block(data + n);

        if (found) {
            return n + json_find_place(found);
        }
    }
    if (n > 0 && !escaped_in_block(data + length - JSON_FIND_BLOCK)) {
        return length; /* the last block overlaps the one before it */
    }
#endif
    while (n < length && stands_plain(data[n])) {
        n++;
    }
    return n;
}

static void write_escape(buffer_t *buffer, char byte)
{
    static const char hex[] = "0123456789abcdef";
    char how = escaped[(unsigned char)byte];

    if (how > 1) {
        buffer_append_char(buffer, '\\');
        buffer_append_char(buffer, how);
        return;
    }
    buffer_append_string(buffer, "\\u00");
    buffer_append_char(buffer, hex[byte >> 4]);
    buffer_append_char(buffer, hex[byte & 0xf]);
}

/* Of valid UTF-8. */
static void write_characters(buffer_t *buffer, const char *data, apr_size_t length)
{
    apr_size_t n = 0;

    while (n < length) {
        apr_size_t plain = plain_prefix(data + n, length - n);

        buffer_append(buffer, data + n, plain);
        n += plain;
        if (n < length) {
            write_escape(buffer, data[n++]);
        }
    }
}

/* As nearly all are. 0 if it is no such one, or there is no room for it. */
static int write_plain(buffer_t *buffer, const char *data, apr_size_t length)
{
    char *to;

    if (plain_prefix(data, length) != length || utf8_clean_prefix(data, length) != length) {
        return 0;
    }
    to = buffer_extend(buffer, length + 2);
    if (!to) {
        return 0;
    }
    to[0] = '"';
    memcpy(to + 1, data, length);
    to[length + 1] = '"';
    return 1;
}

void json_write_string(buffer_t *buffer, const char *data, apr_size_t length)
{
    if (write_plain(buffer, data, length)) {
        return;
    }
    buffer_append_char(buffer, '"');
    while (length) {
        apr_size_t valid = utf8_valid_prefix(data, length);

        write_characters(buffer, data, valid);
        data += valid;
        length -= valid;
        if (length) {
            apr_size_t broken = utf8_broken_length(data, length);

            buffer_append_string(buffer, UTF8_REPLACEMENT);
            data += broken;
            length -= broken;
        }
    }
    buffer_append_char(buffer, '"');
}

/* ---- values ---- */

static void write_length(buffer_t *buffer, const char *separator, const json_value_t *value)
{
    buffer_append_string(buffer, separator);
    buffer_append_string(buffer, "\"$length\":");
    buffer_append_int64(buffer, (apr_int64_t)value->full_length);
}

/* The head is there unless it is a meaningless piece of base64. */
static void write_cut_text(buffer_t *buffer, const json_value_t *value)
{
    buffer_append_char(buffer, '{');
    if (!value->binary) {
        buffer_append_string(buffer, "\"$head\":");
        json_write_string(buffer, value->text, strlen(value->text));
        if (!buffer->overflow) {
            buffer->length--; /* the closing quote */
        }
        buffer_append_string(buffer, "...\"");
    }
    write_length(buffer, value->binary ? "" : ",", value);
    if (value->sha256) {
        buffer_append_string(buffer, ",\"$sha256\":\"");
        buffer_append_string(buffer, value->sha256);
        buffer_append_char(buffer, '"');
    }
    buffer_append_char(buffer, '}');
}

static void write_string(buffer_t *buffer, const json_value_t *value)
{
    if (value->sha256) {
        write_cut_text(buffer, value);
    }
    else {
        json_write_string(buffer, value->text, strlen(value->text));
    }
}

/* NaN, the infinities and what a double cannot hold are no numbers to a database's JSON type nor
 * to a browser, so they are written as strings. Nothing of JSON_TREE_NUMBER_SIZE bytes is too large
 * without an exponent. */
static int is_finite(const char *text, apr_size_t length)
{
    return (length <= JSON_TREE_NUMBER_SIZE && text[strspn(text, "-.0123456789")] == '\0') ||
           isfinite(strtod(text, NULL));
}

static void write_number(buffer_t *buffer, const json_value_t *value)
{
    apr_size_t length = strlen(value->text);

    if (value->full_length > length) {
        write_cut_text(buffer, value);
    }
    else if (is_finite(value->text, length)) {
        buffer_append(buffer, value->text, length);
    }
    else {
        json_write_string(buffer, value->text, length);
    }
}

static void write_scalar(buffer_t *buffer, const json_value_t *value)
{
    switch (value->type) {
    case JSON_TYPE_STRING:
        write_string(buffer, value);
        break;
    case JSON_TYPE_NUMBER:
        write_number(buffer, value);
        break;
    case JSON_TYPE_TRUE:
        buffer_append_string(buffer, "true");
        break;
    case JSON_TYPE_FALSE:
        buffer_append_string(buffer, "false");
        break;
    default:
        buffer_append_string(buffer, "null");
    }
}

/* An open container: what is written of it next. */
typedef struct level_t {
    const json_value_t *container;
    const json_value_t *member;
    apr_size_t written;
} level_t;

typedef struct writer_t {
    buffer_t *buffer;
    unsigned depth;
    level_t levels[JSON_WRITE_MAX_DEPTH];
} writer_t;

static void write_omitted(buffer_t *buffer, const level_t *level)
{
    int object = level->container->type == JSON_TYPE_OBJECT;

    if (level->written) {
        buffer_append_char(buffer, ',');
    }
    buffer_append_string(buffer, object ? "\"$omitted\":" : "{\"$omitted\":");
    buffer_append_int64(buffer, (apr_int64_t)(level->container->count - level->written));
    if (!object) {
        buffer_append_char(buffer, '}');
    }
}

static void open_level(writer_t *writer, const json_value_t *container)
{
    level_t *level = &writer->levels[writer->depth++];

    level->container = container;
    level->member = container->first;
    level->written = 0;
    buffer_append_char(writer->buffer, container->type == JSON_TYPE_OBJECT ? '{' : '[');
}

static void close_level(writer_t *writer)
{
    const level_t *level = &writer->levels[--writer->depth];

    if (level->container->truncated || level->written < level->container->count) {
        write_omitted(writer->buffer, level);
    }
    buffer_append_char(writer->buffer, level->container->type == JSON_TYPE_OBJECT ? '}' : ']');
}

static void write_value(writer_t *writer, const json_value_t *value)
{
    if (value->type != JSON_TYPE_ARRAY && value->type != JSON_TYPE_OBJECT) {
        write_scalar(writer->buffer, value);
        return;
    }
    open_level(writer, value);
    if (writer->depth == JSON_WRITE_MAX_DEPTH) {
        writer->levels[writer->depth - 1].member = NULL;
    }
}

static void write_member(writer_t *writer, level_t *level)
{
    const json_value_t *member = level->member;

    level->member = member->next;
    if (level->written++) {
        buffer_append_char(writer->buffer, ',');
    }
    if (level->container->type == JSON_TYPE_OBJECT) {
        json_write_string(writer->buffer, member->key, strlen(member->key));
        buffer_append_char(writer->buffer, ':');
    }
    write_value(writer, member);
}

void json_write(buffer_t *buffer, const json_value_t *value)
{
    writer_t writer;

    if (!value) {
        buffer_append_string(buffer, "null");
        return;
    }
    writer.buffer = buffer;
    writer.depth = 0;
    write_value(&writer, value);
    while (writer.depth && !buffer->overflow) {
        level_t *level = &writer.levels[writer.depth - 1];

        if (level->member) {
            write_member(&writer, level);
        }
        else {
            close_level(&writer);
        }
    }
}
