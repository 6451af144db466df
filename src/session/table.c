#include "session/table.h"

#include <apr_shm.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "shared_lock.h"
#include "table_layout.h"

/* ---- names ---- */

static const char *const state_names[] = {"free", "open", "logged_out", "expired", "revoked"};
static const char *const reason_names[] = {"none",    "idle",  "lifetime", "limit",
                                           "manager", "owner", "logout",   "odoo"};

const char *session_state_name(session_state_t state)
{
    return (unsigned)state < sizeof(state_names) / sizeof(*state_names) ? state_names[state]
                                                                        : "unknown";
}

const char *session_reason_name(session_reason_t reason)
{
    return (unsigned)reason < sizeof(reason_names) / sizeof(*reason_names) ? reason_names[reason]
                                                                           : "unknown";
}

apr_time_t boot_time_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000;
}

/* ---- the segment ---- */

static apr_status_t table_init(session_table_t *table, apr_uint32_t slots)
{
    apr_status_t rv = digest_random(table->hash_key, sizeof(table->hash_key));

    if (rv == APR_SUCCESS) {
        rv = shared_lock_init(&table->lock);
    }
    if (rv == APR_SUCCESS) {
        table->slots = slots;
        table->buckets = table_bucket_count(slots);
        table->layout = TABLE_LAYOUT;
        table->magic = TABLE_MAGIC;
    }
    return rv;
}

apr_status_t session_table_create(session_table_t **table, apr_pool_t *pool, apr_uint32_t slots)
{
    apr_uint64_t size = table_size(slots);
    apr_shm_t *segment;
    apr_uintptr_t base;
    apr_status_t rv;

    *table = NULL;
    if (!size) {
        return APR_EINVAL;
    }
    if (size > APR_SIZE_MAX - TABLE_ALIGNMENT) {
        return APR_ENOMEM;
    }
    rv = apr_shm_create(&segment, (apr_size_t)size + TABLE_ALIGNMENT, NULL, pool);
    if (rv != APR_SUCCESS) {
        return APR_ENOMEM;
    }
    /* APR keeps a word of its own in front, and does not align what follows to a cache line. */
    base = (apr_uintptr_t)apr_shm_baseaddr_get(segment);
    base = (base + TABLE_ALIGNMENT - 1) & ~(apr_uintptr_t)(TABLE_ALIGNMENT - 1);
    rv = table_init((session_table_t *)base, slots);
    if (rv != APR_SUCCESS) {
        apr_shm_destroy(segment);
        return rv;
    }
    *table = (session_table_t *)base;
    return APR_SUCCESS;
}

apr_status_t session_table_check(const session_table_t *table)
{
    return table->magic == TABLE_MAGIC && table->layout == TABLE_LAYOUT ? APR_SUCCESS
                                                                        : APR_EMISMATCH;
}

void session_table_supersede(session_table_t *table)
{
    atomic_store(&table->superseded, 1);
}

int session_table_superseded(const session_table_t *table)
{
    return atomic_load(&table->superseded) != 0;
}

apr_uint32_t session_table_slots(const session_table_t *table)
{
    return table->slots;
}

apr_uint32_t session_table_generation(const session_table_t *table)
{
    return atomic_load(&table->generation);
}

void session_table_set_cleanup_due(session_table_t *table, apr_time_t since)
{
    apr_int64_t none = 0;

    atomic_compare_exchange_strong(&table->cleanup_due, &none, since);
}

apr_time_t session_table_take_cleanup_due(session_table_t *table)
{
    return atomic_exchange(&table->cleanup_due, 0);
}

/* ---- the gate ---- */

void session_table_set_synced(session_table_t *table, apr_time_t now_boot)
{
    atomic_store(&table->synced_at, now_boot);
}

static int was_synced_within(const session_table_t *table, apr_interval_time_t span,
                             apr_time_t now_boot)
{
    apr_time_t synced_at = atomic_load(&table->synced_at);

    return synced_at && now_boot - synced_at < span;
}

int session_table_is_synced(const session_table_t *table, apr_time_t now_boot)
{
    return was_synced_within(table, SESSION_SYNC_PATIENCE, now_boot);
}

/* Whether nobody else may know of a later action. */
static int knows_last_action(const session_table_t *table, const session_t *session,
                             apr_time_t now_boot)
{
    return !session->elsewhere || was_synced_within(table, SESSION_SYNC_FRESH, now_boot);
}

static session_reason_t over_limit(const session_table_t *table, const session_t *session,
                                   const session_limits_t *limits, apr_time_t now_boot)
{
    if (session->kind != SESSION_KIND_COOKIE) {
        return SESSION_REASON_NONE;
    }
    if (limits->not_before && session->started < limits->not_before) {
        return SESSION_REASON_MANAGER;
    }
    if (limits->idle && now_boot - session->last_action_boot >= limits->idle &&
        knows_last_action(table, session, now_boot)) {
        return SESSION_REASON_IDLE;
    }
    if (limits->lifetime && now_boot - session->started_boot >= limits->lifetime) {
        return SESSION_REASON_LIFETIME;
    }
    return SESSION_REASON_NONE;
}

