#include "session_list.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "rights.h"

#define STATE_OPEN "open"

typedef struct collector_t {
    page_t *page;
    const session_choice_t *choice;
    apr_array_header_t *rows; /* session_row_t * */
    apr_hash_t *known;        /* by reference; the same rows */
    int cut;
} collector_t;

int session_row_open(const session_row_t *row)
{
    return row->state && strcmp(row->state, STATE_OPEN) == 0;
}

static int by_action(const void *left, const void *right)
{
    const session_row_t *first = *(const session_row_t *const *)left;
    const session_row_t *second = *(const session_row_t *const *)right;

    if (first->last_action != second->last_action) {
        return first->last_action < second->last_action ? 1 : -1;
    }
    return strcmp(first->reference, second->reference);
}

/* Sorts, and forgets the least recently active beyond the maximum. */
static void trim(collector_t *collector)
{
    apr_array_header_t *rows = collector->rows;

    qsort(rows->elts, (size_t)rows->nelts, (size_t)rows->elt_size, by_action);
    if (rows->nelts > SESSION_LIST_MAX) {
        rows->nelts = SESSION_LIST_MAX;
        collector->cut = 1;
    }
}

static void add_row(collector_t *collector, session_row_t *row)
{
    APR_ARRAY_PUSH(collector->rows, session_row_t *) = row;
    apr_hash_set(collector->known, row->reference, APR_HASH_KEY_STRING, row);
    if (collector->rows->nelts >= 2 * SESSION_LIST_MAX) {
        trim(collector);
    }
}

static int collect_stored(void *payload, const session_row_t *stored)
{
    collector_t *collector = payload;
    apr_pool_t *pool = collector->page->pool;
    session_row_t *row = apr_pmemdup(pool, stored, sizeof(*stored));

    row->reference = apr_pstrdup(pool, stored->reference);
    row->site = apr_pstrdup(pool, stored->site);
    row->database = apr_pstrdup(pool, stored->database);
    row->login = apr_pstrdup(pool, stored->login);
    row->name = apr_pstrdup(pool, stored->name);
    row->address = apr_pstrdup(pool, stored->address);
    row->user_agent = apr_pstrdup(pool, stored->user_agent);
    row->browser = apr_pstrdup(pool, stored->browser);
    row->os = apr_pstrdup(pool, stored->os);
    row->device = apr_pstrdup(pool, stored->device);
    row->country = apr_pstrdup(pool, stored->country);
    row->city = apr_pstrdup(pool, stored->city);
    row->state = apr_pstrdup(pool, stored->state);
    row->reason = apr_pstrdup(pool, stored->reason);
    row->note = apr_pstrdup(pool, stored->note);
    row->risks = apr_pstrdup(pool, stored->risks);
    add_row(collector, row);
    return 0;
}

static const char *filled(apr_pool_t *pool, const char *text, const char *otherwise)
{
    return *text ? apr_pstrdup(pool, text) : otherwise;
}

/* Puts what the table knows over what the store knows; a nameless slot keeps the stored name. */
static void put_live(session_row_t *row, const session_t *session, apr_pool_t *pool)
{
    row->state = session_state_name((session_state_t)session->state);
    row->reason = session->reason == SESSION_REASON_NONE
                      ? NULL
                      : session_reason_name((session_reason_t)session->reason);
    row->note = session->state == SESSION_OPEN ? NULL : row->note;
    row->database = filled(pool, session->database, row->database);
    row->login = filled(pool, session->login, row->login);
    row->name = filled(pool, session->name, row->name);
    row->address = filled(pool, session->address, row->address);
    if (session->uid > 0) {
        row->uid = session->uid;
    }
    if (session->last_action > row->last_action) {
        row->last_action = session->last_action;
    }
    if (row->started == 0) {
        row->started = session->started;
    }
    if (row->ended == 0 || session->state == SESSION_OPEN) {
        row->ended = session->ended;
    }
}

static session_row_t *live_row(const session_t *session, apr_pool_t *pool)
{
    session_row_t *row = apr_pcalloc(pool, sizeof(*row));

    row->reference = apr_pstrdup(pool, session->reference);
    row->site = apr_pstrdup(pool, session->site);
    put_live(row, session, pool);
    return row;
}

