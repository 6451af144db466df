/* The exchange of a request, and the hooks that only look it up. */
#include "httpd/exchange.h"

#include <httpd.h>

#include <http_request.h>

#include "httpd/limits.h"
#include "httpd/runtime.h"

exchange_t *exchange_of(request_rec *request)
{
    exchange_t *exchange = NULL;

    if (request->main) {
        return NULL; /* mod_dir, mod_include and our own questions to Odoo */
    }
    /* An ErrorDocument belongs to the request that failed, but an internal redirect (a RewriteRule
     * in a <Location>, say) may be the first of its chain that leads to Odoo. */
    for (; request && !exchange; request = request->prev) {
        exchange = ap_get_module_config(request->request_config, &user_audit_module);
    }
    return exchange;
}

exchange_t *exchange_create(request_rec *request, const site_t *site)
{
    exchange_t *exchange = apr_pcalloc(request->pool, sizeof(*exchange));

    exchange->request = request;
    exchange->site = site;
    exchange->rules = rules_of(request, site);
    exchange->marked = session_table_marked(runtime()->sessions, &site->mark);
    ap_set_module_config(request->request_config, &user_audit_module, exchange);
    return exchange;
}

int exchange_ended(exchange_t *exchange)
{
    apr_uint32_t generation = session_table_generation(runtime()->sessions);
    session_t session;

    if (generation == exchange->generation || exchange->hide_cookie ||
        (!exchange->cookie && exchange->kind == SESSION_KIND_COOKIE)) {
        return 0;
    }
    exchange->generation = generation;
    if (session_table_find(runtime()->sessions, &exchange->fingerprint, &session) != APR_SUCCESS ||
        !limits_refuse(exchange->site, &session)) {
        return 0;
    }
    exchange->session = session;
    return 1;
}

/* Unlike ap_request_has_body, of a HEAD as well: Odoo looks at no method where it takes a body. */
static int has_body(const request_rec *request)
{
    const char *length = apr_table_get(request->headers_in, "Content-Length");

    return apr_table_get(request->headers_in, "Transfer-Encoding") ||
           (length && strspn(length, "0") != strlen(length));
}

int exchange_has_key(const exchange_t *exchange)
{
    static const char *const names[] = {"Authorization", "API-Key",      "X-API-Key",
                                        "X-Auth-Token",  "Access-Token", "X-Access-Token"};

    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (apr_table_get(exchange->request->headers_in, names[i])) {
            return 1;
        }
    }
    return 0;
}

/* Whether the request may be a call that somebody wants to know of. Pages that are only looked at
 * are most of what goes to unknown routes, and files most of all requests. */
static int may_be_call(const exchange_t *exchange)
{
    const request_rec *request = exchange->request;

    switch (exchange->route->kind) {
    case ROUTE_OTHER:
        return exchange->route->body != ROUTE_BODY_IGNORED &&
               (has_body(request) ||
                (request->method_number != M_GET && request->method_number != M_OPTIONS));
    case ROUTE_DOWNLOAD:
        return track_wants_any(exchange->rules->track, OPERATION_DOWNLOAD);
    default:
        return exchange->route->body != ROUTE_BODY_IGNORED;
    }
}

void exchange_insert_filters(request_rec *request)
{
    exchange_t *exchange = exchange_of(request);

    if (!exchange || request != exchange->request || exchange->refused || !exchange->route) {
        return;
    }
    if (may_be_call(exchange)) {
        body_filter_insert(exchange);
    }
    if (exchange->route->reply != ROUTE_REPLY_IGNORED) {
        reply_filter_insert(exchange);
    }
}

/* Where there is no body nobody may read the input, and Odoo must not get the request before its
 * intent stands all the same. */
int exchange_handler(request_rec *request)
{
    exchange_t *exchange = exchange_of(request);

    if (!exchange || request != exchange->request || !exchange->call_reader) {
        return DECLINED;
    }
    if (has_body(request)) {
        body_filter_stream(request);
        return DECLINED;
    }
    return record_refuses(exchange, record_intent(exchange, 1)) ? HTTP_SERVICE_UNAVAILABLE
                                                                : DECLINED;
}

/* The answer's filter has settled most exchanges long before. What is left was cut, failed before
 * Odoo answered, or was answered by httpd itself. */
int exchange_log(request_rec *request)
{
    exchange_t *exchange;

    while (request->next) {
        request = request->next; /* httpd logs the first of a chain of redirects */
    }
    exchange = exchange_of(request);

    if (exchange && exchange->route && !exchange->refused) {
        record_outcome(exchange, 0);
    }
    return DECLINED;
}
