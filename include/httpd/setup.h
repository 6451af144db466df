/* What the parent sets up for all its children. */
#ifndef HTTPD_SETUP_H
#define HTTPD_SETUP_H

#include <httpd.h>

/* At post_config, before any child: folders, keys, session table, what was revoked. Called again at
 * every restart; the table outlives it. Returns NULL or a sentence that tells the mend. */
const char *setup_parent(apr_pool_t *pconf, server_rec *main_server);

#endif
