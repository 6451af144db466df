#include "trail/verify.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "text/json_value.h"
#include "trail/chain.h"
#include "trail/journal.h"

#define MOST_CANONICAL_KEPT CHAIN_SCRATCH_LIMIT

struct verify_t {
    apr_pool_t *pool, *scratch; /* scratch: cleared for each event that needs it */
    verify_mode_t mode;
    verify_hole_t hole;
    void *payload;
    apr_hash_t *nodes;        /* verify_node_t by name */
    verify_node_t *last_node; /* of the event before */
    buffer_t canonical;
    digest_t *digest;
    apr_int64_t last_id, count;
    const char *fault;
};

verify_t *verify_create(apr_pool_t *pool, verify_mode_t mode, verify_hole_t hole, void *payload)
{
    verify_t *verify = apr_pcalloc(pool, sizeof(*verify));

    verify->pool = pool;
    apr_pool_create(&verify->scratch, pool);
    verify->mode = mode;
    verify->hole = hole;
    verify->payload = payload;
    verify->nodes = apr_hash_make(pool);
    verify->digest = digest_create(pool);
    buffer_init(&verify->canonical, pool, MOST_CANONICAL_KEPT);
    return verify;
}

static verify_node_t *node_of(verify_t *verify, const char *name)
{
    verify_node_t *node = verify->last_node;

    if (node && !strcmp(node->name, name)) {
        return node;
    }
    node = apr_hash_get(verify->nodes, name, APR_HASH_KEY_STRING);
    if (!node) {
        node = apr_pcalloc(verify->pool, sizeof(*node));
        node->name = apr_pstrdup(verify->pool, name);
        apr_cpystrn(node->hash, CHAIN_GENESIS, sizeof(node->hash));
        node->restored = apr_array_make(verify->pool, 1, sizeof(apr_int64_t));
        node->expected = apr_array_make(verify->pool, 16, sizeof(checkpoint_t));
        apr_hash_set(verify->nodes, node->name, APR_HASH_KEY_STRING, node);
    }
    verify->last_node = node;
    return node;
}

static int is_faulty(verify_t *verify, const char *fault)
{
    if (!verify->fault) {
        verify->fault = fault;
    }
    return 1;
}

static int event_fault(verify_t *verify, const event_t *event, const char *what)
{
    return is_faulty(verify,
                     apr_psprintf(verify->pool,
                                  "event %s of %s (node %s, sequence %s) is broken: %s",
                                  event_text(event, EVENT_ID), event_text(event, EVENT_TIME),
                                  event_text(event, EVENT_NODE), event_text(event, EVENT_SEQUENCE),
                                  what));
}

static int range_fault(verify_t *verify, const verify_node_t *node, apr_int64_t first,
                       apr_int64_t last, const char *what)
{
    const char *which =
        first == last
            ? apr_psprintf(verify->pool, "event %" APR_INT64_T_FMT, first)
            : apr_psprintf(verify->pool, "events %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT, first,
                           last);

    return is_faulty(verify, apr_psprintf(verify->pool, "%s of node %s %s missing: %s", which,
                                          node->name, first == last ? "is" : "are", what));
}

/* ---- checkpoints ---- */

static int by_sequence(const void *left, const void *right)
{
    const checkpoint_t *one = left, *other = right;

    return one->sequence < other->sequence ? -1 : one->sequence > other->sequence;
}

void verify_expect(verify_t *verify, const checkpoint_t *checkpoint)
{
    verify_node_t *node = node_of(verify, checkpoint->node);

    APR_ARRAY_PUSH(node->expected, checkpoint_t) = *checkpoint;
    node->unsorted = 1;
}

static void sort_expected(verify_node_t *node)
{
    if (node->unsorted) {
        qsort(node->expected->elts, (size_t)node->expected->nelts, sizeof(checkpoint_t),
              by_sequence);
        node->unsorted = 0;
    }
}

/* The chain has this hash at this sequence; what was expected before is purged or lost. */
static int check_expected(verify_t *verify, verify_node_t *node, apr_int64_t sequence,
                          const char *hash)
{
    sort_expected(node);
    for (; node->next_expected < node->expected->nelts; node->next_expected++) {
        const checkpoint_t *checkpoint =
            &APR_ARRAY_IDX(node->expected, node->next_expected, checkpoint_t);

        if (checkpoint->sequence > sequence) {
            break;
        }
        if (checkpoint->sequence == sequence) {
            node->checkpoints++;
            if (strcmp(checkpoint->hash, hash)) {
                return is_faulty(verify, apr_psprintf(verify->pool,
                                                      "event %" APR_INT64_T_FMT
                                                      " of node %s is not the one that "
                                                      "checkpoint %" APR_INT64_T_FMT
                                                      " attests: the trail was "
                                                      "written anew",
                                                      sequence, node->name, checkpoint->number));
            }
        }
    }
    return 0;
}

