/* Any bytes read as CSV: however the reader gets them, the same rows come out, and a cell that is
 * written again reads back as the same. The first byte says how much the reader gets at a time. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "target.h"
#include "text/csv.h"

typedef struct source_t {
    const char *data;
    apr_size_t length, piece;
} source_t;

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static apr_size_t take(void *payload, char *data, apr_size_t room)
{
    source_t *source = payload;
    apr_size_t length = source->length < source->piece ? source->length : source->piece;

    length = length < room ? length : room;
    memcpy(data, source->data, length);
    source->data += length;
    source->length -= length;
    return length;
}

static csv_reader_t *reader_of(const char *data, apr_size_t length, apr_size_t piece,
                               apr_pool_t *pool)
{
    source_t *source = apr_palloc(pool, sizeof(*source));

    *source = (source_t){data, length, piece};
    return csv_reader_create(pool, take, source);
}

/* Written with its guard, read back and without it, a cell is the same. */
static void check_cell(const char *cell, apr_pool_t *pool)
{
    buffer_t line;
    const char **cells;
    int count;

    buffer_init(&line, pool, CSV_MAX_ROW);
    csv_append_cell(&line, cell);
    buffer_append_string(&line, ",\r\n");
    require(csv_read_row(reader_of(line.data, line.length, line.length, pool), &cells, &count) ==
            APR_SUCCESS);
    require(count == 2 && !*cells[1]);
    require(!*cells[0] || !strchr("=+-@\t\r", *cells[0]));
    require(strcmp(csv_unguard(cells[0]), cell) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    csv_reader_t *whole, *pieces;
    const char **cells, **same;
    int count, counted;
    apr_status_t status;

    if (size < 1) {
        return 0;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    whole = reader_of((const char *)data + 1, size - 1, size, pool);
    pieces = reader_of((const char *)data + 1, size - 1, 1u + data[0] % 16, pool);
    do {
        status = csv_read_row(whole, &cells, &count);
        require(csv_read_row(pieces, &same, &counted) == status);
        if (status == APR_SUCCESS) {
            require(count == counted && count >= 1 && count <= CSV_MAX_CELLS);
            for (int i = 0; i < count; i++) {
                require(strcmp(cells[i], same[i]) == 0);
                check_cell(cells[i], pool);
            }
        }
    } while (status == APR_SUCCESS);
    apr_pool_destroy(pool);
    return 0;
}
