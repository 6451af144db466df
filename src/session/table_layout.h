/* How the session table lies in its segment, and the operations on it that need the lock. For the
 * session room and its tests only.
 *
 * The segment: session_table_t, the buckets, a note per slot, the slots. A bucket and a link hold
 * the number of a slot, counted from 1; 0 is none.
 *
 * A slot may be abandoned by a dying process between any two instructions. Therefore its state is
 * written last when it is made and first when it is given up, its texts are always terminated, and
 * everything else (chains, lists, counts) can be built anew from the slots alone. */
#ifndef SESSION_TABLE_LAYOUT_H
#define SESSION_TABLE_LAYOUT_H

#include <pthread.h>
#include <stdatomic.h>

#include "session/table.h"

#define TABLE_MAGIC APR_UINT64_C(0x3153534553415541)
#define TABLE_LAYOUT 6u /* counts up with every change of a struct below or of session_t */
#define TABLE_ALIGNMENT 64u
#define TABLE_STATES (SESSION_REVOKED + 1)

typedef struct table_slot_t {
    session_t session;
    apr_uint32_t next;         /* in its bucket's chain, or in the list of free slots */
    apr_uint32_t older, newer; /* in the list of its state */
    apr_uint32_t rest;         /* a hash of fingerprint_rest of its id; 0: none, or not known */
} table_slot_t;

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
               "atomics in shared memory must be lock-free");

/* What is looked for in all slots, apart from them, so that a look at a million takes
 * milliseconds. */
typedef struct table_note_t {
    apr_uint32_t changed; /* boot clock, seconds: last changed here; 0: not since it was restored */
    apr_uint32_t user;    /* table_user_of; 0 in a free slot */
} table_note_t;

/* Buckets are a power of two, so up to two of them to a slot. */
_Static_assert(sizeof(table_slot_t) + sizeof(table_note_t) + 2 * sizeof(apr_uint32_t) <= 512,
               "a session takes at most 512 bytes in all");

typedef struct table_list_t {
    apr_uint32_t oldest, newest, count;
} table_list_t;

struct session_table_t {
    /* These three keep their place in every layout. */
    apr_uint64_t magic;
    apr_uint32_t layout;
    _Atomic apr_uint32_t superseded;

    apr_uint32_t slots;
    apr_uint32_t buckets; /* a power of two, not less than slots */
    unsigned char hash_key[16];

    _Atomic apr_uint32_t generation;
    _Atomic apr_uint32_t repairs;
    _Atomic apr_int64_t cleanup_due;
    _Atomic apr_int64_t synced_at; /* boot clock */
    _Atomic apr_uint32_t marks;    /* 0: no slot was ever a mark */
    _Atomic apr_int64_t latest;    /* session_table_latest */
    _Atomic apr_uint32_t full;     /* somebody found no slot since the last one found one */

    pthread_mutex_t lock;
    _Atomic apr_uint32_t dirty; /* the lock's owner is changing something below */
    apr_uint32_t used;          /* slots beyond this one were never in use */
    apr_uint32_t free;
    apr_uint32_t unsorted;            /* restored sessions stand out of the order of age */
    table_list_t lists[TABLE_STATES]; /* by state; the one of SESSION_FREE stays empty */
};

/* The lock is held and the session looked for: what every operation on one session begins with. */
typedef struct table_entry_t {
    session_table_t *table;
    apr_uint32_t *bucket;
    apr_uint32_t index; /* 0 if there is no such session */
    session_t *session; /* NULL then */
} table_entry_t;

/* Bytes of a segment, or 0 if the number of slots is out of bounds. */
apr_uint64_t table_size(apr_uint32_t slots);

table_slot_t *table_slot(session_table_t *table, apr_uint32_t index);
apr_uint32_t *table_buckets(session_table_t *table);
table_note_t *table_note(session_table_t *table, apr_uint32_t index);
apr_uint32_t *table_bucket(session_table_t *table, const fingerprint_t *fingerprint);