static int wanted_state(const collector_t *collector, const session_row_t *row)
{
    const char *state = collector->choice->state;

    return !state || session_row_open(row) == (strcmp(state, STATE_OPEN) == 0);
}

/* As the store reads it: digits are a uid. */
static int wanted_user(const collector_t *collector, const session_row_t *row)
{
    const char *user = collector->choice->user;

    if (!user) {
        return 1;
    }
    return user[strspn(user, "0123456789")] == '\0' ? apr_atoi64(user) == row->uid
                                                    : row->login && strcmp(row->login, user) == 0;
}

/* What the store does not know yet has no risks. */
static int wanted_new(const collector_t *collector, const session_row_t *row)
{
    const session_choice_t *choice = collector->choice;

    return !choice->risk && row->last_action >= choice->active_since &&
           wanted_state(collector, row) && wanted_user(collector, row);
}

/* A stored session whose slot now belongs to somebody else is not the visitor's any more. */
static int collect_live(void *payload, const session_t *session)
{
    collector_t *collector = payload;
    page_t *page = collector->page;
    session_row_t *row = apr_hash_get(collector->known, session->reference, APR_HASH_KEY_STRING);
    int visible = rights_see_session(page->request, session);

    if (!*session->reference) {
        return 0; /* no session, but when everybody was ended */
    }
    if (row) {
        put_live(row, session, page->pool);
        row->state = visible || session->uid <= 0 ? row->state : NULL;
    }
    else if (visible) {
        row = live_row(session, page->pool);
        if (wanted_new(collector, row)) {
            add_row(collector, row);
        }
    }
    return 0;
}

/* What the table said may have changed whether a stored row is asked for at all. */
static void drop_unwanted(collector_t *collector)
{
    int kept = 0;

    for (int i = 0; i < collector->rows->nelts; i++) {
        session_row_t *row = APR_ARRAY_IDX(collector->rows, i, session_row_t *);

        if (row->state && wanted_state(collector, row) && wanted_user(collector, row)) {
            APR_ARRAY_IDX(collector->rows, kept++, session_row_t *) = row;
        }
    }
    collector->rows->nelts = kept;
}

static apr_status_t read_store(collector_t *collector, const char *reference)
{
    page_t *page = collector->page;
    session_filter_t filter = {.state = collector->choice->state,
                               .user = collector->choice->user,
                               .risk = collector->choice->risk,
                               .active_since = collector->choice->active_since,
                               .reference = reference};
    store_t *store;
    apr_status_t status;

    if (!rights_limit_sessions(page->request, &filter)) {
        return APR_SUCCESS;
    }
    status = page_open_store(page, &store);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = store_sessions(store, &filter, 0, SESSION_LIST_MAX + 1, collect_stored, collector,
                            page->pool);
    if (status != APR_SUCCESS) {
        page_store_failed(page, store);
    }
    store_close(store);
    return status;
}

static void collector_init(collector_t *collector, page_t *page, const session_choice_t *choice)
{
    memset(collector, 0, sizeof(*collector));
    collector->choice = choice;
    collector->page = page;
    collector->rows = apr_array_make(page->pool, 64, sizeof(session_row_t *));
    collector->known = apr_hash_make(page->pool);
}

void session_list_read(session_list_t *list, page_t *page, const session_choice_t *choice)
{
    collector_t collector;

    collector_init(&collector, page, choice);
    read_store(&collector, NULL);
    session_table_each(page->request->sessions, collect_live, &collector);
    drop_unwanted(&collector);
    trim(&collector);
    list->rows = collector.rows;
    list->cut = collector.cut;
}

apr_status_t session_list_find(const session_row_t **row, page_t *page, const char *reference)
{
    static const session_choice_t any = {.state = NULL};
    collector_t collector;
    session_t session;
    apr_status_t status;

    collector_init(&collector, page, &any);
    status = read_store(&collector, reference);
    if (session_table_find_reference(page->request->sessions, reference, &session) == APR_SUCCESS) {
        collect_live(&collector, &session);
    }
    drop_unwanted(&collector);
    if (collector.rows->nelts > 0) {
        *row = APR_ARRAY_IDX(collector.rows, 0, const session_row_t *);
        return APR_SUCCESS;
    }
    return status == APR_SUCCESS || APR_STATUS_IS_ENOENT(status) ? APR_NOTFOUND : status;
}
