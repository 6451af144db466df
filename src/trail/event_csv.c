#include "trail/event_csv.h"

#include "text/csv.h"

static void append_separator(buffer_t *buffer, int column)
{
    if (column + 1 < EVENT_PUBLIC_COLUMNS) {
        buffer_append_char(buffer, ',');
    }
    else {
        buffer_append(buffer, "\r\n", 2);
    }
}

void event_csv_header(buffer_t *buffer)
{
    for (int column = 0; column < EVENT_PUBLIC_COLUMNS; column++) {
        csv_append_cell(buffer, event_columns[column].name);
        append_separator(buffer, column);
    }
}

void event_csv_row(buffer_t *buffer, const event_t *event)
{
    for (int column = 0; column < EVENT_PUBLIC_COLUMNS; column++) {
        csv_append_cell(buffer, event->cell[column]);
        append_separator(buffer, column);
    }
}
