/* Creating, merging and checking the configuration. */
#include "httpd/config.h"

#include <apr_hash.h>
#include <apr_strings.h>

#include "settings/retention.h"

#define DEFAULT_STATE_DIR "/var/lib/mod_user_audit"
#define DEFAULT_USER_AGENTS "/usr/share/uap-core/regexes.yaml" /* of Debian's uap-core */
#define DEFAULT_MAX_SESSIONS 65536
#define DEFAULT_JOURNAL_MAX_SIZE (APR_INT64_C(4) << 30)
#define DEFAULT_CLEANUP_INTERVAL apr_time_from_sec(60)
#define DEFAULT_TRACK TRACK_DEFAULT_OPERATIONS " *"
#define DEFAULT_ALERTS_OF_USER "10/1h"
#define DEFAULT_ALERTS_OF_ALL "200/1h"
#define DEFAULT_ALERT_GIVE_UP apr_time_from_sec(86400)
#define DEFAULT_PAGE "/audit-admin"
#define EMBEDDED "sqlite3" /* a file of this machine alone */
#define DEFAULT_MANAGER "group:base.group_system"

void *config_create(apr_pool_t *pool, server_rec *server)
{
    server_config_t *config = apr_pcalloc(pool, sizeof(*config));

    (void)server;
    config->installation.max_sessions = CONFIG_UNSET;
    config->installation.journal_sync = CONFIG_UNSET;
    config->installation.refuse_on_journal_failure = CONFIG_UNSET;
    config->installation.journal_max_size = CONFIG_UNSET;
    config->installation.max_store_size = CONFIG_UNSET;
    config->installation.cleanup_interval = CONFIG_UNSET;
    config->installation.alerts_of_user.count = CONFIG_UNSET;
    config->installation.alert_give_up = CONFIG_UNSET;
    config->site.enabled = CONFIG_UNSET;
    config->site.values = CONFIG_UNSET;
    config->site.idle_timeout = CONFIG_UNSET;
    config->site.max_lifetime = CONFIG_UNSET;
    config->site.max_user_sessions = CONFIG_UNSET;
    config->site.end_in_odoo = CONFIG_UNSET;
    config->site.old_values = CONFIG_UNSET;
    config->site.all_carriers = CONFIG_UNSET;
    config->site.settings_locked = CONFIG_UNSET;
    config->site.client_hints = CONFIG_UNSET;
    return config;
}

#define MERGE_NUMBER(member)                                                                       \
    merged->site.member = host->site.member == CONFIG_UNSET ? main->site.member : host->site.member
#define MERGE_POINTER(member)                                                                      \
    merged->site.member = host->site.member ? host->site.member : main->site.member

/* Server-wide directives cannot stand in a virtual host, so the main server's are copied. A host's
 * own UserAuditTrack and UserAuditManager lines replace the server's; UserAuditRedact adds to
 * them, for nothing that the server hides may be shown again by a host. */
void *config_merge(apr_pool_t *pool, void *base, void *override)
{
    const server_config_t *main = base, *host = override;
    server_config_t *merged = apr_pmemdup(pool, main, sizeof(*merged));

    MERGE_NUMBER(enabled);
    MERGE_POINTER(name);
    MERGE_POINTER(track_lines);
    MERGE_NUMBER(values);
    MERGE_NUMBER(idle_timeout);
    MERGE_NUMBER(max_lifetime);
    MERGE_NUMBER(max_user_sessions);
    MERGE_NUMBER(end_in_odoo);
    MERGE_NUMBER(old_values);
    MERGE_POINTER(managers);
    MERGE_NUMBER(all_carriers);
    MERGE_NUMBER(settings_locked);
    MERGE_NUMBER(client_hints);
    MERGE_POINTER(alerts);
    MERGE_POINTER(alert_texts);
    MERGE_POINTER(page_url);
    if (main->site.redact_globs && host->site.redact_globs) {
        merged->site.redact_globs =
            apr_array_append(pool, main->site.redact_globs, host->site.redact_globs);
    }
    else {
        MERGE_POINTER(redact_globs);
    }
    return merged;
}

server_config_t *config_of(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &user_audit_module);
}

const site_t *config_site(const request_rec *request)
{
    const server_config_t *config = config_of(request->server);

    return config->site.enabled == 1 ? &config->site : NULL;
}

int config_shared(const installation_t *installation)
{
    return strcmp(installation->store.driver, EMBEDDED) != 0;
}

int config_any_old_values(server_rec *main_server)
{
    for (server_rec *server = main_server; server; server = server->next) {
        const site_t *site = &config_of(server)->site;

        if (site->enabled == 1 && site->old_values) {
            return 1;
        }
    }
    return 0;
}

int config_any_site(server_rec *main_server)
{
    for (server_rec *server = main_server; server; server = server->next) {
        if (config_of(server)->site.enabled == 1) {
            return 1;
        }
    }
    return 0;
}

