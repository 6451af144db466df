#include "filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_network_io.h>
#include <apr_strings.h>

#include "odoo/operation.h"
#include "rights.h"
#include "text/duration.h"

#define MAX_TEXT 512 /* bytes of one filter */
#define REFERENCE_LENGTH (SESSION_REFERENCE_SIZE - 1)

/* Sets what the text says in the filter; 0 if it says nothing sensible. */
typedef int (*filter_setter_t)(event_filter_t *event, const char *text, apr_pool_t *pool);

static int set_from(event_filter_t *event, const char *text, apr_pool_t *pool)
{
    (void)pool;
    return time_parse(text, &event->from) == APR_SUCCESS;
}

static int set_to(event_filter_t *event, const char *text, apr_pool_t *pool)
{
    (void)pool;
    return time_parse(text, &event->to) == APR_SUCCESS;
}

static int set_user(event_filter_t *event, const char *text, apr_pool_t *pool)
{
    (void)pool;
    event->user = text;
    return 1;
}

static int set_session(event_filter_t *event, const char *text, apr_pool_t *pool)
{
    (void)pool;
    event->session = text;
    return strlen(text) == REFERENCE_LENGTH && strspn(text, "0123456789abcdef") == REFERENCE_LENGTH;
}

static int set_model(event_filter_t *event, const char *text, apr_pool_t *pool)
{
    (void)pool;
    event->model = text;
    return 1;
}

static int parse_positive(const char *text, apr_int64_t *number)
{
    char *end;

    errno = 0;
    *number = apr_strtoi64(text, &end, 10);
    return apr_isdigit(*text) && *end == '\0' && errno == 0 && *number > 0;
}

static int set_record(event_filter_t *event, const char *text, apr_pool_t *pool)
{
    const char *comma = strchr(text, ',');

    if (!comma || comma == text) {
        return 0;
    }
    event->record_model = apr_pstrmemdup(pool, text, (apr_size_t)(comma - text));
    return parse_positive(comma + 1, &event->record_id);
}

static int set_operation(event_filter_t *event, const char *text, apr_pool_t *pool)
{
    char *state = NULL, *words = apr_pstrdup(pool, text);
    int count = 0;

    for (char *word = apr_strtok(words, ",", &state); word; word = apr_strtok(NULL, ",", &state)) {
        if (count == STORE_MAX_OPERATIONS || operation_from_name(word) == OPERATION_NONE) {
            return 0;
        }
        event->operations[count++] = word;
    }
    return count > 0;
}

static int set_outcome(event_filter_t *event, const char *text, apr_pool_t *pool)
{
    (void)pool;
    for (int outcome = OUTCOME_UNKNOWN; outcome <= OUTCOME_FAILED; outcome++) {
        if (strcmp(text, outcome_name((outcome_t)outcome)) == 0) {
            event->outcome = text;
            return 1;
        }
    }
    return 0;
}

/* A whole address, as 192.0.2.7 or 2001:db8::7, or one with a number of bits: APR would also take
 * the beginning of one and masks with dots. */
static int set_ip(event_filter_t *event, const char *text, apr_pool_t *pool)
{
    char *address = apr_pstrdup(pool, text), *bits = strchr(address, '/');
    int dots = 0;
    apr_ipsubnet_t *subnet;

    if (bits) {
        *bits++ = '\0';
    }
    for (const char *at = address; *at; at++) {
        dots += *at == '.';
    }
    event->ip = text;
    return (strchr(address, ':') || dots == 3) &&
           (!bits || (*bits && !bits[strspn(bits, "0123456789")])) &&
           apr_ipsubnet_create(&subnet, address, bits, pool) == APR_SUCCESS;
}

static int set_site(event_filter_t *event, const char *text, apr_pool_t *pool)
{
    (void)pool;
    event->site = text;
    return 1;
}

typedef struct filter_info_t {
    const char *name;
    filter_setter_t set;
    const char *expected;
} filter_info_t;

static const filter_info_t filters[FILTER_COUNT] = {
    [FILTER_FROM] = {"from", set_from, "a time such as 2026-11-23T09:00"},
    [FILTER_TO] = {"to", set_to, "a time such as 2026-11-23T17:30"},
    [FILTER_USER] = {"user", set_user, "a login or a user's number"},
    [FILTER_SESSION] = {"session", set_session, "a session's reference of 32 hex digits"},
    [FILTER_MODEL] = {"model", set_model, "a model such as res.partner"},
    [FILTER_RECORD] = {"record", set_record, "a model and a number such as res.partner,7"},
    [FILTER_OPERATION] = {"operation", set_operation, "operations such as create,write"},
    [FILTER_OUTCOME] = {"outcome", set_outcome, "success, denied, failed or unknown"},
    [FILTER_IP] = {"ip", set_ip, "an address or a network such as 192.0.2.0/24"},
    [FILTER_SITE] = {"site", set_site, "a site's name"},
};

const char *filter_word(filter_name_t name)
{
    return filters[name].name;
}

const char *filter_read(filter_t *filter, const page_t *page)
{
    const char *before = page_parameter(page, "before");

    memset(filter, 0, sizeof(*filter));
    for (int name = 0; name < FILTER_COUNT; name++) {
        const filter_info_t *info = &filters[name];
        const char *text = page_parameter(page, info->name);

        if (text && (strlen(text) > MAX_TEXT || !info->set(&filter->event, text, page->pool))) {
            return apr_psprintf(page->pool, "The filter \"%s\" needs %s.", info->name,
                                info->expected);
        }
        filter->text[name] = text;
    }
    if (filter->event.from && filter->event.to && filter->event.from >= filter->event.to) {
        return "The filter \"from\" must be earlier than \"to\".";
    }
    if (before && !parse_positive(before, &filter->before)) {
        return "The cursor \"before\" needs the number of an event.";
    }
    filter->nothing = !rights_limit_events(page->request, &filter->event);
    return NULL;
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
