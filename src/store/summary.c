#include "store/summary.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "query.h"
#include "summarise.h"

#define SUMS "SUM(n_success), SUM(n_denied), SUM(n_failed), SUM(n_unknown)"

/* ---- what is asked for ---- */

static apr_status_t check_range(const summary_scope_t *scope, summarise_kind_t kind)
{
    apr_int64_t days = kind == SUMMARISE_HOUR_OPERATION ? SUMMARY_MAX_HOURS_DAYS : SUMMARY_MAX_DAYS;

    if (scope->from <= 0 || scope->to <= scope->from ||
        (scope->to - scope->from) / 1000 > days * SUMMARISE_DAY) {
        return APR_EINVAL;
    }
    return APR_SUCCESS;
}

/* The condition on owner comes before that on start_ms: the primary key's order. */
static void where_scope(query_t *query, const summary_scope_t *scope, summarise_kind_t kind,
                        apr_int64_t from, apr_int64_t to)
{
    char owner[SUMMARISE_OWNER_MAX] = "";

    query->glue = " WHERE ";
    query_where_number(query, "kind = %s", kind);
    if (scope->own_only && (!scope->own_site || scope->own_uid <= 0)) {
        query_where(query, "1 = 0", NULL);
    }
    else if (scope->own_only) {
        summarise_owner(owner, number_text(scope->own_uid, query->pool), scope->own_database);
        query_where(query, "site = %s", scope->own_site);
    }
    query_where(query, "owner = %s", apr_pstrdup(query->pool, owner));
    query_where_number(query, "start_ms >= %s", from);
    query_where_number(query, "start_ms < %s", to);
    if (scope->site) {
        query_where(query, "site = %s", scope->site);
    }
}

/* What is kept by ten days besides, or the kind itself. */
static summarise_kind_t long_kind(const summary_scope_t *scope, summarise_kind_t kind)
{
    if (scope->own_only) {
        return kind;
    }
    return kind == SUMMARISE_USER      ? SUMMARISE_USER_TEN_DAYS
           : kind == SUMMARISE_ADDRESS ? SUMMARISE_ADDRESS_TEN_DAYS
                                       : kind;
}

/* The rows of the range: by ten days as far as it goes, and by the day around them. */
static void from_scope(query_t *query, const summary_scope_t *scope, summarise_kind_t kind)
{
    static const char rows[] =
        "SELECT start_ms, site, value, n_success, n_denied, n_failed, n_unknown FROM summaries";
    summarise_kind_t longer = long_kind(scope, kind);
    apr_int64_t span = summarise_span(kind), ten = SUMMARISE_TEN_DAYS;
    apr_int64_t from = apr_time_as_msec(scope->from) / span * span;
    apr_int64_t to = ((scope->to + 999) / 1000 + span - 1) / span * span;
    apr_int64_t first = (from + ten - 1) / ten * ten, end = to / ten * ten;

    if (longer == kind || first >= end) {
        query_text(query, " FROM summaries");
        where_scope(query, scope, kind, from, to);
        return;
    }
    query_text(query, " FROM (");
    query_text(query, rows);
    where_scope(query, scope, kind, from, first);
    query_text(query, " UNION ALL ");
    query_text(query, rows);
    where_scope(query, scope, longer, first, end);
    query_text(query, " UNION ALL ");
    query_text(query, rows);
    where_scope(query, scope, kind, end, to);
    query_text(query, ") AS counted");
}

/* The four sums from this column on. */
static void read_counts(const rows_t *rows, int column, summary_counts_t *counts)
{
    counts->success = rows_integer(rows, column);
    counts->denied = rows_integer(rows, column + 1);
    counts->failed = rows_integer(rows, column + 2);
    counts->unknown = rows_integer(rows, column + 3);
}

static apr_int64_t total_of(const summary_counts_t *counts)
{
    return counts->success + counts->denied + counts->failed + counts->unknown;
}

static apr_status_t select_sums(store_t *store, const summary_scope_t *scope, summarise_kind_t kind,
                                const char *select, const char *order, rows_t *rows,
                                apr_pool_t *pool)
{
    query_t query;
    apr_status_t status = check_range(scope, kind);

    if (!status) {
        query_init(&query, pool, select);
        from_scope(&query, scope, kind);
        query_text(&query, order);
        status = query_select(&query, store, rows, pool);
    }
    return status;
}

/* ---- over time ---- */

apr_status_t store_summary_activity(store_t *store, const summary_scope_t *scope,
                                    summary_bucket_t bucket, summary_activity_visit_t visit,
                                    void *payload, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status =
        select_sums(store, scope,
                    bucket == SUMMARY_HOUR ? SUMMARISE_HOUR_OPERATION : SUMMARISE_DAY_OPERATION,
                    "SELECT start_ms, value, " SUMS,
                    " GROUP BY start_ms, value ORDER BY start_ms, value", &rows, pool);

    while (!status && rows_next(&rows)) {
        summary_counts_t counts;

        read_counts(&rows, 2, &counts);
        if (visit(payload, apr_time_from_msec(rows_integer(&rows, 0)), rows_text(&rows, 1),
                  &counts)) {
            break;
        }
    }
    return status;
}

