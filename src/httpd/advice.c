#include "httpd/advice.h"

#include <string.h>
#include <strings.h>

#include <http_config.h>
#include <http_log.h>

#include "httpd/config.h"

/* Where the directives of one virtual host, or of the server besides them, ask for it. */
typedef struct findings_t {
    int audited;
    const ap_directive_t *cache, *backend;
    int late_cache; /* CacheQuickHandler off */
} findings_t;

static int is_named(const ap_directive_t *directive, const char *name)
{
    return strcasecmp(directive->directive, name) == 0;
}

static int is_off(const ap_directive_t *directive)
{
    return directive->args && strncasecmp(directive->args, "off", 3) == 0;
}

static int asks_otherwise(const ap_directive_t *directive)
{
    static const char *const schemes[] = {"ajp://", "fcgi://", "scgi://", "uwsgi://"};

    for (apr_size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (directive->args && ap_strcasestr(directive->args, schemes[i])) {
            return 1;
        }
    }
    return 0;
}

static void note(findings_t *found, const ap_directive_t *directive)
{
    if (is_named(directive, "UserAudit")) {
        found->audited = !is_off(directive);
    }
    else if (is_named(directive, "CacheEnable")) {
        found->cache = directive;
    }
    else if (is_named(directive, "CacheQuickHandler")) {
        found->late_cache = is_off(directive);
    }
    else if (asks_otherwise(directive)) {
        found->backend = directive;
    }
}

/* Everything below, but for virtual hosts, which are looked at by themselves. */
static void look(findings_t *found, const ap_directive_t *directive)
{
    for (; directive; directive = directive->next) {
        if (!is_named(directive, "<VirtualHost")) {
            note(found, directive);
            look(found, directive->first_child);
        }
    }
}

static void warn(server_rec *server, const findings_t *found)
{
    if (found->audited && found->cache && !found->late_cache) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     "user_audit: %s:%d: CacheEnable answers before any session is looked at: set "
                     "CacheQuickHandler off",
                     found->cache->filename, found->cache->line_num);
    }
    if (found->audited && found->backend) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     "user_audit: %s:%d: only backends that are asked by HTTP are audited as Odoo "
                     "takes them: put an http:// address in place of %s",
                     found->backend->filename, found->backend->line_num, found->backend->args);
    }
}

static void look_at_hosts(server_rec *server, const findings_t *inherited,
                          const ap_directive_t *directive)
{
    for (; directive; directive = directive->next) {
        if (is_named(directive, "<VirtualHost")) {
            findings_t found = *inherited;

            look(&found, directive->first_child);
            warn(server, &found);
        }
        else {
            look_at_hosts(server, inherited, directive->first_child);
        }
    }
}

/* ---- one site, two floors ---- */

static const char *first_difference(const site_t *left, const site_t *right)
{
    for (int field = 0; field < SETTINGS_FIELDS; field++) {
        if (!settings_equal(&left->settings, &right->settings, (settings_field_t)field)) {
            return settings_field_name((settings_field_t)field);
        }
    }
    return NULL;
}

/* What managers set is the site's, so that it adds to every floor of that name. The first host of
 * a name is what the others are held against. */
static void compare_floors(server_rec *main_server, server_rec *host)
{
    const site_t *site = &config_of(host)->site;

    for (server_rec *other = main_server; other != host; other = other->next) {
        const site_t *first = &config_of(other)->site;
        const char *field;

        if (first->enabled != 1 || strcmp(first->name, site->name) != 0) {
            continue;
        }
        if ((field = first_difference(first, site))) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, host,
                         "user_audit: %s:%u is of the site %s as %s:%u is, with another %s: what "
                         "the settings page shows is true of one of them only; say the same in "
                         "both, or give them names of their own with UserAuditSite",
                         host->defn_name ? host->defn_name : "the main server",
                         host->defn_line_number, site->name,
                         other->defn_name ? other->defn_name : "the main server",
                         other->defn_line_number, field);
        }
        return;
    }
}

void advice_give(server_rec *server)
{
    findings_t found = {0, NULL, NULL, 0};

    look(&found, ap_conftree);
    warn(server, &found);
    look_at_hosts(server, &found, ap_conftree);
    for (server_rec *host = server; host; host = host->next) {
        if (config_of(host)->site.enabled == 1) {
            compare_floors(server, host);
        }
    }
}
