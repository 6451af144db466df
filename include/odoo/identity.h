/* Who Odoo says a session is: session_info, in answers and inside pages (facts C3, C4, F). Pure. */
#ifndef ODOO_IDENTITY_H
#define ODOO_IDENTITY_H

#include <apr_pools.h>

#include "text/json_value.h"

typedef struct identity_t {
    apr_int64_t uid; /* 0: anonymous, or a second factor is pending */
    const char *login, *name, *database, *timezone;
    int is_system; /* base.group_system */
    int is_admin;
    int frontend; /* website or portal page: names nobody, uid is 0 */
} identity_t;

/* NULL if the value is not a session_info (an object with a member uid or user_id). */
identity_t *identity_from_session_info(apr_pool_t *pool, const json_value_t *info);

/* Reads a session_info from the tokens of a scanner and keeps of it what names a session, however
 * large it is: menus, currencies and a chat's whole store stand beside it. */
typedef struct identity_reader_t identity_reader_t;
identity_reader_t *identity_reader_create(apr_pool_t *pool);
/* Pass on the tokens of one value, its own BEGIN and END included. Returns 1 once it is complete.
 * Skips in the scanner what it does not need. */
int identity_reader_token(identity_reader_t *reader, json_scan_t *scan, json_token_t token);
int identity_reader_text(identity_reader_t *reader, json_token_t token, const char *data,
                         apr_size_t length, int last);
/* NULL if the value is not complete or no session_info. */
identity_t *identity_reader_result(identity_reader_t *reader);

/* Finds `odoo.__session_info__ = {...}` in HTML, streaming, in fixed memory. */
typedef struct identity_page_t identity_page_t;
identity_page_t *identity_page_create(apr_pool_t *pool);
/* Returns 1 when nothing more is needed (found, or too far into the page: 256 KiB). */
int identity_page_feed(identity_page_t *page, const char *data, apr_size_t length);
identity_t *identity_page_result(identity_page_t *page); /* NULL if there was none */

#endif
