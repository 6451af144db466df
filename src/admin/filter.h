/* The filters of the trail, as they stand in an address. Private to the room. */
#ifndef ADMIN_FILTER_H
#define ADMIN_FILTER_H

#include "page.h"

typedef enum filter_name_t {
    FILTER_ZONE, /* of times that have none */
    FILTER_FROM,
    FILTER_TO,
    FILTER_LAST,
    FILTER_USER,
    FILTER_SESSION,
    FILTER_MODEL,
    FILTER_RECORD,
    FILTER_OPERATION,
    FILTER_OUTCOME,
    FILTER_IP,
    FILTER_SITE,
    FILTER_COUNTRY,
    FILTER_CITY,
    FILTER_CHANNEL,
    FILTER_FLAG,
    FILTER_TEXT,
    FILTER_COUNT
} filter_name_t;

typedef struct filter_t {
    event_filter_t event;
    const char *text[FILTER_COUNT]; /* as asked for; NULL if not */
    const zone_t *zone;
    apr_int64_t before; /* cursor; 0: from the newest */
    apr_int64_t after;  /* cursor of who follows the trail as it grows */
    int follow;         /* there is a cursor "after" */
    int nothing;        /* what is asked for and what may be seen have nothing in common */
} filter_t;

/* Reads the request's query and narrows it to the visitor's rights. NULL, or a sentence that tells
 * what is wrong with it. */
const char *filter_read(filter_t *filter, const page_t *page);

/* Sets one filter as if the query had it. NULL, or what is wrong with it. */
const char *filter_set(filter_t *filter, filter_name_t name, const char *text, const page_t *page);

/* The filters as a query, "?a=b&c=d" or "", with one of them replaced (value NULL: left out;
 * changed FILTER_COUNT: none). Cursors are not part of it. */
const char *filter_query(const filter_t *filter, filter_name_t changed, const char *value,
                         apr_pool_t *pool);

/* The filters as an object, for the trail and the page's form: every name, null where not used. */
json_value_t *filter_view(const filter_t *filter, apr_pool_t *pool);

/* 1 if anything narrows the trail. */
int filter_used(const filter_t *filter);

const char *filter_word(filter_name_t name); /* "from", "operation" ... */

#endif
