/* The input filter: shows the body to the call reader on its way to Odoo, and puts the intent into
 * the journal before Odoo can have the whole of it.
 *
 * It stays until the end of the body, which is passed on as it comes: Odoo acts on no body of which
 * the last byte (or the last chunk) is missing, and that is passed on behind the intent. */
#include <httpd.h>

#include <http_protocol.h>
#include <util_filter.h>

#include <apr_strings.h>

#include "httpd/exchange.h"
#include "httpd/runtime.h"

#define FILTER_NAME "USER_AUDIT_BODY"

/* What mod_proxy_http asks for at a time once it streams a body, each of which it sends by a
 * writev(2) of its own, and what it is given in its place: it takes and counts what it gets. */
#define PROXY_PIECE HUGE_STRING_LEN
#define LARGE_PIECE 32768

static ap_filter_rec_t *registered;

typedef struct body_filter_t {
    exchange_t *exchange;
    apr_off_t left; /* bytes of the body to come, by its Content-Length; -1: there is none */
    int over;       /* the end was seen; mod_proxy may well read again behind it */
    int streams;    /* mod_proxy_http is the only one that reads from here */
} body_filter_t;

/* The last byte is the end, whether EOS comes with it or behind it. */
static apr_status_t read_buckets(body_filter_t *self, apr_bucket_brigade *brigade, int *over)
{
    for (apr_bucket *bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        const char *data;
        apr_size_t length;
        apr_status_t status;

        if (APR_BUCKET_IS_EOS(bucket)) {
            *over = 1;
            break;
        }
        if (APR_BUCKET_IS_METADATA(bucket)) {
            continue;
        }
        status = apr_bucket_read(bucket, &data, &length, APR_BLOCK_READ);
        if (status != APR_SUCCESS) {
            return status;
        }
        call_reader_feed(self->exchange->call_reader, data, length);
        if (self->left >= 0) {
            self->left -= (apr_off_t)length < self->left ? (apr_off_t)length : self->left;
            *over |= self->left == 0;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t send_error(request_rec *request, int status)
{
    apr_bucket_brigade *brigade =
        apr_brigade_create(request->pool, request->connection->bucket_alloc);

    APR_BRIGADE_INSERT_TAIL(brigade, ap_bucket_error_create(status, NULL, request->pool,
                                                            request->connection->bucket_alloc));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(request->connection->bucket_alloc));
    ap_pass_brigade(request->output_filters, brigade);
    return AP_FILTER_ERROR;
}

static apr_status_t body_over(body_filter_t *self)
{
    exchange_t *exchange = self->exchange;
    apr_status_t status = record_intent(exchange, 1);

    self->over = 1;
    if (exchange->refused) {
        return refusal_send_in_body(exchange);
    }
    if (record_refuses(exchange, status)) {
        return send_error(exchange->request, HTTP_SERVICE_UNAVAILABLE);
    }
    return APR_SUCCESS;
}

/* Waits for no more than was asked for: what has come is read, however little it is. */
static apr_off_t piece_of(const ap_filter_t *filter, ap_input_mode_t mode, apr_off_t bytes)
{
    const body_filter_t *self = filter->ctx;

    return self->streams && mode == AP_MODE_READBYTES && bytes == PROXY_PIECE &&
                   filter->r == self->exchange->request /* no ErrorDocument that reads the rest */
               ? LARGE_PIECE
               : bytes;
}

static apr_status_t body_filter(ap_filter_t *filter, apr_bucket_brigade *brigade,
                                ap_input_mode_t mode, apr_read_type_e block, apr_off_t bytes)
{
    body_filter_t *self = filter->ctx;
    apr_status_t status =
        ap_get_brigade(filter->next, brigade, mode, block, piece_of(filter, mode, bytes));
    int over = 0;

    if (status != APR_SUCCESS || mode != AP_MODE_READBYTES || self->over) {
        return status;
    }
    if (exchange_ended(self->exchange)) { /* the upload began before */
        self->over = 1;
        apr_brigade_cleanup(brigade);
        return refusal_send_in_body(self->exchange);
    }
    status = read_buckets(self, brigade, &over);
    if (status == APR_SUCCESS && over) {
        status = body_over(self);
    }
    if (status != APR_SUCCESS) {
        apr_brigade_cleanup(brigade);
    }
    return status;
}

void body_filter_register(void)
{
    registered = ap_register_input_filter(FILTER_NAME, body_filter, NULL, AP_FTYPE_RESOURCE);
}

/* Of the body; -1 if httpd does not go by it. */
static apr_off_t content_length(const request_rec *request)
{
    const char *text = apr_table_get(request->headers_in, "Content-Length");
    apr_off_t length;
    char *end;

    if (!text || apr_table_get(request->headers_in, "Transfer-Encoding") ||
        apr_strtoff(&length, text, &end, 10) != APR_SUCCESS || *end || length < 0) {
        return -1;
    }
    return length;
}

/* Other schemes read into buffers of their own, and how a balancer's member is asked is not known
 * yet. */
static int asked_by_http(const request_rec *request)
{
    return request->filename && (strncmp(request->filename, "proxy:http://", 13) == 0 ||
                                 strncmp(request->filename, "proxy:https://", 14) == 0);
}

void body_filter_stream(request_rec *request)
{
    ap_filter_t *filter = request->input_filters;
    body_filter_t *self;

    if (filter && filter->frec == registered && filter->next == request->proto_input_filters) {
        self = filter->ctx;
        if (self->left > 0) {
            request->proto_input_filters = filter;
            self->streams = asked_by_http(request);
        }
    }
}

void body_filter_insert(exchange_t *exchange)
{
    request_rec *request = exchange->request;
    body_filter_t *self = apr_pcalloc(request->pool, sizeof(*self));
    call_request_t call = {0};

    self->exchange = exchange;
    self->left = content_length(request);
    call.method = request->method;
    call.path = exchange->path;
    call.query = exchange->query;
    call.content_type = apr_table_get(request->headers_in, "Content-Type");
    call.referer = apr_table_get(request->headers_in, "Referer");
    call.chunked = apr_table_get(request->headers_in, "Transfer-Encoding") != NULL &&
                   !apr_table_get(request->subprocess_env, "proxy-sendcl");
    call.credentials = exchange->cookie != NULL || exchange_has_key(exchange);
    call.track = exchange->rules->track;
    exchange->call_reader = call_reader_create(request->pool, exchange->route, &call,
                                               exchange->rules->redact, exchange->rules->values);
    ap_add_input_filter_handle(registered, self, request, request->connection);
}
