#include "text/json_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define INT64_BOUND 9223372036854775808.0 /* 2^63 */

/* ---- looking ---- */

json_value_t *json_member(const json_value_t *object, const char *key)
{
    if (!object || object->type != JSON_TYPE_OBJECT) {
        return NULL;
    }
    for (json_value_t *member = object->first; member; member = member->next) {
        if (!strcmp(member->key, key)) {
            return member;
        }
    }
    return NULL;
}

json_value_t *json_element(const json_value_t *array, apr_size_t index)
{
    json_value_t *element;

    if (!array || array->type != JSON_TYPE_ARRAY) {
        return NULL;
    }
    for (element = array->first; element && index; index--) {
        element = element->next;
    }
    return element;
}

const char *json_string(const json_value_t *value)
{
    return value && value->type == JSON_TYPE_STRING ? value->text : NULL;
}

static int is_whole_number(const json_value_t *value)
{
    return value && value->type == JSON_TYPE_NUMBER && value->full_length == strlen(value->text);
}

int json_integer(const json_value_t *value, apr_int64_t *number)
{
    char *end;
    double real;

    if (!is_whole_number(value)) {
        return 0;
    }
    errno = 0;
    *number = apr_strtoi64(value->text, &end, 10);
    if (!*end) {
        return errno == 0;
    }
    real = strtod(value->text, NULL);
    if (!(real >= -INT64_BOUND && real < INT64_BOUND)) {
        return 0;
    }
    *number = (apr_int64_t)real;
    return (double)*number == real;
}

int json_truthy(const json_value_t *value)
{
    if (!value) {
        return 0;
    }
    switch (value->type) {
    case JSON_TYPE_NUMBER:
        /* A cut one has more digits than a zero that anyone writes; NaN is true in Python. */
        return !is_whole_number(value) || strtod(value->text, NULL) != 0;
    case JSON_TYPE_STRING:
        return value->full_length > 0;
    case JSON_TYPE_ARRAY:
    case JSON_TYPE_OBJECT:
        return value->count > 0;
    default:
        return value->type == JSON_TYPE_TRUE;
    }
}

/* ---- making ---- */

static json_value_t *make(apr_pool_t *pool, json_type_t type)
{
    json_value_t *value = apr_pcalloc(pool, sizeof(*value));

    value->type = type;
    return value;
}

static json_value_t *make_text(apr_pool_t *pool, json_type_t type, const char *text)
{
    json_value_t *value = make(pool, type);

    value->text = text;
    value->full_length = strlen(text);
    return value;
}

json_value_t *json_new_object(apr_pool_t *pool)
{
    return make(pool, JSON_TYPE_OBJECT);
}

json_value_t *json_new_array(apr_pool_t *pool)
{
    return make(pool, JSON_TYPE_ARRAY);
}

json_value_t *json_new_string(apr_pool_t *pool, const char *text)
{
    if (!text) {
        return make(pool, JSON_TYPE_NULL);
    }
    return make_text(pool, JSON_TYPE_STRING, apr_pstrdup(pool, text));
}

json_value_t *json_new_integer(apr_pool_t *pool, apr_int64_t number)
{
    return make_text(pool, JSON_TYPE_NUMBER, apr_psprintf(pool, "%" APR_INT64_T_FMT, number));
}

json_value_t *json_new_boolean(apr_pool_t *pool, int truth)
{
    return make(pool, truth ? JSON_TYPE_TRUE : JSON_TYPE_FALSE);
}

json_value_t *json_push(json_value_t *array, json_value_t *value)
{
    if (array->last) {
        array->last->next = value;
    }
    else {
        array->first = value;
    }
    array->last = value;
    array->count++;
    return value;
}

json_value_t *json_set(json_value_t *object, const char *key, json_value_t *value)
{
    value->key = key;
    return json_push(object, value);
}