apr_status_t store_summary_total(store_t *store, const summary_scope_t *scope,
                                 summary_counts_t *counts, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status =
        select_sums(store, scope, SUMMARISE_DAY_OPERATION, "SELECT " SUMS, "", &rows, pool);

    memset(counts, 0, sizeof(*counts));
    if (!status && rows_next(&rows)) {
        read_counts(&rows, 0, counts);
    }
    return status;
}

apr_status_t store_summary_week(store_t *store, const summary_scope_t *scope, int utc_offset,
                                apr_int64_t counts[7][24], apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = select_sums(store, scope, SUMMARISE_HOUR_OPERATION,
                                      "SELECT start_ms, " SUMS, " GROUP BY start_ms", &rows, pool);

    memset(counts, 0, 7 * sizeof(counts[0]));
    while (!status && rows_next(&rows)) {
        summary_counts_t sums;
        apr_int64_t hour =
            (rows_integer(&rows, 0) + (apr_int64_t)utc_offset * 1000) / SUMMARISE_HOUR;

        read_counts(&rows, 1, &sums);
        if (hour >= 0) { /* the first day of 1970 was a Thursday */
            counts[(hour / 24 + 3) % 7][hour % 24] += total_of(&sums);
        }
    }
    return status;
}

/* ---- the most frequent ---- */

static summarise_kind_t summarised_as(summary_kind_t kind)
{
    static const summarise_kind_t kinds[] = {[SUMMARY_USERS] = SUMMARISE_USER,
                                             [SUMMARY_MODELS] = SUMMARISE_MODEL,
                                             [SUMMARY_ADDRESSES] = SUMMARISE_ADDRESS,
                                             [SUMMARY_PLACES] = SUMMARISE_PLACE};

    return kinds[kind];
}

/* What the sessions know about a user; nothing if they are forgotten already. */
static apr_status_t read_user(store_t *store, summary_top_t *top, char *owner, apr_pool_t *pool)
{
    char *blank = strchr(owner, ' ');
    rows_t rows;
    apr_status_t status;

    if (blank) {
        *blank = '\0';
        top->database = blank[1] ? blank + 1 : NULL;
    }
    top->value = owner;
    const char *values[] = {top->value, top->site, top->database ? top->database : ""};

    status = store_select(store, USER_LABEL, values, &rows, pool);
    if (!status && rows_next(&rows)) {
        top->login = rows_text(&rows, 0);
        top->name = rows_text(&rows, 1);
    }
    return status;
}

static void read_place(summary_top_t *top, char *place)
{
    char *tab = strchr(place, '\t');

    if (tab) {
        *tab = '\0';
        top->city = tab[1] ? tab + 1 : NULL;
    }
    top->country = *place ? place : NULL;
}

/* Columns: value, site, sums. */
static apr_status_t read_top(store_t *store, summary_kind_t kind, const rows_t *rows,
                             summary_top_t *top, apr_pool_t *pool)
{
    char *value = apr_pstrdup(pool, rows_text(rows, 0));

    memset(top, 0, sizeof(*top));
    read_counts(rows, 2, &top->counts);
    if (!strcmp(value, SUMMARISE_OTHERS)) {
        top->others = 1;
        return APR_SUCCESS;
    }
    if (kind == SUMMARY_USERS) {
        top->site = rows_text(rows, 1);
        return read_user(store, top, value, pool);
    }
    if (kind == SUMMARY_PLACES) {
        read_place(top, value);
    }
    else {
        top->value = value;
    }
    return APR_SUCCESS;
}

/* A user's own row is among everybody's, where the rights do not let us look: it is the total. */
static apr_status_t own_user(store_t *store, const summary_scope_t *scope,
                             summary_top_visit_t visit, void *payload, apr_pool_t *pool)
{
    summary_top_t top = {.site = scope->own_site};
    char owner[SUMMARISE_OWNER_MAX];
    apr_status_t status = store_summary_total(store, scope, &top.counts, pool);

    if (!status && total_of(&top.counts) > 0) {
        summarise_owner(owner, number_text(scope->own_uid, pool), scope->own_database);
        status = read_user(store, &top, apr_pstrdup(pool, owner), pool);
        if (!status) {
            visit(payload, &top);
        }
    }
    return status;
}

apr_status_t store_summary_top(store_t *store, const summary_scope_t *scope, summary_kind_t kind,
                               int limit, summary_top_visit_t visit, void *payload,
                               apr_pool_t *pool)
{
    const char *select =
        kind == SUMMARY_USERS ? "SELECT value, site, " SUMS : "SELECT value, NULL, " SUMS;
    const char *order = apr_psprintf(
        pool,
        " GROUP BY value%s ORDER BY SUM(n_success + n_denied + n_failed + n_unknown) DESC, value "
        "LIMIT %d",
        kind == SUMMARY_USERS ? ", site" : "", limit < SUMMARY_MAX_TOP ? limit : SUMMARY_MAX_TOP);
    rows_t rows;
    apr_status_t status;

    if (kind == SUMMARY_USERS && scope->own_only) {
        return own_user(store, scope, visit, payload, pool);
    }
    status = select_sums(store, scope, summarised_as(kind), select, order, &rows, pool);
    while (!status && rows_next(&rows)) {
        summary_top_t top;

        status = read_top(store, kind, &rows, &top, pool);
        if (!status && visit(payload, &top)) {
            break;
        }
    }
    return status;
}
