/* Questions to Odoo about a session, asked as a subrequest: so they go the way the site's own
 * configuration sends every request, balancers and sockets included. They carry the one cookie, and
 * the client's user agent and address, since Odoo 18 and 19 note a new device for any other. */
#include <httpd.h>

#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <util_filter.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "httpd/exchange.h"
#include "text/buffer.h"
#include "text/cookie.h"
#include "text/json_value.h"

#define BODY_FILTER "USER_AUDIT_QUESTION"
#define ANSWER_FILTER "USER_AUDIT_ANSWER"
#define SESSION_INFO_PATH "/web/session/get_session_info"
#define DESTROY_PATH "/web/session/destroy"
#define HAS_GROUP_PATH "/web/dataset/call_kw/res.users/has_group"
#define QUESTION_LIMIT 1024

static const json_limits_t answer_limits = {.nodes = 20000,
                                            .bytes = 512 * 1024,
                                            .string = 4096,
                                            .members = 4096};

typedef struct question_t {
    int discreet; /* the client gets no cookie from the answer */
    const char *body;
    buffer_t answer;
    int over;
} question_t;

/* Stands in for the client's body, which belongs to the request that is waiting. */
static apr_status_t body_of_question(ap_filter_t *filter, apr_bucket_brigade *brigade,
                                     ap_input_mode_t mode, apr_read_type_e block, apr_off_t bytes)
{
    question_t *question = filter->ctx;
    apr_bucket_alloc_t *buckets = filter->c->bucket_alloc;

    (void)mode;
    (void)block;
    (void)bytes;
    if (question->body) {
        APR_BRIGADE_INSERT_TAIL(brigade,
                                apr_bucket_pool_create(question->body, strlen(question->body),
                                                       filter->r->pool, buckets));
        question->body = NULL;
    }
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(buckets));
    return APR_SUCCESS;
}

static apr_status_t keep_answer(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    question_t *question = filter->ctx;

    for (apr_bucket *bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        const char *data;
        apr_size_t length;

        if (APR_BUCKET_IS_EOS(bucket)) {
            question->over = 1;
        }
        else if (!APR_BUCKET_IS_METADATA(bucket) &&
                 apr_bucket_read(bucket, &data, &length, APR_BLOCK_READ) == APR_SUCCESS) {
            buffer_append(&question->answer, data, length);
        }
    }
    apr_brigade_cleanup(brigade);
    return question->answer.overflow ? APR_ENOSPC : APR_SUCCESS; /* mod_proxy then hangs up */
}

