/* Client hints over HTTP: asked for on pages, and taken from the requests that follow. */
#include <httpd.h>

#include <http_core.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include "client/client_hints.h"
#include "httpd/exchange.h"

#define PAGE_TYPE "text/html"

/* Browsers keep what they were asked for over TLS alone. Where another server ends TLS, its
 * administrator may say so as for any program behind httpd (SetEnvIf X-Forwarded-Proto ...). */
static int over_tls(const request_rec *request)
{
    const char *https = apr_table_get(request->subprocess_env, "HTTPS");

    return !strcmp(ap_http_scheme(request), "https") || (https && !strcasecmp(https, "on"));
}

static int is_page(const request_rec *request)
{
    return request->content_type &&
           !strncasecmp(request->content_type, PAGE_TYPE, sizeof(PAGE_TYPE) - 1);
}

void hints_ask(exchange_t *exchange)
{
    request_rec *request = exchange->request;

    if (exchange->site->client_hints && is_page(request) && over_tls(request)) {
        /* Behind what Odoo itself may ask for. */
        apr_table_merge(request->headers_out, "Accept-CH", CLIENT_HINTS_WANTED);
    }
}

/* Most requests bring none, and are not asked for each. */
static int has_hints(const apr_table_t *headers)
{
    const apr_array_header_t *array = apr_table_elts(headers);
    const apr_table_entry_t *entries = (const apr_table_entry_t *)(const void *)array->elts;

    for (int i = 0; i < array->nelts; i++) {
        if (!strncasecmp(entries[i].key, CLIENT_HINT_PREFIX, sizeof(CLIENT_HINT_PREFIX) - 1)) {
            return 1;
        }
    }
    return 0;
}

void hints_record(event_t *event, const request_rec *request)
{
    const char *value[CLIENT_HINT_COUNT];

    if (!has_hints(request->headers_in)) {
        return;
    }
    for (int i = 0; i < CLIENT_HINT_COUNT; i++) {
        value[i] = apr_table_get(request->headers_in, client_hint_names[i]);
    }
    client_hint_headers_t headers = {value[0], value[1], value[2], value[3], value[4], value[5]};

    event_set(event, EVENT_CLIENT_HINTS, client_hints_pack(&headers, event->pool));
}
