/* What was odd about sessions, in words. Private to the room. */
#ifndef ADMIN_SESSION_RISK_H
#define ADMIN_SESSION_RISK_H

#include "alert/risk.h"
#include "page.h"

typedef struct session_risk_t {
    const char *label; /* on a session: "new device" */
    const char *title; /* of all that have it: "Sessions from a new device" */
    const char *why;   /* with the number from which on it counts */
    int serious;
} session_risk_t;

extern const session_risk_t session_risks[RISKS];

/* The words of session_row_t.risks as an array of names. */
json_value_t *session_risk_names(apr_pool_t *pool, const char *risks);
/* The same as a list of {"text", "why", "kind"} for badges. */
json_value_t *session_risk_badges(apr_pool_t *pool, const char *risks);
/* RISKS if it is the name of none. */
risk_t session_risk_from_name(const char *name);

#endif
