#include "keeper_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <apr_strings.h>

#include "config.h"

#define STEP apr_time_from_msec(100) /* how long the keeper rests, and is deaf to *stop */
#define LOCK_PATIENCE apr_time_from_sec(10)
#define STOP_STEP_USEC 200000 /* after *stop: four of these, then the keeper leaves at once */
#define STOP_STEPS 4
#define STOP_WORK apr_time_from_msec(500) /* of them for moving what stands in the journal */
#define LOOK_BACK apr_time_from_sec(600)  /* last actions that a keeper before may have missed */

static void rest(const keeper_t *keeper)
{
    struct timespec pause = {0, STEP * 1000};

    if (!keeper_stopping(keeper)) {
        nanosleep(&pause, NULL);
    }
}

keeper_t *keeper_create(const keeper_config_t *config, apr_pool_t *parent)
{
    apr_pool_t *pool;
    keeper_t *keeper;
    event_t *event;

    apr_pool_create(&pool, parent);
    keeper = apr_pcalloc(pool, sizeof(*keeper));
    keeper->config = config;
    keeper->pool = pool;
    event = event_create(pool);
    event_set(event, EVENT_NODE, config->node);
    keeper->node = event->cell[EVENT_NODE]; /* as it will stand in the trail */
    keeper->journal_folder = apr_pstrcat(pool, config->state_dir, "/journal", NULL);
    keeper->sessions_file = apr_pstrcat(pool, config->state_dir, "/sessions", NULL);
    keeper->settings_file = apr_pstrcat(pool, config->state_dir, "/" SETTINGS_FILE, NULL);
    keeper->revoked_file = apr_pstrcat(pool, config->state_dir, "/revoked", NULL);
    apr_pool_create(&keeper->store_pool, pool);
    apr_pool_create(&keeper->batch_pool, pool);
    apr_pool_create(&keeper->cleanup_pool, pool);
    apr_pool_create(&keeper->sync_pool, pool);
    keeper->segments = apr_array_make(pool, 16, sizeof(keeper_segment_t *));
    buffer_init(&keeper->scratch, pool, CHAIN_SCRATCH_LIMIT);
    keeper->limit = KEEPER_BATCH;
    keeper->saved_at = keeper->refusals_at = boot_time_now();
    keeper->touched_to = apr_time_now() - LOOK_BACK;
    purge_create(keeper);
    checkpoint_create(keeper);
    forward_create(keeper);
    enrich_open(keeper);
    return keeper;
}

/* ---- one keeper, in a folder it can use ---- */

static apr_status_t prepare_folder(const keeper_t *keeper)
{
    if (mkdir(keeper->journal_folder, S_IRWXU) != 0 && errno != EEXIST) {
        return errno;
    }
    return access(keeper->journal_folder, R_OK | W_OK | X_OK) == 0 ? APR_SUCCESS : errno;
}

/* The lock lives as long as the descriptor, so as long as this process. */
static apr_status_t open_lock(const keeper_t *keeper, int *file)
{
    const char *path = apr_pstrcat(keeper->pool, keeper->config->state_dir, "/keeper.lock", NULL);

    *file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    return *file >= 0 ? APR_SUCCESS : errno;
}

static keeper_exit_t take_lock(const keeper_t *keeper, int *file)
{
    apr_time_t begun = boot_time_now();
    apr_status_t status = prepare_folder(keeper);

    *file = -1;
    if (status == APR_SUCCESS) {
        status = open_lock(keeper, file);
    }
    if (status != APR_SUCCESS) {
        keeper_log(keeper, KEEPER_ERROR, status,
                   "the keeper cannot use %s: it must be a folder that httpd's user may write",
                   keeper->config->state_dir);
        return KEEPER_NO_STATE;
    }
    while (flock(*file, LOCK_EX | LOCK_NB) != 0) {
        if (keeper_stopping(keeper)) {
            return KEEPER_STOPPED;
        }
        if (boot_time_now() - begun >= LOCK_PATIENCE) {
            keeper_log(keeper, KEEPER_ERROR, APR_SUCCESS,
                       "another keeper holds %s/keeper.lock: each httpd needs a UserAuditStateDir "
                       "of its own",
                       keeper->config->state_dir);
            return KEEPER_SECOND;
        }
        rest(keeper);
    }
    return KEEPER_STOPPED;
}

