/* Setting up what a process needs, and taking it over restarts. */
#include "httpd/setup.h"

#include <httpd.h>

#include <http_log.h>
#include <unixd.h>

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "httpd/runtime.h"
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

/* Where a pointer is kept that outlives restarts; what it points to is NULL at first. */
static void *retain(const char *name)
{
    void *place = ap_retained_data_get(name);

    return place ? place : ap_retained_data_create(name, sizeof(void *));
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
    session_table_t **retained = retain(RETAINED_TABLE);
    apr_uint32_t slots = (apr_uint32_t)self->installation->max_sessions;
    apr_status_t status;

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
    recall_t **retained = retain(RETAINED_RECALL);
    apr_status_t status = APR_SUCCESS;

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
    board_t **retained = retain(RETAINED_BOARD);
    apr_status_t status = APR_SUCCESS;

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
    shown_t **retained = retain(RETAINED_SHOWN);
    apr_status_t status = APR_SUCCESS;

    self->shown = NULL;
    if (!config_any_old_values(server)) {
        return;
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

const char *setup_parent(apr_pool_t *pconf, server_rec *main_server)
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
