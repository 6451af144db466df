/* The 401 of an ended session: worded for whoever asked, cheap however often it is asked for. */
#include <httpd.h>

#include <http_core.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include "httpd/exchange.h"
#include "httpd/runtime.h"
#include "odoo/refusal.h"

/* HTTP/2 clients lose an answer that comes before their upload is over, so that much of a body is
 * read and thrown away first. */
#define DRAIN_BYTES (1024 * 1024)
#define DRAIN_TIME apr_time_from_sec(2)
#define DRAIN_PIECE 16384

#define COOKIE_CLEARED                                                                             \
    "session_id=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/"

static int is_navigation(const request_rec *request)
{
    const char *fetch_mode = apr_table_get(request->headers_in, "Sec-Fetch-Mode");
    const char *accept = apr_table_get(request->headers_in, "Accept");

    if (fetch_mode) {
        return !strcmp(fetch_mode, "navigate");
    }
    return request->method_number == M_GET && accept && ap_strstr_c(accept, "text/html");
}

/* Counts, and tells of the first one only: some web clients repeat a refused call hundreds of times
 * a second. The keeper reports how many followed. */
void refusal_count(exchange_t *exchange)
{
    event_t *event;

    if (session_table_refuse(runtime()->sessions, &exchange->fingerprint) != 1) {
        return;
    }
    event = record_event(exchange, OPERATION_SESSION_REFUSED);
    record_session(event, &exchange->session);
    event_set(event, EVENT_OUTCOME, outcome_name(OUTCOME_DENIED));
    record_path(event, exchange);
    event_set_integer(event, EVENT_STATUS, REFUSAL_STATUS);
    record_note(event, "reason", session_reason_name(exchange->session.reason));
    runtime_append(JOURNAL_EVENT, 0, event);
}

static void set_head(exchange_t *exchange, const char *content_type, apr_size_t length,
                     int clear_cookie)
{
    request_rec *request = exchange->request;

    request->status = REFUSAL_STATUS;
    request->status_line = NULL;
    ap_set_content_type(request, content_type);
    ap_set_content_length(request, (apr_off_t)length);
    apr_table_setn(request->headers_out, "Cache-Control", "no-store");
    apr_table_setn(request->headers_out, "WWW-Authenticate", REFUSAL_CHALLENGE);
    if (clear_cookie && !exchange->session.succeeded) {
        apr_table_addn(request->headers_out, "Set-Cookie", COOKIE_CLEARED);
    }
}

static void choose(exchange_t *exchange, const char **content_type, const char **body)
{
    if (exchange->route->kind == ROUTE_WEBSOCKET) {
        *content_type = "text/plain";
        *body = "";
    }
    else if (is_navigation(exchange->request)) {
        *content_type = REFUSAL_HTML_TYPE;
        *body = refusal_html(session_reason_name(exchange->session.reason));
    }
    else {
        *content_type = REFUSAL_JSON_TYPE;
        *body = refusal_json();
    }
}

static void drain(request_rec *request)
{
    apr_bucket_brigade *brigade =
        apr_brigade_create(request->pool, request->connection->bucket_alloc);
    apr_time_t until = apr_time_now() + DRAIN_TIME;
    apr_off_t left = DRAIN_BYTES;
    int over = 0;

    while (!over && left > 0 && apr_time_now() < until &&
           ap_get_brigade(request->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ,
                          DRAIN_PIECE) == APR_SUCCESS) {
        apr_off_t length = 0;

        over = !APR_BRIGADE_EMPTY(brigade) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(brigade));
        apr_brigade_length(brigade, 1, &length);
        left -= length;
        apr_brigade_cleanup(brigade);
    }
    if (!over) {
        request->connection->keepalive = AP_CONN_CLOSE;
    }
}

int refusal_handler(request_rec *request)
{
    exchange_t *exchange = exchange_of(request);
    const char *content_type, *body;

    if (!exchange || !exchange->refused || request != exchange->request) {
        return DECLINED;
    }
    refusal_count(exchange);
    drain(request);
    choose(exchange, &content_type, &body);
    set_head(exchange, content_type, strlen(body), 1);
    request->proxyreq = PROXYREQ_NONE;
    ap_rputs(body, request);
    return OK;
}

apr_status_t refusal_send_in_body(exchange_t *exchange)
{
    request_rec *request = exchange->request;
    const char *body = refusal_json();
    apr_bucket_alloc_t *buckets = request->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(request->pool, buckets);

    exchange->concluded = 1;
    exchange->refused = 1;
    session_table_find(runtime()->sessions, &exchange->fingerprint, &exchange->session);
    refusal_count(exchange);
    drain(request);
    /* The cookie stays: an upload is long, and the person may have logged in again meanwhile. */
    set_head(exchange, REFUSAL_JSON_TYPE, strlen(body), 0);
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_immortal_create(body, strlen(body), buckets));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(buckets));
    ap_pass_brigade(request->output_filters, brigade);
    return AP_FILTER_ERROR;
}
