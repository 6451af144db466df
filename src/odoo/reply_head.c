/* What the head of an answer tells. */
#include <string.h>

#include "head_words.h"
#include "reply_reader.h"

#define DATABASE_PAGES "/web/database/"

static outcome_t outcome_of_status(int status)
{
    if (status == 401 || status == 403) {
        return OUTCOME_DENIED;
    }
    /* A gateway's answer: Odoo may have done it all the same, and usually has. */
    if (reply_status_in(status, 502, 504)) {
        return OUTCOME_UNKNOWN;
    }
    if (status == 101 || reply_status_in(status, 200, 299)) {
        return OUTCOME_SUCCESS;
    }
    return status >= 300 ? OUTCOME_FAILED : OUTCOME_UNKNOWN;
}

static int is_redirect(const reply_head_t *head)
{
    return reply_status_in(head->status, 300, 399) && head->location;
}

static route_kind_t location_kind(const reply_reader_t *reader)
{
    return route_find(head_location_path(reader->pool, reader->head.location))->kind;
}

static int leads_to_databases(const reply_reader_t *reader)
{
    return strncmp(head_location_path(reader->pool, reader->head.location), DATABASE_PAGES,
                   sizeof(DATABASE_PAGES) - 1) == 0;
}

/* Odoo gives a new id at each login and logout. */
static int has_new_session(const reply_head_t *head)
{
    return head->set_session && *head->set_session && !head->session_cleared &&
           (!head->sent_session || strcmp(head->set_session, head->sent_session) != 0);
}

static void conclude(reply_reader_t *reader, operation_t operation, outcome_t outcome)
{
    reader->reply.operation = operation;
    reader->reply.outcome = outcome;
}

/* A step of a login by form: `failed` is what the form being shown again says. */
static void conclude_login(reply_reader_t *reader)
{
    route_kind_t kind = location_kind(reader);

    if (kind == ROUTE_TOTP) {
        reader->reply.second_factor = reader->route->kind == ROUTE_LOGIN;
        conclude(reader, OPERATION_NONE, OUTCOME_SUCCESS);
    }
    else if (kind == ROUTE_LOGIN) {
        conclude(reader, OPERATION_LOGIN_FAILED, OUTCOME_FAILED);
    }
    else if (leads_to_databases(reader)) {
        conclude(reader, OPERATION_NONE, OUTCOME_FAILED); /* no database: nothing was tried */
    }
    else if (has_new_session(&reader->head)) {
        reader->reply.authenticated = 1;
        conclude(reader, OPERATION_LOGIN, OUTCOME_SUCCESS);
    }
    else {
        conclude(reader, OPERATION_LOGIN, OUTCOME_UNKNOWN);
    }
}

/* A POST of the form that did not redirect: the form again (200), a captcha in between (422), a bad
 * token (400). */
static void conclude_refused_login(reply_reader_t *reader)
{
    outcome_t outcome = outcome_of_status(reader->head.status);

    if (outcome == OUTCOME_UNKNOWN) {
        conclude(reader, OPERATION_LOGIN, OUTCOME_UNKNOWN);
    }
    else if (reader->head.status >= 500 && has_new_session(&reader->head)) {
        /* Odoo fell over behind the login, which may count: as it notes a browser to be trusted
         * that it has no name for. */
        conclude(reader, OPERATION_LOGIN, OUTCOME_UNKNOWN);
        reader->reply.flags = REPLY_FLAG_NEW_SESSION;
    }
    else {
        conclude(reader, OPERATION_LOGIN_FAILED,
                 outcome == OUTCOME_SUCCESS ? OUTCOME_DENIED : outcome);
    }
}

static void conclude_login_page(reply_reader_t *reader)
{
    const reply_head_t *head = &reader->head;
    int post = !head->method || strcmp(head->method, "POST") == 0;

    /* 302 only serves to set a database; Odoo takes the form after that. */
    if (post && head->status == 303 && head->location) {
        conclude_login(reader);
    }
    else if (post && head->status != 302) {
        conclude_refused_login(reader);
    }
    else if (is_redirect(head) && (reader->route->kind == ROUTE_SIGN_IN ||
                                   (reader->route->kind == ROUTE_TOTP && has_new_session(head) &&
                                    location_kind(reader) != ROUTE_LOGIN))) {
        conclude_login(reader); /* sent by another site, or by a browser that is trusted */
    }
    else {
        conclude(reader, OPERATION_NONE, outcome_of_status(head->status));
    }
}

static void conclude_logout(reply_reader_t *reader)
{
    const reply_head_t *head = &reader->head;

    if (!is_redirect(head)) {
        conclude(reader, OPERATION_LOGOUT, outcome_of_status(head->status));
    }
    else {
        conclude(reader, OPERATION_LOGOUT,
                 has_new_session(head) ? OUTCOME_SUCCESS : OUTCOME_UNKNOWN);
    }
}

