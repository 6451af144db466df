#include "event_view.h"

#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>

#include "event_list.h"
#include "odoo/operation.h"
#include "trail/event.h"
#include "view.h"

#define MAX_RECORD_LINKS 5
#define MAX_FIELDS 6 /* named in the line itself */
#define SHORT_REFERENCE 8

/* ---- operations by colour ---- */

typedef struct series_t {
    const char *label, *operations;
} series_t;

static const series_t series[EVENT_SERIES + 1] = {
    [1] = {"Created", "create"},
    [2] = {"Changed", "write"},
    [3] = {"Deleted", "unlink"},
    [4] = {"Read", "read,search"},
    [5] = {"Taken out", "export,report,download"},
    [6] = {"Buttons, imports", "call,import"},
    [7] = {"Logins", "login,login_failed,logout"},
    [8] = {"Sessions, audit", NULL},
};

/* 1 if the word is one of the list parted by commas. */
static int in_list(const char *list, const char *word)
{
    apr_size_t length = strlen(word);

    for (const char *at = strstr(list, word); at; at = strstr(at + 1, word)) {
        if ((at == list || at[-1] == ',') && (at[length] == ',' || at[length] == '\0')) {
            return 1;
        }
    }
    return 0;
}

int event_series(const char *operation)
{
    for (int i = 1; i < EVENT_SERIES; i++) {
        if (operation && in_list(series[i].operations, operation)) {
            return i;
        }
    }
    return EVENT_SERIES;
}

const char *event_series_label(int number)
{
    return series[number].label;
}

const char *event_series_operations(int number, apr_pool_t *pool)
{
    const char *list = series[number].operations;

    if (list) {
        return list;
    }
    for (int operation = OPERATION_NONE + 1; operation < OPERATION_COUNT; operation++) {
        const char *name = operation_name((operation_t)operation);

        if (event_series(name) == EVENT_SERIES) {
            list = list ? apr_pstrcat(pool, list, ",", name, NULL) : name;
        }
    }
    return list;
}

/* ---- links ---- */

static const char *cell(const json_value_t *event, event_column_t column)
{
    const json_value_t *value = json_member(event, event_columns[column].name);

    return value && (value->type == JSON_TYPE_STRING || value->type == JSON_TYPE_NUMBER)
               ? value->text
               : NULL;
}

static void add_link(page_t *page, json_value_t *object, const char *name, const char *text,
                     const char *href)
{
    json_value_t *link = text ? json_new_object(page->pool) : json_new_string(page->pool, NULL);

    json_set(object, name, link);
    if (text) {
        json_set(link, "text", json_new_string(page->pool, text));
        json_set(link, "href",
                 json_new_string(page->pool,
                                 apr_pstrcat(page->pool, page->request->base, href, NULL)));
    }
}

static void add_filter_link(page_t *page, json_value_t *object, const char *name, const char *text,
                            const filter_t *filter, filter_name_t narrowed, const char *value)
{
    add_link(page, object, name, value ? text : NULL,
             value ? apr_pstrcat(page->pool, "/activity",
                                 filter_query(filter, narrowed, value, page->pool), NULL)
                   : NULL);
}

/* Every Odoo from 16 to 19 takes this form of address; 18 and 19 turn it into theirs. */
const char *event_view_odoo(apr_pool_t *pool, const char *model, const char *id)
{
    return apr_pstrcat(pool, "/web#id=", id, "&model=", apr_pescape_urlencoded(pool, model),
                       "&view_type=form", NULL);
}

static void add_record(page_t *page, json_value_t *records, const char *model, const char *id)
{
    json_value_t *record = json_push(records, json_new_object(page->pool));

    add_link(page, record, "link", id,
             apr_pstrcat(page->pool, "/records/", apr_pescape_urlencoded(page->pool, model), ",",
                         id, NULL));
    json_set(record, "odoo_href",
             json_new_string(page->pool, event_view_odoo(page->pool, model, id)));
}

