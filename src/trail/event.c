#include "trail/event.h"

#include <string.h>

#include <apr_strings.h>

#include "text/decimal.h"
#include "text/duration.h"
#include "text/utf8.h"

#define EVENT_CELL_HEAD 5            /* column, length */
#define EVENT_JSON_LIMIT (68 * 1024) /* the 64 KiB kept of values, and what is put around them */

const event_column_info_t event_columns[EVENT_COLUMNS] = {
    [EVENT_ID] = {"id", EVENT_KIND_INTEGER, 1, DECIMAL_DIGITS},
    [EVENT_TIME] = {"time", EVENT_KIND_TIME, 1, 32},
    [EVENT_SITE] = {"site", EVENT_KIND_TEXT, 1, 256},
    [EVENT_DATABASE] = {"database", EVENT_KIND_TEXT, 1, 128},
    [EVENT_UID] = {"uid", EVENT_KIND_INTEGER, 1, DECIMAL_DIGITS},
    [EVENT_LOGIN] = {"login", EVENT_KIND_TEXT, 1, 256},
    [EVENT_USER] = {"user", EVENT_KIND_TEXT, 1, 256},
    [EVENT_SESSION] = {"session", EVENT_KIND_TEXT, 1, 64},
    [EVENT_IP] = {"ip", EVENT_KIND_TEXT, 1, 64},
    [EVENT_COUNTRY] = {"country", EVENT_KIND_TEXT, 0, 128},
    [EVENT_CITY] = {"city", EVENT_KIND_TEXT, 0, 128},
    [EVENT_BROWSER] = {"browser", EVENT_KIND_TEXT, 0, 128},
    [EVENT_OS] = {"os", EVENT_KIND_TEXT, 0, 128},
    [EVENT_DEVICE] = {"device", EVENT_KIND_TEXT, 0, 128},
    [EVENT_CHANNEL] = {"channel", EVENT_KIND_TEXT, 1, 16},
    [EVENT_OPERATION] = {"operation", EVENT_KIND_TEXT, 1, 32},
    [EVENT_MODEL] = {"model", EVENT_KIND_TEXT, 1, 256},
    [EVENT_RECORD_IDS] = {"record_ids", EVENT_KIND_TEXT, 1, 16384},
    [EVENT_RECORD_COUNT] = {"record_count", EVENT_KIND_INTEGER, 1, DECIMAL_DIGITS},
    [EVENT_METHOD] = {"method", EVENT_KIND_TEXT, 1, 256},
    [EVENT_FIELDS] = {"fields", EVENT_KIND_TEXT, 1, 16384},
    [EVENT_VALUES] = {"values", EVENT_KIND_TEXT, 1, EVENT_JSON_LIMIT},
    [EVENT_OUTCOME] = {"outcome", EVENT_KIND_TEXT, 1, 16},
    [EVENT_ERROR] = {"error", EVENT_KIND_TEXT, 1, 512},
    [EVENT_STATUS] = {"status", EVENT_KIND_INTEGER, 1, DECIMAL_DIGITS},
    [EVENT_DURATION_MS] = {"duration_ms", EVENT_KIND_INTEGER, 1, DECIMAL_DIGITS},
    [EVENT_PATH] = {"path", EVENT_KIND_TEXT, 1, 2048},
    [EVENT_FLAGS] = {"flags", EVENT_KIND_TEXT, 1, 512},
    [EVENT_HASH] = {"hash", EVENT_KIND_TEXT, 0, 64},
    [EVENT_PEER_IP] = {"peer_ip", EVENT_KIND_TEXT, 1, 64},
    [EVENT_NODE] = {"node", EVENT_KIND_TEXT, 1, 128},
    [EVENT_SEQUENCE] = {"sequence", EVENT_KIND_INTEGER, 1, DECIMAL_DIGITS},
    [EVENT_PREVIOUS_HASH] = {"previous_hash", EVENT_KIND_TEXT, 1, 64},
    [EVENT_OLD_VALUES] = {"old_values", EVENT_KIND_TEXT, 1, EVENT_JSON_LIMIT},
    [EVENT_USER_AGENT] = {"user_agent", EVENT_KIND_TEXT, 0, 512},
    [EVENT_CLIENT_HINTS] = {"client_hints", EVENT_KIND_TEXT, 0, 1024},
};

