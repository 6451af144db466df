#include "httpd/advice.h"

#include <strings.h>

#include <http_config.h>
#include <http_log.h>

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

void advice_give(server_rec *server)
{
    findings_t found = {0, NULL, NULL, 0};

    look(&found, ap_conftree);
    warn(server, &found);
    look_at_hosts(server, &found, ap_conftree);
}
