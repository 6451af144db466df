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

/* The same from one text, as it stands behind UserAuditTrack: "read,search hr.* !hr.leave". */
const char *track_add_line(track_t *track, const char *line);

/* Which line decides, for people who ask why. */
typedef struct track_decision_t {
    int line;             /* number of the first line that wants it, counted from 0; -1: none */
    int excluded_by;      /* of the first line that would but for a "!"; -1: none */
    const char *excluded; /* that glob, without "!" */
} track_decision_t;
track_decision_t track_explain(const track_t *track, operation_t operation, const char *model);

/* 1 if an event is wanted. model NULL or "": only "*" matches. Logins, logouts and what the
 * module does itself: always 1. */
int track_wants(const track_t *track, operation_t operation, const char *model);

/* 1 if any model is tracked for this operation: whether answers of such calls must be read. */
int track_wants_any(const track_t *track, operation_t operation);

#endif
