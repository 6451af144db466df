#include "call_values.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "odoo/call.h"
#include "text/digest.h"
#include "text/glob.h"

#define NAMES_SIZE 32768 /* bytes of names kept */
#define FEW_NAMES 8      /* of an object, compared one by one */

/* Half of what one container has goes at a time, so this many times is more than any tree of a
 * call needs that is not made to have more. */
#define SHRINK_ROUNDS 64

typedef struct names_t {
    buffer_t buffer;
    apr_hash_t *seen; /* NULL: no name comes twice */
    int count;
    int truncated;
} names_t;

static void write_clean(char *to, const char *name, apr_size_t length)
{
    for (apr_size_t i = 0; i < length; i++) {
        to[i] = name[i];
        if ((unsigned char)to[i] <= ' ' || to[i] == 0x7f) {
            to[i] = '_';
        }
    }
}

static int was_seen(names_t *names, const char *name, apr_size_t length)
{
    if (!names->seen) {
        return 0;
    }
    if (apr_hash_get(names->seen, name, (apr_ssize_t)length)) {
        return 1;
    }
    if (names->count < CALL_MAX_FIELDS && !names->buffer.overflow) {
        apr_hash_set(names->seen, name, (apr_ssize_t)length, name);
    }
    return 0;
}

static void append_name(names_t *names, const char *name)
{
    apr_size_t length = strlen(name), blank = names->buffer.length > 0;
    char *to;

    if (length == 0 || was_seen(names, name, length)) {
        return;
    }
    to = names->count < CALL_MAX_FIELDS ? buffer_extend(&names->buffer, blank + length) : NULL;
    if (!to) {
        names->truncated = 1;
        return;
    }
    if (blank) {
        *to++ = ' ';
    }
    write_clean(to, name, length);
    names->count++;
}

static void append_members(names_t *names, const json_value_t *object)
{
    for (const json_value_t *member = object->first; member; member = member->next) {
        if (names->seen || json_member(object, member->key) == member) {
            append_name(names, member->key);
        }
    }
    names->truncated |= object->truncated;
}

static void append_names(names_t *names, const json_value_t *value)
{
    if (value->type == JSON_TYPE_STRING) {
        append_name(names, value->text);
    }
    else if (value->type == JSON_TYPE_OBJECT) {
        append_members(names, value);
    }
}

const char *call_values_names(apr_pool_t *pool, const json_value_t *value, int *truncated)
{
    names_t names = {.seen = NULL};

    if (!value) {
        return NULL;
    }
    buffer_init(&names.buffer, pool, NAMES_SIZE);
    if (value->type == JSON_TYPE_ARRAY || value->count > FEW_NAMES) {
        names.seen = apr_hash_make(pool);
    }
    if (value->type == JSON_TYPE_ARRAY) {
        for (const json_value_t *element = value->first; element; element = element->next) {
            append_names(&names, element);
        }
        names.truncated |= value->truncated;
    }
    else {
        append_names(&names, value);
    }
    *truncated |= names.truncated;
    return names.count > 0 ? buffer_string(&names.buffer) : NULL;
}

json_value_t *call_values_move(apr_pool_t *pool, const json_value_t *value)
{
    json_value_t *copy = apr_pmemdup(pool, value, sizeof(*value));

    copy->key = NULL;
    copy->next = NULL;
    return copy;
}

static json_value_t *row_object(apr_pool_t *pool, const json_value_t *columns,
                                const json_value_t *row)
{
    json_value_t *object = json_new_object(pool);
    const json_value_t *column = columns->first;

    object->truncated = row->truncated;
    for (const json_value_t *cell = row->first; cell; cell = cell->next) {
        const char *name = json_string(column);

        if (name) {
            json_set(object, name, call_values_move(pool, cell));
        }
        else {
            object->truncated = 1; /* without a name nobody knows whether it is a secret */
        }
        column = column ? column->next : NULL;
    }
    object->count = row->count;
    return object;
}

