/* The inside of keeper_t, for the files of this room. */
#ifndef KEEPER_KEEPER_STATE_H
#define KEEPER_KEEPER_STATE_H

#include <sys/types.h>

#include <apr_hash.h>

#include "client/place.h"
#include "client/user_agent.h"
#include "keeper/keeper.h"
#include "settings/settings_file.h"
#include "trail/chain.h"
#include "trail/checkpoint.h"

/* A segment of the journal on its way into the store. It is `ended` when nothing will be added to
 * it, `removed` when its file is gone; its position is deleted last, in a later transaction: else a
 * file that a power loss brings back would be read from the start. */
typedef struct keeper_segment_t {
    journal_segment_t file;
    apr_pool_t *pool;
    journal_reader_t *reader; /* NULL: not opened yet */
    apr_int64_t position;     /* behind the last record that was taken */
    apr_uint64_t ended_at;    /* number of the listing that was the last when it ended */
    unsigned ended : 1;
    unsigned removed : 1;
    unsigned settled : 1;  /* the intents that its owner left have been chained */
    unsigned moved : 1;    /* its position is to be stored */
    unsigned reported : 1; /* that it cannot be read has been told */
} keeper_segment_t;

/* What is taken out of the journal for one transaction. */
typedef struct keeper_item_t {
    keeper_segment_t *segment;
    int damaged; /* no record: what stood in front of `end` cannot be read */
    journal_kind_t kind;
    apr_uint64_t number;
    const char *payload;
    apr_size_t length;
    apr_int64_t start, end;
    event_t event; /* the payload's cells */
    int done;      /* an intent that met its outcome */
} keeper_item_t;

typedef struct keeper_batch_t {
    apr_pool_t *pool;
    keeper_item_t *items;
    int count;
    int full; /* more stands in the journal than was taken */
} keeper_batch_t;

typedef enum keeper_trouble_t {
    KEEPER_NO_TROUBLE,
    KEEPER_CANNOT_OPEN,
    KEEPER_CANNOT_WRITE
} keeper_trouble_t;

/* What is to be done next with the one record that the database refuses. */
typedef enum keeper_suspicion_t {
    KEEPER_NO_SUSPICION,
    KEEPER_PROBE,    /* try whether the database takes anything else of that length */
    KEEPER_LAST_TRY, /* it does: try the record once more */
    KEEPER_REPLACE   /* put a gap in its place */
} keeper_suspicion_t;

typedef struct alerts_t alerts_t;
typedef struct forward_t forward_t;

struct keeper_t {
    const keeper_config_t *config;
    apr_pool_t *pool;
    const char *node;
    const char *journal_folder, *sessions_file, *revoked_file, *settings_file;

    /* database.c */
    store_t *store; /* NULL: not connected */
    apr_pool_t *store_pool;
    keeper_trouble_t trouble;      /* told in the log, not over yet */
    apr_time_t trouble_since;      /* boot clock, as the next two */
    apr_time_t retry_at;           /* not before then */
    apr_interval_time_t retry_gap; /* 0: no failure since the last success */

    /* segment.c */
    apr_array_header_t *segments; /* keeper_segment_t *, by incarnation and ordinal */
    apr_hash_t *positions;        /* as the store has them at the time of connecting */
    apr_uint64_t listing;         /* number of the last listing; 0: none since connecting */
    apr_time_t listed_at, folder_time;
    int list_now, list_reported;
    unsigned turn; /* which segment is read first, so that a busy one does not starve the others */

    /* drain.c, settle.c */
    apr_pool_t *batch_pool;
    buffer_t scratch; /* of the chain */
    int limit;        /* records taken for one transaction */
    int refusals;     /* transactions in a row that the database refused for what they hold */
    keeper_suspicion_t suspicion;
    int tip_known;
    apr_int64_t tip_sequence; /* after our last commit */

    /* pace.c */
    int more; /* the last batch was full: another one is ready */
    int journal_waits;
    unsigned long long ran, waited;           /* nanoseconds, at the last look */
    apr_time_t caught_up_at, journal_seen_at; /* boot clock */

