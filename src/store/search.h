/* What events are asked for: as conditions on rows and, through marks and times, as the ids that
 * meet them. */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "query.h"

/* APR_EINVAL for an address that is none, a record without its model, text without a range. */
apr_status_t search_check(const event_filter_t *filter);

/* The conditions on a row of events or pending; the visitor's restriction is always among them. */
void search_rows(query_t *query, store_t *store, const event_filter_t *filter);

/* Events of a block that the filter may match; none is missing. */
typedef struct search_block_t {
    apr_int64_t first_id, end_id, first_ms, last_ms;
    int exact; /* these are all matches; otherwise their rows must be looked at */
    apr_uint64_t bits[POSTING_WORDS];
} search_block_t;

typedef struct search_t {
    store_t *store;
    const event_filter_t *filter;
    int newest_first;
    int by_blocks;    /* even where a filter is empty, so that one run of rows would do */
    apr_int64_t from; /* the id that nothing must be behind (newest first) or before, exclusive */
    void *payload;
    /* A run of rows, low <= id < high, that nothing is known about. */
    apr_status_t (*rows)(void *payload, apr_int64_t low, apr_int64_t high, int *stop);
    apr_status_t (*block)(void *payload, const search_block_t *block, int *stop);
} search_t;

/* Calls rows and block in the order asked for, until one sets *stop or fails. */
apr_status_t search_run(const search_t *search, apr_pool_t *pool);

#endif
