/* Legal holds: events that must stay, whatever age and size say. Set and lifted by the events
 * hold_set and hold_lifted, which store_append applies in the transaction that chains them; so a
 * hold stands exactly as long as the trail says. */
#ifndef STORE_HOLD_H
#define STORE_HOLD_H

#include "store/store.h"
#include "text/json_value.h"

#define HOLD_ID_SIZE 33 /* 32 hex digits and NUL */

/* An event is held if everything that is said fits. NULL or 0: not said. */
typedef struct hold_t {
    const char *id;
    const char *site;     /* always said */
    const char *database; /* Odoo's */
    const char *user;     /* a uid (digits) or a login */
    const char *model;
    apr_int64_t record;  /* of that model */
    apr_time_t from, to; /* from inclusive, to exclusive */
    const char *reason;
    const char *set_by, *lifted_by;
    apr_time_t set, lifted; /* lifted 0: the hold stands */
} hold_t;

/* The event's VALUES for hold_set: {"hold":id,"database":...,"user":...,"model":...,"record":n,
 * "from":time,"to":time,"reason":...}; hold_lifted needs {"hold":id,"reason":...}. SITE, LOGIN and
 * TIME are the event's. A lift on another site than the hold's does nothing. */
json_value_t *hold_values(const hold_t *hold, apr_pool_t *pool);

/* 1 if the hold says neither user nor record nor period: it would keep everything. */
int hold_says_nothing(const hold_t *hold);

#define STORE_HOLDS_MOST 1000 /* given by one call */
typedef int (*store_hold_visit_t)(void *payload, const hold_t *hold);
/* Of a site (NULL: of all), standing ones first, then the newest. */
apr_status_t store_holds(store_t *store, const char *site, int limit, store_hold_visit_t visit,
                         void *payload, apr_pool_t *pool);
/* APR_NOTFOUND if the site has no such hold. */
apr_status_t store_hold_find(store_t *store, const char *site, const char *id, hold_t *hold,
                             apr_pool_t *pool);

#endif
