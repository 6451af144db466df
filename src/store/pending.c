/* Intents: what was begun and whose outcome has not been read yet. They are kept as the cells
 * they have, so that they are searched and shown like events. */
#include <string.h>

#include "handle.h"

enum { PENDING_NODE, PENDING_INCARNATION, PENDING_NUMBER, PENDING_CELLS };

apr_status_t store_pending_put(store_t *store, const char *node, const char *incarnation,
                               apr_uint64_t number, const char *data, apr_size_t length)
{
    const char *values[PENDING_CELLS + ROW_COLUMNS];
    event_t *event;
    row_t row;
    apr_status_t status = store_step(store);

    if (status) {
        return status;
    }
    if (number > APR_INT64_MAX || event_decode(&event, store->step, data, length) ||
        row_from_event(&row, event)) {
        return APR_EINVAL;
    }
    values[PENDING_NODE] = node;
    values[PENDING_INCARNATION] = incarnation;
    values[PENDING_NUMBER] = number_text((apr_int64_t)number, store->step);
    memcpy(values + PENDING_CELLS, row.value, sizeof(row.value));
    return store_execute(store, PENDING_INSERT, values, NULL);
}

apr_status_t store_pending_take(store_t *store, const char *node, const char *incarnation,
                                apr_uint64_t number, event_t **event, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_step(store);

    if (!status) {
        const char *values[] = {node, incarnation, number_text((apr_int64_t)number, store->step)};

        status = store_select(store, PENDING_TAKE, values, &rows, pool);
    }
    if (status) {
        return status;
    }
    if (!rows_next(&rows)) {
        return APR_NOTFOUND;
    }
    *event = row_to_event(&rows);
    return APR_SUCCESS;
}

apr_status_t store_pending_take_all(store_t *store, const char *node, const char *incarnation,
                                    int limit, apr_array_header_t **events, apr_pool_t *pool)
{
    const char *last = NULL;
    rows_t rows;
    apr_status_t status = store_step(store);

    if (!status) {
        const char *values[] = {node, incarnation, number_text(limit, store->step)};

        status = store_select(store, PENDING_OLDEST, values, &rows, pool);
    }
    if (status) {
        return status;
    }
    *events = apr_array_make(pool, rows.left, sizeof(event_t *));
    while (rows_next(&rows)) {
        APR_ARRAY_PUSH(*events, event_t *) = row_to_event(&rows);
        last = rows_text(&rows, ROW_COLUMNS);
    }
    if (last) {
        const char *values[] = {node, incarnation, last};

        status = store_execute(store, PENDING_DELETE, values, NULL);
    }
    return status;
}
