/* Which events raise an alert: the words of UserAuditAlert, and the judgement of one event by them.
 *
 * Pure but for what the caller's history does. Any thread; one judgement at a time per history. */
#ifndef ALERT_RULES_H
#define ALERT_RULES_H

#include <apr_tables.h>

#include "trail/event.h"

typedef enum alert_kind_t {
    ALERT_NEW_LOGIN,
    ALERT_NEW_DEVICE,
    ALERT_NEW_PLACE,
    ALERT_FAILED_LOGINS, /* counted */
    ALERT_IMPOSSIBLE_TRAVEL,
    ALERT_MASS_READ,   /* counted */
    ALERT_MASS_EXPORT, /* counted */
    ALERT_SESSION_REVOKED,
    ALERT_MANAGER_GRANTED,
    ALERT_TRAIL_GAP,
    ALERT_TEST, /* a manager asked for a mail; no rule's word */
    ALERT_KINDS
} alert_kind_t;

#define ALERT_BIT(kind) (1u << (kind))

const char *alert_kind_name(alert_kind_t kind); /* "new_login" */

/* ---- the words ---- */

#define ALERT_TO_USER 1u     /* whom it is about */
#define ALERT_TO_MANAGERS 2u /* those known by a mail address */
#define ALERT_TO_WEBHOOK 4u

#define ALERT_MAX_LINES 16
#define ALERT_MAX_ADDRESSES 32 /* of one line */
#define ALERT_MAX_WORDS 64     /* of one line that is parsed */
#define ALERT_MAX_COUNT 1000000
#define ALERT_LONGEST_WINDOW apr_time_from_sec(86400)

/* So many within that time; count 0: none was given. */
typedef struct alert_limit_t {
    apr_int64_t count;
    apr_interval_time_t within;
} alert_limit_t;

/* One UserAuditAlert. */
typedef struct alert_line_t {
    unsigned kinds; /* of ALERT_BIT */
    alert_limit_t limit[ALERT_KINDS];
    unsigned to;
    apr_array_header_t *addresses; /* of const char * */
} alert_line_t;

/* "5/10m". 1 if it is one. */
int alert_limit_read(const char *text, alert_limit_t *limit);

/* 1 for an address that mail can be sent to as it stands: ASCII, a dot-atom on either side. Nothing
 * that means something to a header or to SMTP can be in it. */
int alert_address_valid(const char *address);

/* Reads a line's words. NULL, or a sentence that tells the mend. Words are used by reference. */
const char *alert_line_read(alert_line_t *line, int count, const char *const *words,
                            apr_pool_t *pool);

/* The same of a line as a manager writes it: words parted by blanks. */
const char *alert_line_parse(alert_line_t *line, const char *text, apr_pool_t *pool);

/* ---- the judgement ---- */

/* Kinds of what is known of a user. */
#define ALERT_KNOWN_LOGIN "login"
#define ALERT_KNOWN_DEVICE "device"
#define ALERT_KNOWN_PLACE "place"
#define ALERT_KNOWN_MANAGER "manager"

/* What happened before. Every call is about the user, session or site of the event under judgement;
 * a failure ends the judgement and is handed on. */
typedef struct alert_history_t {
    /* 1 if the session is known by name already: it is no new one, whatever its id. */
    apr_status_t (*session_known)(void *payload, int *known);
    /* Takes note of a value of one of the kinds above; *is_new if this user never had it. */
    apr_status_t (*note)(void *payload, const char *kind, const char *value, int *is_new);
    apr_status_t (*forget)(void *payload, const char *kind);
    /* Whether the user has a value of that kind. */
    apr_status_t (*has)(void *payload, const char *kind, int *any);
    /* Whether anybody of the site has a value of that kind. */
    apr_status_t (*site_has)(void *payload, const char *kind, int *any);
    /* Adds to a counter's bucket, which may be forgotten from `expires` on. */
    apr_status_t (*add)(void *payload, const char *counter, apr_int64_t bucket, apr_int64_t amount,
                        apr_time_t expires);
    /* The buckets from `first` on. */
    apr_status_t (*sum)(void *payload, const char *counter, apr_int64_t first, apr_int64_t *sum);
    /* The address that the user was active from last in another session, NULL if in none, and when.
     */
    apr_status_t (*last_seen)(void *payload, const char **address, apr_time_t *when);
    /* 1 if it is known where an address is, in degrees. */
    int (*locate)(void *payload, const char *address, double *latitude, double *longitude);
    void *payload;
} alert_history_t;

/* What was found of an event: for each line which of its kinds hold. */
typedef struct alert_verdict_t {
    unsigned kinds; /* all of them together */
    unsigned of_line[ALERT_MAX_LINES];
    const alert_limit_t *limit; /* of the counted kind that holds, or NULL */
    apr_int64_t counted;
    /* Whether or not a line asks for them: new device, new place, impossible travel, but for what
     * is the first of its kind that is known of the user. */
    unsigned fresh;
    int person; /* a person logged in */
} alert_verdict_t;

/* Judges one event by the lines of its site, and brings the history up to date, with or without
 * lines. What counts as a login of a person: a session that gets its name, unless it goes on under
 * a new id or its client is what renders Odoo's reports. Of a program that logs in over XML-RPC or
 * JSON-RPC with every call, a login whose device or place is new. */
apr_status_t alert_judge(alert_verdict_t *verdict, const alert_line_t *lines, int count,
                         const event_t *event, const alert_history_t *history, apr_pool_t *pool);

/* "Chrome, Windows, PC": what of a client stays the same over its updates. "" if nothing is known
 * of it. */
const char *alert_device(const event_t *event, apr_pool_t *pool);
/* "Ghent, Belgium". "" if nothing is known of it. */
const char *alert_place(const event_t *event, apr_pool_t *pool);

#endif
