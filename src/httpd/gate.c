/* The gate: which endpoint of Odoo a request leads to, which session it would use there, and
 * whether that session may still be used. It makes no system call and asks no database; only for a
 * session that is in use and still nameless it has Odoo asked, at most once a minute. */
#include <apr_lib.h>
#include <apr_strings.h>

#include "httpd/exchange.h"
#include "httpd/limits.h"
#include "httpd/runtime.h"
#include "text/cookie.h"
#include "text/form.h"
#include "text/path.h"

#define SESSION_COOKIE "session_id"
#define SESSION_QUERY "session_id"
#define SESSION_HEADER "X-Openerp-Session-Id"
#define FLAG_CARRIER "session_carrier"
#define PROXY_SCHEME "proxy:"
#define REMEMBERED_COOKIE 256 /* longer ones are hashed each time; Odoo's have 40 or 84 */

/* ---- what goes upstream ---- */

/* The URL that mod_proxy will ask for stands in r->filename since its own fixups; with
 * SetHandler "proxy:..." its handler puts the two together. What counts is what Odoo gets: with
 * nocanon or AllowEncodedSlashes it can differ from r->uri. */
static const char *upstream_path(request_rec *request)
{
    const char *target = request->filename ? request->filename : request->uri, *url, *path;

    if (!request->proxyreq) {
        target = apr_pstrcat(request->pool, request->handler, target, NULL);
    }
    url = strstr(target, "://");
    path = url ? strchr(url + 3, '/') : NULL;
    return path ? apr_pstrmemdup(request->pool, path, strcspn(path, "?")) : "/";
}

/* As mod_proxy's handler decides it: a RewriteRule in a <Location> may yet have turned the request
 * into an internal redirect. */
static int goes_to_proxy(const request_rec *request)
{
    const char *target = request->proxyreq ? request->filename : request->handler;

    return (!request->proxyreq || request->proxyreq == PROXYREQ_REVERSE) && target &&
           !strncmp(target, PROXY_SCHEME, sizeof(PROXY_SCHEME) - 1);
}

/* ---- the session ---- */

/* The query without any session_id, in the client's own spelling otherwise. */
static const char *query_without_session(apr_pool_t *pool, const char *query)
{
    const char *kept = NULL;

    while (*query) {
        apr_size_t length = strcspn(query, "&");
        const char *pair = apr_pstrmemdup(pool, query, length);

        if (!form_query_value(pool, pair, SESSION_QUERY)) {
            kept = kept ? apr_pstrcat(pool, kept, "&", pair, NULL) : pair;
        }
        query += length + (query[length] == '&');
    }
    return kept;
}

static void replace_query(request_rec *request, const char *query)
{
    char *mark = request->proxyreq == PROXYREQ_REVERSE && request->filename
                     ? strchr(request->filename, '?')
                     : NULL;

    request->args = query ? apr_pstrdup(request->pool, query) : NULL;
    if (mark) {
        request->filename =
            apr_pstrcat(request->pool,
                        apr_pstrmemdup(request->pool, request->filename, mark - request->filename),
                        query ? "?" : NULL, query, NULL);
    }
}

/* WSGI knows headers by upper-case names with "_", so that werkzeug 2 (Odoo 16, 17) takes any "_"
 * in a name for the "-" it stands for; mod_proxy passes both on. */
static int is_session_header(const char *name)
{
    const char *wanted = SESSION_HEADER;

    for (; *name && *wanted; name++, wanted++) {
        if (apr_tolower(*name == '_' ? '-' : *name) != apr_tolower(*wanted)) {
            return 0;
        }
    }
    return !*name && !*wanted;
}

static int note_session_header(void *value, const char *name, const char *content)
{
    if (!is_session_header(name)) {
        return 1;
    }
    *(const char **)value = content;
    return 0;
}

static int unset_session_header(void *headers, const char *name, const char *content)
{
    (void)content;
    if (is_session_header(name)) {
        apr_table_unset(headers, name);
    }
    return 1;
}

typedef struct carriers_t {
    const char *query, *header, *cookie; /* the session ids that the request brings, NULL: none */
} carriers_t;

