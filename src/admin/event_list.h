/* Events of the trail read into a view. Private to the room. */
#ifndef ADMIN_EVENT_LIST_H
#define ADMIN_EVENT_LIST_H

#include "filter.h"

/* Sets the page's "events", newest first and at most ADMIN_PAGE_ROWS, "next" (the cursor "before"
 * of the older ones, null at the end), "latest" (the cursor "after" of those to come) and "running"
 * (calls whose outcome is not known yet). If the database fails the page says so and the lists are
 * empty or cut. */
void event_list_read(page_t *page, const filter_t *filter);

/* How many match: "count", exact up to COUNT_MOST, and "count_exact". After event_list_read. */
void event_list_count(page_t *page, const filter_t *filter);

/* One event that the visitor may see, as in "events", with what its chain has before it: "first",
 * 1 for the first of a chain, and "previous", {"id", "follows"} or null where the visitor may not
 * see it or it is not among the some hundred events before. NULL if there is none, or if the
 * database failed, which the page then says. */
json_value_t *event_list_one(page_t *page, apr_int64_t id);

#define COUNT_MOST 10000

#endif
