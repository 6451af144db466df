/* Giving way to requests: what the keeper does can wait, what they do cannot. While it follows the
 * journal it runs at a low priority, so that a machine that is busy serves first and stores a
 * little later. Once it has been behind for a minute, or a quarter of what the journal may hold
 * waits, it takes its full share until it has caught up.
 *
 * A process without privileges can lower its priority but never raise it again. On Linux it belongs
 * to the thread: the low part of the work is done in one of its own, while the first one waits. */
#include "keeper_state.h"

#include <pthread.h>
#include <sys/resource.h>

#define LOW_BY 10 /* about a tenth of the share of who wants to run as well */
#define LOWEST 19
#define PATIENCE apr_time_from_sec(60)
#define LOOK_GAP apr_time_from_sec(1)
#define JOURNAL_SHARE 4 /* of its greatest size: one part of so many may wait */

static int much_waits(keeper_t *keeper, apr_time_t now)
{
    if (keeper->config->journal_max_size <= 0) {
        return 0;
    }
    if (now - keeper->journal_seen_at >= LOOK_GAP) {
        keeper->journal_seen_at = now;
        keeper->journal_waits = journal_size(keeper->journal_folder, keeper->batch_pool) >
                                keeper->config->journal_max_size / JOURNAL_SHARE;
    }
    return keeper->journal_waits;
}

int priority_wanted_low(keeper_t *keeper)
{
    apr_time_t now = boot_time_now();

    if (!keeper->more) {
        keeper->caught_up_at = now;
        keeper->low = 1;
    }
    else if (now - keeper->caught_up_at >= PATIENCE || much_waits(keeper, now)) {
        keeper->low = 0;
    }
    return keeper->low;
}

typedef struct low_work_t {
    keeper_t *keeper;
    keeper_work_t work;
    keeper_exit_t result;
} low_work_t;

static void *work_low(void *data)
{
    low_work_t *low = data;
    int nice = getpriority(PRIO_PROCESS, 0) + LOW_BY;

    setpriority(PRIO_PROCESS, 0, nice < LOWEST ? nice : LOWEST);
    low->result = low->work(low->keeper);
    return NULL;
}

keeper_exit_t priority_run_low(keeper_t *keeper, keeper_work_t work)
{
    low_work_t low = {keeper, work, KEEPER_STOPPED};
    pthread_t thread;

    if (pthread_create(&thread, NULL, work_low, &low) != 0) {
        return work(keeper);
    }
    pthread_join(thread, NULL);
    return low.result;
}
