/* An export, read back into events. */
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/csv.h"
#include "verify.h"

typedef struct header_t {
    int column[CSV_MAX_CELLS]; /* event_column_t, or -1 */
    int count;
} header_t;

static apr_size_t read_file(void *payload, char *data, apr_size_t room)
{
    return fread(data, 1, room, payload);
}

static int column_of(const char *name)
{
    for (int column = 0; column < EVENT_PUBLIC_COLUMNS; column++) {
        if (!strcmp(event_columns[column].name, name)) {
            return column;
        }
    }
    return -1;
}

/* 0 unless every column that is hashed is there. */
static int read_header(csv_reader_t *reader, header_t *header)
{
    const char **cells;
    int found = 0, needed = 1; /* the hash itself */

    if (csv_read_row(reader, &cells, &header->count) != APR_SUCCESS) {
        return 0;
    }
    for (int i = 0; i < header->count; i++) {
        int column = header->column[i] = column_of(cells[i]);

        found += column == EVENT_HASH || (column >= 0 && event_columns[column].hashed);
    }
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        needed += event_columns[column].hashed;
    }
    return found == needed;
}

static void to_event(const header_t *header, const char *const *cells, event_t *event)
{
    memset(event->cell, 0, sizeof(event->cell));
    for (int i = 0; i < header->count; i++) {
        if (header->column[i] >= 0 && *cells[i]) {
            event->cell[header->column[i]] = csv_unguard(cells[i]);
        }
    }
}

static int not_csv(const tool_t *tool)
{
    fprintf(stderr, "user-audit: %s is no export of a trail, or was cut off in the middle\n",
            tool->csv);
    return EXIT_UNREADABLE;
}

static int read_rows(tool_t *tool, verify_t *verify, FILE *file)
{
    csv_reader_t *reader = csv_reader_create(tool->pool, read_file, file);
    event_t event = {.pool = tool->pool};
    header_t header;
    const char **cells;
    int count;
    apr_status_t status = APR_SUCCESS;

    if (!read_header(reader, &header)) {
        return not_csv(tool);
    }
    while ((status = csv_read_row(reader, &cells, &count)) == APR_SUCCESS) {
        if (count != header.count) {
            return not_csv(tool);
        }
        to_event(&header, cells, &event);
        if (verify_event(verify, &event)) {
            return EXIT_SUCCESS;
        }
    }
    return status == APR_EOF && !ferror(file) ? EXIT_SUCCESS : not_csv(tool);
}

int verify_csv(tool_t *tool, verify_t *verify)
{
    FILE *file = strcmp(tool->csv, "-") ? fopen(tool->csv, "rb") : stdin;
    int result;

    if (!file) {
        perror(tool->csv);
        return EXIT_UNREADABLE;
    }
    result = read_rows(tool, verify, file);
    if (file != stdin) {
        fclose(file);
    }
    return result;
}
