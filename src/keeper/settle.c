#include "keeper_state.h"

#include <string.h>

#include <apr_strings.h>

#define KEY_SIZE (JOURNAL_INCARNATION_SIZE - 1 + sizeof(apr_uint64_t))
#define UNPARSED_OPERATION "unparsed_call"
#define SETTLE_INTENTS 1000 /* of a dead owner, in one transaction */

/* A transaction under way. */
struct settling_t {
    keeper_t *keeper;
    store_t *store;
    keeper_batch_t *batch;
    settle_mode_t mode;
    apr_hash_t *intents; /* keeper_item_t of this batch, by incarnation and number */
    apr_int64_t id, sequence;
    char hash[DIGEST_HEX_SIZE];
    keeper_tally_t tally; /* of what was chained */
    int gaps;
    const char *gap; /* what the last one says */
};

static void count(keeper_tally_t *tally, const event_t *event)
{
    const char *operation = event->cell[EVENT_OPERATION];

    tally->stored++;
    tally->unparsed += operation && !strcmp(operation, UNPARSED_OPERATION);
    tally->gaps += operation && !strcmp(operation, JOURNAL_GAP_OPERATION);
}

static apr_status_t chain(settling_t *settling, event_t *event)
{
    unsigned risks;
    apr_status_t status;

    count(&settling->tally, event);
    event_set_integer(event, EVENT_ID, ++settling->id);
    event->cell[EVENT_NODE] = settling->keeper->node; /* a cell as it is, see keeper_create */
    event_set_integer(event, EVENT_SEQUENCE, ++settling->sequence);
    if (!event->cell[EVENT_TIME]) {
        event_set_time(event, EVENT_TIME, apr_time_now());
    }
    chain_link(event, settling->hash, &settling->keeper->scratch);
    if (!event->cell[EVENT_HASH]) {
        return APR_EINVAL;
    }
    apr_cpystrn(settling->hash, event->cell[EVENT_HASH], sizeof(settling->hash));
    enrich_event(settling->keeper, event);
    status = alerts_event(settling->keeper, event, &risks);
    if (status == APR_SUCCESS) {
        status = store_append(settling->store, event);
    }
    return status == APR_SUCCESS ? alerts_mark(settling->keeper, event, risks) : status;
}

/* ---- gaps ---- */

static const char *digest_of(const keeper_item_t *item, apr_pool_t *pool)
{
    char *hex = apr_palloc(pool, DIGEST_HEX_SIZE);

    digest_sha256_hex(item->payload, item->length, hex);
    return hex;
}

/* Segment names are hex digits: nothing in the values needs escaping. */
static const char *gap_values(const keeper_item_t *item, const char *reason, apr_pool_t *pool)
{
    const char *record =
        item->payload ? apr_psprintf(pool, ",\"record_sha256\":\"%s\"", digest_of(item, pool)) : "";

    return apr_psprintf(pool,
                        "{\"reason\":\"%s\",\"segment\":\"%s\",\"from\":%" APR_INT64_T_FMT
                        ",\"to\":%" APR_INT64_T_FMT "%s}",
                        reason, item->segment->file.name, item->start, item->end, record);
}

static apr_status_t chain_gap(settling_t *settling, const keeper_item_t *item, const char *reason)
{
    apr_pool_t *pool = settling->batch->pool;
    event_t *event = own_event(pool, JOURNAL_GAP_OPERATION);

    event_set(event, EVENT_OUTCOME, "unknown");
    event_set(event, EVENT_VALUES, gap_values(item, reason, pool));
    settling->gaps++;
    settling->gap = event->cell[EVENT_VALUES];
    return chain(settling, event);
}

/* An event as long as the record that the database has refused: if this is refused as well, it is
 * not the content (a full disk shows in long rows first). */
static apr_status_t chain_probe(settling_t *settling, const keeper_item_t *item)
{
    apr_size_t limit = event_columns[EVENT_VALUES].limit;
    apr_size_t length = item->length < limit ? item->length : limit;
    event_t *event = own_event(settling->batch->pool, JOURNAL_GAP_OPERATION);
    char *padding = apr_palloc(settling->batch->pool, length + 1);

    memset(padding, 'x', length);
    padding[length] = '\0';
    event_set(event, EVENT_VALUES, padding);
    return chain(settling, event);
}

/* ---- intents and outcomes ---- */

static const char *key_of(const keeper_item_t *item, apr_pool_t *pool)
{
    char *key = apr_palloc(pool, KEY_SIZE);

    memcpy(key, item->segment->file.incarnation, JOURNAL_INCARNATION_SIZE - 1);
    memcpy(key + JOURNAL_INCARNATION_SIZE - 1, &item->number, sizeof(item->number));
    return key;
}

/* The journal's own numbers, which nobody chooses, spread by themselves. */
static unsigned hash_of_key(const char *key, apr_ssize_t *length)
{
    apr_uint64_t number;

    memcpy(&number, key + *length - (apr_ssize_t)sizeof(number), sizeof(number));
    return (unsigned)number;
}

