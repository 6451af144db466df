/* The table of sessions follows the events, and the events of a session follow its name. */
#include <string.h>

#include <apr_strings.h>

#include "handle.h"
#include "text/json_value.h"

#define REASON_MAX 512 /* bytes kept of the reason for an end, and of what a person said of it */

typedef struct known_session_t {
    int looked_up; /* uid, login and name are what the table holds */
    const char *uid, *login, *name;
} known_session_t;

typedef enum upkeep_t {
    UPKEEP_NOTHING = 1, /* not even a row */
    UPKEEP_LOGIN = 2,   /* opens a session that was logged out */
    UPKEEP_NAME = 4,    /* tells whose it is */
    UPKEEP_END = 8,
    UPKEEP_REVOKE = 16, /* an end that overrides others */
    UPKEEP_LIFT = 32    /* opens what was revoked */
} upkeep_t;

static const struct {
    const char *operation;
    int upkeep;
    const char *state;
} upkeeps[] = {
    {"login_failed", UPKEEP_NOTHING, NULL},
    {"session_started", UPKEEP_LOGIN | UPKEEP_NAME, NULL},
    {"login", UPKEEP_LOGIN | UPKEEP_NAME, NULL},
    {"session_identified", UPKEEP_NAME, NULL},
    {"user_changed", UPKEEP_NAME, NULL},
    {"logout", UPKEEP_END, "logged_out"},
    {"session_expired", UPKEEP_END, "expired"},
    {"session_limited", UPKEEP_REVOKE, "revoked"},
    {"session_revoked", UPKEEP_REVOKE, "revoked"},
    {"session_lifted", UPKEEP_LIFT, NULL},
};

static int find_upkeep(const char *operation, const char **state)
{
    for (size_t i = 0; operation && i < sizeof(upkeeps) / sizeof(upkeeps[0]); i++) {
        if (!strcmp(upkeeps[i].operation, operation)) {
            *state = upkeeps[i].state;
            return upkeeps[i].upkeep;
        }
    }
    return 0;
}

static apr_status_t insert_session(store_t *store, const row_t *row)
{
    const char *const *value = row->value;
    const char *values[] = {value[EVENT_SESSION], value[EVENT_SITE],       value[EVENT_DATABASE],
                            value[EVENT_UID],     value[EVENT_LOGIN],      value[EVENT_USER],
                            value[EVENT_IP],      value[EVENT_USER_AGENT], value[EVENT_BROWSER],
                            value[EVENT_OS],      value[EVENT_DEVICE],     value[EVENT_COUNTRY],
                            value[EVENT_CITY],    row->value[EVENT_TIME],  row->value[EVENT_TIME]};

    return store_execute(store, SESSION_INSERT, values, NULL);
}

/* The row is made once per transaction at most: it may have been forgotten in between. */
static apr_status_t know_session(store_t *store, const row_t *row, known_session_t **known)
{
    const char *reference = row->value[EVENT_SESSION];

    if (!store->sessions) {
        store->sessions = apr_hash_make(store->transaction);
    }
    *known = apr_hash_get(store->sessions, reference, APR_HASH_KEY_STRING);
    if (*known) {
        return APR_SUCCESS;
    }
    if (apr_hash_count(store->sessions) >= STORE_MAX_KNOWN_SESSIONS) {
        *known = apr_pcalloc(store->step, sizeof(**known));
    }
    else {
        *known = apr_pcalloc(store->transaction, sizeof(**known));
        apr_hash_set(store->sessions, apr_pstrdup(store->transaction, reference),
                     APR_HASH_KEY_STRING, *known);
    }
    return insert_session(store, row);
}

