/* Alerts: who gets none about themselves, what waits to be sent, and a mail to try whether alerts
 * arrive. A manager's. The page writes an event; the keeper acts on it when it chains it, since it
 * alone sends and writes the store. */
#include <string.h>

#include <apr_strings.h>

#include "answer.h"
#include "note.h"
#include "page.h"
#include "store/alert_store.h"
#include "view.h"
#include "wish.h"

#define VALUES_LIMIT 1024
#define MOST_DATABASE 128 /* bytes */
#define MOST_DIGITS 10

static const char not_manager[] = "Only managers see and set who gets alerts.";

static int can_send(const admin_request_t *request)
{
    return request->can_mail || request->can_post;
}

/* ---- what stands ---- */

static void add_opt_outs(page_t *page, const apr_array_header_t *list)
{
    json_value_t *views = json_set(page->view, "opt_outs", json_new_array(page->pool));

    for (int i = 0; i < list->nelts; i++) {
        const store_opt_out_t *out = &APR_ARRAY_IDX(list, i, store_opt_out_t);
        json_value_t *view = json_push(views, json_new_object(page->pool));

        json_set(view, "database", json_new_string(page->pool, out->database));
        json_set(view, "uid", json_new_integer(page->pool, apr_atoi64(out->uid)));
        json_set(view, "set_by", json_new_string(page->pool, out->set_by));
        json_set(view, "since", view_time(page->pool, out->since));
    }
}

/* 0 if the answer was given. */
static int read_store(page_t *page)
{
    apr_array_header_t *list = apr_array_make(page->pool, 1, sizeof(store_opt_out_t));
    apr_int64_t waiting = 0;
    store_t *store;
    apr_status_t status = page_open_store(page, &store);

    if (status == APR_SUCCESS) {
        status = store_opt_outs(store, page->request->site, &list, page->pool);
        if (status == APR_SUCCESS) {
            status = store_outbox_count(store, page->request->site, &waiting);
        }
        if (status != APR_SUCCESS) {
            page_store_failed(page, store);
        }
        store_close(store);
    }
    add_opt_outs(page, list);
    json_set(page->view, "waiting", json_new_integer(page->pool, waiting));
    return status == APR_SUCCESS || APR_STATUS_IS_ENOENT(status);
}

apr_status_t alerts_page(page_t *page, const char *argument)
{
    (void)argument;
    if (!page->request->visitor.manager) {
        return answer_error(page, 403, not_manager);
    }
    if (!read_store(page)) {
        return answer_error(page, 503, page->notice);
    }
    if (page_parameter(page, "sent") && !page->notice) {
        page->notice = "A test is on its way. If it does not arrive, the trail has an event "
                       "alert_failed that tells why.";
    }
    json_set(page->view, "can_send", json_new_boolean(page->pool, can_send(page->request)));
    page->title = "Alerts";
    page->template = "alerts";
    return answer_page(page);
}

/* ---- what is asked for ---- */

/* 0 if the answer was given: *answered is what writing returned. */
static int read_wish(page_t *page, const char *const *fields, const char **values,
                     apr_status_t *answered)
{
    wish_t wish;

    if (!page->request->visitor.manager) {
        *answered = answer_error(page, 403, not_manager);
        return 0;
    }
    return wish_read_fields(&wish, page, fields, values, answered);
}

static apr_status_t write_wish(page_t *page, operation_t operation, const char *values,
                               const char *back)
{
    if (note_write(page, operation, values) != APR_SUCCESS) {
        page->problem = "what a manager wants of alerts could not be written to the journal";
        return answer_error(page, 503, "This could not be kept on disk, so that nothing was done.");
    }
    page->status = 200;
    if (!page->json) {
        return answer_redirect(page, apr_pstrcat(page->pool, page->request->base, back, NULL));
    }
    return answer_page(page);
}

apr_status_t alerts_test(page_t *page, const char *argument)
{
    static const char *const fields[] = {NULL};
    const char *values[WISH_MOST_FIELDS];
    apr_status_t status;

    (void)argument;
    if (!read_wish(page, fields, values, &status)) {
        return status;
    }
    if (!can_send(page->request)) {
        return answer_error(page, 409,
                            "There is no mail server to send by: httpd.conf names none with "
                            "UserAuditSMTP.");
    }
    return write_wish(page, OPERATION_ALERT_TEST, NULL, "/alerts?sent=1");
}

static const char *opt_out_values(const page_t *page, const char *database, const char *uid,
                                  int out)
{
    json_value_t *values = json_new_object(page->pool);
    buffer_t buffer;

    json_set(values, "database", json_new_string(page->pool, database));
    json_set(values, "uid", json_new_integer(page->pool, apr_atoi64(uid)));
    json_set(values, "opt_out", json_new_boolean(page->pool, out));
    buffer_init(&buffer, page->pool, VALUES_LIMIT);
    json_write(&buffer, values);
    return buffer_string(&buffer);
}

static int is_uid(const char *text)
{
    apr_size_t length = text ? strlen(text) : 0;

    return length > 0 && length <= MOST_DIGITS && strspn(text, "0123456789") == length;
}

apr_status_t alerts_opt_out(page_t *page, const char *argument)
{
    static const char *const fields[] = {"uid", "database", "opt_out", NULL};
    const char *values[WISH_MOST_FIELDS], *database;
    int out;
    apr_status_t status;

    (void)argument;
    if (!read_wish(page, fields, values, &status)) {
        return status;
    }
    database = values[1] ? values[1] : page->request->visitor.session.database;
    out = values[2] && !strcmp(values[2], "1");
    if (!is_uid(values[0]) || strlen(database) > MOST_DATABASE ||
        (!out && (!values[2] || strcmp(values[2], "0") != 0))) {
        return answer_error(page, 400,
                            "Say the user's number as uid, and opt_out as 1, or as 0 to undo it.");
    }
    return write_wish(page, OPERATION_ALERT_OPT_OUT, opt_out_values(page, database, values[0], out),
                      "/alerts");
}
