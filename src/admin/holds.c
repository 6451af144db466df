/* Legal holds: what stands, and setting and lifting them. A manager's. The page writes an event;
 * the keeper applies it in the transaction that chains it. */
#include <string.h>

#include <apr_strings.h>

#include "answer.h"
#include "note.h"
#include "page.h"
#include "store/hold.h"
#include "store/purge.h"
#include "text/duration.h"
#include "view.h"
#include "wish.h"

#define VALUES_LIMIT 8192
#define MOST_TEXT 256 /* bytes of a user, database or model */
#define ID_BYTES ((HOLD_ID_SIZE - 1) / 2)

static const char not_manager[] = "Only managers see and set holds.";

/* ---- what stands ---- */

typedef struct listing_t {
    page_t *page;
    json_value_t *holds;
    const char *awaited; /* the hold that was just set, unless it is in the list; or NULL */
    int standing;
} listing_t;

static void add_shown(const page_t *page, json_value_t *view, const hold_t *hold)
{
    json_set(view, "lift_action",
             json_new_string(page->pool, apr_pstrcat(page->pool, page->request->base, "/holds/",
                                                     hold->id, "/lift", NULL)));
    json_set(view, "standing", json_new_boolean(page->pool, !hold->lifted));
}

static int add_hold(void *payload, const hold_t *hold)
{
    listing_t *listing = payload;
    apr_pool_t *pool = listing->page->pool;
    json_value_t *view = json_push(listing->holds, json_new_object(pool));

    json_set(view, "id", json_new_string(pool, hold->id));
    json_set(view, "database", json_new_string(pool, hold->database));
    json_set(view, "user", json_new_string(pool, hold->user));
    json_set(view, "model", json_new_string(pool, hold->model));
    json_set(view, "record",
             hold->record ? json_new_integer(pool, hold->record) : json_new_string(pool, NULL));
    json_set(view, "from", view_time(pool, hold->from));
    json_set(view, "to", view_time(pool, hold->to));
    json_set(view, "reason", json_new_string(pool, hold->reason));
    json_set(view, "set", view_time(pool, hold->set));
    json_set(view, "set_by", json_new_string(pool, hold->set_by));
    json_set(view, "lifted", view_time(pool, hold->lifted));
    json_set(view, "lifted_by", json_new_string(pool, hold->lifted_by));
    if (!listing->page->json) {
        add_shown(listing->page, view, hold);
    }
    if (listing->awaited && !strcmp(listing->awaited, hold->id)) {
        listing->awaited = NULL;
    }
    listing->standing += !hold->lifted;
    return 0;
}

/* 0 if the answer was given. */
static int read_holds(listing_t *listing)
{
    page_t *page = listing->page;
    store_t *store;
    apr_status_t status = page_open_store(page, &store);

    if (status != APR_SUCCESS) {
        return APR_STATUS_IS_ENOENT(status);
    }
    status =
        store_holds(store, page->request->site, STORE_HOLDS_MOST, add_hold, listing, page->pool);
    if (status != APR_SUCCESS) {
        page_store_failed(page, store);
    }
    store_close(store);
    return status == APR_SUCCESS;
}

static apr_status_t list(page_t *page)
{
    listing_t listing = {.page = page, .awaited = page_parameter(page, "set")};

    listing.holds = json_set(page->view, "holds", json_new_array(page->pool));
    if (!read_holds(&listing)) {
        return answer_error(page, 503, page->notice);
    }
    if (listing.awaited && !page->notice) {
        page->notice = "The hold is on record and in force in a moment: load this page again.";
    }
    json_set(page->view, "any", json_new_boolean(page->pool, listing.holds->count > 0));
    page->title = "Holds";
    page->template = "holds";
    return answer_page(page);
}

/* ---- setting ---- */

enum { FIELD_USER, FIELD_DATABASE, FIELD_MODEL, FIELD_RECORD, FIELD_FROM, FIELD_TO };

static const char *const fields[] = {"user", "database", "model", "record", "from", "to", NULL};

static const char *read_number(const char *text, apr_int64_t *number)
{
    char *end;

    *number = 0;
    if (text) {
        *number = apr_strtoi64(text, &end, 10);
        if (*end || *number <= 0) {
            return "A record is the number of its id.";
        }
    }
    return NULL;
}

static const char *read_moment(const char *text, apr_time_t *time)
{
    *time = 0;
    return text && time_parse(text, time) ? "A time is given as 2026-11-23T09:00, in UTC, or with "
                                            "its offset."
                                          : NULL;
}

