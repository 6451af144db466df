/* Old events, and those there is no room for, go in small batches, and the trail says so. */
#include "keeper_state.h"

#include <apr_strings.h>

#include "store/purge.h"
#include "text/duration.h"
#include "text/json_value.h"

#define VALUES_LIMIT 2048
#define ROOM_LEFT 20 /* purging for room goes on until one part in so many is free */

/* ---- one batch ---- */

typedef struct batch_purge_t {
    store_purge_t purge;
    const char *why;
    apr_pool_t *pool;
} batch_purge_t;

static void set_integer(json_value_t *values, const char *name, apr_int64_t number,
                        apr_pool_t *pool)
{
    json_set(values, name, json_new_integer(pool, number));
}

static const char *purged_values(const store_purged_t *node, const char *why, apr_pool_t *pool)
{
    json_value_t *values = json_new_object(pool);
    buffer_t buffer;

    json_set(values, "why", json_new_string(pool, why));
    json_set(values, "node", json_new_string(pool, node->node));
    set_integer(values, "events", node->events, pool);
    set_integer(values, "from", node->first, pool);
    set_integer(values, "to", node->last, pool);
    json_set(values, "oldest", json_new_string(pool, time_format(pool, node->oldest)));
    json_set(values, "newest", json_new_string(pool, time_format(pool, node->newest)));
    set_integer(values, "ranges", node->ranges, pool);
    set_integer(values, "total", node->total, pool);
    json_set(values, "digest", json_new_string(pool, node->digest));
    buffer_init(&buffer, pool, VALUES_LIMIT);
    json_write(&buffer, values);
    return buffer_string(&buffer);
}

/* For each node whose events went, in the same transaction, what is gone. */
static apr_status_t purge_and_tell(void *payload, settling_t *settling)
{
    batch_purge_t *batch = payload;
    store_t *store = settle_store(settling);
    apr_status_t status = store_purge(store, &batch->purge, batch->pool);

    for (int i = 0; status == APR_SUCCESS && i < batch->purge.nodes->nelts; i++) {
        const store_purged_t *node = &APR_ARRAY_IDX(batch->purge.nodes, i, store_purged_t);
        event_t *event = own_event(batch->pool, "purged");

        event_set(event, EVENT_VALUES, purged_values(node, batch->why, batch->pool));
        status = settle_chain(settling, event);
        if (status == APR_SUCCESS) {
            status = store_purge_attested(store, node->node, apr_atoi64(event->cell[EVENT_ID]));
        }
    }
    return status;
}

static apr_status_t purge_batch(keeper_t *keeper, batch_purge_t *batch, apr_int64_t *from,
                                int *more)
{
    apr_status_t status;

    batch->pool = keeper->purge_pool;
    batch->purge.limit = KEEPER_PURGE_BATCH;
    batch->purge.from = *from;
    status = settle_own(keeper, purge_and_tell, batch);
    if (status == APR_SUCCESS) {
        status_purged(keeper, batch->purge.nodes);
        *from = batch->purge.from;
        *more |= !batch->purge.through;
    }
    apr_pool_clear(keeper->purge_pool);
    return status;
}

/* ---- what is due ---- */

static apr_status_t purge_class(keeper_t *keeper, int class, int *more)
{
    const keeper_retention_t *retention = &keeper->config->retention[class];
    apr_interval_time_t age = rules_age(keeper, retention, keeper->purge_pool);
    batch_purge_t batch = {.purge = {.operations = retention->operations,
                                     .before = forward_limit(keeper, apr_time_now() - age)},
                           .why = "age"};

    return purge_batch(keeper, &batch, &keeper->purge_from[class], more);
}

