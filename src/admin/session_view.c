#include "session_view.h"

#include <string.h>

#include <apr_strings.h>

#include "session_risk.h"
#include "view.h"

#define MAX_CLIENT 60

json_value_t *session_view(const page_t *page, const session_row_t *row)
{
    apr_pool_t *pool = page->pool;
    json_value_t *view = json_new_object(pool);

    json_set(view, "reference", json_new_string(pool, row->reference));
    json_set(view, "site", json_new_string(pool, row->site));
    json_set(view, "database", json_new_string(pool, row->database));
    json_set(view, "uid",
             row->uid > 0 ? json_new_integer(pool, row->uid) : json_new_string(pool, NULL));
    json_set(view, "login", json_new_string(pool, row->login));
    json_set(view, "user", json_new_string(pool, row->name));
    json_set(view, "ip", json_new_string(pool, row->address));
    json_set(view, "user_agent", json_new_string(pool, row->user_agent));
    json_set(view, "browser", json_new_string(pool, row->browser));
    json_set(view, "os", json_new_string(pool, row->os));
    json_set(view, "device", json_new_string(pool, row->device));
    json_set(view, "country", json_new_string(pool, row->country));
    json_set(view, "city", json_new_string(pool, row->city));
    json_set(view, "state", json_new_string(pool, row->state));
    json_set(view, "reason", json_new_string(pool, row->reason));
    json_set(view, "note", json_new_string(pool, row->note));
    json_set(view, "risks", session_risk_names(pool, row->risks));
    json_set(view, "started", view_time(pool, row->started));
    json_set(view, "last_action", view_time(pool, row->last_action));
    json_set(view, "ended", view_time(pool, row->ended));
    json_set(view, "current",
             json_new_boolean(pool, strcmp(row->reference,
                                           page->request->visitor.session.reference) == 0));
    return view;
}

/* ---- for people ---- */

typedef struct reason_words_t {
    const char *reason, *words;
} reason_words_t;

static const reason_words_t reasons[] = {
    {"idle", "idle for too long"},
    {"lifetime", "open for too long"},
    {"limit", "too many sessions of that user"},
    {"manager", "ended by a manager"},
    {"owner", "ended by the user"},
    {"logout", "the user logged out"},
    {"odoo", "ended by Odoo"},
};

static const char *reason_words(const char *reason)
{
    for (int i = 0; reason && i < (int)(sizeof(reasons) / sizeof(reasons[0])); i++) {
        if (strcmp(reasons[i].reason, reason) == 0) {
            return reasons[i].words;
        }
    }
    return reason;
}

typedef struct icon_t {
    const char *name;
    const char *signs[8]; /* in a User-Agent, or in the name of a system */
} icon_t;

/* The first that fits. */
static const icon_t icons[] = {
    {"tablet", {"iPad", "Tablet", NULL}},
    {"phone", {"iPhone", "Mobile", "Android", "iOS", NULL}},
    {"desktop", {"Windows", "Mac", "macOS", "X11", "Chrome OS", "Linux", "Ubuntu", NULL}},
    {"program", {"/", NULL}},
    {"unknown", {"", NULL}},
};

static const char *icon_of(const char *user_agent)
{
    const char *text = user_agent ? user_agent : "";

    for (int i = 0; i < (int)(sizeof(icons) / sizeof(icons[0])); i++) {
        for (const char *const *sign = icons[i].signs; *sign; sign++) {
            if (strstr(text, *sign)) {
                return icons[i].name;
            }
        }
    }
    return "unknown";
}

json_value_t *session_view_end(const page_t *page, const char *label, const char *question,
                               const char *path, const char *button)
{
    json_value_t *end = json_new_object(page->pool);

    json_set(end, "label", json_new_string(page->pool, label));
    json_set(end, "question", json_new_string(page->pool, question));
    json_set(end, "action",
             json_new_string(page->pool, apr_pstrcat(page->pool, page->request->base, path, NULL)));
    json_set(end, "button", json_new_string(page->pool, button));
    return end;
}

static void add_links(const page_t *page, json_value_t *shown, const session_row_t *row)
{
    apr_pool_t *pool = page->pool;
    const char *base = page->request->base;
    int own = strcmp(row->reference, page->request->visitor.session.reference) == 0;

    json_set(shown, "href",
             json_new_string(pool, apr_pstrcat(pool, base, "/sessions/", row->reference, NULL)));
    json_set(shown, "activity_href",
             json_new_string(pool,
                             apr_pstrcat(pool, base, "/activity?session=", row->reference, NULL)));
    if (session_row_open(row)) {
        json_set(shown, "end",
                 session_view_end(page, "End session",
                                  own ? "This is the session you are in: you will have to log in "
                                        "again."
                                      : "Its next request is refused, and whoever uses it has to "
                                        "log in again.",
                                  apr_pstrcat(pool, "/sessions/", row->reference, "/revoke", NULL),
                                  "End session"));
    }
}

/* "Chrome 126 on Windows 11", or as it calls itself. */
static json_value_t *client_of(apr_pool_t *pool, const session_row_t *row)
{
    const char *name = view_joined(pool, row->browser, " on ", row->os);

    return name ? json_new_string(pool, name)
                : view_cut(pool,
                           row->user_agent && *row->user_agent ? row->user_agent : "Unknown client",
                           MAX_CLIENT);
}

static const char *name_of(const session_row_t *row)
{
    if (row->name && *row->name) {
        return row->name;
    }
    return row->login && *row->login ? row->login : "not named yet";
}

void session_view_complete(const page_t *page, json_value_t *view, const session_row_t *row)
{
    apr_pool_t *pool = page->pool;
    json_value_t *shown = json_set(view, "shown", json_new_object(pool)), *icon;

    json_set(shown, "user", json_new_string(pool, name_of(row)));
    json_set(shown, "client", client_of(pool, row));
    json_set(shown, "place",
             json_new_string(pool, view_joined(pool, row->city, ", ", row->country)));
    icon = json_set(shown, "icon", json_new_object(pool));
    json_set(icon, icon_of(row->user_agent && *row->user_agent ? row->user_agent : row->os),
             json_new_boolean(pool, 1));
    json_set(shown, "started", view_clock(pool, page->zone, row->started));
    json_set(shown, "ended", view_clock(pool, page->zone, row->ended));
    json_set(shown, "active", view_ago(pool, page->zone, row->last_action, page->request->now));
    json_set(shown, "state", view_words(pool, row->state));
    json_set(shown, "reason", json_new_string(pool, reason_words(row->reason)));
    json_set(shown, "badges", session_risk_badges(pool, row->risks));
    add_links(page, shown, row);
}
