/* The first page: what happened, who is on, and what needs a look. */
#include "page.h"

#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "answer.h"
#include "overview_data.h"
#include "plot.h"
#include "session_risk.h"
#include "session_view.h"
#include "view.h"

#define DEFAULT_SPAN 1
#define SESSIONS_SHOWN 6

static const span_info_t *wanted_span(const page_t *page)
{
    const char *last = page_parameter(page, "last");

    for (int i = 0; last && i < OVERVIEW_SPANS; i++) {
        if (strcmp(overview_spans[i].last, last) == 0) {
            return &overview_spans[i];
        }
    }
    return last ? NULL : &overview_spans[DEFAULT_SPAN];
}

/* ---- numbers, as JSON ---- */

static void add_range(page_t *page, const overview_t *overview)
{
    json_value_t *range = json_set(page->view, "range", json_new_object(page->pool));

    json_set(range, "last", json_new_string(page->pool, overview->span->last));
    json_set(range, "from", view_time(page->pool, overview->from));
    json_set(range, "to", view_time(page->pool, overview->to));
    json_set(range, "zone", json_new_string(page->pool, zone_name(page->zone)));
}

static void add_outcomes(page_t *page, const overview_t *overview)
{
    json_value_t *totals = json_set(page->view, "totals", json_new_object(page->pool));

    json_set(totals, "events", json_new_integer(page->pool, overview->events));
    json_set(totals, "success", json_new_integer(page->pool, overview->outcomes.success));
    json_set(totals, "denied", json_new_integer(page->pool, overview->outcomes.denied));
    json_set(totals, "failed", json_new_integer(page->pool, overview->outcomes.failed));
    json_set(totals, "unknown", json_new_integer(page->pool, overview->outcomes.unknown));
}

static void add_operations(page_t *page, const overview_t *overview)
{
    json_value_t *operations = json_set(page->view, "operations", json_new_object(page->pool));

    for (int operation = OPERATION_NONE + 1; operation < OPERATION_COUNT; operation++) {
        if (overview->operations[operation]) {
            json_set(operations, operation_name((operation_t)operation),
                     json_new_integer(page->pool, overview->operations[operation]));
        }
    }
}

static void add_buckets(page_t *page, const overview_t *overview)
{
    json_value_t *buckets = json_set(page->view, "activity", json_new_array(page->pool));

    for (int i = 0; i < overview->span->buckets; i++) {
        const overview_bucket_t *bucket = &overview->buckets[i];
        json_value_t *object = json_push(buckets, json_new_object(page->pool)), *series;

        json_set(object, "start", view_time(page->pool, bucket->start));
        json_set(object, "events", json_new_integer(page->pool, bucket->total));
        series = json_set(object, "series", json_new_object(page->pool));
        for (int number = 1; number <= EVENT_SERIES; number++) {
            json_set(series, event_series_label(number),
                     json_new_integer(page->pool, bucket->series[number]));
        }
    }
}

static void add_week(page_t *page, const overview_t *overview)
{
    json_value_t *week = json_set(page->view, "week", json_new_array(page->pool));

    for (int day = 0; day < 7; day++) {
        json_value_t *hours = json_push(week, json_new_array(page->pool));

        for (int hour = 0; hour < 24; hour++) {
            json_push(hours, json_new_integer(page->pool, overview->week[day][hour]));
        }
    }
}

/* ---- what needs a look ---- */

typedef struct alarm_t {
    const char *label, *why, *operations; /* parted by commas */
    int serious;
} alarm_t;

static const alarm_t alarms[] = {
    {"Gaps in the trail", "What happened then is not known", "gap", 1},
    {"Calls nobody could read", "They went to Odoo, but what they did is not on record",
     "unparsed_call", 1},
    {"Mail not delivered", "Somebody was to be told and was not", "alert_failed", 1},
    {"Failed logins", "A wrong name or password", "login_failed", 0},
    {"Data taken out", "Exports, reports and downloads", "export,report,download", 0},
    {"Ended sessions tried again", "Somebody went on with a session that is over",
     "session_refused", 0},
    {"Sessions ended by people", "By their owner or a manager", "session_revoked", 0},
    {"Passwords changed", "By the user or for somebody", "password_changed", 0},
};