/* NULL, or what is wrong. */
static const char *read_hold(hold_t *hold, const char *const *values)
{
    const char *wrong;

    for (int i = 0; fields[i]; i++) {
        if (values[i] && strlen(values[i]) > MOST_TEXT) {
            return "One of the fields is too long.";
        }
    }
    hold->user = values[FIELD_USER];
    hold->database = values[FIELD_DATABASE];
    hold->model = values[FIELD_MODEL];
    if ((wrong = read_number(values[FIELD_RECORD], &hold->record)) ||
        (wrong = read_moment(values[FIELD_FROM], &hold->from)) ||
        (wrong = read_moment(values[FIELD_TO], &hold->to))) {
        return wrong;
    }
    if (!hold->model != !hold->record) {
        return "A record is told by its model and its id.";
    }
    if (hold->from && hold->to && hold->from >= hold->to) {
        return "The period ends before it begins.";
    }
    return hold_says_nothing(hold) ? "Say whose events, of which record or of which time are to be "
                                     "held."
                                   : NULL;
}

static const char *write_values(const hold_t *hold, apr_pool_t *pool)
{
    buffer_t buffer;

    buffer_init(&buffer, pool, VALUES_LIMIT);
    json_write(&buffer, hold_values(hold, pool));
    return buffer.overflow ? NULL : buffer_string(&buffer);
}

static apr_status_t write_hold(page_t *page, operation_t operation, const hold_t *hold)
{
    const char *values = write_values(hold, page->pool);
    apr_status_t status = values ? note_write(page, operation, values) : APR_ENOSPC;

    if (status != APR_SUCCESS) {
        page->problem = "a hold could not be written to the journal";
        return answer_error(page, 503, "This could not be kept on disk, so that nothing was done.");
    }
    if (!page->json) {
        const char *back = apr_pstrcat(page->pool, page->request->base, "/holds",
                                       operation == OPERATION_HOLD_SET ? "?set=" : "",
                                       operation == OPERATION_HOLD_SET ? hold->id : "", NULL);

        return answer_redirect(page, back);
    }
    json_set(page->view, "hold", json_new_string(page->pool, hold->id));
    json_set(page->view, "state",
             json_new_string(page->pool, operation == OPERATION_HOLD_SET ? "standing" : "lifted"));
    return answer_page(page);
}

/* More than the keeper looks at would stop all purging. */
static int is_full(page_t *page, apr_status_t *answered)
{
    page_t probe = *page;
    listing_t listing = {.page = &probe};

    listing.holds = json_new_array(page->pool);
    if (!read_holds(&listing)) {
        *answered = answer_error(page, 503, probe.notice);
        return 1;
    }
    if (listing.standing >= STORE_MAX_HOLDS / 10) {
        *answered = answer_error(page, 409, "There are too many holds: lift one first.");
        return 1;
    }
    return 0;
}

static apr_status_t set_hold(page_t *page)
{
    const char *values[WISH_MOST_FIELDS];
    unsigned char random[ID_BYTES];
    char id[HOLD_ID_SIZE];
    hold_t hold = {.id = id};
    wish_t wish;
    apr_status_t status;
    const char *wrong;

    if (!wish_read_fields(&wish, page, fields, values, &status)) {
        return status;
    }
    if ((wrong = read_hold(&hold, values))) {
        return answer_error(page, 400, wrong);
    }
    if (is_full(page, &status)) {
        return status;
    }
    if ((status = digest_random(random, sizeof(random))) != APR_SUCCESS) {
        return answer_error(page, 503, "There is no randomness to be had.");
    }
    digest_hex(random, sizeof(random), id);
    hold.reason = wish.note;
    return write_hold(page, OPERATION_HOLD_SET, &hold);
}

apr_status_t holds_page(page_t *page, const char *argument)
{
    (void)argument;
    if (!page->request->visitor.manager) {
        return answer_error(page, 403, not_manager);
    }
    return strcmp(page->request->method, "POST") ? list(page) : set_hold(page);
}

/* ---- lifting ---- */

static apr_status_t find(page_t *page, const char *id, hold_t *hold)
{
    store_t *store;
    apr_status_t status = page_open_store(page, &store);

    if (status == APR_SUCCESS) {
        status = store_hold_find(store, page->request->site, id, hold, page->pool);
        if (status != APR_SUCCESS && !APR_STATUS_IS_NOTFOUND(status)) {
            page_store_failed(page, store);
        }
        store_close(store);
    }
    return APR_STATUS_IS_ENOENT(status) ? APR_NOTFOUND : status;
}

apr_status_t holds_lift(page_t *page, const char *id)
{
    hold_t hold = {.id = NULL}, lifted = {.id = id};
    wish_t wish;
    apr_status_t status;

    if (!page->request->visitor.manager) {
        return answer_error(page, 403, not_manager);
    }
    if (!wish_read(&wish, page, &status)) {
        return status;
    }
    status = find(page, id, &hold);
    if (status == APR_NOTFOUND) {
        return answer_error(page, 404, "There is no such hold.");
    }
    if (status != APR_SUCCESS) {
        return answer_error(page, 503, page->notice);
    }
    if (hold.lifted) {
        return answer_error(page, 409, "This hold was lifted before.");
    }
    lifted.reason = wish.note;
    return write_hold(page, OPERATION_HOLD_LIFTED, &lifted);
}
