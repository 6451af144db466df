/* The session table: fixed slots in shared memory, the same for every child of every generation,
 * the parent and the keeper. Indices instead of pointers, one robust process-shared mutex inside
 * the segment, a dirty word so that the death of a lock's owner is noticed and repaired.
 *
 * Any process and thread may call anything here. Critical sections are short and make no system
 * call of their own; an uncontended lock makes none either. Cost does not depend on how many
 * sessions there are, where a comment does not say so. Callers get copies, never pointers into the
 * table. What returns apr_status_t may also return the error of a lock that cannot be had, which
 * only a segment overwritten from outside brings about. */
#ifndef SESSION_TABLE_H
#define SESSION_TABLE_H

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_time.h>

#include "session/fingerprint.h"

#define SESSION_NAME_SIZE 64
#define SESSION_LOGIN_SIZE 80
#define SESSION_DATABASE_SIZE 64
#define SESSION_SITE_SIZE 48
#define SESSION_ADDRESS_SIZE 46
#define SESSION_TIMEZONE_SIZE 32

typedef enum session_state_t {
    SESSION_FREE = 0, /* no such session */
    SESSION_OPEN,
    SESSION_LOGGED_OUT, /* Odoo ended it; a request with that cookie is an anonymous one */
    SESSION_EXPIRED,    /* idle or over its lifetime: refused */
    SESSION_REVOKED     /* ended by a person or a limit: refused, never forgotten for room */
} session_state_t;

typedef enum session_reason_t {
    SESSION_REASON_NONE = 0,
    SESSION_REASON_IDLE,
    SESSION_REASON_LIFETIME,
    SESSION_REASON_LIMIT,   /* too many sessions of that user */
    SESSION_REASON_MANAGER, /* ended by a manager */
    SESSION_REASON_OWNER,   /* ended by the person it belongs to */
    SESSION_REASON_LOGOUT,
    SESSION_REASON_ODOO /* Odoo said it is over */
} session_reason_t;

/* What a slot stands for. */
typedef enum session_kind_t {
    SESSION_KIND_COOKIE = 0, /* a session of Odoo's */
    SESSION_KIND_USER,       /* calls of one user of one database without a cookie */
    SESSION_KIND_KEY,        /* calls with one API key */
    SESSION_KIND_MARK        /* none: `ended` is when everybody on the site was ended */
} session_kind_t;

const char *session_state_name(session_state_t state);    /* "open", "revoked", ... */
const char *session_reason_name(session_reason_t reason); /* "idle", "manager", ... */

/* A copy of one slot: at most 512 bytes. Strings are NUL-terminated, cut to fit. */
typedef struct session_t {
    fingerprint_t fingerprint;
    char reference[SESSION_REFERENCE_SIZE];
    char site[SESSION_SITE_SIZE];
    char database[SESSION_DATABASE_SIZE];
    char login[SESSION_LOGIN_SIZE];
    char name[SESSION_NAME_SIZE];
    char address[SESSION_ADDRESS_SIZE];
    char timezone[SESSION_TIMEZONE_SIZE];
    apr_byte_t end_untold; /* over a limit, and no event tells it yet, see below */
    apr_int32_t uid;       /* 0: nameless */
    apr_byte_t state, reason;
    apr_byte_t provisional;      /* the login is what a form said, Odoo has not confirmed it */
    apr_byte_t manager;          /* Odoo's is_system at rights_checked */
    apr_byte_t succeeded;        /* a login went through with this cookie in its request */
    apr_byte_t refused;          /* at least once, and told */
    apr_byte_t kind;             /* session_kind_t */
    apr_byte_t elsewhere;        /* it was last seen or ended on another machine */
    apr_uint32_t personal_calls; /* successful ones since the slot was made, saturating */
    apr_uint32_t refusals;       /* after the first, not yet taken, saturating */
    apr_uint32_t odoo_asked;     /* wall clock, seconds: Odoo was asked to end it, see below */
    apr_time_t started;          /* wall clock: login, or first seen */
    apr_time_t last_action;      /* wall clock: the last action of a person */
    apr_time_t last_seen;        /* wall clock: any request */
    apr_time_t last_action_boot; /* CLOCK_BOOTTIME, for idle time */
    apr_time_t started_boot;
    apr_time_t rights_checked; /* wall clock */
    apr_time_t ended;          /* wall clock: when it left the state open; 0 while open */
} session_t;

