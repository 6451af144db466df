/* The values of a record before a write, as they were last shown to the session that writes. */
#include <httpd.h>

#include <apr_strings.h>

#include "httpd/exchange.h"
#include "httpd/runtime.h"
#include "odoo/shown_values.h"

#define MAX_FIELDS 256       /* of one record that are kept, or of one write that are looked for */
#define MAX_RECORDS 20       /* of one write that are looked for */
#define MAX_SIZE (48 * 1024) /* bytes of values that an event tells */

/* An answer that shows records. */
typedef struct watch_t {
    exchange_t *exchange;
    shown_view_t view;
    apr_pool_t *pool; /* of one record */
} watch_t;

/* A session that somebody has proved to have: the name and number that come with a password are not
 * believed before Odoo has answered. */
static int has_view(const exchange_t *exchange)
{
    return runtime()->shown && exchange->site->old_values &&
           exchange->rules->values == VALUES_FULL && exchange->session.state == SESSION_OPEN &&
           exchange->session.uid > 0 && exchange->kind != SESSION_KIND_USER &&
           !exchange->hide_cookie && exchange->model &&
           track_wants(exchange->rules->track, OPERATION_WRITE, exchange->model);
}

static void find_view(const exchange_t *exchange, shown_view_t *view)
{
    shown_view(runtime()->shown, &exchange->fingerprint, exchange->session.uid,
               exchange->session.database, exchange->model, view);
}

/* Names parted by blanks, without values. */
static apr_size_t read_names(apr_pool_t *pool, const char *names, shown_field_t *fields)
{
    apr_size_t count = 0;
    char *state;

    for (char *name = names ? apr_strtok(apr_pstrdup(pool, names), " ", &state) : NULL;
         name && count < MAX_FIELDS; name = apr_strtok(NULL, " ", &state)) {
        fields[count].name = name;
        fields[count++].value = NULL;
    }
    return count;
}

/* The next of the ids parted by blanks; 0 if there is none. */
static apr_int64_t next_id(const char **ids)
{
    char *end;
    apr_int64_t id = apr_strtoi64(*ids, &end, 10);

    *ids = end;
    return id;
}

/* ---- what an answer shows ---- */

static apr_size_t read_record(const watch_t *watch, const json_value_t *record,
                              shown_field_t *fields)
{
    apr_size_t count = 0;

    for (const json_value_t *member = record->first; member && count < MAX_FIELDS;
         member = member->next) {
        fields[count].name = member->key;
        fields[count++].value = shown_values_text(watch->pool, member, SHOWN_VALUE_SIZE);
    }
    return count;
}

static void note_record(void *payload, apr_int64_t id, json_value_t *record)
{
    watch_t *watch = payload;
    exchange_t *exchange = watch->exchange;
    shown_field_t fields[MAX_FIELDS];
    int whole;

    old_values_forget(exchange); /* a save that shows what it made of the record */
    apr_pool_clear(watch->pool);
    whole = shown_values_prepare(watch->pool, exchange->rules->redact, exchange->model, record) &&
            record->count <= MAX_FIELDS;
    if (!whole) {
        shown_forget(runtime()->shown, &watch->view, id);
    }
    shown_note(runtime()->shown, &watch->view, id, fields, read_record(watch, record, fields), 1);
}

void old_values_watch(exchange_t *exchange)
{
    reply_watcher_t watcher = {note_record, NULL};
    watch_t *watch;

    if (!exchange->call || !exchange->call->shown || !has_view(exchange)) {
        return;
    }
    watch = apr_palloc(exchange->request->pool, sizeof(*watch));
    watch->exchange = exchange;
    find_view(exchange, &watch->view);
    apr_pool_create(&watch->pool, exchange->request->pool);
    watcher.payload = watch;
    reply_reader_watch(exchange->reply_reader, &watcher);
}

/* ---- what a write changes ---- */

static int writes(const exchange_t *exchange)
{
    return exchange->call && exchange->call->operation == OPERATION_WRITE &&
           exchange->call->record_ids && exchange->call->fields && has_view(exchange);
}

/* The old values of one record; NULL if none is known. Adds their size to *size. */
static json_value_t *find_record(const exchange_t *exchange, const shown_view_t *view,
                                 apr_int64_t id, apr_size_t *size)
{
    apr_pool_t *pool = exchange->request->pool;
    const redact_t *redact = exchange->rules->redact;
    json_value_t *record = json_new_object(pool);
    shown_field_t fields[MAX_FIELDS];
    apr_size_t count = read_names(pool, exchange->call->fields, fields);

    if (shown_find(runtime()->shown, view, id, fields, count, pool) == 0) {
        return NULL;
    }
    for (apr_size_t i = 0; i < count; i++) {
        json_value_t *value = fields[i].value ? shown_values_read(pool, redact, exchange->model,
                                                                  fields[i].name, fields[i].value)
                                              : NULL;

        if (value) {
            json_set(record, fields[i].name, value);
            *size += strlen(fields[i].name) + strlen(fields[i].value);
        }
    }
    return record->first ? record : NULL;
}

/* Of several records each under its id. Those that are not looked for count as left out. */
static json_value_t *find_records(const exchange_t *exchange, const shown_view_t *view)
{
    apr_pool_t *pool = exchange->request->pool;
    const char *ids = exchange->call->record_ids;
    json_value_t *records = json_new_object(pool);
    apr_int64_t looked = 0, id;
    apr_size_t size = 0;

    while (looked < MAX_RECORDS && size < MAX_SIZE && (id = next_id(&ids)) > 0) {
        json_value_t *record = find_record(exchange, view, id, &size);

        looked++;
        if (record && exchange->call->record_count == 1) {
            return record;
        }
        if (record) {
            json_set(records, apr_psprintf(pool, "%" APR_INT64_T_FMT, id), record);
        }
    }
    if (records->first && exchange->call->record_count > looked) {
        records->truncated = 1;
        records->count += (apr_size_t)(exchange->call->record_count - looked);
    }
    return records->first ? records : NULL;
}

void old_values_find(exchange_t *exchange)
{
    json_value_t *found;
    shown_view_t view;
    buffer_t buffer;

    if (!exchange->wanted || !writes(exchange)) {
        return;
    }
    find_view(exchange, &view);
    found = find_records(exchange, &view);
    if (found) {
        buffer_init(&buffer, exchange->request->pool, CALL_MAX_VALUES);
        json_write(&buffer, found);
        exchange->old_values = buffer.overflow ? NULL : buffer_string(&buffer);
    }
}

void old_values_forget(exchange_t *exchange)
{
    apr_pool_t *pool = exchange->request->pool;
    shown_field_t fields[MAX_FIELDS];
    shown_view_t view;
    const char *ids;
    apr_size_t count;
    apr_int64_t id;

    if (exchange->written || !writes(exchange)) {
        return;
    }
    exchange->written = 1;
    find_view(exchange, &view);
    count = read_names(pool, exchange->call->fields, fields);
    ids = exchange->call->record_ids;
    while ((id = next_id(&ids)) > 0) {
        shown_note(runtime()->shown, &view, id, fields, count, 0);
    }
}
