#include "odoo/route.h"

#include <string.h>

#include <apr_strings.h>

#include "text/path.h"

/* A segment of a table path that stands for any one segment. */
#define ANY_SEGMENT "<module>"

#define PASSES 1
#define GATED 0
#define PERSONAL 1
#define NOISE 0
#define TAIL 1
#define EXACT 0

/* Rows that differ in little. */
#define STATIC(path, tail)                                                                         \
    {                                                                                              \
        ROUTE_STATIC, path, tail, "http", ROUTE_BODY_IGNORED, ROUTE_REPLY_IGNORED, NOISE, PASSES   \
    }
#define POLL(path, tail)                                                                           \
    {                                                                                              \
        ROUTE_POLL, path, tail, "http", ROUTE_BODY_IGNORED, ROUTE_REPLY_IGNORED, NOISE, GATED      \
    }
#define WAY_IN(path, tail)                                                                         \
    {                                                                                              \
        ROUTE_OTHER, path, tail, "http", ROUTE_BODY_IGNORED, ROUTE_REPLY_IGNORED, PERSONAL, PASSES \
    }

/* The first row that matches counts, so a longer path stands before a shorter one with a tail. */
static const route_t routes[] = {
    {ROUTE_CALL_KW, "/web/dataset/call_kw", TAIL, "web", ROUTE_BODY_JSON, ROUTE_REPLY_JSONRPC,
     PERSONAL, GATED},
    {ROUTE_CALL_BUTTON, "/web/dataset/call_button", TAIL, "web", ROUTE_BODY_JSON,
     ROUTE_REPLY_JSONRPC, PERSONAL, GATED},
    {ROUTE_RESEQUENCE, "/web/dataset/resequence", EXACT, "web", ROUTE_BODY_JSON,
     ROUTE_REPLY_JSONRPC, PERSONAL, GATED},

    STATIC("/" ANY_SEGMENT "/static", TAIL),
    STATIC("/web/assets", TAIL),
    STATIC("/web/service-worker.js", EXACT),
    POLL("/web/image", TAIL),
    POLL("/web/bundle", TAIL),
    POLL("/web/binary/company_logo", EXACT),
    POLL("/web/health", EXACT),
    POLL("/web/manifest.webmanifest", EXACT),
    POLL("/web/offline", EXACT),
    POLL("/odoo/offline", EXACT),
    {ROUTE_POLL, "/web/webclient/version_info", EXACT, "http", ROUTE_BODY_IGNORED,
     ROUTE_REPLY_IGNORED, NOISE, PASSES},
    POLL("/web/webclient", TAIL),
    POLL("/website/translations", TAIL),
    POLL("/websocket/health", EXACT),
    POLL("/websocket/peek_notifications", EXACT),
    POLL("/websocket/update_bus_presence", EXACT),
    POLL("/websocket/on_closed", EXACT),
    {ROUTE_WEBSOCKET, "/websocket", EXACT, "http", ROUTE_BODY_IGNORED, ROUTE_REPLY_IGNORED, NOISE,
     GATED},
    POLL("/bus", TAIL),
    POLL("/mail/data", EXACT),
    POLL("/mail/init_messaging", EXACT),
    POLL("/mail/load_message_failures", EXACT),
    POLL("/mail/thread/data", EXACT),
    POLL("/mail/thread/messages", EXACT),
    POLL("/mail/inbox/messages", EXACT),
    POLL("/mail/history/messages", EXACT),
    POLL("/mail/starred/messages", EXACT),
    POLL("/discuss/channel/ping", EXACT),
    {ROUTE_TOTP, "/web/login/totp", EXACT, "http", ROUTE_BODY_IGNORED, ROUTE_REPLY_HEAD, PERSONAL,
     PASSES},
    {ROUTE_LOGIN, "/web/login", EXACT, "http", ROUTE_BODY_FORM, ROUTE_REPLY_HEAD, PERSONAL, PASSES},
    {ROUTE_AUTHENTICATE, "/web/session/authenticate", EXACT, "web", ROUTE_BODY_JSON,
     ROUTE_REPLY_JSONRPC, PERSONAL, PASSES},
    {ROUTE_LOGOUT, "/web/session/logout", EXACT, "web", ROUTE_BODY_IGNORED, ROUTE_REPLY_HEAD,
     PERSONAL, PASSES},
    {ROUTE_DESTROY, "/web/session/destroy", EXACT, "web", ROUTE_BODY_IGNORED, ROUTE_REPLY_JSONRPC,
     PERSONAL, GATED},
    {ROUTE_SESSION_INFO, "/web/session/get_session_info", EXACT, "web", ROUTE_BODY_IGNORED,
     ROUTE_REPLY_JSONRPC, NOISE, GATED},
    {ROUTE_POLL, "/web/session/check", EXACT, "web", ROUTE_BODY_IGNORED, ROUTE_REPLY_IGNORED, NOISE,
     GATED},

    /* Other ways to a session: open to somebody whose session was refused. */
    WAY_IN("/web/login_successful", EXACT),
    WAY_IN("/auth/passkey/start-auth", EXACT),
    WAY_IN("/auth_oauth", TAIL),
    WAY_IN("/web/signup", EXACT),
    WAY_IN("/web/reset_password", EXACT),
    {ROUTE_PAGE, "/web", EXACT, "http", ROUTE_BODY_IGNORED, ROUTE_REPLY_PAGE, PERSONAL, GATED},
    {ROUTE_PAGE, "/odoo", TAIL, "http", ROUTE_BODY_IGNORED, ROUTE_REPLY_PAGE, PERSONAL, GATED},
    {ROUTE_PAGE, "/scoped_app", TAIL, "http", ROUTE_BODY_IGNORED, ROUTE_REPLY_PAGE, PERSONAL,
     GATED},
};

