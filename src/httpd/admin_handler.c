/* The handlers: who the visitor is, by the Odoo session the browser sends anyway, and the admin
 * room's answer over HTTP. */
#include <httpd.h>

#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include "admin/admin.h"
#include "httpd/exchange.h"
#include "httpd/limits.h"
#include "httpd/runtime.h"
#include "odoo/refusal.h"
#include "text/cookie.h"

APLOG_USE_MODULE(user_audit);

#define ADMIN_HANDLER "user-audit-admin"
#define METRICS_HANDLER "user-audit-metrics"
#define CSV_HANDLER "user-audit-csv"
#define GROUP_PREFIX "group:"
#define SYSTEM_GROUP "base.group_system"
#define CSV_PATH "/activity.csv"

/* ---- who is asking ---- */

static int manager_by_group(exchange_t *exchange, const char *group)
{
    if (!strcmp(group, SYSTEM_GROUP)) {
        return exchange->session.manager;
    }
    return question_has_group(exchange->request, exchange->cookie, exchange->session.uid, group);
}

static int is_manager(exchange_t *exchange)
{
    const apr_array_header_t *managers = exchange->site->managers;

    for (int i = 0; i < managers->nelts; i++) {
        const char *manager = APR_ARRAY_IDX(managers, i, const char *);

        if (strncasecmp(manager, GROUP_PREFIX, sizeof(GROUP_PREFIX) - 1)
                ? !strcmp(manager, exchange->session.login)
                : manager_by_group(exchange, manager + sizeof(GROUP_PREFIX) - 1)) {
            return 1;
        }
    }
    return 0;
}

/* Rights change while sessions live, so Odoo is asked anew when its last word is a minute old. What
 * Odoo does not confirm is nobody. */
static void confirm(exchange_t *exchange)
{
    apr_time_t now = exchange->request->request_time;
    int answered = 0;
    reply_t reply = {.record_count = -1};

    if (exchange->session.state == SESSION_OPEN && exchange->session.uid &&
        !exchange->session.provisional &&
        now >= exchange->session.rights_checked && /* else the clock was set back since */
        now - exchange->session.rights_checked < QUESTION_RIGHTS_FRESH) {
        return;
    }
    reply.identity = question_who(exchange->request, exchange->cookie, &answered);
    reply.authenticated = reply.identity && reply.identity->uid > 0;
    reply.session_over = answered && !reply.authenticated;
    life_apply(exchange, &reply, &exchange->session);
    if (!reply.authenticated) {
        exchange->session.state = SESSION_FREE;
    }
}

static void identify_visitor(exchange_t *exchange, admin_visitor_t *visitor)
{
    session_limits_t limits = limits_of(exchange);
    runtime_t *self = runtime();
    int expired = 0;

    exchange->cookie =
        cookie_value(exchange->request->pool,
                     apr_table_get(exchange->request->headers_in, "Cookie"), "session_id", NULL);
    if (!exchange->cookie) {
        return;
    }
    fingerprint_of_cookie(&self->key, exchange->site->name, exchange->cookie,
                          &exchange->fingerprint);
    session_table_gate(self->sessions, &exchange->fingerprint, &limits, 0, apr_time_now(),
                       boot_time_now(), &exchange->session, &expired);
    if (limits_refuse(exchange->site, &exchange->session)) {
        exchange->refused = 1;
        return;
    }
    confirm(exchange);
    if (exchange->session.state == SESSION_OPEN && exchange->session.uid > 0) {
        visitor->known = 1;
        visitor->session = exchange->session;
        visitor->manager = is_manager(exchange);
    }
}

/* ---- the admin room's callbacks ---- */

static apr_status_t on_revoke(void *payload, const char *reference, session_reason_t reason,
                              const char *note)
{
    return ending_one(payload, reference, reason, note);
}

static apr_status_t on_revoke_user(void *payload, const session_t *user, const char *except,
                                   session_reason_t reason, const char *note, int *count)
{
    return ending_user(payload, user, except, reason, note, count);
}