static carriers_t find_carriers(request_rec *request)
{
    carriers_t carriers = {NULL, NULL, NULL};

    carriers.query =
        request->args ? form_query_value(request->pool, request->args, SESSION_QUERY) : NULL;
    apr_table_do(note_session_header, &carriers.header, request->headers_in, NULL);
    carriers.cookie = cookie_value(request->pool, apr_table_get(request->headers_in, "Cookie"),
                                   SESSION_COOKIE, NULL);
    return carriers;
}

static void hide_carriers(exchange_t *exchange, const carriers_t *carriers)
{
    request_rec *request = exchange->request;

    if (carriers->query) {
        replace_query(request, query_without_session(request->pool, request->args));
    }
    exchange->hide_carriers = carriers->header != NULL;
}

/* Odoo passes over an empty one. */
static int is_given(const char *carrier)
{
    return carrier && *carrier;
}

/* Early 16 and 17 take a session from the query or a header before the cookie. A client could have
 * Odoo use another session than the one we look at, so those carriers are taken away (and the
 * attempt is flagged) unless the site needs them; then the one Odoo would use counts. */
static const char *session_cookie(exchange_t *exchange, const carriers_t *carriers)
{
    if (!carriers->query && !carriers->header) {
        return carriers->cookie;
    }
    exchange->flags = FLAG_CARRIER;
    if (!exchange->site->all_carriers) {
        hide_carriers(exchange, carriers);
        return carriers->cookie;
    }
    return is_given(carriers->query)    ? carriers->query
           : is_given(carriers->header) ? carriers->header
                                        : carriers->cookie;
}

static int is_over(const site_t *site, const char *cookie)
{
    runtime_t *self = runtime();
    fingerprint_t fingerprint;
    session_t session;

    if (!cookie) {
        return 0;
    }
    fingerprint_of_cookie(&self->key, site->name, cookie, &fingerprint);
    return session_table_find(self->sessions, &fingerprint, &session) == APR_SUCCESS &&
           limits_refuse(site, &session);
}

static int is_any_over(const site_t *site, const carriers_t *carriers)
{
    return is_over(site, carriers->query) || is_over(site, carriers->header) ||
           is_over(site, carriers->cookie);
}

/* What a connection came with last. A browser sends one cookie with all its requests, and its keyed
 * hash costs more than all else here. */
typedef struct remembered_t {
    const site_t *site;
    apr_size_t length;
    char cookie[REMEMBERED_COOKIE];
    fingerprint_t fingerprint;
} remembered_t;

static remembered_t *remembered_of(conn_rec *connection)
{
    remembered_t *remembered = ap_get_module_config(connection->conn_config, &user_audit_module);

    if (!remembered) {
        remembered = apr_pcalloc(connection->pool, sizeof(*remembered));
        ap_set_module_config(connection->conn_config, &user_audit_module, remembered);
    }
    return remembered;
}

/* Compared in constant time: behind a load balancer one connection carries many clients. */
static void find_fingerprint(exchange_t *exchange)
{
    conn_rec *connection = exchange->request->connection;
    apr_size_t length = strlen(exchange->cookie);
    remembered_t *remembered = length <= REMEMBERED_COOKIE && !connection->master
                                   ? remembered_of(connection)
                                   : NULL; /* a stream of HTTP/2 carries one request */

    if (remembered && remembered->site == exchange->site && remembered->length == length &&
        digest_equal(remembered->cookie, exchange->cookie, length)) {
        exchange->fingerprint = remembered->fingerprint;
        return;
    }
    fingerprint_of_cookie(&runtime()->key, exchange->site->name, exchange->cookie,
                          &exchange->fingerprint);
    if (remembered) {
        remembered->site = exchange->site;
        remembered->length = length;
        memcpy(remembered->cookie, exchange->cookie, length);
        remembered->fingerprint = exchange->fingerprint;
    }
}

