/* A file with a secret of 32 random bytes that is made where there is none: 64 hex digits, 0600. */
#ifndef TEXT_KEY_FILE_H
#define TEXT_KEY_FILE_H

#include <apr_user.h>

#include "text/digest.h"

#define KEY_FILE_BYTES DIGEST_SIZE

/* Reads the key from the file or, if there is none, makes it (0600, O_EXCL, O_NOFOLLOW, forced to
 * disk; of two that start at once both get the same key). owner: uid and gid the file is given to
 * when run as root, else ignored. Blocks on disk; at start only. APR_EINVAL if the file holds no
 * key, APR_EACCES also if its mode lets others than its owner at it, ELOOP if it is a link,
 * APR_EBADF if it is no regular file. */
apr_status_t key_file_load(const char *path, apr_uid_t owner_uid, apr_gid_t owner_gid,
                           unsigned char key[KEY_FILE_BYTES], apr_pool_t *pool);

/* The same, but a missing file stays missing: APR_ENOENT. */
apr_status_t key_file_read(const char *path, unsigned char key[KEY_FILE_BYTES]);

/* Puts a known key into a file that is not there yet, which then belongs to this process.
 * APR_EEXIST. Blocks on disk. */
apr_status_t key_file_save(const char *path, const unsigned char key[KEY_FILE_BYTES],
                           apr_pool_t *pool);

#endif
