#include "store/hold.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "held.h"
#include "query.h"
#include "store/purge.h"
#include "text/duration.h"

/* ---- the events ---- */

int hold_says_nothing(const hold_t *hold)
{
    return !hold->user && !(hold->model && hold->record > 0) && !hold->from && !hold->to;
}

static void add_text(json_value_t *values, const char *name, const char *text, apr_pool_t *pool)
{
    if (text && *text) {
        json_set(values, name, json_new_string(pool, text));
    }
}

json_value_t *hold_values(const hold_t *hold, apr_pool_t *pool)
{
    json_value_t *values = json_new_object(pool);

    add_text(values, "hold", hold->id, pool);
    add_text(values, "database", hold->database, pool);
    add_text(values, "user", hold->user, pool);
    add_text(values, "model", hold->model, pool);
    if (hold->record > 0) {
        json_set(values, "record", json_new_integer(pool, hold->record));
    }
    add_text(values, "from", hold->from ? time_format(pool, hold->from) : NULL, pool);
    add_text(values, "to", hold->to ? time_format(pool, hold->to) : NULL, pool);
    add_text(values, "reason", hold->reason, pool);
    return values;
}

static const char *member_text(const json_value_t *values, const char *name)
{
    const char *text = json_string(json_member(values, name));

    return text && *text ? text : NULL;
}

static apr_time_t member_time(const json_value_t *values, const char *name)
{
    const char *text = member_text(values, name);
    apr_time_t time;

    return text && time_parse(text, &time) == APR_SUCCESS ? time : 0;
}

static const char *time_value(apr_time_t time, apr_pool_t *pool)
{
    return time ? number_text(apr_time_as_msec(time), pool) : NULL;
}

static apr_status_t insert_hold(store_t *store, const event_t *event, const json_value_t *values,
                                const char *set_ms)
{
    apr_int64_t record = 0;
    const char *parameters[] = {
        member_text(values, "hold"),
        event->cell[EVENT_SITE],
        member_text(values, "database"),
        member_text(values, "user"),
        member_text(values, "model"),
        json_integer(json_member(values, "record"), &record) && record > 0
            ? number_text(record, store->step)
            : NULL,
        time_value(member_time(values, "from"), store->step),
        time_value(member_time(values, "to"), store->step),
        member_text(values, "reason"),
        event->cell[EVENT_LOGIN],
        set_ms,
    };

    return store_execute(store, HOLD_INSERT, parameters, NULL);
}

apr_status_t upkeep_hold(store_t *store, const event_t *event)
{
    static const json_limits_t limits = {256, 16384, 4096, 64};
    const char *operation = event->cell[EVENT_OPERATION], *text = event->cell[EVENT_VALUES];
    const json_value_t *values;
    apr_time_t time;

    if (!operation || strncmp(operation, "hold_", 5) || !text || !event->cell[EVENT_SITE] ||
        time_parse(event->cell[EVENT_TIME], &time)) {
        return APR_SUCCESS;
    }
    values = json_parse(store->step, text, strlen(text), &limits);
    if (!member_text(values, "hold")) {
        return APR_SUCCESS;
    }
    if (!strcmp(operation, "hold_set")) {
        return insert_hold(store, event, values, time_value(time, store->step));
    }
    const char *parameters[] = {event->cell[EVENT_LOGIN], time_value(time, store->step),
                                member_text(values, "hold"), event->cell[EVENT_SITE]};
    return store_execute(store, HOLD_LIFT, parameters, NULL);
}

/* ---- reading ---- */

static apr_time_t read_time(const rows_t *rows, int column)
{
    return apr_time_from_msec(rows_integer(rows, column));
}

static void read_hold(const rows_t *rows, hold_t *hold)
{
    *hold = (hold_t){
        .id = rows_text(rows, 0),
        .site = rows_text(rows, 1),
        .database = rows_text(rows, 2),
        .user = rows_text(rows, 3),
        .model = rows_text(rows, 4),
        .record = rows_integer(rows, 5),
        .from = read_time(rows, 6),
        .to = read_time(rows, 7),
        .reason = rows_text(rows, 8),
        .set_by = rows_text(rows, 9),
        .set = read_time(rows, 10),
        .lifted_by = rows_text(rows, 11),
        .lifted = read_time(rows, 12),
    };
}

