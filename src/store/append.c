#include <string.h>

#include <apr_strings.h>

#include "handle.h"
#include "trail/chain.h"

/* An event of more records than this is found by its model alone beyond them. */
#define APPEND_MAX_RECORDS 1000

void store_append_forget(store_t *store)
{
    store->sessions = NULL;
    store->tail.node = NULL;
    store->block.block = -1;
}

/* ---- the ends of chain and block ---- */

static apr_status_t write_tail(store_t *store)
{
    const store_tail_t *tail = &store->tail;

    if (!tail->node) {
        return APR_SUCCESS;
    }
    const char *values[] = {tail->node, number_text(tail->id, store->step),
                            number_text(tail->sequence, store->step), tail->hash};
    return store_execute(store, CHAIN_SET, values, NULL);
}

static apr_status_t write_block(store_t *store)
{
    const store_block_t *block = &store->block;

    if (block->block < 0) {
        return APR_SUCCESS;
    }
    const char *values[] = {number_text(block->block, store->step),
                            number_text(block->first_ms, store->step),
                            number_text(block->last_ms, store->step)};
    return store_execute(store, BLOCK_SET, values, NULL);
}

apr_status_t store_append_flush(store_t *store)
{
    apr_status_t status = write_tail(store);

    return status ? status : write_block(store);
}

/* Kept in memory until the node changes or the transaction ends: one row per transaction instead
 * of one per event. */
static apr_status_t extend_tail(store_t *store, const row_t *row)
{
    store_tail_t *tail = &store->tail;
    const char *node = row->value[EVENT_NODE];
    apr_status_t status = APR_SUCCESS;

    if (!tail->node || strcmp(tail->node, node)) {
        status = write_tail(store);
        tail->node = apr_pstrdup(store->transaction, node);
    }
    tail->id = row->id;
    tail->sequence = row->sequence;
    apr_cpystrn(tail->hash, row->value[EVENT_HASH], sizeof(tail->hash));
    return status;
}

static apr_status_t extend_block(store_t *store, const row_t *row)
{
    store_block_t *block = &store->block;
    apr_status_t status = APR_SUCCESS;

    if (block->block != row->id / STORE_BLOCK) {
        status = write_block(store);
        block->block = row->id / STORE_BLOCK;
        block->first_ms = block->last_ms = row->time_ms;
    }
    if (row->time_ms < block->first_ms) {
        block->first_ms = row->time_ms;
    }
    if (row->time_ms > block->last_ms) {
        block->last_ms = row->time_ms;
    }
    return status;
}

apr_status_t store_chain_tip(store_t *store, const char *node, apr_int64_t *id,
                             apr_int64_t *sequence, const char **hash, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_step(store);

    *id = *sequence = 0;
    *hash = CHAIN_GENESIS;
    if (status || (status = write_tail(store)) ||
        (status = store_select(store, CHAIN_LAST_ID, NULL, &rows, pool))) {
        return status;
    }
    if (rows_next(&rows)) {
        *id = rows_integer(&rows, 0);
    }
    status = store_select(store, CHAIN_GET, &node, &rows, pool);
    if (!status && rows_next(&rows)) {
        *sequence = rows_integer(&rows, 0);
        *hash = rows_text(&rows, 1);
    }
    return status;
}

/* ---- inserting ---- */

/* The ids of an event with several are found in a table of their own; one single id stands in the
 * event's row. */
static apr_status_t insert_records(store_t *store, const row_t *row)
{
    const char *ids = row->value[EVENT_RECORD_IDS];
    apr_int64_t record;
    apr_status_t status = APR_SUCCESS;

    if (!row->value[EVENT_MODEL] || row->value[ROW_RECORD_ID]) {
        return APR_SUCCESS;
    }
    for (int count = 0; !status && count < APPEND_MAX_RECORDS && row_next_record(&ids, &record);
         count++) {
        const char *values[] = {row->value[EVENT_MODEL], number_text(record, store->step),
                                row->value[EVENT_ID]};

        status = store_execute(store, EVENT_RECORD_INSERT, values, NULL);
    }
    return status;
}

static int is_chained(const row_t *row)
{
    return row->id > 0 && row->sequence > 0 && row->time_ms >= 0 && row->value[EVENT_NODE] &&
           row->value[EVENT_HASH] &&
           strlen(row->value[EVENT_HASH]) < sizeof(((store_tail_t *)0)->hash);
}

apr_status_t store_append(store_t *store, const event_t *event)
{
    row_t row;
    int inserted = 0;
    apr_status_t status = store_step(store);

    if (status) {
        return status;
    }
    status = row_from_event(&row, event, store->step);
    if (status || !is_chained(&row)) {
        return APR_EINVAL;
    }
    if ((status = upkeep_session(store, event, &row)) ||
        (status = store_execute(store, EVENT_INSERT, row.value, &inserted))) {
        return status;
    }
    if (!inserted) {
        connection_fail(store->connection, "an event with this id, or with this node and "
                                           "sequence, exists already");
        return APR_EEXIST;
    }
    if ((status = insert_records(store, &row)) || (status = extend_tail(store, &row))) {
        return status;
    }
    return extend_block(store, &row);
}