static const route_t other = {ROUTE_OTHER,         "",       0,    "http", ROUTE_BODY_IGNORED,
                              ROUTE_REPLY_IGNORED, PERSONAL, GATED};

static int starts_with_any_segment(const route_t *route)
{
    return route->path[1] == ANY_SEGMENT[0];
}

/* Where the path goes on behind the row's path, or NULL if it does not start with it. */
static const char *match_prefix(const route_t *route, const char *path)
{
    const char *pattern = route->path;

    if (starts_with_any_segment(route)) {
        const char *slash = path[0] == '/' ? strchr(path + 1, '/') : NULL;

        if (!slash || slash == path + 1) {
            return NULL;
        }
        pattern += sizeof("/" ANY_SEGMENT) - 1;
        path = slash;
    }
    while (*pattern && *pattern == *path) {
        pattern++;
        path++;
    }
    return *pattern ? NULL : path;
}

/* What stands behind the matched path and its slash ("" if nothing), or NULL without a match. */
static const char *match_tail(const route_t *route, const char *path)
{
    const char *rest = match_prefix(route, path);

    if (!rest || *rest == '\0') {
        return rest;
    }
    return route->tail && *rest == '/' ? rest + 1 : NULL;
}

/* Behind a language only what means something is looked for: a custom "/fleet/bus/create" must not
 * pass as noise, nor "/web/content/static/x" as a static file, by the loss of its first segment. */
static int stands_behind_language(const route_t *route)
{
    switch (route->kind) {
    case ROUTE_STATIC:
    case ROUTE_POLL:
    case ROUTE_WEBSOCKET:
    case ROUTE_PAGE:
        return 0;
    default:
        return 1;
    }
}

static const route_t *find_row(const char *path, int behind_language)
{
    for (apr_size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if ((!behind_language || stands_behind_language(&routes[i])) &&
            match_tail(&routes[i], path)) {
            return &routes[i];
        }
    }
    return NULL;
}

const route_t *route_find(const char *path)
{
    const route_t *route = find_row(path, 0);

    if (!route) {
        const char *rest = path_without_first_segment(path);

        route = rest ? find_row(rest, 1) : NULL;
    }
    return route ? route : &other;
}

static const char *route_tail(const route_t *route, const char *path)
{
    const char *tail = match_tail(route, path);

    if (!tail) {
        const char *rest = path_without_first_segment(path);

        tail = rest ? match_tail(route, rest) : NULL;
    }
    return tail;
}

int route_claim(const route_t *route, const char *path, const char **model, const char **method,
                apr_pool_t *pool)
{
    const char *tail = route_tail(route, path);
    const char *parting;

    if (!tail) {
        return 0;
    }
    parting = strrchr(tail, '/');
    if (!parting) {
        parting = strrchr(tail, '.');
    }
    if (!parting || parting == tail || parting[1] == '\0') {
        return 0;
    }
    *model = apr_pstrmemdup(pool, tail, (apr_size_t)(parting - tail));
    *method = parting + 1;
    return 1;
}
