#include "trail/event_ecs.h"

#include <string.h>

#include <apr_strings.h>

#include "text/json_value.h"

#define NANOSECONDS_PER_MS 1000000

/* The objects of a line, each within another. */
typedef enum place_t {
    PLACE_LINE,
    PLACE_ECS,
    PLACE_EVENT,
    PLACE_HTTP,
    PLACE_RESPONSE,
    PLACE_USER,
    PLACE_CLIENT,
    PLACE_GEO,
    PLACE_SOURCE,
    PLACE_AGENT,
    PLACE_OS,
    PLACE_DEVICE,
    PLACE_URL,
    PLACE_ERROR,
    PLACE_SERVICE,
    PLACE_HOST,
    PLACE_AUDIT,
    PLACE_ODOO
} place_t;

static const struct {
    const char *name;
    place_t within;
} places[] = {
    [PLACE_ECS] = {"ecs", PLACE_LINE},          [PLACE_EVENT] = {"event", PLACE_LINE},
    [PLACE_HTTP] = {"http", PLACE_LINE},        [PLACE_RESPONSE] = {"response", PLACE_HTTP},
    [PLACE_USER] = {"user", PLACE_LINE},        [PLACE_CLIENT] = {"client", PLACE_LINE},
    [PLACE_GEO] = {"geo", PLACE_CLIENT},        [PLACE_SOURCE] = {"source", PLACE_LINE},
    [PLACE_AGENT] = {"user_agent", PLACE_LINE}, [PLACE_OS] = {"os", PLACE_AGENT},
    [PLACE_DEVICE] = {"device", PLACE_AGENT},   [PLACE_URL] = {"url", PLACE_LINE},
    [PLACE_ERROR] = {"error", PLACE_LINE},      [PLACE_SERVICE] = {"service", PLACE_LINE},
    [PLACE_HOST] = {"host", PLACE_LINE},        [PLACE_AUDIT] = {"user_audit", PLACE_LINE},
    [PLACE_ODOO] = {"odoo", PLACE_LINE},
};

/* A line that is being written, member by member. */
typedef struct line_t {
    buffer_t *buffer;
    place_t place; /* the object that is open */
    int empty;     /* nothing stands in it yet */
} line_t;

/* Cells, by where they go: those of one object stand together, since it is written once. */
typedef enum form_t {
    FORM_TEXT,
    FORM_INTEGER,
    FORM_MILLISECONDS, /* ECS has nanoseconds */
    FORM_WORDS,        /* a list */
    FORM_NUMBERS,      /* a list */
    FORM_JSON          /* as it stands: the module wrote it, valid and without line ends */
} form_t;

typedef struct member_t {
    place_t place;
    const char *name;
    event_column_t column;
    form_t form;
} member_t;

