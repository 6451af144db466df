/* The thread between its two queues. The owner's side never waits for more than the lock, which
 * the thread holds for moments, never while it sends. */
#include "alert/delivery.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <apr_strings.h>

#include "transfer.h"

typedef struct job_t {
    char id[DELIVERY_ID_SIZE];
    char *recipient, *content;
} job_t;

struct delivery_t {
    delivery_config_t config;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int stop, gone;
    /* Rings: `jobs` waiting or being sent, `results` to be taken; together at most the queue. */
    job_t jobs[DELIVERY_QUEUE];
    delivery_result_t results[DELIVERY_QUEUE];
    int first_job, job_count, first_result, result_count;
};

static pthread_once_t initialized = PTHREAD_ONCE_INIT;

static void free_job(job_t *job)
{
    free(job->recipient);
    free(job->content);
    memset(job, 0, sizeof(*job));
}

/* 1 with a job that is left in its place while it is sent, or 0 to stop. */
static int wait_for_job(delivery_t *delivery)
{
    int stop;

    pthread_mutex_lock(&delivery->lock);
    while (!delivery->stop && delivery->job_count == 0) {
        pthread_cond_wait(&delivery->changed, &delivery->lock);
    }
    stop = delivery->stop;
    pthread_mutex_unlock(&delivery->lock);
    return !stop;
}

static void job_done(delivery_t *delivery, const delivery_result_t *result)
{
    pthread_mutex_lock(&delivery->lock);
    free_job(&delivery->jobs[delivery->first_job]);
    delivery->first_job = (delivery->first_job + 1) % DELIVERY_QUEUE;
    delivery->job_count--;
    delivery->results[(delivery->first_result + delivery->result_count) % DELIVERY_QUEUE] = *result;
    delivery->result_count++;
    pthread_mutex_unlock(&delivery->lock);
}

static void *run(void *payload)
{
    delivery_t *delivery = payload;

    while (wait_for_job(delivery)) {
        const job_t *job = &delivery->jobs[delivery->first_job];
        delivery_result_t result;

        transfer(&delivery->config, job->id, job->recipient, job->content, &delivery->stop,
                 &result);
        job_done(delivery, &result);
    }
    pthread_mutex_lock(&delivery->lock);
    delivery->gone = 1;
    pthread_cond_broadcast(&delivery->changed);
    pthread_mutex_unlock(&delivery->lock);
    return NULL;
}

static void destroy(delivery_t *delivery)
{
    for (int i = 0; i < DELIVERY_QUEUE; i++) {
        free_job(&delivery->jobs[i]);
    }
    pthread_cond_destroy(&delivery->changed);
    pthread_mutex_destroy(&delivery->lock);
    memset(&delivery->config, 0, sizeof(delivery->config));
    free(delivery);
}

/* The process's signals are for its main thread. */
static int start_thread(delivery_t *delivery)
{
    sigset_t every, before;
    int error;

    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    error = pthread_create(&delivery->thread, NULL, run, delivery);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

apr_status_t delivery_start(delivery_t **delivery, const delivery_config_t *config)
{
    pthread_condattr_t attributes;
    apr_status_t status;

    pthread_once(&initialized, transfer_initialize);
    *delivery = calloc(1, sizeof(**delivery));
    if (!*delivery) {
        return APR_ENOMEM;
    }
    (*delivery)->config = *config;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&(*delivery)->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&(*delivery)->lock, NULL);
    status = start_thread(*delivery);
    if (status != APR_SUCCESS) {
        destroy(*delivery);
        *delivery = NULL;
    }
    return status;
}

int delivery_pending(delivery_t *delivery)
{
    int pending;

    pthread_mutex_lock(&delivery->lock);
    pending = delivery->job_count + delivery->result_count;
    pthread_mutex_unlock(&delivery->lock);
    return pending;
}

apr_status_t delivery_offer(delivery_t *delivery, const char *id, const char *recipient,
                            const char *content)
{
    job_t job = {.recipient = strdup(recipient), .content = strdup(content)};
    apr_status_t status = job.recipient && job.content ? APR_SUCCESS : APR_ENOMEM;

    apr_cpystrn(job.id, id, sizeof(job.id));
    pthread_mutex_lock(&delivery->lock);
    if (status == APR_SUCCESS && delivery->job_count + delivery->result_count == DELIVERY_QUEUE) {
        status = APR_EAGAIN;
    }
    if (status == APR_SUCCESS) {
        delivery->jobs[(delivery->first_job + delivery->job_count++) % DELIVERY_QUEUE] = job;
        pthread_cond_broadcast(&delivery->changed);
    }
    pthread_mutex_unlock(&delivery->lock);
    if (status != APR_SUCCESS) {
        free_job(&job);
    }
    return status;
}

int delivery_take(delivery_t *delivery, delivery_result_t *result)
{
    int taken = 0;

    pthread_mutex_lock(&delivery->lock);
    if (delivery->result_count > 0) {
        *result = delivery->results[delivery->first_result];
        delivery->first_result = (delivery->first_result + 1) % DELIVERY_QUEUE;
        delivery->result_count--;
        taken = 1;
    }
    pthread_mutex_unlock(&delivery->lock);
    return taken;
}

int delivery_stop(delivery_t *delivery, apr_interval_time_t patience)
{
    struct timespec end;
    int gone, error = 0;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += (long)(patience % APR_USEC_PER_SEC) * 1000;
    end.tv_sec += (time_t)(patience / APR_USEC_PER_SEC) + end.tv_nsec / 1000000000L;
    end.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&delivery->lock);
    __atomic_store_n(&delivery->stop, 1, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&delivery->changed);
    while (!delivery->gone && !error) {
        error = pthread_cond_timedwait(&delivery->changed, &delivery->lock, &end);
    }
    gone = delivery->gone;
    pthread_mutex_unlock(&delivery->lock);
    if (gone) {
        pthread_join(delivery->thread, NULL);
        destroy(delivery);
    }
    return gone;
}
