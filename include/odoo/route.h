/* Which endpoint of Odoo a path leads to, as a table of data (facts A1-A12). Pure. */
#ifndef ODOO_ROUTE_H
#define ODOO_ROUTE_H

#include <apr_pools.h>

typedef enum route_kind_t {
    ROUTE_OTHER = 0, /* none of ours: pages of portals, websites, custom controllers */
    ROUTE_STATIC,    /* assets, /<module>/static, service worker: no session, no event */
    ROUTE_POLL,      /* bus, presence, health: a session's noise, not a person's action */
    ROUTE_WEBSOCKET,
    ROUTE_PAGE, /* /web, /odoo, /scoped_app: the web client's page, names its session */
    ROUTE_CALL_KW,
    ROUTE_CALL_BUTTON,
    ROUTE_RESEQUENCE,   /* /web/dataset/resequence, 16-18 */
    ROUTE_LOGIN,        /* /web/login */
    ROUTE_TOTP,         /* /web/login/totp */
    ROUTE_AUTHENTICATE, /* /web/session/authenticate */
    ROUTE_SESSION_INFO, /* /web/session/get_session_info */
    ROUTE_LOGOUT,       /* /web/session/logout */
    ROUTE_DESTROY,      /* /web/session/destroy */
    ROUTE_KIND_COUNT
} route_kind_t;

typedef enum route_body_t {
    ROUTE_BODY_IGNORED, /* no body reader on this route */
    ROUTE_BODY_JSON,
    ROUTE_BODY_FORM
} route_body_t;

typedef enum route_reply_t {
    ROUTE_REPLY_IGNORED,
    ROUTE_REPLY_HEAD, /* status, Location and Set-Cookie tell everything */
    ROUTE_REPLY_JSONRPC,
    ROUTE_REPLY_PAGE /* HTML that carries odoo.__session_info__ */
} route_reply_t;

typedef struct route_t {
    route_kind_t kind;
    const char *path;    /* as matched; a first segment "<module>" stands for any one */
    int tail;            /* matches with anything behind a further "/" as well */
    const char *channel; /* web, jsonrpc, xmlrpc, json1, json2, http */
    route_body_t body;
    route_reply_t reply;
    int personal;       /* an action of a person: restarts the idle clock */
    int passes_refused; /* open to a refused session, its session_id removed (rules 2.7) */
} route_t;

/* The route of a decoded path (text/path.h). A path that matches nothing is tried once more without
 * its first segment, as http_routing does with a language; then only calls, logins and logouts are
 * found. Never NULL: ROUTE_OTHER. */
const route_t *route_find(const char *path);

/* The "<model>/<method>" or "<model>.<method>" that the tail of a call_kw or call_button path
 * claims; what runs is decided by the body. 0 if the tail is not of that form, and then nothing is
 * stored. *method points into path. */
int route_claim(const route_t *route, const char *path, const char **model, const char **method,
                apr_pool_t *pool);

#endif
