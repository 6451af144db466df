#include "row.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "text/decimal.h"
#include "text/duration.h"
#include "text/utf8.h"

static const char *const row_column[ROW_COLUMNS] = {
    [EVENT_ID] = "id",
    [EVENT_TIME] = "time_ms",
    [EVENT_SITE] = "site",
    [EVENT_DATABASE] = "db",
    [EVENT_UID] = "uid",
    [EVENT_LOGIN] = "login",
    [EVENT_USER] = "name",
    [EVENT_SESSION] = "session",
    [EVENT_IP] = "ip",
    [EVENT_COUNTRY] = "country",
    [EVENT_CITY] = "city",
    [EVENT_BROWSER] = "browser",
    [EVENT_OS] = "os",
    [EVENT_DEVICE] = "device",
    [EVENT_CHANNEL] = "channel",
    [EVENT_OPERATION] = "operation",
    [EVENT_MODEL] = "model",
    [EVENT_RECORD_IDS] = "record_ids",
    [EVENT_RECORD_COUNT] = "record_count",
    [EVENT_METHOD] = "method",
    [EVENT_FIELDS] = "fields",
    [EVENT_VALUES] = "values_json",
    [EVENT_OUTCOME] = "outcome",
    [EVENT_ERROR] = "error",
    [EVENT_STATUS] = "status",
    [EVENT_DURATION_MS] = "duration_ms",
    [EVENT_PATH] = "path",
    [EVENT_FLAGS] = "flags",
    [EVENT_HASH] = "hash",
    [EVENT_PEER_IP] = "peer_ip",
    [EVENT_NODE] = "node",
    [EVENT_SEQUENCE] = "sequence",
    [EVENT_PREVIOUS_HASH] = "previous_hash",
    [EVENT_OLD_VALUES] = "old_values",
    [EVENT_USER_AGENT] = "user_agent",
    [EVENT_CLIENT_HINTS] = "client_hints",
    [ROW_IP_KEY] = "ip_key",
    [ROW_WHO_UID] = "who_uid",
    [ROW_WHO_LOGIN] = "who_login",
    [ROW_WHO_NAME] = "who_name",
    [ROW_BYTES] = "stored_bytes",
};

static const int mark_columns[] = {
    EVENT_ID,        EVENT_TIME,          EVENT_SITE,       EVENT_DATABASE, EVENT_UID,
    EVENT_LOGIN,     EVENT_SESSION,       EVENT_IP,         EVENT_COUNTRY,  EVENT_CITY,
    EVENT_OPERATION, EVENT_MODEL,         EVENT_RECORD_IDS, EVENT_OUTCOME,  ROW_IP_KEY,
    ROW_WHO_UID,     ROW_WHO_LOGIN,       ROW_BYTES,        EVENT_NODE,     EVENT_SEQUENCE,
    EVENT_HASH,      EVENT_PREVIOUS_HASH, EVENT_CHANNEL,    EVENT_FLAGS};

static int makes_mark(int column)
{
    for (size_t i = 0; i < sizeof(mark_columns) / sizeof(mark_columns[0]); i++) {
        if (mark_columns[i] == column) {
            return 1;
        }
    }
    return 0;
}

/* Joins a word for each column. */
static const char *joined(apr_pool_t *pool, const char *(*word)(int column))
{
    const char *list = word(0);

    for (int column = 1; column < ROW_COLUMNS; column++) {
        list = apr_pstrcat(pool, list, ", ", word(column), NULL);
    }
    return list;
}

static const char *name_of(int column)
{
    return row_column[column];
}

static const char *mark_name_of(int column)
{
    return makes_mark(column) ? row_column[column] : "NULL";
}

/* Each column that is fetched takes time in the driver. */
static const char *event_name_of(int column)
{
    return column == ROW_IP_KEY || column == ROW_BYTES ? "NULL" : row_column[column];
}

static const char *parameter_of(int column)
{
    (void)column;
    return "%s";
}

static const char *array_of(int column)
{
    return column == EVENT_ID || column == EVENT_TIME || column == EVENT_SEQUENCE ||
                   column == ROW_BYTES
               ? "%s::bigint[]"
               : "%s::text[]";
}

const char *row_name(event_column_t column)
{
    return row_column[column];
}

const char *row_names(apr_pool_t *pool)
{
    return joined(pool, name_of);
}

const char *row_event_names(apr_pool_t *pool)
{
    return joined(pool, event_name_of);
}

const char *row_mark_names(apr_pool_t *pool)
{
    return joined(pool, mark_name_of);
}

const char *row_parameters(apr_pool_t *pool)
{
    return joined(pool, parameter_of);
}

const char *row_arrays(apr_pool_t *pool)
{
    return joined(pool, array_of);
}

