#include "view.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "text/duration.h"
#include "text/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* ---- events ---- */

static json_value_t *parsed_values(apr_pool_t *pool, const char *text)
{
    apr_size_t length = strlen(text);
    json_limits_t limits = {.nodes = length + 1,
                            .bytes = length + 1,
                            .string = length + 1,
                            .members = length + 1};
    json_value_t *value =
        length <= VIEW_MAX_PARSED ? json_parse(pool, text, length, &limits) : NULL;

    return value ? value : json_new_string(pool, apr_pstrdup(pool, text));
}

static json_value_t *cell_value(apr_pool_t *pool, const event_t *event, event_column_t column)
{
    const char *text = event->cell[column];

    if (!text || !*text) {
        return json_new_string(pool, NULL);
    }
    if (column == EVENT_VALUES || column == EVENT_OLD_VALUES) {
        return parsed_values(pool, text);
    }
    if (event_columns[column].kind == EVENT_KIND_INTEGER) {
        return json_new_integer(pool, apr_atoi64(text));
    }
    return json_new_string(pool, apr_pstrdup(pool, text));
}

json_value_t *view_event(apr_pool_t *pool, const event_t *event)
{
    json_value_t *object = json_new_object(pool);

    for (int column = 0; column < EVENT_PUBLIC_COLUMNS; column++) {
        json_set(object, event_columns[column].name,
                 cell_value(pool, event, (event_column_t)column));
    }
    return object;
}

static json_value_t *shown_value(apr_pool_t *pool, const json_value_t *value)
{
    buffer_t buffer;

    if (!value) {
        return json_new_string(pool, NULL);
    }
    if (value->type == JSON_TYPE_STRING) {
        return view_cut(pool, *value->text ? value->text : "\"\"", VIEW_MAX_SHOWN);
    }
    buffer_init(&buffer, pool, VIEW_MAX_ELEMENT);
    json_write(&buffer, value);
    return view_cut(pool, buffer_string(&buffer), VIEW_MAX_SHOWN);
}

static void add_change(apr_pool_t *pool, json_value_t *changes, const char *field,
                       const json_value_t *before, const json_value_t *after)
{
    json_value_t *change = json_push(changes, json_new_object(pool));

    json_set(change, "field", json_new_string(pool, field));
    json_set(change, "old", shown_value(pool, before));
    json_set(change, "new", shown_value(pool, after));
}

/* The old values of a call on several records stand under their ids; no field has such a name. */
static int is_by_record(const json_value_t *before)
{
    return before && before->type == JSON_TYPE_OBJECT && before->first &&
           apr_isdigit(*before->first->key);
}

/* Of several records all that is known of the field, under their ids; NULL if nothing is. */
static const json_value_t *old_value(apr_pool_t *pool, const json_value_t *before,
                                     const char *field)
{
    json_value_t *known;

    if (!is_by_record(before)) {
        return json_member(before, field);
    }
    known = json_new_object(pool);
    for (const json_value_t *record = before->first; record; record = record->next) {
        const json_value_t *value = json_member(record, field);

        if (value) {
            json_set(known, record->key, apr_pmemdup(pool, value, sizeof(*value)));
        }
    }
    return known->first ? known : NULL;
}

/* Both may be of any type or NULL: values are an object, or an array of objects where the call
 * carried a list. */
static void add_changes(apr_pool_t *pool, json_value_t *changes, const json_value_t *before,
                        const json_value_t *after)
{
    const json_value_t *members = after && after->type == JSON_TYPE_OBJECT ? after->first : NULL;

    if (after && after->type != JSON_TYPE_OBJECT && after->type != JSON_TYPE_NULL) {
        add_change(pool, changes, NULL, before, after);
    }
    if (!after && before && before->type == JSON_TYPE_OBJECT) {
        for (members = before->first; members && changes->count < VIEW_MAX_CHANGES;
             members = members->next) {
            add_change(pool, changes, members->key, members, NULL);
        }
        return;
    }
    for (; members && changes->count < VIEW_MAX_CHANGES; members = members->next) {
        add_change(pool, changes, members->key, old_value(pool, before, members->key), members);
    }
}

json_value_t *view_changes(apr_pool_t *pool, const json_value_t *event)
{
    json_value_t *changes = json_new_array(pool);
    const json_value_t *before = json_member(event, event_columns[EVENT_OLD_VALUES].name);
    const json_value_t *after = json_member(event, event_columns[EVENT_VALUES].name);

    if (after && after->type == JSON_TYPE_ARRAY) {
        const json_value_t *element = after->first;

        for (; element && changes->count < VIEW_MAX_CHANGES; element = element->next) {
            add_changes(pool, changes, is_by_record(before) ? before : NULL, element);
        }
    }
    else {
        add_changes(pool, changes, before, after);
    }
    return changes;
}

/* ---- small values ---- */

json_value_t *view_time(apr_pool_t *pool, apr_time_t time)
{
    return json_new_string(pool, time > 0 ? time_format(pool, time) : NULL);
}

typedef struct unit_t {
    const char *name;
    apr_int64_t seconds;
} unit_t;

