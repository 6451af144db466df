/* A change of settings: read, checked field by field, handed on as a new version. */
#include <string.h>

#include <apr_strings.h>

#include "alert/rules.h"
#include "answer.h"
#include "settings_page.h"
#include "text/form.h"
#include "wish.h"

#define CHANGES_LIMIT (1024 * 1024)

static const json_limits_t limits = {.nodes = 4096,
                                     .bytes = ADMIN_MAX_BODY,
                                     .string = 8192,
                                     .members = 256};

/* What is asked for. */
typedef struct change_t {
    settings_t settings;
    apr_int64_t version; /* that it was made from; -1: not said */
} change_t;

static void refuse(settings_view_t *view, settings_field_t field, const char *text,
                   const char *problem)
{
    if (problem) {
        view->written[field] = text;
        view->problem[field] = problem;
    }
}

static void read_form(change_t *change, settings_view_t *view, const page_t *page)
{
    const char *names[SETTINGS_FIELDS + 3] = {NULL};
    form_reader_t *form;
    const char *version;

    for (int field = 0; field < SETTINGS_FIELDS; field++) {
        names[field] = settings_field_name((settings_field_t)field);
    }
    names[SETTINGS_FIELDS] = "version";
    names[SETTINGS_FIELDS + 1] = "reset";
    form = form_reader_create(page->pool, names);
    form_reader_feed(form, page->request->body, page->request->body_length);
    form_reader_end(form);
    version = form_value(form, "version");
    change->version = version ? apr_atoi64(version) : -1;
    if (form_value(form, "reset")) {
        settings_init(&change->settings, page->pool);
        return;
    }
    for (int i = 0; i < SETTINGS_FIELDS; i++) {
        settings_field_t field = (settings_field_t)i;
        const char *text = form_value(form, names[field]);

        if (text && form_value_cut(form, names[field])) {
            refuse(view, field, text, "This is too long.");
        }
        else if (text) {
            refuse(view, field, text, settings_set(&change->settings, field, text, page->pool));
        }
    }
}

/* 0 if it is no JSON of that kind. */
static int read_json(change_t *change, settings_view_t *view, const page_t *page)
{
    const admin_request_t *request = page->request;
    const json_value_t *body = json_parse(page->pool, request->body, request->body_length, &limits);
    const json_value_t *wanted = json_member(body, "settings");

    if (!json_integer(json_member(body, "version"), &change->version)) {
        change->version = -1;
    }
    if (!wanted || wanted->type != JSON_TYPE_OBJECT) {
        return 0;
    }
    for (int i = 0; i < SETTINGS_FIELDS; i++) {
        settings_field_t field = (settings_field_t)i;
        const json_value_t *value = json_member(wanted, settings_field_name(field));

        if (value) {
            refuse(view, field, NULL,
                   settings_set_value(&change->settings, field, value, page->pool));
        }
    }
    return 1;
}

/* An alert that cannot leave is worse than none: somebody relies on it. */
static const char *check_channels(const alert_line_t *line, const admin_request_t *request)
{
    int to_mail = line->to & ~ALERT_TO_WEBHOOK || line->addresses->nelts;

    if (to_mail && !request->can_mail) {
        return "No mail can be sent: httpd.conf names no server with UserAuditSMTP.";
    }
    return line->to & ALERT_TO_WEBHOOK && !request->can_post
               ? "There is no webhook: httpd.conf names none with UserAuditWebhook."
               : NULL;
}

/* NULL, or what is wrong with the first line of alerts that is. */
static const char *check_alerts(const settings_t *settings, const admin_request_t *request,
                                apr_pool_t *pool)
{
    const apr_array_header_t *lines = settings->lines[SETTINGS_ALERTS];
    int room = ALERT_MAX_LINES - request->floor->lines[SETTINGS_ALERTS]->nelts;
    const char *problem = NULL;

    if (lines->nelts > room) {
        return apr_psprintf(pool, "Write at most %d lines: %d count, those of httpd.conf included.",
                            room, ALERT_MAX_LINES);
    }
    for (int i = 0; i < lines->nelts && !problem; i++) {
        alert_line_t line;

        problem = alert_line_parse(&line, APR_ARRAY_IDX(lines, i, const char *), pool);
        if (!problem) {
            problem = check_channels(&line, request);
        }
    }
    return problem;
}

