#include "session/revocation.h"

#include "session_line.h"
#include "text/durable.h"

static int save_session(void *payload, const session_t *session)
{
    char line[REVOCATION_MAX_LINE];
    apr_size_t length = session_line_write(session, line);

    durable_file_write(payload, line, length);
    return 0;
}

apr_status_t session_snapshot_save(const char *path, session_table_t *table, apr_pool_t *pool)
{
    durable_file_t *file;
    apr_status_t rv = durable_file_begin(&file, path, pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    session_table_each(table, save_session, file);
    return durable_file_commit(file);
}

/* A moment of the wall clock on the boot clock. One before the boot is negative there, which is as
 * good; one that the wall clock has not reached, having been set back, counts as now. */
static apr_time_t boot_time_of(apr_time_t then, apr_time_t now, apr_time_t now_boot)
{
    return then < now ? now_boot - (now - then) : now_boot;
}

static int is_too_old(const session_t *session, apr_time_t now)
{
    apr_time_t last = session->state == SESSION_OPEN ? session->last_seen : session->ended;

    return last <= now - REVOCATION_KEPT;
}

apr_status_t session_snapshot_load(const char *path, session_table_t *table, apr_time_t now,
                                   apr_time_t now_boot, unsigned *loaded, apr_pool_t *pool)
{
    char line[REVOCATION_MAX_LINE];
    apr_size_t length;
    session_t session;
    session_lines_t *lines;
    apr_status_t rv = session_lines_open(&lines, path, pool);

    *loaded = 0;
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_ENOENT(rv) ? APR_SUCCESS : rv;
    }
    while (session_lines_next(lines, line, &length)) {
        if (session_line_read(line, length, &session) != APR_SUCCESS || is_too_old(&session, now)) {
            continue;
        }
        session.started_boot = boot_time_of(session.started, now, now_boot);
        session.last_action_boot = boot_time_of(session.last_action, now, now_boot);
        *loaded += session_table_restore(table, &session) == APR_SUCCESS;
    }
    rv = session_lines_status(lines);
    session_lines_close(lines);
    return rv;
}