    /* enrich.c */
    user_agents_t *user_agents; /* NULL: no rules */
    struct client_t *clients;   /* met last */
    places_t *places;
    apr_pool_t *enrich_pool;

    alerts_t *alerts; /* alerts.c, outbox.c */

    /* own_event.c */
    journal_t *journal;
    int journal_reported;

    /* rules.c */
    apr_pool_t *settings_pool; /* NULL: not read yet */
    settings_book_t settings;
    apr_uint32_t settings_generation; /* that `settings` was read at, plus 1 */
    apr_status_t settings_reported;
    int settings_unwritten; /* told that another machine's cannot be kept */

    /* status.c */
    apr_time_t told_at; /* boot clock */

    /* sync.c */
    apr_pool_t *sync_pool;
    apr_int64_t heard;       /* number of the last word of others */
    apr_time_t told_to;      /* boot clock: later changes were not told yet */
    apr_uint32_t tell_place; /* what was there before is told from here on */
    int told_ends, told_all; /* of what was there before */
    apr_time_t heard_at, spoken_at, shared_purged_at; /* boot clock */
    apr_interval_time_t speech_gap;
    apr_uint32_t shared_generation;
    int other_key, revoked_reported;

    /* cleanup.c */
    apr_pool_t *cleanup_pool;
    apr_time_t refusals_at; /* boot clock, as the next ones */
    apr_time_t cleaned_at, touched_at, saved_at, compacted_at, synced_at; /* boot clock */
    apr_interval_time_t touch_gap;
    apr_time_t touched_to; /* wall clock: later actions are not in the store yet */

    /* purge.c */
    apr_pool_t *purge_pool;
    apr_time_t purged_at;    /* boot clock */
    int purging, shrinking;  /* under way, by age and by size */
    apr_int64_t *purge_from; /* where each class goes on */
    apr_int64_t room_from;
    apr_int64_t purged_sessions;
    int full_reported;

    /* checkpoint.c */
    const char *checkpoint_folder;
    int signs; /* there is a key */
    unsigned char signing_key[SIGNATURE_KEY_SIZE];
    checkpoint_t checkpoint; /* the last one; number 0: none */
    char checkpoint_digest[DIGEST_HEX_SIZE];
    int behind;               /* the store has not all that it attests */
    apr_time_t checkpoint_at; /* boot clock */
    int checkpoint_reported;

    /* forward.c */
    apr_array_header_t *forwards; /* forward_t * */
    apr_time_t forwarded_at;      /* boot clock */
    int forwarding;               /* the last step had something to hand on: there may be more */

    /* revoked.c */
    apr_time_t revoked_at; /* boot clock */
    ino_t revoked_inode;
    off_t revoked_size;

    int foreign_segments, snapshot_reported;
};

/* ---- log.c: what the process that runs the keeper gave it to speak and to listen with ---- */

void keeper_log(const keeper_t *keeper, keeper_level_t level, apr_status_t status,
                const char *format, ...) __attribute__((format(printf, 4, 5)));
int keeper_stopping(const keeper_t *keeper);

/* ---- database.c: after every failure the connection is given up, and all that is known of the
 * store with it ---- */

/* For keeper_connect alone. APR_SUCCESS with keeper->store open and its positions read, or why not;
 * while it backs off nothing is tried. */
apr_status_t database_open(keeper_t *keeper);
/* All that had to be learned from the store is known: tells that it is back. */
void database_opened(keeper_t *keeper);
void database_disconnect(keeper_t *keeper);
/* A transaction was committed. */
void database_worked(keeper_t *keeper);
/* The database fails whatever it is asked: told once, tried again later. Disconnects. */
void database_failed(keeper_t *keeper, apr_status_t status);
/* Begins a transaction; on failure tells, disconnects and returns why. */
apr_status_t database_begin(keeper_t *keeper);
/* Commits if status is APR_SUCCESS; on failure tells, disconnects and returns why. */
apr_status_t database_end(keeper_t *keeper, apr_status_t status);

/* ---- connect.c ---- */

