#include "overview_data.h"

#include <string.h>

#include <apr_strings.h>

#include "rights.h"
#include "session_risk.h"
#include "text/duration.h"

#define HOUR apr_time_from_sec(3600)
#define DAY (24 * HOUR)

const span_info_t overview_spans[OVERVIEW_SPANS] = {
    {"24h", "24 hours", 24, 1},
    {"7d", "7 days", 28, 6},
    {"30d", "30 days", 30, 24},
    {"90d", "90 days", 90, 24},
};

/* ---- buckets ---- */

/* The clock's face as if it were UTC: there hours and days can be added up. */
static apr_time_t face_of(const zone_t *zone, apr_time_t time)
{
    apr_time_exp_t clock;
    apr_time_t face;

    zone_explode(zone, time, &clock);
    clock.tm_gmtoff = 0;
    apr_time_exp_gmt_get(&face, &clock);
    return face;
}

static apr_time_t moment_of(const zone_t *zone, apr_time_t face)
{
    apr_time_exp_t clock;

    apr_time_exp_gmt(&clock, face);
    return zone_moment(zone, &clock);
}

/* The last bucket is the one that is not over yet; days begin at midnight. */
static void lay_out(overview_t *overview, const span_info_t *span, const page_t *page)
{
    apr_interval_time_t step = span->hours * HOUR;
    apr_time_t face = face_of(page->zone, page->request->now);
    apr_time_t whole = span->hours == 1 ? HOUR : DAY;
    apr_time_t end = face - face % whole + whole;
    apr_time_t start = end - span->buckets * step;

    memset(overview, 0, sizeof(*overview));
    overview->span = span;
    for (int i = 0; i < span->buckets; i++) {
        overview->buckets[i].start = moment_of(page->zone, start + i * step);
        overview->buckets[i].end = moment_of(page->zone, start + (i + 1) * step);
    }
    overview->from = overview->buckets[0].start;
    overview->to = overview->buckets[span->buckets - 1].end;
}

static overview_bucket_t *bucket_at(overview_t *overview, apr_time_t time)
{
    int last = overview->span->buckets - 1;

    for (int i = 0; i < last; i++) {
        if (time < overview->buckets[i].end) {
            return &overview->buckets[i];
        }
    }
    return &overview->buckets[last];
}

static int add_activity(void *payload, apr_time_t start, const char *operation,
                        const summary_counts_t *counts)
{
    overview_t *overview = payload;
    overview_bucket_t *bucket = bucket_at(overview, start);
    apr_int64_t count = counts->success + counts->denied + counts->failed + counts->unknown;
    int series = event_series(operation);

    bucket->series[series] += count;
    bucket->total += count;
    overview->series[series] += count;
    overview->operations[operation_from_name(operation)] += count;
    overview->events += count;
    overview->outcomes.success += counts->success;
    overview->outcomes.denied += counts->denied;
    overview->outcomes.failed += counts->failed;
    overview->outcomes.unknown += counts->unknown;
    return 0;
}

/* ---- the most frequent ---- */

typedef struct top_t {
    page_t *page;
    json_value_t *rows;
} top_t;

static int add_top(void *payload, const summary_top_t *found)
{
    top_t *top = payload;
    apr_pool_t *pool = top->page->pool;
    json_value_t *row = json_push(top->rows, json_new_object(pool));
    const summary_counts_t *counts = &found->counts;

    json_set(row, "others", json_new_boolean(pool, found->others));
    json_set(row, "value", json_new_string(pool, apr_pstrdup(pool, found->value)));
    json_set(row, "login", json_new_string(pool, apr_pstrdup(pool, found->login)));
    json_set(row, "name", json_new_string(pool, apr_pstrdup(pool, found->name)));
    json_set(row, "country", json_new_string(pool, apr_pstrdup(pool, found->country)));
    json_set(row, "city", json_new_string(pool, apr_pstrdup(pool, found->city)));
    json_set(row, "events",
             json_new_integer(pool,
                              counts->success + counts->denied + counts->failed + counts->unknown));
    json_set(row, "denied", json_new_integer(pool, counts->denied));
    json_set(row, "failed", json_new_integer(pool, counts->failed));
    return 0;
}