typedef struct session_limits_t {
    apr_interval_time_t idle;     /* 0: no limit */
    apr_interval_time_t lifetime; /* 0: no limit */
    apr_time_t not_before;        /* wall clock: what began earlier is revoked; 0: no limit */
} session_limits_t;

/* The segment itself: the pointer stays good while the pool lives, whatever happens to the code. */
typedef struct session_table_t session_table_t;

#define SESSION_TABLE_MAX_SLOTS 16777216u

/* Allocates the segment (anonymous shared memory, in a pool that outlives restarts) for up to
 * `slots` sessions. Memory is taken page by page as sessions come. APR_EINVAL for 0 or more than
 * SESSION_TABLE_MAX_SLOTS, APR_ENOMEM if it cannot be had. */
apr_status_t session_table_create(session_table_t **table, apr_pool_t *pool, apr_uint32_t slots);
apr_uint32_t session_table_slots(const session_table_t *table);

/* Whether a table that was kept over a restart can be used by this code, which may have been
 * replaced meanwhile. APR_EMISMATCH: it has another layout; make a new one, load it from disk and
 * mark this one superseded. Nothing else may be called with it then. */
apr_status_t session_table_check(const session_table_t *table);

/* Tells the children that still use the table that it no longer counts. These words keep their
 * place in every layout. Atomic. */
void session_table_supersede(session_table_t *table);
int session_table_superseded(const session_table_t *table);

/* The gate's one look-up: finds the session, applies the limits at `now_boot`, and, if it is open
 * and `personal`, notes the action. *session is a copy as it stands afterwards, state FREE if there
 * is no such session. *newly_ended is 1 for the one caller that saw it expire and is to tell it. */
apr_status_t session_table_gate(session_table_t *table, const fingerprint_t *fingerprint,
                                const session_limits_t *limits, int personal, apr_time_t now,
                                apr_time_t now_boot, session_t *session, int *newly_ended);

/* The same look at the limits without noting a request: for the keeper's cleanup. APR_NOTFOUND. */
apr_status_t session_table_expire(session_table_t *table, const fingerprint_t *fingerprint,
                                  const session_limits_t *limits, apr_time_t now,
                                  apr_time_t now_boot, session_t *session, int *newly_ended);

/* Limits hold for sessions of SESSION_KIND_COOKIE alone: nobody is there to log a program in again.
 * The idle time of a session last seen on another machine counts only while the machines tell each
 * other: session_table_set_synced was called less than SESSION_SYNC_FRESH ago. */
#define SESSION_SYNC_FRESH apr_time_from_sec(10)
void session_table_set_synced(session_table_t *table, apr_time_t now_boot); /* atomic */

/* While the machines tell each other, several may find the same session over its limits. Each
 * refuses it from then on, but *newly_ended is 0 for all: the end stays untold until this machine's
 * keeper, whose turn it is to write into the shared store, takes it here (1; *session is a copy
 * afterwards), or session_table_restore brings the same end from a machine whose turn came first.
 * If they stop telling each other for SESSION_SYNC_PATIENCE each tells by itself. */
#define SESSION_SYNC_PATIENCE apr_time_from_sec(60)
int session_table_is_synced(const session_table_t *table, apr_time_t now_boot);
int session_table_take_untold(session_table_t *table, const fingerprint_t *fingerprint,
                              session_t *session);

/* A copy; APR_NOTFOUND. */
apr_status_t session_table_find(session_table_t *table, const fingerprint_t *fingerprint,
                                session_t *session);
apr_status_t session_table_find_reference(session_table_t *table, const char *reference,
                                          session_t *session); /* linear; for pages */

