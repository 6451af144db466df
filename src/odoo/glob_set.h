/* Many globs that are held against many names, nearly none of which match: a name is looked at
 * once, not once per glob. Filled at start, then immutable and shared by all threads. Pure. */
#ifndef ODOO_GLOB_SET_H
#define ODOO_GLOB_SET_H

#include <apr_pools.h>

typedef struct glob_set_t glob_set_t;

glob_set_t *glob_set_create(apr_pool_t *pool);
void glob_set_add(glob_set_t *set, const char *glob); /* used by reference */

/* 1 if one of the globs matches the whole name (text/glob.h). */
int glob_set_matches(const glob_set_t *set, const char *name);

#endif
