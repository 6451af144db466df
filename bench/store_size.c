/* The store at size: what purging and exporting take. */
#include <stdio.h>
#include <sys/resource.h>

#include <apr_strings.h>

#include "store.h"
#include "store/purge.h"
#include "trail/event_csv.h"
#include "trail/event_ecs.h"

#define EXPORT_ROWS 500 /* of a chunk */
#define PURGE_BATCH 500 /* as KEEPER_PURGE_BATCH */

/* ---- purge ---- */

/* What others wait for is one transaction. */
void purge(apr_int64_t events, apr_pool_t *parent)
{
    store_t *store = open_store(parent, STORE_WRITE);
    store_purge_t purge = {.before = apr_time_now(), .limit = PURGE_BATCH};
    double processor = processor_ms(), longest = 0;
    apr_time_t start = apr_time_now();
    apr_int64_t purged = 0;
    apr_pool_t *pool;

    apr_pool_create(&pool, parent);
    do {
        apr_time_t batch = apr_time_now();

        apr_pool_clear(pool);
        if (store_begin(store) || store_purge(store, &purge, pool) || store_commit(store)) {
            fail("purge", store_error(store));
        }
        purged += purge.events;
        longest = 1000 * seconds_since(batch) > longest ? 1000 * seconds_since(batch) : longest;
    } while (!purge.through && purged < events);
    printf("{\"purged\":%" APR_INT64_T_FMT ",\"events_per_second\":%.0f,"
           "\"processor_us_per_event\":%.1f,\"longest_batch_ms\":%.1f}\n",
           purged, (double)purged / seconds_since(start),
           1000 * (processor_ms() - processor) / (double)purged, longest);
}

/* ---- export ---- */

typedef struct export_t {
    int lines; /* JSON Lines, not CSV */
    buffer_t chunk;
    apr_pool_t *pool; /* of the chunk */
    apr_int64_t last, rows, bytes, most;
} export_t;

static int write_row(void *payload, const event_t *event)
{
    export_t *export = payload;

    export->last = apr_atoi64(event->cell[EVENT_ID]);
    export->rows++;
    if (export->lines) {
        event_ecs_line(&export->chunk, event);
    }
    else {
        event_csv_row(&export->chunk, event);
    }
    return export->chunk.length >= SCRATCH || export->rows == export->most;
}

/* The largest this process ever was. */
static long most_memory_kb(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void export_rows(export_t *export, apr_pool_t *parent)
{
    static const event_filter_t everything;
    store_t *store = open_store(parent, STORE_READ);
    apr_time_t start = apr_time_now();
    double processor = processor_ms();
    apr_int64_t before = -1;
    int limit = EXPORT_ROWS;

    buffer_init(&export->chunk, parent, 16 * SCRATCH);
    apr_pool_create(&export->pool, parent);
    while (export->rows != before && export->rows < export->most) {
        before = export->rows;
        apr_pool_clear(export->pool);
        buffer_reset(&export->chunk);
        if (store_events_after(store, &everything, export->last, limit, write_row, export,
                               export->pool)) {
            fail("export", store_error(store));
        }
        if (export->chunk.length >= SCRATCH) {
            limit = (int)(export->rows - before);
        }
        export->bytes += (apr_int64_t) export->chunk.length;
    }
    printf("{\"export\":%" APR_INT64_T_FMT ",\"format\":\"%s\",\"rows_per_second\":%.0f,"
           "\"processor_us_per_row\":%.2f,\"bytes\":%" APR_INT64_T_FMT ",\"memory_kb\":%ld}\n",
           export->rows, export->lines ? "jsonl" : "csv",
           (double)export->rows / seconds_since(start),
           1000 * (processor_ms() - processor) / (double)export->rows, export->bytes,
           most_memory_kb());
}

void export(int json_lines, apr_int64_t rows, apr_pool_t *parent)
{
    export_t export = {.lines = json_lines, .most = rows};

    export_rows(&export, parent);
}
