#include "keeper_state.h"

#include <apr_strings.h>

#define REFUSALS_BEFORE_SPLIT 2 /* one may be the connection's fault */

static apr_status_t read_batch(keeper_t *keeper, keeper_batch_t *batch)
{
    apr_status_t status = keeper_connect(keeper);

    if (status == APR_SUCCESS) {
        status = segments_list(keeper);
    }
    if (status == APR_SUCCESS) {
        batch_read(keeper, batch);
        /* If a segment has ended just now: whether its owner has gone with it. */
        status = segments_list(keeper);
    }
    return status;
}

static settle_mode_t mode_of(const keeper_t *keeper)
{
    switch (keeper->suspicion) {
    case KEEPER_PROBE:
        return SETTLE_PROBE;
    case KEEPER_REPLACE:
        return SETTLE_GAP;
    default:
        return SETTLE_EVENTS;
    }
}

static void settled(keeper_t *keeper)
{
    database_worked(keeper);
    segments_removed(keeper);
    keeper->refusals = 0;
    keeper->suspicion = KEEPER_NO_SUSPICION;
    keeper->turn++;
    if (keeper->limit < KEEPER_BATCH) {
        keeper->limit = 2 * keeper->limit < KEEPER_BATCH ? 2 * keeper->limit : KEEPER_BATCH;
    }
}

/* The database refuses something of what the batch holds: once more in a fresh connection, then in
 * ever smaller batches until one record is left. That one is replaced only if the database takes
 * another of its length, so that a full disk costs no event. */
static void batch_refused(keeper_t *keeper)
{
    if (keeper->refusals++ == 0) {
        keeper_log(keeper, KEEPER_WARNING, APR_SUCCESS,
                   "database refuses events: %s; looking for the one it does not take",
                   apr_pstrdup(keeper->batch_pool, store_error(keeper->store)));
    }
    if (keeper->refusals >= REFUSALS_BEFORE_SPLIT) {
        if (keeper->limit > 1) {
            keeper->limit /= 2;
        }
        else {
            keeper->suspicion =
                keeper->suspicion == KEEPER_LAST_TRY ? KEEPER_REPLACE : KEEPER_PROBE;
        }
    }
    database_disconnect(keeper);
}

static void probe_passed(keeper_t *keeper)
{
    keeper->suspicion = KEEPER_LAST_TRY;
    database_disconnect(keeper);
}

static void batch_failed(keeper_t *keeper, apr_status_t status)
{
    keeper->suspicion = KEEPER_NO_SUSPICION;
    database_failed(keeper, status);
}

static void tell_clash(keeper_t *keeper)
{
    keeper_log(
        keeper, KEEPER_ERROR, APR_EEXIST,
        "the database holds events of node \"%s\" that this keeper did not write. Is this "
        "machine a copy of another one, or does another one have its name? Give each machine "
        "a name of its own and start again; the journal keeps the events of this one",
        keeper->node);
    database_disconnect(keeper);
}

static apr_status_t move(keeper_t *keeper, keeper_batch_t *batch)
{
    settle_mode_t mode = mode_of(keeper);
    int refused;
    apr_status_t status = settle(keeper, batch, mode, &refused);

    if (status == APR_SUCCESS && mode != SETTLE_PROBE) {
        settled(keeper);
    }
    else if (status == APR_SUCCESS) {
        probe_passed(keeper);
        status = APR_EAGAIN;
    }
    else if (APR_STATUS_IS_EEXIST(status)) {
        tell_clash(keeper);
    }
    else if (refused && mode == SETTLE_EVENTS) {
        batch_refused(keeper);
    }
    else {
        batch_failed(keeper, status);
    }
    return status;
}

apr_status_t keeper_drain(keeper_t *keeper, int *moved)
{
    keeper_batch_t batch;
    apr_status_t status;

    *moved = 0;
    keeper->more = 0;
    apr_pool_clear(keeper->batch_pool);
    status = read_batch(keeper, &batch);
    if (status == APR_SUCCESS && (batch.count > 0 || segments_need_transaction(keeper))) {
        status = move(keeper, &batch);
        *moved = status == APR_SUCCESS ? batch.count : 0;
        keeper->more = status == APR_SUCCESS && batch.full;
    }
    return status;
}
