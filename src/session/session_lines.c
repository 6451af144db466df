#include "session_line.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text/durable.h"

#define READ_AT_ONCE 65536

struct session_lines_t {
    int fd;
    apr_status_t status;
    apr_size_t position, end;
    char buffer[READ_AT_ONCE];
};

session_lines_t *session_lines_of(int fd, apr_pool_t *pool)
{
    session_lines_t *lines = apr_palloc(pool, sizeof(*lines));

    lines->fd = fd;
    lines->status = APR_SUCCESS;
    lines->position = lines->end = 0;
    return lines;
}

apr_status_t session_lines_open(session_lines_t **lines, const char *path, apr_pool_t *pool)
{
    struct stat status;
    int fd;
    /* Not to wait for the other end of a pipe that somebody put there. */
    apr_status_t rv = durable_open(path, O_RDONLY | O_NONBLOCK, &fd);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
        close(fd);
        return APR_EBADF;
    }
    *lines = session_lines_of(fd, pool);
    return APR_SUCCESS;
}

/* Returns 0 when there is nothing more to read. */
static int fill_buffer(session_lines_t *lines)
{
    ssize_t count;

    do {
        count = read(lines->fd, lines->buffer, sizeof(lines->buffer));
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        lines->status = APR_FROM_OS_ERROR(errno);
    }
    lines->position = 0;
    lines->end = count > 0 ? (apr_size_t)count : 0;
    return count > 0;
}

static void keep_piece(char *line, apr_size_t *length, const char *piece, apr_size_t size)
{
    if (size > REVOCATION_MAX_LINE - *length) {
        size = REVOCATION_MAX_LINE - *length;
    }
    memcpy(line + *length, piece, size);
    *length += size;
}

int session_lines_next(session_lines_t *lines, char line[REVOCATION_MAX_LINE], apr_size_t *length)
{
    *length = 0;
    while (lines->position < lines->end || fill_buffer(lines)) {
        const char *piece = lines->buffer + lines->position;
        apr_size_t size = lines->end - lines->position;
        const char *newline = memchr(piece, '\n', size);

        if (newline) {
            size = (apr_size_t)(newline - piece);
        }
        keep_piece(line, length, piece, size);
        lines->position += size + (newline != NULL);
        if (newline && *length) {
            return 1;
        }
    }
    return *length > 0;
}

apr_status_t session_lines_status(const session_lines_t *lines)
{
    return lines->status;
}

void session_lines_close(session_lines_t *lines)
{
    close(lines->fd);
}
