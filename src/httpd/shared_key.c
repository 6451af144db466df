#include "httpd/shared_key.h"

#include <httpd.h>

#include <ap_listen.h>
#include <http_log.h>
#include <mpm_common.h>
#include <unixd.h>

#include <apr_file_info.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session/fingerprint.h"
#include "store/store.h"

APLOG_USE_MODULE(user_audit);

#define KEY_NAME "site_key"
#define STEP apr_time_from_msec(20)

/* ---- in a process of its own ---- */

static apr_status_t agree(store_t *store, const char *path, apr_pool_t *pool)
{
    char own[DIGEST_HEX_SIZE];
    const char *known = NULL;
    site_key_t key;
    apr_status_t status = store_meta_get(store, KEY_NAME, &known, pool);

    if (status == APR_SUCCESS && known) {
        status = digest_unhex(known, key.bytes, sizeof(key.bytes));
        return status == APR_SUCCESS ? site_key_save(path, &key, pool) : status;
    }
    if (status != APR_NOTFOUND) {
        return status;
    }
    status = site_key_load(path, ap_unixd_config.user_id, ap_unixd_config.group_id, &key, pool);
    if (status == APR_SUCCESS) {
        digest_hex(key.bytes, sizeof(key.bytes), own);
        status = store_meta_set(store, KEY_NAME, own);
    }
    return status;
}

static apr_status_t ask_database(apr_pool_t *pool, const store_config_t *config, const char *path,
                                 const char **problem)
{
    store_t *store;
    apr_status_t status = store_open(&store, pool, config, STORE_WRITE, problem);

    if (status == APR_SUCCESS) {
        status = store_begin(store);
    }
    if (status == APR_SUCCESS) {
        status = agree(store, path, pool);
    }
    return status == APR_SUCCESS ? store_commit(store) : status;
}

static void run(apr_pool_t *parent, server_rec *server, const char *path)
{
    const char *problem = NULL;
    apr_pool_t *pool;
    apr_status_t status;

    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_IGN);
    ap_close_listeners();
    apr_pool_create(&pool, parent);
    if (ap_run_drop_privileges(pool, server) != 0) {
        _exit(1);
    }
    alarm((unsigned)apr_time_sec(SHARED_KEY_WAIT));
    status = ask_database(pool, &config_of(server)->installation.store, path, &problem);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, status, server,
                     "user_audit: the database could not be asked for the site key%s%s; if other "
                     "machines use it, this one needs a copy of their site.key",
                     problem ? ": " : "", problem ? problem : "");
    }
    _exit(status == APR_SUCCESS ? 0 : 1);
}

/* ---- in the parent ---- */

static int exists(const char *path, apr_pool_t *pool)
{
    apr_finfo_t info;

    return apr_stat(&info, path, APR_FINFO_TYPE | APR_FINFO_LINK, pool) == APR_SUCCESS;
}

static void wait_for(pid_t process)
{
    for (apr_interval_time_t waited = 0; waited < 2 * SHARED_KEY_WAIT; waited += STEP) {
        if (waitpid(process, NULL, WNOHANG) != 0) {
            return;
        }
        apr_sleep(STEP);
    }
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
}

void shared_key_fetch(apr_pool_t *pool, server_rec *server, const char *path)
{
    apr_proc_t process;
    apr_status_t status;

    if (!config_shared(&config_of(server)->installation) || exists(path, pool)) {
        return;
    }
    status = apr_proc_fork(&process, pool);
    if (status == APR_INCHILD) {
        run(pool, server, path);
    }
    if (status == APR_INPARENT) {
        wait_for(process.pid);
    }
}
