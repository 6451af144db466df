#include <string.h>

#include <apr_strings.h>

#include "handle.h"
#include "store/purge.h"
#include "trail/chain.h"

#define STORE_BYTES "stored_bytes" /* name in meta */

void store_append_forget(store_t *store)
{
    store->sessions = NULL;
    store->tail.node = NULL;
    store->grown = 0;
    gather_forget(store);
    partition_forget(store);
    summarise_forget(store);
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

static apr_status_t write_growth(store_t *store)
{
    apr_int64_t bytes;
    apr_status_t status = store->grown ? store_bytes(store, &bytes) : APR_SUCCESS;

    if (!status && store->grown) {
        const char *values[] = {STORE_BYTES, number_text(bytes + store->grown, store->step)};

        status = store_execute(store, META_SET, values, NULL);
        store->grown = 0;
    }
    return status;
}

apr_status_t store_append_flush(store_t *store)
{
    apr_status_t status = gather_flush(store);

    if (!status) {
        status = write_tail(store);
    }
    if (!status) {
        status = summarise_flush(store);
    }
    if (!status) {
        status = write_growth(store);
    }
    return status;
}

apr_status_t store_bytes(store_t *store, apr_int64_t *bytes)
{
    const char *text;
    apr_pool_t *pool;
    apr_status_t status;

    apr_pool_create(&pool, store->step);
    status = store_meta_get(store, STORE_BYTES, &text, pool);
    *bytes = status ? 0 : apr_atoi64(text);
    apr_pool_destroy(pool);
    return APR_STATUS_IS_NOTFOUND(status) ? APR_SUCCESS : status;
}

static apr_status_t read_tail(store_t *store, const char *node, apr_int64_t *sequence,
                              const char **hash, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(store, CHAIN_GET, &node, &rows, pool);

    *sequence = 0;
    *hash = CHAIN_GENESIS;
    if (!status && rows_next(&rows)) {
        *sequence = rows_integer(&rows, 0);
        *hash = rows_text(&rows, 1);
    }
    return status;
}

static apr_status_t read_last_id(store_t *store, apr_int64_t *id, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(store, CHAIN_LAST_ID, NULL, &rows, pool);

    *id = !status && rows_next(&rows) ? rows_integer(&rows, 0) : 0;
    return status;
}

/* Kept in memory until the node changes or the transaction ends: one row per transaction instead
 * of one per event. Ids and chains only grow, so an id or a sequence that is not behind the end was
 * used; a table in partitions by time could not tell. */
static apr_status_t extend_tail(store_t *store, const row_t *row)
{
    store_tail_t *tail = &store->tail;
    const char *node = row->value[EVENT_NODE], *hash;
    apr_status_t status = tail->node ? APR_SUCCESS : read_last_id(store, &tail->id, store->step);

    if (status) {
        return status;
    }
    if (!tail->node || strcmp(tail->node, node)) {
        if ((status = write_tail(store)) ||
            (status = read_tail(store, node, &tail->sequence, &hash, store->step))) {
            return status;
        }
        tail->node = apr_pstrdup(store->transaction, node);
    }
    if (row->sequence <= tail->sequence || row->id <= tail->id) {
        return gather_exists(store);
    }
    tail->id = row->id;
    tail->sequence = row->sequence;
    apr_cpystrn(tail->hash, row->value[EVENT_HASH], sizeof(tail->hash));
    return APR_SUCCESS;
}

apr_status_t store_chain_tip(store_t *store, const char *node, apr_int64_t *id,
                             apr_int64_t *sequence, const char **hash, apr_pool_t *pool)
{
    apr_status_t status = store->in_transaction ? store_step(store) : APR_SUCCESS;

    *id = 0;
    if (status || (store->in_transaction && (status = write_tail(store))) ||
        (status = read_last_id(store, id, pool))) {
        return status;
    }
    return read_tail(store, node, sequence, hash, pool);
}

/* ---- inserting ---- */

static int is_chained(const row_t *row)
{
    return row->id > 0 && row->sequence > 0 && row->time_ms >= 0 && row->value[EVENT_NODE] &&
           row->value[EVENT_HASH] &&
           strlen(row->value[EVENT_HASH]) < sizeof(((store_tail_t *)0)->hash);
}

apr_status_t store_append(store_t *store, const event_t *event)
{
    row_t row;
    apr_status_t status = store_step(store);

    if (status) {
        return status;
    }
    status = row_from_event(&row, event);
    if (status || !is_chained(&row)) {
        return APR_EINVAL;
    }
    if ((status = extend_tail(store, &row)) || (status = marks_ready(store, row.id)) ||
        (status = upkeep_session(store, event, &row)) ||
        (status = partition_ready(store, row.time_ms)) || (status = gather_row(store, &row))) {
        return status;
    }
    store->grown += row.bytes;
    status = summarise_row(store, &row, SUMMARISE_WHOLE, 1);
    if (!status) {
        status = marks_add(store, &row);
    }
    return status ? status : upkeep_hold(store, event);
}

apr_status_t store_append_all(store_t *store)
{
    apr_status_t status = store_step(store);

    return status ? status : gather_flush(store);
}
