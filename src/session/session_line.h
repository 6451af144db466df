/* A session as one line of a file: the version, the fields of session_t by a table, parted by tabs,
 * and a checksum. For the session room and its tests only.
 *
 * Fields are only ever added, at the end and before the checksum, and a reader passes over those it
 * does not know: an older version of this code still reads the revocations of a newer one. */
#ifndef SESSION_LINE_H
#define SESSION_LINE_H

#include <apr_pools.h>

#include "session/revocation.h"

/* Writes the line with its newline and a NUL; returns its length without the NUL. It always fits.
 */
apr_size_t session_line_write(const session_t *session, char line[REVOCATION_MAX_LINE]);

/* Whether the checksum fits the line (given without its newline), whatever its version. */
int session_line_is_intact(const char *line, apr_size_t length);

/* Reads an intact line; boot times are 0. APR_EINVAL for a line that is not intact or is of another
 * version. */
apr_status_t session_line_read(const char *line, apr_size_t length, session_t *session);

/* ---- a file of lines ---- */

typedef struct session_lines_t session_lines_t;

/* APR_EBADF if it is no regular file. */
apr_status_t session_lines_open(session_lines_t **lines, const char *path, apr_pool_t *pool);
/* Reads an open file from where it stands. */
session_lines_t *session_lines_of(int fd, apr_pool_t *pool);

/* Gives the next line, at most REVOCATION_MAX_LINE bytes of it, without its newline. Empty lines
 * are passed over. Returns 0 at the end of the file or of what can be read of it. */
int session_lines_next(session_lines_t *lines, char line[REVOCATION_MAX_LINE], apr_size_t *length);

/* What stopped session_lines_next: APR_SUCCESS at the end of the file. */
apr_status_t session_lines_status(const session_lines_t *lines);

/* Closes the file. */
void session_lines_close(session_lines_t *lines);

#endif
