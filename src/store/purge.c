#include "store/purge.h"

#include <string.h>

#include <apr_strings.h>

#include "held.h"
#include "purged.h"
#include "query.h"

#define PURGE_BLOCKS 32 /* looked at in one call */

/* Their events stay: they say why others are not here. */
static const char *const staying[] = {"gap", "hold_set", "hold_lifted"};

typedef struct purging_t {
    store_t *store;
    store_purge_t *purge;
    apr_int64_t before_ms, bytes;
    apr_array_header_t *holds;    /* of hold_t */
    apr_array_header_t *attested; /* of apr_int64_t: ids of events that say what was purged */
    apr_array_header_t *gone;     /* of purged_event_t */
    apr_pool_t *pool;             /* cleared for each block */
} purging_t;

/* ---- one block ---- */

typedef struct block_marks_t {
    purging_t *purging;
    apr_hash_t *kept; /* marks that other events of the block still need, or that are gone */
    apr_int64_t block;
} block_marks_t;

static const char *mark_key(const purging_t *purging, mark_kind_t kind, const char *value)
{
    return apr_psprintf(purging->pool, "%d %s", kind, value);
}

static apr_status_t keep_mark(void *payload, mark_kind_t kind, const char *value)
{
    block_marks_t *marks = payload;

    apr_hash_set(marks->kept, mark_key(marks->purging, kind, value), APR_HASH_KEY_STRING, "");
    return APR_SUCCESS;
}

static apr_status_t drop_mark(void *payload, mark_kind_t kind, const char *value)
{
    block_marks_t *marks = payload;

    if (apr_hash_get(marks->kept, mark_key(marks->purging, kind, value), APR_HASH_KEY_STRING)) {
        return APR_SUCCESS;
    }
    keep_mark(payload, kind, value);
    return marks_remove(marks->purging->store, kind, value, marks->block);
}

static int is_of(const char *const *names, const char *operation)
{
    for (; *names; names++) {
        if (!strcmp(*names, operation)) {
            return 1;
        }
    }
    return 0;
}

static int stays(const purging_t *purging, const row_t *row)
{
    for (size_t i = 0; i < sizeof(staying) / sizeof(staying[0]); i++) {
        if (!strcmp(staying[i], row->value[EVENT_OPERATION])) {
            return 1;
        }
    }
    for (int i = 0; i < purging->attested->nelts; i++) {
        if (APR_ARRAY_IDX(purging->attested, i, apr_int64_t) == row->id) {
            return 1;
        }
    }
    return held_row(purging->holds, row);
}

static int is_due(const purging_t *purging, const row_t *row)
{
    const char *operation = row->value[EVENT_OPERATION];
    const char *const *operations = purging->purge->operations;

    return row->time_ms < purging->before_ms && operation && row->value[EVENT_NODE] &&
           (operations ? is_of(operations, operation) : strcmp(operation, "purged") != 0) &&
           !stays(purging, row);
}

static int has_enough(const purging_t *purging)
{
    return purging->gone->nelts >= purging->purge->limit ||
           (purging->purge->bytes > 0 && purging->bytes >= purging->purge->bytes);
}

static void note_gone(purging_t *purging, const row_t *row)
{
    apr_pool_t *pool = purging->gone->pool;
    purged_event_t *event = &APR_ARRAY_PUSH(purging->gone, purged_event_t);

    event->node = apr_pstrdup(pool, row->value[EVENT_NODE]);
    event->hash = apr_pstrdup(pool, row->value[EVENT_HASH]);
    event->previous = apr_pstrdup(pool, row->value[EVENT_PREVIOUS_HASH]);
    event->sequence = row->sequence;
    event->time_ms = row->time_ms;
    purging->bytes += row->bytes;
}

/* Parts the events of a block into those to keep, whose marks stay, and those to delete. */
static apr_status_t part_block(purging_t *purging, block_marks_t *marks, apr_array_header_t *due,
                               int *kept)
{
    const char *values[] = {number_text(marks->block * MARKS_BLOCK, purging->pool),
                            number_text((marks->block + 1) * MARKS_BLOCK, purging->pool)};
    rows_t rows;
    apr_status_t status = store_select(purging->store, BLOCK_ROWS, values, &rows, purging->pool);

    *kept = 0;
    while (!status && rows_next(&rows)) {
        row_t row;

        row_read(&row, &rows);
        if (!has_enough(purging) && is_due(purging, &row)) {
            APR_ARRAY_PUSH(due, row_t) = row;
            note_gone(purging, &row);
        }
        else {
            status = marks_of(&row, keep_mark, marks);
            ++*kept;
        }
    }
    return status;
}

