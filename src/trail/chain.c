#include "trail/chain.h"

#include <string.h>

#include "text/decimal.h"

#define HEAD_SIZE (32 + DECIMAL_DIGITS) /* a column's name is shorter than 32 */

/* The line end of the cell before, then "<name>:<length>:": in one piece, since this is done for
 * each cell of each event that is written or verified. */
static void append_cell(buffer_t *buffer, const char *name, const char *cell, int first)
{
    apr_size_t length = strlen(cell), name_length = strlen(name);
    char head[HEAD_SIZE], *end = head + HEAD_SIZE, *start = end;

    *--start = ':';
    start = decimal_before(start, (apr_int64_t)length);
    *--start = ':';
    start -= name_length;
    memcpy(start, name, name_length);
    if (!first) {
        *--start = '\n';
    }
    buffer_append(buffer, start, (apr_size_t)(end - start));
    if (length) {
        buffer_append(buffer, cell, length);
    }
}

void chain_canonical(const event_t *event, buffer_t *buffer)
{
    int first = 1;

    for (int column = 0; column < EVENT_COLUMNS; column++) {
        if (event_columns[column].hashed) {
            append_cell(buffer, event_columns[column].name,
                        event->cell[column] ? event->cell[column] : "", first);
            first = 0;
        }
    }
    buffer_append_char(buffer, '\n');
}

/* 0 if the canonical form does not fit into the buffer. */
static int hash_of(const event_t *event, buffer_t *scratch, char hex[DIGEST_HEX_SIZE])
{
    unsigned char digest[DIGEST_SIZE];

    buffer_reset(scratch);
    chain_canonical(event, scratch);
    if (scratch->overflow) {
        return 0;
    }
    digest_sha256(scratch->data, scratch->length, digest);
    digest_hex(digest, sizeof(digest), hex);
    return 1;
}

void chain_link(event_t *event, const char *previous, buffer_t *scratch)
{
    char hex[DIGEST_HEX_SIZE];

    event_set(event, EVENT_PREVIOUS_HASH, previous);
    event_set(event, EVENT_HASH, hash_of(event, scratch, hex) ? hex : NULL);
}

static const event_column_t joined_when_read[] = {EVENT_UID, EVENT_LOGIN, EVENT_USER};
#define JOINED (sizeof(joined_when_read) / sizeof(joined_when_read[0]))

/* Empties the cells that the bits choose; 0 if one of them is empty anyway, so that this choice has
 * been tried before. */
static int without(event_t *event, unsigned bits)
{
    for (unsigned i = 0; i < JOINED; i++) {
        if (bits >> i & 1) {
            if (!event->cell[joined_when_read[i]]) {
                return 0;
            }
            event->cell[joined_when_read[i]] = NULL;
        }
    }
    return 1;
}

int chain_intact(const event_t *event, buffer_t *scratch)
{
    if (!event->cell[EVENT_HASH]) {
        return 0;
    }
    for (unsigned bits = 0; bits < 1u << JOINED; bits++) {
        event_t tried = *event;
        char hex[DIGEST_HEX_SIZE];

        if (without(&tried, bits) && hash_of(&tried, scratch, hex) &&
            strcmp(hex, event->cell[EVENT_HASH]) == 0) {
            return 1;
        }
    }
    return 0;
}
