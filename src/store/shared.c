/* What machines that share the store tell each other of their sessions. The lines are the session
 * room's; here they are text under a key. */
#include "handle.h"

int store_is_shared(const store_t *store)
{
    return store->dialect->lock != NULL;
}

apr_status_t store_shared_read(store_t *store, apr_int64_t after, int limit,
                               store_shared_visit_t visit, void *payload, apr_pool_t *pool)
{
    const char *values[] = {number_text(after, pool), number_text(limit, pool)};
    rows_t rows;
    apr_status_t status = store_select(store, SHARED_READ, values, &rows, pool);

    while (!status && rows_next(&rows)) {
        visit(payload, rows_integer(&rows, 0), rows_text(&rows, 1), rows_text(&rows, 2));
    }
    return status;
}

apr_status_t store_shared_put(store_t *store, const char *key, const char *node, apr_time_t until,
                              const char *line)
{
    apr_status_t status = store_step(store);

    if (!status) {
        const char *values[] = {key, node, number_text(apr_time_as_msec(until), store->step), line};

        status = store_execute(store, SHARED_PUT, values, NULL);
    }
    return status;
}

apr_status_t store_shared_purge(store_t *store, apr_time_t now)
{
    apr_status_t status = store_step(store);

    if (!status) {
        const char *values[] = {number_text(apr_time_as_msec(now), store->step)};

        status = store_execute(store, SHARED_PURGE, values, NULL);
    }
    return status;
}