static void look_up(exchange_t *exchange, int personal)
{
    runtime_t *self = runtime();
    session_limits_t limits = limits_of(exchange);
    int expired = 0;

    find_fingerprint(exchange);
    exchange->generation = session_table_generation(self->sessions);
    session_table_gate(self->sessions, &exchange->fingerprint, &limits, personal, apr_time_now(),
                       boot_time_now(), &exchange->session, &expired);
    if (exchange->session.state == SESSION_FREE) {
        fingerprint_reference(&self->key, &exchange->fingerprint, exchange->reference);
    }
    else {
        memcpy(exchange->reference, exchange->session.reference, SESSION_REFERENCE_SIZE);
    }
    if (expired) {
        event_t *event = record_event(exchange, exchange->session.state == SESSION_REVOKED
                                                    ? OPERATION_SESSION_REVOKED
                                                    : OPERATION_SESSION_EXPIRED);

        record_session(event, &exchange->session);
        record_note(event, "reason", session_reason_name(exchange->session.reason));
        runtime_append(JOURNAL_EVENT, 0, event);
    }
}

/* Versions differ in which carrier they take, so a request that brings several is refused if any of
 * them names an ended session; of that one it is told then. */
static int is_refused(exchange_t *exchange, const carriers_t *carriers)
{
    const char *const brought[] = {carriers->cookie, carriers->header, carriers->query};
    const char *used = exchange->cookie;

    for (int i = 0; i < 3 && exchange->site->all_carriers; i++) {
        if (is_given(brought[i]) && brought[i] != used) {
            exchange->cookie = brought[i];
            look_up(exchange, 0);
            if (limits_refuse(exchange->site, &exchange->session)) {
                return 1;
            }
        }
    }
    exchange->cookie = used;
    /* Whether a JSON call is a person's is told by its body, later. */
    look_up(exchange, exchange->route->personal && exchange->route->body != ROUTE_BODY_JSON);
    return limits_refuse(exchange->site, &exchange->session);
}

/* A session that is in use and still nameless a while after Odoo first answered it: ask Odoo who it
 * is, at most once a minute. */
static void ask_name(exchange_t *exchange)
{
    const session_t *session = &exchange->session;
    apr_time_t now = exchange->request->request_time;
    identity_t *who;
    int answered = 0;

    if (session->state != SESSION_OPEN || session->uid || !session->personal_calls ||
        now - session->started < QUESTION_ASK_AFTER ||
        !session_table_take_question(runtime()->sessions, &exchange->fingerprint, now,
                                     QUESTION_RIGHTS_FRESH)) {
        return;
    }
    who = question_who(exchange->request, exchange->cookie, &answered);
    if (who && who->uid > 0) {
        reply_t reply = {.identity = who};

        life_apply(exchange, &reply, &exchange->session);
    }
}

static void refuse(exchange_t *exchange, const carriers_t *carriers)
{
    ending_in_odoo(exchange);
    if (exchange->route->passes_refused) {
        hide_carriers(exchange, carriers);
        exchange->query = exchange->request->args;
        exchange->hide_cookie = 1;
        exchange->session.state = SESSION_FREE;
        return;
    }
    exchange->refused = 1;
}

/* A page of the administrator's own that includes one of Odoo's (mod_include) asks for it with the
 * visitor's cookie. */
static int gate_subrequest(request_rec *request)
{
    const site_t *site = goes_to_proxy(request) ? config_site(request) : NULL;
    const exchange_t *exchange =
        ap_get_module_config(request->main->request_config, &user_audit_module);
    carriers_t carriers;

    if (!site || (exchange && exchange->ending)) {
        return DECLINED;
    }
    carriers = find_carriers(request);
    return is_any_over(site, &carriers) ? HTTP_UNAUTHORIZED : DECLINED;
}

