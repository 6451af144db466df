/* Settings as JSON: one site's, and all of them. */
#include <string.h>

#include <apr_strings.h>

#include "settings/settings_file.h"

#define MAX_TEXT 255 /* bytes of a site, node, login or session */

static const json_limits_t limits = {.nodes = 200000,
                                     .bytes = SETTINGS_MAX_FILE,
                                     .string = SETTINGS_MAX_LINE + 1,
                                     .members = SETTINGS_MAX_SITES + 1};

int settings_record_compare(const settings_record_t *left, const settings_record_t *right)
{
    if (left->time != right->time) {
        return left->time < right->time ? -1 : 1;
    }
    return strcmp(left->node, right->node);
}

/* ---- writing ---- */

static json_value_t *record_value(const settings_record_t *record, apr_pool_t *pool)
{
    json_value_t *value = json_new_object(pool);

    json_set(value, "site", json_new_string(pool, record->site));
    json_set(value, "time", json_new_integer(pool, record->time));
    json_set(value, "node", json_new_string(pool, record->node));
    json_set(value, "login", json_new_string(pool, record->login));
    json_set(value, "session", json_new_string(pool, record->session));
    for (int field = 0; field < SETTINGS_FIELDS; field++) {
        json_set(value, settings_field_name((settings_field_t)field),
                 settings_value(&record->settings, (settings_field_t)field, pool));
    }
    return value;
}

void settings_record_write(const settings_record_t *record, buffer_t *buffer)
{
    json_write(buffer, record_value(record, buffer->pool));
}

/* ---- reading ---- */

static const char *text_member(const json_value_t *object, const char *name)
{
    const json_value_t *member = json_member(object, name);
    const char *text = json_string(member);

    return text && member->full_length <= MAX_TEXT && strlen(text) == member->full_length ? text
                                                                                          : NULL;
}

static const char *read_fields(settings_record_t *record, const json_value_t *value,
                               apr_pool_t *pool)
{
    for (int i = 0; i < SETTINGS_FIELDS; i++) {
        settings_field_t field = (settings_field_t)i;
        const char *name = settings_field_name(field);
        const char *problem =
            settings_set_value(&record->settings, field, json_member(value, name), pool);

        if (problem) {
            return apr_psprintf(pool, "its \"%s\" is wrong: %s", name, problem);
        }
    }
    return NULL;
}

static const char *read_record(settings_record_t *record, const json_value_t *value,
                               apr_pool_t *pool)
{
    record->site = text_member(value, "site");
    record->node = text_member(value, "node");
    record->login = text_member(value, "login");
    record->session = text_member(value, "session");
    settings_init(&record->settings, pool);
    if (!record->site || !*record->site || !record->node || !record->login || !record->session ||
        !json_integer(json_member(value, "time"), &record->time) || record->time <= 0) {
        return "it does not say of which site it is, when it was set and by whom";
    }
    return read_fields(record, value, pool);
}

const char *settings_record_read(settings_record_t *record, const char *data, apr_size_t length,
                                 apr_pool_t *pool)
{
    const json_value_t *value =
        length <= SETTINGS_MAX_RECORD ? json_parse(pool, data, length, &limits) : NULL;

    return value ? read_record(record, value, pool) : "it is no JSON";
}

static const char *read_sites(settings_book_t *book, const json_value_t *sites, apr_pool_t *pool)
{
    if (!sites || sites->type != JSON_TYPE_ARRAY || sites->truncated ||
        sites->count > SETTINGS_MAX_SITES) {
        return "it has no list of sites, or one that is too long";
    }
    for (const json_value_t *site = sites->first; site; site = site->next) {
        settings_record_t record;
        const char *problem = read_record(&record, site, pool);

        if (problem) {
            return problem;
        }
        if (settings_book_find(book, record.site)) {
            return apr_psprintf(pool, "the site %s stands in it twice", record.site);
        }
        APR_ARRAY_PUSH(book->records, settings_record_t) = record;
    }
    return NULL;
}

static const char *read_book(settings_book_t *book, const json_value_t *value, apr_pool_t *pool)
{
    apr_int64_t format;

    if (!value) {
        return "it is no JSON";
    }
    if (!json_integer(json_member(value, "format"), &format)) {
        return "it does not say of which format it is";
    }
    if (format != SETTINGS_FORMAT) {
        return "another version of this module has written it";
    }
    return read_sites(book, json_member(value, "sites"), pool);
}

const char *settings_book_read(settings_book_t *book, const char *data, apr_size_t length,
                               apr_pool_t *pool)
{
    const char *problem;

    book->records = apr_array_make(pool, 4, sizeof(settings_record_t));
    problem = length <= SETTINGS_MAX_FILE
                  ? read_book(book, json_parse(pool, data, length, &limits), pool)
                  : "it is too large";
    if (problem) {
        book->records->nelts = 0;
    }
    return problem;
}

const settings_record_t *settings_book_find(const settings_book_t *book, const char *site)
{
    for (int i = 0; i < book->records->nelts; i++) {
        const settings_record_t *record = &APR_ARRAY_IDX(book->records, i, settings_record_t);

        if (!strcmp(record->site, site)) {
            return record;
        }
    }
    return NULL;
}
