/* The values of a record before a write, as they were last shown to the session that writes.
 *
 * An answer that shows records is kept as it came, and read only when its session writes: most
 * records that are shown are never written. What was kept lies in memory alone, secrets in it
 * included, and is redacted as it is told. */
#include <httpd.h>

#include <apr_strings.h>

#include "httpd/exchange.h"
#include "httpd/runtime.h"
#include "odoo/shown_values.h"

#define MAX_FIELDS 256         /* of one write that are looked for */
#define MAX_RECORDS 20         /* of one write that are looked for */
#define MAX_ANSWER (24 * 1024) /* bytes of an answer that are kept, from its begin */
#define MAX_FORGOTTEN 4096     /* bytes of ids and names; a write of more makes all unknown */
#define MAX_LOOKED 32          /* notes that are looked at for one write */
#define MAX_READ (96 * 1024)   /* bytes of answers that are read for one write */
#define MAX_SIZE (48 * 1024)   /* bytes of values that an event tells */
#define ID_SIZE 24             /* digits of an id, and more */
#define SHORT_ANSWER 512       /* bytes: looked through byte by byte */

/* What a note begins with. Behind it stand the texts, each with its NUL but for the answer. */
typedef struct note_head_t {
    apr_uint32_t ids_size, fields_size; /* of what a write made unknown; 0: nothing */
    apr_uint32_t path_size;             /* 0: there is no answer */
    apr_uint32_t answer_length;
    int reply;      /* route_reply_t */
    int cut;        /* more was shown than stands there */
    int everything; /* a write made all unknown that was shown before */
} note_head_t;

typedef struct note_t {
    note_head_t head;
    const char *ids, *fields;
    shown_answer_t answer;
} note_t;

struct shown_gathered_t {
    char *data;
    apr_size_t length, size;
    int cut;
};

/* ---- whose ---- */

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

/* NULL if there is none. It stays as it was first asked for: a session that becomes somebody else's
 * does so with an answer. */
static const shown_view_t *view_of(exchange_t *exchange)
{
    if (!exchange->view && has_view(exchange)) {
        shown_view_t *view = apr_palloc(exchange->request->pool, sizeof(*view));

        if (shown_view(runtime()->shown, &exchange->fingerprint, exchange->session.uid,
                       exchange->session.database, exchange->model, view)) {
            exchange->view = view;
        }
    }
    return exchange->view;
}

static int writes(const exchange_t *exchange)
{
    return exchange->call && exchange->call->operation == OPERATION_WRITE &&
           exchange->call->record_ids && exchange->call->fields;
}

/* The next of the ids parted by blanks; 0 if there is none. */
static apr_int64_t next_id(const char **ids)
{
    char *end;
    apr_int64_t id = apr_strtoi64(*ids, &end, 10);

    *ids = end;
    return id;
}

/* ---- what an answer shows, and what a write makes unknown ---- */

void old_values_watch(exchange_t *exchange)
{
    shown_gathered_t *gathered;
    const char *length;

    if (!exchange->call || !exchange->call->shown || exchange->head.status != HTTP_OK ||
        exchange->head.content_encoding || !view_of(exchange)) {
        return;
    }
    length = apr_table_get(exchange->request->headers_out, "Content-Length");
    gathered = apr_pcalloc(exchange->request->pool, sizeof(*gathered));
    gathered->size = length ? (apr_size_t)apr_atoi64(length) : MAX_ANSWER;
    if (gathered->size > MAX_ANSWER) {
        gathered->size = MAX_ANSWER;
    }
    gathered->data = apr_palloc(exchange->request->pool, gathered->size);
    gathered->cut = 1; /* until its end is seen */
    exchange->gathered = gathered;
}

int old_values_gather(exchange_t *exchange, const char *data, apr_size_t length)
{
    shown_gathered_t *gathered = exchange->gathered;
    apr_size_t room, fits;

    if (!gathered) {
        return 1;
    }
    room = gathered->size - gathered->length;
    fits = length < room ? length : room;
    memcpy(gathered->data + gathered->length, data, fits);
    gathered->length += fits;
    return length > room;
}

void old_values_gathered(exchange_t *exchange)
{
    if (exchange->gathered) {
        exchange->gathered->cut = 0;
    }
}

