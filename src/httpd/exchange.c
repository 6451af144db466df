/* The exchange of a request, and the hooks that only look it up. */
#include "httpd/exchange.h"

#include <httpd.h>

#include <http_request.h>

exchange_t *exchange_of(request_rec *request)
{
    if (request->main) {
        return NULL; /* mod_dir, mod_include and our own questions to Odoo */
    }
    while (request->prev) {
        request = request->prev; /* an ErrorDocument belongs to the request that failed */
    }
    return ap_get_module_config(request->request_config, &user_audit_module);
}

exchange_t *exchange_create(request_rec *request, const site_t *site)
{
    exchange_t *exchange = apr_pcalloc(request->pool, sizeof(*exchange));

    exchange->request = request;
    exchange->site = site;
    ap_set_module_config(request->request_config, &user_audit_module, exchange);
    return exchange;
}

void exchange_insert_filters(request_rec *request)
{
    exchange_t *exchange = exchange_of(request);

    if (!exchange || request != exchange->request || exchange->refused || !exchange->route) {
        return;
    }
    if (exchange->route->body != ROUTE_BODY_IGNORED) {
        body_filter_insert(exchange);
    }
    if (exchange->route->reply != ROUTE_REPLY_IGNORED) {
        reply_filter_insert(exchange);
    }
}

/* The answer's filter has settled most exchanges long before. What is left was cut, failed before
 * Odoo answered, or was answered by httpd itself. */
int exchange_log(request_rec *request)
{
    exchange_t *exchange = exchange_of(request);

    if (exchange && exchange->route && !exchange->refused) {
        record_outcome(exchange, 0);
    }
    return DECLINED;
}
