/* What single headers of a request or an answer say. Pure. */
#ifndef ODOO_HEAD_WORDS_H
#define ODOO_HEAD_WORDS_H

#include <apr_pools.h>

/* 1 if a Content-Type, NULL: none, is JSON of any kind. */
int head_says_json(const char *content_type);

/* 1 if an answer with this Content-Type and Content-Disposition, each NULL: none, is a file to keep
 * rather than a page or what a page is made of. */
int head_says_file(const char *content_type, const char *content_disposition);

/* The decoded path of Location, which older releases of werkzeug send as an absolute URL. */
const char *head_location_path(apr_pool_t *pool, const char *location);

#endif
