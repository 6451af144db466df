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
static int forced_each_second; /* the journal, by this child's thread */

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

/* exit() destroys what httpd set up while the thread below still runs: once pchild has gone it must
 * neither look at that any more nor find its own code gone. Each side writes its flag before it
 * reads the other's, so either the thread sees that the child leaves, or the child sees that it
 * looks. */
static int leaving;
static int looking;

#define LOOK_ENDS_WITHIN 200 /* ms that the end of a child waits for a look at most */

/* Bounded: prefork may leave from a signal handler that interrupted whoever holds a lock that the
 * look waits for. */
static apr_status_t leave(void *data)
{
    (void)data;
    __atomic_store_n(&leaving, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < LOOK_ENDS_WITHIN && __atomic_load_n(&looking, __ATOMIC_SEQ_CST); i++) {
        apr_sleep(apr_time_from_msec(1));
    }
    return APR_SUCCESS;
}

/* 0 if the child leaves; else end_look() follows. */
static int begin_look(void)
{
    __atomic_store_n(&looking, 1, __ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&leaving, __ATOMIC_SEQ_CST)) {
        return 1;
    }
    __atomic_store_n(&looking, 0, __ATOMIC_SEQ_CST);
    return 0;
}

static void end_look(void)
{
    __atomic_store_n(&looking, 0, __ATOMIC_SEQ_CST);
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

/* Cuts the tunnels of ended sessions. */
static void cut_ended(runtime_t *self, apr_uint32_t *seen)
{
    apr_uint32_t generation = session_table_generation(self->sessions);

    if (generation != *seen || session_table_superseded(self->sessions)) {
        *seen = generation;
        tunnel_cut_refused();
    }
}

/* Looks at the table each tick; each second a journal that could not be opened is tried again, an
 * open one is forced to disk. Never joined: prefork may leave from a signal handler. */
static void *APR_THREAD_FUNC child_thread(apr_thread_t *thread, void *data)
{
    runtime_t *self = data;
    apr_uint32_t seen = 0; /* the first look is for all */

    (void)thread;
    for (unsigned tick = 1;; tick++) {
        apr_sleep(TICK);
        if (!begin_look()) {
            break;
        }
        cut_ended(self, &seen);
        if (tick % TICKS_PER_SYNC == 0 && !self->journal) {
            open_journal(self);
        }
        end_look();
        if (tick % TICKS_PER_SYNC == 0 && self->journal && forced_each_second) {
            journal_sync(self->journal); /* in the child's own pool, which nobody destroys */
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

    leaving = 0; /* a single process (httpd -X) starts more than one child */
    keep_code();
    apr_pool_cleanup_register(pchild, NULL, leave, apr_pool_cleanup_null);
    /* Unmanaged: requests and the thread may outlive pchild by moments, and a journal that is not
     * closed is as good as a closed one, since its lock ends with the process. */
    if ((status = apr_pool_create_unmanaged_ex(&child_pool, NULL, NULL)) != APR_SUCCESS) {
        return;
    }
    self->server = main_server;
    self->journal = NULL;
    forced_each_second = self->installation->journal_sync == JOURNAL_SYNC_SECOND;
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
