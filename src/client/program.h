/* Programs that talk to Odoo, by their User-Agent: those of Odoo itself, and the libraries that
 * scripts against its RPC are written with. Pure. */
#ifndef CLIENT_PROGRAM_H
#define CLIENT_PROGRAM_H

#include "client/client_name.h"

/* The program's name with its version, and its kind (app or program); NULL if it is none. */
const char *program_name(const char *user_agent, client_kind_t *kind, apr_pool_t *pool);

#endif
