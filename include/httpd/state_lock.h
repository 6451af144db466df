/* One httpd to a StateDir: two would end sessions behind each other's back. */
#ifndef HTTPD_STATE_LOCK_H
#define HTTPD_STATE_LOCK_H

#include <apr_pools.h>

/* Parent, in every post_config, once the folder is there. Holds it over restarts and for as long as
 * the process lives, however that ends. Where the holder is stopping (it has removed its PidFile,
 * as at a graceful stop, and lets requests end), waits up to 10 s for it; not otherwise. NULL, or a
 * sentence that tells the mend. */
const char *state_lock_claim(apr_pool_t *pool, const char *folder);

#endif
