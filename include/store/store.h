/* The store: the SQL database behind apr_dbd, and the only room that knows SQL or a dialect.
 *
 * A store handle is one connection: one owner, one thread. The keeper alone opens one for writing;
 * pages open one for reading, for the length of a request. Every call blocks on the database: an
 * SQLite file that somebody else has locked holds a call up for 1.6 s before it fails.
 *
 * What calls answer:
 *   APR_NOTFOUND  there is no such thing; the handle is as good as before.
 *   APR_EINVAL    the content or the filter is refused before anything was sent: it will be refused
 *                 again, and the handle and its transaction are as good as before.
 *   APR_EEXIST    store_append alone: this id, or this sequence of this node, was used before.
 *   anything else the database failed, and content is never the cause: try again later.
 * After APR_EEXIST and "anything else" the transaction is lost and the handle answers errors only:
 * close it and open a new one. store_error tells what the database said, without secrets and
 * without content. A COMMIT that failed may have happened all the same if the connection broke:
 * read chain and positions anew.
 *
 * Never open one in httpd's parent, nor keep one over a fork. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "trail/event.h"

typedef struct store_t store_t;

typedef struct store_config_t {
    const char *driver; /* sqlite3 or pgsql */
    const char *params; /* file name, or libpq's connection words */
} store_config_t;

typedef enum store_mode_t {
    STORE_READ, /* fails with APR_ENOENT if there is no database yet */
    STORE_WRITE /* makes and migrates the schema */
} store_mode_t;

/* Loads the driver, once per process: before threads start and before any fork whose children open
 * stores, since apr_dbd fills tables that live as long as the process. Opens nothing. Without it
 * the first store_open does the same, which is right where there is one thread. */
apr_status_t store_initialize(apr_pool_t *pool, const char *driver, const char **problem);

/* *problem (may be NULL) is a sentence for the administrator if it fails. Blocks up to 2 s
 * (writing: 1 s, and what the driver itself waits for one statement) while another process keeps it
 * out of an SQLite file. */
apr_status_t store_open(store_t **store, apr_pool_t *pool, const store_config_t *config,
                        store_mode_t mode, const char **problem);
void store_close(store_t *store);
const char *store_error(const store_t *store);
/* After a transaction was rolled back: 1 if the database's server was gone by then, so that the
 * failure says nothing about what the transaction held. */
int store_lost(const store_t *store);

apr_status_t store_begin(store_t *store);
/* On any failure the transaction is rolled back and nothing of it stands. */
apr_status_t store_commit(store_t *store);
void store_rollback(store_t *store);

/* ---- the keeper's side: within a transaction ---- */

/* Where the chain goes on: the last id in the store, whosever event it is, and the last sequence
 * and hash of this node (0, 0, CHAIN_GENESIS before its first event). Known even when these events
 * were purged. Where several nodes share the store ask in each transaction: another node may have
 * used the next id; store_begin makes writers take turns, so that within the transaction the
 * answer holds and ids grow in the order of the commits. Outside of a transaction it is what was
 * true a moment ago. */
apr_status_t store_chain_tip(store_t *store, const char *node, apr_int64_t *id,
                             apr_int64_t *sequence, const char **hash, apr_pool_t *pool);

/* Inserts a chained event (ID, NODE, SEQUENCE, TIME, hashes set) and brings the session it belongs
 * to up to date: the first event of a session makes its row; login, session_identified and
 * user_changed name it, and its earlier events that had no user; logout, session_expired,
 * session_revoked, session_limited end it, reason and note taken from the members "reason" and
 * "note" of VALUES; session_lifted opens a revoked one. A login_failed, or an outcome other than
 * success, changes no session. */
apr_status_t store_append(store_t *store, const event_t *event);
/* Sends what store_append has gathered: for whoever must know, before committing, whether the
 * database takes these events. Fails as store_append does. */
apr_status_t store_append_all(store_t *store);

