/* Patterns for LIKE with '\' as its escape character. Pure, any thread. */
#ifndef STORE_LIKE_H
#define STORE_LIKE_H

#include <apr_pools.h>

/* The text, with what LIKE takes for more than itself escaped. */
const char *like_escape(const char *text, apr_pool_t *pool);

/* Patterns that find a text anywhere, NULL-terminated, three at most. Databases tell upper from
 * lower case in ASCII alone, so that other letters are looked for as they are written, all in
 * lower and all in upper case. */
const char *const *like_patterns(const char *text, apr_pool_t *pool);

#endif