/* An event whose user was unknown when it was made, in a session that has a name by now. */
static apr_status_t borrow_name(store_t *store, known_session_t *known, row_t *row)
{
    rows_t rows;
    apr_status_t status;

    if (!known->looked_up) {
        status = store_select(store, SESSION_WHO, &row->value[EVENT_SESSION], &rows, store->step);
        if (status) {
            return status;
        }
        if (rows_next(&rows)) {
            known->uid = apr_pstrdup(store->transaction, rows_text(&rows, 0));
            known->login = apr_pstrdup(store->transaction, rows_text(&rows, 1));
            known->name = apr_pstrdup(store->transaction, rows_text(&rows, 2));
        }
        known->looked_up = 1;
    }
    if (known->uid && (!row->value[EVENT_LOGIN] ||
                       (known->login && !strcmp(known->login, row->value[EVENT_LOGIN])))) {
        row->value[ROW_WHO_UID] = known->uid;
        row->value[ROW_WHO_LOGIN] = known->login;
        row->value[ROW_WHO_NAME] = known->name;
    }
    return APR_SUCCESS;
}

/* A browser sends its client hints only once it has been asked for them. */
static apr_status_t describe_client(store_t *store, const row_t *row)
{
    const char *const *value = row->value;
    const char *values[] = {value[EVENT_BROWSER], value[EVENT_OS], value[EVENT_DEVICE],
                            value[EVENT_SESSION]};

    return value[EVENT_CLIENT_HINTS] ? store_execute(store, SESSION_CLIENT, values, NULL)
                                     : APR_SUCCESS;
}

static apr_status_t name_session(store_t *store, known_session_t *known, const row_t *row)
{
    const char *const *value = row->value;
    const char *uid = value[EVENT_UID], *login = value[EVENT_LOGIN], *name = value[EVENT_USER];
    const char *reference = value[EVENT_SESSION];

    known->looked_up = 0;
    if (!uid) {
        const char *values[] = {login, name, reference};

        return login || name ? store_execute(store, SESSION_LOGIN, values, NULL) : APR_SUCCESS;
    }
    const char *values[] = {login, uid, name, uid, uid, value[EVENT_DATABASE], reference};
    apr_status_t status = store_execute(store, SESSION_NAME, values, NULL);

    return status ? status : marks_name(store, row);
}

static const json_value_t *values_of(const event_t *event, apr_pool_t *pool)
{
    static const json_limits_t limits = {256, 4096, REASON_MAX, 64};
    const char *text = event->cell[EVENT_VALUES];

    return text ? json_parse(pool, text, strlen(text), &limits) : NULL;
}

static apr_status_t end_session(store_t *store, const event_t *event, const row_t *row,
                                const char *state, int upkeep)
{
    const json_value_t *said = values_of(event, store->step);
    const char *values[] = {state, json_string(json_member(said, "reason")),
                            json_string(json_member(said, "note")), row->value[EVENT_TIME],
                            row->value[EVENT_SESSION]};

    return store_execute(store, upkeep & UPKEEP_REVOKE ? SESSION_REVOKE : SESSION_END, values,
                         NULL);
}

/* What Odoo refused, or whose answer nobody saw, changed no session. */
static int has_effect(const event_t *event)
{
    return !event->cell[EVENT_OUTCOME] || !strcmp(event->cell[EVENT_OUTCOME], "success");
}

apr_status_t upkeep_session(store_t *store, const event_t *event, row_t *row)
{
    const char *state = NULL;
    int upkeep = find_upkeep(row->value[EVENT_OPERATION], &state);
    known_session_t *known;
    apr_status_t status = APR_SUCCESS;

    if (!row->value[EVENT_SESSION] || upkeep & UPKEEP_NOTHING) {
        return APR_SUCCESS;
    }
    if ((status = know_session(store, row, &known))) {
        return status;
    }
    if (upkeep && has_effect(event)) {
        if (upkeep & (UPKEEP_LOGIN | UPKEEP_LIFT)) {
            const char *values[] = {row->value[EVENT_SESSION],
                                    upkeep & UPKEEP_LIFT ? "revoked" : "logged_out",
                                    row->value[EVENT_TIME]};

            status = store_execute(store, SESSION_REOPEN, values, NULL);
        }
        if (!status && upkeep & UPKEEP_NAME) {
            status = name_session(store, known, row);
            status = status ? status : describe_client(store, row);
        }
        if (!status && upkeep & (UPKEEP_END | UPKEEP_REVOKE)) {
            status = end_session(store, event, row, state, upkeep);
        }
    }
    if (!status && !row->value[EVENT_UID]) {
        status = borrow_name(store, known, row);
    }
    return status;
}
