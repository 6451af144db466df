/* The directives as configuration: what an administrator said, unset until said, merged from the
 * server into its virtual hosts, checked as a whole before the server starts. Written at
 * configuration time only; read by every process and thread afterwards. */
#ifndef HTTPD_CONFIG_H
#define HTTPD_CONFIG_H

#include <httpd.h>

#include <http_config.h>

#include "alert/delivery.h"
#include "alert/rules.h"
#include "httpd/rules.h"
#include "session/table.h"
#include "store/store.h"
#include "trail/journal.h"

#define CONFIG_UNSET (-1)

/* The one symbol that leaves the module: everything else is built hidden. */
extern module AP_MODULE_DECLARE_DATA __attribute__((visibility("default"))) user_audit_module;

/* A server that alerts are sent to. What its secrets file holds is read by the keeper alone. */
typedef struct channel_config_t {
    const char *url; /* NULL: there is none */
    const char *secrets, *ca_file;
    delivery_tls_t tls;
} channel_config_t;

/* Server-wide: read from the main server alone. */
typedef struct installation_t {
    const char *state_dir;
    const char *node; /* NULL: the host's name */
    store_config_t store;
    int max_sessions;
    int journal_sync;              /* journal_sync_t */
    int refuse_on_journal_failure; /* 0: go on and count what is lost */
    apr_int64_t journal_max_size;
    apr_int64_t max_store_size; /* 0: no limit */
    apr_interval_time_t cleanup_interval;
    apr_array_header_t *retention; /* lines, const char * */
    const char *user_agents;       /* file of uap-core's rules; the default one may be absent */
    apr_array_header_t *places;    /* of const char *: MaxMind DB files; NULL: none */
    channel_config_t mail, webhook;
    const char *mail_from;
    alert_limit_t alerts_of_user, alerts_of_all; /* count CONFIG_UNSET: unset; 0: no limit */
    apr_interval_time_t alert_give_up;
    apr_array_header_t *forwards; /* of keeper_forward_t; NULL: none */
} installation_t;

/* Per virtual host. */
typedef struct site_t {
    int enabled;
    const char *name;
    apr_array_header_t *track_lines;                /* lines, const char *; NULL: unset */
    apr_array_header_t *redact_globs;               /* of const char *; NULL: unset */
    int values;                                     /* values_level_t */
    apr_interval_time_t idle_timeout, max_lifetime; /* 0: off */
    int max_user_sessions;                          /* 0: off */
    int end_in_odoo;
    int old_values;                  /* remember what sessions were shown */
    apr_array_header_t *managers;    /* of const char *: a login, or group:<xmlid> */
    apr_array_header_t *alerts;      /* of alert_line_t; NULL: unset */
    apr_array_header_t *alert_texts; /* the same lines as they were written: const char * */
    const char *page_url;            /* the audit page's address, for mails */
    int client_hints;                /* ask browsers for them, where they come over TLS */
    int all_carriers; /* keep and gate ?session_id= and X-Openerp-Session-Id (early 16 and 17) */

    int settings_locked; /* managers may look at the settings page, not change anything there */

    /* Made from the above when the configuration is complete: what managers may add to, the rules
     * that makes, and those in force, for which ask rules_of. */
    settings_t settings;
    rules_t floor;
    fingerprint_t mark; /* of everybody on the site; once the key is known */
    site_rules_t *rules;
} site_t;

typedef struct server_config_t {
    installation_t installation;
    site_t site;
} server_config_t;

void *config_create(apr_pool_t *pool, server_rec *server);
void *config_merge(apr_pool_t *pool, void *base, void *override);
extern const command_rec config_directives[];

server_config_t *config_of(const server_rec *server);
/* The site of a request; NULL where the audit is off. */
const site_t *config_site(const request_rec *request);

/* Fills in defaults, compiles the rules and looks for contradictions, in the main server and all
 * virtual hosts. Returns NULL or a sentence that tells the mend. */
const char *config_check(apr_pool_t *pool, server_rec *main_server);

/* Whether what the site's alerts are sent by is there: NULL or a sentence that tells the mend. */
const char *config_check_alerts(const installation_t *installation, const site_t *site);
/* A path of this virtual host as an address, with host and scheme as ServerName has them. */
const char *config_page_url(apr_pool_t *pool, const server_rec *server, const char *path);
/* 1 if other machines may use the same database. */
int config_shared(const installation_t *installation);

/* 1 if any virtual host keeps old values. */
int config_any_old_values(server_rec *main_server);

/* 1 if the audit is on for any virtual host. */
int config_any_site(server_rec *main_server);

#endif
