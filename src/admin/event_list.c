#include "event_list.h"

#include <string.h>

#include <apr_strings.h>

#include "rights.h"
#include "trail/chain.h"
#include "view.h"

#define MAX_RUNNING 50
#define MAX_BACK 300 /* events looked at for the one before; other machines' stand in between */

typedef struct reading_t {
    page_t *page;
    json_value_t *events;
    int oldest_first; /* as they come; the view is newest first all the same */
    int room;
    int more; /* there was one beyond the room */
    buffer_t scratch;
} reading_t;

static void reading_init(reading_t *reading, page_t *page, const char *name, int room)
{
    reading->page = page;
    reading->events = json_set(page->view, name, json_new_array(page->pool));
    reading->oldest_first = reading->more = 0;
    reading->room = room;
    buffer_init(&reading->scratch, page->pool, CHAIN_SCRATCH_LIMIT);
}

static void push_front(json_value_t *array, json_value_t *value)
{
    value->next = array->first;
    array->first = value;
    array->last = array->last ? array->last : value;
    array->count++;
}

static int add_event(void *payload, const event_t *event)
{
    reading_t *reading = payload;
    page_t *page = reading->page;
    json_value_t *view;

    if (reading->room == 0) {
        reading->more = 1;
        return 1;
    }
    reading->room--;
    view = view_event(page->pool, event);
    if (!page->json) {
        json_set(view, "intact",
                 json_new_boolean(page->pool, chain_intact(event, &reading->scratch)));
    }
    if (reading->oldest_first) {
        push_front(reading->events, view);
    }
    else {
        json_push(reading->events, view);
    }
    return 0;
}

static const char *id_of(const json_value_t *event)
{
    const json_value_t *id = json_member(event, event_columns[EVENT_ID].name);

    return id ? id->text : NULL;
}

/* horizon: where a search for text stopped before it had looked at everything; or 0. */
static void add_cursors(page_t *page, const reading_t *reading, const filter_t *filter,
                        apr_int64_t horizon)
{
    const char *newest = id_of(reading->events->first);
    apr_int64_t latest = newest ? apr_atoi64(newest) : filter->after;
    apr_int64_t next = 0;

    if (!filter->follow) {
        next = reading->more ? apr_atoi64(id_of(reading->events->last)) : horizon;
    }
    else if (!reading->more && horizon > latest) {
        latest = horizon;
    }
    json_set(page->view, "next",
             next ? json_new_integer(page->pool, next) : json_new_string(page->pool, NULL));
    json_set(page->view, "latest", json_new_integer(page->pool, latest));
}

static apr_status_t read_events(page_t *page, store_t *store, const filter_t *filter)
{
    reading_t reading;
    apr_status_t status = APR_SUCCESS;

    reading_init(&reading, page, "events", ADMIN_PAGE_ROWS);
    if (store && filter->follow) {
        reading.oldest_first = 1;
        status = store_events_after(store, &filter->event, filter->after, ADMIN_PAGE_ROWS,
                                    add_event, &reading, page->pool);
    }
    else if (store) {
        status = store_events(store, &filter->event, filter->before, ADMIN_PAGE_ROWS + 1, add_event,
                              &reading, page->pool);
    }
    add_cursors(page, &reading, filter, store ? store_horizon(store) : 0);
    return status;
}

static apr_status_t read_running(page_t *page, store_t *store, const filter_t *filter)
{
    reading_t reading;

    reading_init(&reading, page, "running", MAX_RUNNING);
    if (filter->before || !store) {
        return APR_SUCCESS;
    }
    return store_running(store, &filter->event, MAX_RUNNING, add_event, &reading, page->pool);
}

/* NULL where there is nothing to be read, or nothing can be. */
static store_t *open_store(page_t *page, const filter_t *filter)
{
    store_t *store;

    if (filter->nothing || page_open_store(page, &store) != APR_SUCCESS) {
        return NULL;
    }
    return store;
}

static void close_store(page_t *page, store_t *store, apr_status_t status)
{
    if (store && status != APR_SUCCESS) {
        page_store_failed(page, store);
    }
    if (store) {
        store_close(store);
    }
}

