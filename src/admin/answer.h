/* How an answer leaves: status, headers, body. Private to the room. Every function begins and ends
 * the answer and returns what the write callback returned. */
#ifndef ADMIN_ANSWER_H
#define ADMIN_ANSWER_H

#include "page.h"

#define ANSWER_JSON_TYPE "application/json"
#define ANSWER_HTML_TYPE "text/html; charset=utf-8"
#define ANSWER_TEXT_TYPE "text/plain; charset=utf-8"
#define ANSWER_JSON_LINES_TYPE "application/x-ndjson"
#define ANSWER_CSV_TYPE "text/csv; charset=utf-8; header=present"

/* The page's view, as JSON or through its template. */
apr_status_t answer_page(page_t *page);

/* A sentence with a status, as a page or as JSON. */
apr_status_t answer_error(page_t *page, int status, const char *sentence);

/* 405; allowed: the methods, parted by ", ". */
apr_status_t answer_not_allowed(page_t *page, const char *allowed);

/* 303. */
apr_status_t answer_redirect(page_t *page, const char *location);

/* 401 with the object that Odoo's own clients understand. */
apr_status_t answer_expired(page_t *page);

/* A file of the pages; 404 if there is none of that name. */
apr_status_t answer_asset(page_t *page, const char *name);

/* For a body that the caller writes: sends status 200 and the headers. disposition: value of
 * Content-Disposition, or NULL. */
void answer_begin(page_t *page, const char *content_type, const char *disposition);

/* Writes unless the method is HEAD. */
apr_status_t answer_write(void *page, const char *data, apr_size_t length);

#endif
