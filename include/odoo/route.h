/* Which endpoint of Odoo a path leads to, as a table of data (facts A1-A12). Pure. */
#ifndef ODOO_ROUTE_H
#define ODOO_ROUTE_H

#include <apr_pools.h>

#include "odoo/operation.h"

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
    ROUTE_SIGN_IN,      /* /auth_oauth/signin: where another site sends who has logged in there */
    ROUTE_AUTHENTICATE, /* /web/session/authenticate */
    ROUTE_SESSION_INFO, /* /web/session/get_session_info */
    ROUTE_LOGOUT,       /* /web/session/logout */
    ROUTE_DESTROY,      /* /web/session/destroy */
    ROUTE_JSONRPC,      /* /jsonrpc */
    ROUTE_XMLRPC,       /* /xmlrpc/<service>, /xmlrpc/2/<service> */
    ROUTE_JSON1,        /* /json/1/<action> */
    ROUTE_JSON2,        /* /json/2/<model>/<method> */
    ROUTE_EXPORT,       /* /web/export/<format>: what is exported stands in the field "data" */
    ROUTE_REPORT,       /* /report/<converter>/<name>/<ids> */
    ROUTE_DOWNLOAD,     /* /web/content, /web/image: a file, by many forms of path */
    ROUTE_REPORT_FILE,  /* /report/download: the report's URL stands in the field "data" */
    ROUTE_DOOR,         /* any other: its row tells what a request there does */
    ROUTE_KIND_COUNT
} route_kind_t;

typedef enum route_body_t {
    ROUTE_BODY_IGNORED, /* no body reader on this route */
    ROUTE_BODY_JSON,
    ROUTE_BODY_FORM, /* plain or multipart, and the query (facts A4) */
    ROUTE_BODY_XML,
    ROUTE_BODY_ANY /* of an unknown route: that there is one says enough */
} route_body_t;

typedef enum route_reply_t {
    ROUTE_REPLY_IGNORED,
    ROUTE_REPLY_HEAD, /* status, Location and Set-Cookie tell everything */
    ROUTE_REPLY_JSONRPC,
    ROUTE_REPLY_PAGE,     /* HTML that carries odoo.__session_info__ */
    ROUTE_REPLY_REDIRECT, /* success redirects; a page is the form once more, with a complaint */
    ROUTE_REPLY_RECORD,   /* success redirects to the record, failure to the messages */
    ROUTE_REPLY_WORDS,    /* a page says in words how it went, whichever way */
    ROUTE_REPLY_FILE,     /* success has a Content-Disposition; a page is a complaint */
    ROUTE_REPLY_JSON,     /* bare JSON: a real status, and ids or a complaint in the body */
    ROUTE_REPLY_UPLOAD,   /* the same, or a script that hands it to a page */
    ROUTE_REPLY_XMLRPC,
    ROUTE_REPLY_ANY /* a JSON-RPC envelope if it is JSON, else as HEAD */
} route_reply_t;

/* Where an answer tells ids: paths into its result, several parted by a blank: "." is the result
 * itself, "[]" each element, "[0]" the first, "records[].id" a member of each element of a member.
 * "groups[].(__groups)ids[]" goes on in each "__groups" of an element as it began. A path behind
 * "!" tells failure instead: success does not have a truthy value there. NULL: the answer tells
 * none.
 */
typedef const char *result_ids_t;

#define ROUTE_BY_POST 1u     /* GET, HEAD and OPTIONS only show something there */
#define ROUTE_BY_USER 2u     /* success proves a session logged in */
#define ROUTE_SESSIONLESS 4u /* Odoo looks at no session there */
#define ROUTE_LOGS_IN 8u     /* success begins a session */
#define ROUTE_ABOUT_USER 16u /* the record is the session's own user */
#define ROUTE_BY_REPORT 32u  /* a page, unless the parameter report_type asks for it on paper */

typedef struct route_t {
    route_kind_t kind;
    const char *path;    /* as matched; a segment in angle brackets stands for any one */
    int tail;            /* matches with anything behind a further "/" as well */
    const char *channel; /* web, jsonrpc, xmlrpc, json1, json2, http */
    route_body_t body;
    route_reply_t reply;
    int personal;       /* an action of a person: restarts the idle clock */
    int passes_refused; /* open to a refused session, its session_id removed (rules 2.7) */
    unsigned flags;
    /* What a request does there if its path alone tells, NONE if its body does or nothing does. */
    operation_t operation;
    /* A word, "<segment>" of the path, or "@parameter" ("@id|@ids": the first that is there). */
    const char *model, *method, *ids;
    const char *values; /* parameters that are kept, parted by blanks; FORM_ANY_NAME: all */
    result_ids_t result_ids;
} route_t;

/* The route of a decoded path (text/path.h). A path that matches nothing is tried once more without
 * its first segment, as http_routing does with a language; then noise and pages are not
 * found. Never NULL: ROUTE_OTHER. */
const route_t *route_find(const char *path);

/* The "<model>/<method>" or "<model>.<method>" that the tail of a call_kw or call_button path
 * claims; what runs is decided by the body. 0 if the tail is not of that form, and then nothing is
 * stored. *method points into path. */
int route_claim(const route_t *route, const char *path, const char **model, const char **method,
                apr_pool_t *pool);

/* What stands in the path for a segment of the row's path ("<id>"); NULL if the row has no such
 * segment. Where that is the end of a row with a tail, all the rest of the path. */
const char *route_segment(apr_pool_t *pool, const route_t *route, const char *path,
                          const char *segment);

/* What stands behind the row's path and a slash, "" if nothing. path must match the row. */
const char *route_behind(const route_t *route, const char *path);

/* Rows of the table, for its test. NULL behind the last. */
const route_t *route_row(apr_size_t index);

#endif