/* Returns 1 if the session was open until now and the caller is to tell that it ended. */
static int apply_limits(table_entry_t *entry, const session_limits_t *limits, apr_time_t now,
                        apr_time_t now_boot)
{
    session_reason_t reason;

    if (entry->session->state != SESSION_OPEN) {
        return 0;
    }
    reason = over_limit(entry->table, entry->session, limits, now_boot);
    if (reason == SESSION_REASON_NONE) {
        return 0;
    }
    entry->session->elsewhere = 0;
    table_end_session(entry, reason == SESSION_REASON_MANAGER ? SESSION_REVOKED : SESSION_EXPIRED,
                      reason, now);
    entry->session->end_untold = session_table_is_synced(entry->table, now_boot) ? 1 : 0;
    return !entry->session->end_untold;
}

static void note_request(table_entry_t *entry, int personal, apr_time_t now, apr_time_t now_boot)
{
    session_t *session = entry->session;
    int moves = apr_time_sec(now) != apr_time_sec(session->last_seen);

    session->last_seen = now;
    session->elsewhere = 0;
    /* Requests do not reach this point in the order of their times. */
    if (personal && now_boot >= session->last_action_boot) {
        session->last_action_boot = now_boot;
        session->last_action = now;
    }
    if (moves) {
        table_touch(entry->table, entry->index);
    }
}

apr_status_t session_table_gate(session_table_t *table, const fingerprint_t *fingerprint,
                                const session_limits_t *limits, int personal, apr_time_t now,
                                apr_time_t now_boot, session_t *session, int *newly_ended)
{
    table_entry_t entry;
    apr_status_t rv = table_enter_change(&entry, table, fingerprint);

    *newly_ended = 0;
    if (rv != APR_SUCCESS) {
        memset(session, 0, sizeof(*session));
        return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
    }
    *newly_ended = apply_limits(&entry, limits, now, now_boot);
    if (entry.session->state == SESSION_OPEN) {
        note_request(&entry, personal, now, now_boot);
    }
    *session = *entry.session;
    table_leave(&entry);
    return APR_SUCCESS;
}

apr_status_t session_table_expire(session_table_t *table, const fingerprint_t *fingerprint,
                                  const session_limits_t *limits, apr_time_t now,
                                  apr_time_t now_boot, session_t *session, int *newly_ended)
{
    table_entry_t entry;
    apr_status_t rv = table_enter_change(&entry, table, fingerprint);

    *newly_ended = 0;
    if (rv == APR_SUCCESS) {
        *newly_ended = apply_limits(&entry, limits, now, now_boot);
        *session = *entry.session;
        if (*newly_ended || entry.session->end_untold) {
            table_leave(&entry);
        }
        else {
            table_leave_untold(&entry);
        }
    }
    return rv;
}

apr_status_t session_table_find(session_table_t *table, const fingerprint_t *fingerprint,
                                session_t *session)
{
    table_entry_t entry;
    apr_status_t rv = table_enter(&entry, table, fingerprint);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (entry.session) {
        *session = *entry.session;
    }
    table_leave(&entry);
    return entry.session ? APR_SUCCESS : APR_NOTFOUND;
}

/* ---- coming and going ---- */

/* Which slot goes is decided by age, so the lists must be in order then. They are out of it only
 * after sessions were restored. */
static void sort_for_eviction(session_table_t *table)
{
    if (table->unsorted && table_is_full(table)) {
        table_sort(table);
    }
}

/* What of *proto is known when Odoo first proves a session authenticated. */
static void newborn(const session_t *proto, session_t *session)
{
    memset(session, 0, sizeof(*session));
    session->fingerprint = proto->fingerprint;
    session->kind = proto->kind;
    session_copy_text(session->reference, sizeof(session->reference), proto->reference);
    session_copy_text(session->site, sizeof(session->site), proto->site);
    session_copy_text(session->address, sizeof(session->address), proto->address);
    session->started = proto->started;
    session->started_boot = proto->started_boot;
    session->last_action = proto->last_action;
    session->last_action_boot = proto->last_action_boot;
    session->last_seen = proto->last_action;
}

static apr_status_t admit_present(table_entry_t *entry, const session_t *proto, int *created)
{
    session_t session;

    switch (entry->session->state) {
    case SESSION_OPEN:
        session_copy_text(entry->session->address, SESSION_ADDRESS_SIZE, proto->address);
        return APR_SUCCESS;
    case SESSION_LOGGED_OUT:
        newborn(proto, &session);
        table_replace(entry->table, entry->index, &session, SESSION_OPEN);
        *created = 1;
        return APR_SUCCESS;
    default:
        return APR_EACCES;
    }
}

static apr_status_t admit_new(table_entry_t *entry, const session_t *proto, int *created,
                              session_t *evicted)
{
    session_t session;

    newborn(proto, &session);
    sort_for_eviction(entry->table);
    if (!table_insert(entry->table, entry->bucket, &session, SESSION_OPEN, session.last_seen,
                      evicted)) {
        return APR_ENOSPC;
    }
    atomic_store(&entry->table->full, 0);
    *created = 1;
    return APR_SUCCESS;
}

