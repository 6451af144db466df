/* What events are asked for: as conditions on rows and, through marks and times, on blocks. */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "query.h"

/* APR_EINVAL for an address that is none, or a record without its model. */
apr_status_t search_check(const event_filter_t *filter);

/* The conditions on a row of events or pending; the visitor's restriction is always among them. */
void search_rows(query_t *query, const event_filter_t *filter);

/* Calls visit for runs of ids, low <= id < high, in the order asked for, that hold every event the
 * filter can match, until it sets *stop or fails. `from` is the id that nothing must be behind
 * (newest first) or before (oldest first), exclusive. */
typedef apr_status_t (*search_run_t)(void *payload, apr_int64_t low, apr_int64_t high, int *stop);
apr_status_t search_runs(store_t *store, const event_filter_t *filter, int newest_first,
                         apr_int64_t from, search_run_t visit, void *payload, apr_pool_t *pool);

#endif