/* The first records, each with a link to its own history, and how many more there are. */
static void add_records(page_t *page, json_value_t *shown, const json_value_t *event)
{
    json_value_t *records = json_set(shown, "records", json_new_array(page->pool));
    const char *model = cell(event, EVENT_MODEL), *ids = cell(event, EVENT_RECORD_IDS);
    const char *count = cell(event, EVENT_RECORD_COUNT);
    char *state = NULL, *list = apr_pstrdup(page->pool, ids ? ids : "");
    apr_int64_t left = count ? apr_atoi64(count) : 0;
    char *id = apr_strtok(list, " ", &state);

    for (; id && model && records->count < MAX_RECORD_LINKS; id = apr_strtok(NULL, " ", &state)) {
        add_record(page, records, model, id);
        left--;
    }
    json_set(shown, "more_records", json_new_integer(page->pool, left > 0 ? left : 0));
}

static void add_links(page_t *page, json_value_t *shown, const json_value_t *event,
                      const filter_t *filter)
{
    apr_pool_t *pool = page->pool;
    const char *uid = cell(event, EVENT_UID), *login = cell(event, EVENT_LOGIN);
    const char *user = cell(event, EVENT_USER), *session = cell(event, EVENT_SESSION);
    const char *model = cell(event, EVENT_MODEL), *id = cell(event, EVENT_ID);

    add_filter_link(page, shown, "user",
                    user    ? user
                    : login ? login
                            : uid,
                    filter, FILTER_USER, uid ? uid : login);
    add_filter_link(page, shown, "model", model, filter, FILTER_MODEL, model);
    add_filter_link(page, shown, "ip", cell(event, EVENT_IP), filter, FILTER_IP,
                    cell(event, EVENT_IP));
    add_link(page, shown, "session", session ? apr_pstrndup(pool, session, SHORT_REFERENCE) : NULL,
             session ? apr_pstrcat(pool, "/sessions/", session, NULL) : NULL);
    add_link(page, shown, "self", id, id ? apr_pstrcat(pool, "/activity/", id, NULL) : NULL);
}

/* ---- words ---- */

/* "name, city and 4 more" */
static const char *field_words(apr_pool_t *pool, const char *fields)
{
    char *state = NULL, *list = apr_pstrdup(pool, fields ? fields : "");
    const char *words = NULL;
    int count = 0;

    for (char *field = apr_strtok(list, " ", &state); field;
         field = apr_strtok(NULL, " ", &state)) {
        if (count++ < MAX_FIELDS) {
            words = words ? apr_pstrcat(pool, words, ", ", field, NULL) : field;
        }
    }
    return count > MAX_FIELDS ? apr_psprintf(pool, "%s and %d more", words, count - MAX_FIELDS)
                              : words;
}

static void add_words(page_t *page, json_value_t *shown, const json_value_t *event)
{
    apr_pool_t *pool = page->pool;
    const char *operation = cell(event, EVENT_OPERATION);

    json_set(shown, "time", view_clock_of(pool, page->zone, cell(event, EVENT_TIME)));
    json_set(shown, "operation", view_words(pool, operation));
    json_set(shown, "series",
             json_new_string(pool, apr_psprintf(pool, "s%d", event_series(operation))));
    json_set(shown, "fields", json_new_string(pool, field_words(pool, cell(event, EVENT_FIELDS))));
    json_set(shown, "place",
             json_new_string(pool, view_joined(pool, cell(event, EVENT_CITY), ", ",
                                               cell(event, EVENT_COUNTRY))));
    json_set(shown, "client",
             json_new_string(pool, view_joined(pool, cell(event, EVENT_BROWSER), " on ",
                                               cell(event, EVENT_OS))));
}

void event_view_complete(page_t *page, json_value_t *events, const filter_t *filter)
{
    for (json_value_t *event = events->first; event; event = event->next) {
        json_value_t *shown = json_new_object(page->pool), *changes;

        add_words(page, shown, event);
        changes = json_set(shown, "changes", view_changes(page->pool, event));
        json_set(shown, "changed", json_new_boolean(page->pool, changes->count > 0));
        add_links(page, shown, event, filter);
        add_records(page, shown, event);
        json_set(event, "shown", shown);
    }
}
