/* Request paths as Odoo's router sees them (facts A1). Pure. */
#ifndef TEXT_PATH_H
#define TEXT_PATH_H

#include <apr_pools.h>

#define PATH_DECODED_MAX 4096 /* longer paths are cut here; no endpoint is that long */

/* Percent-decodes once, %2F and all (werkzeug does), drops every leading "/" but one and one
 * trailing "/". Inner double slashes, dots and ";" stay as they are: werkzeug does not match them
 * against an endpoint. A NUL byte becomes U+FFFD. The query is not part of the input. */
const char *path_decode(apr_pool_t *pool, const char *raw);

/* The path with its first segment dropped ("/fr/web/login" -> "/web/login"), for a language
 * prefix; NULL if there is only one segment. */
const char *path_without_first_segment(const char *path);

#endif
