#include "httpd/child.h"

#include <httpd.h>

#include <http_log.h>

#include <dlfcn.h>
#include <signal.h>

#include "httpd/exchange.h"
#include "httpd/runtime.h"

APLOG_USE_MODULE(user_audit);

#define TICK apr_time_from_msec(100) /* how late a tunnel is cut at most */
#define TICKS_PER_SYNC 10

static apr_pool_t *child_pool; /* the child's own, never destroyed */

/* Owned by the child's thread once it runs; requests only read the pointer. */
static apr_status_t open_journal(runtime_t *self)
{
    journal_t *journal = NULL;
    apr_status_t status = journal_open(&journal, child_pool, self->journal_folder,
                                       (journal_sync_t)self->installation->journal_sync,
                                       self->installation->journal_max_size);

    if (status == APR_SUCCESS) {
        __atomic_store_n(&self->journal, journal, __ATOMIC_RELEASE);
    }
    return status;
}

static void each_second(runtime_t *self)
{
    if (!self->journal) {
        open_journal(self);
    }
    else if (self->installation->journal_sync == JOURNAL_SYNC_SECOND) {
        journal_sync(self->journal);
    }
}

/* Set when pchild goes. exit() then destroys what httpd set up, while the thread below still runs:
 * it must neither look at that any more nor find its own code gone. */
static volatile sig_atomic_t leaving;

static apr_status_t leave(void *data)
{
    (void)data;
    leaving = 1;
    return APR_SUCCESS;
}

/* httpd unloads its modules within exit(). This child keeps the code until it is gone itself; the
 * parent, which unloads and loads it again at each restart, is not concerned. */
static void keep_code(void)
{
    Dl_info self;

    if (dladdr((const void *)&leaving, &self)) {
        dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
    }
}

/* Forces the journal to disk each second and cuts the tunnels of ended sessions. It is never
 * joined: a child leaves by exit(), and prefork's may do so from a signal handler that interrupted
 * whoever holds a lock this thread waits for. */
static void *APR_THREAD_FUNC child_thread(apr_thread_t *thread, void *data)
{
    runtime_t *self = data;
    apr_uint32_t seen = session_table_generation(self->sessions);

    (void)thread;
    for (unsigned tick = 1;; tick++) {
        apr_uint32_t generation;

        apr_sleep(TICK);
        if (leaving) {
            break;
        }
        generation = session_table_generation(self->sessions);
        if (generation != seen || session_table_superseded(self->sessions)) {
            seen = generation;
            tunnel_cut_refused();
        }
        if (tick % TICKS_PER_SYNC == 0) {
            each_second(self);
        }
    }
    return NULL;
}

static apr_status_t start_thread(apr_pool_t *pool, runtime_t *self)
{
    apr_thread_t *thread;
    sigset_t every, before;
    apr_status_t status;

    /* The thread inherits a mask with every signal blocked: prefork's signals are for its main
     * thread. */
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    status = ap_thread_create(&thread, NULL, child_thread, self, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

/* The pages of this child open the database from many threads. */
static void load_driver(const runtime_t *self, server_rec *server)
{
    const char *problem = NULL;
    apr_status_t status = store_initialize(child_pool, self->installation->store.driver, &problem);

    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, server, "user_audit: %s",
                     problem ? problem : "the database driver cannot be loaded");
    }
}

void child_start(apr_pool_t *pchild, server_rec *main_server)
{
    runtime_t *self = runtime();
    apr_status_t status;

    leaving = 0;
    keep_code();
    apr_pool_cleanup_register(pchild, NULL, leave, apr_pool_cleanup_null);
    /* Unmanaged: requests and the thread may outlive pchild by moments, and a journal that is not
     * closed is as good as a closed one, since its lock ends with the process. */
    if ((status = apr_pool_create_unmanaged_ex(&child_pool, NULL, NULL)) != APR_SUCCESS) {
        return;
    }
    self->server = main_server;
    self->journal = NULL;
    if ((status = open_journal(self)) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, main_server,
                     "user_audit: no journal can be opened in %s; %s", self->journal_folder,
                     self->installation->refuse_on_journal_failure
                         ? "requests that may change data are refused with 503"
                         : "Odoo's traffic goes on and its events are lost until one can");
    }
    load_driver(self, main_server);
    tunnel_child_init(child_pool);
    status = start_thread(child_pool, self);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, main_server,
                     "user_audit: this child's thread cannot be started; open websockets of ended "
                     "sessions are not cut");
    }
}
