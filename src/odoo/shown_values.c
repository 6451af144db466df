#include "odoo/shown_values.h"

#include <string.h>

#include "call_values.h"

#define ID_FIELD "id"

/* A text that shown_values_text has made. */
static const json_limits_t limits = {2000, 64 * 1024, 2 * SHOWN_VALUES_WHOLE_TEXT, 2000};

int shown_values_prepare(apr_pool_t *pool, const redact_t *redact, const char *model,
                         json_value_t *record)
{
    redact_model(model, record);
    redact_value(redact, record);
    call_values_hide_files(pool, record);
    return !record->truncated;
}

static int is_redacted(const json_value_t *member)
{
    const char *text = json_string(member);

    return text && strcmp(text, REDACTED) == 0;
}

/* Instead of a file the web client asks for its size in words, which does not tell from a short
 * file. */
static int may_be_size(const json_value_t *member)
{
    return member->type == JSON_TYPE_STRING && member->full_length <= SHOWN_VALUES_WHOLE_TEXT &&
           call_values_holds_file(member->key);
}

const char *shown_values_text(apr_pool_t *pool, const json_value_t *member, apr_size_t size)
{
    buffer_t buffer;

    if (strcmp(member->key, ID_FIELD) == 0 || is_redacted(member) || may_be_size(member)) {
        return NULL;
    }
    buffer_init(&buffer, pool, size - 1);
    json_write(&buffer, member);
    return buffer.overflow ? NULL : buffer_string(&buffer);
}

json_value_t *shown_values_read(apr_pool_t *pool, const redact_t *redact, const char *model,
                                const char *field, const char *text)
{
    json_value_t *value = json_parse(pool, text, strlen(text), &limits);
    json_value_t *record;

    if (!value) {
        return NULL;
    }
    record = json_new_object(pool);
    json_set(record, field, value);
    redact_model(model, record);
    redact_value(redact, record);
    return is_redacted(value) ? NULL : call_values_move(pool, value);
}
