/* What goes over many slots, and what brings sessions back from disk or from another machine. */
#include <string.h>

#include "table_layout.h"

#define LOOK_SLOTS 1024u  /* looked at in one critical section */
#define LOOK_NOTES 16384u /* the same, where a look at the note may be enough */
#define COPY_SLOTS 16     /* copied in one */
#define FREE_SLOTS 256u   /* freed in one */

/* A session restored at most this much out of the order of age does no harm there. */
#define RESTORE_DISORDER apr_time_from_sec(60)

/* ---- looking at all ---- */

static apr_uint32_t last_looked_at(const session_table_t *table, apr_uint32_t first,
                                   apr_uint32_t count)
{
    return table->used - first >= count ? first + count - 1 : table->used;
}

/* Looks at the next slots from *next on, which is 0 when there are no more. */
static int find_reference_piece(session_table_t *table, const char *reference, session_t *session,
                                apr_uint32_t *next)
{
    apr_uint32_t index = *next;
    apr_uint32_t last;

    if (index > table->used) {
        *next = 0;
        return 0;
    }
    last = last_looked_at(table, index, LOOK_SLOTS);
    for (; index <= last; index++) {
        const session_t *candidate = &table_slot(table, index)->session;

        if (candidate->state != SESSION_FREE && !strcmp(candidate->reference, reference)) {
            *session = *candidate;
            return 1;
        }
    }
    *next = index;
    return 0;
}

apr_status_t session_table_find_reference(session_table_t *table, const char *reference,
                                          session_t *session)
{
    apr_uint32_t next = 1;

    if (!*reference) {
        return APR_NOTFOUND; /* a revocation by hand may have left a slot without one */
    }
    while (next) {
        apr_status_t rv = table_lock(table);
        int found;

        if (rv != APR_SUCCESS) {
            return rv;
        }
        found = find_reference_piece(table, reference, session, &next);
        table_unlock(table);
        if (found) {
            return APR_SUCCESS;
        }
    }
    return APR_NOTFOUND;
}

/* Which sessions are asked for. */
typedef struct choice_t {
    const session_t *user;   /* of this one alone, and open; NULL: of anybody */
    apr_uint32_t uid, login; /* as notes tell of that user */
    apr_uint32_t since;      /* changed here since then; 0: at any time, anywhere */
} choice_t;

static int is_of(const session_t *session, const session_t *user)
{
    if (session->state != SESSION_OPEN ||
        (session->uid ? session->uid != user->uid
                      : !session->provisional || !*user->login ||
                            strcmp(session->login, user->login) != 0)) {
        return 0;
    }
    return !strcmp(session->site, user->site) &&
           (!*session->database || !strcmp(session->database, user->database));
}

static int is_noted(const table_note_t *note, const choice_t *choice)
{
    return (!choice->user ||
            (note->user && (note->user == choice->uid || note->user == choice->login))) &&
           note->changed >= choice->since;
}

static int is_chosen(session_table_t *table, apr_uint32_t index, const choice_t *choice)
{
    const session_t *session;

    if (!is_noted(table_note(table, index), choice)) {
        return 0;
    }
    session = &table_slot(table, index)->session;
    return session->state != SESSION_FREE && (!choice->user || is_of(session, choice->user)) &&
           (!choice->since || !session->elsewhere);
}

static int copy_piece(session_table_t *table, const choice_t *choice, session_t copies[COPY_SLOTS],
                      apr_uint32_t *next)
{
    apr_uint32_t index = *next;
    apr_uint32_t last;
    int count = 0;

    if (index > table->used) {
        *next = 0;
        return 0;
    }
    last = last_looked_at(table, index, choice->user || choice->since ? LOOK_NOTES : LOOK_SLOTS);
    for (; index <= last && count < COPY_SLOTS; index++) {
        if (is_chosen(table, index, choice)) {
            copies[count++] = table_slot(table, index)->session;
        }
    }
    *next = index;
    return count;
}

