/* The directive table and its setters. Each setter checks its words at once, so that a wrong value
 * stops the start with the line it stands on. */
#include "httpd/config.h"

#include <apr_strings.h>

#include "alert_directives.h"
#include "client/place.h"
#include "directive_words.h"
#include "keeper/keeper.h"
#include "settings/retention.h"

#define MAX_SESSIONS_LOWEST 16
#define FORWARDS 4
#define FORWARD_SOCKET_SIZE 108 /* of a name in sockaddr_un, its end included */
#define SYSLOG_SOCKET "/dev/log"
#define STORE_SIZE_LOWEST (1024 * 1024)
#define MAX_SESSIONS_HIGHEST 4000000

/* ---- server-wide ---- */

static const char *set_state_dir(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = server_wide(cmd);

    (void)dir;
    if (!error) {
        own(cmd)->installation.state_dir = ap_server_root_relative(cmd->pool, value);
        if (!own(cmd)->installation.state_dir) {
            error = wrong(cmd, value, "say the path of a folder");
        }
    }
    return error;
}

static const char *set_database(cmd_parms *cmd, void *dir, const char *driver, const char *params)
{
    const char *error = server_wide(cmd);
    store_config_t *store = &own(cmd)->installation.store;

    (void)dir;
    if (error) {
        return error;
    }
    if (strcmp(driver, "sqlite3") && strcmp(driver, "pgsql")) {
        return wrong(cmd, driver, "say sqlite3 and a file, or pgsql and libpq's connection words");
    }
    store->driver = driver;
    store->params = strcmp(driver, "sqlite3") ? params : ap_server_root_relative(cmd->pool, params);
    return NULL;
}

#define NODE_LONGEST 63

static const char *set_node(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = server_wide(cmd);

    (void)dir;
    if (!error && (!*value || strlen(value) > NODE_LONGEST)) {
        error = wrong(cmd, value, "say a name of 1 to 63 bytes, another one on each machine");
    }
    own(cmd)->installation.node = value;
    return error;
}

static const char *set_max_sessions(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = server_wide(cmd);
    apr_int64_t number;
    char *end;

    (void)dir;
    if (error) {
        return error;
    }
    number = apr_strtoi64(value, &end, 10);
    if (!*value || *end || number < MAX_SESSIONS_LOWEST || number > MAX_SESSIONS_HIGHEST) {
        return wrong(cmd, value,
                     apr_psprintf(cmd->pool, "say a number from %d to %d", MAX_SESSIONS_LOWEST,
                                  MAX_SESSIONS_HIGHEST));
    }
    own(cmd)->installation.max_sessions = (int)number;
    return NULL;
}

static const char *set_journal_sync(cmd_parms *cmd, void *dir, const char *value)
{
    static const choice_t choices[] = {{"off", JOURNAL_SYNC_OFF},
                                       {"second", JOURNAL_SYNC_SECOND},
                                       {"always", JOURNAL_SYNC_ALWAYS},
                                       {NULL, 0}};
    const char *error = server_wide(cmd);

    (void)dir;
    return error ? error : read_choice(cmd, value, choices, &own(cmd)->installation.journal_sync);
}

static const char *set_on_journal_failure(cmd_parms *cmd, void *dir, const char *value)
{
    static const choice_t choices[] = {{"continue", 0}, {"refuse", 1}, {NULL, 0}};
    const char *error = server_wide(cmd);

    (void)dir;
    return error ? error
                 : read_choice(cmd, value, choices,
                               &own(cmd)->installation.refuse_on_journal_failure);
}

static const char *set_journal_max_size(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = server_wide(cmd);
    apr_int64_t size;

    (void)dir;
    if (error) {
        return error;
    }
    if (size_parse(value, &size) != APR_SUCCESS || size < 2 * (apr_int64_t)JOURNAL_SEGMENT_SIZE) {
        return wrong(cmd, value, "say a size of at least 32M, such as 512M or 4G");
    }
    own(cmd)->installation.journal_max_size = size;
    return NULL;
}

static const char *set_max_store_size(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = server_wide(cmd);
    apr_int64_t size;

    (void)dir;
    if (error) {
        return error;
    }
    if (!strcasecmp(value, "off")) {
        size = 0;
    }
    else if (size_parse(value, &size) != APR_SUCCESS || size < STORE_SIZE_LOWEST) {
        return wrong(cmd, value, "say a size of at least 1M, such as 512M or 20G, or off");
    }
    own(cmd)->installation.max_store_size = size;
    return NULL;
}

static const char *set_cleanup_interval(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = server_wide(cmd);

    (void)dir;
    return error ? error
                 : read_time(cmd, value, apr_time_from_sec(1),
                             &own(cmd)->installation.cleanup_interval);
}

