#include "table_layout.h"

#include <errno.h>
#include <string.h>

#include "session/revocation.h"

apr_uint32_t table_bucket_count(apr_uint32_t slots)
{
    apr_uint32_t count = 1;

    while (count < slots) {
        count <<= 1;
    }
    return count;
}

static apr_uint64_t aligned(apr_uint64_t size)
{
    return (size + TABLE_ALIGNMENT - 1) & ~(apr_uint64_t)(TABLE_ALIGNMENT - 1);
}

static apr_uint64_t buckets_offset(void)
{
    return aligned(sizeof(session_table_t));
}

static apr_uint64_t notes_offset(apr_uint32_t buckets)
{
    return aligned(buckets_offset() + (apr_uint64_t)buckets * sizeof(apr_uint32_t));
}

static apr_uint64_t slots_offset(apr_uint32_t buckets, apr_uint32_t slots)
{
    return aligned(notes_offset(buckets) + (apr_uint64_t)slots * sizeof(table_note_t));
}

apr_uint64_t table_size(apr_uint32_t slots)
{
    if (slots == 0 || slots > SESSION_TABLE_MAX_SLOTS) {
        return 0;
    }
    return slots_offset(table_bucket_count(slots), slots) +
           (apr_uint64_t)slots * sizeof(table_slot_t);
}

table_slot_t *table_slot(session_table_t *table, apr_uint32_t index)
{
    return (table_slot_t *)(void *)((char *)table + slots_offset(table->buckets, table->slots)) +
           (index - 1);
}

table_note_t *table_note(session_table_t *table, apr_uint32_t index)
{
    return (table_note_t *)(void *)((char *)table + notes_offset(table->buckets)) + (index - 1);
}

apr_uint32_t *table_buckets(session_table_t *table)
{
    return (apr_uint32_t *)(void *)((char *)table + buckets_offset());
}

apr_uint32_t *table_bucket(session_table_t *table, const fingerprint_t *fingerprint)
{
    apr_uint64_t hash =
        digest_siphash(table->hash_key, fingerprint->bytes, sizeof(fingerprint->bytes));

    return &table_buckets(table)[hash & (table->buckets - 1)];
}

apr_status_t table_lock(session_table_t *table)
{
    int error = pthread_mutex_lock(&table->lock);

    if (error == EOWNERDEAD) {
        error = pthread_mutex_consistent(&table->lock);
    }
    if (error) {
        return APR_FROM_OS_ERROR(error);
    }
    /* Looked at every time: a process may also die while it repairs. */
    if (atomic_load_explicit(&table->dirty, memory_order_relaxed)) {
        table_rebuild(table);
    }
    return APR_SUCCESS;
}

void table_begin_change(session_table_t *table)
{
    atomic_store_explicit(&table->dirty, 1, memory_order_relaxed);
    table_order_stores();
}

void table_unlock(session_table_t *table)
{
    table_order_stores();
    atomic_store_explicit(&table->dirty, 0, memory_order_relaxed);
    pthread_mutex_unlock(&table->lock);
}

/* ---- texts ---- */

void session_copy_text(char *destination, apr_size_t size, const char *source)
{
    apr_size_t length = strnlen(source, size - 1);

    memcpy(destination, source, length);
    memset(destination + length, 0, size - length);
}

void session_end_texts(session_t *session)
{
    session->reference[SESSION_REFERENCE_SIZE - 1] = '\0';
    session->site[SESSION_SITE_SIZE - 1] = '\0';
    session->database[SESSION_DATABASE_SIZE - 1] = '\0';
    session->login[SESSION_LOGIN_SIZE - 1] = '\0';
    session->name[SESSION_NAME_SIZE - 1] = '\0';
    session->address[SESSION_ADDRESS_SIZE - 1] = '\0';
    session->timezone[SESSION_TIMEZONE_SIZE - 1] = '\0';
}

/* ---- chains ---- */

