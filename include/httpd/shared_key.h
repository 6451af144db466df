/* The site key of machines that share a database: without it each would know sessions by names of
 * its own. */
#ifndef HTTPD_SHARED_KEY_H
#define HTTPD_SHARED_KEY_H

#include "httpd/config.h"

/* Parent, before the key is read: if this machine has none yet, takes the one of the other machines
 * from the database, or puts a new one there, and keeps a copy at `path`. A process of its own asks
 * the database, as httpd's user; blocks on it for SHARED_KEY_WAIT at most. Whatever fails is
 * logged; this machine then makes a key of its own, and the keeper tells if it is another one than
 * the database has. */
#define SHARED_KEY_WAIT apr_time_from_sec(15)
void shared_key_fetch(apr_pool_t *pool, server_rec *server, const char *path);

#endif
