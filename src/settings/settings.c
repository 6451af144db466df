/* Settings as data, and how those of httpd.conf and of the page add up. */
#include "settings/settings.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "odoo/track.h"
#include "settings/retention.h"
#include "text/duration.h"
#include "text/utf8.h"

static const struct {
    const char *name;
    int is_list;
} fields[SETTINGS_FIELDS] = {
    [SETTINGS_TRACK] = {"track", 1},
    [SETTINGS_REDACT] = {"redact", 1},
    [SETTINGS_VALUES] = {"values", 0},
    [SETTINGS_IDLE_TIMEOUT] = {"idle_timeout", 0},
    [SETTINGS_MAX_LIFETIME] = {"max_lifetime", 0},
    [SETTINGS_MAX_SESSIONS] = {"max_user_sessions", 0},
    [SETTINGS_RETENTION] = {"retention", 1},
    [SETTINGS_ALERTS] = {"alerts", 1},
};

static const char *const value_words[] = {
    [VALUES_NONE] = "none", [VALUES_NAMES] = "names", [VALUES_FULL] = "values"};

const char *settings_field_name(settings_field_t field)
{
    return fields[field].name;
}

int settings_field_is_list(settings_field_t field)
{
    return fields[field].is_list;
}

const char *settings_values_word(int values)
{
    return values >= VALUES_NONE && values <= VALUES_FULL ? value_words[values] : NULL;
}

void settings_init(settings_t *settings, apr_pool_t *pool)
{
    memset(settings, 0, sizeof(*settings));
    settings->values = SETTINGS_VALUES_UNSET;
    for (int field = 0; field < SETTINGS_FIELDS; field++) {
        if (fields[field].is_list) {
            settings->lines[field] = apr_array_make(pool, 4, sizeof(const char *));
        }
    }
}

/* ---- adding up ---- */

/* Of two limits, 0 being none, the one that bites first. */
static apr_int64_t tighter(apr_int64_t left, apr_int64_t right)
{
    return left && (!right || left < right) ? left : right;
}

void settings_effective(settings_t *effective, const settings_t *floor, const settings_t *page,
                        apr_pool_t *pool)
{
    for (int field = 0; field < SETTINGS_FIELDS; field++) {
        effective->lines[field] =
            fields[field].is_list ? apr_array_append(pool, floor->lines[field], page->lines[field])
                                  : NULL;
    }
    effective->values = page->values > floor->values ? page->values : floor->values;
    effective->idle_timeout = tighter(floor->idle_timeout, page->idle_timeout);
    effective->max_lifetime = tighter(floor->max_lifetime, page->max_lifetime);
    effective->max_user_sessions = (int)tighter(floor->max_user_sessions, page->max_user_sessions);
}

static int same_lines(const apr_array_header_t *left, const apr_array_header_t *right)
{
    if (left->nelts != right->nelts) {
        return 0;
    }
    for (int i = 0; i < left->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(left, i, const char *), APR_ARRAY_IDX(right, i, const char *))) {
            return 0;
        }
    }
    return 1;
}

int settings_equal(const settings_t *left, const settings_t *right, settings_field_t field)
{
    switch (field) {
    case SETTINGS_VALUES:
        return left->values == right->values;
    case SETTINGS_IDLE_TIMEOUT:
        return left->idle_timeout == right->idle_timeout;
    case SETTINGS_MAX_LIFETIME:
        return left->max_lifetime == right->max_lifetime;
    case SETTINGS_MAX_SESSIONS:
        return left->max_user_sessions == right->max_user_sessions;
    default:
        return same_lines(left->lines[field], right->lines[field]);
    }
}

/* ---- one line ---- */

static const char *check_track(const char *line, apr_pool_t *pool)
{
    return track_add_line(track_create(pool), line);
}

#define REDACT_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-*?"

static const char *check_redact(const char *line, apr_pool_t *pool)
{
    return line[strspn(line, REDACT_CHARACTERS)]
               ? apr_psprintf(pool,
                              "\"%s\" is no name of a field: write one name or pattern on each "
                              "line, such as salary*",
                              line)
               : NULL;
}

static const char *check_retention(const char *line, apr_pool_t *pool)
{
    return retention_add(apr_array_make(pool, 4, sizeof(retention_t)), line, pool);
}

static const char *check_line(settings_field_t field, const char *line, apr_pool_t *pool)
{
    apr_size_t length = strlen(line);

    if (length > SETTINGS_MAX_LINE) {
        return apr_psprintf(pool, "A line is longer than %d bytes.", SETTINGS_MAX_LINE);
    }
    for (const char *at = line; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 127) {
            return "A line holds a control character.";
        }
    }
    switch (field) {
    case SETTINGS_TRACK:
        return check_track(line, pool);
    case SETTINGS_REDACT:
        return check_redact(line, pool);
    case SETTINGS_RETENTION:
        return check_retention(line, pool);
    default:
        return NULL;
    }
}