/* Makes the slot (or takes the present one) for a session that Odoo's answer proved authenticated.
 * `proto` gives fingerprint, reference, site, address, started, last_action and their boot times;
 * an open slot takes only the address. A slot that is REVOKED or EXPIRED stays so and APR_EACCES
 * is returned; a LOGGED_OUT one opens again, nameless. *created is 1 if it was not open before.
 *
 * When the table is full a slot is given up, copied to *evicted (state FREE if none), and that in
 * this order: a refusal older than REVOCATION_KEPT, the session logged out longest ago, the open
 * one seen least recently. A younger refusal is never given up, else a later answer of Odoo would
 * admit that session as new: APR_ENOSPC if nothing else is left. */
apr_status_t session_table_admit(session_table_t *table, const session_t *proto, int *created,
                                 session_t *evicted);

/* After APR_ENOSPC: 1 for the first who is to tell it, until a session finds a slot again. Atomic.
 */
int session_table_tell_full(session_table_t *table);

/* Sets who the session is (uid, login, name, database, timezone, manager, provisional,
 * rights_checked of *identity). *changed: 0 nothing new, 1 named for the first time or confirmed,
 * 2 another user than before. A provisional name never replaces a confirmed one; empty texts and a
 * rights_checked of 0 leave what is known of the same user. APR_NOTFOUND. */
apr_status_t session_table_identify(session_table_t *table, const fingerprint_t *fingerprint,
                                    const session_t *identity, int *changed);

/* 1 if the caller is to ask Odoo who the session is: it has no uid, and nobody took the question in
 * the last `gap`. Notes that it was taken (in rights_checked), whatever becomes of it. */
int session_table_take_question(session_table_t *table, const fingerprint_t *fingerprint,
                                apr_time_t now, apr_interval_time_t gap);

/* Counts a successful personal call; returns the count after it, 0 if there is no such session.
 * rest: fingerprint_rest of the id that it has now. */
apr_uint32_t session_table_count_call(session_table_t *table, const fingerprint_t *fingerprint,
                                      const char *rest);
/* 0 if the session is known to have another rest: an id that was renewed long ago or is made up, of
 * which Odoo knows nothing. What it answers says nothing about the session then. */
int session_table_is_current(session_table_t *table, const fingerprint_t *fingerprint,
                             const char *rest);

/* Ends a session: state and reason. Only an open one can be logged out or expire; REVOKED replaces
 * every other state; ending a REVOKED one again changes nothing. *ended is the copy before, so that
 * the caller can tell who it was, and by its state whether this call ended it. APR_EINVAL for a
 * state that is no end. APR_NOTFOUND if there is no slot; for REVOKED a slot is made then (as *hint
 * describes it, which may be NULL; *ended has state FREE), because a revocation must hold for
 * cookies not yet seen here. Room is made as in session_table_admit and, at last, by the oldest
 * EXPIRED session; APR_ENOSPC if every slot holds a younger revocation. */
apr_status_t session_table_end(session_table_t *table, const fingerprint_t *fingerprint,
                               session_state_t state, session_reason_t reason,
                               const session_t *hint, session_t *ended);

/* A login went through whose request carried this session's cookie: from now on the browser has
 * another cookie, which an answer to the old one must not clear. APR_NOTFOUND. */
apr_status_t session_table_set_successor(session_table_t *table, const fingerprint_t *fingerprint);

/* Counts a refusal. Returns 1 for the first one of this session, which is to be told by itself;
 * later 1 more than the number counted since they were last taken; 0 if there is no such session.
 */
apr_uint32_t session_table_refuse(session_table_t *table, const fingerprint_t *fingerprint);
/* How many refusals came after the first since this was last called (session_t.refusals tells
 * beforehand whether there are any). */
apr_uint32_t session_table_take_refusals(session_table_t *table, const fingerprint_t *fingerprint);

/* Calls visit with a copy of each slot in use, without holding the lock during the call; a session
 * that comes or goes meanwhile may be missed. A non-zero answer of visit stops. Linear, in many
 * short critical sections. */
typedef int (*session_visit_t)(void *payload, const session_t *session);
void session_table_each(session_table_t *table, session_visit_t visit, void *payload);

/* Puts a session as read from a file or the store, or merges it with the present slot: the stronger
 * state (open < logged_out < expired < revoked; an end from before it began anew counts for
 * nothing), the later action, the later word about whose it is. A
 * full table gives up slots as session_table_end does for a refusal; for other sessions only one
 * that is less recent, else APR_ENOSPC. APR_EINVAL if *session has no valid state. */