/* From *next on, until the slot `until` is passed or there are no more: *next is 0 then. */
static void each_from(session_table_t *table, const choice_t *choice, apr_uint32_t *next,
                      apr_uint32_t until, session_visit_t visit, void *payload)
{
    session_t copies[COPY_SLOTS];

    while (*next && *next <= until) {
        int count;

        if (table_lock(table) != APR_SUCCESS) {
            return;
        }
        count = copy_piece(table, choice, copies, next);
        table_unlock(table);
        for (int number = 0; number < count; number++) {
            if (visit(payload, &copies[number])) {
                return;
            }
        }
    }
}

static void each(session_table_t *table, const choice_t *choice, session_visit_t visit,
                 void *payload)
{
    apr_uint32_t next = 1;

    each_from(table, choice, &next, SESSION_TABLE_MAX_SLOTS, visit, payload);
}

static const choice_t everything = {NULL, 0, 0, 0};

void session_table_each(session_table_t *table, session_visit_t visit, void *payload)
{
    each(table, &everything, visit, payload);
}

void session_table_each_of_user(session_table_t *table, const session_t *user,
                                session_visit_t visit, void *payload)
{
    session_t named = {.provisional = 1};
    choice_t choice = {.user = user, .uid = (apr_uint32_t)user->uid};

    session_copy_text(named.login, sizeof(named.login), user->login);
    choice.login = table_user_of(table, &named);
    each(table, &choice, visit, payload);
}

void session_table_each_changed(session_table_t *table, apr_time_t since, session_visit_t visit,
                                void *payload)
{
    apr_time_t second = apr_time_sec(since);
    choice_t choice = {.since = second > 0 ? (apr_uint32_t)second : 1};

    each(table, &choice, visit, payload);
}

apr_uint32_t session_table_each_piece(session_table_t *table, apr_uint32_t place,
                                      apr_uint32_t slots, session_visit_t visit, void *payload)
{
    apr_uint32_t next = place ? place : 1;

    each_from(table, &everything, &next, next + slots - 1, visit, payload);
    return next;
}

/* ---- forgetting ---- */

static apr_uint32_t forget_piece(session_table_t *table, apr_time_t before)
{
    apr_uint32_t freed = 0;

    if (table->unsorted) {
        table_sort(table);
    }
    for (int state = SESSION_OPEN; state < TABLE_STATES; state++) {
        apr_uint32_t index = table->lists[state].oldest;

        while (index && freed < FREE_SLOTS &&
               table_age_key(&table_slot(table, index)->session) < before) {
            table_free(table, index);
            freed++;
            index = table->lists[state].oldest;
        }
    }
    return freed;
}

apr_uint32_t session_table_forget(session_table_t *table, apr_time_t before)
{
    apr_uint32_t total = 0;
    apr_uint32_t freed;

    do {
        if (table_lock(table) != APR_SUCCESS) {
            break;
        }
        table_begin_change(table);
        freed = forget_piece(table, before);
        table_unlock(table);
        total += freed;
    } while (freed == FREE_SLOTS);
    return total;
}

/* ---- restoring ---- */

static int is_program(const session_t *session)
{
    return session->kind == SESSION_KIND_USER || session->kind == SESSION_KIND_KEY;
}

/* A program that was ended and allowed again, or a browser that logged in anew under the id that
 * it had logged out with. */
static int began_anew(const session_t *session, const session_t *since)
{
    return session->state == SESSION_OPEN &&
           (since->state == SESSION_LOGGED_OUT ||
            (since->state == SESSION_REVOKED && is_program(session))) &&
           session->started > since->ended;
}

/* The later word counts; a name is worth more than none. */
static void merge_identity(session_t *known, const session_t *told)
{
    if (!session_is_nameless(told) &&
        (session_is_nameless(known) || (known->provisional && !told->provisional) ||
         (!told->provisional && told->rights_checked > known->rights_checked))) {
        session_set_identity(known, told);
    }
}

