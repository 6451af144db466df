#include "store/purge.h"

#include <string.h>

#include <apr_strings.h>

#include "held.h"
#include "purged.h"
#include "query.h"

#define PURGE_BLOCKS 4 /* looked at in one call */
#define PURGE_LIST 60  /* ids or values of one statement, since each is a round trip */

/* Their events stay: they say why others are not here. */
static const char *const staying[] = {"gap", "hold_set", "hold_lifted"};

typedef struct purging_t {
    store_t *store;
    store_purge_t *purge;
    apr_int64_t before_ms, bytes;
    apr_array_header_t *holds;    /* of hold_t */
    apr_array_header_t *attested; /* of apr_int64_t: ids of events that say what was purged */
    apr_array_header_t *gone;     /* of purged_event_t */
    apr_pool_t *pool;             /* cleared for each block */
} purging_t;

/* ---- deleting ---- */

typedef struct deletion_t {
    store_t *store;
    query_t query;
    const char *value[PURGE_LIST + 1];
    int values;
} deletion_t;

/* A list of one length whatever it holds, so that one statement does. */
static apr_status_t delete_listed(deletion_t *deletion, const char *in)
{
    const char *last = deletion->value[deletion->values - 1];

    while (deletion->values < PURGE_LIST) {
        deletion->value[deletion->values++] = last;
    }
    deletion->value[PURGE_LIST] = NULL;
    deletion->values = 0;
    query_where_list(&deletion->query, in, deletion->value, ")");
    return query_execute(&deletion->query, deletion->store);
}

static apr_status_t delete_events(const purging_t *purging, const apr_array_header_t *due)
{
    deletion_t deletion = {.store = purging->store};
    apr_int64_t first_ms = APR_INT64_MAX, last_ms = 0;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < due->nelts; i++) {
        apr_int64_t time_ms = APR_ARRAY_IDX(due, i, row_t).time_ms;

        first_ms = time_ms < first_ms ? time_ms : first_ms;
        last_ms = time_ms > last_ms ? time_ms : last_ms;
    }
    for (int i = 0; !status && i < due->nelts; i++) {
        deletion.value[deletion.values++] = APR_ARRAY_IDX(due, i, row_t).value[EVENT_ID];
        if (deletion.values == PURGE_LIST || i + 1 == due->nelts) {
            query_init(&deletion.query, purging->pool, "DELETE FROM events");
            /* Says nothing new, but tells PostgreSQL which partitions to leave alone. */
            query_where_number(&deletion.query, "time_ms >= %s", first_ms);
            query_where_number(&deletion.query, "time_ms <= %s", last_ms);
            status = delete_listed(&deletion, "id IN (");
        }
    }
    return status;
}

static apr_status_t delete_marks(const purging_t *purging, const apr_array_header_t *marks,
                                 apr_int64_t first_id)
{
    deletion_t deletion = {.store = purging->store};
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; !status && i < marks->nelts; i++) {
        const mark_t *mark = APR_ARRAY_IDX(marks, i, mark_t *);

        deletion.value[deletion.values++] = mark->value;
        if (deletion.values == PURGE_LIST || i + 1 == marks->nelts ||
            APR_ARRAY_IDX(marks, i + 1, mark_t *)->kind != mark->kind) {
            query_init(&deletion.query, purging->pool, "DELETE FROM marks");
            query_where_number(&deletion.query, "span = %s", marks_span(mark->kind, first_id));
            query_where_number(&deletion.query, "kind = %s", mark->kind);
            query_where_number(&deletion.query, "first_id = %s", first_id);
            status = delete_listed(&deletion, "value IN (");
        }
    }
    return status;
}

/* ---- what is due ---- */

static int is_of(const char *const *names, const char *operation)
{
    for (; *names; names++) {
        if (!strcmp(*names, operation)) {
            return 1;
        }
    }
    return 0;
}

static int stays(const purging_t *purging, const row_t *row)
{
    for (size_t i = 0; i < sizeof(staying) / sizeof(staying[0]); i++) {
        if (!strcmp(staying[i], row->value[EVENT_OPERATION])) {
            return 1;
        }
    }
    for (int i = 0; i < purging->attested->nelts; i++) {
        if (APR_ARRAY_IDX(purging->attested, i, apr_int64_t) == row->id) {
            return 1;
        }
    }
    return held_row(purging->holds, row);
}

