/* The trail as a list, one event of it, and the history of one record. */
#include "page.h"

#include <string.h>

#include <apr_strings.h>

#include "answer.h"
#include "event_list.h"
#include "event_view.h"
#include "filter_form.h"
#include "note.h"

/* format=rows: the lines of the table alone, for the page that follows the trail as it grows. */
static int wants_rows(const page_t *page)
{
    const char *format = page_parameter(page, "format");

    return format && strcmp(format, "rows") == 0;
}

static void set_address(page_t *page, const char *name, const char *path, const char *query,
                        const char *cursor)
{
    const char *address = apr_pstrcat(page->pool, page->request->base, path, query,
                                      cursor ? (*query ? "&" : "?") : "", cursor, NULL);

    json_set(page->view, name, json_new_string(page->pool, address));
}

/* path: of the page that shows this list. */
static void add_addresses(page_t *page, const filter_t *filter, const char *path, const char *query)
{
    const json_value_t *next = json_member(page->view, "next");
    const char *whole = filter_query(filter, FILTER_COUNT, NULL, page->pool);

    set_address(page, "csv_href", "/activity.csv", whole, NULL);
    set_address(page, "jsonl_href", "/activity.jsonl", whole, NULL);
    if (filter->before) {
        set_address(page, "newest_href", path, query, NULL);
    }
    else {
        set_address(page, "follow_href", path, query, "format=rows");
    }
    if (next->type == JSON_TYPE_NUMBER) {
        set_address(page, "older_href", path, query,
                    apr_pstrcat(page->pool, "before=", next->text, NULL));
    }
}

static void read_list(page_t *page, const filter_t *filter)
{
    event_list_read(page, filter);
    if (!filter->follow) {
        event_list_count(page, filter);
    }
    json_set(page->view, "filters", filter_view(filter, page->pool));
    if (!page->json) {
        json_set(page->view, "any",
                 json_new_boolean(page->pool, json_member(page->view, "events")->count +
                                                      json_member(page->view, "running")->count >
                                                  0));
        event_view_complete(page, json_member(page->view, "running"), filter);
        event_view_complete(page, json_member(page->view, "events"), filter);
    }
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
    read_list(page, &filter);
    page->title = "Activity";
    page->template = wants_rows(page) ? "event_rows" : "activity";
    if (!page->json && !wants_rows(page)) {
        filter_form_add(page, &filter);
        add_addresses(page, &filter, "/activity",
                      filter_query(&filter, FILTER_COUNT, NULL, page->pool));
    }
    return answer_page(page);
}

apr_status_t activity_event(page_t *page, const char *id)
{
    filter_t filter;
    apr_size_t digits = strspn(id, "0123456789");
    const char *wrong = filter_read(&filter, page);
    json_value_t *event;

    if (wrong || digits == 0 || digits > 18 || id[digits]) {
        return answer_error(page, 404, "There is no such event.");
    }
    event = event_list_one(page, apr_atoi64(id));
    if (!event) {
        return page->status == 200 ? answer_error(page, 404, "There is no such event.")
                                   : answer_error(page, page->status, page->notice);
    }
    note_reading(page, OPERATION_TRAIL_READ, &filter);
    page->title = apr_psprintf(page->pool, "Event %s", id);
    page->template = "activity_event";
    if (!page->json) {
        event_view_complete(page, json_member(page->view, "events"), &filter);
    }
    return answer_page(page);
}

apr_status_t record_page(page_t *page, const char *record)
{
    filter_t filter;
    const char *wrong = filter_read(&filter, page);
    const char *path = apr_pstrcat(page->pool, "/records/", record, NULL);

    if (!wrong) {
        wrong = filter_set(&filter, FILTER_RECORD, record, page);
    }
    if (wrong) {
        return answer_error(page, 404, wrong);
    }
    note_reading(page, OPERATION_TRAIL_READ, &filter);
    read_list(page, &filter);
    page->title = apr_pstrcat(page->pool, "History of ", record, NULL);
    page->template = wants_rows(page) ? "event_rows" : "record";
    if (!page->json && !wants_rows(page)) {
        json_set(page->view, "odoo_href",
                 json_new_string(page->pool,
                                 event_view_odoo(page->pool, filter.event.record_model,
                                                 apr_psprintf(page->pool, "%" APR_INT64_T_FMT,
                                                              filter.event.record_id))));
        filter_form_add(page, &filter);
        add_addresses(page, &filter, path, "");
    }
    return answer_page(page);
}
