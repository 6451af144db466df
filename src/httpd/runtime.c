/* Setting up what a process needs, and taking it over restarts. */
#include "httpd/runtime.h"

#include <httpd.h>

#include <http_log.h>
#include <unixd.h>

#include <apr_atomic.h>
#include <apr_strings.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "httpd/exchange.h"
#include "httpd/shared_key.h"
#include "httpd/state_lock.h"
#include "session/revocation.h"
#include "settings/settings_file.h"
#include "text/key_file.h"
#include "text/signature.h"

APLOG_USE_MODULE(user_audit);

#define NODE_SIZE 64
#define RETAINED_TABLE "mod_user_audit.sessions"
#define RETAINED_BOARD "mod_user_audit.board"
#define RETAINED_RECALL "mod_user_audit.recall"
#define RETAINED_SHOWN "mod_user_audit.shown"
#define TICK apr_time_from_msec(100) /* how late a tunnel is cut at most */
#define TICKS_PER_SYNC 10

static runtime_t process_runtime;
static apr_uint32_t journal_failing;
static apr_pool_t *child_pool; /* the child's own, never destroyed */

runtime_t *runtime(void)
{
    return &process_runtime;
}

/* ---- the parent ---- */

static const char *folder_problem(apr_pool_t *pool, const char *path, int error)
{
    return apr_psprintf(pool,
                        "the folder %s cannot be used (%s): make it, or name another with "
                        "UserAuditStateDir, and give it to the user that httpd runs as",
                        path, strerror(error));
}

/* httpd's user owns the folder; nobody else looks in. Root neither follows a link nor takes a
 * folder that somebody else prepared. */
static const char *prepare_folder(apr_pool_t *pool, const char *path)
{
    struct stat status;
    int folder;
    const char *problem = NULL;

    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return folder_problem(pool, path, errno);
    }
    folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 || fstat(folder, &status) != 0) {
        problem = folder_problem(pool, path, errno);
    }
    else if (geteuid() == 0) {
        if (status.st_uid != 0 && status.st_uid != ap_unixd_config.user_id) {
            problem = apr_psprintf(pool,
                                   "the folder %s belongs to neither root nor the user that "
                                   "httpd runs as: give it to that user",
                                   path);
        }
        else if (fchown(folder, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0 ||
                 fchmod(folder, 0700) != 0) {
            problem = folder_problem(pool, path, errno);
        }
    }
    else if (access(path, R_OK | W_OK | X_OK) != 0) {
        problem = folder_problem(pool, path, errno);
    }
    if (folder >= 0) {
        close(folder);
    }
    return problem;
}

static void make_marks(const runtime_t *self, server_rec *main_server)
{
    for (server_rec *server = main_server; server; server = server->next) {
        site_t *site = &config_of(server)->site;

        if (site->enabled == 1) {
            fingerprint_of_site(&self->key, site->name, &site->mark);
        }
    }
}

static const char *load_key(apr_pool_t *pool, runtime_t *self, server_rec *server)
{
    const char *path = apr_pstrcat(pool, self->installation->state_dir, "/site.key", NULL);
    apr_status_t status;

    shared_key_fetch(pool, server, path);
    status =
        site_key_load(path, ap_unixd_config.user_id, ap_unixd_config.group_id, &self->key, pool);

    return status == APR_SUCCESS
               ? NULL
               : apr_psprintf(pool, "the key %s can be neither read nor made (%pm)", path, &status);
}

/* The key is the keeper's; of it this process keeps the public one only. */
static const char *load_checkpoint_key(apr_pool_t *pool, runtime_t *self, server_rec *server)
{
    unsigned char key[SIGNATURE_KEY_SIZE], public_key[SIGNATURE_KEY_SIZE];
    char *hex = apr_palloc(pool, 2 * sizeof(public_key) + 1);
    apr_status_t status;

    self->checkpoint_key =
        apr_pstrcat(pool, self->installation->state_dir, "/checkpoint.key", NULL);
    status = key_file_load(self->checkpoint_key, ap_unixd_config.user_id, ap_unixd_config.group_id,
                           key, pool);
    if (status == APR_SUCCESS) {
        status = signature_public_key(key, public_key);
        explicit_bzero(key, sizeof(key));
    }
    if (status != APR_SUCCESS) {
        return apr_psprintf(pool, "the key %s can be neither read nor made (%pm)",
                            self->checkpoint_key, &status);
    }
    digest_hex(public_key, sizeof(public_key), hex);
    self->public_key = hex;
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server,
                 "user_audit: checkpoints of this node are signed with the key whose public part "
                 "is %s",
                 hex);
    return NULL;
}

