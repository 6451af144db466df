#include "page.h"

#include <stdlib.h>
#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "answer.h"
#include "event_list.h"
#include "event_view.h"
#include "note.h"
#include "session_risk.h"
#include "session_view.h"
#include "text/duration.h"
#include "view.h"

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
    const char *risk, *last; /* as asked for, or NULL */
    apr_time_t since;        /* what "last" says; 0: whenever */
    int offset;
} selection_t;

/* Sessions with one badge, and those that were active within some time: where the overview leads
 * to. */
static const char *read_narrowing(selection_t *selection, const page_t *page)
{
    apr_interval_time_t span;

    selection->since = 0;
    selection->risk = page_parameter(page, "risk");
    if (selection->risk && session_risk_from_name(selection->risk) == RISKS) {
        return "The filter \"risk\" needs a word such as new_device.";
    }
    selection->last = page_parameter(page, "last");
    if (!selection->last) {
        return NULL;
    }
    if (duration_parse(selection->last, &span)) {
        return "The filter \"last\" needs a time such as 24h.";
    }
    selection->since = page->request->now - span;
    return NULL;
}

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
    return read_narrowing(selection, page);
}

static const char *address(const page_t *page, const selection_t *selection, const state_t *state,
                           int offset)
{
    return apr_pstrcat(page->pool, page->request->base, "/sessions?state=", state->name,
                       selection->user ? "&user=" : "",
                       selection->user ? apr_pescape_urlencoded(page->pool, selection->user) : "",
                       selection->risk ? "&risk=" : "", selection->risk ? selection->risk : "",
                       selection->last ? "&last=" : "",
                       selection->last ? apr_pescape_urlencoded(page->pool, selection->last) : "",
                       offset ? apr_psprintf(page->pool, "&offset=%d", offset) : "", NULL);
}

/* ---- for people ---- */

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
    selection_t always = *selection;
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
    json_set(page->view, "last", json_new_string(page->pool, selection->last));
    always.last = NULL;
    json_set(page->view, "any_time_href",
             json_new_string(page->pool, address(page, &always, selection->state, 0)));
}

static void add_risks(page_t *page, const selection_t *selection)
{
    json_value_t *options = json_set(page->view, "risk_options", json_new_array(page->pool));

    for (int risk = 0; risk < RISKS; risk++) {
        const char *name = risk_name((risk_t)risk);
        json_value_t *option = json_push(options, json_new_object(page->pool));

        json_set(option, "value", json_new_string(page->pool, name));
        json_set(option, "label", json_new_string(page->pool, session_risks[risk].label));
        json_set(option, "selected",
                 json_new_boolean(page->pool,
                                  selection->risk && strcmp(selection->risk, name) == 0));
    }
}

/* What ends many at once, above the list. */
static void add_actions(page_t *page)
{
    json_value_t *actions = json_set(page->view, "actions", json_new_array(page->pool));

    json_push(actions,
              session_view_end(page, "End my others", "All your sessions but the one you are in.",
                               "/sessions/revoke-others", "End my other sessions"));
    if (page->request->visitor.manager) {
        json_push(actions,
                  session_view_end(page, "End everybody's",
                                   "All sessions on this site, yours too. Everybody has to log in "
                                   "again.",
                                   "/site/revoke", "End all sessions"));
    }
}

static void add_count(page_t *page, int count)
{
    json_set(page->view, "count", json_new_integer(page->pool, count));
    if (!page->json) {
        json_set(page->view, "any", json_new_boolean(page->pool, count > 0));
        json_set(page->view, "shown_count",
                 json_new_string(page->pool,
                                 apr_pstrcat(page->pool, view_number(page->pool, count),
                                             count == 1 ? " session" : " sessions", NULL)));
    }
}

/* ---- */

apr_status_t sessions_page(page_t *page, const char *argument)
{
    selection_t selection;
    session_choice_t choice;
    session_list_t list;
    const char *wrong = read_selection(&selection, page);
    json_value_t *sessions;
    int end;

    (void)argument;
    if (wrong) {
        return answer_error(page, 400, wrong);
    }
    choice = (session_choice_t){.state = selection.state->filter,
                                .user = selection.user,
                                .risk = selection.risk,
                                .active_since = selection.since};
    session_list_read(&list, page, &choice);
    if (list.cut) {
        page->notice = NOTICE_CUT;
    }
    end = selection.offset + ADMIN_PAGE_ROWS;
    sessions = json_set(page->view, "sessions", json_new_array(page->pool));
    for (int i = selection.offset; i < list.rows->nelts && i < end; i++) {
        const session_row_t *row = APR_ARRAY_IDX(list.rows, i, const session_row_t *);
        json_value_t *view = json_push(sessions, session_view(page, row));

        if (!page->json) {
            session_view_complete(page, view, row);
        }
    }
    add_count(page, list.rows->nelts);
    json_set(page->view, "next",
             end < list.rows->nelts ? json_new_integer(page->pool, end)
                                    : json_new_string(page->pool, NULL));
    page->title = "Sessions";
    page->template = "sessions";
    if (!page->json) {
        add_tabs(page, &selection);
        add_pager(page, &selection);
        add_risks(page, &selection);
        add_actions(page);
    }
    return answer_page(page);
}

/* ---- one session ---- */

static void add_activity(page_t *page, const char *reference)
{
    filter_t filter;

    if (filter_read(&filter, page) || filter_set(&filter, FILTER_SESSION, reference, page)) {
        filter.nothing = 1;
    }
    note_reading(page, OPERATION_TRAIL_READ, &filter);
    event_list_read(page, &filter);
    if (!page->json) {
        event_view_complete(page, json_member(page->view, "running"), &filter);
        event_view_complete(page, json_member(page->view, "events"), &filter);
    }
}

static void add_end_user(page_t *page, json_value_t *view, const session_row_t *row)
{
    apr_pool_t *pool = page->pool;

    if (row->uid <= 0 || !row->database) {
        return;
    }
    json_set(json_member(view, "shown"), "end_user",
             session_view_end(page, "End all of this user",
                              "All sessions of this user on this site.",
                              apr_psprintf(pool, "/users/%s/%s/%" APR_INT64_T_FMT "/revoke",
                                           apr_pescape_urlencoded(pool, row->site),
                                           apr_pescape_urlencoded(pool, row->database), row->uid),
                              "End all their sessions"));
}

apr_status_t session_page(page_t *page, const char *reference)
{
    const session_row_t *row;
    apr_status_t status = session_list_find(&row, page, reference);
    json_value_t *view;

    if (status == APR_NOTFOUND) {
        return answer_error(page, 404, "There is no such session.");
    }
    if (status != APR_SUCCESS) {
        return answer_error(page, 503, page->notice);
    }
    view = json_set(page->view, "session", session_view(page, row));
    if (!page->json) {
        session_view_complete(page, view, row);
        add_end_user(page, view, row);
    }
    add_activity(page, row->reference);
    page->title = "Session";
    page->template = "session";
    return answer_page(page);
}
