/* Plots as views: where what stands, in whole units of the drawing, for the templates that write
 * them as SVG. Private to the room. Pure. */
#ifndef ADMIN_PLOT_H
#define ADMIN_PLOT_H

#include "overview_data.h"

/* Stacked bars for the template "plot_bars". */
json_value_t *plot_activity(const page_t *page, const overview_t *overview);

/* Weekdays by hours for the template "plot_week". */
json_value_t *plot_week(const page_t *page, const overview_t *overview);

/* Gives each row of a list of the most frequent a "width" of 0 to 100, and "bad_width" for what was
 * denied or failed. */
void plot_rows(apr_pool_t *pool, json_value_t *rows);

/* The address of the trail's list narrowed to a time, with the query that follows. */
const char *plot_address(const page_t *page, apr_time_t from, apr_time_t to, const char *query);

#endif
