#include "event_cells.h"

#include <string.h>

#include <apr_strings.h>

#include "text/json_value.h"

#define PART '\x1e'
#define TEXT_MOST (1 << 20)

/* Values are JSON as the module writes it, whatever was sent; what is none becomes a text. */
static const char *as_json(const char *text, apr_pool_t *pool)
{
    static const json_limits_t limits = {1000, 10000, 1000, 100};
    json_value_t *value = json_parse(pool, text, strlen(text), &limits);
    buffer_t buffer;

    buffer_init(&buffer, pool, TEXT_MOST);
    if (value) {
        json_write(&buffer, value);
    }
    else {
        json_write_string(&buffer, text, strlen(text));
    }
    return buffer.overflow ? NULL : buffer_string(&buffer);
}

static void set_cell(event_t *event, event_column_t column, const char *text)
{
    switch (event_columns[column].kind) {
    case EVENT_KIND_INTEGER:
        event_set_integer(event, column, apr_atoi64(text));
        break;
    case EVENT_KIND_TIME:
        event_set_time(event, column,
                       apr_atoi64(text) % apr_time_from_sec(APR_INT64_C(4000000000)));
        break;
    default:
        event_set(event, column,
                  column == EVENT_VALUES || column == EVENT_OLD_VALUES ? as_json(text, event->pool)
                                                                       : text);
    }
}

event_t *event_of_cells(const uint8_t *data, size_t size, apr_pool_t *pool)
{
    event_t *event = event_create(pool);
    char *text = apr_pstrmemdup(pool, (const char *)data, size);

    for (int column = 0; text && column < EVENT_COLUMNS; column++) {
        char *next = strchr(text, PART);

        if (next) {
            *next++ = '\0';
        }
        if (*text) {
            set_cell(event, (event_column_t)column, text);
        }
        text = next;
    }
    return event;
}
