/* A lock within shared memory that survives its owner: whoever takes it next is told (EOWNERDEAD)
 * and calls pthread_mutex_consistent once the data is sound again. */
#ifndef SESSION_SHARED_LOCK_H
#define SESSION_SHARED_LOCK_H

#include <apr_errno.h>
#include <pthread.h>

apr_status_t shared_lock_init(pthread_mutex_t *lock);

#endif