/* ---- one event ---- */

static int is_hash(verify_t *verify, const char *expected)
{
    unsigned char digest[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];

    digest_update(verify->digest, verify->canonical.data, verify->canonical.length);
    digest_finish(verify->digest, digest);
    digest_hex(digest, sizeof(digest), hex);
    return strcmp(hex, expected) == 0;
}

static int is_intact(verify_t *verify, const event_t *event)
{
    if (!event->cell[EVENT_HASH]) {
        return 0;
    }
    buffer_reset(&verify->canonical);
    chain_canonical(event, &verify->canonical);
    if (!verify->canonical.overflow && is_hash(verify, event->cell[EVENT_HASH])) {
        return 1;
    }
    return verify->mode != VERIFY_STORED && chain_intact(event, &verify->canonical);
}

static const json_value_t *values_of(verify_t *verify, const event_t *event)
{
    static const json_limits_t limits = {256, 16384, 4096, 64};
    const char *text = event_text(event, EVENT_VALUES);

    apr_pool_clear(verify->scratch);
    return json_parse(verify->scratch, text, strlen(text), &limits);
}

static apr_int64_t number_in(const json_value_t *values, const char *name)
{
    apr_int64_t number = 0;

    json_integer(json_member(values, name), &number);
    return number;
}

static const char *text_in(const json_value_t *values, const char *name)
{
    const char *text = json_string(json_member(values, name));

    return text ? text : "";
}

static int hole(verify_t *verify, verify_node_t *node, apr_int64_t last, const char *hash)
{
    purged_range_t range = {.node = node->name, .first = node->last + 1, .last = last};

    apr_cpystrn(range.before, node->hash, sizeof(range.before));
    apr_cpystrn(range.hash, hash, sizeof(range.hash));
    if (verify->hole && verify->hole(verify->payload, &range)) {
        return range_fault(verify, node, range.first, range.last, "no purge removed exactly these");
    }
    purged_set_add(&node->holes, &range);
    node->ranges++;
    node->purged += range.last - range.first + 1;
    return check_expected(verify, node, last, hash);
}

/* The event that says how a chain goes on behind a checkpoint where an older store was restored. */
static int goes_on(verify_t *verify, verify_node_t *node, const event_t *event,
                   apr_int64_t sequence)
{
    const json_value_t *values = values_of(verify, event);
    apr_int64_t from = number_in(values, "from");
    const char *previous = apr_pstrdup(verify->pool, text_in(values, "previous"));

    if (number_in(values, "sequence") != sequence - 1 ||
        strcmp(text_in(values, "hash"), event_text(event, EVENT_PREVIOUS_HASH)) ||
        from <= node->last || from >= sequence) {
        return event_fault(verify, event, "it does not go on where it says");
    }
    APR_ARRAY_PUSH(node->restored, apr_int64_t) = number_in(values, "checkpoint");
    if (from - 1 > node->last) {
        if (hole(verify, node, from - 1, previous)) {
            return 1;
        }
    }
    else if (strcmp(previous, node->hash)) {
        return event_fault(verify, event, "it does not follow on the event before it");
    }
    node->lost += sequence - from;
    return check_expected(verify, node, sequence - 1, event_text(event, EVENT_PREVIOUS_HASH));
}

static int is_restart(const event_t *event)
{
    return !strcmp(event_text(event, EVENT_OPERATION), JOURNAL_GAP_OPERATION) &&
           strstr(event_text(event, EVENT_VALUES), "\"reason\":\"older store\"");
}

static int follows(verify_t *verify, verify_node_t *node, const event_t *event,
                   apr_int64_t sequence)
{
    if (sequence <= node->last) {
        return event_fault(verify, event, "its sequence was used before: inserted, or moved here");
    }
    if (sequence > node->last + 1) {
        return is_restart(event)
                   ? goes_on(verify, node, event, sequence)
                   : hole(verify, node, sequence - 1, event_text(event, EVENT_PREVIOUS_HASH));
    }
    if (strcmp(event_text(event, EVENT_PREVIOUS_HASH), node->hash)) {
        return event_fault(verify, event,
                           node->last ? "it does not follow on the event before it"
                                      : "it is no first event");
    }
    return 0;
}

/* An event `purged` says what the holes of a node are. */
static void learn_attested(verify_t *verify, const event_t *event)
{
    const json_value_t *values;
    const char *digest, *name;

    if (strcmp(event_text(event, EVENT_OPERATION), "purged")) {
        return;
    }
    values = values_of(verify, event);
    digest = text_in(values, "digest");
    name = text_in(values, "node");
    if (*digest && *name) {
        verify_node_t *own = verify->last_node;
        verify_node_t *node = node_of(verify, name);

        apr_cpystrn(node->attested, digest, sizeof(node->attested));
        verify->last_node = own;
    }
}