/* Revocations first: where there is not room for all, they win. */
static void load_sessions(apr_pool_t *pool, const runtime_t *self, server_rec *server)
{
    unsigned revoked = 0, unreadable = 0, known = 0;
    apr_status_t status = revocation_load(self->revoked_file, self->sessions, apr_time_now(),
                                          &revoked, &unreadable, pool);

    if (status != APR_SUCCESS || unreadable) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, server,
                     "user_audit: %s has %u lines that cannot be read; sessions they ended may be "
                     "used again until they are ended anew",
                     self->revoked_file, unreadable);
    }
    status = session_snapshot_load(self->sessions_file, self->sessions, apr_time_now(),
                                   boot_time_now(), &known, pool);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, status, server,
                     "user_audit: %s cannot be read; sessions are learned anew as they are used",
                     self->sessions_file);
    }
    ap_log_error(APLOG_MARK, APLOG_INFO, 0, server,
                 "user_audit: %u sessions known, %u revocations in force", known, revoked);
}

/* 1 if the table of before the restart serves on. */
static int keep_table(runtime_t *self, session_table_t *table, server_rec *server)
{
    if (session_table_check(table) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server,
                     "user_audit: the session table is made anew for this version; sessions are "
                     "loaded from %s",
                     self->sessions_file);
        session_table_supersede(table);
        return 0;
    }
    self->sessions = table;
    if (session_table_slots(table) != (apr_uint32_t)self->installation->max_sessions) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     "user_audit: UserAuditMaxSessions stays at %u until httpd is stopped and "
                     "started",
                     session_table_slots(table));
    }
    return 1;
}

/* The table outlives restarts: old children go on with it for hours, and nobody's revocation may
 * pass through a gap between two tables. */
static const char *take_table(apr_pool_t *pool, runtime_t *self, server_rec *server)
{
    session_table_t **retained = ap_retained_data_get(RETAINED_TABLE);
    apr_uint32_t slots = (apr_uint32_t)self->installation->max_sessions;
    apr_status_t status;

    if (!retained) {
        retained = ap_retained_data_create(RETAINED_TABLE, sizeof(*retained));
    }
    if (*retained && keep_table(self, *retained, server)) {
        return NULL;
    }
    status = session_table_create(&self->sessions, server->process->pool, slots);
    if (status != APR_SUCCESS) {
        return apr_psprintf(pool,
                            "shared memory for %u sessions cannot be had (%pm): lower "
                            "UserAuditMaxSessions",
                            slots, &status);
    }
    *retained = self->sessions;
    load_sessions(pool, self, server);
    return NULL;
}

/* One of another layout is left to the old children, as a board is. */
static const char *take_recall(apr_pool_t *pool, runtime_t *self, server_rec *server)
{
    recall_t **retained = ap_retained_data_get(RETAINED_RECALL);
    apr_status_t status = APR_SUCCESS;

    if (!retained) {
        retained = ap_retained_data_create(RETAINED_RECALL, sizeof(*retained));
    }
    if (!*retained || recall_check(*retained) != APR_SUCCESS) {
        status = recall_create(retained, server->process->pool);
    }
    self->recall = *retained;
    return status == APR_SUCCESS
               ? NULL
               : apr_psprintf(pool, "shared memory for logins and imports cannot be had (%pm)",
                              &status);
}

/* A board of another layout is left to the old children, whose session table is of another version
 * as well then. */
static const char *take_board(apr_pool_t *pool, runtime_t *self, server_rec *server)
{
    board_t **retained = ap_retained_data_get(RETAINED_BOARD);
    apr_status_t status = APR_SUCCESS;

    if (!retained) {
        retained = ap_retained_data_create(RETAINED_BOARD, sizeof(*retained));
    }
    if (!*retained || board_check(*retained) != APR_SUCCESS) {
        status = board_create(retained, server->process->pool);
    }
    self->board = *retained;
    return status == APR_SUCCESS
               ? NULL
               : apr_psprintf(pool, "shared memory for notices cannot be had (%pm)", &status);
}

