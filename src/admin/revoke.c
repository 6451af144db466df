#include "page.h"

#include <string.h>

#include <apr_strings.h>

#include "answer.h"
#include "session_list.h"
#include "wish.h"

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

    if (!wish_read(&wish, page, &status)) {
        return status;
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

apr_status_t sessions_lift(page_t *page, const char *reference)
{
    const admin_request_t *request = page->request;
    wish_t wish;
    apr_status_t status;

    if (!wish_read(&wish, page, &status)) {
        return status;
    }
    if (!request->visitor.manager) {
        return answer_error(page, 403, "Only a manager lets a program in again.");
    }
    status = request->lift(request->payload, reference, wish.note);
    page->status = 200;
    if (status == APR_SUCCESS) {
        return answer_done(page, reference, session_state_name(SESSION_OPEN));
    }
    if (status == APR_NOTFOUND || status == APR_EINVAL) {
        return answer_error(page, 404, "There is no such session of a program that was ended.");
    }
    page->problem = apr_psprintf(page->pool, "the session %s could not be lifted", reference);
    return answer_error(page, 503, "This could not be kept on disk. The session stays ended.");
}
