#include "shared_lock.h"

apr_status_t shared_lock_init(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;
    int error = pthread_mutexattr_init(&attributes);

    if (error) {
        return APR_FROM_OS_ERROR(error);
    }
    error = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (!error) {
        error = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    }
    if (!error) {
        error = pthread_mutex_init(lock, &attributes);
    }
    pthread_mutexattr_destroy(&attributes);
    return APR_FROM_OS_ERROR(error);
}
