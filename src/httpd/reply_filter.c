/* The output filter: shows Odoo's answer to the reply reader and puts the outcome on record before
 * the client has the end of the answer. It leaves as soon as the rest cannot matter. */
#include <httpd.h>

#include <http_protocol.h>
#include <util_filter.h>

#include "httpd/exchange.h"
#include "text/cookie.h"

#define FILTER_NAME "USER_AUDIT_REPLY"
#define SESSION_COOKIE "session_id"
#define COMPANIES_COOKIE "cids"

static ap_filter_rec_t *registered;

static int note_session(void *data, const char *name, const char *value)
{
    exchange_t *exchange = data;
    apr_pool_t *pool = exchange->request->pool;
    int cleared = 0, companies_cleared = 0;
    const char *session = cookie_set_value(pool, value, SESSION_COOKIE, &cleared);

    (void)name;
    if (session || cleared) {
        exchange->head.set_session = session;
        exchange->head.session_cleared = cleared;
    }
    (void)cookie_set_value(pool, value, COMPANIES_COOKIE, &companies_cleared);
    exchange->head.companies_cleared |= companies_cleared;
    return 1;
}

/* Until the final headers are written, Odoo's stand in headers_out as mod_proxy put them there. */
static void read_head(exchange_t *exchange)
{
    request_rec *request = exchange->request;
    reply_head_t *head = &exchange->head;

    head->method = request->method;
    head->status = request->status;
    head->content_type = request->content_type
                             ? request->content_type
                             : apr_table_get(request->headers_out, "Content-Type");
    head->content_encoding = request->content_encoding
                                 ? request->content_encoding
                                 : apr_table_get(request->headers_out, "Content-Encoding");
    head->content_disposition = apr_table_get(request->headers_out, "Content-Disposition");
    head->location = apr_table_get(request->headers_out, "Location");
    head->sent_session = exchange->hide_cookie ? NULL : exchange->cookie;
    head->credentials = head->sent_session != NULL || exchange_has_key(exchange);
    apr_table_do(note_session, exchange, request->headers_out, "Set-Cookie", NULL);
    apr_table_do(note_session, exchange, request->err_headers_out, "Set-Cookie", NULL);
}

static void begin(exchange_t *exchange)
{
    record_intent(exchange, 1); /* a request without a body that nobody read */
    read_head(exchange);
    hints_ask(exchange);
    exchange->reply_reader = reply_reader_create(exchange->request->pool, exchange->route,
                                                 exchange->call, &exchange->head, exchange->wanted);
    old_values_watch(exchange);
}

typedef enum progress_t { PROGRESS_MORE, PROGRESS_DONE, PROGRESS_CUT } progress_t;

/* An error bucket is the only sign of an answer that Odoo did not finish: the status stays 200. */
static progress_t read_buckets(exchange_t *exchange, apr_bucket_brigade *brigade)
{
    for (apr_bucket *bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        const char *data;
        apr_size_t length;
        int done;

        if (APR_BUCKET_IS_EOS(bucket)) {
            old_values_gathered(exchange);
            return PROGRESS_DONE;
        }
        if (AP_BUCKET_IS_ERROR(bucket)) {
            return PROGRESS_CUT;
        }
        if (APR_BUCKET_IS_METADATA(bucket)) {
            continue;
        }
        if (apr_bucket_read(bucket, &data, &length, APR_BLOCK_READ) != APR_SUCCESS) {
            return PROGRESS_CUT;
        }
        done = reply_reader_feed(exchange->reply_reader, data, length);
        if (old_values_gather(exchange, data, length) && done) {
            return PROGRESS_DONE;
        }
    }
    return PROGRESS_MORE;
}

static apr_status_t reply_filter(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    exchange_t *exchange = filter->ctx;
    progress_t progress;

    if (exchange->concluded) {
        /* Our own refusal in the middle of an upload: Odoo never gets that call. */
        ap_remove_output_filter(filter);
        return ap_pass_brigade(filter->next, brigade);
    }
    if (!exchange->reply_reader) {
        begin(exchange);
    }
    progress = read_buckets(exchange, brigade);
    if (progress != PROGRESS_MORE) {
        record_outcome(exchange, progress == PROGRESS_DONE);
        ap_remove_output_filter(filter);
    }
    return ap_pass_brigade(filter->next, brigade);
}

void reply_filter_register(void)
{
    /* One step behind mod_deflate's INFLATE, where an administrator has set it. */
    registered = ap_register_output_filter(FILTER_NAME, reply_filter, NULL, AP_FTYPE_RESOURCE);
}

void reply_filter_insert(exchange_t *exchange)
{
    ap_add_output_filter_handle(registered, exchange, exchange->request,
                                exchange->request->connection);
}
