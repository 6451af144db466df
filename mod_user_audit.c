/* The module record and where it meets httpd. What happens there is in src/httpd. */
#include <httpd.h>

#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_proxy.h>
#include <mpm_common.h>

#include "httpd/advice.h"
#include "httpd/child.h"
#include "httpd/config.h"
#include "httpd/exchange.h"
#include "httpd/keeper_process.h"
#include "httpd/runtime.h"
#include "httpd/setup.h"

/* Before anything is touched, and for "httpd -t" as well. */
static int on_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                           server_rec *server)
{
    const char *problem = config_any_site(server) ? config_check(pconf, server) : NULL;

    (void)plog;
    (void)ptemp;
    if (problem) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, server, "user_audit: %s", problem);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

static int on_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                          server_rec *server)
{
    const char *problem;

    (void)plog;
    (void)ptemp;
    if (!config_any_site(server)) {
        return OK;
    }
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK; /* the real one follows, in the process that stays */
    }
    problem = setup_parent(pconf, server);
    if (problem) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, server, "user_audit: %s", problem);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    advice_give(server);
    return keeper_process_start(pconf, server) == APR_SUCCESS ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

static void on_child_init(apr_pool_t *pchild, server_rec *server)
{
    if (runtime()->sessions) {
        child_start(pchild, server);
    }
}

/* In the parent, as root, between its other duties: looks at the clock and leaves a word. */
static int on_monitor(apr_pool_t *pool, server_rec *server)
{
    static apr_time_t due;
    apr_time_t now = apr_time_now();

    (void)pool;
    (void)server;
    if (runtime()->sessions && now >= due) {
        due = now + runtime()->installation->cleanup_interval;
        session_table_set_cleanup_due(runtime()->sessions, now);
    }
    return DECLINED;
}

static void register_hooks(apr_pool_t *pool)
{
    /* mod_proxy's handler runs first of all handlers, and takes whatever is left to it. */
    static const char *const before_proxy[] = {"mod_proxy.c", NULL};

    (void)pool;
    ap_hook_check_config(on_check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(on_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(on_child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_monitor(on_monitor, NULL, NULL, APR_HOOK_MIDDLE);
    /* Last of the fixups, for only then it is settled what goes to Odoo. */
    ap_hook_fixups(gate_fixups, NULL, NULL, APR_HOOK_REALLY_LAST);
    APR_OPTIONAL_HOOK(proxy, fixups, gate_upstream, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_handler(refusal_handler, NULL, before_proxy, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(exchange_handler, NULL, before_proxy, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(gate_other_backend, NULL, before_proxy, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(admin_handler, NULL, before_proxy, APR_HOOK_FIRST);
    ap_hook_insert_filter(exchange_insert_filters, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_log_transaction(exchange_log, NULL, NULL, APR_HOOK_MIDDLE);
    body_filter_register();
    reply_filter_register();
    question_register();
}

AP_DECLARE_MODULE(user_audit) = {
    STANDARD20_MODULE_STUFF,
    NULL, /* nothing per directory */
    NULL,
    config_create,
    config_merge,
    config_directives,
    register_hooks,
#if defined(AP_MODULE_FLAG_NONE)
    AP_MODULE_FLAG_NONE,
#endif
};
