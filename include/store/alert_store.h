/* What alerts are judged by and sent from: what is known of each user, counters over a time, the
 * outbox, and who wants no mail. Rules of handles, threads and failures as in store/store.h; what
 * changes something needs a transaction, so that it stands or falls with the events it came from.
 *
 * Texts are compared and stored as they are: keep them within STORE_ALERT_TEXT_MAX. */
#ifndef STORE_ALERT_STORE_H
#define STORE_ALERT_STORE_H

#include "store/store.h"

#define STORE_ALERT_TEXT_MAX 600
#define STORE_MAX_OUTBOX 64    /* rows given by one call */
#define STORE_MAX_OPT_OUTS 500 /* the same */
#define STORE_MAX_KNOWN 200    /* the same */

typedef struct store_user_t {
    const char *site, *database; /* NULL is "" */
    const char *uid;             /* digits */
} store_user_t;

/* Takes note that this user had this value of a kind (a device, a place ...) at that time. *is_new
 * is 1 if the store did not know it. Times never move back. */
apr_status_t store_known_note(store_t *store, const store_user_t *user, const char *kind,
                              const char *value, apr_time_t when, int *is_new);
/* How many values of a kind are known of the user. */
apr_status_t store_known_count(store_t *store, const store_user_t *user, const char *kind,
                               apr_int64_t *count);
apr_status_t store_known_forget(store_t *store, const store_user_t *user, const char *kind);
/* The user of the site who had this value last (uid and database in the pool). APR_NOTFOUND. */
apr_status_t store_known_holder(store_t *store, const char *site, const char *kind,
                                const char *value, store_user_t *user, apr_pool_t *pool);
/* The values of a kind that any user of the site has: const char *, at most STORE_MAX_KNOWN. */
apr_status_t store_known_values(store_t *store, const char *site, const char *kind,
                                apr_array_header_t **values, apr_pool_t *pool);

/* Counters: amounts by name and bucket of time. */
apr_status_t store_counter_add(store_t *store, const char *name, apr_int64_t bucket,
                               apr_int64_t amount, apr_time_t expires);
/* Of the buckets from `first` on. */
apr_status_t store_counter_sum(store_t *store, const char *name, apr_int64_t first,
                               apr_int64_t *sum);
/* Deletes counters that have expired, and what is known of users and was not seen since `before`.
 */
apr_status_t store_alerts_purge(store_t *store, apr_time_t now, apr_time_t before);

/* A message that waits to be sent. */
typedef struct store_outbox_t {
    const char *id;        /* stays the same over all tries */
    const char *site;      /* may be NULL */
    const char *channel;   /* "mail" or "webhook" */
    const char *recipient; /* a mail address, or "" */
    const char *about;     /* the rules that made it, in words for the trail */
    const char *content;   /* what is sent, byte for byte */
    apr_time_t made, due;
    int tries;
} store_outbox_t;

/* One that is there already (by its id) stays as it is. */
apr_status_t store_outbox_put(store_t *store, const char *node, const store_outbox_t *message);
/* The messages of a node and channel that are due, oldest first, at most `limit`:
 * store_outbox_t in the pool. */
apr_status_t store_outbox_due(store_t *store, const char *node, const char *channel, apr_time_t now,
                              int limit, apr_array_header_t **messages, apr_pool_t *pool);
apr_status_t store_outbox_retry(store_t *store, const char *id, apr_time_t due);
/* Makes messages of other nodes that were due before that moment the node's own; *count of them. */
apr_status_t store_outbox_adopt(store_t *store, const char *node, const char *channel,
                                apr_time_t before, int *count);
apr_status_t store_outbox_remove(store_t *store, const char *id);
/* How many messages of a site wait. */
apr_status_t store_outbox_count(store_t *store, const char *site, apr_int64_t *count);

/* Who gets no alerts about themselves. */
typedef struct store_opt_out_t {
    const char *database, *uid, *set_by;
    apr_time_t since;
} store_opt_out_t;

apr_status_t store_opt_out(store_t *store, const store_user_t *user, int out, const char *set_by,
                           apr_time_t when);
apr_status_t store_opted_out(store_t *store, const store_user_t *user, int *out);
/* Latest first: store_opt_out_t in the pool, at most STORE_MAX_OPT_OUTS. */
apr_status_t store_opt_outs(store_t *store, const char *site, apr_array_header_t **list,
                            apr_pool_t *pool);

#endif
