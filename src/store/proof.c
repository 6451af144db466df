#include "store/proof.h"

#include <string.h>

#include <apr_strings.h>

#include "handle.h"

apr_status_t store_snapshot(store_t *store)
{
    if (store->in_transaction || store->mode != STORE_READ) {
        return connection_fail(store->connection, "this is no moment to hold a snapshot");
    }
    return connection_run(store->connection, store->dialect->snapshot);
}

/* ---- chains and what was purged ---- */

apr_status_t store_chains(store_t *store, apr_array_header_t **chains, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(store, CHAIN_LIST, NULL, &rows, pool);

    *chains = apr_array_make(pool, 4, sizeof(store_chain_t));
    while (!status && rows_next(&rows)) {
        store_chain_t *chain = &APR_ARRAY_PUSH(*chains, store_chain_t);

        chain->node = rows_text(&rows, 0);
        chain->sequence = rows_integer(&rows, 1);
        chain->hash = rows_text(&rows, 2);
    }
    return status;
}

static void copy_hash(char hash[DIGEST_HEX_SIZE], const char *text)
{
    apr_cpystrn(hash, text ? text : "", DIGEST_HEX_SIZE);
}

apr_status_t store_purged_ranges(store_t *store, const char *node, apr_int64_t after, int limit,
                                 apr_array_header_t **ranges, apr_pool_t *pool)
{
    const char *values[] = {node, number_text(after, pool), number_text(limit, pool)};
    rows_t rows;
    apr_status_t status = store_select(store, PURGED_LIST, values, &rows, pool);

    *ranges = apr_array_make(pool, 64, sizeof(purged_range_t));
    while (!status && rows_next(&rows)) {
        purged_range_t *range = &APR_ARRAY_PUSH(*ranges, purged_range_t);

        range->node = node;
        range->first = rows_integer(&rows, 0);
        range->last = rows_integer(&rows, 1);
        copy_hash(range->before, rows_text(&rows, 2));
        copy_hash(range->hash, rows_text(&rows, 3));
    }
    return status;
}

apr_status_t store_purged_sets(store_t *store, apr_array_header_t **sets, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(store, PURGED_SET_LIST, NULL, &rows, pool);

    *sets = apr_array_make(pool, 4, sizeof(store_purged_t));
    while (!status && rows_next(&rows)) {
        store_purged_t *node = &APR_ARRAY_PUSH(*sets, store_purged_t);
        const char *lanes = rows_text(&rows, 3);
        purged_set_t set;

        memset(node, 0, sizeof(*node));
        node->node = rows_text(&rows, 0);
        node->ranges = rows_integer(&rows, 1);
        node->total = rows_integer(&rows, 2);
        if (lanes && purged_set_read(&set, lanes) == APR_SUCCESS) {
            purged_set_digest(&set, node->digest);
        }
    }
    return status;
}

/* ---- checkpoints ---- */

apr_status_t store_checkpoint_put(store_t *store, const char *node, apr_int64_t number,
                                  const char *text)
{
    apr_status_t status = store_step(store);

    if (!status) {
        const char *values[] = {node, number_text(number, store->step), text};

        status = store_execute(store, CHECKPOINT_INSERT, values, NULL);
    }
    return status;
}

apr_status_t store_checkpoint_last(store_t *store, const char *node, apr_int64_t *number,
                                   const char **text, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(store, CHECKPOINT_LAST, &node, &rows, pool);

    if (!status && !rows_next(&rows)) {
        return APR_NOTFOUND;
    }
    if (!status) {
        *number = rows_integer(&rows, 0);
        *text = rows_text(&rows, 1) ? rows_text(&rows, 1) : "";
    }
    return status;
}

apr_status_t store_checkpoints(store_t *store, const char *node, apr_int64_t number, int limit,
                               apr_array_header_t **checkpoints, apr_pool_t *pool)
{
    const char *values[] = {node, node, number_text(number, pool), number_text(limit, pool)};
    rows_t rows;
    apr_status_t status = store_select(store, CHECKPOINT_LIST, values, &rows, pool);

    *checkpoints = apr_array_make(pool, 64, sizeof(store_checkpoint_t));
    while (!status && rows_next(&rows)) {
        store_checkpoint_t *checkpoint = &APR_ARRAY_PUSH(*checkpoints, store_checkpoint_t);

        checkpoint->node = rows_text(&rows, 0);
        checkpoint->number = rows_integer(&rows, 1);
        checkpoint->text = rows_text(&rows, 2);
        if (!checkpoint->text) {
            checkpoint->text = "";
        }
    }
    return status;
}
