/* Files that must be on disk when a function returns. All block. */
#ifndef TEXT_DURABLE_H
#define TEXT_DURABLE_H

#include <apr_errno.h>
#include <apr_pools.h>

/* open(2) that follows no link and is not inherited by programs; new files get mode 0600. */
apr_status_t durable_open(const char *path, int flags, int *fd);

apr_status_t durable_write(int fd, const char *data, apr_size_t length);
apr_status_t durable_sync(int fd);

/* Makes what was created, renamed or removed in the folder of that path last. */
apr_status_t durable_sync_folder(const char *path, apr_pool_t *pool);

/* As root: gives the file to the owner of the folder of that path, who has to write it later. */
apr_status_t durable_give_to_folder_owner(int fd, const char *path, apr_pool_t *pool);

/* ---- a file that replaces another one whole ---- */

typedef struct durable_file_t durable_file_t;

/* Begins <path>.new; one of these per path at a time. What a killed one left is removed. */
apr_status_t durable_file_begin(durable_file_t **file, const char *path, apr_pool_t *pool);

/* An error is kept and returned by durable_file_commit. */
void durable_file_write(durable_file_t *file, const char *data, apr_size_t length);

/* Puts the file in the place of the old one, unless something failed: then the old one stays. Ends
 * the file either way. */
apr_status_t durable_file_commit(durable_file_t *file);

/* Ends the file and leaves the old one in its place. */
void durable_file_abandon(durable_file_t *file);

#endif