apr_uint32_t table_find(session_table_t *table, const apr_uint32_t *bucket,
                        const fingerprint_t *fingerprint)
{
    apr_uint32_t index = *bucket;

    while (index) {
        table_slot_t *slot = table_slot(table, index);

        if (!memcmp(slot->session.fingerprint.bytes, fingerprint->bytes, DIGEST_SIZE)) {
            break;
        }
        index = slot->next;
    }
    return index;
}

static void unchain(session_table_t *table, apr_uint32_t index)
{
    table_slot_t *slot = table_slot(table, index);
    apr_uint32_t *link = table_bucket(table, &slot->session.fingerprint);

    while (*link != index) {
        link = &table_slot(table, *link)->next;
    }
    *link = slot->next;
}

/* ---- the lists by state ---- */

apr_time_t table_age_key(const session_t *session)
{
    return session->state == SESSION_OPEN ? session->last_seen : session->ended;
}

void table_list_append(session_table_t *table, apr_uint32_t index)
{
    table_slot_t *slot = table_slot(table, index);
    table_list_t *list = &table->lists[slot->session.state];

    slot->older = list->newest;
    slot->newer = 0;
    if (list->newest) {
        table_slot(table, list->newest)->newer = index;
    }
    else {
        list->oldest = index;
    }
    list->newest = index;
    list->count++;
}

static void list_remove(session_table_t *table, apr_uint32_t index)
{
    table_slot_t *slot = table_slot(table, index);
    table_list_t *list = &table->lists[slot->session.state];

    if (slot->older) {
        table_slot(table, slot->older)->newer = slot->newer;
    }
    else {
        list->oldest = slot->newer;
    }
    if (slot->newer) {
        table_slot(table, slot->newer)->older = slot->older;
    }
    else {
        list->newest = slot->older;
    }
    list->count--;
}

void table_touch(session_table_t *table, apr_uint32_t index)
{
    if (table->lists[table_slot(table, index)->session.state].newest != index) {
        list_remove(table, index);
        table_list_append(table, index);
    }
}

/* ---- notes ---- */

#define LOGIN_HASH 0x80000000u /* no uid has this bit */

apr_uint32_t table_user_of(const session_table_t *table, const session_t *session)
{
    if (session->uid) {
        return (apr_uint32_t)session->uid;
    }
    if (!*session->login) {
        return 0;
    }
    return LOGIN_HASH |
           (apr_uint32_t)digest_siphash(table->hash_key, session->login, strlen(session->login));
}

void table_note_down(session_table_t *table, apr_uint32_t index, int changed)
{
    table_note_t *note = table_note(table, index);

    note->user = table_user_of(table, &table_slot(table, index)->session);
    if (changed) {
        note->changed = (apr_uint32_t)apr_time_sec(boot_time_now());
    }
}

/* ---- slots ---- */

static void fill(table_slot_t *slot, const session_t *session, session_state_t state)
{
    session_t copy = *session;

    session_end_texts(&copy);
    copy.state = SESSION_FREE;
    slot->session.state = SESSION_FREE;
    slot->rest = 0;
    table_order_stores();
    slot->session = copy;
    table_order_stores();
    slot->session.state = (apr_byte_t)state;
}

static void note_moment(session_table_t *table, const session_t *session, apr_time_t ended)
{
    int mark = session->kind == SESSION_KIND_MARK;
    apr_time_t moment = mark ? ended : session->started;

    if (mark) {
        atomic_store(&table->marks, 1);
    }
    if (moment > atomic_load_explicit(&table->latest, memory_order_relaxed)) {
        atomic_store(&table->latest, moment);
    }
}

void table_free(session_table_t *table, apr_uint32_t index)
{
    table_slot_t *slot = table_slot(table, index);

    list_remove(table, index);
    unchain(table, index);
    slot->session.state = SESSION_FREE;
    memset(table_note(table, index), 0, sizeof(table_note_t));
    slot->next = table->free;
    table->free = index;
}

static apr_uint32_t oldest_refusal_before(session_table_t *table, session_state_t state,
                                          apr_time_t before)
{
    apr_uint32_t index = table->lists[state].oldest;

    return index && table_slot(table, index)->session.ended < before ? index : 0;
}

int table_is_full(const session_table_t *table)
{
    return !table->free && table->used == table->slots;
}

