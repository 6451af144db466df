/* An event whatever its cells: its line of CSV reads back as the same cells, none of which a
 * spreadsheet takes for a formula; its line for a SIEM is one line of JSON in valid UTF-8, and its
 * message for syslog fits. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "event_cells.h"
#include "target.h"
#include "text/csv.h"
#include "text/json_value.h"
#include "text/utf8.h"
#include "trail/event_csv.h"
#include "trail/event_ecs.h"

static const json_limits_t limits = {100000, EVENT_ECS_MOST, EVENT_ECS_MOST, 100000};

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static apr_size_t take(void *payload, char *data, apr_size_t room)
{
    buffer_t *left = payload;
    apr_size_t length = left->length < room ? left->length : room;

    memcpy(data, left->data, length);
    left->data += length;
    left->length -= length;
    return length;
}

static void check_csv(const event_t *event, apr_pool_t *pool)
{
    buffer_t line;
    csv_reader_t *reader;
    const char **cells;
    int count;

    buffer_init(&line, pool, CSV_MAX_ROW);
    event_csv_row(&line, event);
    require(!line.overflow && line.length > 2);
    require(utf8_valid_prefix(line.data, line.length) == line.length);
    reader = csv_reader_create(pool, take, &line);
    require(csv_read_row(reader, &cells, &count) == APR_SUCCESS);
    require(count == EVENT_PUBLIC_COLUMNS);
    for (int column = 0; column < count; column++) {
        const char *cell = event->cell[column] ? event->cell[column] : "";

        require(!*cells[column] || !strchr("=+-@\t\r", *cells[column]));
        require(strcmp(csv_unguard(cells[column]), cell) == 0);
    }
    require(csv_read_row(reader, &cells, &count) == APR_EOF);
}

static void check_ecs(const event_t *event, apr_pool_t *pool)
{
    buffer_t line;

    buffer_init(&line, pool, EVENT_ECS_MOST);
    event_ecs_line(&line, event);
    require(!line.overflow && line.length > 1);
    require(memchr(line.data, '\n', line.length) == line.data + line.length - 1);
    require(utf8_valid_prefix(line.data, line.length) == line.length);
    require(json_parse(pool, line.data, line.length, &limits) != NULL);
}

static void check_syslog(const event_t *event, apr_pool_t *pool)
{
    buffer_t message;

    buffer_init(&message, pool, EVENT_SYSLOG_MOST);
    event_syslog(&message, event, pool);
    require(!message.overflow && message.length > 0 && message.data[0] == '<');
    require(memchr(message.data, '\n', message.length) == NULL);
    require(utf8_valid_prefix(message.data, message.length) == message.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    event_t *event;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    event = event_of_cells(data, size, pool);
    check_csv(event, pool);
    check_ecs(event, pool);
    check_syslog(event, pool);
    apr_pool_destroy(pool);
    return 0;
}
