/* What may be set for a site: by httpd.conf, and on top of it by managers on the page. Both are
 * held in the same form, so that they can be shown side by side and added up.
 *
 * httpd.conf is the floor: what is set on the page may track, redact, keep or alert more and end
 * sessions sooner, never less. settings_check says so where somebody tries; settings_effective
 * guarantees it, whatever a file or another machine says.
 *
 * Pure. What is read or made lives in the pool given and is used by reference otherwise. */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "odoo/call.h"
#include "text/json_value.h"

#define SETTINGS_MAX_LINES 64 /* of one kind, set on the page */
#define SETTINGS_MAX_LINE 512 /* bytes of one line */
#define SETTINGS_MAX_USER_SESSIONS 1000
#define SETTINGS_VALUES_UNSET (-1)
/* Sooner than that a manager who erred could not set it right again. */
#define SETTINGS_SHORTEST_TIME apr_time_from_sec(60)

typedef enum settings_field_t {
    SETTINGS_TRACK,
    SETTINGS_REDACT,
    SETTINGS_VALUES,
    SETTINGS_IDLE_TIMEOUT,
    SETTINGS_MAX_LIFETIME,
    SETTINGS_MAX_SESSIONS,
    SETTINGS_RETENTION,
    SETTINGS_ALERTS,
    SETTINGS_FIELDS
} settings_field_t;

/* "track", "redact", "values", "idle_timeout", "max_lifetime", "max_user_sessions", "retention",
 * "alerts": members of the JSON form and names of the page's form. */
const char *settings_field_name(settings_field_t field);
/* 1 if it is a list of lines. */
int settings_field_is_list(settings_field_t field);

typedef struct settings_t {
    /* Lines as the directives have them (const char *): UserAuditTrack, UserAuditRedact (a glob),
     * UserAuditRetention, UserAuditAlert. NULL of a line of one's own, else not. */
    apr_array_header_t
        *lines[SETTINGS_FIELDS]; /* only of fields that are lists; never NULL there */
    int values;                  /* values_level_t, or SETTINGS_VALUES_UNSET */
    apr_interval_time_t idle_timeout, max_lifetime; /* 0: none */
    int max_user_sessions;                          /* 0: any number */
} settings_t;

/* Nothing is set. */
void settings_init(settings_t *settings, apr_pool_t *pool);

/* What both add up to: all lines, the floor's first; the most that is kept of values; the sooner
 * time; the fewer sessions. */
void settings_effective(settings_t *effective, const settings_t *floor, const settings_t *page,
                        apr_pool_t *pool);

/* ---- as text, one field at a time ---- */

/* Sets a field from what a person wrote: lines parted by newlines, a word, a time, a number; ""
 * (and "off" of a time or number) unsets it. NULL, or a sentence about what is wrong with it; then
 * the field is as before. Checks everything but the floor and the lines of alerts. */
const char *settings_set(settings_t *settings, settings_field_t field, const char *text,
                         apr_pool_t *pool);
/* The same text back; "" if it is not set. */
const char *settings_text(const settings_t *settings, settings_field_t field, apr_pool_t *pool);

/* NULL, or a sentence that tells why the page may not have this beside that floor. */
const char *settings_check(const settings_t *page, settings_field_t field, const settings_t *floor,
                           apr_pool_t *pool);

int settings_equal(const settings_t *left, const settings_t *right, settings_field_t field);

/* ---- as JSON ---- */

/* A list of lines, a word, "30m", a number; null if it is not set. */
json_value_t *settings_value(const settings_t *settings, settings_field_t field, apr_pool_t *pool);
/* Sets a field from such a value; null unsets. NULL, or a sentence. */
const char *settings_set_value(settings_t *settings, settings_field_t field,
                               const json_value_t *value, apr_pool_t *pool);

const char *settings_values_word(int values); /* "none", "names", "values"; NULL if unset */

#endif