/* A line as the page shows it and lets managers add to it. */
static void keep_line(apr_pool_t *pool, apr_array_header_t **lines, const char *line)
{
    if (!*lines) {
        *lines = apr_array_make(pool, 4, sizeof(const char *));
    }
    APR_ARRAY_PUSH(*lines, const char *) = line;
}

static const char *add_retention(cmd_parms *cmd, void *dir, const char *words, const char *age)
{
    const char *error = server_wide(cmd);
    const char *line = apr_pstrcat(cmd->pool, words, " ", age, NULL);

    (void)dir;
    if (error) {
        return error;
    }
    error = retention_add(apr_array_make(cmd->temp_pool, 4, sizeof(retention_t)), line, cmd->pool);
    if (error) {
        return apr_pstrcat(cmd->pool, cmd->cmd->name, " ", error, NULL);
    }
    keep_line(cmd->pool, &own(cmd)->installation.retention, line);
    return NULL;
}

static const char *set_user_agents(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = server_wide(cmd);

    (void)dir;
    return error ? error : read_file_name(cmd, value, &own(cmd)->installation.user_agents);
}

/* The keeper opens it, as httpd's user and whenever the receiver is there: nothing is opened now.
 */
static const char *add_forward(cmd_parms *cmd, void *dir, const char *value)
{
    installation_t *installation = &own(cmd)->installation;
    keeper_forward_t forward = {.kind = KEEPER_FORWARD_SYSLOG, .path = SYSLOG_SOCKET};
    const char *error = server_wide(cmd);

    (void)dir;
    if (error) {
        return error;
    }
    if (strncmp(value, "file:/", 6) == 0 && value[6]) {
        forward.kind = KEEPER_FORWARD_FILE;
        forward.path = value + 5;
    }
    else if (strncmp(value, "syslog:/", 8) == 0 && strlen(value + 7) < FORWARD_SOCKET_SIZE) {
        forward.path = value + 7;
    }
    else if (strcmp(value, "syslog") != 0) {
        return wrong(cmd, value, "say syslog, syslog:/path/of/a/socket or file:/path/of/a/file");
    }
    if (!installation->forwards) {
        installation->forwards = apr_array_make(cmd->pool, FORWARDS, sizeof(keeper_forward_t));
    }
    if (installation->forwards->nelts == FORWARDS) {
        return wrong(cmd, value, apr_psprintf(cmd->pool, "at most %d targets", FORWARDS));
    }
    APR_ARRAY_PUSH(installation->forwards, keeper_forward_t) = forward;
    return NULL;
}

static const char *add_place_file(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = server_wide(cmd), *path;
    installation_t *installation = &own(cmd)->installation;

    (void)dir;
    if (error || (error = read_file_name(cmd, value, &path))) {
        return error;
    }
    if (!installation->places) {
        installation->places = apr_array_make(cmd->pool, PLACE_FILES, sizeof(const char *));
    }
    if (installation->places->nelts == PLACE_FILES) {
        return wrong(cmd, value, apr_psprintf(cmd->pool, "say at most %d files", PLACE_FILES));
    }
    APR_ARRAY_PUSH(installation->places, const char *) = path;
    return NULL;
}

/* ---- per site ---- */

static const char *set_enabled(cmd_parms *cmd, void *dir, int on)
{
    const char *error = per_site(cmd);

    (void)dir;
    if (!error) {
        own(cmd)->site.enabled = on;
    }
    return error;
}

static const char *set_site(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = per_site(cmd);

    (void)dir;
    if (error) {
        return error;
    }
    if (!*value || strlen(value) >= SESSION_SITE_SIZE) {
        return wrong(cmd, value,
                     apr_psprintf(cmd->pool, "say a name of at most %d bytes",
                                  SESSION_SITE_SIZE - 1));
    }
    own(cmd)->site.name = value;
    return NULL;
}

static const char *add_track(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    const char *error = per_site(cmd), *line = "";

    (void)dir;
    if (error) {
        return error;
    }
    for (int i = 0; i < argc; i++) {
        line = apr_pstrcat(cmd->pool, line, i ? " " : "", argv[i], NULL);
    }
    if ((error = track_add_line(track_create(cmd->temp_pool), line))) {
        return apr_psprintf(cmd->pool, "%s: %s", cmd->cmd->name, error);
    }
    keep_line(cmd->pool, &own(cmd)->site.track_lines, line);
    return NULL;
}

static const char *add_word(cmd_parms *cmd, apr_array_header_t **words, const char *word)
{
    const char *error = per_site(cmd);

    if (!error) {
        keep_line(cmd->pool, words, word);
    }
    return error;
}

static const char *add_redact(cmd_parms *cmd, void *dir, const char *value)
{
    (void)dir;
    return add_word(cmd, &own(cmd)->site.redact_globs, value);
}