/* data: event_encode's. An intent that is there already stays as it is. */
apr_status_t store_pending_put(store_t *store, const char *node, const char *incarnation,
                               apr_uint64_t number, const char *data, apr_size_t length);
/* Removes and gives an intent; APR_NOTFOUND. */
apr_status_t store_pending_take(store_t *store, const char *node, const char *incarnation,
                                apr_uint64_t number, event_t **event, apr_pool_t *pool);
/* Removes and gives the oldest intents of an incarnation, at most `limit`, lowest number first. */
apr_status_t store_pending_take_all(store_t *store, const char *node, const char *incarnation,
                                    int limit, apr_array_header_t **events, apr_pool_t *pool);

typedef struct store_position_t {
    const char *segment, *incarnation;
    apr_int64_t offset;
} store_position_t;
apr_status_t store_positions(store_t *store, const char *node, apr_array_header_t **positions,
                             apr_pool_t *pool);
apr_status_t store_position_set(store_t *store, const char *node, const store_position_t *position);
apr_status_t store_position_delete(store_t *store, const char *node, const char *segment);

/* Last action as the session table knows it, and where it came from; never moves back. What is NULL
 * stays as it is, "" is nothing known. An unknown session is passed over. */
apr_status_t store_session_touch(store_t *store, const char *reference, apr_time_t last_action,
                                 const char *address, const char *country, const char *city);
/* Adds a word (letters and underscores) to what was odd about a session, once; an unknown session
 * is passed over. Within a transaction. */
apr_status_t store_session_risk(store_t *store, const char *reference, const char *word);
/* Whether a session has a row that says whose it is. */
apr_status_t store_session_named(store_t *store, const char *reference, int *named);

/* ---- what machines that share the store tell each other ---- */

/* 1 if other machines may use the same store. */
int store_is_shared(const store_t *store);

/* Words numbered higher than `after`, at most `limit`, in the order of their numbers. A later word
 * under the same key replaces the one before and has a higher number. */
typedef void (*store_shared_visit_t)(void *payload, apr_int64_t number, const char *node,
                                     const char *line);
apr_status_t store_shared_read(store_t *store, apr_int64_t after, int limit,
                               store_shared_visit_t visit, void *payload, apr_pool_t *pool);
/* Within a transaction. Nobody needs the word after `until`. */
apr_status_t store_shared_put(store_t *store, const char *key, const char *node, apr_time_t until,
                              const char *line);
apr_status_t store_shared_purge(store_t *store, apr_time_t now);

/* Forgets sessions that ended before, and that no event belongs to any more, at most `limit`. Looks
 * at some thousand and goes on from there the next time. */
apr_status_t store_purge_sessions(store_t *store, apr_time_t before, int limit, int *purged);

/* A small named text (schema version, site key's name, settings). APR_NOTFOUND. Setting needs a
 * transaction. */
apr_status_t store_meta_get(store_t *store, const char *name, const char **value, apr_pool_t *pool);
apr_status_t store_meta_set(store_t *store, const char *name, const char *value);

/* ---- the pages' side ---- */

#define STORE_MAX_OPERATIONS 40

#define STORE_MAX_TEXT 100
/* What only a row tells is looked for in rows: free text, an IPv6 network narrower than /64. A call
 * stops before it has looked at more than so many behind the latest some thousand. */
#define STORE_MAX_ROWS 12288

/* Everything NULL or 0 means no restriction. Strings are compared, never built into SQL. A record
 * is found among the first 1,000 ids of an event, beyond them only while the event is among the
 * latest. */
