/* What each session was shown of records, so that an event can tell the old value of a field beside
 * the new one: "as last shown to this session", nothing else. Values are texts to this room.
 *
 * Shared memory of a fixed size that outlives restarts; any process and thread may call anything
 * here. Each call holds one of many locks for some microseconds; a process that dies within costs
 * the entries of that lock, at most SHOWN_WAYS of them. Where there is no room the entry that was
 * used least recently among SHOWN_WAYS goes: what is not known is not told, and never guessed.
 *
 * An entry is found by a keyed hash of whose it is and of which record, 128 bits long. It dies with
 * the fingerprint: nobody can ask for what an ended session was shown. */
#ifndef SESSION_SHOWN_H
#define SESSION_SHOWN_H

#include <apr_errno.h>
#include <apr_pools.h>

#include "session/fingerprint.h"

#define SHOWN_ENTRIES 8192    /* records, of all sessions: 32 MiB at most, taken as they fill */
#define SHOWN_WAYS 8          /* places that one record may have */
#define SHOWN_ENTRY_SIZE 4096 /* bytes of an entry, names and values of its fields in it */
#define SHOWN_VALUE_SIZE 1024 /* bytes of a value with its NUL */
#define SHOWN_NAME_SIZE 64    /* bytes of a field's name with its NUL: PostgreSQL's limit */

typedef struct shown_t shown_t;

/* A session and a model. */
typedef struct shown_view_t {
    unsigned char key[DIGEST_SIZE];
} shown_view_t;

typedef struct shown_field_t {
    const char *name;
    const char *value; /* NULL: none, or unknown */
} shown_field_t;

/* Makes the memory in a pool that outlives restarts. APR_ENOMEM. */
apr_status_t shown_create(shown_t **shown, apr_pool_t *pool);
/* Whether what was kept over a restart can be used by this code. APR_EMISMATCH. */
apr_status_t shown_check(const shown_t *shown);

/* uid and database belong to it: a session that becomes somebody else's has seen nothing yet. */
void shown_view(const shown_t *shown, const fingerprint_t *session, apr_int64_t uid,
                const char *database, const char *model, shown_view_t *view);

/* These values take the place of what was shown of the same fields before; without a value, or with
 * one that is too long or finds no room, a field is forgotten. make: 0 if only what is known
 * already shall be kept up. */
void shown_note(shown_t *shown, const shown_view_t *view, apr_int64_t record,
                const shown_field_t *fields, apr_size_t count, int make);

/* Fills in the value of each field that is known, from the pool, and returns how many are. */
apr_size_t shown_find(shown_t *shown, const shown_view_t *view, apr_int64_t record,
                      shown_field_t *fields, apr_size_t count, apr_pool_t *pool);

void shown_forget(shown_t *shown, const shown_view_t *view, apr_int64_t record);

#endif
