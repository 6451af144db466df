/* UTF-8 as Odoo reads it: Python's bytes.decode("utf-8", "replace"). Pure, never blocks. */
#ifndef TEXT_UTF8_H
#define TEXT_UTF8_H

#include <apr_pools.h>

/* The length of the longest valid UTF-8 prefix (no surrogates, no overlong forms). */
apr_size_t utf8_valid_prefix(const char *data, apr_size_t length);

/* A NUL-terminated copy in which each broken sequence is U+FFFD, split as Python splits it, and
 * each NUL is U+FFFD as well: what a database, a log and a page can hold. Returns the input
 * itself if it is already such a C string. */
const char *utf8_repair(apr_pool_t *pool, const char *data, apr_size_t length);

/* The largest n <= limit that does not cut a character of the valid UTF-8 text in two. */
apr_size_t utf8_cut(const char *data, apr_size_t length, apr_size_t limit);

#endif
