#include "settings_page.h"

#include <string.h>

#include <apr_strings.h>

#include "answer.h"
#include "view.h"

static const struct {
    const char *label, *hint;
} words[SETTINGS_FIELDS] = {
    [SETTINGS_TRACK] = {"What is logged",
                        "Operations and models, one rule on each line, such as: read,search hr.* "
                        "!hr.leave. Rules add to those of httpd.conf."},
    [SETTINGS_REDACT] = {"Fields whose values are never kept",
                         "A name or pattern on each line, such as: salary*. Passwords, tokens and "
                         "keys are left out in any case."},
    [SETTINGS_VALUES] = {"How much of a write is kept", "Here it can only be more."},
    [SETTINGS_IDLE_TIMEOUT] = {"A session ends when idle for", "A time such as 30m or 8h."},
    [SETTINGS_MAX_LIFETIME] = {"A session ends after its login by", "A time such as 12h or 7d."},
    [SETTINGS_MAX_SESSIONS] = {"Open sessions of one user", "The oldest is ended beyond that."},
    [SETTINGS_RETENTION] =
        {"How long events are kept",
         "Operations (or writes, reads, logins) and a time on each line, such "
         "as: reads 90d. All sites share one database: the longest time counts."},
    [SETTINGS_ALERTS] = {"Alerts", "One rule on each line, as behind UserAuditAlert."},
};

void settings_view_read(settings_view_t *view, page_t *page)
{
    const admin_request_t *request = page->request;
    settings_book_t book;
    const char *problem;
    const settings_record_t *record;

    memset(view, 0, sizeof(*view));
    settings_init(&view->record.settings, page->pool);
    if (settings_file_load(&book, request->settings_file, &problem, page->pool) != APR_SUCCESS) {
        page->notice =
            "The settings made on this page cannot be read, so those of httpd.conf alone "
            "hold. The error log tells why. Saving here replaces them.";
    }
    else if ((record = settings_book_find(&book, request->site))) {
        view->record = *record;
    }
    settings_effective(&view->effective, request->floor, &view->record.settings, page->pool);
}

/* ---- as JSON ---- */

static json_value_t *changed_value(const page_t *page, const settings_record_t *record)
{
    json_value_t *changed = json_new_object(page->pool);

    if (!record->time) {
        return json_new_string(page->pool, NULL);
    }
    json_set(changed, "time", view_time(page->pool, record->time));
    json_set(changed, "login", json_new_string(page->pool, record->login));
    json_set(changed, "session", json_new_string(page->pool, record->session));
    json_set(changed, "node", json_new_string(page->pool, record->node));
    return changed;
}

static void add_settings(page_t *page, const settings_view_t *view)
{
    const settings_t *floor = page->request->floor;
    json_value_t *all = json_set(page->view, "settings", json_new_object(page->pool));

    for (int i = 0; i < SETTINGS_FIELDS; i++) {
        settings_field_t field = (settings_field_t)i;
        json_value_t *one = json_set(all, settings_field_name(field), json_new_object(page->pool));

        json_set(one, "httpd_conf", settings_value(floor, field, page->pool));
        json_set(one, "page", settings_value(&view->record.settings, field, page->pool));
        json_set(one, "effective", settings_value(&view->effective, field, page->pool));
    }
    json_set(page->view, "version", json_new_integer(page->pool, view->record.time));
    json_set(page->view, "locked", json_new_boolean(page->pool, page->request->settings_locked));
    json_set(page->view, "changed", changed_value(page, &view->record));
}

static void add_errors(page_t *page, const settings_view_t *view)
{
    json_value_t *errors = NULL;

    for (int i = 0; i < SETTINGS_FIELDS; i++) {
        if (view->problem[i]) {
            errors = errors ? errors : json_set(page->view, "errors", json_new_object(page->pool));
            json_set(errors, settings_field_name((settings_field_t)i),
                     json_new_string(page->pool, view->problem[i]));
        }
    }
}

/* ---- for people ---- */

static json_value_t *levels(const page_t *page, const char *chosen)
{
    json_value_t *list = json_new_array(page->pool);

    for (int level = VALUES_NONE - 1; level <= VALUES_FULL; level++) {
        const char *word = settings_values_word(level);
        json_value_t *option = json_push(list, json_new_object(page->pool));

        json_set(option, "value", json_new_string(page->pool, word ? word : ""));
        json_set(option, "label", json_new_string(page->pool, word ? word : "as httpd.conf says"));
        json_set(option, "selected",
                 json_new_boolean(page->pool, !strcmp(word ? word : "", chosen)));
    }
    return list;
}

static json_value_t *shown_field(const page_t *page, const settings_view_t *view,
                                 settings_field_t field)
{
    apr_pool_t *pool = page->pool;
    json_value_t *shown = json_new_object(pool);
    const char *own = view->written[field] ? view->written[field]
                                           : settings_text(&view->record.settings, field, pool);

    json_set(shown, "name", json_new_string(pool, settings_field_name(field)));
    json_set(shown, "label", json_new_string(pool, words[field].label));
    json_set(shown, "hint", json_new_string(pool, words[field].hint));
    json_set(shown, "httpd_conf",
             json_new_string(pool, settings_text(page->request->floor, field, pool)));
    json_set(shown, "effective",
             json_new_string(pool, settings_text(&view->effective, field, pool)));
    json_set(shown, "own", json_new_string(pool, own));
    json_set(shown, "wrong", json_new_string(pool, view->problem[field]));
    json_set(shown, "list", json_new_boolean(pool, settings_field_is_list(field)));
    json_set(shown, "word",
             json_new_boolean(pool, !settings_field_is_list(field) && field != SETTINGS_VALUES));
    if (field == SETTINGS_VALUES) {
        json_set(shown, "choice", json_new_boolean(pool, 1));
        json_set(shown, "options", levels(page, own));
    }
    json_set(shown, "open", json_new_boolean(pool, !page->request->settings_locked));
    return shown;
}

static json_value_t *test_form(const page_t *page)
{
    static const char *const names[] = {"model", "operation", "method", "field"};
    json_value_t *form = json_new_object(page->pool);

    for (int i = 0; i < 4; i++) {
        const char *asked = page_parameter(page, names[i]);

        json_set(form, names[i], json_new_string(page->pool, asked ? asked : ""));
    }
    return form;
}

static void add_shown(page_t *page, const settings_view_t *view)
{
    json_value_t *shown = json_set(page->view, "shown", json_new_object(page->pool));
    json_value_t *fields = json_set(shown, "fields", json_new_array(page->pool));

    for (int field = 0; field < SETTINGS_FIELDS; field++) {
        json_push(fields, shown_field(page, view, (settings_field_t)field));
    }
    json_set(shown, "form", test_form(page));
    json_set(shown, "open", json_new_boolean(page->pool, !page->request->settings_locked));
    if (view->record.time) {
        json_set(shown, "changed", view_clock(page->pool, page->zone, view->record.time));
    }
}

apr_status_t settings_view_answer(page_t *page, const settings_view_t *view)
{
    add_settings(page, view);
    add_errors(page, view);
    json_set(page->view, "test", settings_test(page, view));
    page->title = "Settings";
    page->template = "settings";
    if (!page->json) {
        add_shown(page, view);
    }
    return answer_page(page);
}

apr_status_t settings_page(page_t *page, const char *argument)
{
    settings_view_t view;

    (void)argument;
    if (!page->request->visitor.manager) {
        return answer_error(page, 403, "Only managers see the settings of this site's audit.");
    }
    settings_view_read(&view, page);
    return settings_view_answer(page, &view);
}
