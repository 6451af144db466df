#include "trail/chain.h"

#include <string.h>

#include "text/decimal.h"

#define HEAD_ROOM 16 /* bytes: a column's name is shorter than 14 */
#define HEAD_SIZE (HEAD_ROOM + DECIMAL_DIGITS + 1)

/* "<name>:" of each column that is hashed, but for the first with the line end of the cell before
 * it. Of one size, so that copying one takes an instruction. */
static struct {
    char text[HEAD_ROOM];
    apr_size_t length;
} heads[EVENT_COLUMNS];

/* Before main, or while the module is being loaded: no thread of ours exists, so no lock. */
__attribute__((constructor)) static void make_heads(void)
{
    int first = 1;

    for (int column = 0; column < EVENT_COLUMNS; column++) {
        const char *name = event_columns[column].name;
        char *to = heads[column].text;

        if (!event_columns[column].hashed) {
            continue;
        }
        if (!first) {
            *to++ = '\n';
        }
        first = 0;
        memcpy(to, name, strlen(name));
        to += strlen(name);
        *to++ = ':';
        heads[column].length = (apr_size_t)(to - heads[column].text);
    }
}

/* "<name>:<length>:<cell>"; may write HEAD_ROOM bytes more. */
static char *write_cell(char *to, int column, const char *cell, apr_size_t length)
{
    char digits[DECIMAL_DIGITS], *end = digits + DECIMAL_DIGITS;
    const char *start = decimal_before(end, (apr_int64_t)length);

    memcpy(to, heads[column].text, HEAD_ROOM);
    to += heads[column].length;
    while (start < end) {
        *to++ = *start++;
    }
    *to++ = ':';
    memcpy(to, cell, length);
    return to + length;
}

/* In one piece, since this is done for each event that is written or verified. */
void chain_canonical(const event_t *event, buffer_t *buffer)
{
    apr_size_t length[EVENT_COLUMNS], most = HEAD_ROOM;
    char *start, *to;

    for (int column = 0; column < EVENT_COLUMNS; column++) {
        length[column] =
            event_columns[column].hashed && event->cell[column] ? strlen(event->cell[column]) : 0;
        most += HEAD_SIZE + length[column];
    }
    start = to = buffer_extend(buffer, most);
    if (!start) {
        return;
    }
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        if (event_columns[column].hashed) {
            to = write_cell(to, column, event->cell[column] ? event->cell[column] : "",
                            length[column]);
        }
    }
    *to++ = '\n';
    buffer->length -= most - (apr_size_t)(to - start);
}

/* 0 if the canonical form does not fit into the buffer. */
static int hash_of(const event_t *event, buffer_t *scratch, char hex[DIGEST_HEX_SIZE])
{
    buffer_reset(scratch);
    chain_canonical(event, scratch);
    if (scratch->overflow) {
        return 0;
    }
    digest_sha256_hex(scratch->data, scratch->length, hex);
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