static const member_t members[] = {
    {PLACE_EVENT, "action", EVENT_OPERATION, FORM_TEXT},
    {PLACE_EVENT, "sequence", EVENT_SEQUENCE, FORM_INTEGER},
    {PLACE_EVENT, "duration", EVENT_DURATION_MS, FORM_MILLISECONDS},
    {PLACE_EVENT, "hash", EVENT_HASH, FORM_TEXT},
    {PLACE_RESPONSE, "status_code", EVENT_STATUS, FORM_INTEGER},
    {PLACE_USER, "id", EVENT_UID, FORM_TEXT},
    {PLACE_USER, "name", EVENT_LOGIN, FORM_TEXT},
    {PLACE_USER, "full_name", EVENT_USER, FORM_TEXT},
    {PLACE_CLIENT, "ip", EVENT_IP, FORM_TEXT},
    {PLACE_GEO, "country_name", EVENT_COUNTRY, FORM_TEXT},
    {PLACE_GEO, "city_name", EVENT_CITY, FORM_TEXT},
    {PLACE_SOURCE, "ip", EVENT_PEER_IP, FORM_TEXT},
    {PLACE_AGENT, "original", EVENT_USER_AGENT, FORM_TEXT},
    {PLACE_AGENT, "name", EVENT_BROWSER, FORM_TEXT},
    {PLACE_OS, "full", EVENT_OS, FORM_TEXT},
    {PLACE_DEVICE, "name", EVENT_DEVICE, FORM_TEXT},
    {PLACE_URL, "path", EVENT_PATH, FORM_TEXT},
    {PLACE_ERROR, "type", EVENT_ERROR, FORM_TEXT},
    {PLACE_SERVICE, "name", EVENT_SITE, FORM_TEXT},
    {PLACE_HOST, "name", EVENT_NODE, FORM_TEXT},
    {PLACE_AUDIT, "id", EVENT_ID, FORM_INTEGER},
    {PLACE_AUDIT, "previous_hash", EVENT_PREVIOUS_HASH, FORM_TEXT},
    {PLACE_ODOO, "database", EVENT_DATABASE, FORM_TEXT},
    {PLACE_ODOO, "session", EVENT_SESSION, FORM_TEXT},
    {PLACE_ODOO, "channel", EVENT_CHANNEL, FORM_TEXT},
    {PLACE_ODOO, "operation", EVENT_OPERATION, FORM_TEXT},
    {PLACE_ODOO, "model", EVENT_MODEL, FORM_TEXT},
    {PLACE_ODOO, "method", EVENT_METHOD, FORM_TEXT},
    {PLACE_ODOO, "outcome", EVENT_OUTCOME, FORM_TEXT},
    {PLACE_ODOO, "record_ids", EVENT_RECORD_IDS, FORM_NUMBERS},
    {PLACE_ODOO, "record_count", EVENT_RECORD_COUNT, FORM_INTEGER},
    {PLACE_ODOO, "fields", EVENT_FIELDS, FORM_WORDS},
    {PLACE_ODOO, "flags", EVENT_FLAGS, FORM_WORDS},
    {PLACE_ODOO, "values", EVENT_VALUES, FORM_JSON},
    {PLACE_ODOO, "old_values", EVENT_OLD_VALUES, FORM_JSON},
};

/* What ECS calls a category and a type, by operation; the rest are {"database"}, {"access"}. */
static const struct {
    const char *operation, *category, *type;
} kinds[] = {
    {"create", "database", "creation"},
    {"import", "database", "creation"},
    {"write", "database", "change"},
    {"call", "database", "change"},
    {"unlink", "database", "deletion"},
    {"login", "authentication", "start"},
    {"login_failed", "authentication", "start"},
    {"logout", "authentication", "end"},
    {"session_started", "session", "start"},
    {"session_identified", "session", "info"},
    {"session_revoked", "session", "end"},
    {"session_expired", "session", "end"},
    {"session_limited", "session", "end"},
    {"session_refused", "session", "denied"},
    {"user_changed", "iam", "user"},
    {"password_changed", "iam", "change"},
    {"devices_revoked", "iam", "change"},
    {"settings_changed", "configuration", "change"},
    {"hold_set", "configuration", "change"},
    {"hold_lifted", "configuration", "change"},
    {"started", "process", "start"},
    {"stopped", "process", "end"},
    {"gap", "process", "error"},
};

/* ECS knows success, failure and unknown. */
static const char *ecs_outcome(const char *outcome)
{
    if (!outcome || strcmp(outcome, "unknown") == 0) {
        return "unknown";
    }
    return strcmp(outcome, "success") == 0 ? "success" : "failure";
}

/* ---- objects and members ---- */

static int is_within(place_t place, place_t outer)
{
    while (place != outer && place != PLACE_LINE) {
        place = places[place].within;
    }
    return place == outer;
}