typedef struct list_t {
    const char *name;
    summary_kind_t kind;
} list_t;

static const list_t lists[] = {
    {"users", SUMMARY_USERS},
    {"models", SUMMARY_MODELS},
    {"places", SUMMARY_PLACES},
    {"addresses", SUMMARY_ADDRESSES},
};
#define LISTS (int)(sizeof(lists) / sizeof(lists[0]))

static apr_status_t read_lists(page_t *page, store_t *store, const summary_scope_t *scope)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < LISTS && status == APR_SUCCESS; i++) {
        top_t top = {page, json_member(page->view, lists[i].name)};

        status =
            store_summary_top(store, scope, lists[i].kind, OVERVIEW_TOP, add_top, &top, page->pool);
    }
    return status;
}

/* ---- what is odd about sessions ---- */

typedef struct risks_t {
    overview_t *overview;
    apr_pool_t *pool;
} risks_t;

static void add_risk(void *payload, const char *risks, apr_int64_t sessions)
{
    risks_t *adding = payload;
    const json_value_t *names = session_risk_names(adding->pool, risks);

    for (const json_value_t *name = names->first; name; name = name->next) {
        risk_t risk = session_risk_from_name(json_string(name));

        if (risk < RISKS) {
            adding->overview->risks[risk] += sessions;
        }
    }
}

/* Of the same sessions that the page of sessions lists for that time. */
static apr_status_t read_risks(overview_t *overview, page_t *page, store_t *store)
{
    risks_t adding = {overview, page->pool};
    session_filter_t filter = {.state = NULL};
    apr_interval_time_t span = 0;

    if (!rights_limit_sessions(page->request, &filter) ||
        duration_parse(overview->span->last, &span)) {
        return APR_SUCCESS;
    }
    filter.active_since = page->request->now - span;
    return store_session_risks(store, &filter, add_risk, &adding, page->pool);
}

/* ---- */

static int limit(summary_scope_t *scope, const overview_t *overview, const page_t *page)
{
    event_filter_t filter = {.site = NULL};

    if (!rights_limit_events(page->request, &filter)) {
        return 0;
    }
    memset(scope, 0, sizeof(*scope));
    scope->from = overview->from;
    scope->to = overview->to;
    scope->site = filter.site;
    scope->own_only = filter.own_only;
    scope->own_site = filter.own_site;
    scope->own_database = filter.own_database;
    scope->own_uid = filter.own_uid;
    return 1;
}

static apr_status_t read_store(overview_t *overview, page_t *page, store_t *store,
                               const summary_scope_t *scope)
{
    apr_time_exp_t clock;
    apr_status_t status =
        store_summary_activity(store, scope, SUMMARY_HOUR, add_activity, overview, page->pool);

    zone_explode(page->zone, page->request->now, &clock);
    if (status == APR_SUCCESS) {
        status = store_summary_week(store, scope, clock.tm_gmtoff, overview->week, page->pool);
    }
    if (status == APR_SUCCESS) {
        status = read_risks(overview, page, store);
    }
    return status == APR_SUCCESS ? read_lists(page, store, scope) : status;
}

void overview_read(overview_t *overview, const span_info_t *span, page_t *page)
{
    summary_scope_t scope;
    store_t *store;

    lay_out(overview, span, page);
    for (int i = 0; i < LISTS; i++) {
        json_set(page->view, lists[i].name, json_new_array(page->pool));
    }
    if (!limit(&scope, overview, page) || page_open_store(page, &store) != APR_SUCCESS) {
        return;
    }
    if (read_store(overview, page, store, &scope) != APR_SUCCESS) {
        page_store_failed(page, store);
    }
    store_close(store);
}
