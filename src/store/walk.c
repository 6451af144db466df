/* The trail as it was hashed, from its beginning to its end: what verifying reads. */
#include "store/proof.h"

#include <string.h>

#include <apr_strings.h>

#include "handle.h"
#include "text/duration.h"

#define WALK_PER_SELECT 500

/* Parts the cells where all of them come as one text. No cell that was ever hashed holds this byte,
 * for it is no UTF-8: if somebody puts one into the database, the last cell holds one as well. */
#define CELL_SEPARATOR '\xff'

typedef struct walked_t {
    event_column_t column[EVENT_COLUMNS];
    int count;
} walked_t;

/* The longest cell first: SQLite's text grows to its length twice then, and not a dozen times. */
static void choose_columns(walked_t *walked)
{
    walked->column[0] = EVENT_VALUES;
    walked->count = 1;
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        if (column != EVENT_VALUES && (event_columns[column].hashed || column == EVENT_HASH)) {
            walked->column[walked->count++] = (event_column_t)column;
        }
    }
}

/* Where the database is part of this process, taking some thirty cells out of each row costs more
 * than all the rest of verifying it. Made once for each handle. */
static const char *select_text(store_t *store, const walked_t *walked, apr_pool_t *pool)
{
    const char *format = "", *names = "";

    if (store->walk) {
        return store->walk;
    }

    for (int i = 0; i < walked->count; i++) {
        format = apr_pstrcat(pool, format, i ? "\xff" : "", "%%s", NULL);
        names = apr_pstrcat(pool, names, i ? ", " : "", row_name(walked->column[i]), NULL);
    }
    if (store->dialect->packs) {
        names = apr_pstrcat(pool, store->dialect->packs, "('", format, "', ", names, ")", NULL);
    }
    store->walk = apr_pstrcat(store->pool, "SELECT ", names,
                              " FROM events WHERE id > %s ORDER BY id LIMIT %s", NULL);
    return store->walk;
}

static void split_cells(const walked_t *walked, const char *packed, event_t *event)
{
    char *at = apr_pstrdup(event->pool, packed);

    for (int i = 0; at && i < walked->count; i++) {
        char *next = i + 1 < walked->count ? strchr(at, CELL_SEPARATOR) : NULL;

        if (next) {
            *next++ = '\0';
        }
        event->cell[walked->column[i]] = *at ? at : NULL;
        at = next;
    }
}

static void read_cells(const walked_t *walked, const rows_t *rows, event_t *event)
{
    for (int i = 0; i < walked->count; i++) {
        event->cell[walked->column[i]] = rows_text(rows, i);
    }
}

apr_status_t store_walk_some(store_t *store, apr_int64_t after, int limit,
                             apr_array_header_t **events, apr_pool_t *pool)
{
    walked_t walked;
    rows_t rows;
    statement_t *statement;
    apr_status_t status;

    choose_columns(&walked);
    status = connection_prepare(store->connection, select_text(store, &walked, pool), &statement);
    const char *values[] = {number_text(after, pool), number_text(limit, pool)};
    if (!status) {
        status = connection_select(store->connection, statement, values, &rows, pool);
    }
    *events = apr_array_make(pool, status ? 1 : rows.left, sizeof(event_t));
    while (!status && rows_next(&rows)) {
        event_t *event = &APR_ARRAY_PUSH(*events, event_t);

        memset(event, 0, sizeof(*event));
        event->pool = pool;
        if (store->dialect->packs) {
            split_cells(&walked, rows_text(&rows, 0), event);
        }
        else {
            read_cells(&walked, &rows, event);
        }
        if (event->cell[EVENT_TIME]) {
            event->cell[EVENT_TIME] =
                time_format(pool, apr_time_from_msec(apr_atoi64(event->cell[EVENT_TIME])));
        }
    }
    return status;
}

apr_status_t store_walk(store_t *store, apr_int64_t after, int limit, store_event_visit_t visit,
                        void *payload, apr_pool_t *pool)
{
    apr_pool_t *some;
    int asked = 0, got = 0, stop = 0;
    apr_status_t status = APR_SUCCESS;

    apr_pool_create(&some, pool);
    while (!status && !stop && limit > 0 && got == asked) {
        apr_array_header_t *events;

        apr_pool_clear(some);
        asked = limit < WALK_PER_SELECT ? limit : WALK_PER_SELECT;
        status = store_walk_some(store, after, asked, &events, some);
        got = events->nelts;
        limit -= got;
        for (int i = 0; !status && !stop && i < got; i++) {
            const event_t *event = &APR_ARRAY_IDX(events, i, event_t);

            after = event->cell[EVENT_ID] ? apr_atoi64(event->cell[EVENT_ID]) : after;
            stop = visit(payload, event);
        }
    }
    apr_pool_destroy(some);
    return status;
}
