#include "keeper_state.h"

#include <string.h>

#include <apr_strings.h>

#include "session/revocation.h"

#define TOUCH_GAP apr_time_from_sec(2)
#define TOUCH_SHARE                                                                                \
    50 /* looking through the table takes at most one part in so many of the time                  \
        */
#define TOUCH_BATCH 1000
#define TOUCH_LOOK_BACK                                                                            \
    apr_time_from_sec(600) /* at start: what a keeper before may have missed                       \
                            */
#define REFUSALS_GAP apr_time_from_sec(60)
#define SAVE_GAP apr_time_from_sec(30)
/* Each batch of purging leaves an event `purged`: seldom, so that there are few of them. */
#define PURGE_GAP apr_time_from_sec(3600)
#define COMPACT_GAP apr_time_from_sec(86400)
#define MISSED_INTERVALS 2

/* ---- sessions that nobody used for too long ---- */

/* Everybody on a site was ended at once; here the single sessions follow. */
static const char *word_of_end(const session_t *session)
{
    return session->state == SESSION_REVOKED ? "session_revoked" : "session_expired";
}

static event_t *session_event(keeper_t *keeper, const char *operation, const session_t *session)
{
    event_t *event = own_event(keeper->cleanup_pool, operation);

    event_set(event, EVENT_SITE, session->site);
    event_set(event, EVENT_DATABASE, session->database);
    event_set(event, EVENT_LOGIN, session->login);
    event_set(event, EVENT_USER, session->name);
    event_set(event, EVENT_SESSION, session->reference);
    event_set(event, EVENT_IP, session->address);
    if (session->uid > 0) {
        event_set_integer(event, EVENT_UID, session->uid);
    }
    return event;
}

void cleanup_tell_end(keeper_t *keeper, const session_t *session)
{
    apr_pool_t *pool = keeper->cleanup_pool;
    event_t *event = session_event(keeper, word_of_end(session), session);

    event_set(event, EVENT_VALUES,
              apr_psprintf(pool, "{\"reason\":\"%s\"}",
                           session_reason_name((session_reason_t)session->reason)));
    own_event_append(keeper, event);
    apr_pool_clear(pool);
}

/* What was to be told in turn, before the machines stopped telling each other. */
static void tell_alone(keeper_t *keeper, const session_t *session)
{
    session_t ended;

    if (!session_table_is_synced(keeper->config->sessions, boot_time_now()) &&
        session_table_take_untold(keeper->config->sessions, &session->fingerprint, &ended)) {
        cleanup_tell_end(keeper, &ended);
    }
}

/* The machine on which it was last seen ends it and tells; another one only if that does not. */
static void leave_to_the_other(const keeper_t *keeper, const session_t *session,
                               session_limits_t *limits)
{
    apr_interval_time_t grace = 2 * keeper->config->cleanup_interval + apr_time_from_sec(20);

    if (session->elsewhere) {
        limits->idle += limits->idle ? grace : 0;
        limits->lifetime += limits->lifetime ? grace : 0;
        limits->not_before -= limits->not_before ? grace : 0;
    }
}

static int expire_session(void *payload, const session_t *session)
{
    keeper_t *keeper = payload;
    session_limits_t limits;
    session_t after;
    int newly_ended = 0;

    if (session->end_untold) {
        tell_alone(keeper, session);
    }
    if (session->state != SESSION_OPEN || !rules_limits(keeper, session->site, &limits)) {
        return keeper_stopping(keeper);
    }
    leave_to_the_other(keeper, session, &limits);
    if (session_table_expire(keeper->config->sessions, &session->fingerprint, &limits,
                             apr_time_now(), boot_time_now(), &after,
                             &newly_ended) == APR_SUCCESS &&
        newly_ended) {
        cleanup_tell_end(keeper, &after);
    }
    return keeper_stopping(keeper);
}

/* Some web clients repeat a refused call hundreds of times a second: one event a minute. */
static int tell_refusals(void *payload, const session_t *session)
{
    keeper_t *keeper = payload;
    apr_uint32_t count = session->refusals ? session_table_take_refusals(keeper->config->sessions,
                                                                         &session->fingerprint)
                                           : 0;

    if (count) {
        event_t *event = session_event(keeper, "session_refused", session);

        event_set(event, EVENT_OUTCOME, "denied");
        event_set(event, EVENT_VALUES,
                  apr_psprintf(keeper->cleanup_pool, "{\"reason\":\"%s\",\"refused\":%u}",
                               session_reason_name((session_reason_t)session->reason), count));
        own_event_append(keeper, event);
        apr_pool_clear(keeper->cleanup_pool);
    }
    return keeper_stopping(keeper);
}

static void expire(keeper_t *keeper)
{
    if (keeper->config->sessions) {
        session_table_each(keeper->config->sessions, expire_session, keeper);
    }
}

/* ---- last actions ---- */

typedef struct touching_t {
    keeper_t *keeper;
    apr_time_t from;
    int count; /* in the transaction under way; 0: there is none */
    apr_status_t status;
} touching_t;

static apr_status_t touch_in_store(keeper_t *keeper, const session_t *session)
{
    const char *country, *city;

    enrich_address(keeper, session->address, &country, &city);
    return store_session_touch(keeper->store, session->reference, session->last_action,
                               session->address, country, city);
}

