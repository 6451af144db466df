/* Revocations and sessions on disk: what must hold over every kind of restart without a database.
 *
 * <StateDir>/revoked  one line per revocation, appended and forced to disk BEFORE shared memory is
 *                     touched and before anybody is told; entries stay 100 days (Odoo's longest
 *                     cookie life is 90).
 * <StateDir>/sessions the table as of at most 30 s ago, written by the keeper by rename.
 * Both are read before the first request is served, `revoked` first: a full table then keeps the
 * refusals. Each line carries a checksum, so that one torn by a power loss is recognised; such
 * lines are counted and passed over, and spoil no other line. Files are made 0600 and, by root,
 * given to the owner of their folder. All of this blocks on disk. */
#ifndef SESSION_REVOCATION_H
#define SESSION_REVOCATION_H

#include "session/table.h"

#define REVOCATION_KEPT apr_time_from_sec(100 * 86400)
#define REVOCATION_MAX_LINE 2048

/* Any process and thread; one write(2) in append mode plus fsync. Waits for another writer at most
 * REVOCATION_LOCK_WAIT, then APR_TIMEUP. After any failure the file is as it was, or holds a torn
 * line that does no harm. */
#define REVOCATION_LOCK_WAIT apr_time_from_sec(5)
apr_status_t revocation_append(const char *path, const session_t *session, session_reason_t reason,
                               apr_time_t now, apr_pool_t *pool);

/* The same for many, each with its own state, reason and moment, in the order given and forced to
 * disk together, some hundred at a time: a failure may leave the first ones. An open session is a
 * program's that was ended and may be used again (session_table_lift). */
apr_status_t revocation_append_all(const char *path, const session_t *sessions, int count,
                                   apr_pool_t *pool);

/* Puts every entry younger than REVOCATION_KEPT into the table. A missing file is none. APR_ENOSPC
 * if the table holds nothing but younger refusals and some found no slot: all others are in. */
apr_status_t revocation_load(const char *path, session_table_t *table, apr_time_t now,
                             unsigned *loaded, unsigned *unreadable, apr_pool_t *pool);

/* Rewrites the file without entries older than REVOCATION_KEPT and without torn lines, keeping what
 * is appended meanwhile (flock) and the lines of a newer version of this code. The keeper's. A
 * missing file is none. After a failure the file is as it was. */
apr_status_t revocation_compact(const char *path, apr_time_t now, apr_pool_t *pool);

/* Writes every session of the table, whatever its state, into a new file that replaces the old one
 * only when it is on disk. One process at a time. */
apr_status_t session_snapshot_save(const char *path, session_table_t *table, apr_pool_t *pool);
/* Restores every session that is not older than REVOCATION_KEPT. Boot times in the table count from
 * another boot: they are rebuilt from the wall clock. A missing file is none. Sessions that find no
 * slot are left out. */
apr_status_t session_snapshot_load(const char *path, session_table_t *table, apr_time_t now,
                                   apr_time_t now_boot, unsigned *loaded, apr_pool_t *pool);

/* A session as a text of one line, as the files have it: a word from machine to machine. It always
 * fits; boot times are not part of it. APR_EINVAL for what is none, or damaged. */
void session_line_print(const session_t *session, char line[REVOCATION_MAX_LINE]);
apr_status_t session_line_parse(const char *line, session_t *session);

#endif
