#include "page.h"

#include <stdlib.h>
#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "answer.h"
#include "session_list.h"
#include "view.h"

#define MAX_BROWSER 60
#define MAX_USER 512
#define NOTICE_CUT "Only the most recently active sessions are listed. Narrow the list by user."

typedef struct state_t {
    const char *name, *label;
    const char *filter; /* as the list takes it */
} state_t;

static const state_t states[] = {
    {"open", "Open", "open"},
    {"ended", "Ended", "ended"},
    {"all", "All", NULL},
};
#define STATES (int)(sizeof(states) / sizeof(states[0]))

typedef struct selection_t {
    const state_t *state;
    const char *user;
    int offset;
} selection_t;

static const char *read_selection(selection_t *selection, const page_t *page)
{
    const char *state = page_parameter(page, "state");
    const char *offset = page_parameter(page, "offset");

    selection->state = state ? NULL : &states[0];
    for (int i = 0; i < STATES && !selection->state; i++) {
        selection->state = strcmp(states[i].name, state) == 0 ? &states[i] : NULL;
    }
    if (!selection->state) {
        return "The filter \"state\" needs open, ended or all.";
    }
    selection->user = page_parameter(page, "user");
    if (selection->user && strlen(selection->user) > MAX_USER) {
        return "The filter \"user\" needs a login or a user's number.";
    }
    if (offset && (strlen(offset) > 4 || strspn(offset, "0123456789") != strlen(offset))) {
        return "The parameter \"offset\" needs a small number.";
    }
    selection->offset = offset ? atoi(offset) : 0;
    return NULL;
}

static json_value_t *session_view(const page_t *page, const session_row_t *row)
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
    json_set(view, "state", json_new_string(pool, row->state));
    json_set(view, "reason", json_new_string(pool, row->reason));
    json_set(view, "started", view_time(pool, row->started));
    json_set(view, "last_action", view_time(pool, row->last_action));
    json_set(view, "ended", view_time(pool, row->ended));
    json_set(view, "current",
             json_new_boolean(pool, strcmp(row->reference,
                                           page->request->visitor.session.reference) == 0));
    return view;
}

static const char *address(const page_t *page, const selection_t *selection, const state_t *state,
                           int offset)
{
    return apr_pstrcat(page->pool, page->request->base, "/sessions?state=", state->name,
                       selection->user ? "&user=" : "",
                       selection->user ? apr_pescape_urlencoded(page->pool, selection->user) : "",
                       offset ? apr_psprintf(page->pool, "&offset=%d", offset) : "", NULL);
}

/* ---- for people ---- */

static void complete_session(page_t *page, json_value_t *view, const session_row_t *row)
{
    apr_pool_t *pool = page->pool;
    json_value_t *shown = json_set(view, "shown", json_new_object(pool));
    const char *base = page->request->base;

    json_set(shown, "user",
             json_new_string(pool, row->name && *row->name     ? row->name
                                   : row->login && *row->login ? row->login
                                                               : "not named yet"));
    json_set(shown, "browser", view_cut(pool, row->user_agent, MAX_BROWSER));
    json_set(shown, "started", view_time_short(pool, json_string(json_member(view, "started"))));
    json_set(shown, "ended", view_time_short(pool, json_string(json_member(view, "ended"))));
    json_set(shown, "active", view_time_ago(pool, row->last_action, page->request->now));
    json_set(shown, "state", view_words(pool, row->state));
    json_set(shown, "open", json_new_boolean(pool, session_row_open(row)));
    json_set(shown, "activity_href",
             json_new_string(pool,
                             apr_pstrcat(pool, base, "/activity?session=", row->reference, NULL)));
    json_set(shown, "end_action",
             json_new_string(pool, apr_pstrcat(pool, base, "/sessions/", row->reference, "/revoke",
                                               NULL)));
}

static void add_tabs(page_t *page, const selection_t *selection)
{
    json_value_t *tabs = json_set(page->view, "tabs", json_new_array(page->pool));

    for (int i = 0; i < STATES; i++) {
        json_value_t *tab = json_push(tabs, json_new_object(page->pool));

        json_set(tab, "label", json_new_string(page->pool, states[i].label));
        json_set(tab, "href", json_new_string(page->pool, address(page, selection, &states[i], 0)));
        json_set(tab, "current", json_new_boolean(page->pool, &states[i] == selection->state));
    }
}

static void add_pager(page_t *page, const selection_t *selection)
{
    int before = selection->offset - ADMIN_PAGE_ROWS;
    const json_value_t *next = json_member(page->view, "next");

    json_set(page->view, "newer_href",
             json_new_string(page->pool, selection->offset
                                             ? address(page, selection, selection->state,
                                                       before > 0 ? before : 0)
                                             : NULL));
    json_set(page->view, "older_href",
             json_new_string(page->pool, next->type == JSON_TYPE_NUMBER
                                             ? address(page, selection, selection->state,
                                                       selection->offset + ADMIN_PAGE_ROWS)
                                             : NULL));
    json_set(page->view, "user", json_new_string(page->pool, selection->user));
    json_set(page->view, "state", json_new_string(page->pool, selection->state->name));
}

/* ---- */

apr_status_t sessions_page(page_t *page, const char *argument)
{
    selection_t selection;
    session_list_t list;
    const char *wrong = read_selection(&selection, page);
    json_value_t *sessions;
    int end;

    (void)argument;
    if (wrong) {
        return answer_error(page, 400, wrong);
    }
    session_list_read(&list, page, selection.state->filter, selection.user);
    if (list.cut) {
        page->notice = NOTICE_CUT;
    }
    end = selection.offset + ADMIN_PAGE_ROWS;
    sessions = json_set(page->view, "sessions", json_new_array(page->pool));
    for (int i = selection.offset; i < list.rows->nelts && i < end; i++) {
        const session_row_t *row = APR_ARRAY_IDX(list.rows, i, const session_row_t *);
        json_value_t *view = json_push(sessions, session_view(page, row));

        if (!page->json) {
            complete_session(page, view, row);
        }
    }
    json_set(page->view, "next",
             end < list.rows->nelts ? json_new_integer(page->pool, end)
                                    : json_new_string(page->pool, NULL));
    page->title = "Sessions";
    page->template = "sessions";
    if (!page->json) {
        add_tabs(page, &selection);
        add_pager(page, &selection);
    }
    return answer_page(page);
}
