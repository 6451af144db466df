#include "call_ids.h"

#include <string.h>

#include <apr_strings.h>

#include "odoo/call.h"

#define ID_SIZE 21 /* digits of the longest id, and a blank */

static void append_id(buffer_t *buffer, call_ids_t *ids, apr_int64_t id)
{
    if (buffer->length > 0) {
        buffer_append_char(buffer, ' ');
    }
    buffer_append_int64(buffer, id);
    ids->count++;
}

/* PostgreSQL takes '12' and ' 12 ' for an integer, and no other text. */
static int id_from_text(const char *text, apr_int64_t *id)
{
    apr_size_t length;

    text += strspn(text, " \t\n\r\f\v");
    length = strspn(text, "0123456789");
    if (length == 0 || length >= ID_SIZE - 2 ||
        text[length + strspn(text + length, " \t\n\r\f\v")]) {
        return 0;
    }
    *id = apr_atoi64(text);
    return 1;
}

static void read_text_id(buffer_t *buffer, call_ids_t *ids, const char *text)
{
    apr_int64_t id;

    if (id_from_text(text, &id)) {
        append_id(buffer, ids, id);
    }
    else {
        ids->odd = 1;
    }
}

static void read_element(buffer_t *buffer, call_ids_t *ids, const json_value_t *element)
{
    apr_int64_t id;

    if (json_integer(element, &id)) {
        append_id(buffer, ids, id);
    }
    else if (element->type == JSON_TYPE_STRING) {
        read_text_id(buffer, ids, element->text);
    }
    else {
        ids->odd = 1;
    }
}

static void read_list(buffer_t *buffer, call_ids_t *ids, const json_value_t *list)
{
    for (const json_value_t *element = list->first; element; element = element->next) {
        if (ids->count < CALL_MAX_IDS) {
            read_element(buffer, ids, element);
        }
    }
    if (list->count > CALL_MAX_IDS) {
        ids->count = (apr_int64_t)list->count;
    }
}

static void read_keys(buffer_t *buffer, call_ids_t *ids, const json_value_t *object)
{
    for (const json_value_t *member = object->first; member; member = member->next) {
        if (ids->count < CALL_MAX_IDS) {
            read_text_id(buffer, ids, member->key);
        }
    }
    if (object->count > CALL_MAX_IDS) {
        ids->count = (apr_int64_t)object->count;
    }
}

/* tuple("12") is ('1', '2'). */
static void read_characters(buffer_t *buffer, call_ids_t *ids, const json_value_t *string)
{
    for (const char *at = string->text; *at; at++) {
        if (*at < '0' || *at > '9') {
            ids->odd = 1;
        }
        else if (ids->count < CALL_MAX_IDS) {
            append_id(buffer, ids, *at - '0');
        }
    }
    if (string->full_length > CALL_MAX_IDS) {
        ids->count = (apr_int64_t)string->full_length;
    }
}

/* A number that stands alone must be an integer: browse() makes a tuple of anything else. */
static void read_number(buffer_t *buffer, call_ids_t *ids, const json_value_t *number)
{
    apr_int64_t id;

    if (json_integer(number, &id) && !strpbrk(number->text, ".eE")) {
        append_id(buffer, ids, id);
    }
    else {
        ids->odd = 1;
    }
}

void call_ids_read(apr_pool_t *pool, const json_value_t *value, call_ids_t *ids)
{
    buffer_t buffer;

    memset(ids, 0, sizeof(*ids));
    if (!json_truthy(value)) {
        return;
    }
    buffer_init(&buffer, pool, CALL_MAX_IDS * ID_SIZE);
    switch (value->type) {
    case JSON_TYPE_NUMBER:
        read_number(&buffer, ids, value);
        break;
    case JSON_TYPE_STRING:
        read_characters(&buffer, ids, value);
        break;
    case JSON_TYPE_ARRAY:
        read_list(&buffer, ids, value);
        break;
    case JSON_TYPE_OBJECT:
        read_keys(&buffer, ids, value);
        break;
    default:
        ids->odd = 1;
    }
    ids->ids = buffer.length > 0 ? buffer_string(&buffer) : NULL;
    if (ids->odd) {
        ids->count = -1;
    }
}

int call_ids_likely(const json_value_t *value)
{
    apr_int64_t id;

    if (!value || value->type != JSON_TYPE_ARRAY) {
        return json_integer(value, &id) && !strpbrk(value->text, ".eE");
    }
    for (const json_value_t *element = value->first; element; element = element->next) {
        if (!json_integer(element, &id)) {
            return 0;
        }
    }
    return 1;
}