int verify_event(verify_t *verify, const event_t *event)
{
    apr_int64_t id = apr_atoi64(event_text(event, EVENT_ID));
    apr_int64_t sequence = apr_atoi64(event_text(event, EVENT_SEQUENCE));
    verify_node_t *node = node_of(verify, event_text(event, EVENT_NODE));

    if (!is_intact(verify, event)) {
        return event_fault(verify, event, "its content is not what was hashed");
    }
    verify->count++;
    node->events++;
    if (verify->mode == VERIFY_FILTERED) {
        if (sequence > node->last) {
            node->last = sequence;
        }
        node->first = node->first ? node->first : sequence;
        return 0;
    }
    if (id <= verify->last_id) {
        return event_fault(verify, event, "it stands behind one with a higher id");
    }
    verify->last_id = id;
    if (follows(verify, node, event, sequence)) {
        return 1;
    }
    node->first = node->first ? node->first : sequence;
    node->last = sequence;
    apr_cpystrn(node->hash, event->cell[EVENT_HASH], sizeof(node->hash));
    learn_attested(verify, event);
    return check_expected(verify, node, sequence, node->hash);
}

/* ---- the end ---- */

int verify_end(verify_t *verify, const char *name, apr_int64_t sequence, const char *hash)
{
    verify_node_t *node = node_of(verify, name);

    if (sequence > node->last) {
        purged_range_t rest = {.node = node->name, .first = node->last + 1, .last = sequence};

        apr_cpystrn(rest.before, node->hash, sizeof(rest.before));
        apr_cpystrn(rest.hash, hash, sizeof(rest.hash));
        if (!verify->hole || verify->hole(verify->payload, &rest)) {
            return range_fault(verify, node, rest.first, rest.last, "the end was cut off");
        }
        return hole(verify, node, sequence, hash);
    }
    if (sequence < node->last || strcmp(hash, node->hash)) {
        return is_faulty(verify,
                         apr_psprintf(verify->pool,
                                      "the store's note of the end of node %s was altered", name));
    }
    return 0;
}

static int finish_node(verify_t *verify, verify_node_t *node)
{
    char digest[DIGEST_HEX_SIZE];

    sort_expected(node);
    if (node->next_expected < node->expected->nelts) {
        const checkpoint_t *checkpoint =
            &APR_ARRAY_IDX(node->expected, node->next_expected, checkpoint_t);

        return is_faulty(verify,
                         apr_psprintf(verify->pool,
                                      "node %s: end missing since checkpoint %" APR_INT64_T_FMT
                                      ", which attests event %" APR_INT64_T_FMT
                                      "; the last one here is %" APR_INT64_T_FMT,
                                      node->name, checkpoint->number, checkpoint->sequence,
                                      node->last));
    }
    purged_set_digest(&node->holes, digest);
    if (node->ranges ? strcmp(digest, node->attested)
                     : *node->attested && strcmp(digest, node->attested)) {
        return is_faulty(
            verify,
            apr_psprintf(verify->pool,
                         "node %s: %" APR_INT64_T_FMT " events are missing in %" APR_INT64_T_FMT
                         " places, which is not what %s: events were deleted, or put back",
                         node->name, node->purged, node->ranges,
                         *node->attested ? "the last event \"purged\" attests"
                                         : "any event \"purged\" attests"));
    }
    return 0;
}

static int by_name(const void *left, const void *right)
{
    return strcmp((*(verify_node_t *const *)left)->name, (*(verify_node_t *const *)right)->name);
}

apr_array_header_t *verify_nodes(const verify_t *verify, apr_pool_t *pool)
{
    apr_array_header_t *nodes = apr_array_make(pool, 4, sizeof(verify_node_t *));

    for (apr_hash_index_t *at = apr_hash_first(pool, verify->nodes); at; at = apr_hash_next(at)) {
        APR_ARRAY_PUSH(nodes, verify_node_t *) = apr_hash_this_val(at);
    }
    qsort(nodes->elts, (size_t)nodes->nelts, sizeof(verify_node_t *), by_name);
    return nodes;
}

int verify_finish(verify_t *verify)
{
    apr_array_header_t *nodes = verify_nodes(verify, verify->pool);

    for (int i = 0; i < nodes->nelts && verify->mode != VERIFY_FILTERED; i++) {
        if (finish_node(verify, APR_ARRAY_IDX(nodes, i, verify_node_t *))) {
            return 1;
        }
    }
    return verify->fault != NULL;
}

const char *verify_fault(const verify_t *verify)
{
    return verify->fault;
}

apr_int64_t verify_count(const verify_t *verify)
{
    return verify->count;
}