apr_status_t session_table_restore(session_table_t *table, const session_t *session);

/* Frees the slots of sessions that ended, or if open were last seen, before that moment; returns
 * how many. The keeper calls it with now - REVOCATION_KEPT. Linear in what it frees, in short
 * critical sections. */
apr_uint32_t session_table_forget(session_table_t *table, apr_time_t before);

/* The same for the open sessions of one user alone: of the same site, database and uid, or that a
 * login form named so and Odoo has not confirmed yet. Any kind. Looks at 8 bytes of each other
 * session: some milliseconds for a million. */
void session_table_each_of_user(session_table_t *table, const session_t *user,
                                session_visit_t visit, void *payload);

/* The same, at the same cost, for those of any state that changed on this machine since that moment
 * of CLOCK_BOOTTIME, to the second. What is only counted (refusals) is no change. */
void session_table_each_changed(session_table_t *table, apr_time_t since, session_visit_t visit,
                                void *payload);

/* The same for about so many slots from `place` on, 0 for the first. Returns the place to go on
 * from, 0 after the last. */
apr_uint32_t session_table_each_piece(session_table_t *table, apr_uint32_t place,
                                      apr_uint32_t slots, session_visit_t visit, void *payload);

/* Everybody on a site is ended: mark->fingerprint is fingerprint_of_site, mark->ended the moment.
 * Constant time; a mark only moves forward. APR_ENOSPC as session_table_end. */
apr_status_t session_table_mark(session_table_t *table, const session_t *mark);
/* That moment, 0 if there is none. Takes no lock where no site has a mark. */
apr_time_t session_table_marked(session_table_t *table, const fingerprint_t *mark);

/* The latest moment at which any session here began or everybody was ended. It lies ahead of the
 * clock where that was set back: whoever ends everybody does so after it. Atomic. */
apr_time_t session_table_latest(const session_table_t *table);

/* A revoked session of a program may be used again; it begins anew at that moment, and an end from
 * before does not count any more, wherever it is read. APR_NOTFOUND; APR_EINVAL if it is not a
 * revoked one of SESSION_KIND_USER or SESSION_KIND_KEY. *lifted is the copy afterwards. */
apr_status_t session_table_lift(session_table_t *table, const fingerprint_t *fingerprint,
                                apr_time_t now, session_t *lifted);

/* Whoever ends a session inside Odoo as well must be one at a time. 1: the caller shall ask Odoo
 * now. 0: it was asked less than `gap` ago, or has answered, or the session is not refused. */
int session_table_claim_odoo_end(session_table_t *table, const fingerprint_t *fingerprint,
                                 apr_time_t now, apr_interval_time_t gap);
void session_table_odoo_ended(session_table_t *table, const fingerprint_t *fingerprint);

/* How many sessions are in a state. */
apr_uint32_t session_table_count(session_table_t *table, session_state_t state);

/* Grows by one whenever a session is revoked or expires: a child's thread compares it to know that
 * tunnels may have to be cut. One atomic load. */
apr_uint32_t session_table_generation(const session_table_t *table);

/* ---- words beside the slots ---- */

/* The monitor hook's only act: cleanup is due since then (kept until taken). Atomic. */
void session_table_set_cleanup_due(session_table_t *table, apr_time_t since);
apr_time_t session_table_take_cleanup_due(session_table_t *table); /* 0: not due */

/* Proves that each slot is free, or in exactly one bucket and in the list of its state, and repairs
 * nothing but what the death of the lock's owner left. APR_EGENERAL and a sentence if the table is
 * damaged. Linear, and holds the lock meanwhile: for tests and start-up. */
apr_status_t session_table_validate(session_table_t *table, const char **problem);

/* How often a process died within the lock and the table was rebuilt from its slots. Atomic. */
apr_uint32_t session_table_repairs(const session_table_t *table);

/* CLOCK_BOOTTIME in microseconds; no system call (vDSO). */
apr_time_t boot_time_now(void);

#endif