/* What the write changed holds no longer. */
static void note_forgotten(const exchange_t *exchange, note_head_t *head)
{
    const call_t *call = exchange->call;
    apr_size_t ids = strlen(call->record_ids) + 1, fields = strlen(call->fields) + 1;

    if (ids + fields > MAX_FORGOTTEN || call->flags) { /* more may have been written than is told */
        head->everything = 1;
        return;
    }
    head->ids_size = (apr_uint32_t)ids;
    head->fields_size = (apr_uint32_t)fields;
}

void old_values_note(exchange_t *exchange, const reply_t *reply)
{
    const shown_gathered_t *gathered =
        reply->outcome == OUTCOME_SUCCESS ? exchange->gathered : NULL;
    const call_t *call = exchange->call;
    note_head_t head = {0};
    struct iovec pieces[5] = {{&head, sizeof(head)}};
    const shown_view_t *view;
    int forgets = writes(exchange) &&
                  (reply->outcome == OUTCOME_SUCCESS || reply->outcome == OUTCOME_UNKNOWN);

    view = gathered || forgets ? view_of(exchange) : NULL;
    if (!view || (!gathered && !shown_any(runtime()->shown, view))) {
        return;
    }
    if (forgets) {
        note_forgotten(exchange, &head);
        pieces[1].iov_base = (void *)call->record_ids;
        pieces[2].iov_base = (void *)call->fields;
    }
    if (gathered) {
        head.path_size = (apr_uint32_t)strlen(call->shown) + 1;
        head.answer_length = (apr_uint32_t)gathered->length;
        head.reply = exchange->route->reply;
        head.cut = gathered->cut;
        pieces[3].iov_base = (void *)call->shown;
        pieces[4].iov_base = gathered->data;
    }
    pieces[1].iov_len = head.ids_size;
    pieces[2].iov_len = head.fields_size;
    pieces[3].iov_len = head.path_size;
    pieces[4].iov_len = head.answer_length;
    shown_add(runtime()->shown, view, pieces, 5);
}

/* ---- what a write changes ---- */

typedef struct field_t {
    const char *name;
    const char *value; /* JSON, or NULL */
    int open;          /* nothing is known of it yet */
    int note;          /* number of the note that told */
} field_t;

typedef struct record_t {
    apr_int64_t id;
    char digits[ID_SIZE];
    field_t *fields;
    int note;        /* number of the last one that showed it */
    apr_size_t open; /* fields */
} record_t;

typedef struct search_t {
    const exchange_t *exchange;
    record_t records[MAX_RECORDS];
    apr_size_t record_count, field_count;
    apr_size_t open; /* records */
    int note;        /* number of the one that is looked at */
    apr_size_t read; /* bytes of answers */
} search_t;

/* What a field is known to have been, or that it cannot be known. Of one answer the last word
 * counts. */
static void settle(search_t *search, record_t *record, field_t *field, const char *value)
{
    if (field->open) {
        field->open = 0;
        field->note = search->note;
        search->open -= --record->open == 0;
    }
    if (field->note == search->note) {
        field->value = value;
    }
}

static void settle_all(search_t *search, record_t *record)
{
    for (apr_size_t i = 0; i < search->field_count; i++) {
        if (record->fields[i].open) {
            settle(search, record, &record->fields[i], NULL);
        }
    }
}

static record_t *record_of(search_t *search, apr_int64_t id)
{
    for (apr_size_t i = 0; i < search->record_count; i++) {
        if (search->records[i].id == id) {
            return &search->records[i];
        }
    }
    return NULL;
}

static void take_record(void *payload, apr_int64_t id, json_value_t *shown)
{
    search_t *search = payload;
    apr_pool_t *pool = search->exchange->request->pool;
    record_t *record = record_of(search, id);
    int whole;

    if (!record || (!record->open && record->note != search->note)) {
        return;
    }
    record->note = search->note;
    whole =
        shown_values_prepare(pool, search->exchange->rules->redact, search->exchange->model, shown);
    for (apr_size_t i = 0; i < search->field_count; i++) {
        const json_value_t *member = json_member(shown, record->fields[i].name);

        if (member) {
            settle(search, record, &record->fields[i], shown_values_text(pool, member));
        }
    }
    if (!whole) {
        settle_all(search, record);
    }
}

