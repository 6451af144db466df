/* One connection of apr_dbd, with its traps closed: errors are kept once and for all, rows are
 * whole, NULL and empty are the same, nothing depends on the driver. One owner, one thread.
 *
 * After the first error a connection answers APR_EGENERAL to everything without asking the
 * database: an SQLite statement that once met a changed schema never works again, and a
 * PostgreSQL connection may be a new one without a transaction. Close it and open another. */
#ifndef STORE_CONNECTION_H
#define STORE_CONNECTION_H

#include <apr_dbd.h>
#include <apr_errno.h>
#include <apr_pools.h>

#define CONNECTION_MAX_STATEMENTS 256 /* prepared on one connection */
#define CONNECTION_MAX_ERROR 300      /* bytes kept of an error text */

typedef struct connection_t connection_t;
typedef struct statement_t statement_t;

/* Loads the driver. Not thread safe the first time in a process: apr_dbd fills tables that live in
 * the process's topmost pool. */
apr_status_t connection_driver(const char *name, const apr_dbd_driver_t **driver, apr_pool_t *pool);

/* *error is what the driver said, unfiltered, or NULL. Closed with the pool at the latest. */
apr_status_t connection_open(connection_t **connection, apr_pool_t *pool,
                             const apr_dbd_driver_t *driver, const char *params,
                             const char **error);
void connection_close(connection_t *connection);
/* The first error, one line, or "". */
const char *connection_error(const connection_t *connection);
int connection_failed(const connection_t *connection);
/* Makes the connection a failed one for a reason of the caller's. */
apr_status_t connection_fail(connection_t *connection, const char *reason);

/* One statement without parameters that gives no rows. */
apr_status_t connection_run(connection_t *connection, const char *sql);
/* The same even after an error, which it leaves as it is: for ROLLBACK. */
apr_status_t connection_run_anyway(connection_t *connection, const char *sql);

/* Prepares a statement, once per text and connection. Each parameter is written %s, a per cent sign
 * %%. Lives as long as the connection. */
apr_status_t connection_prepare(connection_t *connection, const char *sql, statement_t **statement);

/* values: as many as the statement has parameters; NULL is NULL. They are sent as text: compare
 * them with bare columns only, so that SQLite applies the column's affinity. *changed (may be NULL)
 * is the number of rows. */
apr_status_t connection_execute(connection_t *connection, statement_t *statement,
                                const char *const *values, int *changed);

typedef struct rows_t {
    const connection_t *connection;
    apr_dbd_results_t *results;
    apr_dbd_row_t *row;
    apr_pool_t *pool;
    int left;
} rows_t;

/* All rows are read into the pool at once: limit them in the statement. */
apr_status_t connection_select(connection_t *connection, statement_t *statement,
                               const char *const *values, rows_t *rows, apr_pool_t *pool);

/* 1 and the next row, or 0 after the last. */
int rows_next(rows_t *rows);
/* A cell of the row, valid as long as the pool; NULL for NULL and for empty. */
const char *rows_text(const rows_t *rows, int column);
/* 0 for NULL. */
apr_int64_t rows_integer(const rows_t *rows, int column);

#endif
