/* What the overview tells of a span of time, added up by the visitor's clock. Private to the
 * room. */
#ifndef ADMIN_OVERVIEW_DATA_H
#define ADMIN_OVERVIEW_DATA_H

#include "alert/risk.h"
#include "event_view.h"
#include "odoo/operation.h"
#include "page.h"
#include "store/summary.h"

#define OVERVIEW_BUCKETS 92 /* at most */
#define OVERVIEW_TOP 6      /* rows of a list of the most frequent */

typedef struct span_info_t {
    const char *last, *label; /* "7d", "7 days" */
    int buckets, hours;       /* how many, and how long each is */
} span_info_t;

#define OVERVIEW_SPANS 4
extern const span_info_t overview_spans[OVERVIEW_SPANS];

typedef struct overview_bucket_t {
    apr_time_t start, end;
    apr_int64_t series[EVENT_SERIES + 1]; /* from 1; by event_series */
    apr_int64_t total;
} overview_bucket_t;

typedef struct overview_t {
    const span_info_t *span;
    apr_time_t from, to; /* whole hours or days by the visitor's clock */
    overview_bucket_t buckets[OVERVIEW_BUCKETS];
    apr_int64_t series[EVENT_SERIES + 1];
    apr_int64_t operations[OPERATION_COUNT];
    summary_counts_t outcomes;
    apr_int64_t events;
    apr_int64_t week[7][24];
    apr_int64_t risks[RISKS]; /* sessions that were active within the span, by what is odd */
} overview_t;

/* The span, its buckets and what was counted in them; the lists of the most frequent go into the
 * view: "users", "models", "places", "addresses". If the database fails the page says so, and what
 * is not known is 0 or empty. */
void overview_read(overview_t *overview, const span_info_t *span, page_t *page);

#endif
