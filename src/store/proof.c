#include "store/proof.h"

#include <string.h>

#include <apr_strings.h>

#include "query.h"
#include "text/duration.h"

apr_status_t store_snapshot(store_t *store)
{
    if (store->in_transaction || store->mode != STORE_READ) {
        return connection_fail(store->connection, "this is no moment to hold a snapshot");
    }
    return connection_run(store->connection, store->dialect->snapshot);
}

/* ---- the trail as it was hashed ---- */

#define WALK_PER_SELECT 500

typedef struct walking_t {
    store_t *store;
    const char *select;
    event_column_t column[EVENT_COLUMNS]; /* selected */
    int columns;
    apr_pool_t *pool; /* cleared for each select */
} walking_t;

static void choose_columns(walking_t *walking, apr_pool_t *pool)
{
    const char *list = "";

    for (int column = 0; column < EVENT_COLUMNS; column++) {
        if (event_columns[column].hashed || column == EVENT_HASH) {
            list =
                apr_pstrcat(pool, list, *list ? ", " : "", row_name((event_column_t)column), NULL);
            walking->column[walking->columns++] = (event_column_t)column;
        }
    }
    walking->select =
        apr_pstrcat(pool, "SELECT ", list, " FROM events WHERE id > %s ORDER BY id LIMIT %s", NULL);
}

static void read_event(const walking_t *walking, const rows_t *rows, event_t *event,
                       char time[TIME_TEXT_SIZE])
{
    for (int i = 0; i < walking->columns; i++) {
        event->cell[walking->column[i]] = rows_text(rows, i);
    }
    if (event->cell[EVENT_TIME]) {
        event->cell[EVENT_TIME] =
            time_write(time, apr_time_from_msec(apr_atoi64(event->cell[EVENT_TIME])));
    }
}

static apr_status_t select_walk(walking_t *walking, apr_int64_t after, int limit, rows_t *rows)
{
    statement_t *statement;
    apr_status_t status;

    apr_pool_clear(walking->pool);
    status = connection_prepare(walking->store->connection, walking->select, &statement);
    const char *values[] = {number_text(after, walking->pool), number_text(limit, walking->pool)};
    return status ? status
                  : connection_select(walking->store->connection, statement, values, rows,
                                      walking->pool);
}

apr_status_t store_walk(store_t *store, apr_int64_t after, int limit, store_event_visit_t visit,
                        void *payload, apr_pool_t *pool)
{
    walking_t walking = {.store = store};
    char time[TIME_TEXT_SIZE];
    event_t event = {.pool = pool};
    int asked = 0, got = 0, stop = 0;
    apr_status_t status = APR_SUCCESS;

    choose_columns(&walking, pool);
    apr_pool_create(&walking.pool, pool);
    while (!status && !stop && limit > 0 && got == asked) {
        rows_t rows;

        asked = limit < WALK_PER_SELECT ? limit : WALK_PER_SELECT;
        status = select_walk(&walking, after, asked, &rows);
        got = status ? 0 : rows.left;
        limit -= got;
        while (!status && !stop && rows_next(&rows)) {
            after = rows_integer(&rows, 0);
            read_event(&walking, &rows, &event, time);
            stop = visit(payload, &event);
        }
    }
    apr_pool_destroy(walking.pool);
    return status;
}

/* ---- chains and what was purged ---- */

apr_status_t store_chains(store_t *store, apr_array_header_t **chains, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(store, CHAIN_LIST, NULL, &rows, pool);

    *chains = apr_array_make(pool, 4, sizeof(store_chain_t));
    while (!status && rows_next(&rows)) {
        store_chain_t *chain = &APR_ARRAY_PUSH(*chains, store_chain_t);

        chain->node = rows_text(&rows, 0);
        chain->sequence = rows_integer(&rows, 1);
        chain->hash = rows_text(&rows, 2);
    }
    return status;
}

static void copy_hash(char hash[DIGEST_HEX_SIZE], const char *text)
{
    apr_cpystrn(hash, text ? text : "", DIGEST_HEX_SIZE);
}

apr_status_t store_purged_ranges(store_t *store, const char *node, apr_int64_t after, int limit,
                                 apr_array_header_t **ranges, apr_pool_t *pool)
{
    const char *values[] = {node, number_text(after, pool), number_text(limit, pool)};
    rows_t rows;
    apr_status_t status = store_select(store, PURGED_LIST, values, &rows, pool);

    *ranges = apr_array_make(pool, 64, sizeof(purged_range_t));
    while (!status && rows_next(&rows)) {
        purged_range_t *range = &APR_ARRAY_PUSH(*ranges, purged_range_t);

        range->node = node;
        range->first = rows_integer(&rows, 0);
        range->last = rows_integer(&rows, 1);
        copy_hash(range->before, rows_text(&rows, 2));
        copy_hash(range->hash, rows_text(&rows, 3));
    }
    return status;
}

apr_status_t store_purged_sets(store_t *store, apr_array_header_t **sets, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(store, PURGED_SET_LIST, NULL, &rows, pool);

    *sets = apr_array_make(pool, 4, sizeof(store_purged_t));
    while (!status && rows_next(&rows)) {
        store_purged_t *node = &APR_ARRAY_PUSH(*sets, store_purged_t);
        const char *lanes = rows_text(&rows, 3);
        purged_set_t set;

        memset(node, 0, sizeof(*node));
        node->node = rows_text(&rows, 0);
        node->ranges = rows_integer(&rows, 1);
        node->total = rows_integer(&rows, 2);
        if (lanes && purged_set_read(&set, lanes) == APR_SUCCESS) {
            purged_set_digest(&set, node->digest);
        }
    }
    return status;
}

/* ---- checkpoints ---- */

apr_status_t store_checkpoint_put(store_t *store, const char *node, apr_int64_t number,
                                  const char *text)
{
    apr_status_t status = store_step(store);

    if (!status) {
        const char *values[] = {node, number_text(number, store->step), text};

        status = store_execute(store, CHECKPOINT_INSERT, values, NULL);
    }
    return status;
}

apr_status_t store_checkpoint_last(store_t *store, const char *node, apr_int64_t *number,
                                   const char **text, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(store, CHECKPOINT_LAST, &node, &rows, pool);

    if (!status && !rows_next(&rows)) {
        return APR_NOTFOUND;
    }
    if (!status) {
        *number = rows_integer(&rows, 0);
        *text = rows_text(&rows, 1) ? rows_text(&rows, 1) : "";
    }
    return status;
}

apr_status_t store_checkpoints(store_t *store, const char *node, apr_int64_t number, int limit,
                               apr_array_header_t **checkpoints, apr_pool_t *pool)
{
    const char *values[] = {node, node, number_text(number, pool), number_text(limit, pool)};
    rows_t rows;
    apr_status_t status = store_select(store, CHECKPOINT_LIST, values, &rows, pool);

    *checkpoints = apr_array_make(pool, 64, sizeof(store_checkpoint_t));
    while (!status && rows_next(&rows)) {
        store_checkpoint_t *checkpoint = &APR_ARRAY_PUSH(*checkpoints, store_checkpoint_t);

        checkpoint->node = rows_text(&rows, 0);
        checkpoint->number = rows_integer(&rows, 1);
        checkpoint->text = rows_text(&rows, 2);
        if (!checkpoint->text) {
            checkpoint->text = "";
        }
    }
    return status;
}
