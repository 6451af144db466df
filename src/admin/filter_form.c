#include "filter_form.h"

#include <string.h>

#include <apr_strings.h>

#include "odoo/operation.h"
#include "view.h"

typedef struct span_t {
    const char *label, *last;
} span_t;

static const span_t spans[] = {
    {"Any time", NULL}, {"Last hour", "1h"}, {"24 hours", "24h"},
    {"7 days", "7d"},   {"30 days", "30d"},
};

static json_value_t *activity_address(page_t *page, const char *query)
{
    return json_new_string(page->pool,
                           apr_pstrcat(page->pool, page->request->base, "/activity", query, NULL));
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

/* A word that is none of ours is an entry of its own, so that sending the form keeps it. */
static json_value_t *channel_options(page_t *page, const char *current)
{
    static const char *const channels[] = {"web",   "jsonrpc", "xmlrpc", "json1",
                                           "json2", "http",    "module"};
    json_value_t *options = json_new_array(page->pool);
    int known = !current;

    for (int i = 0; i < (int)(sizeof(channels) / sizeof(channels[0])); i++) {
        add_option(page, options, channels[i], current);
        known |= current && strcmp(current, channels[i]) == 0;
    }
    if (!known) {
        add_option(page, options, current, current);
    }
    return options;
}

/* As <input type="datetime-local"> takes it, by the visitor's clock. */
static json_value_t *form_time(page_t *page, const char *asked, apr_time_t time)
{
    char *text;

    if (!asked) {
        return json_new_string(page->pool, NULL);
    }
    text = apr_pstrdup(page->pool, zone_format(page->zone, time, page->pool));
    text[10] = 'T';
    return json_new_string(page->pool, text);
}

static void add_form(page_t *page, const filter_t *filter)
{
    json_value_t *form = json_set(page->view, "form", json_new_object(page->pool));

    json_set(form, "used", json_new_boolean(page->pool, filter_used(filter)));
    json_set(form, "zone", json_new_string(page->pool, zone_name(page->zone)));
    json_set(form, "from", form_time(page, filter->text[FILTER_FROM], filter->event.from));
    json_set(form, "to", form_time(page, filter->text[FILTER_TO], filter->event.to));
    json_set(form, "operations", operation_options(page, filter->text[FILTER_OPERATION]));
    json_set(form, "channels", channel_options(page, filter->text[FILTER_CHANNEL]));
    json_set(form, "more",
             json_new_boolean(page->pool,
                              filter->text[FILTER_COUNTRY] || filter->text[FILTER_CITY] ||
                                  filter->text[FILTER_CHANNEL] || filter->text[FILTER_FLAG]));
    json_set(form, "outcomes", outcome_options(page, filter->text[FILTER_OUTCOME]));
}

static void add_chips(page_t *page, const filter_t *filter)
{
    json_value_t *chips = json_set(page->view, "chips", json_new_array(page->pool));

    for (int name = FILTER_ZONE + 1; name < FILTER_COUNT; name++) {
        json_value_t *chip;

        if (!filter->text[name]) {
            continue;
        }
        chip = json_push(chips, json_new_object(page->pool));
        json_set(chip, "name", json_new_string(page->pool, filter_word((filter_name_t)name)));
        json_set(chip, "value", json_new_string(page->pool, filter->text[name]));
        json_set(chip, "without_href",
                 activity_address(page,
                                  filter_query(filter, (filter_name_t)name, NULL, page->pool)));
    }
}

/* Each replaces what is set of the time and leaves the other filters. */
static void add_spans(page_t *page, const filter_t *filter)
{
    json_value_t *list = json_set(page->view, "spans", json_new_array(page->pool));
    const char *last = filter->text[FILTER_LAST];
    filter_t others = *filter;
    int range = filter->text[FILTER_FROM] || filter->text[FILTER_TO];

    others.text[FILTER_FROM] = others.text[FILTER_TO] = others.text[FILTER_ZONE] = NULL;
    for (int i = 0; i < (int)(sizeof(spans) / sizeof(spans[0])); i++) {
        json_value_t *span = json_push(list, json_new_object(page->pool));
        int current = spans[i].last ? last && strcmp(last, spans[i].last) == 0 : !last && !range;

        json_set(span, "label", json_new_string(page->pool, spans[i].label));
        json_set(span, "href",
                 activity_address(page,
                                  filter_query(&others, FILTER_LAST, spans[i].last, page->pool)));
        json_set(span, "current", json_new_boolean(page->pool, current));
    }
}

static void add_count(page_t *page)
{
    const json_value_t *count = json_member(page->view, "count");
    int exact = json_truthy(json_member(page->view, "count_exact"));

    json_set(
        page->view, "count_text",
        json_new_string(page->pool,
                        apr_pstrcat(page->pool, view_number(page->pool, apr_atoi64(count->text)),
                                    exact ? "" : "+",
                                    strcmp(count->text, "1") == 0 ? " event" : " events", NULL)));
}

void filter_form_add(page_t *page, const filter_t *filter)
{
    add_form(page, filter);
    add_chips(page, filter);
    add_spans(page, filter);
    add_count(page);
}
