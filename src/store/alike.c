#include "alike.h"

#include <string.h>

#include "trail/crc32c.h"

#define NONE "\xff" /* no cell has this byte */

typedef struct making_t {
    unsigned length; /* more than ALIKE_KEY: it does not fit */
    char key[ALIKE_KEY];
} making_t;

static void add(making_t *making, const void *data, apr_size_t length)
{
    if (making->length + length > ALIKE_KEY) {
        making->length = ALIKE_KEY + 1;
        return;
    }
    memcpy(making->key + making->length, data, length);
    making->length += (unsigned)length;
}

static void add_text(making_t *making, const char *text)
{
    text = text ? text : NONE;
    add(making, text, strlen(text) + 1);
}

const char *alike_uid(const row_t *row)
{
    return row->value[EVENT_UID] ? row->value[EVENT_UID] : row->value[ROW_WHO_UID];
}

/* An hour lies within one day and one ten days. */
static void make_key(making_t *making, const row_t *row, summarise_part_t part)
{
    static const event_column_t columns[] = {EVENT_SITE,  EVENT_DATABASE, EVENT_OPERATION,
                                             EVENT_MODEL, EVENT_IP,       EVENT_COUNTRY,
                                             EVENT_CITY};
    apr_int64_t hour = row->time_ms / SUMMARISE_HOUR;

    making->length = 0;
    add(making, &part, sizeof(part));
    add(making, &hour, sizeof(hour));
    add_text(making, alike_uid(row));
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        add_text(making, row->value[columns[i]]);
    }
}

alike_t *alike_find(alike_t lines[ALIKE_LINES], const row_t *row, summarise_part_t part,
                    apr_uint64_t round)
{
    making_t making;
    alike_t *line;

    make_key(&making, row, part);
    if (making.length > ALIKE_KEY) {
        return NULL;
    }
    line = &lines[crc32c(0, making.key, making.length) % ALIKE_LINES];
    if (line->round != round || line->length != making.length ||
        memcmp(line->key, making.key, making.length) != 0) {
        line->round = 0;
        line->count = 0;
        line->length = making.length;
        memcpy(line->key, making.key, making.length);
    }
    return line;
}
