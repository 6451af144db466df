/* Which events the standing holds keep. Private to the room. */
#ifndef STORE_HELD_H
#define STORE_HELD_H

#include <apr_tables.h>

#include "handle.h"

/* The holds that stand, of every site (hold_t). */
apr_status_t held_load(store_t *store, apr_array_header_t **holds, apr_pool_t *pool);

/* 1 if one of them keeps this event (as read with row_mark_names); 1 as well if there are more than
 * STORE_MAX_HOLDS, since not all of them are known then. */
int held_row(const apr_array_header_t *holds, const row_t *row);

#endif