static int is_due(const purging_t *purging, const row_t *row)
{
    const char *operation = row->value[EVENT_OPERATION];
    const char *const *operations = purging->purge->operations;

    return row->time_ms < purging->before_ms && operation && row->value[EVENT_NODE] &&
           (operations ? is_of(operations, operation) : strcmp(operation, "purged") != 0) &&
           !stays(purging, row);
}

static int has_enough(const purging_t *purging)
{
    return purging->gone->nelts >= purging->purge->limit ||
           (purging->purge->bytes > 0 && purging->bytes >= purging->purge->bytes);
}

static void note_gone(purging_t *purging, const row_t *row)
{
    apr_pool_t *pool = purging->gone->pool;
    purged_event_t *event = &APR_ARRAY_PUSH(purging->gone, purged_event_t);

    event->node = apr_pstrdup(pool, row->value[EVENT_NODE]);
    event->hash = apr_pstrdup(pool, row->value[EVENT_HASH]);
    event->previous = apr_pstrdup(pool, row->value[EVENT_PREVIOUS_HASH]);
    event->sequence = row->sequence;
    event->time_ms = row->time_ms;
    purging->bytes += row->bytes;
}

/* Events of a run of ids, parted. */
typedef struct parted_t {
    apr_array_header_t *due; /* row_t */
    block_t gone, kept;      /* their marks */
} parted_t;

static apr_status_t part(purging_t *purging, apr_int64_t first_id, apr_int64_t end_id,
                         parted_t *parted)
{
    const char *values[] = {number_text(first_id, purging->pool),
                            number_text(end_id, purging->pool),
                            number_text(POSTING_POSITIONS, purging->pool)};
    apr_pool_t *gone, *kept;
    rows_t rows;
    apr_status_t status = store_select(purging->store, MARK_ROWS, values, &rows, purging->pool);

    apr_pool_create(&gone, purging->pool);
    apr_pool_create(&kept, purging->pool);
    block_begin(&parted->gone, gone, first_id);
    block_begin(&parted->kept, kept, first_id);
    parted->due = apr_array_make(purging->pool, PURGE_LIST, sizeof(row_t));
    while (!status && rows_next(&rows)) {
        row_t row;

        row_read(&row, &rows);
        if (!has_enough(purging) && is_due(purging, &row)) {
            APR_ARRAY_PUSH(parted->due, row_t) = row;
            note_gone(purging, &row);
            block_add(&parted->gone, &row);
        }
        else {
            block_add(&parted->kept, &row);
        }
    }
    return status;
}

static apr_status_t purge_rows(purging_t *purging, const apr_array_header_t *due)
{
    apr_status_t status = delete_events(purging, due);

    for (int i = 0; !status && i < due->nelts; i++) {
        status = summarise_row(purging->store, &APR_ARRAY_IDX(due, i, row_t), SUMMARISE_WHOLE, -1);
    }
    return status;
}

/* ---- one block ---- */

/* Marks that other events of the block still have are made anew for these. */
static apr_status_t purge_marks(purging_t *purging, const parted_t *parted)
{
    const apr_array_header_t *gone = block_marks(&parted->gone, purging->pool);
    apr_array_header_t *useless = apr_array_make(purging->pool, gone->nelts, sizeof(mark_t *));
    apr_array_header_t *smaller = apr_array_make(purging->pool, gone->nelts, sizeof(mark_t *));
    apr_int64_t first_id = parted->gone.first_id;
    apr_status_t status;

    for (int i = 0; i < gone->nelts; i++) {
        mark_t *mark = APR_ARRAY_IDX(gone, i, mark_t *);
        mark_t *kept = block_find(&parted->kept, mark->kind, mark->value);

        APR_ARRAY_PUSH(kept ? smaller : useless, mark_t *) = kept ? kept : mark;
    }
    status = marks_put_all(purging->store, smaller, first_id, purging->pool);
    return status ? status : delete_marks(purging, useless, first_id);
}

static apr_status_t purge_block(purging_t *purging, apr_int64_t first_id, apr_int64_t end_id)
{
    const char *text = number_text(first_id, purging->pool);
    parted_t parted;
    apr_status_t status = part(purging, first_id, end_id, &parted);

    if (status || parted.due->nelts == 0) {
        return status;
    }
    status = purge_rows(purging, parted.due);
    if (!status) {
        status = purge_marks(purging, &parted);
    }
    if (!status && parted.kept.all.count > 0) {
        return marks_write_block(purging->store, &parted.kept, end_id, purging->pool);
    }
    return status ? status : store_execute(purging->store, BLOCK_DELETE, &text, NULL);
}