static void merge_state(table_entry_t *entry, const session_t *told)
{
    session_t *known = entry->session;

    if (known->kind == SESSION_KIND_MARK) {
        if (told->ended > known->ended) {
            known->elsewhere = told->elsewhere;
            table_end_session(entry, SESSION_REVOKED, told->reason, told->ended);
        }
    }
    else if (began_anew(told, known)) {
        known->elsewhere = told->elsewhere;
        table_begin_anew(entry, told->started);
    }
    else if (told->state > known->state && !began_anew(known, told)) {
        known->elsewhere = told->elsewhere;
        table_end_session(entry, told->state, told->reason, told->ended);
    }
    else if (known->state == SESSION_OPEN && told->last_seen > known->last_seen) {
        known->elsewhere = told->elsewhere;
        known->last_seen = told->last_seen;
        table_touch(entry->table, entry->index);
    }
}

static int is_refusal(const session_t *session)
{
    return session->state == SESSION_REVOKED || session->state == SESSION_EXPIRED;
}

static void merge(table_entry_t *entry, const session_t *told)
{
    session_t *known = entry->session;

    merge_identity(known, told);
    known->succeeded |= told->succeeded;
    known->refused |= told->refused;
    if (told->personal_calls > known->personal_calls) {
        known->personal_calls = told->personal_calls;
    }
    if (told->last_action > known->last_action) {
        known->last_action = told->last_action;
        known->last_action_boot = told->last_action_boot;
    }
    merge_state(entry, told);
    if (known->end_untold && is_refusal(told)) {
        known->end_untold = told->end_untold;
    }
}

/* Whether the slot that a full table would give up is worth less than this session. */
static int is_worth_a_slot(session_table_t *table, const session_t *session, apr_time_t now)
{
    apr_uint32_t victim;

    if (is_refusal(session) || !table_is_full(table)) {
        return 1;
    }
    victim = table_find_victim(table, session->state, now);
    return victim && table_age_key(&table_slot(table, victim)->session) < table_age_key(session);
}

static apr_status_t restore_new(table_entry_t *entry, const session_t *session)
{
    session_table_t *table = entry->table;
    apr_time_t now = apr_time_now();
    apr_uint32_t newest = table->lists[session->state].newest;
    session_t evicted;

    if (newest && table_age_key(&table_slot(table, newest)->session) >
                      table_age_key(session) + RESTORE_DISORDER) {
        table->unsorted = 1;
    }
    if (!is_worth_a_slot(table, session, now) ||
        !table_insert(table, entry->bucket, session, session->state, now, &evicted)) {
        return APR_ENOSPC;
    }
    if (is_refusal(session)) {
        atomic_fetch_add(&table->generation, 1);
    }
    return APR_SUCCESS;
}

apr_status_t session_table_restore(session_table_t *table, const session_t *session)
{
    session_t told = *session;
    table_entry_t entry;
    apr_status_t rv;

    if (told.state <= SESSION_FREE || told.state >= TABLE_STATES) {
        return APR_EINVAL;
    }
    session_end_texts(&told);
    if (told.state == SESSION_OPEN) {
        told.ended = 0;
    }
    else if (!told.ended) {
        told.ended = told.last_seen;
    }
    rv = table_enter(&entry, table, &told.fingerprint);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    table_begin_change(table);
    if (entry.session) {
        merge(&entry, &told);
    }
    else {
        rv = restore_new(&entry, &told);
    }
    table_leave(&entry);
    return rv;
}

apr_uint32_t session_table_count(session_table_t *table, session_state_t state)
{
    apr_uint32_t count = 0;

    if (state > SESSION_FREE && state < TABLE_STATES && table_lock(table) == APR_SUCCESS) {
        count = table->lists[state].count;
        table_unlock(table);
    }
    return count;
}
