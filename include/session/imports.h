/* Which model the records of base_import are for. Odoo's client names the model once, when the
 * import record is made; the call that imports names only that record, and may reach another child.
 *
 * Fixed places in shared memory; any process and thread may call anything here, no lock is taken
 * and nothing blocks. A place holds the last import of the sessions that share it, so under very
 * many imports at once one may be forgotten: then its event keeps the model base_import.import. */
#ifndef SESSION_IMPORTS_H
#define SESSION_IMPORTS_H

#include <apr_errno.h>
#include <apr_pools.h>

#include "session/fingerprint.h"

#define IMPORTS_PLACES 1024
#define IMPORTS_MODEL_SIZE 64 /* a model's name with its NUL; a longer one is not remembered */

typedef struct imports_t imports_t;

/* Makes the memory in a pool that outlives restarts. APR_ENOMEM. */
apr_status_t imports_create(imports_t **imports, apr_pool_t *pool);

/* record: of an import; a negative one stands for a check of identity, and `model` for what it was
 * asked for. owner: the session, or the user of calls without one. */
void imports_note(imports_t *imports, const fingerprint_t *owner, apr_int64_t record,
                  const char *model);

/* 1 if it is known; then model holds it. */
int imports_find(imports_t *imports, const fingerprint_t *owner, apr_int64_t record,
                 char model[IMPORTS_MODEL_SIZE]);

#endif
