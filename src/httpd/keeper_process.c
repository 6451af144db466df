/* Starting and supervising the keeper, as mod_cgid does with its daemon. */
#include "httpd/keeper_process.h"

#include <httpd.h>

#include <ap_listen.h>
#include <ap_mpm.h>
#include <http_config.h>
#include <http_log.h>
#include <mpm_common.h>

#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "settings/retention.h"

APLOG_USE_MODULE(user_audit);

#define QUICK_DEATH apr_time_from_sec(10) /* a keeper that lived shorter is started later */
#define LONGEST_PAUSE 60                  /* seconds */

typedef struct keeper_process_t {
    apr_proc_t process;
    server_rec *server;
    apr_pool_t *pool;
    apr_time_t started;
    unsigned pause; /* seconds the next one waits before it does anything */
} keeper_process_t;

static volatile sig_atomic_t stop_asked;

static void on_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static void log_sentence(void *payload, keeper_level_t level, apr_status_t status,
                         const char *sentence)
{
    static const int levels[] = {APLOG_ERR, APLOG_WARNING, APLOG_NOTICE, APLOG_DEBUG};

    ap_log_error(APLOG_MARK, levels[level], status, (server_rec *)payload, "user_audit: keeper: %s",
                 sentence);
}

/* ---- the keeper's configuration ---- */

static const keeper_site_t *list_sites(apr_pool_t *pool, server_rec *main_server, int *count)
{
    apr_array_header_t *sites = apr_array_make(pool, 4, sizeof(keeper_site_t));

    for (server_rec *server = main_server; server; server = server->next) {
        const site_t *site = &config_of(server)->site;

        if (site->enabled == 1) {
            keeper_site_t *known = &APR_ARRAY_PUSH(sites, keeper_site_t);

            known->name = site->name;
            known->alerts = site->alerts ? (const alert_line_t *)site->alerts->elts : NULL;
            known->alert_count = site->alerts ? site->alerts->nelts : 0;
            known->page = site->page_url;
            known->managers = (const char *const *)site->managers->elts;
            known->manager_count = site->managers->nelts;
            known->limits.idle = site->idle_timeout;
            known->limits.lifetime = site->max_lifetime;
            known->limits.not_before = 0;
            known->mark = site->mark;
        }
    }
    *count = sites->nelts;
    return (const keeper_site_t *)sites->elts;
}

/* What is kept equally long is purged together. */
static void add_retention(apr_pool_t *pool, apr_array_header_t *classes, const char *operation,
                          apr_interval_time_t age)
{
    keeper_retention_t *entry = NULL;
    const char **operations;
    int count = 0;

    for (int i = 0; i < classes->nelts && !entry; i++) {
        keeper_retention_t *known = &APR_ARRAY_IDX(classes, i, keeper_retention_t);

        entry = known->age == age ? known : NULL;
    }
    if (!age) {
        return;
    }
    if (!entry) {
        entry = &APR_ARRAY_PUSH(classes, keeper_retention_t);
        entry->operations = apr_pcalloc(pool, (OPERATION_COUNT + 1) * sizeof(*operations));
        entry->age = age;
    }
    operations = (const char **)entry->operations;
    while (operations[count]) {
        count++;
    }
    operations[count] = operation;
}

static const keeper_retention_t *list_retention(apr_pool_t *pool, const apr_array_header_t *lines,
                                                int *count)
{
    apr_array_header_t *classes = apr_array_make(pool, 8, sizeof(keeper_retention_t));

    for (int operation = OPERATION_NONE + 1; operation < OPERATION_COUNT; operation++) {
        const char *name = operation_name((operation_t)operation);

        add_retention(pool, classes, name, retention_of(lines, name));
    }
    *count = classes->nelts;
    return (const keeper_retention_t *)classes->elts;
}

static keeper_config_t keeper_configuration(apr_pool_t *pool, server_rec *server)
{
    const runtime_t *self = runtime();
    const installation_t *installation = self->installation;
    keeper_config_t config = {
        .state_dir = installation->state_dir,
        .node = self->node,
        .store = installation->store,
        .sync = (journal_sync_t)installation->journal_sync,
        .journal_max_size = installation->journal_max_size,
        .max_store_size = installation->max_store_size,
        .checkpoint_key = self->checkpoint_key,
        .cleanup_interval = installation->cleanup_interval,
        .user_agents = installation->user_agents,
        .alerts_of_user = installation->alerts_of_user,
        .alerts_of_all = installation->alerts_of_all,
        .alert_give_up = installation->alert_give_up,
        .sessions = self->sessions,
        .board = self->board,
        .key = &self->key,
        .log = log_sentence,
        .log_payload = server,
        .stop = &stop_asked,
    };

    config.sites = list_sites(pool, server, &config.site_count);
    config.retention = list_retention(pool, retention_rules(installation->retention, pool),
                                      &config.retention_count);
    if (installation->forwards) {
        config.forwards = (const keeper_forward_t *)installation->forwards->elts;
        config.forward_count = installation->forwards->nelts;
    }
    if (installation->places) {
        config.places = (const char *const *)installation->places->elts;
        config.place_count = installation->places->nelts;
    }
    return config;
}

/* ---- in the keeper's process ---- */