static int check(const change_t *change, settings_view_t *view, const page_t *page)
{
    int wrong = 0;

    if (!view->problem[SETTINGS_ALERTS]) {
        refuse(view, SETTINGS_ALERTS, settings_text(&change->settings, SETTINGS_ALERTS, page->pool),
               check_alerts(&change->settings, page->request, page->pool));
    }
    for (int i = 0; i < SETTINGS_FIELDS; i++) {
        settings_field_t field = (settings_field_t)i;

        if (!view->problem[field]) {
            refuse(view, field, settings_text(&change->settings, field, page->pool),
                   settings_check(&change->settings, field, page->request->floor, page->pool));
        }
        wrong |= view->problem[field] != NULL;
    }
    return !wrong;
}

/* ---- the new version ---- */

/* {"track": {"old": [...], "new": [...]}}: what changed; NULL if nothing did. */
static const char *changes(const settings_t *old, const settings_t *new, apr_pool_t *pool)
{
    json_value_t *all = json_new_object(pool);
    buffer_t buffer;

    for (int i = 0; i < SETTINGS_FIELDS; i++) {
        settings_field_t field = (settings_field_t)i;
        json_value_t *one;

        if (settings_equal(old, new, field)) {
            continue;
        }
        one = json_set(all, settings_field_name(field), json_new_object(pool));
        json_set(one, "old", settings_value(old, field, pool));
        json_set(one, "new", settings_value(new, field, pool));
    }
    if (!all->first) {
        return NULL;
    }
    buffer_init(&buffer, pool, CHANGES_LIMIT);
    json_write(&buffer, all);
    return buffer_string(&buffer);
}

static apr_status_t answer_saved(page_t *page)
{
    settings_view_t view;

    if (!page->json) {
        return answer_redirect(page,
                               apr_pstrcat(page->pool, page->request->base, "/settings", NULL));
    }
    settings_view_read(&view, page);
    return settings_view_answer(page, &view);
}

static apr_status_t answer_other_version(page_t *page)
{
    return answer_error(page, 409,
                        "Somebody else has changed the settings since you loaded this page. Load "
                        "it again and repeat what you wanted to do.");
}

static apr_status_t save(page_t *page, const change_t *change, const settings_view_t *view)
{
    const admin_request_t *request = page->request;
    settings_record_t record = view->record;
    const char *told = changes(&view->record.settings, &change->settings, page->pool);
    apr_status_t status;

    if (!told) {
        return answer_saved(page);
    }
    record.settings = change->settings;
    status = request->change_settings(request->payload, &record, view->record.time, told);
    if (status == APR_SUCCESS) {
        return answer_saved(page);
    }
    if (APR_STATUS_IS_EEXIST(status)) {
        return answer_other_version(page);
    }
    page->problem = "a change of settings could not be kept on disk";
    return answer_error(page, 503, "This could not be kept on disk. Nothing was changed.");
}

static apr_status_t change_settings(page_t *page)
{
    settings_view_t view;
    change_t change;
    int json = page_body_is(page, PAGE_JSON_TYPE);

    settings_view_read(&view, page);
    change.settings = view.record.settings;
    if (!json) {
        read_form(&change, &view, page);
    }
    else if (!read_json(&change, &view, page)) {
        return answer_error(page, 400, "Say the settings to change as an object \"settings\".");
    }
    if (change.version >= 0 && change.version != view.record.time) {
        return answer_other_version(page);
    }
    if (!check(&change, &view, page)) {
        page->status = 422;
        page->notice = "Nothing was changed: see what is said beside the fields.";
        return settings_view_answer(page, &view);
    }
    return save(page, &change, &view);
}

apr_status_t settings_change(page_t *page, const char *argument)
{
    const admin_request_t *request = page->request;
    wish_t wish;
    apr_status_t answered;

    (void)argument;
    if (!wish_read(&wish, page, &answered)) {
        return answered;
    }
    if (!request->visitor.manager) {
        return answer_error(page, 403, "Only managers change the settings of this site's audit.");
    }
    if (request->settings_locked) {
        return answer_error(page, 403,
                            "The settings are locked: httpd.conf says UserAuditSettings locked.");
    }
    return change_settings(page);
}