static apr_int64_t count_of(const overview_t *overview, const char *operations, apr_pool_t *pool)
{
    char *state = NULL, *words = apr_pstrdup(pool, operations);
    apr_int64_t count = 0;

    for (char *word = apr_strtok(words, ",", &state); word; word = apr_strtok(NULL, ",", &state)) {
        count += overview->operations[operation_from_name(word)];
    }
    return count;
}

static json_value_t *span_address(page_t *page, const overview_t *overview, const char *query)
{
    return json_new_string(page->pool, plot_address(page, overview->from, overview->to, query));
}

static void add_item(page_t *page, const char *label, const char *why, int serious,
                     apr_int64_t count, json_value_t *href)
{
    json_value_t *item;

    if (count == 0) {
        return;
    }
    item = json_push(json_member(page->view, "attention"), json_new_object(page->pool));
    json_set(item, "label", json_new_string(page->pool, label));
    json_set(item, "why", json_new_string(page->pool, why));
    json_set(item, "serious", json_new_boolean(page->pool, serious));
    json_set(item, "count", json_new_integer(page->pool, count));
    json_set(item, "href", href);
}

static void add_risks(page_t *page, const overview_t *overview, int serious)
{
    for (int risk = 0; risk < RISKS; risk++) {
        const session_risk_t *words = &session_risks[risk];
        const char *href = apr_pstrcat(page->pool, page->request->base,
                                       "/sessions?state=all&risk=", risk_name((risk_t)risk),
                                       "&last=", overview->span->last, NULL);

        if (words->serious == serious) {
            add_item(page, words->title, words->why, serious, overview->risks[risk],
                     json_new_string(page->pool, href));
        }
    }
}

static void add_alarms(page_t *page, const overview_t *overview, int serious)
{
    for (int i = 0; i < (int)(sizeof(alarms) / sizeof(alarms[0])); i++) {
        if (alarms[i].serious == serious) {
            add_item(page, alarms[i].label, alarms[i].why, serious,
                     count_of(overview, alarms[i].operations, page->pool),
                     span_address(page, overview,
                                  apr_pstrcat(page->pool, "&operation=", alarms[i].operations,
                                              NULL)));
        }
    }
}

static void add_attention(page_t *page, const overview_t *overview)
{
    json_set(page->view, "attention", json_new_array(page->pool));
    for (int serious = 1; serious >= 0; serious--) {
        add_alarms(page, overview, serious);
        add_risks(page, overview, serious);
    }
}

/* ---- who is on ---- */

static void add_sessions(page_t *page)
{
    session_list_t list;
    json_value_t *sessions = json_set(page->view, "sessions", json_new_array(page->pool));

    session_list_read(&list, page, &(session_choice_t){.state = "open"});
    json_set(page->view, "sessions_open", json_new_integer(page->pool, list.rows->nelts));
    for (int i = 0; i < list.rows->nelts && i < SESSIONS_SHOWN; i++) {
        const session_row_t *row = APR_ARRAY_IDX(list.rows, i, const session_row_t *);
        json_value_t *view = json_push(sessions, session_view(page, row));

        if (!page->json) {
            session_view_complete(page, view, row);
        }
    }
}

/* ---- for people ---- */

static void add_tile(page_t *page, json_value_t *tiles, const char *label, apr_int64_t number,
                     json_value_t *href)
{
    json_value_t *tile = json_push(tiles, json_new_object(page->pool));

    json_set(tile, "label", json_new_string(page->pool, label));
    json_set(tile, "number", json_new_string(page->pool, view_number(page->pool, number)));
    json_set(tile, "href", href);
}

static void add_tiles(page_t *page, const overview_t *overview)
{
    json_value_t *tiles = json_set(page->view, "tiles", json_new_array(page->pool));
    apr_int64_t open = 0;

    json_integer(json_member(page->view, "sessions_open"), &open);
    add_tile(page, tiles, "Sessions open now", open,
             json_new_string(page->pool,
                             apr_pstrcat(page->pool, page->request->base, "/sessions", NULL)));
    add_tile(page, tiles, "Events", overview->events, span_address(page, overview, ""));
    add_tile(page, tiles, "Denied", overview->outcomes.denied,
             span_address(page, overview, "&outcome=denied"));
    add_tile(page, tiles, "Failed", overview->outcomes.failed,
             span_address(page, overview, "&outcome=failed"));
    add_tile(page, tiles, "Outcome unknown", overview->outcomes.unknown,
             span_address(page, overview, "&outcome=unknown"));
}

