#include "wish.h"

#include <string.h>

#include <apr_strings.h>

#include "admin/csrf.h"
#include "answer.h"
#include "text/form.h"
#include "text/utf8.h"

#define MAX_NOTE 500 /* bytes of the reason a person gives */

static const char *given(const char *text)
{
    return text && *text ? text : NULL;
}

static void read_json(wish_t *wish, const page_t *page, const char *const *names,
                      const char **values)
{
    static const json_limits_t limits = {.nodes = 4096,
                                         .bytes = ADMIN_MAX_BODY,
                                         .string = 8192,
                                         .members = 256};
    const json_value_t *body =
        json_parse(page->pool, page->request->body, page->request->body_length, &limits);

    wish->token = json_string(json_member(body, "csrf_token"));
    wish->note = json_string(json_member(body, "reason"));
    for (int i = 0; names[i]; i++) {
        const json_value_t *value = json_member(body, names[i]);

        values[i] = value && (value->type == JSON_TYPE_STRING || value->type == JSON_TYPE_NUMBER)
                        ? given(value->text)
                        : NULL;
    }
}

static void read_form(wish_t *wish, const page_t *page, const char *const *names,
                      const char **values)
{
    const char *all[WISH_MOST_FIELDS + 3] = {"csrf_token", "reason"};
    form_reader_t *form;

    for (int i = 0; names[i]; i++) {
        all[i + 2] = names[i];
    }
    form = form_reader_create(page->pool, all);

    form_reader_feed(form, page->request->body, page->request->body_length);
    form_reader_end(form);
    wish->token = form_value(form, "csrf_token");
    wish->note = form_value(form, "reason");
    for (int i = 0; names[i]; i++) {
        values[i] = given(form_value(form, names[i]));
    }
}

static int read_body(wish_t *wish, const page_t *page, const char *const *names,
                     const char **values)
{
    const admin_request_t *request = page->request;
    int json = page_body_is(page, PAGE_JSON_TYPE);

    wish->token = wish->note = NULL;
    for (int i = 0; names[i]; i++) {
        values[i] = NULL;
    }
    if (!json && !page_body_is(page, PAGE_FORM_TYPE)) {
        return 0;
    }
    if (request->body && json) {
        read_json(wish, page, names, values);
    }
    else if (request->body) {
        read_form(wish, page, names, values);
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

int wish_read_fields(wish_t *wish, page_t *page, const char *const *names, const char **values,
                     apr_status_t *answered)
{
    *answered = APR_SUCCESS;
    if (!read_body(wish, page, names, values)) {
        *answered = answer_error(page, 415, "This address takes a form or JSON.");
        return 0;
    }
    if (!sent_by_us(page, wish)) {
        *answered = answer_error(page, 403,
                                 "This form is not from this page or too old. "
                                 "Load the page again and repeat what you wanted to do.");
        return 0;
    }
    return 1;
}

int wish_read(wish_t *wish, page_t *page, apr_status_t *answered)
{
    static const char *const none[] = {NULL};

    return wish_read_fields(wish, page, none, NULL, answered);
}
