#include "session/fingerprint.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "durable.h"

/* The file: 64 hex digits and a newline. */
#define KEY_TEXT_SIZE (DIGEST_HEX_SIZE - 1)
#define SUFFIX_BYTES 8

static apr_status_t read_key_file(int fd, site_key_t *key)
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
    return digest_unhex(text, key->bytes, sizeof(key->bytes));
}

/* What the folder's owner may have put there in place of the file (a link, a pipe) is neither
 * followed nor waited for: this may run as root. */
static apr_status_t read_key(const char *path, site_key_t *key)
{
    int fd;
    apr_status_t rv = durable_open(path, O_RDONLY | O_NONBLOCK, &fd);

    if (rv == APR_SUCCESS) {
        rv = read_key_file(fd, key);
        close(fd);
    }
    return rv;
}

static apr_status_t write_key(int fd, const site_key_t *key, apr_uid_t uid, apr_gid_t gid)
{
    char text[DIGEST_HEX_SIZE];
    apr_status_t rv;

    digest_hex(key->bytes, sizeof(key->bytes), text);
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

static apr_status_t make_key(const char *path, apr_uid_t uid, apr_gid_t gid, site_key_t *key,
                             apr_pool_t *pool)
{
    unsigned char random[SUFFIX_BYTES];
    char suffix[2 * SUFFIX_BYTES + 1];
    const char *temporary;
    int fd;
    apr_status_t rv = digest_random(random, sizeof(random));

    if (rv == APR_SUCCESS) {
        rv = digest_random(key->bytes, sizeof(key->bytes));
    }
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

apr_status_t site_key_load(const char *path, apr_uid_t owner_uid, apr_gid_t owner_gid,
                           site_key_t *key, apr_pool_t *pool)
{
    apr_status_t rv = read_key(path, key);

    if (!APR_STATUS_IS_ENOENT(rv)) {
        return rv;
    }
    rv = make_key(path, owner_uid, owner_gid, key, pool);
    return APR_STATUS_IS_EEXIST(rv) ? read_key(path, key) : rv;
}