static int touch_session(void *payload, const session_t *session)
{
    touching_t *touching = payload;
    keeper_t *keeper = touching->keeper;

    if (session->state != SESSION_OPEN || session->last_action < touching->from) {
        return 0;
    }
    if (touching->count == 0) {
        touching->status = database_begin(keeper);
        if (touching->status != APR_SUCCESS) {
            return 1;
        }
    }
    touching->status = touch_in_store(keeper, session);
    touching->count++;
    if (touching->status != APR_SUCCESS || touching->count >= TOUCH_BATCH) {
        touching->status = database_end(keeper, touching->status);
        touching->count = 0;
    }
    return touching->status != APR_SUCCESS || keeper_stopping(keeper);
}

static apr_status_t touch(keeper_t *keeper)
{
    touching_t touching = {keeper, keeper->touched_to, 0, APR_SUCCESS};
    apr_time_t started = apr_time_now(), before = boot_time_now(), took;

    if (!keeper->config->sessions) {
        return APR_SUCCESS;
    }
    session_table_each(keeper->config->sessions, touch_session, &touching);
    if (touching.count > 0) {
        touching.status = database_end(keeper, touching.status);
    }
    if (touching.status == APR_SUCCESS && !keeper_stopping(keeper)) {
        keeper->touched_to = started;
    }
    took = boot_time_now() - before;
    keeper->touch_gap = TOUCH_SHARE * took > TOUCH_GAP ? TOUCH_SHARE * took : TOUCH_GAP;
    return touching.status;
}

/* ---- files ---- */

static apr_status_t save(keeper_t *keeper)
{
    apr_status_t status = APR_SUCCESS;

    if (keeper->config->sessions) {
        status = session_snapshot_save(keeper->sessions_file, keeper->config->sessions,
                                       keeper->cleanup_pool);
        apr_pool_clear(keeper->cleanup_pool);
    }
    if (status != APR_SUCCESS && !keeper->snapshot_reported) {
        keeper_log(keeper, KEEPER_ERROR, status,
                   "cannot write %s: after a full restart, sessions are known as they were when it "
                   "was last written",
                   keeper->sessions_file);
    }
    keeper->snapshot_reported = status != APR_SUCCESS;
    return status;
}

static void compact(keeper_t *keeper)
{
    apr_time_t now = apr_time_now();
    apr_status_t status = revocation_compact(keeper->revoked_file, now, keeper->cleanup_pool);

    if (status != APR_SUCCESS) {
        keeper_log(keeper, KEEPER_WARNING, status,
                   "cannot drop old entries from %s; it holds all the same", keeper->revoked_file);
    }
    if (keeper->config->sessions) {
        session_table_forget(keeper->config->sessions, now - REVOCATION_KEPT);
    }
    apr_pool_clear(keeper->cleanup_pool);
}

static void tidy(keeper_t *keeper)
{
    int foreign = 0;

    journal_tidy(keeper->journal_folder, &foreign, keeper->cleanup_pool);
    if (foreign > 0 && foreign != keeper->foreign_segments) {
        keeper_log(keeper, KEEPER_WARNING, APR_SUCCESS,
                   "%d segments in %s are of another version of the journal and are left alone: "
                   "start the version that wrote them once to have their events stored",
                   foreign, keeper->journal_folder);
    }
    keeper->foreign_segments = foreign;
    apr_pool_clear(keeper->cleanup_pool);
}

/* ---- when ---- */

static int has_passed(apr_time_t *since, apr_interval_time_t gap, apr_time_t now)
{
    if (*since != 0 && now - *since < gap) {
        return 0;
    }
    *since = now;
    return 1;
}

/* The monitor hook says when; where there is none (httpd -X), or if it is stuck, the clock does. */
static int is_due(keeper_t *keeper, apr_time_t now)
{
    session_table_t *sessions = keeper->config->sessions;

    if (sessions && session_table_take_cleanup_due(sessions) != 0) {
        keeper->cleaned_at = now;
        return 1;
    }
    return has_passed(&keeper->cleaned_at, MISSED_INTERVALS * keeper->config->cleanup_interval,
                      now);
}

void cleanup_tick(keeper_t *keeper)
{
    apr_time_t now = boot_time_now();

    own_journal_sync(keeper);
    if (is_due(keeper, now)) {
        expire(keeper);
        tidy(keeper);
        keeper->purging |= has_passed(&keeper->purged_at, PURGE_GAP, now);
        keeper->shrinking = 1;
    }
    if (keeper->config->sessions && has_passed(&keeper->refusals_at, REFUSALS_GAP, now)) {
        session_table_each(keeper->config->sessions, tell_refusals, keeper);
    }
    if (keeper->store && keeper->purging) {
        purge_step(keeper);
    }
    if (keeper->store && keeper->shrinking) {
        purge_size_step(keeper);
    }
    if (keeper->store) {
        checkpoint_tick(keeper);
    }
    revoked_tick(keeper);
    if (keeper->store && has_passed(&keeper->touched_at, keeper->touch_gap, now)) {
        touch(keeper);
    }
    if (has_passed(&keeper->saved_at, SAVE_GAP, now)) {
        save(keeper);
    }
    if (has_passed(&keeper->compacted_at, COMPACT_GAP, now)) {
        compact(keeper);
    }
}

void cleanup_stop(keeper_t *keeper)
{
    purge_tell_sessions(keeper);
    save(keeper);
}

apr_status_t keeper_cleanup(keeper_t *keeper)
{
    apr_status_t status, saved;

    rules_refresh(keeper);
    expire(keeper);
    tidy(keeper);
    compact(keeper);
    status = keeper_connect(keeper);
    if (status == APR_SUCCESS) {
        status = purge_step(keeper);
    }
    if (status == APR_SUCCESS) {
        status = purge_size_step(keeper);
    }
    if (status == APR_SUCCESS) {
        status = touch(keeper);
    }
    saved = save(keeper);
    return status != APR_SUCCESS ? status : saved;
}