void event_list_read(page_t *page, const filter_t *filter)
{
    store_t *store = open_store(page, filter);
    apr_status_t status = read_events(page, store, filter);

    if (status == APR_SUCCESS) {
        status = read_running(page, store, filter);
    }
    else {
        json_set(page->view, "running", json_new_array(page->pool));
    }
    close_store(page, store, status);
}

static void set_count(page_t *page, apr_int64_t count, int exact)
{
    json_set(page->view, "count", json_new_integer(page->pool, count));
    json_set(page->view, "count_exact", json_new_boolean(page->pool, exact));
}

void event_list_count(page_t *page, const filter_t *filter)
{
    const json_value_t *events = json_member(page->view, "events");
    int end = json_member(page->view, "next")->type != JSON_TYPE_NUMBER;
    store_t *store;
    apr_int64_t count = 0;
    apr_status_t status = APR_SUCCESS;

    /* All that can be counted is in the list. */
    if (page->status == 200 && !filter->before && (end || events->count < ADMIN_PAGE_ROWS)) {
        set_count(page, events->count, end);
        return;
    }
    store = page->status == 200 ? open_store(page, filter) : NULL;
    if (store) {
        status = store_count(store, &filter->event, COUNT_MOST, &count, page->pool);
        end = count < COUNT_MOST && store_horizon(store) == 0;
    }
    close_store(page, store, status);
    set_count(page, count, end || !store);
}

/* ---- one event, and the one that its chain has before it ---- */

typedef struct before_t {
    page_t *page;
    const char *node, *hash; /* of the event, and what it says was the hash before */
    apr_int64_t sequence;    /* of the one before */
    json_value_t *found;     /* or null */
} before_t;

static const char *text_of(const json_value_t *event, event_column_t column)
{
    const json_value_t *value = json_member(event, event_columns[column].name);

    return value && value->text ? value->text : "";
}

static int see_before(void *payload, const event_t *event)
{
    before_t *before = payload;
    apr_pool_t *pool = before->page->pool;
    const char *node = event->cell[EVENT_NODE], *sequence = event->cell[EVENT_SEQUENCE];
    const char *hash = event->cell[EVENT_HASH];

    if (!node || strcmp(node, before->node) != 0 || !sequence || !hash ||
        apr_atoi64(sequence) != before->sequence) {
        return 0;
    }
    before->found = json_new_object(pool);
    json_set(before->found, "id", json_new_integer(pool, apr_atoi64(event->cell[EVENT_ID])));
    json_set(before->found, "follows", json_new_boolean(pool, strcmp(hash, before->hash) == 0));
    return 1;
}

/* "previous": {"id", "follows"}, or null where it is not near, purged, or not for this visitor. */
static apr_status_t add_previous(page_t *page, json_value_t *event, store_t *store,
                                 const filter_t *filter)
{
    before_t before = {.page = page,
                       .node = text_of(event, EVENT_NODE),
                       .hash = text_of(event, EVENT_PREVIOUS_HASH),
                       .sequence = apr_atoi64(text_of(event, EVENT_SEQUENCE)) - 1,
                       .found = json_new_string(page->pool, NULL)};
    apr_status_t status = APR_SUCCESS;

    if (before.sequence > 0) {
        status = store_events(store, &filter->event, apr_atoi64(id_of(event)), MAX_BACK, see_before,
                              &before, page->pool);
    }
    json_set(event, "first", json_new_boolean(page->pool, before.sequence == 0));
    json_set(event, "previous", before.found);
    return status;
}

json_value_t *event_list_one(page_t *page, apr_int64_t id)
{
    filter_t filter = {.nothing = 0};
    reading_t reading;
    const char *found;
    store_t *store;
    apr_status_t status = APR_SUCCESS;

    filter.nothing = !rights_limit_events(page->request, &filter.event);
    store = open_store(page, &filter);
    reading_init(&reading, page, "events", 1);
    if (store) {
        status = store_events(store, &filter.event, id + 1, 1, add_event, &reading, page->pool);
    }
    found = id_of(reading.events->first);
    found = found && apr_atoi64(found) == id ? found : NULL;
    if (found && status == APR_SUCCESS) {
        status = add_previous(page, reading.events->first, store, &filter);
    }
    close_store(page, store, status);
    return found ? reading.events->first : NULL;
}
