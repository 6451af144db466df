/* The inside of store_t, for the files of this room. */
#ifndef STORE_HANDLE_H
#define STORE_HANDLE_H

#include <apr_hash.h>

#include "connection.h"
#include "dialect.h"
#include "gather.h"
#include "marks.h"
#include "row.h"
#include "statement.h"
#include "store/store.h"
#include "summarise.h"

/* References remembered per transaction; beyond it each event asks the database. */
#define STORE_MAX_KNOWN_SESSIONS 8192

typedef struct store_tail_t {
    const char *node; /* NULL: nothing appended in this transaction */
    apr_int64_t id, sequence;
    char hash[72];
} store_tail_t;

struct store_t {
    apr_pool_t *pool;
    const dialect_t *dialect;
    connection_t *connection;
    store_mode_t mode;
    statement_t *statement[STATEMENTS]; /* prepared when first used */
    int in_transaction;
    int lost; /* see store_lost */

    /* What store_append gathers and store_commit writes. Forgotten with the transaction. */
    apr_pool_t *transaction; /* cleared by store_begin */
    apr_pool_t *step;        /* cleared by each step within it */
    apr_hash_t *sessions;    /* by reference, see upkeep.c */
    store_tail_t tail;
    gathered_t gathered;
    apr_int64_t grown;            /* bytes of events that came, less those that went */
    apr_hash_t *summaries;        /* see summarise.c; NULL: nothing gathered */
    apr_uint64_t summaries_round; /* changes whenever its cells are no longer there */
    struct alike_t *alike;        /* lines; outlive transactions, but their cells do not */

    /* The tail in memory, see marks.h; outlives transactions. */
    block_t block;
    apr_pool_t *block_pool;
    apr_int64_t tail_next; /* the first id that is not in it; 0: nothing is known */
    int tail_checked;      /* in this transaction */
    int tail_read;         /* selects made for it in this transaction */

    int months_from, months_to; /* known to have a partition in this transaction, see partition.c */

    apr_int64_t horizon; /* see store_horizon */
    const char *walk;    /* the select of walk.c; NULL: not needed so far */

    /* Behind whom the search for sessions to forget goes on. */
    apr_int64_t forget_after_ms;
    char forget_after[72];
};

/* Runs a statement of the table. values: as many as it has parameters. */
apr_status_t store_execute(store_t *store, statement_id_t id, const char *const *values,
                           int *changed);
apr_status_t store_select(store_t *store, statement_id_t id, const char *const *values,
                          rows_t *rows, apr_pool_t *pool);

/* Refuses steps outside of a transaction. Its scratch pool is cleared. */
apr_status_t store_step(store_t *store);

/* Writes how far the transaction has come in chain and block. */
apr_status_t store_append_flush(store_t *store);
void store_append_forget(store_t *store);

apr_status_t schema_migrate(store_t *store, const char **problem, apr_pool_t *pool);
apr_status_t schema_check(store_t *store, const char **problem, apr_pool_t *pool);

/* Keeps the table of sessions, and who the events belong to, in step with an event that is about
 * to be inserted; may fill row's ROW_WHO_*. */
apr_status_t upkeep_session(store_t *store, const event_t *event, row_t *row);

/* Keeps the table of holds in step with an event that was inserted. */
apr_status_t upkeep_hold(store_t *store, const event_t *event);

/* Sees to it that an event of this time can be inserted. Forgotten with the transaction. */
apr_status_t partition_ready(store_t *store, apr_int64_t time_ms);
void partition_forget(store_t *store);

/* A 64-bit integer as a parameter. */
const char *number_text(apr_int64_t number, apr_pool_t *pool);

#endif
