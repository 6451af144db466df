/* Ends many sessions at once: a user's, all others of one's own, everybody's. */
#include "page.h"

#include <string.h>

#include <apr_strings.h>

#include "answer.h"
#include "wish.h"

#define MAX_DIGITS 9

/* Says how many, or for a person leads back to the list. */
static apr_status_t answer_count(page_t *page, int count)
{
    page->status = 200;
    if (!page->json) {
        return answer_redirect(page,
                               apr_pstrcat(page->pool, page->request->base, "/sessions", NULL));
    }
    json_set(page->view, "ended", json_new_integer(page->pool, count));
    return answer_page(page);
}

static apr_status_t answer_not_kept(page_t *page)
{
    page->problem = "sessions could not be ended";
    return answer_error(page, 503,
                        "The sessions could not be ended: this could not be kept on disk.");
}

static int is_me(const page_t *page, const session_t *user)
{
    const session_t *own = &page->request->visitor.session;

    return user->uid == own->uid && !strcmp(user->database, own->database);
}

static apr_status_t end_user(page_t *page, const session_t *user, const char *except,
                             const char *note)
{
    const admin_request_t *request = page->request;
    session_reason_t reason = is_me(page, user) ? SESSION_REASON_OWNER : SESSION_REASON_MANAGER;
    int count = 0;

    if (request->revoke_user(request->payload, user, except, reason, note, &count) != APR_SUCCESS) {
        return answer_not_kept(page);
    }
    return answer_count(page, count);
}

apr_status_t sessions_revoke_others(page_t *page, const char *argument)
{
    const session_t *own = &page->request->visitor.session;
    wish_t wish;
    apr_status_t status;

    (void)argument;
    return wish_read(&wish, page, &status) ? end_user(page, own, own->reference, wish.note)
                                           : status;
}

static int read_uid(const char *text, session_t *user)
{
    apr_size_t length = strlen(text);

    if (!length || length > MAX_DIGITS || strspn(text, "0123456789") != length) {
        return 0;
    }
    user->uid = (apr_int32_t)apr_atoi64(text);
    return user->uid > 0;
}

/* <uid> of the visitor's own database, or <site>/<database>/<uid>. */
static int read_user(page_t *page, const char *argument, session_t *user)
{
    const admin_request_t *request = page->request;
    const char *database = strchr(argument, '/');
    const char *uid = database ? strchr(database + 1, '/') : NULL;

    memset(user, 0, sizeof(*user));
    apr_cpystrn(user->site, request->site, sizeof(user->site));
    if (!database) {
        apr_cpystrn(user->database, request->visitor.session.database, sizeof(user->database));
        return read_uid(argument, user);
    }
    if (!uid || (apr_size_t)(uid - database) > sizeof(user->database) ||
        strncmp(argument, request->site, (apr_size_t)(database - argument)) ||
        request->site[database - argument]) {
        return 0;
    }
    apr_cpystrn(user->database, database + 1, (apr_size_t)(uid - database));
    return read_uid(uid + 1, user);
}

apr_status_t users_revoke(page_t *page, const char *argument)
{
    session_t user;
    wish_t wish;
    apr_status_t status;

    if (!wish_read(&wish, page, &status)) {
        return status;
    }
    if (!read_user(page, argument, &user) ||
        (!page->request->visitor.manager && !is_me(page, &user))) {
        return answer_error(page, 404, "There is no such user.");
    }
    if (is_me(page, &user)) {
        apr_cpystrn(user.login, page->request->visitor.session.login, sizeof(user.login));
    }
    return end_user(page, &user, NULL, wish.note);
}

apr_status_t site_revoke(page_t *page, const char *argument)
{
    const admin_request_t *request = page->request;
    wish_t wish;
    apr_status_t status;

    (void)argument;
    if (!wish_read(&wish, page, &status)) {
        return status;
    }
    if (!request->visitor.manager) {
        return answer_error(page, 403, "Only a manager ends the sessions of everybody.");
    }
    if (request->revoke_everybody(request->payload, wish.note) != APR_SUCCESS) {
        return answer_not_kept(page);
    }
    if (!page->json) {
        return answer_redirect(page, "/web/login");
    }
    page->status = 200;
    json_set(page->view, "ended", json_new_string(page->pool, "everybody"));
    return answer_page(page);
}
