#include "odoo/shown_values.h"

#include <string.h>

#include "call_values.h"
#include "reply_envelope.h"

#define ID_FIELD "id"

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

const char *shown_values_text(apr_pool_t *pool, const json_value_t *member)
{
    buffer_t buffer;

    if (strcmp(member->key, ID_FIELD) == 0 || is_redacted(member) || may_be_size(member)) {
        return NULL;
    }
    buffer_init(&buffer, pool, SHOWN_VALUES_SIZE);
    json_write(&buffer, member);
    return buffer.overflow ? NULL : buffer_string(&buffer);
}

void shown_values_read(apr_pool_t *pool, const shown_answer_t *answer,
                       const reply_watcher_t *watcher)
{
    reply_envelope_t *envelope = reply_envelope_create(
        pool, answer->reply == ROUTE_REPLY_JSON ? REPLY_SHAPE_BARE : REPLY_SHAPE_JSONRPC, NULL);

    if (answer->reply == ROUTE_REPLY_XMLRPC && !reply_envelope_read_xml(envelope, pool)) {
        return;
    }
    reply_envelope_watch(envelope, pool, answer->path, watcher);
    reply_envelope_feed(envelope, answer->data, answer->length);
}