/* The tail has no marks yet but in memory, where they are read anew. */
static apr_status_t purge_tail(purging_t *purging)
{
    apr_int64_t first_id;
    parted_t parted;
    apr_status_t status;

    apr_pool_clear(purging->pool);
    status = marks_tail(purging->store, &first_id, purging->pool);
    if (!status) {
        status = part(purging, first_id, APR_INT64_MAX, &parted);
    }
    if (!status && parted.due->nelts > 0) {
        status = purge_rows(purging, parted.due);
        marks_forget(purging->store);
    }
    return status;
}

/* ---- all of them ---- */

static apr_status_t list_blocks(purging_t *purging, rows_t *rows, apr_pool_t *pool)
{
    query_t query;

    query_init(&query, pool, "SELECT first_id, end_id FROM blocks");
    query_where_number(&query, "first_id >= %s", purging->purge->from);
    query_where_number(&query, "first_ms < %s", purging->before_ms);
    if (purging->purge->operations) {
        query_where_number(
            &query, "EXISTS (SELECT 1 FROM marks WHERE span = 1 + (blocks.first_id - 1) / %s",
            MARKS_SPAN);
        query_where(&query, "marks.first_id = blocks.first_id", NULL);
        query_where_number(&query, "kind = %s", MARK_OPERATION);
        query_where_list(&query, "value IN (", purging->purge->operations, "))");
    }
    query_text(&query, " ORDER BY first_id LIMIT %s");
    query_number(&query, PURGE_BLOCKS);
    return query_select(&query, purging->store, rows, pool);
}

static apr_status_t purge_blocks(purging_t *purging, apr_pool_t *list)
{
    rows_t rows;
    apr_status_t status = list_blocks(purging, &rows, list);

    purging->purge->through = !status && rows.left < PURGE_BLOCKS;
    while (!status && !has_enough(purging) && rows_next(&rows)) {
        apr_int64_t first_id = rows_integer(&rows, 0), end_id = rows_integer(&rows, 1);

        apr_pool_clear(purging->pool);
        status = purge_block(purging, first_id, end_id);
        /* A block that filled the batch may have more. */
        purging->purge->from = has_enough(purging) ? first_id : end_id;
    }
    if (!status && purging->purge->through && !has_enough(purging)) {
        status = purge_tail(purging);
    }
    purging->purge->through &= !has_enough(purging);
    if (purging->purge->through) {
        purging->purge->from = 0;
    }
    return status;
}

static apr_status_t list_attested(purging_t *purging, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(purging->store, PURGED_SET_LIST, NULL, &rows, pool);

    purging->attested = apr_array_make(pool, 4, sizeof(apr_int64_t));
    while (!status && rows_next(&rows)) {
        APR_ARRAY_PUSH(purging->attested, apr_int64_t) = rows_integer(&rows, 4);
    }
    return status;
}

static apr_status_t begin_purge(purging_t *purging, apr_pool_t *scratch)
{
    apr_status_t status = store_step(purging->store);

    if (!status) {
        status = held_load(purging->store, &purging->holds, scratch);
    }
    return status ? status : list_attested(purging, scratch);
}

apr_status_t store_purge(store_t *store, store_purge_t *purge, apr_pool_t *pool)
{
    purging_t purging = {.store = store,
                         .purge = purge,
                         .before_ms = apr_time_as_msec(purge->before)};
    apr_pool_t *scratch;
    apr_status_t status;

    purge->events = 0;
    purge->nodes = apr_array_make(pool, 2, sizeof(store_purged_t));
    apr_pool_create(&scratch, pool);
    apr_pool_create(&purging.pool, scratch);
    purging.gone = apr_array_make(scratch, 512, sizeof(purged_event_t));
    status = begin_purge(&purging, scratch);
    purge->through = 1;
    if (!status && (!purge->operations || purge->operations[0])) {
        status = purge_blocks(&purging, scratch);
    }
    if (!status) {
        status = purged_put(store, purging.gone, purge->nodes, pool);
        purge->events = purging.gone->nelts;
        store->grown -= purging.bytes;
    }
    apr_pool_destroy(scratch);
    return status;
}

apr_status_t store_purge_attested(store_t *store, const char *node, apr_int64_t id)
{
    apr_status_t status = store_step(store);

    if (!status) {
        const char *values[] = {number_text(id, store->step), node};

        status = store_execute(store, PURGED_SET_ATTEST, values, NULL);
    }
    return status;
}