/* Opens the store unless it is open, and learns from it how far checkpoints and forwarding have
 * come. On failure there is no connection; it was told, and is tried again later. */
apr_status_t keeper_connect(keeper_t *keeper);

/* ---- segment.c ---- */

/* Brings keeper->segments up to date with the folder if that may have changed. */
apr_status_t segments_list(keeper_t *keeper);
void segments_forget(keeper_t *keeper);
keeper_segment_t *segment_at(const keeper_t *keeper, int index);
/* One past the last segment of the incarnation that the one at `first` begins. */
int segments_run_end(const keeper_t *keeper, int first);
/* 1 if the owner of the segments first..end-1 is gone and all it wrote was taken. */
int segments_finished(const keeper_t *keeper, int first, int end);
/* 1 if the owner's intents are settled or taken over by a later segment. */
int segment_is_over(const keeper_t *keeper, int index);
/* 1 if there is something to store although no record was taken. */
int segments_need_transaction(const keeper_t *keeper);
/* After a commit: removes the files of segments that are over, and forgets those whose position
 * that transaction deleted. */
void segments_removed(keeper_t *keeper);

/* ---- pace.c: the share of the processors that the keeper takes ---- */

/* After each batch: for how many of the keeper's steps to rest. */
int pace_steps(keeper_t *keeper);

/* ---- batch.c ---- */

/* Takes at most keeper->limit records. */
void batch_read(keeper_t *keeper, keeper_batch_t *batch);

/* ---- settle.c ---- */

typedef enum settle_mode_t {
    SETTLE_EVENTS,
    SETTLE_GAP,  /* puts a gap in the place of the batch's one record */
    SETTLE_PROBE /* the same with as many bytes as the record has, and rolls back */
} settle_mode_t;

/* One transaction. APR_EEXIST: somebody else writes as this node. *refused: the failure came from
 * storing an event, so that the event may be the reason; 0 for the connection or the commit. */
apr_status_t settle(keeper_t *keeper, keeper_batch_t *batch, settle_mode_t mode, int *refused);

typedef struct settling_t settling_t;
typedef apr_status_t (*settle_work_t)(void *payload, settling_t *settling);
/* A transaction for something else than the journal: work may chain events in it. On failure tells,
 * disconnects and returns why. */
apr_status_t settle_own(keeper_t *keeper, settle_work_t work, void *payload);
store_t *settle_store(const settling_t *settling);
/* The last event so far. */
void settle_tip(const settling_t *settling, apr_int64_t *id, apr_int64_t *sequence,
                char hash[DIGEST_HEX_SIZE]);
apr_status_t settle_chain(settling_t *settling, event_t *event);

/* ---- purge.c ---- */

void purge_create(keeper_t *keeper);
/* One batch of each class. What is left (keeper->purging) is for the next call: the journal is
 * drained between. */
apr_status_t purge_step(keeper_t *keeper);
/* The same for UserAuditMaxStoreSize (keeper->shrinking). */
apr_status_t purge_size_step(keeper_t *keeper);
void purge_tell_sessions(keeper_t *keeper);

/* ---- checkpoint.c ---- */

void checkpoint_create(keeper_t *keeper);
/* After connecting: learns the last checkpoint, and whether the store is behind it. */
apr_status_t checkpoint_compare(keeper_t *keeper);
/* Makes one if an event came since the last. */
apr_status_t checkpoint_make(keeper_t *keeper);
void checkpoint_tick(keeper_t *keeper);

/* ---- forward.c ---- */

void forward_create(keeper_t *keeper);
/* After connecting, before the first event is stored: learns how far each target has come. A
 * database that fails may have been disconnected already. */
apr_status_t forward_connected(keeper_t *keeper);
/* One step for each target: never waits for a receiver, but for the disk that a file lies on. */
void forward_tick(keeper_t *keeper);
/* No event younger than the answer may be purged, though `before` would allow it: a target has not
 * had it yet. */
apr_time_t forward_limit(const keeper_t *keeper, apr_time_t before);

/* ---- revoked.c ---- */