static void add_tabs(page_t *page, const overview_t *overview)
{
    json_value_t *tabs = json_set(page->view, "tabs", json_new_array(page->pool));

    for (int i = 0; i < OVERVIEW_SPANS; i++) {
        json_value_t *tab = json_push(tabs, json_new_object(page->pool));

        json_set(tab, "label", json_new_string(page->pool, overview_spans[i].label));
        json_set(tab, "href",
                 json_new_string(page->pool,
                                 apr_pstrcat(page->pool, page->request->base,
                                             "/overview?last=", overview_spans[i].last, NULL)));
        json_set(tab, "current",
                 json_new_boolean(page->pool, overview->span == &overview_spans[i]));
    }
}

static void add_legend(page_t *page, const overview_t *overview)
{
    json_value_t *legend = json_set(page->view, "legend", json_new_array(page->pool));

    for (int series = 1; series <= EVENT_SERIES; series++) {
        const char *operations = event_series_operations(series, page->pool);
        json_value_t *item;

        if (!overview->series[series]) {
            continue;
        }
        item = json_push(legend, json_new_object(page->pool));
        json_set(item, "series",
                 json_new_string(page->pool, apr_psprintf(page->pool, "s%d", series)));
        json_set(item, "label", json_new_string(page->pool, event_series_label(series)));
        json_set(item, "number",
                 json_new_string(page->pool, view_number(page->pool, overview->series[series])));
        json_set(item, "href",
                 span_address(page, overview,
                              apr_pstrcat(page->pool, "&operation=", operations, NULL)));
    }
}

static const char *narrowed(apr_pool_t *pool, const char *query, const char *name,
                            const char *value)
{
    return value && *value
               ? apr_pstrcat(pool, query, "&", name, "=", apr_pescape_urlencoded(pool, value), NULL)
               : query;
}

/* parameter: the filter that a row's value narrows; a place has two of its own. */
static const char *row_query(apr_pool_t *pool, const json_value_t *row, const char *parameter)
{
    const char *query = narrowed(pool, "", parameter, json_string(json_member(row, "value")));

    query = narrowed(pool, query, "country", json_string(json_member(row, "country")));
    return narrowed(pool, query, "city", json_string(json_member(row, "city")));
}

static const char *row_label(apr_pool_t *pool, const json_value_t *row)
{
    static const char *const names[] = {"name", "login"};
    const char *place = view_joined(pool, json_string(json_member(row, "city")), ", ",
                                    json_string(json_member(row, "country")));
    const char *value = json_string(json_member(row, "value"));

    for (int i = 0; i < 2; i++) {
        const char *name = json_string(json_member(row, names[i]));

        if (name && *name) {
            return name;
        }
    }
    return place ? place : value ? value : "others";
}

static void complete_rows(page_t *page, const overview_t *overview, const char *list,
                          const char *parameter)
{
    json_value_t *rows = json_member(page->view, list);

    plot_rows(page->pool, rows);
    for (json_value_t *row = rows->first; row; row = row->next) {
        const char *query = row_query(page->pool, row, parameter);

        json_set(row, "label", json_new_string(page->pool, row_label(page->pool, row)));
        json_set(row, "href",
                 *query ? span_address(page, overview, query) : json_new_string(page->pool, NULL));
    }
}

static void complete(page_t *page, const overview_t *overview)
{
    add_tiles(page, overview);
    add_tabs(page, overview);
    add_legend(page, overview);
    json_set(page->view, "plot", plot_activity(page, overview));
    json_set(page->view, "heat", plot_week(page, overview));
    complete_rows(page, overview, "users", "user");
    complete_rows(page, overview, "models", "model");
    complete_rows(page, overview, "places", "country");
    complete_rows(page, overview, "addresses", "ip");
}

apr_status_t overview_page(page_t *page, const char *argument)
{
    const span_info_t *span = wanted_span(page);
    overview_t *overview;

    (void)argument;
    if (!span) {
        return answer_error(page, 400, "The overview tells of the last 24h, 7d, 30d or 90d.");
    }
    overview = apr_palloc(page->pool, sizeof(*overview));
    overview_read(overview, span, page);
    add_range(page, overview);
    add_outcomes(page, overview);
    add_operations(page, overview);
    add_buckets(page, overview);
    add_week(page, overview);
    add_attention(page, overview);
    add_sessions(page);
    page->title = "Overview";
    page->template = "overview";
    if (!page->json) {
        complete(page, overview);
    }
    return answer_page(page);
}