json_value_t *call_values_rows(apr_pool_t *pool, const json_value_t *columns,
                               const json_value_t *rows)
{
    json_value_t *list = json_new_array(pool);

    if (!columns || columns->type != JSON_TYPE_ARRAY || !rows || rows->type != JSON_TYPE_ARRAY) {
        return NULL;
    }
    for (const json_value_t *row = rows->first; row; row = row->next) {
        json_push(list, row_object(pool, columns, row));
    }
    list->truncated = rows->truncated;
    list->count = rows->count;
    return list;
}

static int has_members(const json_value_t *value)
{
    return value->type == JSON_TYPE_ARRAY || value->type == JSON_TYPE_OBJECT;
}

/* The first container, from the value downwards, that has more than one member. */
static json_value_t *widest_part(json_value_t *value)
{
    json_value_t *part = value;

    while (has_members(part) && part->first && part->first == part->last &&
           has_members(part->first)) {
        part = part->first;
    }
    return part;
}

/* Leaves out the latter half of a container's members, or all it has if that is one. */
static void shrink(json_value_t *value)
{
    json_value_t *part = widest_part(value);
    json_value_t *keep = NULL, *member;
    int odd = 0;

    part->truncated = 1;
    for (member = part->first; member; member = member->next) {
        if (odd) {
            keep = keep ? keep->next : part->first;
        }
        odd = !odd;
    }
    part->last = keep;
    if (keep) {
        keep->next = NULL;
    }
    else {
        part->first = NULL;
    }
}

static int lost_members(const json_value_t *value)
{
    if (value->truncated) {
        return 1;
    }
    for (const json_value_t *member = has_members(value) ? value->first : NULL; member;
         member = member->next) {
        if (member->truncated) {
            return 1;
        }
    }
    return 0;
}

int call_values_holds_file(const char *key)
{
    static const char *const globs[] = {"datas",     "raw",         "db_datas", "image_*",
                                        "image",     "avatar_*",    "file",     "file_data",
                                        "data_file", "attachments", NULL};

    for (const char *const *glob = globs; key && *glob; glob++) {
        if (**glob == *key && glob_match(*glob, key)) {
            return 1;
        }
    }
    return 0;
}

static void hide_text(apr_pool_t *pool, json_value_t *value)
{
    char hex[DIGEST_HEX_SIZE];

    if (!value->sha256) {
        digest_sha256_hex(value->text, strlen(value->text), hex);
        value->sha256 = apr_pstrdup(pool, hex);
    }
    value->binary = 1;
}

/* Leaves of a file, however short, its length and hash. Of a list of files the first text of each
 * is its name. The tree is as deep as JSON_TREE_MAX_DEPTH. */
static void hide_files(apr_pool_t *pool, json_value_t *value, int in_file, int is_name)
{
    int first = 1;

    in_file |= call_values_holds_file(value->key);
    if (value->type == JSON_TYPE_STRING && in_file && !is_name && *value->text) {
        hide_text(pool, value);
    }
    for (json_value_t *member = has_members(value) ? value->first : NULL; member;
         member = member->next) {
        hide_files(pool, member, in_file, in_file && value->type == JSON_TYPE_ARRAY && first);
        first = 0;
    }
}

void call_values_hide_files(apr_pool_t *pool, json_value_t *value)
{
    hide_files(pool, value, 0, 0);
}

const char *call_values_write(apr_pool_t *pool, const redact_t *redact, json_value_t *value,
                              int *truncated)
{
    buffer_t buffer;
    int rounds = 0;

    redact_value(redact, value);
    hide_files(pool, value, 0, 0);
    buffer_init(&buffer, pool, CALL_MAX_VALUES);
    json_write(&buffer, value);
    while (buffer.overflow && rounds++ < SHRINK_ROUNDS) {
        shrink(value);
        buffer_reset(&buffer);
        json_write(&buffer, value);
    }
    *truncated |= lost_members(value) || buffer.overflow;
    return buffer.overflow ? "{}" : buffer_string(&buffer);
}
