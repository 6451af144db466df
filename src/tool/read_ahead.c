#include "read_ahead.h"

#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_proc.h>

#define PER_SLICE 500

typedef struct slice_t {
    apr_pool_t *pool;
    apr_array_header_t *events;
} slice_t;

struct read_ahead_t {
    store_t *store;
    apr_thread_t *thread;
    apr_thread_mutex_t *asking; /* held while the store is asked something */
    apr_thread_mutex_t *mutex;  /* of what follows, down to `status` */
    apr_thread_cond_t *changed;
    slice_t slices[READ_AHEAD_SLICES];
    int full; /* slices that are read and not given back, the one looked at included */
    int stop, done;
    apr_status_t status;
    int slice, at; /* the next event: the looking thread's own */
};

static int wait_for_room(read_ahead_t *ahead)
{
    int stop;

    apr_thread_mutex_lock(ahead->mutex);
    while (ahead->full == READ_AHEAD_SLICES && !ahead->stop) {
        apr_thread_cond_wait(ahead->changed, ahead->mutex);
    }
    stop = ahead->stop;
    apr_thread_mutex_unlock(ahead->mutex);
    return !stop;
}

static void give(read_ahead_t *ahead, int last, apr_status_t status)
{
    apr_thread_mutex_lock(ahead->mutex);
    ahead->full += status == APR_SUCCESS;
    ahead->done = last;
    ahead->status = status;
    apr_thread_cond_signal(ahead->changed);
    apr_thread_mutex_unlock(ahead->mutex);
}

/* The last event's id is where the next select begins. */
static apr_status_t read_slice(read_ahead_t *ahead, slice_t *slice, apr_int64_t *after)
{
    apr_status_t status;

    apr_pool_clear(slice->pool);
    read_ahead_lock(ahead);
    status = store_walk_some(ahead->store, *after, PER_SLICE, &slice->events, slice->pool);
    read_ahead_unlock(ahead);
    if (status == APR_SUCCESS && slice->events->nelts > 0) {
        const event_t *last = &APR_ARRAY_IDX(slice->events, slice->events->nelts - 1, event_t);

        *after = apr_atoi64(last->cell[EVENT_ID]);
    }
    return status;
}

static void *APR_THREAD_FUNC read_all(apr_thread_t *thread, void *payload)
{
    read_ahead_t *ahead = payload;
    apr_int64_t after = 0;
    int last = 0;

    (void)thread;
    for (int i = 0; !last && wait_for_room(ahead); i = (i + 1) % READ_AHEAD_SLICES) {
        slice_t *slice = &ahead->slices[i];
        apr_status_t status = read_slice(ahead, slice, &after);

        last = status != APR_SUCCESS || slice->events->nelts < PER_SLICE;
        give(ahead, last, status);
    }
    return NULL;
}

apr_status_t read_ahead_start(read_ahead_t **ahead, store_t *store, apr_pool_t *pool)
{
    read_ahead_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t status;

    made->store = store;
    if ((status = apr_thread_mutex_create(&made->asking, APR_THREAD_MUTEX_DEFAULT, pool)) ||
        (status = apr_thread_mutex_create(&made->mutex, APR_THREAD_MUTEX_DEFAULT, pool)) ||
        (status = apr_thread_cond_create(&made->changed, pool))) {
        return status;
    }
    for (int i = 0; i < READ_AHEAD_SLICES; i++) {
        apr_pool_create(&made->slices[i].pool, pool);
    }
    *ahead = made;
    return apr_thread_create(&made->thread, NULL, read_all, made, pool);
}

/* Gives back the slice that was looked at, and waits for the next. */
static int next_slice(read_ahead_t *ahead)
{
    int there;

    apr_thread_mutex_lock(ahead->mutex);
    if (ahead->at > 0) {
        ahead->full--;
        ahead->slice = (ahead->slice + 1) % READ_AHEAD_SLICES;
        apr_thread_cond_signal(ahead->changed);
    }
    while (ahead->full == 0 && !ahead->done) {
        apr_thread_cond_wait(ahead->changed, ahead->mutex);
    }
    there = ahead->full > 0;
    apr_thread_mutex_unlock(ahead->mutex);
    ahead->at = 0;
    return there && ahead->slices[ahead->slice].events->nelts > 0;
}

const event_t *read_ahead_next(read_ahead_t *ahead)
{
    const slice_t *slice = &ahead->slices[ahead->slice];

    /* Before the first event of a slice that slice may still be the reader's. */
    if (ahead->at == 0 || ahead->at == slice->events->nelts) {
        if (!next_slice(ahead)) {
            return NULL;
        }
        slice = &ahead->slices[ahead->slice];
    }
    return &APR_ARRAY_IDX(slice->events, ahead->at++, const event_t);
}

void read_ahead_lock(read_ahead_t *ahead)
{
    apr_thread_mutex_lock(ahead->asking);
}

void read_ahead_unlock(read_ahead_t *ahead)
{
    apr_thread_mutex_unlock(ahead->asking);
}

apr_status_t read_ahead_stop(read_ahead_t *ahead)
{
    apr_status_t ended;

    apr_thread_mutex_lock(ahead->mutex);
    ahead->stop = 1;
    apr_thread_cond_signal(ahead->changed);
    apr_thread_mutex_unlock(ahead->mutex);
    apr_thread_join(&ended, ahead->thread);
    return ahead->status;
}
