/* The keeper: the one process that owns the database. It moves the journal into the store, ends
 * idle sessions, purges, and keeps the files that survive restarts.
 *
 * Runs in a process of its own, unprivileged, single-threaded. Knows nothing of httpd. */
#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include <signal.h>

#include "alert/delivery.h"
#include "alert/rules.h"
#include "session/board.h"
#include "session/table.h"
#include "store/store.h"
#include "trail/journal.h"

typedef enum keeper_level_t {
    KEEPER_ERROR,
    KEEPER_WARNING,
    KEEPER_NOTICE,
    KEEPER_DEBUG
} keeper_level_t;

typedef struct keeper_site_t {
    const char *name;
    /* Of httpd.conf: what managers set may end sessions sooner. not_before is looked up by `mark`.
     */
    session_limits_t limits;
    fingerprint_t mark;
    const alert_line_t *alerts; /* at most ALERT_MAX_LINES */
    int alert_count;
    const char *page;            /* address of the audit page, for mails; NULL: none */
    const char *const *managers; /* logins; those that are mail addresses get managers' alerts */
    int manager_count;
} keeper_site_t;

typedef struct keeper_retention_t {
    const char *const *operations; /* NULL-terminated */
    apr_interval_time_t age;       /* of httpd.conf: what managers set may keep them longer */
} keeper_retention_t;

typedef enum keeper_forward_kind_t {
    KEEPER_FORWARD_FILE,  /* JSON Lines in the names of ECS, appended */
    KEEPER_FORWARD_SYSLOG /* a message of RFC 5424 each, to a local datagram socket */
} keeper_forward_kind_t;

typedef struct keeper_forward_t {
    keeper_forward_kind_t kind;
    const char *path; /* of the file or the socket */
} keeper_forward_t;

typedef struct keeper_config_t {
    const char *state_dir;
    const char *node; /* names this machine in the trail */
    store_config_t store;
    journal_sync_t sync;
    apr_int64_t journal_max_size;
    apr_interval_time_t cleanup_interval;
    const keeper_site_t *sites;
    int site_count;
    const keeper_retention_t *retention;
    int retention_count;
    apr_int64_t max_store_size; /* bytes, as store_bytes counts them; 0: no limit */
    const char *checkpoint_key; /* file of the signing key; NULL: no checkpoints */
    const char *user_agents;    /* uap-core's rules; NULL: browser, system and device stay empty */
    const char *const *places;  /* MaxMind DB files */
    int place_count;
    const delivery_config_t *mail, *webhook;     /* NULL: none */
    alert_limit_t alerts_of_user, alerts_of_all; /* count 0: no limit */
    apr_interval_time_t alert_give_up;           /* 0: a day */
    apr_interval_time_t alert_retry;             /* before the second try; 0: 5 s */
    const site_key_t *key; /* what fingerprints are made with; NULL: sessions are not shared */
    const keeper_forward_t *forwards; /* who gets each event of this node as it is stored */
    int forward_count;
    /* Loaded from disk already: the keeper overwrites the snapshot. NULL: no sessions to keep. */
    session_table_t *sessions;
    /* Where settings change, and where the keeper tells of its work. NULL: neither. */
    board_t *board;
    /* Writes one line to the error log. */
    void (*log)(void *payload, keeper_level_t level, apr_status_t status, const char *sentence);
    void *log_payload;
    /* Set to 1 by a signal handler: leave within a second. */
    volatile sig_atomic_t *stop;
} keeper_config_t;

typedef enum keeper_exit_t {
    KEEPER_STOPPED = 0, /* asked to */
    KEEPER_SECOND = 3,  /* another keeper holds StateDir/keeper.lock for 10 s: told in the log */
    KEEPER_CLASH = 4,   /* (node, sequence) exists already: a cloned machine; told in the log */
    KEEPER_NO_STATE = 5 /* StateDir cannot be used; told in the log */
} keeper_exit_t;

#define KEEPER_CHECKPOINT_FOLDER "checkpoints" /* in the StateDir */

/* Works until *stop, and uses SIGALRM to be gone a second later even if the database hangs. A
 * database that cannot be reached is no reason to leave: it is told once, tried again after 1, 2, 4
 * ... 60 s, and told once more when it is back; the journal waits. May be killed at any
 * instruction: nothing is lost, nothing stands twice. */
keeper_exit_t keeper_run(const keeper_config_t *config, apr_pool_t *pool);

/* ---- the steps, for tests and the command-line tool ---- */

typedef struct keeper_t keeper_t;
keeper_t *keeper_create(const keeper_config_t *config, apr_pool_t *pool);
/* Moves what stands in the journal, one transaction of at most KEEPER_BATCH records; *moved tells
 * how many records. */
#define KEEPER_BATCH 5000
apr_status_t keeper_drain(keeper_t *keeper, int *moved);
/* Expires, purges (at most one batch of KEEPER_PURGE_BATCH per class), touches sessions, writes
 * the snapshot. */
#define KEEPER_PURGE_BATCH 500
apr_status_t keeper_cleanup(keeper_t *keeper);

#endif
