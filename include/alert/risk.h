/* What is odd about a session, for people who look over sessions: judged whether or not anybody is
 * to be told of it.
 *
 * Pure but for what the caller's history does. Any thread; one judgement at a time per history. */
#ifndef ALERT_RISK_H
#define ALERT_RISK_H

#include "alert/rules.h"

typedef enum risk_t {
    RISK_NEW_DEVICE, /* the user had others before, and was never seen with this one */
    RISK_NEW_PLACE,
    RISK_TRAVEL,
    RISK_FAILED_LOGINS,
    RISK_MANY_DENIALS,
    RISK_MASS_EXPORT,
    RISKS
} risk_t;

#define RISK_BIT(risk) (1u << (risk))

/* So many make a risk, within RISK_WINDOW. */
#define RISK_WINDOW apr_time_from_sec(3600)
#define RISK_WINDOW_WORDS "an hour"
#define RISK_MANY_FAILED 3     /* failed logins before a login of that name */
#define RISK_MANY_DENIED 10    /* of one session */
#define RISK_MANY_RECORDS 1000 /* exported by one session */

/* A word of letters and underscores: "new_device". */
const char *risk_name(risk_t risk);

/* *risks: RISK_BITs that the event's session has by this event. verdict: alert_judge's of the same
 * event, judged just before with the same history. */
apr_status_t risk_judge(unsigned *risks, const alert_verdict_t *verdict, const event_t *event,
                        const alert_history_t *history, apr_pool_t *pool);

#endif