/* Behind "?redirect=" stands where somebody wanted to go whose session is over; without it the
 * login page is where a form led. */
static int asks_to_log_in_again(const reply_reader_t *reader)
{
    return location_kind(reader) == ROUTE_LOGIN &&
           (reader->route->reply != ROUTE_REPLY_REDIRECT ||
            strstr(reader->head.location, "redirect=") != NULL);
}

/* A link of a mail whose token or record is wrong leads to the messages: in 16 and 17 behind "#",
 * in 18 and 19 by the path. What asks for a report is led to a page that says nothing of it. */
static int is_turned_away(const reply_reader_t *reader)
{
    return reader->reply.operation == OPERATION_REPORT ||
           (reader->route->reply == ROUTE_REPLY_RECORD &&
            strstr(reader->head.location, "mail.action_discuss") != NULL);
}

/* A redirect to the login page is how Odoo tells a browser that its session is over. Any other is
 * how a form goes on once it was taken; a call is not taken there, its client has to send it again.
 */
static void conclude_by_status(reply_reader_t *reader)
{
    reader->reply.outcome = outcome_of_status(reader->head.status);
    if (!is_redirect(&reader->head)) {
        return;
    }
    if (asks_to_log_in_again(reader)) {
        reader->reply.outcome = OUTCOME_DENIED;
        reader->reply.session_over = reader->head.sent_session != NULL;
    }
    else if (reader->route->reply != ROUTE_REPLY_JSONRPC) {
        reader->reply.outcome = is_turned_away(reader) ? OUTCOME_FAILED : OUTCOME_SUCCESS;
    }
}

/* A page of status 200, where that may not be success. */
static outcome_t outcome_of_page(const reply_reader_t *reader)
{
    switch (reader->route->reply) {
    case ROUTE_REPLY_REDIRECT:
        return OUTCOME_FAILED;
    case ROUTE_REPLY_FILE:
        return reader->head.content_disposition ? OUTCOME_SUCCESS : OUTCOME_FAILED;
    case ROUTE_REPLY_WORDS:
        /* Whoever changes the password of a session in use changes the session too, so Odoo sends
         * its cookie again. */
        return reader->route->flags & ROUTE_BY_USER && !reader->head.set_session ? OUTCOME_FAILED
                                                                                 : OUTCOME_UNKNOWN;
    default:
        return OUTCOME_SUCCESS;
    }
}

/* The head alone tells success, and so whether somebody is logged in. */
static int is_told_by_head(const route_t *route)
{
    return route->reply == ROUTE_REPLY_HEAD || route->reply == ROUTE_REPLY_REDIRECT ||
           route->reply == ROUTE_REPLY_FILE || route->reply == ROUTE_REPLY_WORDS ||
           route->reply == ROUTE_REPLY_RECORD;
}

static void conclude_door(reply_reader_t *reader)
{
    const route_t *route = reader->route;
    reply_t *reply = &reader->reply;

    conclude_by_status(reader);
    if (reply_status_in(reader->head.status, 200, 299)) {
        reply->outcome = outcome_of_page(reader);
    }
    if (route->operation == OPERATION_DOWNLOAD && reader->head.status == 304) {
        reply->outcome = OUTCOME_SUCCESS; /* shown from what the browser had kept */
    }
    if (route->kind == ROUTE_JSON1 && is_redirect(&reader->head)) {
        reply->operation = OPERATION_NONE; /* to the same with all its parameters */
    }
    if (reply->outcome == OUTCOME_SUCCESS && is_told_by_head(route)) {
        reply->authenticated = route->flags & ROUTE_LOGS_IN ? has_new_session(&reader->head)
                                                            : (route->flags & ROUTE_BY_USER) != 0;
    }
}

/* What revokes the device that asks, or closes the account, logs its own session out: the cookie
 * that comes then is an anonymous visitor's. 16 has no cookie of companies, but leads to the login.
 */
int reply_logs_out(const reply_reader_t *reader)
{
    const reply_head_t *head = &reader->head;

    return has_new_session(head) && reader->route->flags & ROUTE_BY_USER &&
           (head->companies_cleared || (is_redirect(head) && location_kind(reader) == ROUTE_LOGIN));
}

void reply_conclude(reply_reader_t *reader)
{
    switch (reader->route->kind) {
    case ROUTE_LOGIN:
    case ROUTE_TOTP:
    case ROUTE_SIGN_IN:
        conclude_login_page(reader);
        break;
    case ROUTE_LOGOUT:
        conclude_logout(reader);
        break;
    default:
        conclude_door(reader);
    }
}
