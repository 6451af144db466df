/* What each session was shown, so that an event can tell the old value of a field beside the new
 * one: "as last shown to this session", nothing else. Notes are bytes to this room, kept in the
 * order in which they came.
 *
 * Shared memory of a fixed size that outlives restarts; any process and thread may call anything
 * here. Each call holds one of SHOWN_SHARDS locks for as long as one note is copied; a process that
 * dies within costs what that shard knows. Where there is no room the oldest notes go, large ones
 * before small ones. Who lists notes never gets one behind another that is gone: what is not known
 * any more is not told, and never guessed.
 *
 * Notes are found by a keyed hash of whose they are, 128 bits long. They die with the fingerprint:
 * nobody can ask for what an ended session was shown. */
#ifndef SESSION_SHOWN_H
#define SESSION_SHOWN_H

#include <apr_errno.h>
#include <apr_pools.h>
#include <sys/uio.h>

#include "session/fingerprint.h"

#define SHOWN_SHARDS 16
#define SHOWN_LANE_SIZE (1024 * 1024) /* bytes of small and of large notes in each shard */
#define SHOWN_SMALL_SIZE 4096         /* bytes of the largest small note */
#define SHOWN_NOTE_SIZE (64 * 1024)   /* bytes of the largest note */
#define SHOWN_MODEL_SIZE 128          /* bytes of a model's name with its NUL; Odoo's end at 63 */

typedef struct shown_t shown_t;

/* A session and a model. */
typedef struct shown_view_t {
    apr_uint64_t key[2];
} shown_view_t;

/* Makes the memory in a pool that outlives restarts. It is left out of core dumps. APR_ENOMEM. */
apr_status_t shown_create(shown_t **shown, apr_pool_t *pool);
/* Whether what was kept over a restart can be used by this code. APR_EMISMATCH. */
apr_status_t shown_check(const shown_t *shown);

/* uid and database belong to it: a session that becomes somebody else's has seen nothing yet. 0 if
 * a name is too long to be one. */
int shown_view(const shown_t *shown, const fingerprint_t *session, apr_int64_t uid,
               const char *database, const char *model, shown_view_t *view);

/* Adds a note of these pieces in a row, together at most SHOWN_NOTE_SIZE bytes. */
void shown_add(shown_t *shown, const shown_view_t *view, const struct iovec *pieces, int count);
/* 1 if a note may be known. */
int shown_any(shown_t *shown, const shown_view_t *view);

/* Where in the memory a note stands, or stood; of no use to others. */
typedef struct shown_place_t {
    apr_uint64_t position; /* 0: nowhere */
    apr_uint64_t turn;     /* of the shard, when it was added */
} shown_place_t;

/* A walk through the notes of a view, the latest first: all 0 at its begin. */
typedef struct shown_walk_t {
    int begun;
    shown_place_t next[2];
} shown_walk_t;

/* A copy of the next note, aligned for any type; NULL behind the last that is still known. */
const char *shown_next(shown_t *shown, const shown_view_t *view, shown_walk_t *walk,
                       apr_size_t *length, apr_pool_t *pool);

#endif
