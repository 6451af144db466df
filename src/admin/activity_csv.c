#include "page.h"

#include <string.h>

#include <apr_strings.h>

#include "answer.h"
#include "filter.h"
#include "note.h"
#include "trail/event_csv.h"
#include "trail/event_ecs.h"

#define CHUNK_ROWS 500
/* A chunk ends early once it holds this much: no statement stays open and no more than this and one
 * row waits while a slow client reads. */
#define CHUNK_BYTES (256 * 1024)
#define CHUNK_LIMIT (CHUNK_BYTES + 4 * 1024 * 1024)

typedef struct format_t {
    const char *type, *disposition;
    void (*header)(buffer_t *buffer); /* or NULL */
    void (*row)(buffer_t *buffer, const event_t *event);
} format_t;

typedef struct chunk_t {
    const format_t *format;
    buffer_t buffer;
    apr_int64_t last; /* id of the last event in it */
    int more;         /* there may be events behind it */
    int rows, most;   /* in it, and asked for: what is read and has no room is read again */
} chunk_t;

static const format_t csv = {ANSWER_CSV_TYPE, "attachment; filename=\"user-audit-activity.csv\"",
                             event_csv_header, event_csv_row};
static const format_t json_lines = {ANSWER_JSON_LINES_TYPE,
                                    "attachment; filename=\"user-audit-activity.jsonl\"", NULL,
                                    event_ecs_line};

static int append_event(void *payload, const event_t *event)
{
    chunk_t *chunk = payload;

    chunk->format->row(&chunk->buffer, event);
    chunk->last = event->cell[EVENT_ID] ? apr_atoi64(event->cell[EVENT_ID]) : chunk->last;
    chunk->more = 1;
    chunk->rows++;
    return chunk->buffer.length >= CHUNK_BYTES;
}

static apr_status_t send_header(page_t *page, const format_t *format)
{
    buffer_t buffer;

    if (!format->header) {
        return APR_SUCCESS;
    }
    buffer_init(&buffer, page->pool, EVENT_CSV_HEADER_MOST);
    format->header(&buffer);
    return answer_write(page, buffer.data, buffer.length);
}

/* As many for the next chunk as would have had room in this one. */
static void adapt(chunk_t *chunk)
{
    if (chunk->buffer.length >= CHUNK_BYTES) {
        chunk->most = chunk->rows;
    }
    else if (chunk->buffer.length < CHUNK_BYTES / 2) {
        chunk->most = 2 * chunk->most < CHUNK_ROWS ? 2 * chunk->most : CHUNK_ROWS;
    }
}

static apr_status_t read_chunk(store_t *store, const filter_t *filter, chunk_t *chunk,
                               apr_pool_t *pool)
{
    apr_status_t status;

    chunk->more = chunk->rows = 0;
    buffer_reset(&chunk->buffer);
    status = store_events_after(store, &filter->event, chunk->last, chunk->most, append_event,
                                chunk, pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    adapt(chunk);
    if (store_horizon(store) > chunk->last) {
        chunk->last = store_horizon(store);
        chunk->more = 1;
    }
    return chunk->buffer.overflow ? APR_ENOSPC : APR_SUCCESS;
}

static apr_status_t begin(page_t *page, const format_t *format, const filter_t *filter)
{
    answer_begin(page, format->type, format->disposition);
    note_reading(page, OPERATION_TRAIL_EXPORTED, filter);
    return send_header(page, format);
}

static apr_status_t unreadable(page_t *page, store_t *store, apr_status_t status, int begun)
{
    page_store_failed(page, store);
    return begun ? status : answer_error(page, 503, page->notice);
}

/* Oldest first, so that a full export can be verified from its first line to its last. The first
 * chunk is read before the answer begins: a database that is away is a 503, not an empty file. */
static apr_status_t send_events(page_t *page, const format_t *format, store_t *store,
                                const filter_t *filter)
{
    chunk_t chunk = {.format = format, .most = CHUNK_ROWS};
    apr_pool_t *pool;
    apr_status_t status;
    int begun = 0;

    buffer_init(&chunk.buffer, page->pool, CHUNK_LIMIT);
    apr_pool_create(&pool, page->pool);
    do {
        apr_pool_clear(pool);
        status = read_chunk(store, filter, &chunk, pool);
        if (status != APR_SUCCESS) {
            return unreadable(page, store, status, begun);
        }
        status = begun ? APR_SUCCESS : begin(page, format, filter);
        begun = 1;
        if (status == APR_SUCCESS) {
            status = answer_write(page, chunk.buffer.data, chunk.buffer.length);
        }
    } while (status == APR_SUCCESS && chunk.more);
    return status;
}

static apr_status_t send_nothing(page_t *page, const format_t *format)
{
    answer_begin(page, format->type, format->disposition);
    return send_header(page, format);
}

static apr_status_t send_export(page_t *page, const format_t *format)
{
    filter_t filter;
    store_t *store;
    const char *wrong = filter_read(&filter, page);
    apr_status_t status;

    if (wrong) {
        return answer_error(page, 400, wrong);
    }
    if (filter.nothing || strcmp(page->request->method, "HEAD") == 0) {
        return send_nothing(page, format);
    }
    status = page_open_store(page, &store);
    if (APR_STATUS_IS_ENOENT(status)) {
        return send_nothing(page, format);
    }
    if (status != APR_SUCCESS) {
        return answer_error(page, 503, page->notice);
    }
    status = send_events(page, format, store, &filter);
    store_close(store);
    return status;
}

apr_status_t activity_csv(page_t *page, const char *argument)
{
    (void)argument;
    return send_export(page, &csv);
}

apr_status_t activity_json_lines(page_t *page, const char *argument)
{
    (void)argument;
    return send_export(page, &json_lines);
}