event_t *event_create(apr_pool_t *pool)
{
    event_t *event = apr_pcalloc(pool, sizeof(*event));

    event->pool = pool;
    return event;
}

static int is_json(event_column_t column)
{
    return column == EVENT_VALUES || column == EVENT_OLD_VALUES;
}

static int is_list(event_column_t column)
{
    return column == EVENT_RECORD_IDS || column == EVENT_FIELDS || column == EVENT_FLAGS;
}

/* Half a record id would name another record: a list ends behind its last whole word. */
static apr_size_t cut_at_word(const char *text, apr_size_t cut)
{
    if (text[cut] == ' ') {
        return cut;
    }
    while (cut > 0 && text[cut - 1] != ' ') {
        cut--;
    }
    return cut > 0 ? cut - 1 : 0;
}

static const char *shorten(apr_pool_t *pool, event_column_t column, const char *text,
                           apr_size_t kept, apr_size_t original)
{
    apr_size_t cut;

    if (is_json(column)) {
        return apr_psprintf(pool, "{\"truncated\":%" APR_SIZE_T_FMT "}", original);
    }
    cut = utf8_cut(text, kept, event_columns[column].limit);
    if (is_list(column)) {
        cut = cut_at_word(text, cut);
    }
    return cut > 0 ? apr_pstrmemdup(pool, text, cut) : NULL;
}

void event_set(event_t *event, event_column_t column, const char *text)
{
    apr_size_t limit = event_columns[column].limit;
    apr_size_t original, taken, kept;
    const char *repaired;

    if (!text || !*text) {
        event->cell[column] = NULL;
        return;
    }
    original = strlen(text);
    if (original <= limit && utf8_clean_prefix(text, original) == original) {
        event->cell[column] = apr_pmemdup(event->pool, text, original + 1);
        return;
    }
    /* Repair never shortens a text, so that what lies well behind the limit need not be read; the
     * four bytes more keep a character that is cut here from showing in front of the limit. */
    taken = original > limit + 4 ? limit + 4 : original;
    repaired = utf8_repair(event->pool, text, taken);
    kept = repaired == text ? taken : strlen(repaired);
    if (kept > limit) {
        event->cell[column] = shorten(event->pool, column, repaired, kept, original);
        event_add_flag(event, "truncated");
    }
    else {
        event->cell[column] = repaired == text ? apr_pstrmemdup(event->pool, text, kept) : repaired;
    }
}

void event_set_kept(event_t *event, event_column_t column, const char *text)
{
    if (text && *text && strlen(text) <= event_columns[column].limit) {
        event->cell[column] = text;
    }
    else {
        event_set(event, column, text);
    }
}

void event_set_integer(event_t *event, event_column_t column, apr_int64_t number)
{
    char *end = (char *)apr_palloc(event->pool, DECIMAL_DIGITS + 1) + DECIMAL_DIGITS;

    *end = '\0';
    event->cell[column] = decimal_before(end, number);
}

void event_set_time(event_t *event, event_column_t column, apr_time_t time)
{
    event->cell[column] = time_format(event->pool, time);
}

static int has_word(const char *words, const char *word, apr_size_t length)
{
    const char *at = words;

    while ((at = strstr(at, word)) != NULL) {
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) {
            return 1;
        }
        at += length;
    }
    return 0;
}

