/* The keeper as a process of httpd: forked by the parent, supervised by it, unprivileged. */
#ifndef HTTPD_KEEPER_PROCESS_H
#define HTTPD_KEEPER_PROCESS_H

#include "httpd/runtime.h"

/* Parent, post_config, once the runtime is prepared. Blocks for one fork. It is started again when
 * it dies, later each time it dies at once. */
apr_status_t keeper_process_start(apr_pool_t *pconf, server_rec *main_server);

#endif