#define DEFAULT_NUMBER(variable, value)                                                            \
    do {                                                                                           \
        if ((variable) == CONFIG_UNSET) {                                                          \
            (variable) = (value);                                                                  \
        }                                                                                          \
    } while (0)

static void installation_defaults(apr_pool_t *pool, installation_t *installation)
{
    if (!installation->state_dir) {
        installation->state_dir = DEFAULT_STATE_DIR;
    }
    if (!installation->store.driver) {
        installation->store.driver = EMBEDDED;
        installation->store.params = apr_pstrcat(pool, installation->state_dir, "/audit.db", NULL);
    }
    DEFAULT_NUMBER(installation->max_sessions, DEFAULT_MAX_SESSIONS);
    DEFAULT_NUMBER(installation->journal_sync, JOURNAL_SYNC_SECOND);
    DEFAULT_NUMBER(installation->refuse_on_journal_failure, 0);
    DEFAULT_NUMBER(installation->journal_max_size, DEFAULT_JOURNAL_MAX_SIZE);
    DEFAULT_NUMBER(installation->max_store_size, 0);
    DEFAULT_NUMBER(installation->cleanup_interval, DEFAULT_CLEANUP_INTERVAL);
    if (!installation->retention) {
        installation->retention = retention_default_lines(pool);
    }
    if (!installation->user_agents) {
        installation->user_agents = DEFAULT_USER_AGENTS;
    }
    if (installation->alerts_of_user.count == CONFIG_UNSET) {
        alert_limit_read(DEFAULT_ALERTS_OF_USER, &installation->alerts_of_user);
        alert_limit_read(DEFAULT_ALERTS_OF_ALL, &installation->alerts_of_all);
    }
    DEFAULT_NUMBER(installation->alert_give_up, DEFAULT_ALERT_GIVE_UP);
}

static void set_floor(apr_pool_t *pool, site_t *site, const installation_t *installation)
{
    settings_t *settings = &site->settings;

    settings_init(settings, pool);
    if (site->track_lines) {
        settings->lines[SETTINGS_TRACK] = site->track_lines;
    }
    else {
        APR_ARRAY_PUSH(settings->lines[SETTINGS_TRACK], const char *) = DEFAULT_TRACK;
    }
    if (site->redact_globs) {
        settings->lines[SETTINGS_REDACT] = site->redact_globs;
    }
    settings->lines[SETTINGS_RETENTION] = installation->retention;
    if (site->alert_texts) {
        settings->lines[SETTINGS_ALERTS] = site->alert_texts;
    }
    settings->values = site->values;
    settings->idle_timeout = site->idle_timeout;
    settings->max_lifetime = site->max_lifetime;
    settings->max_user_sessions = site->max_user_sessions;
    rules_compile(&site->floor, settings, pool);
    site->rules = site_rules_create(pool);
}

static const char *site_complete(apr_pool_t *pool, server_rec *server, site_t *site,
                                 const installation_t *installation)
{
    DEFAULT_NUMBER(site->values, VALUES_FULL);
    DEFAULT_NUMBER(site->idle_timeout, 0);
    DEFAULT_NUMBER(site->max_lifetime, 0);
    DEFAULT_NUMBER(site->max_user_sessions, 0);
    DEFAULT_NUMBER(site->end_in_odoo, 0);
    DEFAULT_NUMBER(site->old_values, 1);
    DEFAULT_NUMBER(site->all_carriers, 0);
    DEFAULT_NUMBER(site->settings_locked, 0);
    DEFAULT_NUMBER(site->client_hints, 1);
    if (!site->name) {
        site->name = server->server_hostname ? server->server_hostname : "localhost";
    }
    if (strlen(site->name) >= SESSION_SITE_SIZE) {
        return apr_psprintf(pool,
                            "the ServerName %s is longer than %d bytes: name the site with "
                            "UserAuditSite",
                            site->name, SESSION_SITE_SIZE - 1);
    }
    if (!site->managers) {
        site->managers = apr_array_make(pool, 1, sizeof(const char *));
        APR_ARRAY_PUSH(site->managers, const char *) = DEFAULT_MANAGER;
    }
    if (!site->page_url) {
        site->page_url = config_page_url(pool, server, DEFAULT_PAGE);
    }
    set_floor(pool, site, installation);
    return NULL;
}

const char *config_check(apr_pool_t *pool, server_rec *main_server)
{
    installation_t *installation = &config_of(main_server)->installation;

    installation_defaults(pool, installation);
    for (server_rec *server = main_server; server; server = server->next) {
        server_config_t *config = config_of(server);
        const char *problem;

        if (config->site.enabled != 1) {
            continue;
        }
        if ((problem = site_complete(pool, server, &config->site, installation))) {
            return problem;
        }
        if ((problem = config_check_alerts(installation, &config->site))) {
            return problem;
        }
        config->installation = *installation;
    }
    return NULL;
}
