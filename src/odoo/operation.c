#include "odoo/operation.h"

#include <string.h>

typedef struct operation_info_t {
    const char *name;
    int may_write; /* Odoo may have changed data before its answer is seen */
    int by_module; /* tracked whatever UserAuditTrack says */
} operation_info_t;

static const operation_info_t operations[OPERATION_COUNT] = {
    [OPERATION_NONE] = {"", 0, 0},
    [OPERATION_CREATE] = {"create", 1, 0},
    [OPERATION_WRITE] = {"write", 1, 0},
    [OPERATION_UNLINK] = {"unlink", 1, 0},
    [OPERATION_READ] = {"read", 0, 0},
    [OPERATION_SEARCH] = {"search", 0, 0},
    [OPERATION_EXPORT] = {"export", 0, 0},
    [OPERATION_IMPORT] = {"import", 1, 0},
    [OPERATION_REPORT] = {"report", 0, 0},
    [OPERATION_DOWNLOAD] = {"download", 0, 0},
    [OPERATION_CALL] = {"call", 1, 0},
    /* a login opens a session and a logout ends one, whatever becomes of the answer */
    [OPERATION_LOGIN] = {"login", 1, 1},
    [OPERATION_LOGIN_FAILED] = {"login_failed", 0, 1},
    [OPERATION_LOGOUT] = {"logout", 1, 1},
    [OPERATION_SESSION_STARTED] = {"session_started", 0, 1},
    [OPERATION_SESSION_IDENTIFIED] = {"session_identified", 0, 1},
    [OPERATION_SESSION_REVOKED] = {"session_revoked", 0, 1},
    [OPERATION_SESSION_EXPIRED] = {"session_expired", 0, 1},
    [OPERATION_SESSION_LIMITED] = {"session_limited", 0, 1},
    [OPERATION_SESSION_LIFTED] = {"session_lifted", 0, 1},
    [OPERATION_SESSION_REFUSED] = {"session_refused", 0, 1},
    /* these three are calls to Odoo under a name of their own */
    [OPERATION_USER_CHANGED] = {"user_changed", 1, 1},
    [OPERATION_PASSWORD_CHANGED] = {"password_changed", 1, 1},
    [OPERATION_DEVICES_REVOKED] = {"devices_revoked", 1, 1},
    [OPERATION_SETTINGS_CHANGED] = {"settings_changed", 0, 1},
    [OPERATION_TRAIL_READ] = {"trail_read", 0, 1},
    [OPERATION_TRAIL_EXPORTED] = {"trail_exported", 0, 1},
    [OPERATION_STARTED] = {"started", 0, 1},
    [OPERATION_STOPPED] = {"stopped", 0, 1},
    [OPERATION_GAP] = {"gap", 0, 1},
    [OPERATION_HOLD_SET] = {"hold_set", 0, 1},
    [OPERATION_HOLD_LIFTED] = {"hold_lifted", 0, 1},
    [OPERATION_PURGED] = {"purged", 0, 1},
    [OPERATION_ALERT_FAILED] = {"alert_failed", 0, 1},
    [OPERATION_ALERT_TEST] = {"alert_test", 0, 1},
    [OPERATION_ALERT_OPT_OUT] = {"alert_opt_out", 0, 1},
    /* what cannot be read may be anything, so it must stand before Odoo executes it */
    [OPERATION_UNPARSED_CALL] = {"unparsed_call", 1, 1},
};

static const char *const outcomes[] = {
    [OUTCOME_UNKNOWN] = "unknown",
    [OUTCOME_SUCCESS] = "success",
    [OUTCOME_DENIED] = "denied",
    [OUTCOME_FAILED] = "failed",
};

static const operation_info_t *info(operation_t operation)
{
    unsigned index = (unsigned)operation;

    return &operations[index < OPERATION_COUNT ? index : OPERATION_NONE];
}

const char *operation_name(operation_t operation)
{
    return info(operation)->name;
}

operation_t operation_from_name(const char *name)
{
    for (int i = OPERATION_NONE + 1; i < OPERATION_COUNT; i++) {
        if (!strcmp(operations[i].name, name)) {
            return (operation_t)i;
        }
    }
    return OPERATION_NONE;
}

int operation_may_write(operation_t operation)
{
    return info(operation)->may_write;
}

int operation_by_module(operation_t operation)
{
    return info(operation)->by_module;
}

const char *outcome_name(outcome_t outcome)
{
    unsigned index = (unsigned)outcome;

    return outcomes[index < sizeof(outcomes) / sizeof(*outcomes) ? index : OUTCOME_UNKNOWN];
}
