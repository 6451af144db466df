/* Revocations that did not come through a child: the command user-audit appends to the same file.
 */
#include "keeper_state.h"

#include <sys/stat.h>

#include "session/revocation.h"

#define LOOK_GAP apr_time_from_sec(1)

static int has_changed(keeper_t *keeper)
{
    struct stat now;

    if (stat(keeper->revoked_file, &now) != 0 ||
        (now.st_ino == keeper->revoked_inode && now.st_size == keeper->revoked_size)) {
        return 0;
    }
    keeper->revoked_inode = now.st_ino;
    keeper->revoked_size = now.st_size;
    return 1;
}

void revoked_tick(keeper_t *keeper)
{
    apr_time_t now = boot_time_now();
    unsigned loaded, unreadable;
    apr_status_t status;

    if (!keeper->config->sessions || (keeper->revoked_at && now - keeper->revoked_at < LOOK_GAP)) {
        return;
    }
    keeper->revoked_at = now;
    if (has_changed(keeper)) {
        status = revocation_load(keeper->revoked_file, keeper->config->sessions, apr_time_now(),
                                 &loaded, &unreadable, keeper->cleanup_pool);
        if (status != APR_SUCCESS) {
            keeper_log(keeper, KEEPER_ERROR, status,
                       "cannot put the revocations of %s into force; they are at the next full "
                       "restart",
                       keeper->revoked_file);
        }
        apr_pool_clear(keeper->cleanup_pool);
    }
}
