/* Callers without a cookie: programs that bring a password or an API key with each call. Each user,
 * and each key, has a session of its own, listed and ended as any other; ended, it stays so until a
 * manager lifts it, since nobody is there to log in again. */
#include <httpd.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "httpd/exchange.h"
#include "httpd/runtime.h"
#include "life.h"

#define BEARER "bearer"
#define DOCUMENTATION "/doc-bearer/"

static void look_up(exchange_t *exchange, session_kind_t kind)
{
    static const session_limits_t none = {0, 0, 0};
    runtime_t *self = runtime();
    int expired;

    exchange->kind = kind;
    exchange->generation = session_table_generation(self->sessions);
    session_table_gate(self->sessions, &exchange->fingerprint, &none, 1, apr_time_now(),
                       boot_time_now(), &exchange->session, &expired);
    fingerprint_reference(&self->key, &exchange->fingerprint, exchange->reference);
}

static int takes_bearer(const exchange_t *exchange)
{
    return exchange->route->kind == ROUTE_JSON1 || exchange->route->kind == ROUTE_JSON2 ||
           !strncmp(exchange->path, DOCUMENTATION, sizeof(DOCUMENTATION) - 1);
}

/* As Odoo reads it: the word in any case, blanks, the key. */
static const char *bearer_key(const request_rec *request)
{
    const char *header = apr_table_get(request->headers_in, "Authorization");
    apr_size_t length;

    if (!header || strncasecmp(header, BEARER, sizeof(BEARER) - 1) ||
        !apr_isspace(header[sizeof(BEARER) - 1])) {
        return NULL;
    }
    header += sizeof(BEARER) - 1;
    while (apr_isspace(*header)) {
        header++;
    }
    length = strlen(header);
    while (length && apr_isspace(header[length - 1])) {
        length--;
    }
    return apr_pstrmemdup(request->pool, header, length);
}

void caller_of_head(exchange_t *exchange)
{
    const char *key = takes_bearer(exchange) ? bearer_key(exchange->request) : NULL;

    if (key && fingerprint_is_api_key(key)) {
        fingerprint_of_api_key(&runtime()->key, exchange->site->name, key, &exchange->fingerprint);
        look_up(exchange, SESSION_KIND_KEY);
    }
}

void caller_of_call(exchange_t *exchange)
{
    const call_t *call = exchange->call;
    const site_key_t *key = &runtime()->key;

    if (!(exchange->route->flags & ROUTE_SESSIONLESS)) {
        return;
    }
    if (call->api_key) {
        fingerprint_of_api_key(key, exchange->site->name, call->api_key, &exchange->fingerprint);
        look_up(exchange, SESSION_KIND_KEY);
    }
    else if (call->uid > 0) {
        fingerprint_of_user(key, exchange->site->name, call->database ? call->database : "",
                            call->uid, &exchange->fingerprint);
        look_up(exchange, SESSION_KIND_USER);
    }
}

int caller_refused(const exchange_t *exchange)
{
    return exchange->kind != SESSION_KIND_COOKIE && exchange->session.state == SESSION_REVOKED;
}

/* ---- Odoo has answered ---- */

/* A login by RPC begins nothing at Odoo, but tells whose number it is. */
static apr_int64_t user_of_login(const reply_t *reply)
{
    return reply->operation == OPERATION_LOGIN && reply->record_ids ? apr_atoi64(reply->record_ids)
                                                                    : 0;
}

static apr_int64_t user_of(const exchange_t *exchange, const reply_t *reply)
{
    const call_t *call = exchange->call;

    return call && call->uid > 0 ? call->uid : user_of_login(reply);
}

static void name(exchange_t *exchange, apr_int64_t uid, session_t *session)
{
    const call_t *call = exchange->call;
    session_t identity = {.uid = (apr_int32_t)uid, .rights_checked = apr_time_now()};

    if (call && call->login) {
        apr_cpystrn(identity.login, call->login, sizeof(identity.login));
    }
    if (call && call->database) {
        apr_cpystrn(identity.database, call->database, sizeof(identity.database));
    }
    life_identify(exchange, &exchange->fingerprint, &identity, NULL, session);
}

static int is_news(const session_t *session, apr_int64_t uid, const call_t *call)
{
    return uid > 0 && uid <= APR_INT32_MAX &&
           (session->uid != uid || (call && call->login && !*session->login));
}

void caller_settle(exchange_t *exchange, const reply_t *reply, session_t *session)
{
    apr_int64_t uid;

    if (reply->outcome != OUTCOME_SUCCESS) {
        return;
    }
    uid = user_of(exchange, reply);
    if (exchange->kind == SESSION_KIND_COOKIE) {
        if (uid <= 0) {
            return;
        }
        fingerprint_of_user(&runtime()->key, exchange->site->name,
                            exchange->call->database ? exchange->call->database : "", uid,
                            &exchange->fingerprint);
        look_up(exchange, SESSION_KIND_USER);
    }
    if (exchange->session.state == SESSION_REVOKED) {
        return; /* ended while Odoo was at it */
    }
    *session = exchange->session;
    if (session->state == SESSION_FREE) {
        session_t proto = life_prototype(exchange, &exchange->fingerprint, exchange->kind);

        if (!life_admit(exchange, &proto)) {
            return;
        }
        *session = proto;
    }
    if (is_news(session, uid, exchange->call)) {
        name(exchange, uid, session);
    }
}