static void begin_member(line_t *line, const char *name)
{
    if (!line->empty) {
        buffer_append_char(line->buffer, ',');
    }
    buffer_append_char(line->buffer, '"');
    buffer_append_string(line->buffer, name);
    buffer_append(line->buffer, "\":", 2);
    line->empty = 0;
}

/* Closes what the place is not within, and opens what leads to it. */
static void go_to(line_t *line, place_t place)
{
    while (!is_within(place, line->place)) {
        buffer_append_char(line->buffer, '}');
        line->place = places[line->place].within;
        line->empty = 0;
    }
    if (line->place != place) {
        go_to(line, places[place].within);
        begin_member(line, places[place].name);
        buffer_append_char(line->buffer, '{');
        line->place = place;
        line->empty = 1;
    }
}

static void append_text(line_t *line, const char *name, const char *text)
{
    begin_member(line, name);
    json_write_string(line->buffer, text, strlen(text));
}

static void append_words(buffer_t *buffer, const char *cell, int numbers)
{
    const char *word = cell + strspn(cell, " ");

    buffer_append_char(buffer, '[');
    while (*word) {
        apr_size_t length = strcspn(word, " ");

        if (numbers) {
            buffer_append_int64(buffer, apr_atoi64(word));
        }
        else {
            json_write_string(buffer, word, length);
        }
        word += length + strspn(word + length, " ");
        if (*word) {
            buffer_append_char(buffer, ',');
        }
    }
    buffer_append_char(buffer, ']');
}

/* A cell that somebody wrote into the database holds any number, and apr_atoi64 goes to both ends.
 */
static void append_integer(buffer_t *buffer, const char *cell, apr_int64_t factor)
{
    apr_int64_t number = apr_atoi64(cell), most = APR_INT64_MAX / factor;

    number = number > most ? most : number;
    number = number < -most ? -most : number;
    buffer_append_int64(buffer, number * factor);
}

static void append_cell(line_t *line, const member_t *member, const char *cell)
{
    begin_member(line, member->name);
    switch (member->form) {
    case FORM_TEXT:
        json_write_string(line->buffer, cell, strlen(cell));
        break;
    case FORM_INTEGER:
        append_integer(line->buffer, cell, 1);
        break;
    case FORM_MILLISECONDS:
        append_integer(line->buffer, cell, NANOSECONDS_PER_MS);
        break;
    case FORM_WORDS:
    case FORM_NUMBERS:
        append_words(line->buffer, cell, member->form == FORM_NUMBERS);
        break;
    case FORM_JSON:
        buffer_append_string(line->buffer, cell);
        break;
    }
}

/* ---- the line ---- */

static void append_kind(line_t *line, const char *operation)
{
    const char *category = "database", *type = "access";

    for (size_t i = 0; operation && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].operation, operation) == 0) {
            category = kinds[i].category;
            type = kinds[i].type;
        }
    }
    begin_member(line, "category");
    append_words(line->buffer, category, 0);
    begin_member(line, "type");
    append_words(line->buffer, type, 0);
}

/* The node and the number in its chain. */
static void append_event_id(line_t *line, const event_t *event)
{
    const char *node = event->cell[EVENT_NODE], *sequence = event->cell[EVENT_SEQUENCE];

    if (node && sequence) {
        append_text(line, "id", node);
        if (!line->buffer->overflow) {
            line->buffer->length--; /* the closing quote */
        }
        buffer_append_char(line->buffer, '-');
        buffer_append_int64(line->buffer, apr_atoi64(sequence));
        buffer_append_char(line->buffer, '"');
    }
}

