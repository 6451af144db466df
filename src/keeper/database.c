#include "keeper_state.h"

#include <apr_strings.h>

#define RETRY_FIRST apr_time_from_sec(1)
#define RETRY_LONGEST apr_time_from_sec(60)

void database_disconnect(keeper_t *keeper)
{
    segments_forget(keeper);
    if (keeper->store) {
        store_close(keeper->store);
        keeper->store = NULL;
    }
    keeper->tip_known = 0;
    apr_pool_clear(keeper->store_pool);
}

static void tell(keeper_t *keeper, keeper_trouble_t trouble, apr_status_t status,
                 const char *problem)
{
    status_database(keeper, trouble, problem);
    if (keeper->trouble == KEEPER_NO_TROUBLE) {
        keeper->trouble_since = boot_time_now();
        keeper_log(keeper, KEEPER_ERROR, status,
                   "database cannot be %s: %s; the journal keeps events until it can",
                   trouble == KEEPER_CANNOT_OPEN ? "reached" : "written",
                   problem && *problem ? problem : "it does not say why");
        keeper->trouble = trouble;
    }
    keeper->retry_gap = keeper->retry_gap ? 2 * keeper->retry_gap : RETRY_FIRST;
    if (keeper->retry_gap > RETRY_LONGEST) {
        keeper->retry_gap = RETRY_LONGEST;
    }
    keeper->retry_at = boot_time_now() + keeper->retry_gap;
}

static void tell_back(keeper_t *keeper)
{
    if (keeper->trouble != KEEPER_NO_TROUBLE) {
        keeper_log(keeper, KEEPER_NOTICE, APR_SUCCESS,
                   "database is back after %" APR_TIME_T_FMT " s; moving the journal into it",
                   apr_time_sec(boot_time_now() - keeper->trouble_since));
        keeper->trouble = KEEPER_NO_TROUBLE;
        status_database(keeper, KEEPER_NO_TROUBLE, NULL);
    }
}

void database_failed(keeper_t *keeper, apr_status_t status)
{
    const char *problem =
        keeper->store ? apr_pstrdup(keeper->batch_pool, store_error(keeper->store)) : NULL;

    database_disconnect(keeper);
    tell(keeper, KEEPER_CANNOT_WRITE, status, problem);
}

void database_worked(keeper_t *keeper)
{
    keeper->retry_gap = 0;
    tell_back(keeper);
}

static apr_status_t read_positions(keeper_t *keeper)
{
    apr_array_header_t *positions;
    apr_status_t status =
        store_positions(keeper->store, keeper->node, &positions, keeper->store_pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    keeper->positions = apr_hash_make(keeper->store_pool);
    for (int i = 0; i < positions->nelts; i++) {
        store_position_t *position = &APR_ARRAY_IDX(positions, i, store_position_t);

        apr_hash_set(keeper->positions, position->segment, APR_HASH_KEY_STRING, position);
    }
    return APR_SUCCESS;
}

apr_status_t database_open(keeper_t *keeper)
{
    const char *problem = NULL;
    apr_status_t status;

    if (boot_time_now() < keeper->retry_at) {
        return APR_EAGAIN;
    }
    status = store_open(&keeper->store, keeper->store_pool, &keeper->config->store, STORE_WRITE,
                        &problem);
    if (status != APR_SUCCESS) {
        keeper->store = NULL;
        tell(keeper, KEEPER_CANNOT_OPEN, status, problem);
        database_disconnect(keeper);
        return status;
    }
    status = read_positions(keeper);
    if (status != APR_SUCCESS) {
        database_failed(keeper, status);
    }
    return status;
}

void database_opened(keeper_t *keeper)
{
    if (keeper->trouble == KEEPER_CANNOT_OPEN) {
        tell_back(keeper);
    }
}

apr_status_t database_begin(keeper_t *keeper)
{
    apr_status_t status = store_begin(keeper->store);

    if (status != APR_SUCCESS) {
        database_failed(keeper, status);
    }
    return status;
}

apr_status_t database_end(keeper_t *keeper, apr_status_t status)
{
    if (status == APR_SUCCESS) {
        status = store_commit(keeper->store);
    }
    if (status == APR_SUCCESS) {
        database_worked(keeper);
    }
    else {
        database_failed(keeper, status);
    }
    return status;
}