apr_uint32_t table_bucket_count(apr_uint32_t slots);

/* Repairs first what a dead owner left. */
apr_status_t table_lock(session_table_t *table);
/* To be called within the lock before the first change. */
void table_begin_change(session_table_t *table);
void table_unlock(session_table_t *table);

/* Takes the lock; table_leave gives it back. */
apr_status_t table_enter(table_entry_t *entry, session_table_t *table,
                         const fingerprint_t *fingerprint);
/* The same to change a present session; APR_NOTFOUND, without the lock, if there is none. */
apr_status_t table_enter_change(table_entry_t *entry, session_table_t *table,
                                const fingerprint_t *fingerprint);
/* Notes down a present session that was being changed. */
void table_leave(table_entry_t *entry);
/* After a change that other machines need not hear of. */
void table_leave_untold(table_entry_t *entry);

/* ---- within the lock ---- */

apr_uint32_t table_find(session_table_t *table, const apr_uint32_t *bucket,
                        const fingerprint_t *fingerprint);

/* What the note tells of the user: the uid, else a hash of the login; 0 for a nameless session. */
apr_uint32_t table_user_of(const session_table_t *table, const session_t *session);

/* Notes whose session this is, and that it changed here just now if `changed`. */
void table_note_down(session_table_t *table, apr_uint32_t index, int changed);

int table_is_full(const session_table_t *table);

/* Which slot goes from a full table to make room for a newcomer of that state, as
 * session_table_admit and session_table_end promise; 0 if all hold what must not be forgotten. The
 * choice is as good as the lists' order: see table_sort. */
apr_uint32_t table_find_victim(session_table_t *table, session_state_t newcomer, apr_time_t now);

/* Puts *session, whose fingerprint must not be there yet, into a slot with this state. Gives up
 * another slot if need be, copied to *evicted. Returns 0 if none may go. */
apr_uint32_t table_insert(session_table_t *table, apr_uint32_t *bucket, const session_t *session,
                          session_state_t state, apr_time_t now, session_t *evicted);

/* Overwrites a slot in use with *session, its links kept, and its state. */
void table_replace(session_table_t *table, apr_uint32_t index, const session_t *session,
                   session_state_t state);

/* Ends a present session, whatever its state was. */
void table_end_session(table_entry_t *entry, session_state_t state, session_reason_t reason,
                       apr_time_t now);

/* A program's session is open from that moment on, with nothing but its name kept. */
void table_begin_anew(table_entry_t *entry, apr_time_t now);

/* The slot is now the most recent of its state. */
void table_touch(session_table_t *table, apr_uint32_t index);

void table_free(session_table_t *table, apr_uint32_t index);

void table_list_append(session_table_t *table, apr_uint32_t index);

/* What orders the list of a state: last_seen of the open, the time of its end for any other. Each
 * slot enters its list as the newest, so that the order is as exact as the clocks of those who come
 * together; only sessions that are restored come far out of it, and set `unsorted`. */
apr_time_t table_age_key(const session_t *session);

/* Puts all lists in order. O(n log n), no memory. */
void table_sort(session_table_t *table);

/* Builds chains, lists and counts from the slots. */
void table_rebuild(session_table_t *table);

/* Keeps the compiler from moving stores over this point: a killed process has then done all of what
 * stands before and none of what stands behind. */
static inline void table_order_stores(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

int session_is_nameless(const session_t *session);

/* Writes uid, login, name, database, timezone, manager, provisional and rights_checked so that a
 * process that dies halfway leaves a nameless session, never one with mixed names: Odoo is asked
 * again for a nameless one. */
void session_set_identity(session_t *session, const session_t *identity);

/* Copies a text, cut to fit; never leaves the destination without its end. */
void session_copy_text(char *destination, apr_size_t size, const char *source);
/* Makes the last byte of every text a NUL. */
void session_end_texts(session_t *session);

#endif