static const char hold_columns[] = "SELECT id, site, db, who, model, record, from_ms, to_ms, "
                                   "reason, set_by, set_ms, lifted_by, lifted_ms FROM holds";

apr_status_t store_holds(store_t *store, const char *site, int limit, store_hold_visit_t visit,
                         void *payload, apr_pool_t *pool)
{
    query_t query;
    rows_t rows;
    hold_t hold;
    apr_status_t status;

    query_init(&query, pool, hold_columns);
    if (site) {
        query_where(&query, "site = %s", site);
    }
    query_text(&query,
               " ORDER BY CASE WHEN lifted_ms IS NULL THEN 0 ELSE 1 END, set_ms DESC, id LIMIT %s");
    query_number(&query, limit < STORE_HOLDS_MOST ? limit : STORE_HOLDS_MOST);
    status = query_select(&query, store, &rows, pool);
    while (!status && rows_next(&rows)) {
        read_hold(&rows, &hold);
        if (visit(payload, &hold)) {
            break;
        }
    }
    return status;
}

apr_status_t store_hold_find(store_t *store, const char *site, const char *id, hold_t *hold,
                             apr_pool_t *pool)
{
    query_t query;
    rows_t rows;
    apr_status_t status;

    query_init(&query, pool, hold_columns);
    query_where(&query, "id = %s", id);
    query_where(&query, "site = %s", site);
    status = query_select(&query, store, &rows, pool);
    if (!status && !rows_next(&rows)) {
        return APR_NOTFOUND;
    }
    if (!status) {
        read_hold(&rows, hold);
    }
    return status;
}

/* ---- what is held ---- */

apr_status_t held_load(store_t *store, apr_array_header_t **holds, apr_pool_t *pool)
{
    query_t query;
    rows_t rows;
    apr_status_t status;

    query_init(&query, pool, hold_columns);
    query_where(&query, "lifted_ms IS NULL", NULL);
    query_text(&query, " ORDER BY set_ms LIMIT %s");
    query_number(&query, STORE_MAX_HOLDS + 1);
    status = query_select(&query, store, &rows, pool);
    *holds = apr_array_make(pool, 16, sizeof(hold_t));
    while (!status && rows_next(&rows)) {
        read_hold(&rows, &APR_ARRAY_PUSH(*holds, hold_t));
    }
    return status;
}

static int is_text(const char *wanted, const char *cell, const char *instead)
{
    const char *known = cell ? cell : instead;

    return known && !strcmp(known, wanted);
}

static int is_user(const char *user, const row_t *row)
{
    return is_text(user, row->value[EVENT_UID], row->value[ROW_WHO_UID]) ||
           is_text(user, row->value[EVENT_LOGIN], row->value[ROW_WHO_LOGIN]);
}

static int has_record(apr_int64_t record, const row_t *row)
{
    const char *ids = row->value[EVENT_RECORD_IDS];
    apr_int64_t id;

    while (row_next_record(&ids, &id)) {
        if (id == record) {
            return 1;
        }
    }
    return 0;
}

static int fits(const hold_t *hold, const row_t *row)
{
    return (!hold->site || is_text(hold->site, row->value[EVENT_SITE], NULL)) &&
           (!hold->database || is_text(hold->database, row->value[EVENT_DATABASE], NULL)) &&
           (!hold->from || row->time_ms >= apr_time_as_msec(hold->from)) &&
           (!hold->to || row->time_ms < apr_time_as_msec(hold->to)) &&
           (!hold->user || is_user(hold->user, row)) &&
           (!hold->model || is_text(hold->model, row->value[EVENT_MODEL], NULL)) &&
           (!hold->record || has_record(hold->record, row));
}

int held_row(const apr_array_header_t *holds, const row_t *row)
{
    if (holds->nelts > STORE_MAX_HOLDS) {
        return 1;
    }
    for (int i = 0; i < holds->nelts; i++) {
        if (fits(&APR_ARRAY_IDX(holds, i, hold_t), row)) {
            return 1;
        }
    }
    return 0;
}