static const char *add_manager(cmd_parms *cmd, void *dir, const char *value)
{
    (void)dir;
    if (!strncasecmp(value, "group:", 6) && !strchr(value + 6, '.')) {
        return wrong(cmd, value,
                     "say the group's full external id, such as group:base.group_system");
    }
    return add_word(cmd, &own(cmd)->site.managers, value);
}

static const char *set_values(cmd_parms *cmd, void *dir, const char *value)
{
    static const choice_t choices[] = {{"none", VALUES_NONE},
                                       {"names", VALUES_NAMES},
                                       {"values", VALUES_FULL},
                                       {NULL, 0}};
    const char *error = per_site(cmd);

    (void)dir;
    return error ? error : read_choice(cmd, value, choices, &own(cmd)->site.values);
}

static const char *set_idle_timeout(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = per_site(cmd);

    (void)dir;
    return error ? error : read_time_or_off(cmd, value, &own(cmd)->site.idle_timeout);
}

static const char *set_max_lifetime(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = per_site(cmd);

    (void)dir;
    return error ? error : read_time_or_off(cmd, value, &own(cmd)->site.max_lifetime);
}

#define MAX_USER_SESSIONS 100000

static const char *set_max_user_sessions(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = per_site(cmd);
    char *end;
    apr_int64_t count = apr_strtoi64(value, &end, 10);

    (void)dir;
    if (error) {
        return error;
    }
    if (!strcasecmp(value, "off")) {
        count = 0;
    }
    else if (*end || end == value || count < 1 || count > MAX_USER_SESSIONS) {
        return wrong(cmd, value, "say a number from 1 to 100000, or off");
    }
    own(cmd)->site.max_user_sessions = (int)count;
    return NULL;
}

static const char *set_end_in_odoo(cmd_parms *cmd, void *dir, int on)
{
    const char *error = per_site(cmd);

    (void)dir;
    if (!error) {
        own(cmd)->site.end_in_odoo = on;
    }
    return error;
}

static const char *set_old_values(cmd_parms *cmd, void *dir, int on)
{
    const char *error = per_site(cmd);

    (void)dir;
    if (!error) {
        own(cmd)->site.old_values = on;
    }
    return error;
}

static const char *set_client_hints(cmd_parms *cmd, void *dir, int on)
{
    const char *error = per_site(cmd);

    (void)dir;
    if (!error) {
        own(cmd)->site.client_hints = on;
    }
    return error;
}

static const char *set_carriers(cmd_parms *cmd, void *dir, const char *value)
{
    static const choice_t choices[] = {{"cookie", 0}, {"all", 1}, {NULL, 0}};
    const char *error = per_site(cmd);

    (void)dir;
    return error ? error : read_choice(cmd, value, choices, &own(cmd)->site.all_carriers);
}

static const char *set_settings(cmd_parms *cmd, void *dir, const char *value)
{
    static const choice_t choices[] = {{"open", 0}, {"locked", 1}, {NULL, 0}};
    const char *error = per_site(cmd);

    (void)dir;
    return error ? error : read_choice(cmd, value, choices, &own(cmd)->site.settings_locked);
}