static apr_status_t settle_outcome(settling_t *settling, keeper_item_t *item)
{
    const char *key = key_of(item, settling->batch->pool);
    keeper_item_t *intent = apr_hash_get(settling->intents, key, KEY_SIZE);
    event_t *event;
    apr_status_t status;

    if (intent) {
        intent->done = 1;
        apr_hash_set(settling->intents, key, KEY_SIZE, NULL);
        event = &intent->event;
    }
    else {
        status = store_pending_take(settling->store, settling->keeper->node,
                                    item->segment->file.incarnation, item->number, &event,
                                    settling->batch->pool);
        if (APR_STATUS_IS_NOTFOUND(status)) {
            event_add_flag(&item->event, "intent_missing");
            return chain(settling, &item->event);
        }
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    if (event->cell[EVENT_TIME]) {
        item->event.cell[EVENT_TIME] = NULL; /* an event's time is when the request arrived */
    }
    event_merge(event, &item->event);
    return chain(settling, event);
}

static apr_status_t settle_item(settling_t *settling, keeper_item_t *item)
{
    if (settling->mode == SETTLE_PROBE) {
        return chain_probe(settling, item);
    }
    if (settling->mode == SETTLE_GAP) {
        return chain_gap(settling, item, "refused by the database");
    }
    if (item->damaged) {
        return chain_gap(settling, item, item->payload ? "unreadable event" : "damaged journal");
    }
    switch (item->kind) {
    case JOURNAL_INTENT:
        apr_hash_set(settling->intents, key_of(item, settling->batch->pool), KEY_SIZE, item);
        return APR_SUCCESS;
    case JOURNAL_OUTCOME:
        return settle_outcome(settling, item);
    default:
        return chain(settling, &item->event);
    }
}

static int is_left_intent(const settling_t *settling, const keeper_item_t *item)
{
    return settling->mode == SETTLE_EVENTS && item->kind == JOURNAL_INTENT && !item->damaged &&
           !item->done;
}

static apr_status_t settle_items(settling_t *settling)
{
    keeper_batch_t *batch = settling->batch;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < batch->count && status == APR_SUCCESS; i++) {
        status = settle_item(settling, &batch->items[i]);
    }
    for (int i = 0; i < batch->count && status == APR_SUCCESS; i++) {
        const keeper_item_t *item = &batch->items[i];

        if (is_left_intent(settling, item)) {
            status = store_pending_put(settling->store, settling->keeper->node,
                                       item->segment->file.incarnation, item->number, item->payload,
                                       item->length);
        }
    }
    return status;
}

/* ---- owners that are gone ---- */

static apr_status_t settle_run(settling_t *settling, int first, int end)
{
    apr_array_header_t *events = NULL;
    apr_status_t status =
        store_pending_take_all(settling->store, settling->keeper->node,
                               segment_at(settling->keeper, first)->file.incarnation,
                               SETTLE_INTENTS, &events, settling->batch->pool);

    for (int i = 0; status == APR_SUCCESS && i < events->nelts; i++) {
        event_t *event = APR_ARRAY_IDX(events, i, event_t *);

        event_set(event, EVENT_OUTCOME, "unknown");
        status = chain(settling, event);
    }
    if (status == APR_SUCCESS && events->nelts < SETTLE_INTENTS) {
        for (int i = first; i < end; i++) {
            segment_at(settling->keeper, i)->settled = 1;
        }
    }
    return status;
}

static apr_status_t settle_owners(settling_t *settling)
{
    keeper_t *keeper = settling->keeper;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0, end; i < keeper->segments->nelts && status == APR_SUCCESS; i = end) {
        end = segments_run_end(keeper, i);
        if (!segment_at(keeper, i)->settled && segments_finished(keeper, i, end)) {
            status = settle_run(settling, i, end);
        }
    }
    return status;
}

/* ---- positions ---- */

static apr_status_t store_position_of(settling_t *settling, keeper_segment_t *segment)
{
    store_position_t position = {segment->file.name, segment->file.incarnation, segment->position};

    segment->moved = 0;
    return store_position_set(settling->store, settling->keeper->node, &position);
}

static apr_status_t settle_positions(settling_t *settling)
{
    keeper_t *keeper = settling->keeper;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < keeper->segments->nelts && status == APR_SUCCESS; i++) {
        keeper_segment_t *segment = segment_at(keeper, i);

        if (segment->removed && segment_is_over(keeper, i)) {
            status = store_position_delete(settling->store, keeper->node, segment->file.name);
            segment->position = -1; /* for segments_removed to forget it */
        }
        else if (segment->moved) {
            status = store_position_of(settling, segment);
        }
    }
    return status;
}

/* ---- the transaction ---- */

/* Nobody but this keeper writes as this node, so the chain must end where our last commit left it.
 */
static apr_status_t read_tip(settling_t *settling)
{
    keeper_t *keeper = settling->keeper;
    const char *hash;
    apr_status_t status = store_chain_tip(settling->store, keeper->node, &settling->id,
                                          &settling->sequence, &hash, settling->batch->pool);

    if (status == APR_SUCCESS) {
        apr_cpystrn(settling->hash, hash, sizeof(settling->hash));
        if (keeper->tip_known && keeper->tip_sequence != settling->sequence) {
            status = APR_EEXIST;
        }
    }
    return status;
}

