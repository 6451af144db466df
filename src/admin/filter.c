#include "filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "odoo/operation.h"
#include "rights.h"
#include "text/duration.h"

#define MAX_TEXT 512 /* bytes of one filter */
#define REFERENCE_LENGTH (SESSION_REFERENCE_SIZE - 1)

/* Sets what the text says in the filter; 0 if it says nothing sensible. */
typedef int (*filter_setter_t)(filter_t *filter, const char *text, const page_t *page);

static int set_zone(filter_t *filter, const char *text, const page_t *page)
{
    filter->zone = zone_find(page->pool, text);
    return strcmp(zone_name(filter->zone), text) == 0;
}

static int set_from(filter_t *filter, const char *text, const page_t *page)
{
    (void)page;
    return zone_parse(filter->zone, text, &filter->event.from) == APR_SUCCESS;
}

static int set_to(filter_t *filter, const char *text, const page_t *page)
{
    (void)page;
    return zone_parse(filter->zone, text, &filter->event.to) == APR_SUCCESS;
}

static int set_last(filter_t *filter, const char *text, const page_t *page)
{
    apr_interval_time_t duration;

    if (filter->event.from || duration_parse(text, &duration) != APR_SUCCESS || duration == 0) {
        return 0;
    }
    filter->event.from = page->request->now - duration;
    return 1;
}

static int set_user(filter_t *filter, const char *text, const page_t *page)
{
    (void)page;
    filter->event.user = text;
    return 1;
}

static int set_session(filter_t *filter, const char *text, const page_t *page)
{
    (void)page;
    filter->event.session = text;
    return strlen(text) == REFERENCE_LENGTH && strspn(text, "0123456789abcdef") == REFERENCE_LENGTH;
}

static int set_model(filter_t *filter, const char *text, const page_t *page)
{
    (void)page;
    filter->event.model = text;
    return 1;
}

static int parse_positive(const char *text, apr_int64_t *number)
{
    char *end;

    errno = 0;
    *number = apr_strtoi64(text, &end, 10);
    return apr_isdigit(*text) && *end == '\0' && errno == 0 && *number > 0;
}

static int set_record(filter_t *filter, const char *text, const page_t *page)
{
    const char *comma = strchr(text, ',');

    if (!comma || comma == text) {
        return 0;
    }
    filter->event.record_model = apr_pstrmemdup(page->pool, text, (apr_size_t)(comma - text));
    return parse_positive(comma + 1, &filter->event.record_id);
}

static int set_operation(filter_t *filter, const char *text, const page_t *page)
{
    char *state = NULL, *words = apr_pstrdup(page->pool, text);
    int count = 0;

    for (char *word = apr_strtok(words, ",", &state); word; word = apr_strtok(NULL, ",", &state)) {
        if (count == STORE_MAX_OPERATIONS || operation_from_name(word) == OPERATION_NONE) {
            return 0;
        }
        filter->event.operations[count++] = word;
    }
    return count > 0;
}

static int set_outcome(filter_t *filter, const char *text, const page_t *page)
{
    (void)page;
    for (int outcome = OUTCOME_UNKNOWN; outcome <= OUTCOME_FAILED; outcome++) {
        if (strcmp(text, outcome_name((outcome_t)outcome)) == 0) {
            filter->event.outcome = text;
            return 1;
        }
    }
    return 0;
}

static int set_ip(filter_t *filter, const char *text, const page_t *page)
{
    (void)page;
    filter->event.ip = text;
    return store_is_network(text);
}

static int set_site(filter_t *filter, const char *text, const page_t *page)
{
    (void)page;
    filter->event.site = text;
    return 1;
}

static int set_country(filter_t *filter, const char *text, const page_t *page)
{
    (void)page;
    filter->event.country = text;
    return 1;
}

static int set_city(filter_t *filter, const char *text, const page_t *page)
{
    (void)page;
    filter->event.city = text;
    return 1;
}

static int set_channel(filter_t *filter, const char *text, const page_t *page)
{
    (void)page;
    filter->event.channel = text;
    return 1;
}

static int set_flag(filter_t *filter, const char *text, const page_t *page)
{
    (void)page;
    filter->event.flag = text;
    return 1;
}

/* Behind "from", "to" and "last" in the order of the filters. What is looked through must have an
 * end: without "to" it is tomorrow, so that the list can be followed. */
static int set_text(filter_t *filter, const char *text, const page_t *page)
{
    filter->event.text = text;
    if (!filter->event.to) {
        filter->event.to = page->request->now + apr_time_from_sec(86400);
    }
    return filter->event.from != 0 && strlen(text) <= STORE_MAX_TEXT;
}