/* Every entry is documented in conf/user_audit.conf and docs/directives.md; a test compares. */
const command_rec config_directives[] = {
    AP_INIT_TAKE1("UserAuditStateDir", set_state_dir, NULL, RSRC_CONF,
                  "folder for journal, keys and the default database; httpd's user owns it"),
    AP_INIT_TAKE2("UserAuditDatabase", set_database, NULL, RSRC_CONF,
                  "apr_dbd driver (sqlite3 or pgsql) and its parameters"),
    AP_INIT_TAKE1("UserAuditNode", set_node, NULL, RSRC_CONF,
                  "names this machine in the trail; the host's name by default"),
    AP_INIT_TAKE1("UserAuditMaxSessions", set_max_sessions, NULL, RSRC_CONF,
                  "sessions that shared memory has room for"),
    AP_INIT_TAKE1("UserAuditJournalSync", set_journal_sync, NULL, RSRC_CONF,
                  "when the journal is forced to disk: off, second or always"),
    AP_INIT_TAKE1("UserAuditOnJournalFailure", set_on_journal_failure, NULL, RSRC_CONF,
                  "when the journal cannot be written: continue, or refuse what may change data"),
    AP_INIT_TAKE1("UserAuditJournalMaxSize", set_journal_max_size, NULL, RSRC_CONF,
                  "the most the journal may take on disk"),
    AP_INIT_TAKE1("UserAuditMaxStoreSize", set_max_store_size, NULL, RSRC_CONF,
                  "the most that events may take in the database, or off; the oldest go first"),
    AP_INIT_TAKE1("UserAuditCleanupInterval", set_cleanup_interval, NULL, RSRC_CONF,
                  "how often idle sessions are ended and old events purged"),
    AP_INIT_TAKE2("UserAuditRetention", add_retention, NULL, RSRC_CONF,
                  "operations (or writes, reads, logins) and how long their events are kept"),
    AP_INIT_TAKE1("UserAuditUserAgents", set_user_agents, NULL, RSRC_CONF,
                  "uap-core's regexes.yaml, which tells browser, system and device"),
    AP_INIT_ITERATE("UserAuditGeoIP", add_place_file, NULL, RSRC_CONF,
                    "MaxMind DB files (city, country, network) that tell the place of an address"),
    AP_INIT_TAKE_ARGV("UserAuditSMTP", alert_set_smtp, NULL, RSRC_CONF,
                      "the mail server: smtp://host:587 or smtps://host:465, tls=..., ca=..."),
    AP_INIT_TAKE1("UserAuditSMTPCredentials", alert_set_credentials, NULL, RSRC_CONF,
                  "file of two lines, user and password, that its owner alone may read"),
    AP_INIT_TAKE1("UserAuditMailFrom", alert_set_from, NULL, RSRC_CONF, "the sender of alerts"),
    AP_INIT_TAKE23("UserAuditWebhook", alert_set_webhook, NULL, RSRC_CONF,
                   "where alerts are posted as JSON, and the file with the secret that signs them"),
    AP_INIT_TAKE2("UserAuditAlertLimit", alert_set_limit, NULL, RSRC_CONF,
                  "the most messages about one user, and in all: 10/1h 200/1h"),
    AP_INIT_TAKE1("UserAuditAlertGiveUp", alert_set_give_up, NULL, RSRC_CONF,
                  "how long sending an alert is tried"),
    AP_INIT_ITERATE("UserAuditForward", add_forward, NULL, RSRC_CONF,
                    "who gets each event as it is stored: syslog, syslog:/socket, or file:/path"),
    AP_INIT_FLAG("UserAudit", set_enabled, NULL, RSRC_CONF,
                 "On for a virtual host that stands before an Odoo"),
    AP_INIT_TAKE1("UserAuditSite", set_site, NULL, RSRC_CONF,
                  "the site's name in the trail; default: ServerName"),
    AP_INIT_TAKE_ARGV("UserAuditTrack", add_track, NULL, RSRC_CONF,
                      "operations and models (globs, ! excludes) that are kept"),
    AP_INIT_ITERATE("UserAuditRedact", add_redact, NULL, RSRC_CONF,
                    "field names (globs) whose values are never kept, besides the built-in ones"),
    AP_INIT_TAKE1("UserAuditValues", set_values, NULL, RSRC_CONF,
                  "how much of a write is kept: none, names or values"),
    AP_INIT_FLAG("UserAuditOldValues", set_old_values, NULL, RSRC_CONF,
                 "Off: do not remember what sessions were shown, to tell old values of a write"),
    AP_INIT_TAKE1("UserAuditIdleTimeout", set_idle_timeout, NULL, RSRC_CONF,
                  "ends a session so long after its person's last action, or off"),
    AP_INIT_TAKE1("UserAuditMaxLifetime", set_max_lifetime, NULL, RSRC_CONF,
                  "ends a session so long after its login, or off"),
    AP_INIT_TAKE1("UserAuditMaxUserSessions", set_max_user_sessions, NULL, RSRC_CONF,
                  "how many open sessions a user may have, the oldest is ended; or off"),
    AP_INIT_FLAG("UserAuditEndInOdoo", set_end_in_odoo, NULL, RSRC_CONF,
                 "On to log ended sessions out of Odoo as well"),
    AP_INIT_ITERATE("UserAuditManager", add_manager, NULL, RSRC_CONF,
                    "logins or group:<external id> that see and end every session"),
    AP_INIT_TAKE_ARGV("UserAuditAlert", alert_add_line, NULL, RSRC_CONF,
                      "what raises an alert, and to=... who gets it; or off"),
    AP_INIT_TAKE1("UserAuditPageURL", alert_set_page_url, NULL, RSRC_CONF,
                  "the audit page's own address, for mails"),
    AP_INIT_FLAG("UserAuditClientHints", set_client_hints, NULL, RSRC_CONF,
                 "Off: do not ask browsers for the system and device behind a frozen User-Agent"),
    AP_INIT_TAKE1("UserAuditSettings", set_settings, NULL, RSRC_CONF,
                  "open, or locked to let managers look at the settings page only"),
    AP_INIT_TAKE1("UserAuditSessionCarriers", set_carriers, NULL, RSRC_CONF,
                  "cookie, or all to keep ?session_id= and X-Openerp-Session-Id for old clients"),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL}};