apr_uint32_t table_find_victim(session_table_t *table, session_state_t newcomer, apr_time_t now)
{
    apr_uint32_t index = oldest_refusal_before(table, SESSION_EXPIRED, now - REVOCATION_KEPT);

    if (!index) {
        index = oldest_refusal_before(table, SESSION_REVOKED, now - REVOCATION_KEPT);
    }
    if (!index) {
        index = table->lists[SESSION_LOGGED_OUT].oldest;
    }
    if (!index) {
        index = table->lists[SESSION_OPEN].oldest;
    }
    if (!index && newcomer == SESSION_REVOKED) {
        index = table->lists[SESSION_EXPIRED].oldest;
    }
    return index;
}

static apr_uint32_t take_slot(session_table_t *table, session_state_t newcomer, apr_time_t now,
                              session_t *evicted)
{
    apr_uint32_t index;

    if (table_is_full(table)) {
        index = table_find_victim(table, newcomer, now);
        if (!index) {
            return 0;
        }
        *evicted = table_slot(table, index)->session;
        table_free(table, index);
    }
    if (!table->free) {
        return ++table->used;
    }
    index = table->free;
    table->free = table_slot(table, index)->next;
    return index;
}

apr_uint32_t table_insert(session_table_t *table, apr_uint32_t *bucket, const session_t *session,
                          session_state_t state, apr_time_t now, session_t *evicted)
{
    apr_uint32_t index = take_slot(table, state, now, evicted);

    if (index) {
        table_slot_t *slot = table_slot(table, index);

        fill(slot, session, state);
        note_moment(table, session, session->ended);
        slot->next = *bucket;
        *bucket = index;
        table_list_append(table, index);
        table_note_down(table, index, 1);
    }
    return index;
}

void table_replace(session_table_t *table, apr_uint32_t index, const session_t *session,
                   session_state_t state)
{
    list_remove(table, index);
    fill(table_slot(table, index), session, state);
    note_moment(table, session, session->ended);
    table_list_append(table, index);
}

/* The state last: a session whose end was begun and not reached is still open, and the next look
 * ends it. */
void table_end_session(table_entry_t *entry, session_state_t state, session_reason_t reason,
                       apr_time_t now)
{
    list_remove(entry->table, entry->index);
    entry->session->ended = now;
    entry->session->end_untold = 0;
    entry->session->reason = (apr_byte_t)reason;
    table_order_stores();
    entry->session->state = (apr_byte_t)state;
    table_list_append(entry->table, entry->index);
    if (entry->session->kind == SESSION_KIND_MARK) {
        note_moment(entry->table, entry->session, now);
    }
    if (state != SESSION_LOGGED_OUT) {
        atomic_fetch_add(&entry->table->generation, 1);
    }
}

/* ---- one session ---- */

apr_status_t table_enter(table_entry_t *entry, session_table_t *table,
                         const fingerprint_t *fingerprint)
{
    apr_status_t rv;

    entry->table = table;
    entry->bucket = table_bucket(table, fingerprint);
    rv = table_lock(table);
    if (rv == APR_SUCCESS) {
        entry->index = table_find(table, entry->bucket, fingerprint);
        entry->session = entry->index ? &table_slot(table, entry->index)->session : NULL;
    }
    return rv;
}

apr_status_t table_enter_change(table_entry_t *entry, session_table_t *table,
                                const fingerprint_t *fingerprint)
{
    apr_status_t rv = table_enter(entry, table, fingerprint);

    if (rv == APR_SUCCESS && !entry->session) {
        table_unlock(table);
        return APR_NOTFOUND;
    }
    if (rv == APR_SUCCESS) {
        table_begin_change(table);
    }
    return rv;
}

void table_leave(table_entry_t *entry)
{
    if (entry->index && atomic_load_explicit(&entry->table->dirty, memory_order_relaxed)) {
        table_note_down(entry->table, entry->index, 1);
    }
    table_unlock(entry->table);
}

void table_leave_untold(table_entry_t *entry)
{
    table_unlock(entry->table);
}