static const unit_t units[] = {{"day", 86400}, {"hour", 3600}, {"minute", 60}};

static const char *ago_text(apr_pool_t *pool, apr_time_t time, apr_time_t now)
{
    apr_int64_t seconds = apr_time_sec(now - time);

    for (int i = 0; i < (int)(sizeof(units) / sizeof(units[0])); i++) {
        apr_int64_t count = seconds / units[i].seconds;

        if (count > 0) {
            return apr_psprintf(pool, "%" APR_INT64_T_FMT " %s%s ago", count, units[i].name,
                                count == 1 ? "" : "s");
        }
    }
    return "just now";
}

static json_value_t *clock_object(apr_pool_t *pool, const zone_t *zone, apr_time_t time,
                                  const char *text)
{
    json_value_t *object = json_new_object(pool);

    json_set(object, "iso", json_new_string(pool, time_format(pool, time)));
    json_set(object, "exact", json_new_string(pool, zone_format_exact(zone, time, pool)));
    json_set(object, "text", json_new_string(pool, text));
    return object;
}

json_value_t *view_clock(apr_pool_t *pool, const zone_t *zone, apr_time_t time)
{
    return time > 0 ? clock_object(pool, zone, time, zone_format(zone, time, pool))
                    : json_new_string(pool, NULL);
}

json_value_t *view_clock_of(apr_pool_t *pool, const zone_t *zone, const char *iso)
{
    apr_time_t time;

    return view_clock(pool, zone, iso && time_parse(iso, &time) == APR_SUCCESS ? time : 0);
}

json_value_t *view_ago(apr_pool_t *pool, const zone_t *zone, apr_time_t time, apr_time_t now)
{
    return time > 0 ? clock_object(pool, zone, time, ago_text(pool, time, now))
                    : json_new_string(pool, NULL);
}

const char *view_number(apr_pool_t *pool, apr_int64_t number)
{
    const char *text = "";

    for (; number >= 1000; number /= 1000) {
        text = apr_psprintf(pool, ",%03d%s", (int)(number % 1000), text);
    }
    return apr_psprintf(pool, "%d%s", (int)number, text);
}

const char *view_joined(apr_pool_t *pool, const char *first, const char *between,
                        const char *second)
{
    int begun = first && *first, ended = second && *second;

    if (begun && ended) {
        return apr_pstrcat(pool, first, between, second, NULL);
    }
    return begun ? first : ended ? second : NULL;
}

json_value_t *view_cut(apr_pool_t *pool, const char *text, apr_size_t bytes)
{
    apr_size_t length = text ? strlen(text) : 0;

    if (length <= bytes) {
        return json_new_string(pool, text);
    }
    return json_new_string(pool,
                           apr_pstrcat(pool,
                                       apr_pstrmemdup(pool, text, utf8_cut(text, length, bytes)),
                                       ELLIPSIS, NULL));
}

json_value_t *view_words(apr_pool_t *pool, const char *word)
{
    char *words = word ? apr_pstrdup(pool, word) : NULL;

    for (char *at = words; at && *at; at++) {
        if (*at == '_') {
            *at = ' ';
        }
    }
    return json_new_string(pool, words);
}

/* ---- JSON ---- */

typedef struct json_output_t {
    template_write_t write;
    void *payload;
    buffer_t buffer;
} json_output_t;

static apr_status_t flush_json(json_output_t *output)
{
    apr_status_t status = APR_ENOSPC;

    if (!output->buffer.overflow) {
        status = output->write(output->payload, output->buffer.data, output->buffer.length);
    }
    buffer_reset(&output->buffer);
    return status;
}

static apr_status_t write_elements(json_output_t *output, const json_value_t *array)
{
    apr_status_t status = APR_SUCCESS;

    buffer_append_char(&output->buffer, '[');
    for (const json_value_t *element = array->first; element && status == APR_SUCCESS;
         element = element->next) {
        json_write(&output->buffer, element);
        if (element->next) {
            buffer_append_char(&output->buffer, ',');
        }
        status = flush_json(output);
    }
    buffer_append_char(&output->buffer, ']');
    return status;
}

apr_status_t view_write_json(const json_value_t *view, template_write_t write, void *payload,
                             apr_pool_t *pool)
{
    json_output_t output = {.write = write, .payload = payload};
    apr_status_t status = APR_SUCCESS;
    char before = '{';

    buffer_init(&output.buffer, pool, VIEW_MAX_ELEMENT);
    for (const json_value_t *member = view->first; member && status == APR_SUCCESS;
         member = member->next) {
        buffer_append_char(&output.buffer, before);
        before = ',';
        json_write_string(&output.buffer, member->key, strlen(member->key));
        buffer_append_char(&output.buffer, ':');
        if (member->type == JSON_TYPE_ARRAY) {
            status = write_elements(&output, member);
        }
        else {
            json_write(&output.buffer, member);
        }
    }
    buffer_append_string(&output.buffer, view->first ? "}\n" : "{}\n");
    return status == APR_SUCCESS ? flush_json(&output) : status;
}
