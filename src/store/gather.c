#include "gather.h"

#include <string.h>

#include "handle.h"

#define LITERAL_MOST (4 * 1024 * 1024) /* GATHER_BYTES and one row, each byte escaped */

void gather_forget(store_t *store)
{
    store->gathered.rows = 0;
    store->gathered.bytes = 0;
}

apr_status_t gather_exists(store_t *store)
{
    connection_fail(store->connection,
                    "an event with this id, or with this node and sequence, exists already");
    return APR_EEXIST;
}

static apr_status_t insert(store_t *store, statement_id_t statement, const char *const *values,
                           int rows)
{
    int inserted = 0;
    apr_status_t status = store_execute(store, statement, values, &inserted);

    return !status && inserted < rows ? gather_exists(store) : status;
}

apr_status_t gather_flush(store_t *store)
{
    gathered_t *gathered = &store->gathered;
    const char *values[ROW_COLUMNS];
    int rows = gathered->rows;

    if (rows == 0) {
        return APR_SUCCESS;
    }
    gather_forget(store);
    for (int column = 0; column < ROW_COLUMNS; column++) {
        buffer_append_char(&gathered->columns[column], '}');
        if (gathered->columns[column].overflow) {
            return connection_fail(store->connection, "an event is longer than any can be");
        }
        values[column] = buffer_string(&gathered->columns[column]);
    }
    return insert(store, EVENTS_INSERT, values, rows);
}

/* PostgreSQL's own form of an array: quotation mark and backslash are the only special ones within
 * quotes. */
static void append_element(buffer_t *literal, const char *value)
{
    if (!value) {
        buffer_append(literal, "NULL", 4);
        return;
    }
    buffer_append_char(literal, '"');
    while (*value) {
        apr_size_t plain = strcspn(value, "\"\\");

        buffer_append(literal, value, plain);
        value += plain;
        if (*value) {
            buffer_append_char(literal, '\\');
            buffer_append_char(literal, *value++);
        }
    }
    buffer_append_char(literal, '"');
}

static void keep_row(store_t *store, const row_t *row)
{
    gathered_t *gathered = &store->gathered;

    if (!gathered->columns) {
        gathered->columns = apr_palloc(store->pool, sizeof(*gathered->columns) * ROW_COLUMNS);
        for (int column = 0; column < ROW_COLUMNS; column++) {
            buffer_init(&gathered->columns[column], store->pool, LITERAL_MOST);
        }
    }
    for (int column = 0; column < ROW_COLUMNS; column++) {
        if (gathered->rows == 0) {
            buffer_reset(&gathered->columns[column]);
        }
        buffer_append_char(&gathered->columns[column], gathered->rows ? ',' : '{');
        append_element(&gathered->columns[column], row->value[column]);
    }
    gathered->rows++;
    gathered->bytes += row->bytes;
}

apr_status_t gather_row(store_t *store, const row_t *row)
{
    const gathered_t *gathered = &store->gathered;

    if (!store->dialect->gathers) {
        return insert(store, EVENT_INSERT, row->value, 1);
    }
    keep_row(store, row);
    return gathered->rows == GATHER_ROWS || gathered->bytes >= GATHER_BYTES ? gather_flush(store)
                                                                            : APR_SUCCESS;
}
