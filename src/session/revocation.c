#include "session/revocation.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session_line.h"
#include "text/durable.h"

#define LOCK_POLL 10000  /* microseconds */
#define APPEND_LINES 256 /* in one write */
#define OPEN_ATTEMPTS 16 /* each one lost means that the file was replaced meanwhile */

/* ---- the file, alone ---- */

static apr_status_t lock_alone(int fd)
{
    apr_interval_time_t waited = 0;

    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return APR_FROM_OS_ERROR(errno);
        }
        if (waited >= REVOCATION_LOCK_WAIT) {
            return APR_TIMEUP;
        }
        apr_sleep(LOCK_POLL);
        waited += LOCK_POLL;
    }
    return APR_SUCCESS;
}

static int is_still_there(int fd, const char *path)
{
    struct stat opened, named;

    return !fstat(fd, &opened) && !lstat(path, &named) && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

/* Opens the file and keeps all other writers out until it is closed. Whoever waited for the lock
 * may hold a file that was replaced in the meantime, and opens the new one. */
static apr_status_t open_alone(const char *path, int flags, int *fd)
{
    for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
        apr_status_t rv = durable_open(path, flags, fd);

        if (rv != APR_SUCCESS) {
            return rv;
        }
        rv = lock_alone(*fd);
        if (rv == APR_SUCCESS && is_still_there(*fd, path)) {
            return APR_SUCCESS;
        }
        close(*fd);
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    return APR_TIMEUP;
}

/* ---- appending ---- */

static int ends_in_mid_line(int fd, off_t size)
{
    char last;

    return size > 0 && (pread(fd, &last, 1, size - 1) != 1 || last != '\n');
}

/* The line in one write; a disk that is full in its middle leaves the file as it was. */
static apr_status_t append_text(int fd, off_t size, const char *text, apr_size_t length)
{
    ssize_t written;

    do {
        written = write(fd, text, length);
    } while (written < 0 && errno == EINTR);
    if (written == (ssize_t)length) {
        return durable_sync(fd);
    }
    if (written < 0) {
        return APR_FROM_OS_ERROR(errno);
    }
    return ftruncate(fd, size) ? APR_FROM_OS_ERROR(errno) : APR_ENOSPC;
}

static apr_status_t append_lines(int fd, off_t size, const session_t *sessions, int count,
                                 apr_pool_t *pool)
{
    char *text = apr_palloc(pool, (apr_size_t)count * REVOCATION_MAX_LINE + 1), *end = text;

    if (ends_in_mid_line(fd, size)) {
        *end++ = '\n';
    }
    for (int i = 0; i < count; i++) {
        end += session_line_write(&sessions[i], end);
    }
    return append_text(fd, size, text, (apr_size_t)(end - text));
}

static apr_status_t append_to(int fd, const char *path, const session_t *sessions, int count,
                              apr_pool_t *pool)
{
    struct stat status;
    apr_status_t rv;

    if (fstat(fd, &status)) {
        return APR_FROM_OS_ERROR(errno);
    }
    /* As root one must not write into what the folder's owner has put there. */
    if (!S_ISREG(status.st_mode) || status.st_nlink != 1) {
        return APR_EBADF;
    }
    if (status.st_size == 0) {
        rv = durable_give_to_folder_owner(fd, path, pool);
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    rv = append_lines(fd, status.st_size, sessions, count, pool);
    if (rv == APR_SUCCESS && status.st_size == 0) {
        rv = durable_sync_folder(path, pool);
    }
    return rv;
}

apr_status_t revocation_append(const char *path, const session_t *session, session_reason_t reason,
                               apr_time_t now, apr_pool_t *pool)
{
    session_t revoked = *session;

    revoked.state = SESSION_REVOKED;
    revoked.reason = (apr_byte_t)reason;
    revoked.ended = now;
    return revocation_append_all(path, &revoked, 1, pool);
}

apr_status_t revocation_append_all(const char *path, const session_t *sessions, int count,
                                   apr_pool_t *parent)
{
    int fd;
    apr_pool_t *pool;
    apr_status_t rv = open_alone(path, O_RDWR | O_APPEND | O_CREAT, &fd);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_pool_create(&pool, parent);
    for (int done = 0; rv == APR_SUCCESS && done < count; done += APPEND_LINES) {
        int piece = count - done < APPEND_LINES ? count - done : APPEND_LINES;

        rv = append_to(fd, path, sessions + done, piece, pool);
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    close(fd);
    return rv;
}

/* ---- loading ---- */

/* What is kept beside revocations: that a program may be used again. */
static int is_lift(const session_t *session)
{
    return session->state == SESSION_OPEN &&
           (session->kind == SESSION_KIND_USER || session->kind == SESSION_KIND_KEY);
}

static apr_time_t moment_of(const session_t *session)
{
    return is_lift(session) ? session->started : session->ended;
}

apr_status_t revocation_load(const char *path, session_table_t *table, apr_time_t now,
                             unsigned *loaded, unsigned *unreadable, apr_pool_t *pool)
{
    char line[REVOCATION_MAX_LINE];
    apr_size_t length;
    session_t session;
    session_lines_t *lines;
    apr_status_t result = APR_SUCCESS;
    apr_status_t rv = session_lines_open(&lines, path, pool);

    *loaded = *unreadable = 0;
    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_ENOENT(rv) ? APR_SUCCESS : rv;
    }
    while (session_lines_next(lines, line, &length)) {
        if (session_line_read(line, length, &session) != APR_SUCCESS ||
            (session.state != SESSION_REVOKED && !is_lift(&session))) {
            ++*unreadable;
        }
        else if (moment_of(&session) > now - REVOCATION_KEPT) {
            rv = session_table_restore(table, &session);
            *loaded += rv == APR_SUCCESS && !is_lift(&session);
            result = rv == APR_SUCCESS ? result : rv;
        }
    }
    rv = session_lines_status(lines);
    session_lines_close(lines);
    return rv == APR_SUCCESS ? result : rv;
}

/* ---- compacting ---- */

static int is_kept(const char *line, apr_size_t length, apr_time_t now)
{
    session_t session;

    if (session_line_read(line, length, &session) == APR_SUCCESS) {
        return moment_of(&session) > now - REVOCATION_KEPT;
    }
    return session_line_is_intact(line, length);
}

static apr_status_t rewrite(session_lines_t *source, durable_file_t *target, apr_time_t now)
{
    char line[REVOCATION_MAX_LINE];
    apr_size_t length;

    while (session_lines_next(source, line, &length)) {
        if (is_kept(line, length, now)) {
            durable_file_write(target, line, length);
            durable_file_write(target, "\n", 1);
        }
    }
    return session_lines_status(source);
}

apr_status_t revocation_compact(const char *path, apr_time_t now, apr_pool_t *pool)
{
    durable_file_t *target;
    int fd;
    apr_status_t rv = open_alone(path, O_RDWR, &fd);

    if (rv != APR_SUCCESS) {
        return APR_STATUS_IS_ENOENT(rv) ? APR_SUCCESS : rv;
    }
    rv = durable_file_begin(&target, path, pool);
    if (rv == APR_SUCCESS) {
        rv = rewrite(session_lines_of(fd, pool), target, now);
        if (rv == APR_SUCCESS) {
            rv = durable_file_commit(target);
        }
        else {
            durable_file_abandon(target);
        }
    }
    /* The lock goes with the old file: whoever waits for it finds the new one. */
    close(fd);
    return rv;
}
