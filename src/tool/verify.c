/* user-audit verify: goes through a store or an export and says what is not as it was written. */
#include "verify.h"

#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read_ahead.h"

#define RANGES_AT_ONCE 1000

/* ---- holes, against the store's table ---- */

typedef struct ranges_t {
    apr_pool_t *pool;
    apr_array_header_t *list; /* of purged_range_t; NULL: not asked yet */
    int at;
    apr_int64_t after;
} ranges_t;

typedef struct checking_t {
    tool_t *tool;
    apr_hash_t *ranges; /* ranges_t by node */
    verify_t *verify;
    verify_holds_t *holds;
    read_ahead_t *ahead; /* NULL: nobody else uses the store */
    apr_status_t status;
} checking_t;

static ranges_t *ranges_of(checking_t *checking, const char *node)
{
    ranges_t *ranges = apr_hash_get(checking->ranges, node, APR_HASH_KEY_STRING);

    if (!ranges) {
        ranges = apr_pcalloc(checking->tool->pool, sizeof(*ranges));
        apr_pool_create(&ranges->pool, checking->tool->pool);
        apr_hash_set(checking->ranges, node, APR_HASH_KEY_STRING, ranges);
    }
    return ranges;
}

/* The node's next range in the table, or NULL. */
static const purged_range_t *next_range(checking_t *checking, ranges_t *ranges, const char *node)
{
    if (!ranges->list ||
        (ranges->at == ranges->list->nelts && ranges->list->nelts == RANGES_AT_ONCE)) {
        apr_pool_clear(ranges->pool);
        ranges->at = 0;
        checking->status = store_purged_ranges(checking->tool->store, node, ranges->after,
                                               RANGES_AT_ONCE, &ranges->list, ranges->pool);
        if (checking->status != APR_SUCCESS) {
            ranges->list = NULL;
            return NULL;
        }
    }
    return ranges->at < ranges->list->nelts
               ? &APR_ARRAY_IDX(ranges->list, ranges->at, purged_range_t)
               : NULL;
}

static int is_known(checking_t *checking, const purged_range_t *hole)
{
    ranges_t *ranges = ranges_of(checking, hole->node);
    const purged_range_t *known = next_range(checking, ranges, hole->node);

    if (!known || known->first != hole->first || known->last != hole->last ||
        strcmp(known->before, hole->before) || strcmp(known->hash, hole->hash)) {
        return 0;
    }
    ranges->after = known->first;
    ranges->at++;
    return 1;
}

static int is_purged(void *payload, const purged_range_t *hole)
{
    checking_t *checking = payload;
    int known;

    if (checking->ahead) {
        read_ahead_lock(checking->ahead);
    }
    known = is_known(checking, hole);
    if (checking->ahead) {
        read_ahead_unlock(checking->ahead);
    }
    return !known;
}

/* ---- a store ---- */

