#include "page.h"

#include <string.h>

#include <apr_strings.h>

#include "answer.h"
#include "filter.h"
#include "note.h"
#include "text/duration.h"
#include "view.h"

#define MAX_RUNNING 50
#define MAX_RECORD_LINKS 5
#define SHORT_REFERENCE 8

typedef struct reading_t {
    page_t *page;
    json_value_t *events;
    int room;
    int more; /* there was one beyond the room */
} reading_t;

static int add_event(void *payload, const event_t *event)
{
    reading_t *reading = payload;

    if (reading->room == 0) {
        reading->more = 1;
        return 1;
    }
    reading->room--;
    json_push(reading->events, view_event(reading->page->pool, event));
    return 0;
}

static apr_status_t read_running(page_t *page, store_t *store, const filter_t *filter)
{
    reading_t reading = {.page = page, .room = MAX_RUNNING};

    reading.events = json_set(page->view, "running", json_new_array(page->pool));
    if (filter->before || !store) {
        return APR_SUCCESS;
    }
    return store_running(store, &filter->event, MAX_RUNNING, add_event, &reading, page->pool);
}

static apr_status_t read_events(page_t *page, store_t *store, const filter_t *filter)
{
    reading_t reading = {.page = page, .room = ADMIN_PAGE_ROWS};
    const json_value_t *last;
    apr_status_t status = APR_SUCCESS;

    reading.events = json_set(page->view, "events", json_new_array(page->pool));
    if (store) {
        status = store_events(store, &filter->event, filter->before, ADMIN_PAGE_ROWS + 1, add_event,
                              &reading, page->pool);
    }
    last = reading.more ? json_member(reading.events->last, event_columns[EVENT_ID].name) : NULL;
    json_set(page->view, "next",
             last ? json_new_integer(page->pool, apr_atoi64(last->text))
                  : json_new_string(page->pool, NULL));
    return status;
}

static void fill(page_t *page, const filter_t *filter)
{
    store_t *store = NULL;
    apr_status_t status;

    if (!filter->nothing && page_open_store(page, &store) != APR_SUCCESS) {
        store = NULL;
    }
    status = read_events(page, store, filter);
    if (status == APR_SUCCESS) {
        status = read_running(page, store, filter);
    }
    else {
        json_set(page->view, "running", json_new_array(page->pool));
    }
    if (store && status != APR_SUCCESS) {
        page_store_failed(page, store);
    }
    if (store) {
        store_close(store);
    }
    json_set(page->view, "filters", filter_view(filter, page->pool));
}

/* ---- for people ---- */

static void add_link(page_t *page, json_value_t *object, const char *name, const char *text,
                     const filter_t *filter, filter_name_t narrowed, const char *value)
{
    json_value_t *link = value ? json_new_object(page->pool) : json_new_string(page->pool, NULL);

    json_set(object, name, link);
    if (value) {
        json_set(link, "text", json_new_string(page->pool, text));
        json_set(link, "href",
                 json_new_string(page->pool,
                                 apr_pstrcat(page->pool, page->request->base, "/activity",
                                             filter_query(filter, narrowed, value, page->pool),
                                             NULL)));
    }
}

static const char *cell(const json_value_t *event, event_column_t column)
{
    const json_value_t *value = json_member(event, event_columns[column].name);

    return value && (value->type == JSON_TYPE_STRING || value->type == JSON_TYPE_NUMBER)
               ? value->text
               : NULL;
}

/* The first records, each with a link to its own history, and how many more there are. */
static void add_records(page_t *page, json_value_t *shown, const json_value_t *event,
                        const filter_t *filter)
{
    json_value_t *records = json_set(shown, "records", json_new_array(page->pool));
    const char *model = cell(event, EVENT_MODEL), *ids = cell(event, EVENT_RECORD_IDS);
    const char *count = cell(event, EVENT_RECORD_COUNT);
    char *state = NULL, *list = apr_pstrdup(page->pool, ids ? ids : "");
    apr_int64_t left = count ? apr_atoi64(count) : 0;
    char *id = apr_strtok(list, " ", &state);

    for (; id && model && records->count < MAX_RECORD_LINKS; id = apr_strtok(NULL, " ", &state)) {
        json_value_t *record = json_push(records, json_new_object(page->pool));

        add_link(page, record, "link", id, filter, FILTER_RECORD,
                 apr_pstrcat(page->pool, model, ",", id, NULL));
        left--;
    }
    json_set(shown, "more_records", json_new_integer(page->pool, left > 0 ? left : 0));
}

