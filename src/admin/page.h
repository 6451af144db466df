/* One answer in the making: what the pages of this room share. Private to it. */
#ifndef ADMIN_PAGE_H
#define ADMIN_PAGE_H

#include "admin/admin.h"
#include "text/json_value.h"
#include "text/zone.h"

/* A page fills its view; the same view is then written as JSON, or completed for people
 * (links, short forms, relative times) and rendered by its template. */
typedef struct page_t {
    admin_request_t *request;
    apr_pool_t *pool;
    const zone_t *zone;   /* of the visitor, for what people read; JSON is in UTC */
    int json;             /* JSON is wanted, not HTML */
    int status;           /* of the answer */
    const char *template; /* its name */
    const char *title;
    json_value_t *view;
    const char *notice;  /* a sentence at the top of the page, and "notice" in JSON; or NULL */
    const char *problem; /* a sentence for the error log, or NULL */
} page_t;

/* A handler answers the request whole; argument: the part of the path its route leaves open.
 * Returns what writing returned. */
typedef apr_status_t (*page_handler_t)(page_t *page, const char *argument);

apr_status_t overview_page(page_t *page, const char *argument);
apr_status_t sessions_page(page_t *page, const char *argument);
apr_status_t session_page(page_t *page, const char *reference);
apr_status_t sessions_revoke(page_t *page, const char *reference);
apr_status_t sessions_lift(page_t *page, const char *reference);
apr_status_t sessions_revoke_others(page_t *page, const char *argument);
apr_status_t users_revoke(page_t *page, const char *argument);
apr_status_t site_revoke(page_t *page, const char *argument);
apr_status_t activity_page(page_t *page, const char *argument);
apr_status_t activity_event(page_t *page, const char *id);
apr_status_t record_page(page_t *page, const char *record);
apr_status_t activity_csv(page_t *page, const char *argument);
apr_status_t activity_json_lines(page_t *page, const char *argument);
apr_status_t holds_page(page_t *page, const char *argument);
apr_status_t holds_lift(page_t *page, const char *id);
apr_status_t settings_page(page_t *page, const char *argument);
apr_status_t settings_change(page_t *page, const char *argument);
apr_status_t alerts_page(page_t *page, const char *argument);
apr_status_t alerts_test(page_t *page, const char *argument);
apr_status_t alerts_opt_out(page_t *page, const char *argument);
apr_status_t health_verify(page_t *page, const char *argument);
apr_status_t metrics(page_t *page, const char *argument);
apr_status_t health_page(page_t *page, const char *argument);

/* Opens the database for this answer. APR_ENOENT: nothing has been recorded yet. On any failure the
 * page has a notice that says so; if the database cannot be reached the answer's status is 503. */
apr_status_t page_open_store(page_t *page, store_t **store);

/* Takes note that the database failed in the middle of an answer, as above. */
void page_store_failed(page_t *page, store_t *store);

/* The first value of a query parameter; NULL if it is absent or empty. */
const char *page_parameter(const page_t *page, const char *name);

/* 1 if the request's body is of that media type, whatever its parameters. */
int page_body_is(const page_t *page, const char *type);

#define PAGE_FORM_TYPE "application/x-www-form-urlencoded"
#define PAGE_JSON_TYPE "application/json"

#endif
