/* Which operations on which models are kept (UserAuditTrack). One decision costs the same whatever
 * the number of rules, once a model has been seen. Immutable after configuration but for an
 * internal bounded cache that needs no lock from the caller. */
#ifndef ODOO_TRACK_H
#define ODOO_TRACK_H

#include <apr_pools.h>

#include "odoo/operation.h"

#define TRACK_DEFAULT_OPERATIONS "create,write,unlink,export,import,report,call"

typedef struct track_t track_t;

track_t *track_create(apr_pool_t *pool); /* no rule yet: tracks what is always tracked */

/* One line: operations ("read,search" or "*") and model globs ("hr.*", "!hr.leave", "*"). Lines
 * are OR-ed, "!" excludes within its own line. Returns NULL or a sentence that tells the mend. */
const char *track_add(track_t *track, const char *operations, const char *const *models,
                      int model_count);

/* 1 if an event is wanted. model NULL or "": only "*" matches. Logins, logouts and what the
 * module does itself: always 1. */
int track_wants(const track_t *track, operation_t operation, const char *model);

/* 1 if any model is tracked for this operation: whether answers of such calls must be read. */
int track_wants_any(const track_t *track, operation_t operation);

#endif
