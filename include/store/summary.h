/* Summaries of the trail for the page's plots: how often what was done, by whom, on what and from
 * where. store_append counts each event into small tables, purging takes it out again, and an event
 * whose user is learned later moves to that user, so that a plot and the filtered list behind it
 * agree.
 *
 * Callers, errors and blocking are those of store.h's pages' side. Times are of the events, UTC.
 * Counts are kept by the hour and by the day (and ten): the hour or day of `from` counts as a
 * whole, and so does the last one that begins before `to`.
 *
 * Per day and site 1,000 users, 500 models, 500 addresses and 500 places are told apart (per user
 * the same again of models, addresses and places); what comes later on that day is counted as
 * "others". */
#ifndef STORE_SUMMARY_H
#define STORE_SUMMARY_H

#include "store/store.h"

#define SUMMARY_MAX_HOURS_DAYS 100 /* longest range that is told by the hour */
#define SUMMARY_MAX_DAYS 4000      /* longest range at all */
#define SUMMARY_MAX_TOP 100        /* rows of one list of the most frequent */

/* What is counted. The visitor's restriction is as in event_filter_t: set from the rights. */
typedef struct summary_scope_t {
    apr_time_t from, to; /* both needed; from inclusive, to exclusive */
    const char *site;    /* NULL: all */
    int own_only;        /* then nothing is counted unless own_site and own_uid are known */
    const char *own_site, *own_database;
    apr_int64_t own_uid;
} summary_scope_t;

/* By outcome; an event without one (the module's own) counts as success. */
typedef struct summary_counts_t {
    apr_int64_t success, denied, failed, unknown;
} summary_counts_t;

typedef enum summary_bucket_t { SUMMARY_HOUR, SUMMARY_DAY } summary_bucket_t;

/* Calls visit for each bucket and operation that has events, oldest first, until it answers
 * non-zero. Buckets begin on whole hours or days of UTC: for days of another zone ask for hours and
 * add them up. APR_EINVAL without a range, or for one that is too long. */
typedef int (*summary_activity_visit_t)(void *payload, apr_time_t start, const char *operation,
                                        const summary_counts_t *counts);
apr_status_t store_summary_activity(store_t *store, const summary_scope_t *scope,
                                    summary_bucket_t bucket, summary_activity_visit_t visit,
                                    void *payload, apr_pool_t *pool);

/* All events of the range by outcome, told by the day. */
apr_status_t store_summary_total(store_t *store, const summary_scope_t *scope,
                                 summary_counts_t *counts, apr_pool_t *pool);

/* Events by weekday (0 is Monday) and hour of the day, in the zone that is utc_offset seconds east
 * of UTC all the time. Zones of half hours are taken to the whole hour below. */
apr_status_t store_summary_week(store_t *store, const summary_scope_t *scope, int utc_offset,
                                apr_int64_t counts[7][24], apr_pool_t *pool);

typedef enum summary_kind_t {
    SUMMARY_USERS, /* with a uid; what nobody was named for is in no row */
    SUMMARY_MODELS,
    SUMMARY_ADDRESSES,
    SUMMARY_PLACES
} summary_kind_t;

typedef struct summary_top_t {
    int others;        /* what was no longer told apart; then only counts are set */
    const char *value; /* uid, model, address, or NULL */
    const char *site, *database, *login, *name; /* of a user; login and name as last seen */
    const char *country, *city;                 /* of a place, as in the events */
    summary_counts_t counts;
} summary_top_t;

/* The most frequent first, at most `limit`, told by the day. */
typedef int (*summary_top_visit_t)(void *payload, const summary_top_t *top);
apr_status_t store_summary_top(store_t *store, const summary_scope_t *scope, summary_kind_t kind,
                               int limit, summary_top_visit_t visit, void *payload,
                               apr_pool_t *pool);

#endif