int session_table_tell_full(session_table_t *table)
{
    return !atomic_exchange(&table->full, 1);
}

apr_status_t session_table_admit(session_table_t *table, const session_t *proto, int *created,
                                 session_t *evicted)
{
    table_entry_t entry;
    apr_status_t rv = table_enter(&entry, table, &proto->fingerprint);

    *created = 0;
    memset(evicted, 0, sizeof(*evicted));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    table_begin_change(table);
    rv = entry.session ? admit_present(&entry, proto, created)
                       : admit_new(&entry, proto, created, evicted);
    table_leave(&entry);
    return rv;
}

static apr_status_t revoke_unseen(table_entry_t *entry, const fingerprint_t *fingerprint,
                                  session_reason_t reason, const session_t *hint, apr_time_t now)
{
    session_t session;
    session_t evicted;

    memset(&session, 0, sizeof(session));
    if (hint) {
        session = *hint;
    }
    session.fingerprint = *fingerprint;
    session.reason = (apr_byte_t)reason;
    session.ended = now;
    sort_for_eviction(entry->table);
    if (!table_insert(entry->table, entry->bucket, &session, SESSION_REVOKED, now, &evicted)) {
        return APR_ENOSPC;
    }
    atomic_fetch_add(&entry->table->generation, 1);
    return APR_SUCCESS;
}

static int may_end(session_state_t from, session_state_t to)
{
    return to == SESSION_REVOKED ? from != SESSION_REVOKED : from == SESSION_OPEN;
}

apr_status_t session_table_end(session_table_t *table, const fingerprint_t *fingerprint,
                               session_state_t state, session_reason_t reason,
                               const session_t *hint, session_t *ended)
{
    apr_time_t now = apr_time_now();
    table_entry_t entry;
    apr_status_t rv;

    memset(ended, 0, sizeof(*ended));
    if (state < SESSION_LOGGED_OUT || state > SESSION_REVOKED) {
        return APR_EINVAL;
    }
    rv = table_enter(&entry, table, fingerprint);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    table_begin_change(table);
    if (entry.session) {
        *ended = *entry.session;
        if (may_end(entry.session->state, state)) {
            entry.session->elsewhere = 0;
            table_end_session(&entry, state, reason, now);
        }
    }
    else {
        rv = state == SESSION_REVOKED ? revoke_unseen(&entry, fingerprint, reason, hint, now)
                                      : APR_NOTFOUND;
    }
    table_leave(&entry);
    return rv;
}

/* ---- what a session gathers ---- */

static apr_uint32_t saturating_add(apr_uint32_t *counter)
{
    if (*counter < APR_UINT32_MAX) {
        ++*counter;
    }
    return *counter;
}

static apr_uint32_t hash_of(const session_table_t *table, const char *rest)
{
    return rest ? (apr_uint32_t)digest_siphash(table->hash_key, rest, strlen(rest)) | 1 : 0;
}

int session_table_is_current(session_table_t *table, const fingerprint_t *fingerprint,
                             const char *rest)
{
    table_entry_t entry;
    int current = 1;

    if (rest && table_enter(&entry, table, fingerprint) == APR_SUCCESS) {
        if (entry.session) {
            apr_uint32_t known = table_slot(table, entry.index)->rest;

            current = !known || known == hash_of(table, rest);
        }
        table_leave(&entry);
    }
    return current;
}

apr_uint32_t session_table_count_call(session_table_t *table, const fingerprint_t *fingerprint,
                                      const char *rest)
{
    apr_uint32_t hash = hash_of(table, rest), count = 0;
    table_entry_t entry;

    if (table_enter_change(&entry, table, fingerprint) == APR_SUCCESS) {
        table_slot(table, entry.index)->rest = hash;
        count = saturating_add(&entry.session->personal_calls);
        table_leave(&entry);
    }
    return count;
}

apr_status_t session_table_set_successor(session_table_t *table, const fingerprint_t *fingerprint)
{
    table_entry_t entry;
    apr_status_t rv = table_enter_change(&entry, table, fingerprint);

    if (rv == APR_SUCCESS) {
        entry.session->succeeded = 1;
        table_leave(&entry);
    }
    return rv;
}

apr_uint32_t session_table_refuse(session_table_t *table, const fingerprint_t *fingerprint)
{
    table_entry_t entry;
    apr_uint32_t count = 1;

    if (table_enter_change(&entry, table, fingerprint) != APR_SUCCESS) {
        return 0;
    }
    if (entry.session->refused) {
        count = saturating_add(&entry.session->refusals);
        count += count < APR_UINT32_MAX;
    }
    entry.session->refused = 1;
    table_leave_untold(&entry);
    return count;
}

apr_uint32_t session_table_take_refusals(session_table_t *table, const fingerprint_t *fingerprint)
{
    table_entry_t entry;
    apr_uint32_t count = 0;

    if (table_enter_change(&entry, table, fingerprint) == APR_SUCCESS) {
        count = entry.session->refusals;
        entry.session->refusals = 0;
        table_leave_untold(&entry);
    }
    return count;
}
