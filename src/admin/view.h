/* Values of a view: events and sessions as JSON, and what is added for people. Private. */
#ifndef ADMIN_VIEW_H
#define ADMIN_VIEW_H

#include <apr_time.h>

#include "admin/template.h"
#include "text/json_value.h"
#include "text/zone.h"
#include "trail/event.h"

/* A cell of values up to this long is shown as the JSON value it holds; a longer one as its text,
 * because the tree of a hostile value takes many times the room of the text. */
#define VIEW_MAX_PARSED 8192
#define VIEW_MAX_SHOWN 1000  /* bytes of one value shown on a page */
#define VIEW_MAX_CHANGES 200 /* values of one event shown on a page */

/* The public columns under their CSV names: numbers where the column is one, null where the cell
 * is empty. Keeps nothing of the event. */
json_value_t *view_event(apr_pool_t *pool, const event_t *event);

/* The values of such an event as a list of {"field", "old", "new"} for people. */
json_value_t *view_changes(apr_pool_t *pool, const json_value_t *event);

/* ISO 8601, or null for 0. */
json_value_t *view_time(apr_pool_t *pool, apr_time_t time);
/* For the template "time": {"iso", "text", "exact"} by the zone's clock; null for 0. */
json_value_t *view_clock(apr_pool_t *pool, const zone_t *zone, apr_time_t time);
/* The same of an ISO text. */
json_value_t *view_clock_of(apr_pool_t *pool, const zone_t *zone, const char *iso);
/* The same, and its text is "just now", "3 minutes ago", "2 days ago". */
json_value_t *view_ago(apr_pool_t *pool, const zone_t *zone, apr_time_t time, apr_time_t now);
/* "12,345". */
const char *view_number(apr_pool_t *pool, apr_int64_t number);
/* "Rome, Italy": both, or the one that is there, or NULL. */
const char *view_joined(apr_pool_t *pool, const char *first, const char *between,
                        const char *second);
/* The text cut to that many bytes, with an ellipsis if it was longer; null for NULL. */
json_value_t *view_cut(apr_pool_t *pool, const char *text, apr_size_t bytes);
/* The text with blanks for underscores: "session revoked". */
json_value_t *view_words(apr_pool_t *pool, const char *word);

/* Writes an object as JSON, members and their elements one at a time, so that memory does not grow
 * with the number of rows. APR_ENOSPC if one of them is larger than VIEW_MAX_ELEMENT. */
#define VIEW_MAX_ELEMENT (4 * 1024 * 1024)
apr_status_t view_write_json(const json_value_t *view, template_write_t write, void *payload,
                             apr_pool_t *pool);

#endif
