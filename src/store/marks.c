#include "marks.h"

#include <string.h>

#include <apr_strings.h>

#include "handle.h"
#include "query.h"

#define CATCH_UP_BLOCKS 16     /* made by one transaction of what it did not append itself */
#define NAMED_MAX_BLOCKS 10000 /* in which one event names earlier ones */

/* ---- in the database ---- */

apr_int64_t marks_span(mark_kind_t kind, apr_int64_t first_id)
{
    return kind == MARK_SESSION || kind == MARK_NAMELESS ? MARKS_EVERYWHERE
                                                         : 1 + (first_id - 1) / MARKS_SPAN;
}

static const char *span_text(store_t *store, mark_kind_t kind, apr_int64_t first_id)
{
    return number_text(marks_span(kind, first_id), store->step);
}

apr_status_t marks_put(store_t *store, mark_kind_t kind, const char *value, apr_int64_t first_id,
                       const posting_t *posting)
{
    const char *values[] = {span_text(store, kind, first_id), number_text(kind, store->step), value,
                            number_text(first_id, store->step), posting_text(posting, store->step)};

    return store_execute(store, MARK_PUT, values, NULL);
}

apr_status_t marks_remove(store_t *store, mark_kind_t kind, const char *value, apr_int64_t first_id)
{
    const char *values[] = {span_text(store, kind, first_id), number_text(kind, store->step), value,
                            number_text(first_id, store->step)};

    return store_execute(store, MARK_DELETE, values, NULL);
}

static apr_status_t insert_marks(store_t *store, mark_t *const *marks, int count,
                                 apr_int64_t first_id, apr_pool_t *pool)
{
    const char *values[5 * MARKS_PER_INSERT], *first = number_text(first_id, pool);

    for (int i = 0; i < count; i++) {
        const char **value = values + 5 * (apr_size_t)i;

        value[0] = number_text(marks_span(marks[i]->kind, first_id), pool);
        value[1] = number_text(marks[i]->kind, pool);
        value[2] = marks[i]->value;
        value[3] = first;
        value[4] = posting_text(&marks[i]->posting, pool);
    }
    return store_execute(store, count == MARKS_PER_INSERT ? MARKS_PUT : MARK_PUT, values, NULL);
}

apr_status_t marks_write_block(store_t *store, const block_t *block, apr_int64_t end_id,
                               apr_pool_t *pool)
{
    const char *values[] = {number_text(block->first_id, pool), number_text(end_id, pool),
                            number_text(block->first_ms, pool), number_text(block->last_ms, pool),
                            posting_text(&block->all, pool)};

    return store_execute(store, BLOCK_PUT, values, NULL);
}

apr_status_t marks_put_all(store_t *store, const apr_array_header_t *marks, apr_int64_t first_id,
                           apr_pool_t *pool)
{
    apr_pool_t *some;
    apr_status_t status = APR_SUCCESS;

    apr_pool_create(&some, pool);
    for (int i = 0, count; !status && i < marks->nelts; i += count) {
        count = marks->nelts - i < MARKS_PER_INSERT ? 1 : MARKS_PER_INSERT;
        apr_pool_clear(some);
        status = insert_marks(store, &APR_ARRAY_IDX(marks, i, mark_t *), count, first_id, some);
    }
    apr_pool_destroy(some);
    return status;
}

apr_status_t marks_write(store_t *store, const block_t *block, apr_int64_t end_id, apr_pool_t *pool)
{
    apr_status_t status = marks_write_block(store, block, end_id, pool);

    return status ? status : marks_put_all(store, block_marks(block, pool), block->first_id, pool);
}

apr_status_t marks_tail(store_t *store, apr_int64_t *first_id, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(store, BLOCK_LAST, NULL, &rows, pool);

    *first_id = !status && rows_next(&rows) ? rows_integer(&rows, 0) : 1;
    return status;
}

/* ---- the tail in memory ---- */

void marks_begin(store_t *store)
{
    store->tail_checked = 0;
    store->tail_read = 0;
}

void marks_forget(store_t *store)
{
    store->tail_checked = 0;
    store->tail_next = 0;
}

