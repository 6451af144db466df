/* The directives about alerts. */
#include "alert_directives.h"

#include <string.h>

#include "directive_words.h"

const char *alert_set_from(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = server_wide(cmd);

    (void)dir;
    if (!error && !alert_address_valid(value)) {
        error = wrong(cmd, value, "say a mail address, such as audit@example.com");
    }
    if (!error) {
        own(cmd)->installation.mail_from = value;
    }
    return error;
}

/* ---- servers ---- */

static const char *read_secrets(cmd_parms *cmd, const char *value, int lines, const char **path)
{
    const char *error = read_file_name(cmd, value, path), *problem;

    if (!error && (problem = delivery_check_file(*path, lines))) {
        error = wrong(cmd, value, apr_pstrcat(cmd->pool, "this file ", problem, NULL));
    }
    return error;
}

const char *alert_set_credentials(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = server_wide(cmd);

    (void)dir;
    return error ? error : read_secrets(cmd, value, 2, &own(cmd)->installation.mail.secrets);
}

static const char *read_option(cmd_parms *cmd, channel_config_t *channel, const char *word)
{
    static const choice_t choices[] = {{"required", DELIVERY_TLS_REQUIRED},
                                       {"off", DELIVERY_TLS_OFF},
                                       {NULL, 0}};
    int tls = 0;
    const char *error;

    if (!strncasecmp(word, "ca=", 3)) {
        return read_file_name(cmd, word + 3, &channel->ca_file);
    }
    if (strncasecmp(word, "tls=", 4)) {
        return wrong(cmd, word, "say tls=required, tls=off or ca=file");
    }
    error = read_choice(cmd, word + 4, choices, &tls);
    channel->tls = (delivery_tls_t)tls;
    return error;
}

const char *alert_set_smtp(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    const char *error = server_wide(cmd), *problem;
    const char *url = argc > 0 ? apr_pstrdup(cmd->pool, argv[0]) : "";
    channel_config_t *mail = &own(cmd)->installation.mail;

    (void)dir;
    if (!error && (problem = delivery_check_mail_url(url))) {
        error = wrong(cmd, url, problem);
    }
    for (int i = 1; i < argc && !error; i++) {
        error = read_option(cmd, mail, argv[i]);
    }
    mail->url = url;
    return error;
}

const char *alert_set_webhook(cmd_parms *cmd, void *dir, const char *url, const char *secrets,
                              const char *option)
{
    const char *error = server_wide(cmd), *problem;
    channel_config_t *webhook = &own(cmd)->installation.webhook;

    (void)dir;
    if (!error && (problem = delivery_check_webhook_url(url))) {
        error = wrong(cmd, url, problem);
    }
    if (!error) {
        error = read_secrets(cmd, secrets, 1, &webhook->secrets);
    }
    if (!error && option) {
        error = read_option(cmd, webhook, option);
    }
    webhook->url = url;
    return error;
}

/* ---- limits ---- */

static const char *read_limit(cmd_parms *cmd, const char *value, alert_limit_t *limit)
{
    if (!strcasecmp(value, "off")) {
        limit->count = 0;
        return NULL;
    }
    return alert_limit_read(value, limit)
               ? NULL
               : wrong(cmd, value, "say off, or a number and a time of at most 24h, such as 10/1h");
}

const char *alert_set_limit(cmd_parms *cmd, void *dir, const char *of_user, const char *of_all)
{
    const char *error = server_wide(cmd);
    installation_t *installation = &own(cmd)->installation;

    (void)dir;
    if (!error) {
        error = read_limit(cmd, of_user, &installation->alerts_of_user);
    }
    return error ? error : read_limit(cmd, of_all, &installation->alerts_of_all);
}

const char *alert_set_give_up(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = server_wide(cmd);

    (void)dir;
    return error
               ? error
               : read_time(cmd, value, apr_time_from_sec(1), &own(cmd)->installation.alert_give_up);
}

