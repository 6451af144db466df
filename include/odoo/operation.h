/* What a call does and how it ended: the words of the trail. Pure data. */
#ifndef ODOO_OPERATION_H
#define ODOO_OPERATION_H

typedef enum operation_t {
    OPERATION_NONE = 0, /* nothing worth a line: onchange, default_get, get_views ... */
    OPERATION_CREATE,
    OPERATION_WRITE,
    OPERATION_UNLINK,
    OPERATION_READ,   /* values or names of records shown */
    OPERATION_SEARCH, /* ids, counts, groups */
    OPERATION_EXPORT,
    OPERATION_IMPORT,
    OPERATION_REPORT,
    OPERATION_DOWNLOAD,
    OPERATION_CALL, /* a button or any other method that may write */
    OPERATION_LOGIN,
    OPERATION_LOGIN_FAILED,
    OPERATION_LOGOUT,
    /* what the module itself did or noticed */
    OPERATION_SESSION_STARTED,
    OPERATION_SESSION_IDENTIFIED,
    OPERATION_SESSION_REVOKED,
    OPERATION_SESSION_EXPIRED,
    OPERATION_SESSION_LIMITED,
    OPERATION_SESSION_REFUSED,
    OPERATION_SESSION_LIFTED, /* a program that was ended may call again */
    OPERATION_USER_CHANGED,
    OPERATION_PASSWORD_CHANGED,
    OPERATION_DEVICES_REVOKED,
    OPERATION_SETTINGS_CHANGED,
    OPERATION_TRAIL_READ,
    OPERATION_TRAIL_EXPORTED,
    OPERATION_STARTED,
    OPERATION_STOPPED,
    OPERATION_GAP,
    OPERATION_HOLD_SET,
    OPERATION_HOLD_LIFTED,
    OPERATION_PURGED,
    OPERATION_ALERT_FAILED,
    OPERATION_ALERT_TEST,    /* a manager asked for a mail */
    OPERATION_ALERT_OPT_OUT, /* a manager said who gets no alerts, or gets them again */
    OPERATION_UNPARSED_CALL,
    OPERATION_COUNT
} operation_t;

const char *operation_name(operation_t operation); /* "write", "session_revoked" */
operation_t operation_from_name(const char *name); /* OPERATION_NONE if unknown */
int operation_may_write(operation_t operation);    /* an intent must stand before it */
int operation_by_module(operation_t operation);    /* always tracked, like logins and logouts */

typedef enum outcome_t {
    OUTCOME_UNKNOWN = 0, /* never seen, cut, compressed, 502/503/504 */
    OUTCOME_SUCCESS,
    OUTCOME_DENIED, /* access refused, wrong password, session expired */
    OUTCOME_FAILED  /* any other error */
} outcome_t;

const char *outcome_name(outcome_t outcome);

#endif
