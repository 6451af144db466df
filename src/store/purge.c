#include <stdlib.h>

#include "handle.h"

/* Adds the oldest ids of one operation. */
static apr_status_t find_oldest(store_t *store, const char *operation, apr_int64_t last_id,
                                apr_time_t before, int limit, apr_array_header_t *ids)
{
    const char *values[] = {operation, number_text(last_id, store->step),
                            number_text(apr_time_as_msec(before), store->step),
                            number_text(limit, store->step)};
    rows_t rows;
    apr_status_t status = store_select(store, PURGE_FIND, values, &rows, store->step);

    while (!status && rows_next(&rows)) {
        APR_ARRAY_PUSH(ids, apr_int64_t) = rows_integer(&rows, 0);
    }
    return status;
}

/* The last id that an event from before this time can have; 0 if there is none. */
static apr_status_t last_id_before(store_t *store, apr_time_t before, apr_int64_t *id)
{
    const char *time = number_text(apr_time_as_msec(before), store->step);
    rows_t rows;
    apr_status_t status = store_select(store, BLOCK_BEFORE, &time, &rows, store->step);

    *id = 0;
    if (!status && rows_next(&rows) && rows_text(&rows, 0)) {
        *id = (rows_integer(&rows, 0) + 1) * STORE_BLOCK - 1;
    }
    return status;
}

static int compare_ids(const void *left, const void *right)
{
    apr_int64_t a = *(const apr_int64_t *)left, b = *(const apr_int64_t *)right;

    return (a > b) - (a < b);
}

static apr_status_t delete_event(store_t *store, apr_int64_t id)
{
    const char *text = number_text(id, store->step);
    apr_status_t status = store_execute(store, EVENT_RECORD_DELETE, &text, NULL);

    return status ? status : store_execute(store, EVENT_DELETE, &text, NULL);
}

apr_status_t store_purge(store_t *store, const char *const *operations, apr_time_t before,
                         int limit, int *purged)
{
    apr_array_header_t *ids;
    apr_int64_t last_id;
    apr_status_t status = store_step(store);

    *purged = 0;
    /* The batch's own extent is not in time_blocks yet. */
    if (status || (status = store_append_flush(store)) ||
        (status = last_id_before(store, before, &last_id)) || !last_id) {
        return status;
    }
    ids = apr_array_make(store->step, limit, sizeof(apr_int64_t));
    for (; *operations && !status; operations++) {
        status = find_oldest(store, *operations, last_id, before, limit, ids);
    }
    qsort(ids->elts, (size_t)ids->nelts, sizeof(apr_int64_t), compare_ids);
    for (int i = 0; !status && i < ids->nelts && i < limit; i++) {
        status = delete_event(store, APR_ARRAY_IDX(ids, i, apr_int64_t));
        ++*purged;
    }
    return status || !*purged ? status : store_execute(store, BLOCK_DELETE, NULL, NULL);
}