int gate_fixups(request_rec *request)
{
    const site_t *site;
    exchange_t *exchange;
    carriers_t carriers;

    if (request->main) {
        return gate_subrequest(request);
    }
    if (exchange_of(request) || !goes_to_proxy(request) || admin_handler_claims(request) ||
        !(site = config_site(request))) {
        return DECLINED;
    }
    if (session_table_superseded(runtime()->sessions)) {
        /* This child is of a generation before an upgrade: its table no longer learns who was
         * ended.
         */
        request->connection->keepalive = AP_CONN_CLOSE;
        return HTTP_SERVICE_UNAVAILABLE;
    }
    exchange = exchange_create(request, site);
    exchange->raw_path = upstream_path(request);
    exchange->path = path_decode(request->pool, exchange->raw_path);
    exchange->route = route_find(exchange->path);
    if (exchange->route->kind == ROUTE_STATIC) {
        return OK; /* Odoo looks at no session there (facts: static files bypass sessions) */
    }
    carriers = find_carriers(request);
    exchange->cookie = session_cookie(exchange, &carriers);
    if (exchange->route->flags & ROUTE_SESSIONLESS) {
        exchange->cookie = NULL; /* Odoo does not look at it there either */
    }
    exchange->query = request->args;
    if (exchange->cookie) {
        if (is_refused(exchange, &carriers)) {
            refuse(exchange, &carriers);
        }
        else {
            ask_name(exchange);
        }
    }
    if (!exchange->refused && !exchange->hide_cookie) {
        caller_of_head(exchange);
        exchange->refused = caller_refused(exchange);
    }
    if (!exchange->refused && exchange->route->kind == ROUTE_WEBSOCKET) {
        tunnel_note(exchange);
        /* One ended before it stood on the list of tunnels would be cut by nobody. */
        exchange->refused = exchange_ended(exchange);
    }
    return OK;
}

static int is_answer_read(const exchange_t *exchange)
{
    switch (exchange->route->reply) {
    case ROUTE_REPLY_JSONRPC:
    case ROUTE_REPLY_JSON:
    case ROUTE_REPLY_UPLOAD:
    case ROUTE_REPLY_XMLRPC:
    case ROUTE_REPLY_PAGE:
        return 1;
    case ROUTE_REPLY_ANY:
        return exchange->call_reader != NULL;
    default:
        return 0;
    }
}

/* Odoo gets the session that we looked at: without one, or with the cookie in a spelling that every
 * werkzeug reads alike. */
static void settle_cookie(request_rec *request, int hide)
{
    const char *header = apr_table_get(request->headers_in, "Cookie");
    const char *settled = hide ? cookie_remove(request->pool, header, SESSION_COOKIE)
                               : cookie_settle(request->pool, header, SESSION_COOKIE);

    if (settled) {
        apr_table_setn(request->headers_in, "Cookie", settled);
    }
    else if (hide) {
        apr_table_unset(request->headers_in, "Cookie");
    }
}

static void settle_carriers(request_rec *request, const exchange_t *exchange)
{
    if (exchange->hide_carriers) {
        apr_table_t *seen = apr_table_clone(request->pool, request->headers_in);

        apr_table_do(unset_session_header, request->headers_in, seen, NULL);
    }
    settle_cookie(request, exchange->hide_cookie);
}

/* Only where a backend is asked by HTTP does mod_proxy run its own fixups. Of a balancer nobody
 * knows yet how its members are asked. */
int gate_other_backend(request_rec *request)
{
    static const char *const schemes[] = {"http", "https", "h2", "h2c", "ws", "wss"};
    exchange_t *exchange = exchange_of(request);
    const char *target = request->proxyreq ? request->filename : request->handler;
    const char *end = target ? strstr(target, "://") : NULL, *scheme = end;

    if (!exchange || !exchange->route || !end || !goes_to_proxy(request)) {
        return DECLINED;
    }
    while (scheme > target && apr_isalnum(scheme[-1])) {
        scheme--;
    }
    for (apr_size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (strlen(schemes[i]) == (apr_size_t)(end - scheme) &&
            !strncmp(schemes[i], scheme, (apr_size_t)(end - scheme))) {
            return DECLINED;
        }
    }
    settle_carriers(request, exchange);
    return DECLINED;
}

/* mod_proxy has put a copy in headers_in that only the backend sees. */
int gate_upstream(request_rec *request)
{
    exchange_t *exchange = exchange_of(request);

    if (!exchange) {
        return DECLINED;
    }
    settle_carriers(request, exchange);
    if (exchange->route && is_answer_read(exchange)) {
        /* A compressed answer could not be read; compression towards the client is untouched. */
        apr_table_unset(request->headers_in, "Accept-Encoding");
    }
    return OK;
}