/* memmem prepares for long texts; in a short one its preparations are most of the work. */
static int stands_in(const char *data, apr_size_t length, const char *text, apr_size_t wanted)
{
    const char *end = data + length;

    while ((apr_size_t)(end - data) >= wanted &&
           (data = memchr(data, *text, (apr_size_t)(end - data) - wanted + 1)) != NULL) {
        if (memcmp(data++, text, wanted) == 0) {
            return 1;
        }
    }
    return 0;
}

static int contains(const shown_answer_t *answer, const char *text)
{
    apr_size_t wanted = strlen(text);

    return answer->length < SHORT_ANSWER
               ? stands_in(answer->data, answer->length, text, wanted)
               : memmem(answer->data, answer->length, text, wanted) != NULL;
}

/* Whether the answer may show an open field of the record: a number is spelled as its digits, and a
 * name as it is where nothing is escaped. */
static int may_show(const search_t *search, const record_t *record, const shown_answer_t *answer)
{
    if (!record->open || !contains(answer, record->digits)) {
        return 0;
    }
    for (apr_size_t i = 0; i < search->field_count; i++) {
        if (record->fields[i].open && contains(answer, record->fields[i].name)) {
            return 1;
        }
    }
    return memchr(answer->data, '\\', answer->length) || memchr(answer->data, '&', answer->length);
}

static int may_show_any(const search_t *search, const shown_answer_t *answer)
{
    for (apr_size_t i = 0; i < search->record_count; i++) {
        if (may_show(search, &search->records[i], answer)) {
            return 1;
        }
    }
    return 0;
}

static void look_at_answer(search_t *search, const note_t *note, apr_pool_t *pool)
{
    reply_watcher_t watcher = {take_record, search};

    if (!note->head.path_size) {
        return;
    }
    if (may_show_any(search, &note->answer)) {
        search->read += note->answer.length;
        shown_values_read(pool, &note->answer, &watcher);
    }
    for (apr_size_t i = 0; note->head.cut && i < search->record_count; i++) {
        if (search->records[i].note != search->note) {
            settle_all(search, &search->records[i]);
        }
    }
}

static int is_named(const char *names, const char *name)
{
    apr_size_t length = strlen(name);

    for (const char *found = strstr(names, name); found; found = strstr(found + 1, name)) {
        if ((found == names || found[-1] == ' ') && (!found[length] || found[length] == ' ')) {
            return 1;
        }
    }
    return 0;
}

static void look_at_forgotten(search_t *search, const note_t *note)
{
    const char *ids = note->head.ids_size ? note->ids : "";
    apr_int64_t id;

    for (apr_size_t i = 0; note->head.everything && i < search->record_count; i++) {
        settle_all(search, &search->records[i]);
    }
    while ((id = next_id(&ids)) > 0) {
        record_t *record = record_of(search, id);

        for (apr_size_t i = 0; record && i < search->field_count; i++) {
            if (record->fields[i].open && is_named(note->fields, record->fields[i].name)) {
                settle(search, record, &record->fields[i], NULL);
            }
        }
    }
}

static void unpack(note_t *note, const char *data)
{
    memcpy(&note->head, data, sizeof(note->head));
    note->ids = data + sizeof(note->head);
    note->fields = note->ids + note->head.ids_size;
    note->answer.path = note->fields + note->head.fields_size;
    note->answer.data = note->answer.path + note->head.path_size;
    note->answer.length = note->head.answer_length;
    note->answer.reply = (route_reply_t)note->head.reply;
}

