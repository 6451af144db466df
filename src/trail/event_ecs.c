#include "trail/event_ecs.h"

#include <string.h>

#include <apr_strings.h>

#include "text/json_value.h"

#define NANOSECONDS_PER_MS 1000000

/* Cells that go into the line as they are, by the path of their member. */
static const struct {
    const char *object, *inner; /* inner: an object within, or NULL */
    const char *name;
    event_column_t column;
} members[] = {
    {"event", NULL, "action", EVENT_OPERATION},
    {"event", NULL, "hash", EVENT_HASH},
    {"user", NULL, "id", EVENT_UID},
    {"user", NULL, "name", EVENT_LOGIN},
    {"user", NULL, "full_name", EVENT_USER},
    {"client", NULL, "ip", EVENT_IP},
    {"client", "geo", "country_name", EVENT_COUNTRY},
    {"client", "geo", "city_name", EVENT_CITY},
    {"source", NULL, "ip", EVENT_PEER_IP},
    {"user_agent", NULL, "original", EVENT_USER_AGENT},
    {"user_agent", NULL, "name", EVENT_BROWSER},
    {"user_agent", "os", "full", EVENT_OS},
    {"user_agent", "device", "name", EVENT_DEVICE},
    {"url", NULL, "path", EVENT_PATH},
    {"error", NULL, "type", EVENT_ERROR},
    {"service", NULL, "name", EVENT_SITE},
    {"host", NULL, "name", EVENT_NODE},
    {"user_audit", NULL, "previous_hash", EVENT_PREVIOUS_HASH},
    /* "odoo" comes last: values are added to it as they stand */
    {"odoo", NULL, "database", EVENT_DATABASE},
    {"odoo", NULL, "session", EVENT_SESSION},
    {"odoo", NULL, "channel", EVENT_CHANNEL},
    {"odoo", NULL, "model", EVENT_MODEL},
    {"odoo", NULL, "method", EVENT_METHOD},
    {"odoo", NULL, "outcome", EVENT_OUTCOME},
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

static json_value_t *inside(json_value_t *object, const char *name, apr_pool_t *pool)
{
    json_value_t *found = json_member(object, name);

    return found ? found : json_set(object, name, json_new_object(pool));
}

static void set_text(json_value_t *line, const char *object, const char *inner, const char *name,
                     const char *text, apr_pool_t *pool)
{
    if (text) {
        json_value_t *holder = inside(line, object, pool);

        if (inner) {
            holder = inside(holder, inner, pool);
        }
        json_set(holder, name, json_new_string(pool, text));
    }
}

static void set_integer(json_value_t *object, const char *name, const char *cell,
                        apr_int64_t factor, apr_pool_t *pool)
{
    if (cell) {
        apr_int64_t number = apr_atoi64(cell), most = APR_INT64_MAX / factor;

        json_set(object, name, json_new_integer(pool, (number < most ? number : most) * factor));
    }
}

static void set_words(json_value_t *object, const char *name, const char *cell, int integers,
                      apr_pool_t *pool)
{
    json_value_t *array;
    char *state, *word;

    if (!cell) {
        return;
    }
    array = json_set(object, name, json_new_array(pool));
    for (word = apr_strtok(apr_pstrdup(pool, cell), " ", &state); word;
         word = apr_strtok(NULL, " ", &state)) {
        json_push(array, integers ? json_new_integer(pool, apr_atoi64(word))
                                  : json_new_string(pool, word));
    }
}

static void set_kind(json_value_t *event, const char *operation, apr_pool_t *pool)
{
    const char *category = "database", *type = "access";

    for (size_t i = 0; operation && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].operation, operation) == 0) {
            category = kinds[i].category;
            type = kinds[i].type;
        }
    }
    json_push(json_set(event, "category", json_new_array(pool)), json_new_string(pool, category));
    json_push(json_set(event, "type", json_new_array(pool)), json_new_string(pool, type));
}

/* ECS knows success, failure and unknown. */
static const char *ecs_outcome(const char *outcome)
{
    if (!outcome || strcmp(outcome, "unknown") == 0) {
        return "unknown";
    }
    return strcmp(outcome, "success") == 0 ? "success" : "failure";
}

static void set_event(json_value_t *line, const event_t *event, apr_pool_t *pool)
{
    json_value_t *object = inside(line, "event", pool);
    const char *node = event->cell[EVENT_NODE], *sequence = event->cell[EVENT_SEQUENCE];

    json_set(object, "kind", json_new_string(pool, "event"));
    json_set(object, "module", json_new_string(pool, "user_audit"));
    json_set(object, "dataset", json_new_string(pool, "user_audit.trail"));
    set_kind(object, event->cell[EVENT_OPERATION], pool);
    json_set(object, "outcome", json_new_string(pool, ecs_outcome(event->cell[EVENT_OUTCOME])));
    if (node && sequence) {
        json_set(object, "id", json_new_string(pool, apr_pstrcat(pool, node, "-", sequence, NULL)));
    }
    set_integer(object, "sequence", sequence, 1, pool);
    set_integer(object, "duration", event->cell[EVENT_DURATION_MS], NANOSECONDS_PER_MS, pool);
}

static void set_http(json_value_t *line, const event_t *event, apr_pool_t *pool)
{
    if (event->cell[EVENT_STATUS]) {
        set_integer(inside(inside(line, "http", pool), "response", pool), "status_code",
                    event->cell[EVENT_STATUS], 1, pool);
    }
}

static json_value_t *build(const event_t *event, apr_pool_t *pool)
{
    json_value_t *line = json_new_object(pool), *odoo;

    json_set(line, "@timestamp", json_new_string(pool, event->cell[EVENT_TIME]));
    json_set(inside(line, "ecs", pool), "version", json_new_string(pool, EVENT_ECS_VERSION));
    set_event(line, event, pool);
    set_http(line, event, pool);
    set_integer(inside(line, "user_audit", pool), "id", event->cell[EVENT_ID], 1, pool);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        set_text(line, members[i].object, members[i].inner, members[i].name,
                 event->cell[members[i].column], pool);
    }
    odoo = inside(line, "odoo", pool);
    set_words(odoo, "record_ids", event->cell[EVENT_RECORD_IDS], 1, pool);
    set_integer(odoo, "record_count", event->cell[EVENT_RECORD_COUNT], 1, pool);
    set_words(odoo, "fields", event->cell[EVENT_FIELDS], 0, pool);
    set_words(odoo, "flags", event->cell[EVENT_FLAGS], 0, pool);
    json_set(odoo, "operation", json_new_string(pool, event->cell[EVENT_OPERATION]));
    return line;
}

/* A cell that is JSON goes in as it stands: the module wrote it, valid and without line ends. */
static void append_json_cell(buffer_t *buffer, const char *name, const char *cell)
{
    if (cell) {
        buffer_append_string(buffer, ",\"");
        buffer_append_string(buffer, name);
        buffer_append_string(buffer, "\":");
        buffer_append_string(buffer, cell);
    }
}

static void append_line(buffer_t *buffer, const event_t *event, apr_pool_t *pool)
{
    json_write(buffer, build(event, pool));
    if (!buffer->overflow) {
        buffer->length -= 2; /* the braces that end "odoo" and the line */
    }
    append_json_cell(buffer, "values", event->cell[EVENT_VALUES]);
    append_json_cell(buffer, "old_values", event->cell[EVENT_OLD_VALUES]);
    buffer_append_string(buffer, "}}");
}

void event_ecs_line(buffer_t *buffer, const event_t *event, apr_pool_t *pool)
{
    append_line(buffer, event, pool);
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
    append_line(buffer, event, pool);
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
