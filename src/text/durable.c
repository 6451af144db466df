#include "text/durable.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_AT_ONCE 65536

struct durable_file_t {
    const char *path, *temporary;
    apr_pool_t *pool;
    int fd;
    apr_status_t status;
    apr_size_t used;
    char buffer[WRITE_AT_ONCE];
};

static apr_status_t last_error(void)
{
    return APR_FROM_OS_ERROR(errno);
}

apr_status_t durable_open(const char *path, int flags, int *fd)
{
    *fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    return *fd < 0 ? last_error() : APR_SUCCESS;
}

apr_status_t durable_write(int fd, const char *data, apr_size_t length)
{
    while (length) {
        ssize_t written = write(fd, data, length);

        if (written < 0 && errno != EINTR) {
            return last_error();
        }
        if (written > 0) {
            data += written;
            length -= (apr_size_t)written;
        }
    }
    return APR_SUCCESS;
}

apr_status_t durable_sync(int fd)
{
    return fsync(fd) ? last_error() : APR_SUCCESS;
}

static apr_status_t open_folder(const char *path, int *fd, apr_pool_t *pool)
{
    *fd = open(dirname(apr_pstrdup(pool, path)), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd < 0 ? last_error() : APR_SUCCESS;
}

apr_status_t durable_sync_folder(const char *path, apr_pool_t *pool)
{
    int fd;
    apr_status_t rv = open_folder(path, &fd, pool);

    if (rv == APR_SUCCESS) {
        rv = durable_sync(fd);
        close(fd);
    }
    return rv;
}

apr_status_t durable_give_to_folder_owner(int fd, const char *path, apr_pool_t *pool)
{
    struct stat folder;
    int folder_fd;
    apr_status_t rv;

    if (geteuid() != 0) {
        return APR_SUCCESS;
    }
    rv = open_folder(path, &folder_fd, pool);
    if (rv == APR_SUCCESS) {
        if (fstat(folder_fd, &folder) || fchown(fd, folder.st_uid, folder.st_gid)) {
            rv = last_error();
        }
        close(folder_fd);
    }
    return rv;
}

apr_status_t durable_file_begin(durable_file_t **file, const char *path, apr_pool_t *pool)
{
    durable_file_t *made = apr_palloc(pool, sizeof(*made));
    apr_status_t rv;

    made->path = apr_pstrdup(pool, path);
    made->temporary = apr_pstrcat(pool, path, ".new", NULL);
    made->pool = pool;
    made->status = APR_SUCCESS;
    made->used = 0;
    unlink(made->temporary);
    rv = durable_open(made->temporary, O_WRONLY | O_CREAT | O_EXCL, &made->fd);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    made->status = durable_give_to_folder_owner(made->fd, path, pool);
    *file = made;
    return APR_SUCCESS;
}

static void flush(durable_file_t *file)
{
    if (file->status == APR_SUCCESS) {
        file->status = durable_write(file->fd, file->buffer, file->used);
    }
    file->used = 0;
}

void durable_file_write(durable_file_t *file, const char *data, apr_size_t length)
{
    while (length) {
        apr_size_t piece = sizeof(file->buffer) - file->used;

        if (piece > length) {
            piece = length;
        }
        memcpy(file->buffer + file->used, data, piece);
        file->used += piece;
        data += piece;
        length -= piece;
        if (file->used == sizeof(file->buffer)) {
            flush(file);
        }
    }
}

apr_status_t durable_file_commit(durable_file_t *file)
{
    flush(file);
    if (file->status == APR_SUCCESS) {
        file->status = durable_sync(file->fd);
    }
    if (file->status == APR_SUCCESS && rename(file->temporary, file->path)) {
        file->status = last_error();
    }
    if (file->status != APR_SUCCESS) {
        durable_file_abandon(file);
        return file->status;
    }
    close(file->fd);
    return durable_sync_folder(file->path, file->pool);
}

void durable_file_abandon(durable_file_t *file)
{
    close(file->fd);
    unlink(file->temporary);
}