/* ---- leaving in time ---- */

static volatile sig_atomic_t *stop_word;
static volatile sig_atomic_t stop_steps;

/* A database that hangs must not hold up httpd's restart. To leave in the middle of anything is
 * safe: what is not committed stands in the journal. */
static void leave_in_time(int signal_number)
{
    (void)signal_number;
    if (*stop_word && ++stop_steps >= STOP_STEPS) {
        _exit(KEEPER_STOPPED);
    }
}

static void watch_stop(const keeper_t *keeper, int on)
{
    struct itimerval timer = {{0, on ? STOP_STEP_USEC : 0}, {0, on ? STOP_STEP_USEC : 0}};
    struct sigaction action;

    if (!keeper->config->stop) {
        return;
    }
    stop_word = keeper->config->stop;
    stop_steps = 0;
    memset(&action, 0, sizeof(action));
    sigemptyset(&action.sa_mask);
    action.sa_handler = on ? leave_in_time : SIG_DFL;
    action.sa_flags = SA_RESTART;
    if (on) {
        sigaction(SIGALRM, &action, NULL);
    }
    setitimer(ITIMER_REAL, &timer, NULL);
    if (!on) {
        sigaction(SIGALRM, &action, NULL);
    }
}

/* ---- the loop ---- */

static void tell(keeper_t *keeper, const char *operation)
{
    event_t *event = own_event(keeper->cleanup_pool, operation);

    event_set(event, EVENT_VALUES, "{\"version\":\"" PACKAGE_VERSION "\"}");
    own_event_append(keeper, event);
    apr_pool_clear(keeper->cleanup_pool);
}

static keeper_exit_t work(keeper_t *keeper)
{
    while (!keeper_stopping(keeper)) {
        int moved;
        apr_status_t status = keeper_drain(keeper, &moved);

        if (APR_STATUS_IS_EEXIST(status)) {
            return KEEPER_CLASH;
        }
        rules_refresh(keeper);
        sync_tick(keeper);
        cleanup_tick(keeper);
        outbox_tick(keeper);
        forward_tick(keeper);
        status_tick(keeper, status, moved);
        /* Events that come in while it rests share a transaction, and with their intents. */
        for (int steps = keeper->forwarding ? 0 : pace_steps(keeper); steps > 0; steps--) {
            rest(keeper);
        }
    }
    return KEEPER_STOPPED;
}

static void finish(keeper_t *keeper)
{
    apr_time_t begun = boot_time_now();
    int moved = 1;

    outbox_stop(keeper);
    cleanup_stop(keeper);
    tell(keeper, "stopped");
    own_journal_close(keeper);
    while (keeper->store && moved > 0 && boot_time_now() - begun < STOP_WORK) {
        keeper_drain(keeper, &moved);
    }
    if (keeper->store) {
        checkpoint_make(keeper);
    }
    keeper->forwarding = 1;
    forward_tick(keeper);
    database_disconnect(keeper);
}

keeper_exit_t keeper_run(const keeper_config_t *config, apr_pool_t *pool)
{
    keeper_t *keeper = keeper_create(config, pool);
    int lock;
    keeper_exit_t result = take_lock(keeper, &lock);

    if (result == KEEPER_STOPPED && !keeper_stopping(keeper)) {
        watch_stop(keeper, 1);
        tell(keeper, "started");
        status_begin(keeper);
        result = work(keeper);
        finish(keeper);
        watch_stop(keeper, 0);
    }
    apr_pool_destroy(keeper->pool);
    if (lock >= 0) {
        close(lock);
    }
    return result;
}