static apr_status_t write_full_block(store_t *store, apr_int64_t end_id)
{
    block_t *block = &store->block;
    apr_pool_t *pool;
    apr_status_t status = APR_SUCCESS;

    if (block->all.count > 0) {
        apr_pool_create(&pool, store->transaction);
        status = marks_write(store, block, end_id, pool);
        apr_pool_destroy(pool);
    }
    block_begin(block, store->block_pool, end_id);
    return status;
}

/* Where nothing is known, or another node has made a block since, it begins at the last block. */
static apr_status_t check_tail(store_t *store)
{
    apr_int64_t first_id;
    apr_status_t status = marks_tail(store, &first_id, store->step);

    if (!status && (!store->tail_next || store->block.first_id != first_id)) {
        block_begin(&store->block, store->block_pool, first_id);
        store->tail_next = first_id;
    }
    store->tail_checked = !status;
    return status;
}

static apr_status_t take_row(store_t *store, const row_t *row)
{
    apr_status_t status = APR_SUCCESS;

    if (!block_has_room(&store->block, row->id)) {
        status = write_full_block(store, row->id);
    }
    block_add(&store->block, row);
    store->tail_next = row->id + 1;
    return status;
}

/* Reads a block's worth of events in front of the id. */
static apr_status_t read_rows(store_t *store, apr_int64_t id)
{
    apr_pool_t *pool;
    rows_t rows;
    apr_status_t status;
    int all;

    apr_pool_create(&pool, store->transaction);
    const char *values[] = {number_text(store->tail_next, pool), number_text(id, pool),
                            number_text(POSTING_POSITIONS, pool)};
    status = store_select(store, MARK_ROWS, values, &rows, pool);
    all = rows.left < POSTING_POSITIONS;
    while (!status && rows_next(&rows)) {
        row_t row;

        row_read(&row, &rows);
        status = take_row(store, &row);
    }
    if (!status && all) {
        store->tail_next = id;
    }
    apr_pool_destroy(pool);
    return status;
}

apr_status_t marks_ready(store_t *store, apr_int64_t id)
{
    apr_status_t status = store->tail_checked ? APR_SUCCESS : check_tail(store);

    while (!status && store->tail_next < id && store->tail_read < CATCH_UP_BLOCKS) {
        store->tail_read++;
        status = read_rows(store, id);
    }
    return status;
}

apr_status_t marks_ready_all(store_t *store, int *ready)
{
    rows_t rows;
    apr_int64_t end_id = 1;
    apr_status_t status = store_select(store, CHAIN_LAST_ID, NULL, &rows, store->step);

    if (!status && rows_next(&rows)) {
        end_id = rows_integer(&rows, 0) + 1;
    }
    if (store->tail.node && end_id <= store->tail.id) {
        end_id = store->tail.id + 1; /* of this transaction */
    }
    status = status ? status : marks_ready(store, end_id);
    *ready = !status && store->tail_next >= end_id;
    return status;
}

apr_status_t marks_add(store_t *store, const row_t *row)
{
    return store->tail_next == row->id ? take_row(store, row) : APR_SUCCESS;
}

/* ---- naming events of a session ---- */

typedef struct naming_t {
    store_t *store;
    const row_t *row; /* the event that tells the name */
} naming_t;

/* Names events first_id <= id < end_id and gives them. */
static apr_status_t name_range(const naming_t *naming, apr_int64_t first_id, apr_int64_t end_id,
                               rows_t *rows)
{
    store_t *store = naming->store;
    const char *const *value = naming->row->value;
    const char *values[] = {value[EVENT_UID],
                            value[EVENT_LOGIN],
                            value[EVENT_USER],
                            number_text(first_id, store->step),
                            number_text(end_id, store->step),
                            value[EVENT_SESSION],
                            value[EVENT_LOGIN]};

    return store_select(store, EVENT_NAME, values, rows, store->step);
}

/* A row that was named, as it is now. */
static apr_status_t next_named(store_t *store, rows_t *rows, row_t *named)
{
    row_read(named, rows);
    return summarise_row(store, named, SUMMARISE_USERS, 1);
}

