#include "purged.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

/* One node's set, while ranges are put into it. */
typedef struct putting_t {
    store_t *store;
    store_purged_t *node;
    purged_set_t set;
    apr_pool_t *pool; /* cleared for each range */
} putting_t;

static apr_status_t read_set(putting_t *putting)
{
    rows_t rows;
    apr_status_t status =
        store_select(putting->store, PURGED_SET_GET, &putting->node->node, &rows, putting->pool);

    if (!status && rows_next(&rows)) {
        const char *lanes = rows_text(&rows, 2);

        putting->node->ranges = rows_integer(&rows, 0);
        putting->node->total = rows_integer(&rows, 1);
        /* Altered ones give a digest that fits no hole, which a verification finds. */
        if (lanes && purged_set_read(&putting->set, lanes)) {
            memset(&putting->set, 0, sizeof(putting->set));
        }
    }
    return status;
}

static apr_status_t write_set(putting_t *putting)
{
    char *lanes = apr_palloc(putting->pool, PURGED_SET_TEXT_SIZE);
    const char *values[] = {putting->node->node, number_text(putting->node->ranges, putting->pool),
                            number_text(putting->node->total, putting->pool), lanes};

    purged_set_write(&putting->set, lanes);
    purged_set_digest(&putting->set, putting->node->digest);
    return store_execute(putting->store, PURGED_SET_PUT, values, NULL);
}

static apr_status_t take_out(putting_t *putting, const purged_range_t *range)
{
    const char *values[] = {range->node, number_text(range->first, putting->pool)};

    purged_set_remove(&putting->set, range);
    putting->node->ranges--;
    return store_execute(putting->store, PURGED_DELETE, values, NULL);
}

static apr_status_t put_in(putting_t *putting, const purged_range_t *range)
{
    const char *values[] = {range->node, number_text(range->first, putting->pool),
                            number_text(range->last, putting->pool), range->before, range->hash};

    purged_set_add(&putting->set, range);
    putting->node->ranges++;
    return store_execute(putting->store, PURGED_INSERT, values, NULL);
}

/* The range that touches the hole at its lower or upper end goes, and the hole takes its place. */
static apr_status_t grow(putting_t *putting, purged_range_t *hole, int upwards)
{
    purged_range_t range = *hole;
    apr_int64_t touching = upwards ? hole->last + 1 : hole->first - 1;
    const char *values[] = {hole->node, number_text(touching, putting->pool)};
    rows_t rows;
    apr_status_t status = store_select(putting->store, upwards ? PURGED_BEHIND : PURGED_BEFORE,
                                       values, &rows, putting->pool);

    if (status || !rows_next(&rows)) {
        return status;
    }
    if (upwards) {
        range.first = touching;
        range.last = hole->last = rows_integer(&rows, 0);
        apr_cpystrn(range.before, hole->hash, sizeof(range.before));
        apr_cpystrn(range.hash, rows_text(&rows, 1), sizeof(range.hash));
        apr_cpystrn(hole->hash, range.hash, sizeof(hole->hash));
    }
    else {
        range.last = touching;
        range.first = hole->first = rows_integer(&rows, 0);
        apr_cpystrn(range.hash, hole->before, sizeof(range.hash));
        apr_cpystrn(range.before, rows_text(&rows, 1), sizeof(range.before));
        apr_cpystrn(hole->before, range.before, sizeof(hole->before));
    }
    return take_out(putting, &range);
}

static apr_status_t put_range(putting_t *putting, const purged_event_t *first,
                              const purged_event_t *last)
{
    purged_range_t hole = {.node = first->node, .first = first->sequence, .last = last->sequence};
    apr_status_t status;

    apr_pool_clear(putting->pool);
    apr_cpystrn(hole.before, first->previous ? first->previous : "", sizeof(hole.before));
    apr_cpystrn(hole.hash, last->hash ? last->hash : "", sizeof(hole.hash));
    status = grow(putting, &hole, 0);
    if (!status) {
        status = grow(putting, &hole, 1);
    }
    return status ? status : put_in(putting, &hole);
}

static int by_sequence(const void *left, const void *right)
{
    const purged_event_t *one = left, *other = right;
    int order = strcmp(one->node, other->node);

    if (order) {
        return order;
    }
    return one->sequence < other->sequence ? -1 : one->sequence > other->sequence;
}

static void count(store_purged_t *node, const purged_event_t *event)
{
    apr_time_t time = apr_time_from_msec(event->time_ms);

    if (!node->events++) {
        node->first = event->sequence;
        node->oldest = node->newest = time;
    }
    node->last = event->sequence;
    node->oldest = time < node->oldest ? time : node->oldest;
    node->newest = time > node->newest ? time : node->newest;
    node->total++;
}

/* The events of one node, sorted. */
static apr_status_t put_node(store_t *store, const purged_event_t *events, int number,
                             store_purged_t *node, apr_pool_t *pool)
{
    putting_t putting = {.store = store, .node = node, .pool = pool};
    int first = 0;
    apr_status_t status = read_set(&putting);

    for (int i = 0; i < number && !status; i++) {
        count(node, &events[i]);
        if (i + 1 == number || events[i + 1].sequence != events[i].sequence + 1) {
            status = put_range(&putting, &events[first], &events[i]);
            first = i + 1;
        }
    }
    return status ? status : write_set(&putting);
}

apr_status_t purged_put(store_t *store, apr_array_header_t *events, apr_array_header_t *nodes,
                        apr_pool_t *pool)
{
    const purged_event_t *event = (const purged_event_t *)events->elts;
    apr_status_t status = APR_SUCCESS;
    apr_pool_t *scratch;

    qsort(events->elts, (size_t)events->nelts, sizeof(*event), by_sequence);
    apr_pool_create(&scratch, pool);
    for (int first = 0, end; first < events->nelts && !status; first = end) {
        store_purged_t *node = &APR_ARRAY_PUSH(nodes, store_purged_t);

        for (end = first + 1; end < events->nelts && !strcmp(event[end].node, event[first].node);
             end++) {
        }
        memset(node, 0, sizeof(*node));
        node->node = apr_pstrdup(pool, event[first].node);
        status = put_node(store, event + first, end - first, node, scratch);
    }
    apr_pool_destroy(scratch);
    return status;
}