/* What the gap says in whose place a restored, older store goes on. */
static const char *behind_values(const checkpoint_t *checkpoint, const settling_t *settling,
                                 apr_pool_t *pool)
{
    return apr_psprintf(pool,
                        "{\"reason\":\"older store\",\"checkpoint\":%" APR_INT64_T_FMT
                        ",\"sequence\":%" APR_INT64_T_FMT
                        ",\"hash\":\"%s\",\"from\":%" APR_INT64_T_FMT ",\"previous\":\"%s\"}",
                        checkpoint->number, checkpoint->sequence, checkpoint->hash,
                        settling->sequence + 1, settling->hash);
}

/* Where the store is behind the last checkpoint, the chain goes on behind that. */
static apr_status_t go_on(settling_t *settling)
{
    keeper_t *keeper = settling->keeper;
    const checkpoint_t *checkpoint = &keeper->checkpoint;
    apr_pool_t *pool = settling->batch->pool;
    event_t *event;

    if (!keeper->behind || settling->sequence >= checkpoint->sequence) {
        return APR_SUCCESS;
    }
    event = own_event(pool, JOURNAL_GAP_OPERATION);
    event_set(event, EVENT_OUTCOME, "unknown");
    event_set(event, EVENT_VALUES, behind_values(checkpoint, settling, pool));
    settling->id = settling->id > checkpoint->id ? settling->id : checkpoint->id;
    settling->sequence = checkpoint->sequence;
    apr_cpystrn(settling->hash, checkpoint->hash, sizeof(settling->hash));
    return chain(settling, event);
}

static apr_status_t settle_all(settling_t *settling, int *refused)
{
    apr_status_t status = read_tip(settling);

    if (status == APR_SUCCESS) {
        status = go_on(settling);
    }
    if (status == APR_SUCCESS) {
        /* First, so that what is settled here is removed in this run and its position deleted in
         * the next. */
        status = settle_positions(settling);
    }
    if (status == APR_SUCCESS) {
        status = settle_items(settling);
        if (status == APR_SUCCESS) {
            status = store_append_all(settling->store);
        }
        *refused = status != APR_SUCCESS && !APR_STATUS_IS_EEXIST(status);
    }
    if (status == APR_SUCCESS) {
        status = settle_owners(settling);
    }
    return status;
}

static void committed(keeper_t *keeper, const settling_t *settling)
{
    keeper->behind = 0;
    status_stored(keeper, &settling->tally);
    keeper->tip_known = 1;
    keeper->tip_sequence = settling->sequence;
    if (settling->gaps > 0) {
        keeper_log(keeper, KEEPER_ERROR, APR_SUCCESS,
                   "%d records of the journal are lost to the trail, which has gap events instead; "
                   "the last: %s",
                   settling->gaps, settling->gap);
    }
}

apr_status_t settle(keeper_t *keeper, keeper_batch_t *batch, settle_mode_t mode, int *refused)
{
    settling_t settling = {.keeper = keeper, .store = keeper->store, .batch = batch, .mode = mode};
    apr_status_t status = store_begin(keeper->store);

    *refused = 0;
    if (status != APR_SUCCESS) {
        return status;
    }
    settling.intents = apr_hash_make_custom(batch->pool, hash_of_key);
    status = settle_all(&settling, refused);
    if (status != APR_SUCCESS || mode == SETTLE_PROBE) {
        store_rollback(keeper->store);
        *refused = *refused && !store_lost(keeper->store);
        return status;
    }
    status = store_commit(keeper->store);
    if (status == APR_SUCCESS) {
        committed(keeper, &settling);
    }
    return status;
}

/* ---- what the keeper does to the store of its own accord ---- */

store_t *settle_store(const settling_t *settling)
{
    return settling->store;
}

void settle_tip(const settling_t *settling, apr_int64_t *id, apr_int64_t *sequence,
                char hash[DIGEST_HEX_SIZE])
{
    *id = settling->id;
    *sequence = settling->sequence;
    apr_cpystrn(hash, settling->hash, DIGEST_HEX_SIZE);
}

apr_status_t settle_chain(settling_t *settling, event_t *event)
{
    return chain(settling, event);
}

apr_status_t settle_own(keeper_t *keeper, settle_work_t work, void *payload)
{
    keeper_batch_t batch = {.pool = keeper->purge_pool};
    settling_t settling = {.keeper = keeper, .store = keeper->store, .batch = &batch};
    apr_status_t status = database_begin(keeper);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = read_tip(&settling);
    if (APR_STATUS_IS_EEXIST(status)) {
        store_rollback(keeper->store); /* told when the journal is moved */
        return status;
    }
    if (status == APR_SUCCESS) {
        status = go_on(&settling);
    }
    if (status == APR_SUCCESS) {
        status = work(payload, &settling);
    }
    status = database_end(keeper, status);
    if (status == APR_SUCCESS) {
        committed(keeper, &settling);
    }
    return status;
}