static apr_status_t name_tail(const naming_t *naming)
{
    store_t *store = naming->store;
    mark_t *nameless = block_find(&store->block, MARK_NAMELESS, naming->row->value[EVENT_SESSION]);
    apr_int64_t first_id = store->block.first_id;
    rows_t rows;
    apr_status_t status;

    if (!nameless || nameless->posting.count == 0) {
        return APR_SUCCESS;
    }
    status =
        name_range(naming, first_id + nameless->posting.position[0],
                   first_id + nameless->posting.position[nameless->posting.count - 1] + 1, &rows);
    while (!status && rows_next(&rows)) {
        row_t named;

        status = next_named(store, &rows, &named);
        block_mark(&store->block, MARK_UID, named.value[ROW_WHO_UID], named.id);
        if (named.value[ROW_WHO_LOGIN]) {
            block_mark(&store->block, MARK_LOGIN, named.value[ROW_WHO_LOGIN], named.id);
        }
    }
    nameless->posting.count = 0;
    return status;
}

/* Adds the positions to a mark that may be there already. */
static apr_status_t merge_mark(store_t *store, mark_kind_t kind, const char *value,
                               apr_int64_t first_id, posting_t *added)
{
    const char *values[] = {span_text(store, kind, first_id), number_text(kind, store->step), value,
                            number_text(first_id, store->step)};
    apr_uint64_t bits[POSTING_WORDS] = {0};
    rows_t rows;
    apr_status_t status = store_select(store, MARK_GET, values, &rows, store->step);

    if (!status && rows_next(&rows) && rows_text(&rows, 0)) {
        posting_read(rows_text(&rows, 0), bits);
    }
    for (int i = 0; i < POSTING_POSITIONS; i++) {
        if (bits[i / 64] >> i % 64 & 1) {
            posting_add(added, i, store->step);
        }
    }
    return status ? status : marks_put(store, kind, value, first_id, added);
}

static apr_status_t name_block(const naming_t *naming, apr_int64_t first_id, apr_int64_t end_id)
{
    store_t *store = naming->store;
    const char *login = naming->row->value[EVENT_LOGIN];
    posting_t uid = {NULL, 0, 0}, logins = {NULL, 0, 0};
    rows_t rows;
    apr_status_t status = name_range(naming, first_id, end_id, &rows);

    while (!status && rows_next(&rows)) {
        row_t named;

        status = next_named(store, &rows, &named);
        posting_add(&uid, (int)(named.id - first_id), store->step);
        posting_add(&logins, (int)(named.id - first_id), store->step);
    }
    if (!status && uid.count > 0) {
        status = merge_mark(store, MARK_UID, naming->row->value[EVENT_UID], first_id, &uid);
    }
    if (!status && uid.count > 0 && login) {
        status = merge_mark(store, MARK_LOGIN, login, first_id, &logins);
    }
    return status ? status
                  : marks_remove(store, MARK_NAMELESS, naming->row->value[EVENT_SESSION], first_id);
}

/* Events that the tail in memory has not come to yet have no marks that would tell. */
static apr_status_t name_unread(const naming_t *naming)
{
    store_t *store = naming->store;
    rows_t rows;
    apr_status_t status = APR_SUCCESS;

    if (store->tail_next < naming->row->id) {
        status = name_range(naming, store->tail_next, naming->row->id, &rows);
        while (!status && rows_next(&rows)) {
            row_t named;

            status = next_named(store, &rows, &named);
        }
    }
    return status;
}

apr_status_t marks_name(store_t *store, const row_t *row)
{
    naming_t naming = {store, row};
    const char *values[] = {number_text(MARKS_EVERYWHERE, store->step),
                            number_text(MARK_NAMELESS, store->step), row->value[EVENT_SESSION],
                            number_text(NAMED_MAX_BLOCKS, store->step)};
    rows_t rows;
    apr_status_t status = store_select(store, MARK_BLOCKS, values, &rows, store->step);

    while (!status && rows_next(&rows)) {
        status = name_block(&naming, rows_integer(&rows, 0), rows_integer(&rows, 1));
    }
    status = status ? status : name_tail(&naming);
    return status ? status : name_unread(&naming);
}