/* Puts into the session table what others appended to StateDir/revoked. */
void revoked_tick(keeper_t *keeper);

/* ---- enrich.c: what is joined to an event and lies outside of its hash ---- */

/* Loads what the client room needs; tells what cannot be used, and goes on without it. */
void enrich_open(keeper_t *keeper);
/* Fills in browser, system, device, country and city unless the event has them. */
void enrich_event(keeper_t *keeper, event_t *event);
/* Country and city of an address as they stand in its events, "" where nothing is known. Valid
 * until the next call here. */
void enrich_address(keeper_t *keeper, const char *address, const char **country, const char **city);

/* ---- alerts.c: what events have somebody told ---- */

/* Within the transaction of a chained event that is about to be appended: judges it, and puts what
 * is to be sent into the outbox. *risks: what alerts_mark is to be given once the event is
 * appended. Both fail only as the database does. */
apr_status_t alerts_event(keeper_t *keeper, event_t *event, unsigned *risks);
/* Puts the risks into the row of the event's session. */
apr_status_t alerts_mark(keeper_t *keeper, const event_t *event, unsigned risks);

/* ---- outbox.c ---- */

#define OUTBOX_MAIL "mail"
#define OUTBOX_WEBHOOK "webhook"

/* Outside of a transaction: hands over to the senders what is due, and takes note of what became of
 * what they had. */
void outbox_tick(keeper_t *keeper);
/* More was to be told than the limits allow. */
void outbox_limited(keeper_t *keeper);
/* An address that no mail can be sent to, which is told once in an event. All are copied and cut.
 */
void outbox_unfit(keeper_t *keeper, const char *address, const char *about, const char *site);
/* Lets go of the senders; waits for them at most 300 ms. */
void outbox_stop(keeper_t *keeper);

/* ---- own_event.c: what the keeper itself does goes through the journal too ---- */

event_t *own_event(apr_pool_t *pool, const char *operation);
void own_event_append(keeper_t *keeper, const event_t *event);
void own_journal_sync(keeper_t *keeper);
void own_journal_close(keeper_t *keeper);

/* ---- rules.c ---- */

/* Reads what managers have set if that has changed. */
void rules_refresh(keeper_t *keeper);
/* What managers set for a site; NULL: nothing. Valid until the next refresh. */
const settings_t *rules_of_page(const keeper_t *keeper, const char *site);
/* When sessions of a site end; 0 if the site is none of this server's. */
int rules_limits(const keeper_t *keeper, const char *site, session_limits_t *limits);
/* How long events of a class are kept. */
apr_interval_time_t rules_age(const keeper_t *keeper, const keeper_retention_t *retention,
                              apr_pool_t *pool);

/* ---- status.c: what the board tells of the keeper ---- */

/* Of one transaction. */
typedef struct keeper_tally_t {
    int stored, unparsed, gaps;
} keeper_tally_t;

void status_begin(keeper_t *keeper);
void status_stored(keeper_t *keeper, const keeper_tally_t *tally);
void status_purged(keeper_t *keeper, const apr_array_header_t *nodes); /* of store_purged_t */
void status_database(keeper_t *keeper, keeper_trouble_t trouble, const char *problem);
/* After each look into the journal: how that went, and how many records were moved. */
void status_tick(keeper_t *keeper, apr_status_t drained, int moved);

/* ---- sync.c ---- */

/* Tells other machines, and hears from them, if it is time. */
void sync_tick(keeper_t *keeper);

/* ---- sync_settings.c ---- */

/* The same for what managers have set, within sync_tick's transaction. Clears keeper->sync_pool. */
apr_status_t sync_settings(keeper_t *keeper);

/* ---- cleanup.c ---- */

/* What is due by the clock. */
void cleanup_tick(keeper_t *keeper);
/* Tells in an event that a session is over a limit. Uses and clears keeper->cleanup_pool. */
void cleanup_tell_end(keeper_t *keeper, const session_t *session);
/* The last things: tells what was purged so far, and writes the snapshot. */
void cleanup_stop(keeper_t *keeper);

#endif
