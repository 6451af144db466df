/* Revocations and sessions on disk: what must hold over every kind of restart without a database.
 *
 * <StateDir>/revoked  one line per revocation, appended and forced to disk BEFORE shared memory is
 *                     touched and before anybody is told; entries stay 100 days (Odoo's longest
 *                     cookie life is 90).
 * <StateDir>/sessions the table as of at most 30 s ago, written by the keeper by rename.
 * Both are read before the first request is served. Lines that cannot be read are counted and
 * passed over. */
#ifndef SESSION_REVOCATION_H
#define SESSION_REVOCATION_H

#include "session/table.h"

#define REVOCATION_KEPT apr_time_from_sec(100 * 86400)
#define REVOCATION_MAX_LINE 1024

/* Any process; one write(2) in append mode plus fsync. */
apr_status_t revocation_append(const char *path, const session_t *session, session_reason_t reason,
                               apr_time_t now, apr_pool_t *pool);

/* Puts every entry younger than REVOCATION_KEPT into the table. A missing file is none. */
apr_status_t revocation_load(const char *path, session_table_t *table, apr_time_t now,
                             unsigned *loaded, unsigned *unreadable, apr_pool_t *pool);

/* Rewrites the file without entries older than REVOCATION_KEPT, keeping what is appended
 * meanwhile (flock). The keeper's. */
apr_status_t revocation_compact(const char *path, apr_time_t now, apr_pool_t *pool);

apr_status_t session_snapshot_save(const char *path, session_table_t *table, apr_pool_t *pool);
/* Boot times in the file count from another boot: they are rebuilt from the wall clock. */
apr_status_t session_snapshot_load(const char *path, session_table_t *table, apr_time_t now,
                                   apr_time_t now_boot, unsigned *loaded, apr_pool_t *pool);

#endif