typedef struct filter_info_t {
    const char *name;
    filter_setter_t set;
    const char *expected;
} filter_info_t;

static const filter_info_t filters[FILTER_COUNT] = {
    [FILTER_ZONE] = {"zone", set_zone, "a time zone such as Europe/Berlin"},
    [FILTER_FROM] = {"from", set_from, "a time such as 2026-11-23T09:00"},
    [FILTER_TO] = {"to", set_to, "a time such as 2026-11-23T17:30"},
    [FILTER_LAST] = {"last", set_last, "a time such as 24h, and no \"from\" beside it"},
    [FILTER_USER] = {"user", set_user, "a login or a user's number"},
    [FILTER_SESSION] = {"session", set_session, "a session's reference of 32 hex digits"},
    [FILTER_MODEL] = {"model", set_model, "a model such as res.partner"},
    [FILTER_RECORD] = {"record", set_record, "a model and a number such as res.partner,7"},
    [FILTER_OPERATION] = {"operation", set_operation, "operations such as create,write"},
    [FILTER_OUTCOME] = {"outcome", set_outcome, "success, denied, failed or unknown"},
    [FILTER_IP] = {"ip", set_ip, "an address or a network such as 192.0.2.0/24"},
    [FILTER_SITE] = {"site", set_site, "a site's name"},
    [FILTER_COUNTRY] = {"country", set_country, "a country's name"},
    [FILTER_CITY] = {"city", set_city, "a city's name"},
    [FILTER_CHANNEL] = {"channel", set_channel, "a channel such as web or xmlrpc"},
    [FILTER_FLAG] = {"flag", set_flag, "a flag such as unparsed"},
    [FILTER_TEXT] = {"text", set_text, "\"from\" or \"last\" beside it, such as last=30d"},
};

const char *filter_word(filter_name_t name)
{
    return filters[name].name;
}

static const char *read_cursors(filter_t *filter, const page_t *page)
{
    const char *before = page_parameter(page, "before"), *after = page_parameter(page, "after");

    if (before && !parse_positive(before, &filter->before)) {
        return "The cursor \"before\" needs the number of an event.";
    }
    filter->follow = after != NULL;
    if (after && strcmp(after, "0") != 0 && !parse_positive(after, &filter->after)) {
        return "The cursor \"after\" needs the number of an event, or 0.";
    }
    return before && after ? "Use one of the cursors \"before\" and \"after\"." : NULL;
}

const char *filter_set(filter_t *filter, filter_name_t name, const char *text, const page_t *page)
{
    if (text && (strlen(text) > MAX_TEXT || !filters[name].set(filter, text, page))) {
        return apr_psprintf(page->pool, "The filter \"%s\" needs %s.", filters[name].name,
                            filters[name].expected);
    }
    filter->text[name] = text;
    return NULL;
}

const char *filter_read(filter_t *filter, const page_t *page)
{
    const char *wrong = NULL;

    memset(filter, 0, sizeof(*filter));
    filter->zone = zone_find(page->pool, ZONE_UTC);
    for (int name = 0; name < FILTER_COUNT && !wrong; name++) {
        wrong =
            filter_set(filter, (filter_name_t)name, page_parameter(page, filters[name].name), page);
    }
    if (wrong) {
        return wrong;
    }
    if (filter->event.from && filter->event.to && filter->event.from >= filter->event.to) {
        return "The filter \"from\" must be earlier than \"to\".";
    }
    filter->nothing = !rights_limit_events(page->request, &filter->event);
    return read_cursors(filter, page);
}

const char *filter_query(const filter_t *filter, filter_name_t changed, const char *value,
                         apr_pool_t *pool)
{
    const char *query = "";

    for (int name = 0; name < FILTER_COUNT; name++) {
        const char *text = name == (int)changed ? value : filter->text[name];

        if (text) {
            query = apr_pstrcat(pool, query, *query ? "&" : "?", filters[name].name, "=",
                                apr_pescape_urlencoded(pool, text), NULL);
        }
    }
    return query;
}

json_value_t *filter_view(const filter_t *filter, apr_pool_t *pool)
{
    json_value_t *view = json_new_object(pool);

    for (int name = 0; name < FILTER_COUNT; name++) {
        json_set(view, filters[name].name, json_new_string(pool, filter->text[name]));
    }
    return view;
}

int filter_used(const filter_t *filter)
{
    for (int name = FILTER_ZONE + 1; name < FILTER_COUNT; name++) {
        if (filter->text[name]) {
            return 1;
        }
    }
    return 0;
}
