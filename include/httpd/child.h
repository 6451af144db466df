/* What a child of httpd does by itself, beside its requests. */
#ifndef HTTPD_CHILD_H
#define HTTPD_CHILD_H

#include <httpd.h>

/* At child_init: opens its journal, and starts the thread that forces it to disk and cuts
 * tunnels. */
void child_start(apr_pool_t *pchild, server_rec *main_server);

#endif
