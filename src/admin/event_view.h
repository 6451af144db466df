/* What is added to events for people: clocks, links, changes side by side. Private to the room. */
#ifndef ADMIN_EVENT_VIEW_H
#define ADMIN_EVENT_VIEW_H

#include "filter.h"

/* Gives each event of the array a member "shown". Its links narrow the filter. */
void event_view_complete(page_t *page, json_value_t *events, const filter_t *filter);

/* The address of a record in Odoo, on the same host. */
const char *event_view_odoo(apr_pool_t *pool, const char *model, const char *id);

/* The series of the plots that an operation belongs to, 1 to EVENT_SERIES; its word and the
 * operations in it, as the filter takes them. */
#define EVENT_SERIES 8
int event_series(const char *operation);
const char *event_series_label(int series);
const char *event_series_operations(int series, apr_pool_t *pool);

#endif