static apr_status_t on_revoke_everybody(void *payload, const char *note)
{
    return ending_everybody(payload, note);
}

static apr_status_t on_lift(void *payload, const char *reference, const char *note)
{
    return ending_lift(payload, reference, note);
}

static apr_status_t on_change_settings(void *payload, settings_record_t *record,
                                       apr_time_t expected, const char *changes)
{
    return rules_change(payload, record, expected, changes);
}

static apr_status_t on_note(void *payload, event_t *note)
{
    exchange_t *exchange = payload;
    event_t *event = record_event(exchange, OPERATION_TRAIL_READ);

    record_session(event, &exchange->session);
    event_merge(event, note);
    return runtime_append(JOURNAL_EVENT, 0, event);
}

static void on_start(void *payload, int status, const char *content_type,
                     const char *const *headers)
{
    exchange_t *exchange = payload;
    request_rec *request = exchange->request;

    request->status = status;
    ap_set_content_type(request, content_type);
    for (; headers && *headers; headers += 2) {
        apr_table_set(request->err_headers_out, headers[0], headers[1]);
    }
}

static apr_status_t on_write(void *payload, const char *data, apr_size_t length)
{
    exchange_t *exchange = payload;

    if (ap_rwrite(data, (int)length, exchange->request) < 0 ||
        exchange->request->connection->aborted) {
        return APR_ECONNABORTED;
    }
    return APR_SUCCESS;
}

/* ---- the request ---- */

/* How much of the path a <Location> or <LocationMatch> claims; 0 if it is none of this request's,
 * or does not end with a segment. */
static apr_size_t claimed_length(const core_dir_config *location, const char *path)
{
    apr_size_t length = location->d ? strlen(location->d) : 0;

    if (location->r) {
        ap_regmatch_t match;

        length = ap_regexec(location->r, path, 1, &match, 0) == 0 ? (apr_size_t)match.rm_eo : 0;
    }
    else if (location->d_is_fnmatch || strncmp(path, location->d, length) != 0) {
        return 0;
    }
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    return path[length] == '/' || path[length] == '\0' || length == 1 ? length : 0;
}

/* The page's own address is the <Location> that sets the handler. Others may hold for the same
 * request and stand behind it, so that the merged configuration does not tell. */
static const char *base_path(request_rec *request)
{
    const core_server_config *core = ap_get_core_module_config(request->server->module_config);

    for (int i = core->sec_url->nelts - 1; i >= 0; i--) {
        const core_dir_config *location =
            ap_get_core_module_config(APR_ARRAY_IDX(core->sec_url, i, ap_conf_vector_t *));
        apr_size_t length = location->expr_handler ? claimed_length(location, request->uri) : 0;

        if (length) {
            return length == 1 ? "" : apr_pstrmemdup(request->pool, request->uri, length);
        }
    }
    return "";
}

static int read_body(request_rec *request, admin_request_t *admin)
{
    apr_off_t length = 0;
    apr_size_t size;
    char *body;
    int status = ap_setup_client_block(request, REQUEST_CHUNKED_DECHUNK);

    if (status != OK || !ap_should_client_block(request)) {
        return status;
    }
    body = apr_palloc(request->pool, ADMIN_MAX_BODY);
    for (;;) {
        long got =
            ap_get_client_block(request, body + length, (apr_size_t)(ADMIN_MAX_BODY - length));

        if (got < 0) {
            return HTTP_BAD_REQUEST;
        }
        if (got == 0) {
            break;
        }
        length += got;
        if (length == ADMIN_MAX_BODY) {
            return HTTP_REQUEST_ENTITY_TOO_LARGE;
        }
    }
    size = (apr_size_t)length;
    admin->body = body;
    admin->body_length = size;
    return OK;
}