static apr_status_t purge_block(purging_t *purging, apr_int64_t block)
{
    apr_array_header_t *due = apr_array_make(purging->pool, MARKS_BLOCK, sizeof(row_t));
    block_marks_t marks = {purging, apr_hash_make(purging->pool), block};
    const char *text = number_text(block, purging->pool);
    int kept;
    apr_status_t status = part_block(purging, &marks, due, &kept);

    for (int i = 0; !status && i < due->nelts; i++) {
        const row_t *row = &APR_ARRAY_IDX(due, i, row_t);

        status = marks_of(row, drop_mark, &marks);
        if (!status) {
            status = store_execute(purging->store, EVENT_DELETE, &row->value[EVENT_ID], NULL);
        }
        if (!status) {
            status = summarise_row(purging->store, row, SUMMARISE_WHOLE, -1);
        }
    }
    return status || kept ? status : store_execute(purging->store, BLOCK_DELETE, &text, NULL);
}

/* ---- all of them ---- */

static apr_status_t list_blocks(purging_t *purging, rows_t *rows, apr_pool_t *pool)
{
    query_t query;

    query_init(&query, pool, "SELECT block FROM blocks");
    query_where_number(&query, "block >= %s", purging->purge->from);
    query_where_number(&query, "first_ms < %s", purging->before_ms);
    if (purging->purge->operations) {
        query_where_marked(&query, MARK_OPERATION, purging->purge->operations);
    }
    query_text(&query, " ORDER BY block LIMIT %s");
    query_number(&query, PURGE_BLOCKS);
    return query_select(&query, purging->store, rows, pool);
}

static apr_status_t purge_blocks(purging_t *purging, apr_pool_t *list)
{
    rows_t rows;
    apr_status_t status = list_blocks(purging, &rows, list);

    purging->purge->through = !status && rows.left < PURGE_BLOCKS;
    while (!status && !has_enough(purging) && rows_next(&rows)) {
        apr_int64_t block = rows_integer(&rows, 0);

        apr_pool_clear(purging->pool);
        status = purge_block(purging, block);
        /* A block that filled the batch may have more. */
        purging->purge->from = has_enough(purging) ? block : block + 1;
    }
    purging->purge->through &= !has_enough(purging);
    if (purging->purge->through) {
        purging->purge->from = 0;
    }
    return status;
}

static apr_status_t list_attested(purging_t *purging, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(purging->store, PURGED_SET_LIST, NULL, &rows, pool);

    purging->attested = apr_array_make(pool, 4, sizeof(apr_int64_t));
    while (!status && rows_next(&rows)) {
        APR_ARRAY_PUSH(purging->attested, apr_int64_t) = rows_integer(&rows, 4);
    }
    return status;
}

/* The transaction's own block is to be found like any other. */
static apr_status_t begin_purge(purging_t *purging, apr_pool_t *scratch)
{
    apr_status_t status = store_step(purging->store);

    if (!status) {
        status = marks_flush(purging->store);
        marks_forget(purging->store);
    }
    if (!status) {
        status = held_load(purging->store, &purging->holds, scratch);
    }
    return status ? status : list_attested(purging, scratch);
}

apr_status_t store_purge(store_t *store, store_purge_t *purge, apr_pool_t *pool)
{
    purging_t purging = {.store = store,
                         .purge = purge,
                         .before_ms = apr_time_as_msec(purge->before)};
    apr_pool_t *scratch;
    apr_status_t status;

    purge->events = 0;
    purge->nodes = apr_array_make(pool, 2, sizeof(store_purged_t));
    apr_pool_create(&scratch, pool);
    apr_pool_create(&purging.pool, scratch);
    purging.gone = apr_array_make(scratch, 512, sizeof(purged_event_t));
    status = begin_purge(&purging, scratch);
    purge->through = 1;
    if (!status && (!purge->operations || purge->operations[0])) {
        status = purge_blocks(&purging, scratch);
    }
    if (!status) {
        status = purged_put(store, purging.gone, purge->nodes, pool);
        purge->events = purging.gone->nelts;
        store->grown -= purging.bytes;
    }
    apr_pool_destroy(scratch);
    return status;
}

apr_status_t store_purge_attested(store_t *store, const char *node, apr_int64_t id)
{
    apr_status_t status = store_step(store);

    if (!status) {
        const char *values[] = {number_text(id, store->step), node};

        status = store_execute(store, PURGED_SET_ATTEST, values, NULL);
    }
    return status;
}
