/* Reading the trail is itself on the trail. Private to the room. */
#ifndef ADMIN_NOTE_H
#define ADMIN_NOTE_H

#include "filter.h"
#include "odoo/operation.h"

/* Once per person, filter and operation within this time. */
#define NOTE_INTERVAL apr_time_from_sec(300)

/* Hands an event (trail_read, trail_exported) to the request's note callback, unless the same was
 * told within NOTE_INTERVAL. */
void note_reading(const page_t *page, operation_t operation, const filter_t *filter);

/* Hands an event of the visitor's to the request's note callback and returns what that answers.
 * values: JSON. */
apr_status_t note_write(const page_t *page, operation_t operation, const char *values);

#endif