static admin_request_t describe(exchange_t *exchange, const char *base)
{
    request_rec *request = exchange->request;
    runtime_t *self = runtime();
    admin_request_t admin = {
        .pool = request->pool,
        .method = request->header_only ? "HEAD" : request->method,
        .base = base,
        .path = request->uri + strlen(base),
        .query = request->args,
        .accept = apr_table_get(request->headers_in, "Accept"),
        .content_type = apr_table_get(request->headers_in, "Content-Type"),
        .origin = apr_table_get(request->headers_in, "Origin"),
        .sec_fetch_site = apr_table_get(request->headers_in, "Sec-Fetch-Site"),
        .host = apr_table_get(request->headers_in, "Host"),
        .metrics_only = !strcmp(request->handler, METRICS_HANDLER),
        .csv_only = !strcmp(request->handler, CSV_HANDLER),
        .address = request->useragent_ip,
        .site = exchange->site->name,
        .public_key = self->public_key,
        .can_mail = self->installation->mail.url != NULL,
        .can_post = self->installation->webhook.url != NULL,
        .key = &self->key,
        .sessions = self->sessions,
        .board = self->board,
        .node = self->node,
        .journal_max_size = self->installation->journal_max_size,
        .floor = &exchange->site->settings,
        .settings_file = self->settings_file,
        .settings_locked = exchange->site->settings_locked,
        .store = &self->installation->store,
        .now = request->request_time,
        .revoke = on_revoke,
        .revoke_user = on_revoke_user,
        .revoke_everybody = on_revoke_everybody,
        .lift = on_lift,
        .change_settings = on_change_settings,
        .note = on_note,
        .write = on_write,
        .start = on_start,
        .payload = exchange,
    };

    return admin;
}

int admin_handler_claims(const request_rec *request)
{
    static const char *const handlers[] = {ADMIN_HANDLER, CSV_HANDLER, METRICS_HANDLER};

    for (size_t i = 0; request->handler && i < sizeof(handlers) / sizeof(*handlers); i++) {
        if (!strcmp(request->handler, handlers[i])) {
            return 1;
        }
    }
    return 0;
}

/* The answer was begun and cannot be ended: without this its reader would take it for whole. */
static void cut_answer(request_rec *request)
{
    apr_bucket_alloc_t *buckets = request->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(request->pool, buckets);

    request->connection->keepalive = AP_CONN_CLOSE;
    APR_BRIGADE_INSERT_TAIL(brigade,
                            ap_bucket_error_create(HTTP_BAD_GATEWAY, NULL, request->pool, buckets));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(buckets));
    ap_pass_brigade(request->output_filters, brigade);
}

int admin_handler(request_rec *request)
{
    const site_t *site;
    exchange_t *exchange;
    admin_request_t admin;
    const char *problem = NULL;
    apr_status_t status;
    int answer;

    if (!admin_handler_claims(request)) {
        return DECLINED;
    }
    if (!(site = config_site(request))) {
        ap_log_rerror(
            APLOG_MARK, APLOG_ERR, 0, request,
            "user_audit: %s is handled by %s, but UserAudit is not On in this virtual host",
            request->uri, request->handler);
        return HTTP_NOT_FOUND;
    }
    request->allowed |= (AP_METHOD_BIT << M_GET) | (AP_METHOD_BIT << M_POST);
    exchange = exchange_create(request, site);
    exchange->raw_path = request->uri;
    exchange->route = route_find("/audit-admin");
    admin = describe(exchange, base_path(request));
    if (request->method_number == M_POST && (answer = read_body(request, &admin)) != OK) {
        return answer;
    }
    if (!admin.metrics_only) { /* httpd's own Require tells who may read them */
        identify_visitor(exchange, &admin.visitor);
    }
    if (exchange->refused) {
        return refusal_handler(request);
    }
    status = admin_handle(&admin, &problem);
    if (problem) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, status, request, "user_audit: %s", problem);
    }
    if (status != APR_SUCCESS) {
        cut_answer(request);
    }
    exchange->concluded = 1;
    return OK;
}
