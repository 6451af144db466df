#include "keeper_state.h"

#include <apr_time.h>

#define SYNC_GAP apr_time_from_sec(1)

event_t *own_event(apr_pool_t *pool, const char *operation)
{
    event_t *event = event_create(pool);

    event_set_time(event, EVENT_TIME, apr_time_now());
    event_set(event, EVENT_CHANNEL, "module");
    event_set(event, EVENT_OPERATION, operation);
    event_set(event, EVENT_OUTCOME, "success");
    return event;
}

static void report(keeper_t *keeper, apr_status_t status)
{
    if (status == APR_SUCCESS) {
        keeper->journal_reported = 0;
    }
    else if (!keeper->journal_reported) {
        keeper->journal_reported = 1;
        keeper_log(keeper, KEEPER_ERROR, status,
                   "the keeper cannot write its own events into %s; a gap event will tell how many "
                   "are missing",
                   keeper->journal_folder);
    }
}

void own_event_append(keeper_t *keeper, const event_t *event)
{
    apr_status_t status = APR_SUCCESS;

    if (!keeper->journal) {
        status = journal_open(&keeper->journal, keeper->pool, keeper->journal_folder,
                              keeper->config->sync, keeper->config->journal_max_size);
    }
    if (status == APR_SUCCESS) {
        status = journal_append(keeper->journal, JOURNAL_EVENT,
                                journal_next_number(keeper->journal), event);
    }
    else {
        keeper->journal = NULL;
    }
    report(keeper, status);
}

void own_journal_sync(keeper_t *keeper)
{
    apr_time_t now = boot_time_now();

    if (keeper->journal && keeper->config->sync == JOURNAL_SYNC_SECOND &&
        now - keeper->synced_at >= SYNC_GAP) {
        keeper->synced_at = now;
        report(keeper, journal_sync(keeper->journal));
    }
}

void own_journal_close(keeper_t *keeper)
{
    if (keeper->journal) {
        journal_close(keeper->journal);
        keeper->journal = NULL;
    }
}