apr_status_t row_integer(const char *text, apr_int64_t *number)
{
    int negative = *text == '-';
    const char *digit = text + negative;
    apr_uint64_t value = 0;

    *number = 0;
    if (!*digit || (*digit == '0' && (negative || digit[1]))) {
        return APR_EINVAL;
    }
    for (; *digit; digit++) {
        if (!apr_isdigit(*digit) || value > (apr_uint64_t)APR_INT64_MAX / 10) {
            return APR_EINVAL;
        }
        value = 10 * value + (apr_uint64_t)(*digit - '0');
    }
    if (value > (apr_uint64_t)APR_INT64_MAX) {
        return APR_EINVAL;
    }
    *number = negative ? -(apr_int64_t)value : (apr_int64_t)value;
    return APR_SUCCESS;
}

/* Takes the next word of a list parted by blanks. */
static int next_word(const char **list, char word[ROW_NUMBER_SIZE])
{
    apr_size_t length;

    *list += strspn(*list, " ");
    length = strcspn(*list, " ");
    apr_cpystrn(word, *list, length < ROW_NUMBER_SIZE ? length + 1 : 1);
    *list += length;
    return length > 0;
}

int row_next_record(const char **ids, apr_int64_t *record)
{
    char word[ROW_NUMBER_SIZE];

    while (*ids && next_word(ids, word)) {
        if (!row_integer(word, record)) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t check_text(const event_t *event, apr_int64_t *bytes)
{
    *bytes = ROW_BYTES_BESIDES;
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        const char *cell = event->cell[column];

        if (cell) {
            apr_size_t length = strlen(cell);

            if (utf8_valid_prefix(cell, length) != length) {
                return APR_EINVAL;
            }
            *bytes += (apr_int64_t)length;
        }
    }
    return APR_SUCCESS;
}

static const char *write_number(char digits[ROW_NUMBER_SIZE], apr_int64_t number)
{
    char *end = digits + ROW_NUMBER_SIZE - 1;

    *end = '\0';
    return decimal_before(end, number);
}

/* Of a text that time_parse has taken: whether it is time_write's own. Of the forms that are taken
 * only one has these signs at these places and no more digits. */
static int is_written_time(const char *text)
{
    return strlen(text) == TIME_TEXT_SIZE - 1 && text[10] == 'T' && text[19] == '.' &&
           text[23] == 'Z';
}

/* The cell TIME becomes milliseconds and must come back as it was. */
static apr_status_t set_time(row_t *row, const event_t *event)
{
    const char *cell = event->cell[EVENT_TIME];
    apr_time_t time;

    row->time_ms = -1;
    if (!cell) {
        return APR_SUCCESS;
    }
    if (time_parse(cell, &time) || time < 0 || !is_written_time(cell)) {
        return APR_EINVAL;
    }
    row->time_ms = apr_time_as_msec(time);
    row->value[EVENT_TIME] = write_number(row->time_digits, row->time_ms);
    return APR_SUCCESS;
}

static apr_status_t set_integer(const event_t *event, event_column_t column, apr_int64_t *number)
{
    *number = 0;
    return event->cell[column] ? row_integer(event->cell[column], number) : APR_SUCCESS;
}

apr_status_t row_from_event(row_t *row, const event_t *event)
{
    apr_status_t status;

    memset(row, 0, sizeof(*row));
    status = check_text(event, &row->bytes);
    row->value[ROW_BYTES] = write_number(row->bytes_digits, row->bytes);
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        const char *cell = event->cell[column];

        row->value[column] = cell && *cell ? cell : NULL;
    }
    if (status || (status = set_integer(event, EVENT_ID, &row->id)) ||
        (status = set_integer(event, EVENT_SEQUENCE, &row->sequence)) ||
        (status = set_time(row, event))) {
        return status;
    }
    if (row->value[EVENT_IP] && !address_key(row->value[EVENT_IP], row->ip_key)) {
        row->value[ROW_IP_KEY] = row->ip_key;
    }
    return APR_SUCCESS;
}

static void fill(event_t *event, event_column_t column, const char *learned)
{
    if (!event->cell[column]) {
        event->cell[column] = learned;
    }
}

event_t *row_to_event(const rows_t *rows)
{
    event_t *event = event_create(rows->pool);

    for (int column = 0; column < EVENT_COLUMNS; column++) {
        event->cell[column] = rows_text(rows, column);
    }
    if (event->cell[EVENT_TIME]) {
        event->cell[EVENT_TIME] =
            time_format(rows->pool, apr_time_from_msec(rows_integer(rows, EVENT_TIME)));
    }
    fill(event, EVENT_UID, rows_text(rows, ROW_WHO_UID));
    fill(event, EVENT_LOGIN, rows_text(rows, ROW_WHO_LOGIN));
    fill(event, EVENT_USER, rows_text(rows, ROW_WHO_NAME));
    return event;
}

void row_read(row_t *row, const rows_t *rows)
{
    memset(row, 0, sizeof(*row));
    for (int column = 0; column < ROW_COLUMNS; column++) {
        row->value[column] = rows_text(rows, column);
    }
    row->id = rows_integer(rows, EVENT_ID);
    row->sequence = rows_integer(rows, EVENT_SEQUENCE);
    row->bytes = rows_integer(rows, ROW_BYTES);
    row->time_ms = rows_integer(rows, EVENT_TIME);
}
