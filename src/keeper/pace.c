/* Giving way to requests: what the keeper does can wait, what they do cannot. While others wait for
 * a processor it sleeps between batches, and stores the rest a little later. Once it has been
 * behind for a minute, or a quarter of what the journal may hold waits, it takes its full share
 * until it has caught up.
 *
 * A low priority would do the same and worse: who runs at one is put aside within a write to the
 * file system, and requests then wait for it. Who sleeps holds nothing. */
#include "keeper_state.h"

#include <stdio.h>

#define STEPS_BEHIND 5 /* of rest while others wait: half a second */
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

/* Whether the keeper itself had to wait for a processor for half as long as it had one since the
 * last look. A kernel that does not count that has nobody waiting. */
static int others_wait(keeper_t *keeper)
{
    unsigned long long ran, waited;
    FILE *file = fopen("/proc/self/schedstat", "re");
    int waits = 0;

    if (file) {
        if (fscanf(file, "%llu %llu", &ran, &waited) == 2) {
            waits = waited - keeper->waited > (ran - keeper->ran) / 2;
            keeper->ran = ran;
            keeper->waited = waited;
        }
        fclose(file);
    }
    return waits;
}

int pace_steps(keeper_t *keeper)
{
    apr_time_t now = boot_time_now();
    int waits = others_wait(keeper);

    if (!keeper->more) {
        keeper->caught_up_at = now;
        return 1;
    }
    if (now - keeper->caught_up_at >= PATIENCE || much_waits(keeper, now)) {
        return 0;
    }
    return waits ? STEPS_BEHIND : 0;
}
