#include "httpd/state_lock.h"

#include <httpd.h>

#include <http_config.h>
#include <mpm_common.h>
#include <unixd.h>

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME "/httpd.lock"
#define RETAINED_CLAIM "mod_user_audit.state_lock"
#define WAIT_FOR_STOPPING apr_time_from_sec(10)
#define LOOK_AGAIN apr_time_from_msec(50)
#define MAX_PATH 4096

typedef struct claim_t {
    int file; /* locked, or -1 */
    dev_t device;
    ino_t inode;
} claim_t;

/* The module is unloaded and loaded again at a restart; the process and its lock stay. */
static claim_t *own_claim(void)
{
    claim_t *claim = ap_retained_data_get(RETAINED_CLAIM);

    if (!claim) {
        claim = ap_retained_data_create(RETAINED_CLAIM, sizeof(*claim));
        claim->file = -1;
    }
    return claim;
}

/* To open the file again and close it would give the lock up. */
static int is_held(const claim_t *claim, const char *path)
{
    struct stat status;

    return claim->file >= 0 && lstat(path, &status) == 0 && status.st_dev == claim->device &&
           status.st_ino == claim->inode;
}

static const char *held_by_another(apr_pool_t *pool, const char *folder, int file)
{
    struct flock holder = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(file, F_GETLK, &holder) != 0 || holder.l_type == F_UNLCK) {
        holder.l_pid = 0;
    }
    return apr_psprintf(pool,
                        "the folder %s is in use by another httpd (pid %" APR_PID_T_FMT
                        "): end that one, or give this one a UserAuditStateDir of its own",
                        folder, holder.l_pid);
}

/* The holder says in the file where its PidFile is. */
static void tell_pid_file(apr_pool_t *pool, int file)
{
    const char *name = ap_runtime_dir_relative(pool, ap_pid_fname);
    apr_size_t length = name ? strlen(name) : 0;

    /* Cut short it names no file, or nothing: at worst somebody waits for us in vain. */
    if (pwrite(file, name, length, 0) == (apr_ssize_t)length &&
        ftruncate(file, (off_t)length) != 0) {
        return;
    }
}

/* httpd removes its PidFile before it lets the requests of a graceful stop end. */
static int is_stopping(int lock)
{
    char path[MAX_PATH];
    apr_ssize_t length = pread(lock, path, sizeof(path) - 1, 0);
    struct stat status;

    if (length <= 0) {
        return 0;
    }
    path[length] = '\0';
    return lstat(path, &status) != 0 && errno == ENOENT;
}

static int take(int file)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return fcntl(file, F_SETLK, &lock) == 0;
}

static int take_from_stopping(int file)
{
    apr_time_t until = apr_time_now() + WAIT_FOR_STOPPING;

    while (!take(file)) {
        if (apr_time_now() >= until || !is_stopping(file)) {
            return take(file);
        }
        apr_sleep(LOOK_AGAIN);
    }
    return 1;
}

/* A lock of the process, not of the open file: children do not inherit it, so that those that
 * outlive a killed parent do not keep the next one from starting. */
const char *state_lock_claim(apr_pool_t *pool, const char *folder)
{
    const char *path = apr_pstrcat(pool, folder, LOCK_NAME, NULL);
    claim_t *claim = own_claim();
    struct stat status;
    int file;

    if (is_held(claim, path)) {
        tell_pid_file(pool, claim->file);
        return NULL;
    }
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (file < 0 || fstat(file, &status) != 0 ||
        (geteuid() == 0 && fchown(file, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0)) {
        return apr_psprintf(pool, "%s cannot be opened (%s)", path, strerror(errno));
    }
    if (!take_from_stopping(file)) {
        const char *problem = held_by_another(pool, folder, file);

        close(file);
        return problem;
    }
    if (claim->file >= 0) {
        close(claim->file); /* of the folder that the configuration named before */
    }
    tell_pid_file(pool, file);
    claim->file = file;
    claim->device = status.st_dev;
    claim->inode = status.st_ino;
    return NULL;
}