/* One more line, its blanks at both ends left out; an empty one is none. */
static const char *add_line(apr_array_header_t *lines, settings_field_t field, const char *line,
                            apr_size_t length, apr_pool_t *pool)
{
    const char *problem, *text;

    while (length && strchr(" \t\r", line[length - 1])) {
        length--;
    }
    while (length && strchr(" \t", *line)) {
        line++;
        length--;
    }
    if (!length) {
        return NULL;
    }
    if (lines->nelts == SETTINGS_MAX_LINES) {
        return apr_psprintf(pool, "There are more than %d lines.", SETTINGS_MAX_LINES);
    }
    text = apr_pstrmemdup(pool, line, length);
    if (!(problem = check_line(field, text, pool))) {
        APR_ARRAY_PUSH(lines, const char *) = text;
    }
    return problem;
}

/* ---- one field ---- */

static const char *set_values(settings_t *settings, const char *text)
{
    for (int level = VALUES_NONE; level <= VALUES_FULL; level++) {
        if (!strcasecmp(text, value_words[level])) {
            settings->values = level;
            return NULL;
        }
    }
    return "Say none, names or values.";
}

static const char *set_time(apr_interval_time_t *time, const char *text)
{
    apr_interval_time_t parsed;

    if (duration_parse(text, &parsed) != APR_SUCCESS || parsed < SETTINGS_SHORTEST_TIME) {
        return "Say a time of at least 60s, such as 90s, 30m or 12h, or leave it empty.";
    }
    *time = parsed;
    return NULL;
}

static const char *set_sessions(settings_t *settings, const char *text, apr_pool_t *pool)
{
    char *end;
    apr_int64_t number = apr_strtoi64(text, &end, 10);

    if (!*text || *end || number < 1 || number > SETTINGS_MAX_USER_SESSIONS) {
        return apr_psprintf(pool, "Say a number from 1 to %d, or leave it empty.",
                            SETTINGS_MAX_USER_SESSIONS);
    }
    settings->max_user_sessions = (int)number;
    return NULL;
}

static void unset(settings_t *settings, settings_field_t field, apr_pool_t *pool)
{
    settings_t empty;

    settings_init(&empty, pool);
    switch (field) {
    case SETTINGS_VALUES:
        settings->values = empty.values;
        break;
    case SETTINGS_IDLE_TIMEOUT:
        settings->idle_timeout = 0;
        break;
    case SETTINGS_MAX_LIFETIME:
        settings->max_lifetime = 0;
        break;
    case SETTINGS_MAX_SESSIONS:
        settings->max_user_sessions = 0;
        break;
    default:
        settings->lines[field] = empty.lines[field];
        break;
    }
}

static const char *set_lines(settings_t *settings, settings_field_t field, const char *text,
                             apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, 4, sizeof(const char *));
    const char *problem = NULL;

    while (*text && !problem) {
        apr_size_t length = strcspn(text, "\n");

        problem = add_line(lines, field, text, length, pool);
        text += length + (text[length] == '\n');
    }
    if (!problem) {
        settings->lines[field] = lines;
    }
    return problem;
}

static const char *set_word(settings_t *settings, settings_field_t field, const char *word,
                            apr_pool_t *pool)
{
    if (!*word || (field != SETTINGS_VALUES && !strcasecmp(word, "off"))) {
        unset(settings, field, pool);
        return NULL;
    }
    switch (field) {
    case SETTINGS_VALUES:
        return set_values(settings, word);
    case SETTINGS_IDLE_TIMEOUT:
        return set_time(&settings->idle_timeout, word);
    case SETTINGS_MAX_LIFETIME:
        return set_time(&settings->max_lifetime, word);
    default:
        return set_sessions(settings, word, pool);
    }
}

const char *settings_set(settings_t *settings, settings_field_t field, const char *text,
                         apr_pool_t *pool)
{
    char *word;

    if (fields[field].is_list) {
        return set_lines(settings, field, text, pool);
    }
    word = apr_pstrdup(pool, text);
    apr_collapse_spaces(word, word);
    return set_word(settings, field, word, pool);
}

/* ---- back ---- */

static const char *time_text(apr_interval_time_t time, apr_pool_t *pool)
{
    return time ? duration_format(pool, time) : "";
}

