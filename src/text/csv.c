#include "text/csv.h"

#include <string.h>

#define GUARD '\''
#define GUARDED "=+-@\t\r'"

static void append_quoted(buffer_t *buffer, const char *text)
{
    while (*text) {
        apr_size_t length = strcspn(text, "\"");

        buffer_append(buffer, text, length);
        text += length;
        if (*text) {
            buffer_append(buffer, "\"\"", 2);
            text++;
        }
    }
}

void csv_append_cell(buffer_t *buffer, const char *text)
{
    apr_size_t plain;
    int guarded;

    if (!text || !*text) {
        return;
    }
    plain = strcspn(text, "\",\r\n");
    guarded = strchr(GUARDED, *text) != NULL;
    if (!text[plain] && !guarded) {
        buffer_append(buffer, text, plain);
        return;
    }
    if (text[plain]) {
        buffer_append_char(buffer, '"');
    }
    if (guarded) {
        buffer_append_char(buffer, GUARD);
    }
    append_quoted(buffer, text);
    if (text[plain]) {
        buffer_append_char(buffer, '"');
    }
}

/* A cell that starts with an apostrophe of its own is guarded too, so the first is always ours. */
const char *csv_unguard(const char *text)
{
    return text && *text == GUARD ? text + 1 : text;
}

/* ---- reading ---- */

#define PIECE 65536

struct csv_reader_t {
    csv_source_t source;
    void *payload;
    char piece[PIECE];
    apr_size_t at, end;
    buffer_t row; /* the cells, each with a NUL behind it */
    apr_size_t start[CSV_MAX_CELLS];
    const char *cell[CSV_MAX_CELLS];
    int count;
};

csv_reader_t *csv_reader_create(apr_pool_t *pool, csv_source_t source, void *payload)
{
    csv_reader_t *reader = apr_pcalloc(pool, sizeof(*reader));

    reader->source = source;
    reader->payload = payload;
    buffer_init(&reader->row, pool, CSV_MAX_ROW);
    return reader;
}

/* The next byte, left where it is; -1 at the end. */
static int peek(csv_reader_t *reader)
{
    if (reader->at == reader->end) {
        reader->at = 0;
        reader->end = reader->source(reader->payload, reader->piece, PIECE);
        if (reader->end == 0) {
            return -1;
        }
    }
    return (unsigned char)reader->piece[reader->at];
}

static int take(csv_reader_t *reader)
{
    int byte = peek(reader);

    reader->at += byte >= 0;
    return byte;
}

/* Takes what stands in front of `end`, which lies in the piece. */
static void take_until(csv_reader_t *reader, const char *end)
{
    const char *from = reader->piece + reader->at;

    buffer_append(&reader->row, from, (apr_size_t)(end - from));
    reader->at += (apr_size_t)(end - from);
}

/* Behind the opening quote, to behind the closing one; 0 if there is none. */
static int read_quoted(csv_reader_t *reader)
{
    while (peek(reader) >= 0) {
        const char *quote = memchr(reader->piece + reader->at, '"', reader->end - reader->at);

        take_until(reader, quote ? quote : reader->piece + reader->end);
        if (quote) {
            take(reader);
            if (peek(reader) != '"') {
                return 1;
            }
            take(reader);
            buffer_append_char(&reader->row, '"');
        }
    }
    return 0;
}

static int ends_cell(int byte)
{
    return byte < 0 || byte == ',' || byte == '\r' || byte == '\n';
}

static void read_plain(csv_reader_t *reader)
{
    while (!ends_cell(peek(reader))) {
        const char *at = reader->piece + reader->at;

        while (at < reader->piece + reader->end && !ends_cell((unsigned char)*at)) {
            at++;
        }
        take_until(reader, at);
    }
}

static int read_cell(csv_reader_t *reader)
{
    if (reader->count == CSV_MAX_CELLS) {
        return 0;
    }
    reader->start[reader->count++] = reader->row.length;
    if (peek(reader) == '"') {
        take(reader);
        if (!read_quoted(reader)) {
            return 0;
        }
    }
    else {
        read_plain(reader);
    }
    buffer_append_char(&reader->row, '\0');
    return ends_cell(peek(reader));
}

apr_status_t csv_read_row(csv_reader_t *reader, const char ***cells, int *count)
{
    int byte;

    buffer_reset(&reader->row);
    reader->count = 0;
    if (peek(reader) < 0) {
        return APR_EOF;
    }
    do {
        if (!read_cell(reader)) {
            return APR_EINVAL;
        }
        byte = take(reader);
    } while (byte == ',');
    if (byte == '\r' && peek(reader) == '\n') {
        take(reader);
    }
    if (reader->row.overflow) {
        return APR_EINVAL;
    }
    for (int i = 0; i < reader->count; i++) {
        reader->cell[i] = reader->row.data + reader->start[i];
    }
    *cells = reader->cell;
    *count = reader->count;
    return APR_SUCCESS;
}