void event_add_flag(event_t *event, const char *flag)
{
    const char *present = event->cell[EVENT_FLAGS];
    apr_size_t length = strlen(flag);

    if (length == 0) {
        return;
    }
    if (!present) {
        event_set(event, EVENT_FLAGS, flag);
    }
    else if (!has_word(present, flag, length) &&
             strlen(present) + 1 + length <= event_columns[EVENT_FLAGS].limit) {
        event->cell[EVENT_FLAGS] = apr_pstrcat(event->pool, present, " ", flag, NULL);
    }
}

static void join_flags(event_t *event, const char *flags)
{
    char *copy = apr_pstrdup(event->pool, flags), *state;

    for (char *word = apr_strtok(copy, " ", &state); word; word = apr_strtok(NULL, " ", &state)) {
        event_add_flag(event, word);
    }
}

void event_merge(event_t *event, const event_t *from)
{
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        if (from->cell[column] && column != EVENT_FLAGS) {
            event->cell[column] = from->cell[column];
        }
    }
    if (!event->cell[EVENT_FLAGS]) {
        event->cell[EVENT_FLAGS] = from->cell[EVENT_FLAGS];
    }
    else if (from->cell[EVENT_FLAGS]) {
        join_flags(event, from->cell[EVENT_FLAGS]);
    }
}

void event_encode(const event_t *event, buffer_t *buffer)
{
    unsigned char set[EVENT_COLUMNS], *to;
    apr_size_t lengths[EVENT_COLUMNS], total = 0;
    int count = 0;

    for (int column = 0; column < EVENT_COLUMNS; column++) {
        if (event->cell[column] && *event->cell[column]) {
            set[count] = (unsigned char)column;
            lengths[count] = strlen(event->cell[column]);
            total += EVENT_CELL_HEAD + lengths[count++] + 1;
        }
    }
    to = (unsigned char *)buffer_extend(buffer, total);
    for (int i = 0; to && i < count; i++) {
        apr_size_t length = lengths[i];

        to[0] = set[i];
        to[1] = (unsigned char)length;
        to[2] = (unsigned char)(length >> 8);
        to[3] = (unsigned char)(length >> 16);
        to[4] = (unsigned char)(length >> 24);
        memcpy(to + EVENT_CELL_HEAD, event->cell[set[i]], length + 1);
        to += EVENT_CELL_HEAD + length + 1;
    }
}

/* Takes one cell from the front; returns the bytes it took, 0 if they are none. */
static apr_size_t decode_cell(event_t *event, const unsigned char *data, apr_size_t length)
{
    const char *text = (const char *)data + EVENT_CELL_HEAD;
    apr_size_t size;

    if (length <= EVENT_CELL_HEAD) {
        return 0;
    }
    size =
        data[1] | (apr_size_t)data[2] << 8 | (apr_size_t)data[3] << 16 | (apr_size_t)data[4] << 24;
    if (size == 0 || size >= length - EVENT_CELL_HEAD || text[size] != '\0' ||
        memchr(text, '\0', size) || utf8_valid_prefix(text, size) != size) {
        return 0;
    }
    if (data[0] < EVENT_COLUMNS) {
        if (event->cell[data[0]]) {
            return 0;
        }
        event->cell[data[0]] = text;
    }
    return EVENT_CELL_HEAD + size + 1;
}

apr_status_t event_decode_in_place(event_t *event, const char *data, apr_size_t length)
{
    const unsigned char *rest = (const unsigned char *)data;

    memset(event->cell, 0, sizeof(event->cell));
    while (length > 0) {
        apr_size_t taken = decode_cell(event, rest, length);

        if (taken == 0) {
            return APR_EINVAL;
        }
        rest += taken;
        length -= taken;
    }
    return APR_SUCCESS;
}

apr_status_t event_decode(event_t **event, apr_pool_t *pool, const char *data, apr_size_t length)
{
    *event = event_create(pool);
    return event_decode_in_place(*event, length ? apr_pmemdup(pool, data, length) : NULL, length);
}
