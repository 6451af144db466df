/* What one call says about a later one that does not say it again, and may reach another child: the
 * model that an import is for, named when its record is made; what a check of identity was asked
 * for; whose login it is that asks for a second factor.
 *
 * Fixed places in shared memory; any process and thread may call anything here, no lock is taken
 * and nothing blocks. A place holds the last word of those that share it, so under very many at
 * once one may be forgotten: then the later event does without it. */
#ifndef SESSION_RECALL_H
#define SESSION_RECALL_H

#include <apr_errno.h>
#include <apr_pools.h>

#include "session/fingerprint.h"

#define RECALL_PLACES 1024
#define RECALL_TEXT_SIZE 80 /* with its NUL; a longer text is not remembered */

typedef enum recall_kind_t {
    RECALL_IMPORT = 1, /* record: of base_import; text: the model that it is for */
    RECALL_CHECK,      /* record: of the check; text: the method that was asked for */
    RECALL_LOGIN       /* record: 0; text: the login of the first step */
} recall_kind_t;

typedef struct recall_t recall_t;

/* Makes the memory in a pool that outlives restarts. APR_ENOMEM. */
apr_status_t recall_create(recall_t **recall, apr_pool_t *pool);
/* Whether memory that was kept over a restart can be used by this code. APR_EMISMATCH. */
apr_status_t recall_check(const recall_t *recall);

/* owner: the session, or the user of calls without one. */
void recall_note(recall_t *recall, const fingerprint_t *owner, recall_kind_t kind,
                 apr_int64_t record, const char *text);

/* 1 if it is known; then text holds it. */
int recall_find(recall_t *recall, const fingerprint_t *owner, recall_kind_t kind,
                apr_int64_t record, char text[RECALL_TEXT_SIZE]);

#endif