/* Down to the first event that is not as it was written. */
static apr_status_t check_events(checking_t *checking)
{
    tool_t *tool = checking->tool;
    const event_t *event;
    int fault = 0;
    apr_status_t status = read_ahead_start(&checking->ahead, tool->store, tool->pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    while (!fault && (event = read_ahead_next(checking->ahead))) {
        verify_holds_note(checking->holds, event);
        fault = verify_event(checking->verify, event);
    }
    status = read_ahead_stop(checking->ahead);
    checking->ahead = NULL;
    return fault ? APR_SUCCESS : status;
}

static apr_status_t check_ends(checking_t *checking)
{
    apr_array_header_t *chains;
    apr_status_t status = store_chains(checking->tool->store, &chains, checking->tool->pool);

    for (int i = 0; status == APR_SUCCESS && i < chains->nelts; i++) {
        const store_chain_t *chain = &APR_ARRAY_IDX(chains, i, store_chain_t);

        if (verify_end(checking->verify, chain->node, chain->sequence, chain->hash)) {
            break;
        }
    }
    return status;
}

/* A range of the table that is no hole: its events are there, or were never written. */
static const char *left_over(checking_t *checking)
{
    apr_array_header_t *sets;

    checking->status = store_purged_sets(checking->tool->store, &sets, checking->tool->pool);
    for (int i = 0; checking->status == APR_SUCCESS && i < sets->nelts; i++) {
        const char *node = APR_ARRAY_IDX(sets, i, store_purged_t).node;
        const purged_range_t *range = next_range(checking, ranges_of(checking, node), node);

        if (range) {
            return apr_psprintf(checking->tool->pool,
                                "events %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT
                                " of node %s were purged, but the trail has no such hole: events "
                                "were inserted, or the table \"purged\" was altered",
                                range->first, range->last, node);
        }
    }
    return NULL;
}

/* What the store keeps of the purged ranges must be what the trail attests, or the next purge would
 * go on from something else. */
static const char *check_sets(checking_t *checking)
{
    apr_array_header_t *sets, *nodes = verify_nodes(checking->verify, checking->tool->pool);

    checking->status = store_purged_sets(checking->tool->store, &sets, checking->tool->pool);
    for (int i = 0; checking->status == APR_SUCCESS && i < sets->nelts; i++) {
        const store_purged_t *set = &APR_ARRAY_IDX(sets, i, store_purged_t);

        for (int j = 0; j < nodes->nelts; j++) {
            const verify_node_t *node = APR_ARRAY_IDX(nodes, j, const verify_node_t *);

            if (!strcmp(node->name, set->node) &&
                (strcmp(set->digest, node->attested) || set->ranges != node->ranges ||
                 set->total != node->purged)) {
                return apr_psprintf(checking->tool->pool,
                                    "what the store notes of the purges of node %s was altered",
                                    node->name);
            }
        }
    }
    return NULL;
}

static int tell(const char *fault)
{
    printf("%s\n", fault);
    return EXIT_TAMPERED;
}

static int read_store(checking_t *checking)
{
    tool_t *tool = checking->tool;
    const char *fault = NULL;
    int result = verify_read_files(tool, checking->verify);

    if (result) {
        return result;
    }
    if (store_snapshot(tool->store) != APR_SUCCESS) {
        return tool_unreadable(tool);
    }
    result = verify_read_stored(tool, checking->verify, &fault);
    if (result || fault) {
        return fault ? tell(fault) : result;
    }
    if (check_events(checking) != APR_SUCCESS ||
        (!verify_fault(checking->verify) && check_ends(checking) != APR_SUCCESS) ||
        checking->status != APR_SUCCESS) {
        return tool_unreadable(tool);
    }
    return EXIT_SUCCESS;
}

static int check_rest(checking_t *checking)
{
    tool_t *tool = checking->tool;
    const char *fault = left_over(checking);
    int result = EXIT_SUCCESS;

    if (!fault && !verify_finish(checking->verify)) {
        fault = check_sets(checking);
    }
    if (!fault) {
        fault = verify_fault(checking->verify);
    }
    if (!fault) {
        fault = verify_checkpoint_numbers(tool, checking->verify);
    }
    if (!fault) {
        result = verify_holds_check(tool, checking->holds, &fault);
    }
    if (checking->status != APR_SUCCESS) {
        return tool_unreadable(tool);
    }
    return fault ? tell(fault) : result;
}

/* ---- what is said in the end ---- */

static void tell_node(const tool_t *tool, const verify_node_t *node)
{
    if (tool->filtered) {
        printf("node %s: %" APR_INT64_T_FMT " events, each as it was written\n", node->name,
               node->events);
        return;
    }
    printf("node %s: intact from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT ", %" APR_INT64_T_FMT
           " events",
           node->name, node->first, node->last, node->events);
    if (node->purged) {
        printf("; %" APR_INT64_T_FMT " purged in %" APR_INT64_T_FMT " ranges", node->purged,
               node->ranges);
    }
    if (node->expected->nelts) {
        printf("; %d checkpoints, %" APR_INT64_T_FMT " compared", node->expected->nelts,
               node->checkpoints);
    }
    printf("\n");
    if (node->lost) {
        printf("node %s: %" APR_INT64_T_FMT " events are missing that checkpoints attest: an older "
               "store was restored\n",
               node->name, node->lost);
    }
}

static int tell_all(const tool_t *tool, const verify_t *verify)
{
    apr_array_header_t *nodes = verify_nodes(verify, tool->pool);
    apr_int64_t lost = 0;

    for (int i = 0; i < nodes->nelts; i++) {
        const verify_node_t *node = APR_ARRAY_IDX(nodes, i, const verify_node_t *);

        tell_node(tool, node);
        lost += node->lost;
    }
    printf("%" APR_INT64_T_FMT " events\n", verify_count(verify));
    if (!verify_count(verify) && !tool->csv) {
        return EXIT_TAMPERED; /* the first event of every trail is the keeper's own */
    }
    return lost ? EXIT_INCOMPLETE : EXIT_SUCCESS;
}

static int verify_export(tool_t *tool)
{
    verify_t *verify =
        verify_create(tool->pool, tool->filtered ? VERIFY_FILTERED : VERIFY_FULL, NULL, NULL);
    int result =
        tool->filtered || !tool->file_count ? EXIT_SUCCESS : verify_read_files(tool, verify);

    if (!result) {
        result = verify_csv(tool, verify);
    }
    if (result) {
        return result;
    }
    return verify_fault(verify) || verify_finish(verify) ? tell(verify_fault(verify))
                                                         : tell_all(tool, verify);
}

int tool_verify(tool_t *tool)
{
    checking_t checking = {.tool = tool, .ranges = apr_hash_make(tool->pool)};
    int result;

    if (tool->csv) {
        return verify_export(tool);
    }
    if (tool->filtered) {
        fprintf(stderr, "user-audit: --filtered goes with --csv\n");
        return EXIT_UNREADABLE;
    }
    checking.verify = verify_create(tool->pool, VERIFY_STORED, is_purged, &checking);
    checking.holds = verify_holds_create(tool->pool);
    result = read_store(&checking);
    if (result) {
        return result;
    }
    if (verify_fault(checking.verify)) {
        return tell(verify_fault(checking.verify));
    }
    result = check_rest(&checking);
    return result ? result : tell_all(tool, checking.verify);
}
