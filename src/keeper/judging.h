/* One event under judgement, between alerts.c, which says who is told, and alert_history.c, which
 * knows what happened before. The keeper's thread, in the transaction of the event. */
#ifndef KEEPER_JUDGING_H
#define KEEPER_JUDGING_H

#include "keeper_state.h"
#include "store/alert_store.h"

#define RECIPIENTS_MAX 256 /* of one event */

typedef struct recipient_t {
    const char *address;
    unsigned kinds;
    int is_user;
} recipient_t;

/* One event under judgement. */
typedef struct judging_t {
    keeper_t *keeper;
    const keeper_site_t *site; /* whose lines are judged by; NULL: none of ours */
    const char *site_name;
    event_t *event;
    store_user_t user;
    apr_pool_t *pool;
    alert_verdict_t verdict;
    unsigned risks;                      /* of the event's session */
    char zone[SESSION_TIMEZONE_SIZE];    /* the user's, "" if it is not known */
    alert_line_t lines[ALERT_MAX_LINES]; /* httpd.conf's, and what managers added */
    int line_count;
    recipient_t recipients[RECIPIENTS_MAX];
    int count;
} judging_t;

/* When it happened; now, if it does not say. */
apr_time_t judging_time(const judging_t *judging);
/* What the rules ask; it lives as long as the judging. */
alert_history_t judging_history(judging_t *judging);
/* Sets `zone`. Every slot of the session table is looked at, which the few events that are told can
 * stand. */
void judging_find_zone(judging_t *judging);

#endif
