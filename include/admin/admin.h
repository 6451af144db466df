/* The admin page: sessions, activity, CSV; HTML and JSON from the same view. Server-free: the httpd
 * room hands in a request and the visitor and sends what comes out.
 *
 * Runs on a request thread; blocks on the database. One request at a time per admin_request_t. */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "session/board.h"
#include "session/table.h"
#include "settings/settings_file.h"
#include "store/store.h"

typedef struct admin_visitor_t {
    int known;         /* 0: no valid Odoo session */
    int manager;       /* sees and ends everything on this site */
    session_t session; /* the visitor's own, as the session table has it */
} admin_visitor_t;

typedef struct admin_request_t {
    apr_pool_t *pool;
    const char *method; /* GET, HEAD, POST */
    const char *base;   /* where the handler is mounted, e.g. /audit-admin, without trailing / */
    const char *path;   /* behind the base, "" or "/sessions" ... */
    const char *query;  /* raw, may be NULL */
    const char *accept; /* Accept header, may be NULL */
    const char *content_type;
    const char *body; /* of a POST, at most ADMIN_MAX_BODY, else NULL */
    apr_size_t body_length;
    const char *origin, *sec_fetch_site, *host; /* headers, may be NULL */
    int metrics_only; /* the handler user-audit-metrics: whatever the path and whoever asks */
    int csv_only;     /* the handler user-audit-csv: whatever the path, the CSV */
    admin_visitor_t visitor;
    const char *address; /* the visitor's, for the trail */
    const char *site;
    const char *public_key; /* hex: what checkpoints are verified with */
    const site_key_t *key;
    session_table_t *sessions;
    board_t *board;
    const char *node;             /* names this machine in the trail */
    apr_int64_t journal_max_size; /* 0: no limit */
    const settings_t *floor;      /* what httpd.conf says for the site */
    const char *settings_file;
    int settings_locked;
    const store_config_t *store;
    int can_mail, can_post; /* there is a mail server, a webhook, that alerts are sent to */
    apr_time_t now;
    /* Ends a session durably and at once (rules 2.3), and writes the event. APR_NOTFOUND. */
    apr_status_t (*revoke)(void *payload, const char *reference, session_reason_t reason,
                           const char *note);
    /* Ends all open sessions of user->site, database and uid but the one of that reference. */
    apr_status_t (*revoke_user)(void *payload, const session_t *user, const char *except,
                                session_reason_t reason, const char *note, int *count);
    /* Ends everybody on the visitor's site, the visitor included. */
    apr_status_t (*revoke_everybody)(void *payload, const char *note);
    /* Lets a program call again whose session was ended. APR_NOTFOUND; APR_EINVAL: it is none. */
    apr_status_t (*lift)(void *payload, const char *reference, const char *note);
    /* Makes settings a new version of the site's, durably, and in force in every process before it
     * returns; as an event, with what changed as JSON. Fills in all of *record but `settings`.
     * expected: the time of the version it was made from. APR_EEXIST: it is not the one any more;
     * anything else: nothing was changed. */
    apr_status_t (*change_settings)(void *payload, settings_record_t *record, apr_time_t expected,
                                    const char *changes);
    /* Writes an event of the visitor's (trail_read, trail_exported). */
    apr_status_t (*note)(void *payload, event_t *event);
    /* Sends a piece of the answer; not APR_SUCCESS when the client has gone. */
    apr_status_t (*write)(void *payload, const char *data, apr_size_t length);
    /* Sets status and headers; called once, before the first write. headers: "Name", "value", NULL.
     */
    void (*start)(void *payload, int status, const char *content_type, const char *const *headers);
    void *payload;
} admin_request_t;

#define ADMIN_MAX_BODY 65536
#define ADMIN_PAGE_ROWS 100

/* Answers the request. APR_SUCCESS: the answer is whole, be it a page or an error page; *problem is
 * then NULL, or a sentence for the error log that tells what stood behind the error page. Anything
 * else: the answer was begun and cannot be completed, and the connection must be closed, so that
 * nobody takes a part for the whole. *problem tells why (the database failed in the middle of a
 * CSV), or is NULL if write failed: then the client has gone, which is nobody's mistake. */
apr_status_t admin_handle(admin_request_t *request, const char **problem);

#endif