static void add_links(page_t *page, json_value_t *shown, const json_value_t *event,
                      const filter_t *filter)
{
    const char *uid = cell(event, EVENT_UID), *login = cell(event, EVENT_LOGIN);
    const char *user = cell(event, EVENT_USER), *session = cell(event, EVENT_SESSION);
    const char *model = cell(event, EVENT_MODEL);

    add_link(page, shown, "user",
             user    ? user
             : login ? login
                     : uid,
             filter, FILTER_USER, uid ? uid : login);
    add_link(page, shown, "session",
             session ? apr_pstrndup(page->pool, session, SHORT_REFERENCE) : NULL, filter,
             FILTER_SESSION, session);
    add_link(page, shown, "model", model, filter, FILTER_MODEL, model);
    add_link(page, shown, "ip", cell(event, EVENT_IP), filter, FILTER_IP, cell(event, EVENT_IP));
}

static void complete_events(page_t *page, json_value_t *events, const filter_t *filter)
{
    for (json_value_t *event = events->first; event; event = event->next) {
        json_value_t *shown = json_new_object(page->pool), *changes;

        json_set(shown, "time", view_time_short(page->pool, cell(event, EVENT_TIME)));
        json_set(shown, "operation", view_words(page->pool, cell(event, EVENT_OPERATION)));
        changes = json_set(shown, "changes", view_changes(page->pool, event));
        json_set(shown, "changed", json_new_boolean(page->pool, changes->count > 0));
        add_links(page, shown, event, filter);
        add_records(page, shown, event, filter);
        json_set(event, "shown", shown);
    }
}

static void add_option(page_t *page, json_value_t *options, const char *value, const char *current)
{
    json_value_t *option = json_push(options, json_new_object(page->pool));

    json_set(option, "value", json_new_string(page->pool, value));
    json_set(option, "label", view_words(page->pool, value));
    json_set(option, "selected",
             json_new_boolean(page->pool, current && strcmp(current, value) == 0));
}

/* A list of several operations, which the menu has not, is an entry of its own. */
static json_value_t *operation_options(page_t *page, const char *current)
{
    json_value_t *options = json_new_array(page->pool);

    if (current && strchr(current, ',')) {
        add_option(page, options, current, current);
    }
    for (int operation = OPERATION_NONE + 1; operation < OPERATION_COUNT; operation++) {
        add_option(page, options, operation_name((operation_t)operation), current);
    }
    return options;
}

static json_value_t *outcome_options(page_t *page, const char *current)
{
    json_value_t *options = json_new_array(page->pool);

    for (int outcome = OUTCOME_UNKNOWN; outcome <= OUTCOME_FAILED; outcome++) {
        add_option(page, options, outcome_name((outcome_t)outcome), current);
    }
    return options;
}

/* As <input type="datetime-local"> takes it. */
static json_value_t *form_time(page_t *page, apr_time_t time)
{
    return json_new_string(page->pool,
                           time ? apr_psprintf(page->pool, "%.19s", time_format(page->pool, time))
                                : NULL);
}

static void add_form(page_t *page, const filter_t *filter)
{
    json_value_t *form = json_set(page->view, "form", json_new_object(page->pool));
    int used = 0;

    for (int name = 0; name < FILTER_COUNT; name++) {
        used |= filter->text[name] != NULL;
    }
    json_set(form, "used", json_new_boolean(page->pool, used));
    json_set(form, "from", form_time(page, filter->event.from));
    json_set(form, "to", form_time(page, filter->event.to));
    json_set(form, "operations", operation_options(page, filter->text[FILTER_OPERATION]));
    json_set(form, "outcomes", outcome_options(page, filter->text[FILTER_OUTCOME]));
}

static void add_addresses(page_t *page, const filter_t *filter)
{
    const char *query = filter_query(filter, FILTER_COUNT, NULL, page->pool);
    const char *base = page->request->base;
    const json_value_t *next = json_member(page->view, "next");

    json_set(page->view, "csv_href",
             json_new_string(page->pool,
                             apr_pstrcat(page->pool, base, "/activity.csv", query, NULL)));
    json_set(page->view, "newest_href",
             json_new_string(page->pool, filter->before ? apr_pstrcat(page->pool, base, "/activity",
                                                                      query, NULL)
                                                        : NULL));
    json_set(page->view, "older_href",
             json_new_string(page->pool,
                             next->type == JSON_TYPE_NUMBER
                                 ? apr_pstrcat(page->pool, base, "/activity", query,
                                               *query ? "&" : "?", "before=", next->text, NULL)
                                 : NULL));
}

apr_status_t activity_page(page_t *page, const char *argument)
{
    filter_t filter;
    const char *wrong = filter_read(&filter, page);

    (void)argument;
    if (wrong) {
        return answer_error(page, 400, wrong);
    }
    note_reading(page, OPERATION_TRAIL_READ, &filter);
    fill(page, &filter);
    page->title = "Activity";
    page->template = "activity";
    if (!page->json) {
        complete_events(page, json_member(page->view, "events"), &filter);
        complete_events(page, json_member(page->view, "running"), &filter);
        add_form(page, &filter);
        add_addresses(page, &filter);
    }
    return answer_page(page);
}