const char *settings_text(const settings_t *settings, settings_field_t field, apr_pool_t *pool)
{
    switch (field) {
    case SETTINGS_VALUES:
        return settings->values == SETTINGS_VALUES_UNSET ? ""
                                                         : settings_values_word(settings->values);
    case SETTINGS_IDLE_TIMEOUT:
        return time_text(settings->idle_timeout, pool);
    case SETTINGS_MAX_LIFETIME:
        return time_text(settings->max_lifetime, pool);
    case SETTINGS_MAX_SESSIONS:
        return settings->max_user_sessions ? apr_itoa(pool, settings->max_user_sessions) : "";
    default:
        return apr_array_pstrcat(pool, settings->lines[field], '\n');
    }
}

json_value_t *settings_value(const settings_t *settings, settings_field_t field, apr_pool_t *pool)
{
    json_value_t *list;
    const char *text;

    if (fields[field].is_list) {
        list = json_new_array(pool);
        for (int i = 0; i < settings->lines[field]->nelts; i++) {
            json_push(list, json_new_string(pool, APR_ARRAY_IDX(settings->lines[field], i,
                                                                const char *)));
        }
        return list;
    }
    text = settings_text(settings, field, pool);
    if (*text && field == SETTINGS_MAX_SESSIONS) {
        return json_new_integer(pool, settings->max_user_sessions);
    }
    return json_new_string(pool, *text ? text : NULL);
}

/* ---- from JSON: nothing of a text may have been cut or repaired on the way ---- */

static const char *whole_text(const json_value_t *value)
{
    const char *text = json_string(value);

    return text && !value->sha256 && strlen(text) == value->full_length ? text : NULL;
}

static const char *set_list(settings_t *settings, settings_field_t field, const json_value_t *list,
                            apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, 4, sizeof(const char *));
    const char *problem = NULL;

    if (list->type != JSON_TYPE_ARRAY || list->truncated) {
        return apr_psprintf(pool, "Say a list of at most %d lines.", SETTINGS_MAX_LINES);
    }
    for (const json_value_t *line = list->first; line && !problem; line = line->next) {
        const char *text = whole_text(line);

        problem = text ? add_line(lines, field, text, strlen(text), pool) : "A line is no text.";
    }
    if (!problem) {
        settings->lines[field] = lines;
    }
    return problem;
}

const char *settings_set_value(settings_t *settings, settings_field_t field,
                               const json_value_t *value, apr_pool_t *pool)
{
    apr_int64_t number;

    if (!value || value->type == JSON_TYPE_NULL) {
        unset(settings, field, pool);
        return NULL;
    }
    if (fields[field].is_list) {
        return set_list(settings, field, value, pool);
    }
    if (field == SETTINGS_MAX_SESSIONS && json_integer(value, &number)) {
        return set_sessions(settings, apr_psprintf(pool, "%" APR_INT64_T_FMT, number), pool);
    }
    return whole_text(value) ? settings_set(settings, field, whole_text(value), pool)
                             : "Say it as text.";
}

/* ---- never less than the floor ---- */

static const char *check_time(apr_interval_time_t page, apr_interval_time_t floor, apr_pool_t *pool)
{
    return page && floor && page > floor
               ? apr_psprintf(pool, "httpd.conf says %s; here it can only be shorter.",
                              duration_format(pool, floor))
               : NULL;
}

static const char *check_values(int page, int floor, apr_pool_t *pool)
{
    return page != SETTINGS_VALUES_UNSET && page < floor
               ? apr_psprintf(pool, "httpd.conf says %s; here it can only be more.",
                              settings_values_word(floor))
               : NULL;
}

static const char *check_sessions(int page, int floor, apr_pool_t *pool)
{
    return page && floor && page > floor
               ? apr_psprintf(pool, "httpd.conf says %d; here it can only be fewer.", floor)
               : NULL;
}

/* A line that shortens what the floor says of any operation. */
static const char *check_ages(const settings_t *page, const settings_t *floor, apr_pool_t *pool)
{
    for (int i = 0; i < page->lines[SETTINGS_RETENTION]->nelts; i++) {
        const char *line = APR_ARRAY_IDX(page->lines[SETTINGS_RETENTION], i, const char *);
        const char *problem = retention_check_longer(line, floor->lines[SETTINGS_RETENTION], pool);

        if (problem) {
            return problem;
        }
    }
    return NULL;
}

const char *settings_check(const settings_t *page, settings_field_t field, const settings_t *floor,
                           apr_pool_t *pool)
{
    switch (field) {
    case SETTINGS_VALUES:
        return check_values(page->values, floor->values, pool);
    case SETTINGS_IDLE_TIMEOUT:
        return check_time(page->idle_timeout, floor->idle_timeout, pool);
    case SETTINGS_MAX_LIFETIME:
        return check_time(page->max_lifetime, floor->max_lifetime, pool);
    case SETTINGS_MAX_SESSIONS:
        return check_sessions(page->max_user_sessions, floor->max_user_sessions, pool);
    case SETTINGS_RETENTION:
        return check_ages(page, floor, pool);
    default:
        return NULL;
    }
}