static const char *const passed_on[] = {
    "Host", "User-Agent", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", NULL};

static void set_headers(request_rec *subrequest, const request_rec *request, const char *cookie,
                        const char *body)
{
    apr_table_t *headers = apr_table_make(subrequest->pool, 8);

    for (const char *const *name = passed_on; *name; name++) {
        const char *value = apr_table_get(request->headers_in, *name);

        if (value) {
            apr_table_setn(headers, *name, value);
        }
    }
    apr_table_setn(headers, "Cookie", apr_pstrcat(subrequest->pool, "session_id=", cookie, NULL));
    apr_table_setn(headers, "Content-Type", "application/json");
    apr_table_setn(headers, "Content-Length",
                   apr_psprintf(subrequest->pool, "%" APR_SIZE_T_FMT, strlen(body)));
    subrequest->headers_in = headers;
}

/* Escapes in a quoted cookie stand for any byte, line ends included, and mod_proxy writes headers
 * as they are. Odoo makes its ids of hexadecimal or URL-safe base64 digits. */
static int is_session_id(const char *cookie)
{
    const char *at = cookie;

    while (apr_isalnum(*at) || *at == '-' || *at == '_') {
        at++;
    }
    return at > cookie && !*at;
}

static int hand_on_cookie(void *data, const char *name, const char *value)
{
    request_rec *request = data;
    int cleared = 0;

    (void)name;
    /* Odoo 19 renews a session's id on any answer, and ends the old one two minutes later. */
    if (cookie_set_value(request->pool, value, "session_id", &cleared) && !cleared) {
        apr_table_add(request->err_headers_out, "Set-Cookie", value);
    }
    return 1;
}

/* The result of a JSON-RPC answer; NULL if there is none. *answered: Odoo gave any answer. */
static json_value_t *ask_as(question_t *question, request_rec *request, const char *path,
                            const char *cookie, const char *body, int *answered)
{
    request_rec *subrequest;
    json_value_t *result = NULL;

    *answered = 0;
    if (!is_session_id(cookie)) {
        return NULL;
    }
    subrequest = ap_sub_req_method_uri("POST", path, request, request->proto_output_filters);
    if (subrequest->status == HTTP_OK) {
        question->body = body;
        buffer_init(&question->answer, request->pool, QUESTION_MAX_ANSWER);
        set_headers(subrequest, request, cookie, body);
        subrequest->args = NULL;
        /* mod_proxy sends a subrequest's body only if there is a kept one. */
        subrequest->kept_body =
            apr_brigade_create(subrequest->pool, request->connection->bucket_alloc);
        subrequest->input_filters = NULL;
        ap_add_input_filter(BODY_FILTER, question, subrequest, request->connection);
        ap_add_output_filter(ANSWER_FILTER, question, subrequest, request->connection);
        if (ap_run_sub_req(subrequest) == OK && subrequest->status == HTTP_OK && question->over) {
            json_value_t *answer = json_parse(request->pool, question->answer.data,
                                              question->answer.length, &answer_limits);

            *answered = answer != NULL;
            result = json_member(answer, "result");
            if (!question->discreet) {
                apr_table_do(hand_on_cookie, request, subrequest->headers_out, "Set-Cookie", NULL);
            }
        }
    }
    ap_destroy_sub_req(subrequest);
    return result;
}

static json_value_t *ask(request_rec *request, const char *path, const char *cookie,
                         const char *body, int *answered)
{
    question_t *question = apr_pcalloc(request->pool, sizeof(*question));

    return ask_as(question, request, path, cookie, body, answered);
}

int question_destroy(request_rec *request, const char *cookie)
{
    question_t *question = apr_pcalloc(request->pool, sizeof(*question));
    int answered;

    question->discreet = 1;
    ask_as(question, request, DESTROY_PATH, cookie, "{}", &answered);
    return answered;
}

static const char *call_body(apr_pool_t *pool, apr_int64_t uid, const char *group)
{
    json_value_t *call = json_new_object(pool), *params, *args;
    buffer_t buffer;

    json_set(call, "jsonrpc", json_new_string(pool, "2.0"));
    json_set(call, "id", json_new_integer(pool, 0));
    params = json_set(call, "params", json_new_object(pool));
    json_set(params, "model", json_new_string(pool, "res.users"));
    json_set(params, "method", json_new_string(pool, "has_group"));
    args = json_set(params, "args", json_new_array(pool));
    if (uid) {
        json_push(args, json_new_integer(pool, uid));
    }
    json_push(args, json_new_string(pool, group));
    json_set(params, "kwargs", json_new_object(pool));
    buffer_init(&buffer, pool, QUESTION_LIMIT);
    json_write(&buffer, call);
    return buffer.overflow ? NULL : buffer_string(&buffer);
}

identity_t *question_who(request_rec *request, const char *cookie, int *answered)
{
    json_value_t *info = ask(request, SESSION_INFO_PATH, cookie, "{}", answered);

    return info ? identity_from_session_info(request->pool, info) : NULL;
}

/* 18 and 19 take (uid, group), 16 and 17 the group alone and an error for two. */
int question_has_group(request_rec *request, const char *cookie, apr_int64_t uid, const char *group)
{
    int answered;
    const char *body = call_body(request->pool, uid, group);
    json_value_t *result = body ? ask(request, HAS_GROUP_PATH, cookie, body, &answered) : NULL;

    if (!result && body) {
        result =
            ask(request, HAS_GROUP_PATH, cookie, call_body(request->pool, 0, group), &answered);
    }
    return json_truthy(result);
}

void question_register(void)
{
    ap_register_input_filter(BODY_FILTER, body_of_question, NULL, AP_FTYPE_RESOURCE);
    ap_register_output_filter(ANSWER_FILTER, keep_answer, NULL, AP_FTYPE_RESOURCE);
}