/* What cannot be read is told here, once, and by the keeper whenever it changes; each child only
 * acts on it. */
static void look_at_settings(apr_pool_t *pool, const runtime_t *self, server_rec *server)
{
    settings_book_t book;
    const char *problem;

    settings_file_load(&book, self->settings_file, &problem, pool);
    if (problem) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server, "user_audit: %s", problem);
    }
}

/* Without it there are no old values, and all else is as it was. Once made it stays. */
static void take_shown(runtime_t *self, server_rec *server)
{
    shown_t **retained = ap_retained_data_get(RETAINED_SHOWN);
    apr_status_t status = APR_SUCCESS;

    self->shown = NULL;
    if (!config_any_old_values(server)) {
        return;
    }
    if (!retained) {
        retained = ap_retained_data_create(RETAINED_SHOWN, sizeof(*retained));
    }
    if (!*retained || shown_check(*retained) != APR_SUCCESS) {
        status = shown_create(retained, server->process->pool);
    }
    self->shown = *retained;
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, status, server,
                     "user_audit: there is no shared memory for what sessions were shown; events "
                     "of writes have no old values");
    }
}

static const char *node_name(apr_pool_t *pool)
{
    char name[NODE_SIZE];

    if (gethostname(name, sizeof(name)) != 0) {
        return "localhost";
    }
    name[sizeof(name) - 1] = '\0';
    return apr_pstrdup(pool, name);
}

const char *runtime_prepare(apr_pool_t *pconf, server_rec *main_server)
{
    runtime_t *self = runtime();
    const char *problem;
    const char *folder;

    self->installation = &config_of(main_server)->installation;
    self->server = main_server;
    self->journal = NULL;
    self->node = self->installation->node ? self->installation->node : node_name(pconf);
    folder = self->installation->state_dir;
    self->journal_folder = apr_pstrcat(pconf, folder, "/journal", NULL);
    self->revoked_file = apr_pstrcat(pconf, folder, "/revoked", NULL);
    self->sessions_file = apr_pstrcat(pconf, folder, "/sessions", NULL);
    self->settings_file = apr_pstrcat(pconf, folder, "/" SETTINGS_FILE, NULL);
    if ((problem = prepare_folder(pconf, folder)) || (problem = state_lock_claim(pconf, folder)) ||
        (problem = prepare_folder(pconf, self->journal_folder)) ||
        (problem = load_key(pconf, self, main_server)) ||
        (problem = load_checkpoint_key(pconf, self, main_server)) ||
        (problem = take_recall(pconf, self, main_server)) ||
        (problem = take_board(pconf, self, main_server))) {
        return problem;
    }
    take_shown(self, main_server);
    make_marks(self, main_server);
    look_at_settings(pconf, self, main_server);
    return take_table(pconf, self, main_server);
}

/* ---- a child ---- */

apr_status_t runtime_append(journal_kind_t kind, apr_uint64_t number, const event_t *event)
{
    runtime_t *self = runtime();
    journal_t *journal = __atomic_load_n(&self->journal, __ATOMIC_ACQUIRE);
    apr_status_t status = journal ? journal_append(journal, kind, number, event) : APR_ENOTIMPL;

    if (status != APR_SUCCESS) {
        board_add(self->board, BOARD_EVENTS_LOST, kind != JOURNAL_INTENT);
        if (apr_atomic_xchg32(&journal_failing, 1) == 0) {
            ap_log_error(APLOG_MARK, APLOG_ERR, status, self->server,
                         "user_audit: the journal in %s cannot be written; %s until it can",
                         self->journal_folder,
                         self->installation->refuse_on_journal_failure
                             ? "requests that may change data are refused with 503"
                             : "Odoo's traffic goes on and events are lost and counted");
        }
    }
    else if (apr_atomic_read32(&journal_failing) && apr_atomic_xchg32(&journal_failing, 0) == 1) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, self->server,
                     "user_audit: the journal is written again; %" APR_UINT64_T_FMT
                     " events of this child were lost",
                     journal_lost(journal));
    }
    return status;
}

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

void runtime_start_child(apr_pool_t *pchild, server_rec *main_server)
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