static void append_line(buffer_t *buffer, const event_t *event)
{
    line_t line = {buffer, PLACE_LINE, 1};

    buffer_append_char(buffer, '{');
    if (event->cell[EVENT_TIME]) {
        append_text(&line, "@timestamp", event->cell[EVENT_TIME]);
    }
    go_to(&line, PLACE_ECS);
    append_text(&line, "version", EVENT_ECS_VERSION);
    go_to(&line, PLACE_EVENT);
    append_text(&line, "kind", "event");
    append_text(&line, "module", "user_audit");
    append_text(&line, "dataset", "user_audit.trail");
    append_kind(&line, event->cell[EVENT_OPERATION]);
    append_text(&line, "outcome", ecs_outcome(event->cell[EVENT_OUTCOME]));
    append_event_id(&line, event);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const char *cell = event->cell[members[i].column];

        if (cell) {
            go_to(&line, members[i].place);
            append_cell(&line, &members[i], cell);
        }
    }
    go_to(&line, PLACE_LINE);
    buffer_append_char(buffer, '}');
}

void event_ecs_line(buffer_t *buffer, const event_t *event)
{
    append_line(buffer, event);
    buffer_append_char(buffer, '\n');
}

/* ---- syslog ---- */

#define FACILITY_LOG_AUDIT 13
#define SEVERITY_WARNING 4
#define SEVERITY_NOTICE 5
#define SEVERITY_INFO 6
#define HOSTNAME_MOST 255

static int severity(const event_t *event)
{
    const char *outcome = event->cell[EVENT_OUTCOME];

    if (!outcome || strcmp(outcome, "success") == 0) {
        return SEVERITY_INFO;
    }
    return strcmp(outcome, "denied") == 0 ? SEVERITY_WARNING : SEVERITY_NOTICE;
}

/* A field of the header: printable ASCII without blanks. */
static void append_header_field(buffer_t *buffer, const char *text, apr_size_t most)
{
    apr_size_t length = 0;

    buffer_append_char(buffer, ' ');
    for (; text && *text && length < most; text++, length++) {
        buffer_append_char(buffer, *text > ' ' && *text < 127 ? *text : '_');
    }
    if (length == 0) {
        buffer_append_char(buffer, '-');
    }
}

static void append_message(buffer_t *buffer, const event_t *event, apr_pool_t *pool)
{
    buffer_append_string(buffer,
                         apr_psprintf(pool, "<%d>1", FACILITY_LOG_AUDIT * 8 + severity(event)));
    append_header_field(buffer, event->cell[EVENT_TIME], 32);
    append_header_field(buffer, event->cell[EVENT_NODE], HOSTNAME_MOST);
    buffer_append_string(buffer, " user_audit -");
    append_header_field(buffer, event->cell[EVENT_OPERATION], 32);
    buffer_append_string(buffer, " - ");
    append_line(buffer, event);
}

void event_syslog(buffer_t *buffer, const event_t *event, apr_pool_t *pool)
{
    apr_size_t before = buffer->length;
    event_t shorter = *event;

    append_message(buffer, event, pool);
    if (buffer->length - before > EVENT_SYSLOG_MOST) {
        buffer->length = before;
        shorter.pool = pool;
        shorter.cell[EVENT_VALUES] = shorter.cell[EVENT_OLD_VALUES] = NULL;
        shorter.cell[EVENT_FIELDS] = shorter.cell[EVENT_RECORD_IDS] = NULL;
        event_add_flag(&shorter, "truncated");
        append_message(buffer, &shorter, pool);
    }
}

/* ---- reading back ---- */

apr_status_t event_ecs_identify(const char *line, apr_size_t length, const char **node,
                                apr_int64_t *sequence, apr_int64_t *id, apr_pool_t *pool)
{
    static const json_limits_t limits = {.nodes = 512,
                                         .bytes = 64 * 1024,
                                         .string = 1024,
                                         .members = 64};
    json_value_t *value = json_parse(pool, line, length, &limits);

    *node = json_string(json_member(json_member(value, "host"), "name"));
    if (!*node || !json_integer(json_member(json_member(value, "event"), "sequence"), sequence) ||
        !json_integer(json_member(json_member(value, "user_audit"), "id"), id)) {
        return APR_EINVAL;
    }
    return APR_SUCCESS;
}
