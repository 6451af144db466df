#include "page.h"

#include <string.h>

#include <apr_strings.h>

#include "admin/csrf.h"
#include "answer.h"
#include "session_list.h"
#include "text/form.h"
#include "text/utf8.h"

#define MAX_NOTE 500 /* bytes of the reason a person gives */

typedef struct wish_t {
    const char *token, *note;
} wish_t;

static void read_json(wish_t *wish, const page_t *page)
{
    static const json_limits_t limits = {.nodes = 32, .bytes = 4096, .string = 2048, .members = 16};
    const json_value_t *body =
        json_parse(page->pool, page->request->body, page->request->body_length, &limits);

    wish->token = json_string(json_member(body, "csrf_token"));
    wish->note = json_string(json_member(body, "reason"));
}

static void read_form(wish_t *wish, const page_t *page)
{
    static const char *const names[] = {"csrf_token", "reason", NULL};
    form_reader_t *form = form_reader_create(page->pool, names);

    form_reader_feed(form, page->request->body, page->request->body_length);
    form_reader_end(form);
    wish->token = form_value(form, "csrf_token");
    wish->note = form_value(form, "reason");
}

static int read_wish(wish_t *wish, const page_t *page)
{
    const admin_request_t *request = page->request;
    int json = page_body_is(page, PAGE_JSON_TYPE);

    wish->token = wish->note = NULL;
    if (!json && !page_body_is(page, PAGE_FORM_TYPE)) {
        return 0;
    }
    if (request->body && json) {
        read_json(wish, page);
    }
    else if (request->body) {
        read_form(wish, page);
    }
    if (wish->note) {
        apr_size_t length = strlen(wish->note);

        wish->note = apr_pstrmemdup(page->pool, wish->note, utf8_cut(wish->note, length, MAX_NOTE));
    }
    return 1;
}

static int sent_by_us(const page_t *page, const wish_t *wish)
{
    const admin_request_t *request = page->request;

    return csrf_same_origin(request->origin, request->sec_fetch_site, request->host) &&
           csrf_token_valid(request->key, request->visitor.session.reference, request->now,
                            wish->token);
}

static session_reason_t reason_for(const page_t *page, const session_row_t *row)
{
    const session_t *own = &page->request->visitor.session;
    int mine = strcmp(row->reference, own->reference) == 0 ||
               (own->uid > 0 && row->uid == own->uid && row->database &&
                strcmp(row->database, own->database) == 0);

    return mine ? SESSION_REASON_OWNER : SESSION_REASON_MANAGER;
}

static apr_status_t answer_done(page_t *page, const char *reference, const char *state)
{
    if (!page->json) {
        return answer_redirect(page,
                               apr_pstrcat(page->pool, page->request->base, "/sessions", NULL));
    }
    json_set(page->view, "reference", json_new_string(page->pool, reference));
    json_set(page->view, "state", json_new_string(page->pool, state));
    return answer_page(page);
}

/* Ends the session unless it has ended already: a form sent twice, or a page that is a minute old,
 * changes nothing and is no mistake. */
static apr_status_t end_session(page_t *page, const session_row_t *row, const char *note)
{
    const admin_request_t *request = page->request;
    apr_status_t status;

    if (!session_row_open(row)) {
        return answer_done(page, row->reference, row->state);
    }
    status = request->revoke(request->payload, row->reference, reason_for(page, row), note);
    if (status == APR_SUCCESS) {
        return answer_done(page, row->reference, session_state_name(SESSION_REVOKED));
    }
    if (status == APR_NOTFOUND) {
        return answer_error(page, 404, "There is no such session.");
    }
    page->problem = apr_psprintf(page->pool, "the session %s could not be ended", row->reference);
    return answer_error(page, 503,
                        "The session could not be ended: this could not be kept on disk. "
                        "It is still open.");
}

apr_status_t sessions_revoke(page_t *page, const char *reference)
{
    const session_row_t *row;
    wish_t wish;
    apr_status_t status;

    if (!read_wish(&wish, page)) {
        return answer_error(page, 415, "This address takes a form or JSON.");
    }
    if (!sent_by_us(page, &wish)) {
        return answer_error(page, 403,
                            "This form is not from this page or too old. "
                            "Load the page again and repeat what you wanted to do.");
    }
    status = session_list_find(&row, page, reference);
    if (status == APR_NOTFOUND) {
        return answer_error(page, 404, "There is no such session.");
    }
    if (status != APR_SUCCESS) {
        return answer_error(page, 503, page->notice);
    }
    page->status = 200;
    return end_session(page, row, wish.note);
}