/* NULL: there is none, or what it needs cannot be read any more; then its alerts wait. */
static const delivery_config_t *read_channel(const keeper_process_t *self,
                                             const channel_config_t *channel,
                                             delivery_config_t *config)
{
    const char *problem = NULL;

    if (!channel->url) {
        return NULL;
    }
    config->url = channel->url;
    config->ca_file = channel->ca_file;
    config->tls = channel->tls;
    config->from = runtime()->installation->mail_from;
    config->name = runtime()->node;
    if (channel->secrets) {
        problem = strncmp(channel->url, "smtp", 4)
                      ? delivery_read_secret(config, channel->secrets)
                      : delivery_read_credentials(config, channel->secrets);
    }
    if (problem) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, self->server,
                     "user_audit: keeper: %s %s; alerts wait until httpd is restarted",
                     channel->secrets, problem);
    }
    return problem ? NULL : config;
}

typedef struct channels_t {
    delivery_config_t mail, webhook;
    const delivery_config_t *usable_mail, *usable_webhook;
} channels_t;

/* While it may still read what is root's alone. No other process has these secrets in its memory.
 */
static channels_t *read_channels(const keeper_process_t *self, apr_pool_t *pool)
{
    const installation_t *installation = runtime()->installation;
    channels_t *channels = apr_pcalloc(pool, sizeof(*channels));

    channels->usable_mail = read_channel(self, &installation->mail, &channels->mail);
    channels->usable_webhook = read_channel(self, &installation->webhook, &channels->webhook);
    return channels;
}

static void take_signals(void)
{
    struct sigaction action = {.sa_handler = on_stop};

    stop_asked = 0;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL); /* apachectl -k stop of a whole process group */
    signal(SIGUSR1, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
}

static void run_keeper(keeper_process_t *self)
{
    apr_pool_t *pool;
    keeper_config_t config;
    const channels_t *channels;

    take_signals();
    ap_close_listeners();
    prctl(PR_SET_NAME, "audit-keeper");
    apr_pool_create(&pool, self->pool);
    channels = read_channels(self, pool);
    if (ap_run_drop_privileges(pool, self->server) != 0) {
        exit(KEEPER_NO_STATE);
    }
    /* Never outlives a parent that was killed. A change of user clears this, so not before. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (unsigned waited = 0; waited < 10 * self->pause && !stop_asked; waited++) {
        apr_sleep(apr_time_from_msec(100));
    }
    config = keeper_configuration(pool, self->server);
    config.mail = channels->usable_mail;
    config.webhook = channels->usable_webhook;
    /* Past the handlers of exit(): a thread may still be waiting for a mail server. */
    _exit(stop_asked ? KEEPER_STOPPED : keeper_run(&config, pool));
}

/* ---- in the parent ---- */

static apr_status_t start(keeper_process_t *self);

static void died(keeper_process_t *self, int status)
{
    int stopping = AP_MPMQ_RUNNING;

    apr_proc_other_child_unregister(self);
    if (ap_mpm_query(AP_MPMQ_MPM_STATE, &stopping) == APR_SUCCESS && stopping == AP_MPMQ_STOPPING) {
        return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == KEEPER_CLASH) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, self->server,
                     "user_audit: the keeper has stopped and is not started again; the journal "
                     "keeps events until httpd is restarted");
        return;
    }
    self->pause = apr_time_now() - self->started > QUICK_DEATH ? 0
                  : self->pause                                ? self->pause * 2
                                                               : 1;
    self->pause = self->pause > LONGEST_PAUSE ? LONGEST_PAUSE : self->pause;
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, self->server,
                 "user_audit: the keeper (pid %" APR_PID_T_FMT ") died, status %d; another starts "
                 "work in %u s and nothing is lost meanwhile",
                 self->process.pid, status, self->pause);
    start(self);
}

static void maintain(int reason, void *data, apr_wait_t status)
{
    keeper_process_t *self = data;

    switch (reason) {
    case APR_OC_REASON_DEATH:
    case APR_OC_REASON_LOST:
        died(self, status);
        break;
    case APR_OC_REASON_RESTART:
        apr_proc_other_child_unregister(self);
        break;
    case APR_OC_REASON_UNREGISTER:
        kill(self->process.pid, SIGTERM);
        break;
    default:
        break;
    }
}

static apr_status_t start(keeper_process_t *self)
{
    apr_status_t status = apr_proc_fork(&self->process, self->pool);

    if (status == APR_INCHILD) {
        run_keeper(self);
    }
    if (status != APR_INPARENT) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, status, self->server,
                     "user_audit: the keeper cannot be started; the journal keeps events until "
                     "httpd is restarted");
        return status;
    }
    self->started = apr_time_now();
    apr_pool_note_subprocess(self->pool, &self->process, APR_KILL_AFTER_TIMEOUT);
    apr_proc_other_child_register(&self->process, maintain, self, NULL, self->pool);
    return APR_SUCCESS;
}

apr_status_t keeper_process_start(apr_pool_t *pconf, server_rec *main_server)
{
    keeper_process_t *self = apr_pcalloc(pconf, sizeof(*self));

    self->server = main_server;
    self->pool = pconf;
    return start(self);
}
