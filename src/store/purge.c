#include <string.h>

#include <apr_strings.h>

#include "query.h"

#define PURGE_BLOCKS 100 /* listed by one select */

typedef struct purge_t {
    store_t *store;
    const char *const *operations;
    apr_int64_t before_ms;
    int limit, purged;
    apr_pool_t *pool; /* cleared for each block */
} purge_t;

/* ---- one block ---- */

typedef struct block_marks_t {
    purge_t *purge;
    apr_hash_t *kept; /* marks that other events of the block still need, or that are gone */
    apr_int64_t block;
} block_marks_t;

static const char *mark_key(const purge_t *purge, mark_kind_t kind, const char *value)
{
    return apr_psprintf(purge->pool, "%d %s", kind, value);
}

static apr_status_t keep_mark(void *payload, mark_kind_t kind, const char *value)
{
    block_marks_t *marks = payload;

    apr_hash_set(marks->kept, mark_key(marks->purge, kind, value), APR_HASH_KEY_STRING, "");
    return APR_SUCCESS;
}

static apr_status_t drop_mark(void *payload, mark_kind_t kind, const char *value)
{
    block_marks_t *marks = payload;

    if (apr_hash_get(marks->kept, mark_key(marks->purge, kind, value), APR_HASH_KEY_STRING)) {
        return APR_SUCCESS;
    }
    keep_mark(payload, kind, value);
    return marks_remove(marks->purge->store, kind, value, marks->block);
}

static int is_due(const purge_t *purge, const row_t *row)
{
    if (row->time_ms >= purge->before_ms || !row->value[EVENT_OPERATION]) {
        return 0;
    }
    for (const char *const *operation = purge->operations; *operation; operation++) {
        if (!strcmp(*operation, row->value[EVENT_OPERATION])) {
            return 1;
        }
    }
    return 0;
}

/* Parts the events of a block into those to keep, whose marks stay, and those to delete. */
static apr_status_t part_block(purge_t *purge, block_marks_t *marks, apr_array_header_t *due,
                               int *kept)
{
    const char *values[] = {number_text(marks->block * MARKS_BLOCK, purge->pool),
                            number_text((marks->block + 1) * MARKS_BLOCK, purge->pool)};
    rows_t rows;
    apr_status_t status = store_select(purge->store, BLOCK_ROWS, values, &rows, purge->pool);

    *kept = 0;
    while (!status && rows_next(&rows)) {
        row_t row;

        row_read(&row, &rows);
        if (purge->purged + due->nelts < purge->limit && is_due(purge, &row)) {
            APR_ARRAY_PUSH(due, row_t) = row;
        }
        else {
            status = marks_of(&row, keep_mark, marks);
            ++*kept;
        }
    }
    return status;
}

static apr_status_t purge_block(purge_t *purge, apr_int64_t block)
{
    apr_array_header_t *due = apr_array_make(purge->pool, MARKS_BLOCK, sizeof(row_t));
    block_marks_t marks = {purge, apr_hash_make(purge->pool), block};
    const char *text = number_text(block, purge->pool);
    int kept;
    apr_status_t status = part_block(purge, &marks, due, &kept);

    for (int i = 0; !status && i < due->nelts; i++) {
        const row_t *row = &APR_ARRAY_IDX(due, i, row_t);

        status = marks_of(row, drop_mark, &marks);
        if (!status) {
            status = store_execute(purge->store, EVENT_DELETE, &row->value[EVENT_ID], NULL);
        }
        if (!status) {
            status = summarise_row(purge->store, row, SUMMARISE_WHOLE, -1);
        }
        purge->purged++;
    }
    return status || kept ? status : store_execute(purge->store, BLOCK_DELETE, &text, NULL);
}

/* ---- all of them ---- */

static apr_status_t list_blocks(purge_t *purge, apr_int64_t after, rows_t *rows, apr_pool_t *pool)
{
    query_t query;

    query_init(&query, pool, "SELECT block FROM blocks");
    query_where_number(&query, "block > %s", after);
    query_where_number(&query, "first_ms < %s", purge->before_ms);
    query_where_marked(&query, MARK_OPERATION, purge->operations);
    query_text(&query, " ORDER BY block LIMIT %s");
    query_number(&query, PURGE_BLOCKS);
    return query_select(&query, purge->store, rows, pool);
}

static apr_status_t purge_blocks(purge_t *purge, apr_pool_t *list)
{
    apr_int64_t block = -1;
    apr_status_t status = APR_SUCCESS;
    int more = 1;

    while (!status && more && purge->purged < purge->limit) {
        rows_t rows;

        apr_pool_clear(list);
        status = list_blocks(purge, block, &rows, list);
        more = !status && rows.left == PURGE_BLOCKS;
        while (!status && purge->purged < purge->limit && rows_next(&rows)) {
            apr_pool_clear(purge->pool);
            block = rows_integer(&rows, 0);
            status = purge_block(purge, block);
        }
    }
    return status;
}

apr_status_t store_purge(store_t *store, const char *const *operations, apr_time_t before,
                         int limit, int *purged)
{
    purge_t purge = {store, operations, apr_time_as_msec(before), limit, 0, NULL};
    apr_pool_t *list;
    apr_status_t status = store_step(store);

    /* The transaction's own block is to be found like any other. */
    if (!status) {
        status = marks_flush(store);
        marks_forget(store);
    }
    if (!status && operations[0]) {
        apr_pool_create(&list, store->step);
        apr_pool_create(&purge.pool, store->step);
        status = purge_blocks(&purge, list);
    }
    *purged = purge.purged;
    return status;
}