typedef struct event_filter_t {
    apr_time_t from, to; /* from inclusive, to exclusive */
    const char *user;    /* a uid (digits) or a login */
    const char *session;
    const char *model;
    const char *record_model;
    apr_int64_t record_id;                            /* 0: none */
    const char *operations[STORE_MAX_OPERATIONS + 1]; /* NULL-terminated */
    const char *outcome;
    const char *ip; /* an address or CIDR; APR_EINVAL if it is neither */
    const char *site;
    const char *country, *city; /* as in the event's columns */
    const char *channel;
    const char *flag; /* one of the words of FLAGS */
    /* Somewhere in login, name, model, method, fields, values, error or path, whatever the case.
     * Needs from and to: APR_EINVAL without. At most STORE_MAX_TEXT bytes. */
    const char *text;
    /* What the visitor may see at all: set from the visitor's rights, never from the query. */
    int own_only; /* then nothing is found unless own_site and own_uid are known */
    const char *own_site, *own_database;
    apr_int64_t own_uid;
} event_filter_t;

/* 1 if it is an address or a network as event_filter_t.ip takes it. Pure. */
int store_is_network(const char *text);

#define STORE_MAX_RUNNING 500  /* intents given by one call */
#define STORE_MAX_SESSIONS 500 /* sessions given by one call */

/* Calls visit for each event, newest first, with id below `before` (0: from the newest), at most
 * `limit`. The event is valid during the call; a non-zero answer stops. UID, LOGIN and USER that
 * were empty when hashed are filled with what was learned later (chain_intact knows); every other
 * cell is byte for byte what was appended. Memory does not grow with the number of rows over
 * several calls: use a pool per call. */
typedef int (*store_event_visit_t)(void *payload, const event_t *event);
apr_status_t store_events(store_t *store, const event_filter_t *filter, apr_int64_t before,
                          int limit, store_event_visit_t visit, void *payload, apr_pool_t *pool);
/* The same, oldest first, with id above `after`: for exports and verification. */
apr_status_t store_events_after(store_t *store, const event_filter_t *filter, apr_int64_t after,
                                int limit, store_event_visit_t visit, void *payload,
                                apr_pool_t *pool);
/* After a call that stopped at STORE_MAX_ROWS: the id to go on from, as `before` or `after`
 * (store_count: like store_events, the count is of what was looked at). 0: everything was looked
 * at. */
apr_int64_t store_horizon(const store_t *store);
/* Exact up to `most`, then `most`. */
apr_status_t store_count(store_t *store, const event_filter_t *filter, apr_int64_t most,
                         apr_int64_t *count, apr_pool_t *pool);

/* Intents whose outcome is not known yet, newest first. */
apr_status_t store_running(store_t *store, const event_filter_t *filter, int limit,
                           store_event_visit_t visit, void *payload, apr_pool_t *pool);

typedef struct session_row_t {
    const char *reference, *site, *database, *login, *name, *address, *user_agent, *state, *reason;
    const char *note;  /* what a person said who ended it, or NULL */
    const char *risks; /* words parted by a blank, see store_session_risk; or NULL */
    /* What user agent, client hints and address were taken for, as in the event's columns: of the
     * login, and of the last action the address with country and city. NULL: not known. */
    const char *browser, *os, *device, *country, *city;
    apr_int64_t uid; /* 0: nameless */
    apr_time_t started, last_action, ended;
} session_row_t;

typedef struct session_filter_t {
    const char *state; /* open, ended, NULL for all */
    const char *user, *site, *reference;
    const char *risk;        /* a word of store_session_risk */
    apr_time_t active_since; /* 0: whenever */
    int own_only;
    const char *own_site, *own_database;
    apr_int64_t own_uid;
} session_filter_t;

typedef int (*store_session_visit_t)(void *payload, const session_row_t *session);
/* Most recent action first, skipping `offset`. */
apr_status_t store_sessions(store_t *store, const session_filter_t *filter, int offset, int limit,
                            store_session_visit_t visit, void *payload, apr_pool_t *pool);
/* How many of the sessions have exactly these risks, for each set of them that there is; `risks` as
 * in session_row_t, valid during the call. */
typedef void (*store_risk_visit_t)(void *payload, const char *risks, apr_int64_t sessions);
apr_status_t store_session_risks(store_t *store, const session_filter_t *filter,
                                 store_risk_visit_t visit, void *payload, apr_pool_t *pool);

#endif
