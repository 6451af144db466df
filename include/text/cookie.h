/* The Cookie request header as werkzeug reads it (facts A13). One pass, no allocation besides the
 * value itself. Pure. */
#ifndef TEXT_COOKIE_H
#define TEXT_COOKIE_H

#include <apr_pools.h>

/* Longest cookie value worth looking at; a longer one is answered as if it were absent. */
#define COOKIE_MAX_VALUE 512

/* The value of the FIRST cookie of that name: blanks trimmed, double quotes removed and backslash
 * and octal escapes inside them decoded. NULL if absent or too long. *occurrences (may be NULL)
 * tells how many cookies of that name there are. */
const char *cookie_value(apr_pool_t *pool, const char *header, const char *name,
                         unsigned *occurrences);

/* The header without any cookie of that name; NULL if nothing is left. */
const char *cookie_remove(apr_pool_t *pool, const char *header, const char *name);

/* The value a Set-Cookie header gives to the cookie of that name, *cleared = 1 if it deletes it
 * (empty value or Max-Age=0); NULL if the header sets another cookie. */
const char *cookie_set_value(apr_pool_t *pool, const char *set_cookie, const char *name,
                             int *cleared);

#endif