/* Events of every class, the oldest first. Ends when there is room, or nothing that may go. */
static apr_status_t purge_for_room(keeper_t *keeper, int *more)
{
    apr_int64_t most = keeper->config->max_store_size, bytes = 0;
    batch_purge_t batch = {.purge = {.before = forward_limit(keeper, apr_time_now())},
                           .why = "size"};
    apr_status_t status = store_bytes(keeper->store, &bytes);

    if (status != APR_SUCCESS) {
        database_failed(keeper, status);
        return status;
    }
    if (!keeper->shrinking && bytes <= most) {
        return APR_SUCCESS;
    }
    /* Ends half way to what is aimed at: the event `purged` itself takes room, and must not be the
     * reason for another batch. */
    keeper->shrinking = bytes > most - most / (2 * ROOM_LEFT);
    if (!keeper->shrinking) {
        keeper->room_from = 0;
        return APR_SUCCESS;
    }
    batch.purge.bytes = bytes - (most - most / ROOM_LEFT);
    status = purge_batch(keeper, &batch, &keeper->room_from, &keeper->shrinking);
    if (status == APR_SUCCESS && batch.purge.through) {
        keeper->shrinking = 0;
        if (!keeper->full_reported) {
            keeper->full_reported = 1;
            keeper_log(keeper, KEEPER_WARNING, APR_SUCCESS,
                       "the store stays larger than UserAuditMaxStoreSize: all that could go is "
                       "held or must be kept");
        }
    }
    *more |= keeper->shrinking;
    return status;
}

static apr_interval_time_t shortest_retention(keeper_t *keeper)
{
    const keeper_config_t *config = keeper->config;
    apr_interval_time_t shortest = rules_age(keeper, &config->retention[0], keeper->purge_pool);

    for (int i = 1; i < config->retention_count; i++) {
        apr_interval_time_t age = rules_age(keeper, &config->retention[i], keeper->purge_pool);

        shortest = age < shortest ? age : shortest;
    }
    apr_pool_clear(keeper->purge_pool);
    return shortest;
}

static apr_status_t purge_sessions(keeper_t *keeper, int *more)
{
    apr_time_t before = apr_time_now() - shortest_retention(keeper);
    int purged = 0;
    apr_status_t status = database_begin(keeper);

    if (status == APR_SUCCESS) {
        status = database_end(keeper, store_purge_sessions(keeper->store, before,
                                                           KEEPER_PURGE_BATCH, &purged));
    }
    if (status == APR_SUCCESS) {
        keeper->purged_sessions += purged;
        *more |= purged >= KEEPER_PURGE_BATCH;
    }
    return status;
}

void purge_tell_sessions(keeper_t *keeper)
{
    if (keeper->purged_sessions > 0) {
        event_t *event = own_event(keeper->cleanup_pool, "purged");

        event_set(event, EVENT_VALUES,
                  apr_psprintf(keeper->cleanup_pool, "{\"sessions\":%" APR_INT64_T_FMT "}",
                               keeper->purged_sessions));
        own_event_append(keeper, event);
        apr_pool_clear(keeper->cleanup_pool);
    }
    keeper->purged_sessions = 0;
}

static apr_status_t keep_partitions(keeper_t *keeper)
{
    apr_status_t status = APR_SUCCESS;

    if (store_is_shared(keeper->store)) {
        status = database_begin(keeper);
        status =
            status ? status : database_end(keeper, store_partitions(keeper->store, apr_time_now()));
    }
    return status;
}

apr_status_t purge_step(keeper_t *keeper)
{
    int more = 0;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < keeper->config->retention_count && status == APR_SUCCESS; i++) {
        status = purge_class(keeper, i, &more);
    }
    if (status == APR_SUCCESS && keeper->config->retention_count > 0) {
        status = purge_sessions(keeper, &more);
    }
    if (status == APR_SUCCESS && !more) {
        purge_tell_sessions(keeper);
        status = keep_partitions(keeper);
    }
    keeper->purging = status != APR_SUCCESS || more;
    return status;
}

apr_status_t purge_size_step(keeper_t *keeper)
{
    int more = 0;
    apr_status_t status =
        keeper->config->max_store_size > 0 ? purge_for_room(keeper, &more) : APR_SUCCESS;

    keeper->shrinking = status != APR_SUCCESS || more;
    return status;
}

void purge_create(keeper_t *keeper)
{
    apr_pool_create(&keeper->purge_pool, keeper->pool);
    keeper->purge_from =
        apr_pcalloc(keeper->pool, (apr_size_t)(keeper->config->retention_count + 1) *
                                      sizeof(*keeper->purge_from));
}
