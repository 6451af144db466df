/* Giving way to requests: what the keeper does can wait, what they do cannot. While it follows the
 * journal it runs at a low priority, so that a machine that is busy serves first and stores a
 * little later. Once it has been behind for a minute, or a quarter of what the journal may hold
 * waits, it takes its full share until it has caught up. */
#include "keeper_state.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOW_BY 10 /* a ninth of the share of a process that wants to run as well */
#define LOWEST 19
#define HIGHEST_BY_LIMIT 20 /* RLIMIT_NICE n lets a process go down to nice 20 - n */
#define PATIENCE apr_time_from_sec(60)
#define LOOK_GAP apr_time_from_sec(1)
#define JOURNAL_SHARE 4 /* of its greatest size: one part of so many may wait */

/* A process without the right to go back stays where it is. */
static int may_come_back(int nice)
{
    struct rlimit limit;

    return geteuid() == 0 || (getrlimit(RLIMIT_NICE, &limit) == 0 &&
                              (limit.rlim_cur == RLIM_INFINITY ||
                               limit.rlim_cur >= (rlim_t)(HIGHEST_BY_LIMIT - nice)));
}

void priority_open(keeper_t *keeper)
{
    errno = 0;
    keeper->nice = getpriority(PRIO_PROCESS, 0);
    keeper->gives_way = errno == 0 && may_come_back(keeper->nice);
    keeper->caught_up_at = boot_time_now();
}

static void set_low(keeper_t *keeper, int low)
{
    int nice = keeper->nice + (low ? LOW_BY : 0);

    if (low != keeper->low && setpriority(PRIO_PROCESS, 0, nice < LOWEST ? nice : LOWEST) == 0) {
        keeper->low = low;
    }
}

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

void priority_follow(keeper_t *keeper)
{
    apr_time_t now = boot_time_now();

    if (!keeper->gives_way) {
        return;
    }
    if (!keeper->more) {
        keeper->caught_up_at = now;
        set_low(keeper, 1);
    }
    else if (now - keeper->caught_up_at >= PATIENCE || much_waits(keeper, now)) {
        set_low(keeper, 0);
    }
}