static void look(search_t *search, const shown_view_t *view)
{
    shown_walk_t walk = {0};
    apr_pool_t *pool;
    apr_size_t length;
    const char *data;
    note_t note;

    apr_pool_create(&pool, search->exchange->request->pool);
    while (search->open && search->note < MAX_LOOKED && search->read < MAX_READ &&
           (data = shown_next(runtime()->shown, view, &walk, &length, pool))) {
        search->note++;
        unpack(&note, data);
        look_at_answer(search, &note, pool);
        look_at_forgotten(search, &note);
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
}

/* Names parted by blanks, all of them open. */
static field_t *open_fields(apr_pool_t *pool, const char *names, apr_size_t *count)
{
    apr_size_t most = 1;
    field_t *fields;
    char *name = apr_pstrdup(pool, names);

    for (const char *at = names; *at && most < MAX_FIELDS; at++) {
        most += *at == ' ';
    }
    fields = apr_pcalloc(pool, most * sizeof(*fields));
    *count = 0;
    while (*name && *count < most) {
        char *blank = strchr(name, ' '), *next = blank ? blank + 1 : name + strlen(name);

        if (blank) {
            *blank = '\0';
        }
        fields[*count].name = name;
        fields[(*count)++].open = 1;
        name = next;
    }
    return fields;
}

static search_t *open_search(const exchange_t *exchange)
{
    apr_pool_t *pool = exchange->request->pool;
    search_t *search = apr_pcalloc(pool, sizeof(*search));
    const char *ids = exchange->call->record_ids;
    apr_int64_t id;

    search->exchange = exchange;
    while (search->record_count < MAX_RECORDS && (id = next_id(&ids)) > 0) {
        record_t *record = &search->records[search->record_count];

        if (record_of(search, id)) {
            continue;
        }
        record->id = id;
        apr_snprintf(record->digits, sizeof(record->digits), "%" APR_INT64_T_FMT, id);
        record->fields = open_fields(pool, exchange->call->fields, &search->field_count);
        record->open = search->field_count;
        search->record_count++;
    }
    search->open = search->field_count ? search->record_count : 0;
    return search;
}

/* {"name": value} of what is known. 0 if nothing is. */
static int write_record(const search_t *search, const record_t *record, buffer_t *buffer)
{
    char separator = '{';

    for (apr_size_t i = 0; i < search->field_count; i++) {
        const field_t *field = &record->fields[i];

        if (field->value) {
            buffer_append_char(buffer, separator);
            json_write_string(buffer, field->name, strlen(field->name));
            buffer_append_char(buffer, ':');
            buffer_append_string(buffer, field->value);
            separator = ',';
        }
    }
    if (separator == ',') {
        buffer_append_char(buffer, '}');
    }
    return separator == ',';
}

static int is_known(const search_t *search, const record_t *record)
{
    for (apr_size_t i = 0; i < search->field_count; i++) {
        if (record->fields[i].value) {
            return 1;
        }
    }
    return 0;
}

/* Of several records each under its id. Those that were not looked for, or find no room, count as
 * left out. */
static int write_records(const search_t *search, apr_int64_t count, buffer_t *buffer)
{
    apr_int64_t left_out = count - (apr_int64_t)search->record_count;
    char separator = '{';

    for (apr_size_t i = 0; i < search->record_count; i++) {
        const record_t *record = &search->records[i];

        if (!is_known(search, record)) {
            continue;
        }
        if (buffer->length >= MAX_SIZE) {
            left_out++;
            continue;
        }
        buffer_append_char(buffer, separator);
        json_write_string(buffer, record->digits, strlen(record->digits));
        buffer_append_char(buffer, ':');
        write_record(search, record, buffer);
        separator = ',';
    }
    if (separator == ',' && left_out > 0) {
        buffer_append_string(buffer, ",\"$omitted\":");
        buffer_append_int64(buffer, left_out);
    }
    if (separator == ',') {
        buffer_append_char(buffer, '}');
    }
    return separator == ',';
}

void old_values_find(exchange_t *exchange)
{
    const shown_view_t *view = exchange->wanted && writes(exchange) ? view_of(exchange) : NULL;
    search_t *search;
    buffer_t buffer;
    int known;

    if (!view || !shown_any(runtime()->shown, view)) {
        return;
    }
    search = open_search(exchange);
    look(search, view);
    buffer_init(&buffer, exchange->request->pool, CALL_MAX_VALUES);
    known = exchange->call->record_count == 1 && search->record_count == 1
                ? write_record(search, &search->records[0], &buffer)
                : write_records(search, exchange->call->record_count, &buffer);
    if (known && !buffer.overflow) {
        exchange->old_values = buffer_string(&buffer);
    }
}
