#include "text/key_file.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text/durable.h"

/* The file: 64 hex digits and a newline. */
#define KEY_TEXT_SIZE (DIGEST_HEX_SIZE - 1)
#define SUFFIX_BYTES 8

static apr_status_t read_key_file(int fd, unsigned char key[KEY_FILE_BYTES])
{
    char text[KEY_TEXT_SIZE + 2];
    struct stat status;
    ssize_t length;

    if (fstat(fd, &status)) {
        return APR_FROM_OS_ERROR(errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return APR_EBADF;
    }
    /* A key that others could read keeps no secret. */
    if (status.st_mode & (S_IRWXG | S_IRWXO)) {
        return APR_EACCES;
    }
    length = read(fd, text, sizeof(text));
    if (length < 0) {
        return APR_FROM_OS_ERROR(errno);
    }
    if (length == KEY_TEXT_SIZE + 1 && text[KEY_TEXT_SIZE] == '\n') {
        length--;
    }
    if (length != KEY_TEXT_SIZE) {
        return APR_EINVAL;
    }
    text[KEY_TEXT_SIZE] = '\0';
    return digest_unhex(text, key, KEY_FILE_BYTES);
}

/* What the folder's owner may have put there in place of the file (a link, a pipe) is neither
 * followed nor waited for: this may run as root. */
apr_status_t key_file_read(const char *path, unsigned char key[KEY_FILE_BYTES])
{
    int fd;
    apr_status_t rv = durable_open(path, O_RDONLY | O_NONBLOCK, &fd);

    if (rv == APR_SUCCESS) {
        rv = read_key_file(fd, key);
        close(fd);
    }
    return rv;
}

static apr_status_t write_key(int fd, const unsigned char key[KEY_FILE_BYTES], apr_uid_t uid,
                              apr_gid_t gid)
{
    char text[DIGEST_HEX_SIZE];
    apr_status_t rv;

    digest_hex(key, KEY_FILE_BYTES, text);
    text[KEY_TEXT_SIZE] = '\n';
    rv = durable_write(fd, text, sizeof(text));
    if (rv == APR_SUCCESS && geteuid() == 0 && fchown(fd, uid, gid)) {
        rv = APR_FROM_OS_ERROR(errno);
    }
    return rv == APR_SUCCESS ? durable_sync(fd) : rv;
}

/* link(2) instead of rename(2): of two servers that start at once, the second one's key must not
 * replace the one that the first is already using. */
static apr_status_t publish(const char *temporary, const char *path, apr_pool_t *pool)
{
    if (link(temporary, path)) {
        return APR_FROM_OS_ERROR(errno);
    }
    return durable_sync_folder(path, pool);
}

static apr_status_t put_key(const char *path, apr_uid_t uid, apr_gid_t gid,
                            const unsigned char key[KEY_FILE_BYTES], apr_pool_t *pool)
{
    unsigned char random[SUFFIX_BYTES];
    char suffix[2 * SUFFIX_BYTES + 1];
    const char *temporary;
    int fd;
    apr_status_t rv = digest_random(random, sizeof(random));

    if (rv != APR_SUCCESS) {
        return rv;
    }
    digest_hex(random, sizeof(random), suffix);
    temporary = apr_pstrcat(pool, path, ".", suffix, NULL);
    rv = durable_open(temporary, O_WRONLY | O_CREAT | O_EXCL, &fd);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = write_key(fd, key, uid, gid);
    close(fd);
    if (rv == APR_SUCCESS) {
        rv = publish(temporary, path, pool);
    }
    unlink(temporary);
    return rv;
}

apr_status_t key_file_load(const char *path, apr_uid_t owner_uid, apr_gid_t owner_gid,
                           unsigned char key[KEY_FILE_BYTES], apr_pool_t *pool)
{
    apr_status_t rv = key_file_read(path, key);

    if (!APR_STATUS_IS_ENOENT(rv)) {
        return rv;
    }
    rv = digest_random(key, KEY_FILE_BYTES);
    if (rv == APR_SUCCESS) {
        rv = put_key(path, owner_uid, owner_gid, key, pool);
    }
    return APR_STATUS_IS_EEXIST(rv) ? key_file_read(path, key) : rv;
}

apr_status_t key_file_save(const char *path, const unsigned char key[KEY_FILE_BYTES],
                           apr_pool_t *pool)
{
    return put_key(path, geteuid(), getegid(), key, pool);
}