/* ---- of a site ---- */

static const char *text_of_words(apr_pool_t *pool, int count, char *const words[])
{
    const char *text = "";

    for (int i = 0; i < count; i++) {
        text = apr_pstrcat(pool, text, *text ? " " : "", words[i], NULL);
    }
    return text;
}

const char *alert_add_line(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    const char *error = per_site(cmd), *problem;
    site_t *site = &own(cmd)->site;
    const char **words = apr_pcalloc(cmd->pool, (apr_size_t)(argc + 1) * sizeof(*words));
    alert_line_t line;

    (void)dir;
    if (error) {
        return error;
    }
    if (!site->alerts) {
        site->alerts = apr_array_make(cmd->pool, 2, sizeof(alert_line_t));
        site->alert_texts = apr_array_make(cmd->pool, 2, sizeof(const char *));
    }
    if (argc == 1 && !strcasecmp(argv[0], "off")) {
        return NULL;
    }
    for (int i = 0; i < argc; i++) {
        words[i] = apr_pstrdup(cmd->pool, argv[i]);
    }
    problem = alert_line_read(&line, argc, words, cmd->pool);
    if (!problem && site->alerts->nelts == ALERT_MAX_LINES) {
        problem = apr_psprintf(cmd->pool, "say at most %d lines", ALERT_MAX_LINES);
    }
    if (!problem) {
        APR_ARRAY_PUSH(site->alerts, alert_line_t) = line;
        APR_ARRAY_PUSH(site->alert_texts, const char *) = text_of_words(cmd->pool, argc, argv);
    }
    return problem ? apr_psprintf(cmd->pool, "%s: %s", cmd->cmd->name, problem) : NULL;
}

const char *alert_set_page_url(cmd_parms *cmd, void *dir, const char *value)
{
    const char *error = per_site(cmd);

    (void)dir;
    if (!error && delivery_check_webhook_url(value)) {
        error = wrong(cmd, value, "say an address such as https://erp.example.com/audit-admin");
    }
    own(cmd)->site.page_url = value;
    return error;
}

/* ---- as a whole ---- */

static unsigned recipients(const site_t *site)
{
    unsigned to = 0;

    for (int i = 0; site->alerts && i < site->alerts->nelts; i++) {
        const alert_line_t *line = &APR_ARRAY_IDX(site->alerts, i, alert_line_t);

        to |= line->to | (line->addresses->nelts ? ALERT_TO_USER : 0);
    }
    return to;
}

/* An alert that cannot leave is worse than none: somebody relies on it. */
const char *config_check_alerts(const installation_t *installation, const site_t *site)
{
    unsigned to = recipients(site);

    if (to & ~ALERT_TO_WEBHOOK && !installation->mail.url) {
        return "UserAuditAlert sends mail: name the server with UserAuditSMTP";
    }
    if (to & ALERT_TO_WEBHOOK && !installation->webhook.url) {
        return "UserAuditAlert has to=webhook: name it with UserAuditWebhook";
    }
    if (installation->mail.url && !installation->mail_from) {
        return "UserAuditSMTP sends mail: name the sender with UserAuditMailFrom";
    }
    if (installation->mail.secrets && !installation->mail.url) {
        return "UserAuditSMTPCredentials has no UserAuditSMTP to go with";
    }
    return NULL;
}

const char *config_page_url(apr_pool_t *pool, const server_rec *server, const char *path)
{
    const char *scheme = server->server_scheme ? server->server_scheme
                         : server->port == 443 ? "https"
                                               : "http";
    apr_port_t usual = strcmp(scheme, "https") ? 80 : 443;
    const char *host = server->server_hostname ? server->server_hostname : "localhost";

    return server->port && server->port != usual
               ? apr_psprintf(pool, "%s://%s:%u%s", scheme, host, server->port, path)
               : apr_pstrcat(pool, scheme, "://", host, path, NULL);
}
