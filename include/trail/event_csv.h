/* Events as lines of CSV: the public columns in the order of their table, RFC 4180, CRLF. Pure. */
#ifndef TRAIL_EVENT_CSV_H
#define TRAIL_EVENT_CSV_H

#include "trail/event.h"

#define EVENT_CSV_HEADER_MOST 1024 /* bytes of the header line */

void event_csv_header(buffer_t *buffer);
/* Every cell with its formula guard (text/csv.h). */
void event_csv_row(buffer_t *buffer, const event_t *event);

#endif
