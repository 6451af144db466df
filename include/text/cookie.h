/* The Cookie request header as werkzeug 3 reads it, whose first cookie of a name wins. One pass, no
 * allocation besides the value itself. Pure. */
#ifndef TEXT_COOKIE_H
#define TEXT_COOKIE_H

#include <apr_pools.h>

/* Longest cookie value worth looking at; a longer one is answered as if it were absent. */
#define COOKIE_MAX_VALUE 512 /* bytes as sent, quotes included */

/* The value of the FIRST cookie of that name: blanks trimmed, double quotes removed and backslash
 * and octal escapes inside them decoded. NULL if absent or too long. *occurrences (may be NULL)
 * tells how many cookies of that name there are. */
const char *cookie_value(apr_pool_t *pool, const char *header, const char *name,
                         unsigned *occurrences);

/* NULL if every version of werkzeug finds the same cookie of that name in the header. Otherwise
 * (quotes, escapes, cookies without a name, odd bytes: their versions differ on these) the header
 * with "name=value" put first, which all of them take: what must be sent upstream in its place, so
 * that nobody can show one session here and another to Odoo. A value that is no token
 * ([A-Za-z0-9_-]) is sent empty. */
const char *cookie_settle(apr_pool_t *pool, const char *header, const char *name);

/* The header without any cookie of that name, in the reading of every werkzeug; NULL if nothing is
 * left. */
const char *cookie_remove(apr_pool_t *pool, const char *header, const char *name);

/* The value a Set-Cookie header gives to the cookie of that name, *cleared = 1 if it deletes it
 * (empty value or Max-Age=0); NULL if the header sets another cookie. */
const char *cookie_set_value(apr_pool_t *pool, const char *set_cookie, const char *name,
                             int *cleared);

#endif
