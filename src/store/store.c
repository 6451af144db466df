#include "handle.h"
#include "text/decimal.h"

#include <string.h>

#include <apr_strings.h>

/* How long an opening waits for a database that another process holds. A writer is the keeper,
 * which must be able to leave within about a second. */
static const apr_interval_time_t open_wait[] = {
    [STORE_READ] = apr_time_from_sec(2), [STORE_WRITE] = apr_time_from_sec(1)};
#define OPEN_PAUSE apr_time_from_msec(50)
#define OPEN_TRIES 40 /* however the clock is set meanwhile */

const char *number_text(apr_int64_t number, apr_pool_t *pool)
{
    char *end = (char *)apr_palloc(pool, DECIMAL_DIGITS + 1) + DECIMAL_DIGITS;

    *end = '\0';
    return decimal_before(end, number);
}

static apr_status_t statement_ready(store_t *store, statement_id_t id)
{
    if (store->statement[id]) {
        return APR_SUCCESS;
    }
    return connection_prepare(store->connection, statement_text(id, store->step),
                              &store->statement[id]);
}

apr_status_t store_execute(store_t *store, statement_id_t id, const char *const *values,
                           int *changed)
{
    apr_status_t status = statement_ready(store, id);

    return status ? status
                  : connection_execute(store->connection, store->statement[id], values, changed);
}

apr_status_t store_select(store_t *store, statement_id_t id, const char *const *values,
                          rows_t *rows, apr_pool_t *pool)
{
    apr_status_t status = id == EVENT_NAME || id == MARK_ROWS ? gather_flush(store) : APR_SUCCESS;

    if (!status) {
        status = statement_ready(store, id);
    }
    return status ? status
                  : connection_select(store->connection, store->statement[id], values, rows, pool);
}

apr_status_t store_step(store_t *store)
{
    if (!store->in_transaction) {
        return connection_fail(store->connection, "a change outside of a transaction");
    }
    apr_pool_clear(store->step);
    return connection_failed(store->connection) ? APR_EGENERAL : APR_SUCCESS;
}

/* ---- opening and closing ---- */

static apr_status_t apply_setup(store_t *store, const char **problem, apr_pool_t *pool)
{
    for (const dialect_setup_t *setup = store->dialect->setup[store->mode]; setup->select;
         setup++) {
        statement_t *statement;
        rows_t rows;
        apr_status_t status = connection_prepare(store->connection, setup->select, &statement);

        if (!status) {
            status = connection_select(store->connection, statement, NULL, &rows, pool);
        }
        if (status) {
            return status;
        }
        if (setup->expect) {
            const char *answer = rows_next(&rows) ? rows_text(&rows, 0) : NULL;

            if (!answer || strcmp(answer, setup->expect)) {
                *problem = setup->problem;
                return APR_EGENERAL;
            }
        }
    }
    return APR_SUCCESS;
}

static apr_status_t load_driver(const dialect_t *dialect, const apr_dbd_driver_t **driver,
                                const char **problem, apr_pool_t *pool)
{
    apr_status_t status = connection_driver(dialect->driver, driver, pool);

    if (status) {
        *problem = apr_psprintf(pool, "apr_dbd's driver %s is missing: install libaprutil1-dbd-%s",
                                dialect->driver, dialect->driver);
    }
    return status;
}

static const char *database_name(const store_t *store, const store_config_t *config,
                                 apr_pool_t *pool)
{
    return apr_pstrcat(pool, "the ", store->dialect->driver, " database",
                       store->dialect->public_params ? " " : "",
                       store->dialect->public_params ? config->params : "", NULL);
}

static apr_status_t open_connection(store_t *store, const store_config_t *config,
                                    const char **problem, apr_pool_t *pool)
{
    const apr_dbd_driver_t *driver;
    const char *params, *error;
    apr_status_t status = load_driver(store->dialect, &driver, problem, pool);

    if (!status) {
        status = store->dialect->locate(config->params, store->mode, &params, problem, pool);
    }
    if (status) {
        return status;
    }
    status = connection_open(&store->connection, store->pool, driver, params, &error);
    if (status) {
        *problem = apr_psprintf(pool, "cannot open %s: %s", database_name(store, config, pool),
                                store->dialect->opening_error(error, pool));
    }
    return status;
}

static int is_busy(const store_t *store)
{
    const char *error = connection_error(store->connection);

    for (const char *const *passing = store->dialect->passing; passing && *passing; passing++) {
        if (strstr(error, *passing)) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t open_once(store_t *store, const store_config_t *config, const char **problem,
                              apr_pool_t *pool)
{
    apr_status_t status = open_connection(store, config, problem, pool);

    if (!status) {
        status = apply_setup(store, problem, pool);
    }
    if (!status) {
        status = store->mode == STORE_WRITE ? schema_migrate(store, problem, pool)
                                            : schema_check(store, problem, pool);
    }
    return status;
}

/* SQLite keeps everybody out while the keeper makes the schema of a new file, since the write-ahead
 * log is not in use yet, and whenever the last user of that log leaves, who removes it. The driver
 * does not wait when it prepares, and a connection is of no use after a failure, so each try has a
 * new one. */
static apr_status_t open_store(store_t *store, const store_config_t *config, const char **problem,
                               apr_pool_t *pool)
{
    apr_time_t deadline = apr_time_now() + open_wait[store->mode];
    apr_status_t status = open_once(store, config, problem, pool);

    for (int tries = 1;
         status && !*problem && is_busy(store) && tries < OPEN_TRIES && apr_time_now() < deadline;
         tries++) {
        connection_close(store->connection);
        memset(store->statement, 0, sizeof(store->statement));
        apr_sleep(OPEN_PAUSE);
        status = open_once(store, config, problem, pool);
    }
    if (status && !*problem) {
        *problem = apr_psprintf(pool, "cannot use %s: %s", database_name(store, config, pool),
                                connection_error(store->connection));
    }
    return status;
}

apr_status_t store_initialize(apr_pool_t *pool, const char *driver, const char **problem)
{
    const dialect_t *dialect = dialect_find(driver);
    const apr_dbd_driver_t *loaded;
    const char *sentence = NULL;
    apr_status_t status = APR_EINVAL;

    if (dialect) {
        status = load_driver(dialect, &loaded, &sentence, pool);
    }
    else {
        sentence = "the database driver must be sqlite3 or pgsql";
    }
    if (problem) {
        *problem = sentence;
    }
    return status;
}

apr_status_t store_open(store_t **store, apr_pool_t *pool, const store_config_t *config,
                        store_mode_t mode, const char **problem)
{
    const char *sentence = NULL;
    apr_pool_t *own;
    store_t *made;
    apr_status_t status = store_initialize(pool, config->driver, &sentence);

    if (!status) {
        apr_pool_create(&own, pool);
        apr_pool_tag(own, "store");
        made = apr_pcalloc(own, sizeof(*made));
        made->pool = own;
        made->mode = mode;
        made->dialect = dialect_find(config->driver);
        apr_pool_create(&made->transaction, own);
        apr_pool_create(&made->step, own);
        apr_pool_create(&made->block_pool, own);
        store_append_forget(made);
        status = open_store(made, config, &sentence, pool);
        if (status) {
            apr_pool_destroy(own);
        }
        else {
            *store = made;
        }
    }
    if (problem) {
        *problem = sentence;
    }
    return status;
}

void store_close(store_t *store)
{
    /* What is not committed the database itself rolls back. */
    apr_pool_destroy(store->pool);
}

const char *store_error(const store_t *store)
{
    return connection_error(store->connection);
}

int store_lost(const store_t *store)
{
    return store->lost;
}

/* ---- transactions: by plain statements, since apr_dbd's own crash on a lost connection (pgsql)
 * and answer success for a rollback (both) ---- */

static apr_status_t take_lock(store_t *store)
{
    statement_t *statement;
    rows_t rows;
    apr_status_t status;

    if (!store->dialect->lock) {
        return APR_SUCCESS;
    }
    status = connection_prepare(store->connection, store->dialect->lock, &statement);
    return status
               ? status
               : connection_select(store->connection, statement, NULL, &rows, store->transaction);
}

apr_status_t store_begin(store_t *store)
{
    apr_status_t status;

    if (store->in_transaction || store->mode != STORE_WRITE) {
        return connection_fail(store->connection, "this is no moment to begin a transaction");
    }
    apr_pool_clear(store->transaction);
    store_append_forget(store);
    marks_begin(store);
    status = connection_run(store->connection, store->dialect->begin);
    if (status) {
        return status;
    }
    store->in_transaction = 1;
    status = take_lock(store);
    if (status) {
        store_rollback(store);
    }
    return status;
}

apr_status_t store_commit(store_t *store)
{
    apr_status_t status = store_step(store);

    if (!status) {
        status = store_append_flush(store);
    }
    if (!status) {
        status = connection_run(store->connection, "COMMIT");
    }
    if (status) {
        store_rollback(store);
    }
    store->in_transaction = 0;
    return status;
}

void store_rollback(store_t *store)
{
    if (store->in_transaction) {
        /* A server that can be reached always takes this, whatever failed before. */
        store->lost = connection_run_anyway(store->connection, "ROLLBACK") != APR_SUCCESS &&
                      store_is_shared(store);
        store->in_transaction = 0;
    }
    store_append_forget(store);
    marks_forget(store);
}

/* ---- small things kept by name ---- */

apr_status_t store_meta_get(store_t *store, const char *name, const char **value, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(store, META_GET, &name, &rows, pool);

    *value = NULL;
    if (!status) {
        *value = rows_next(&rows) ? rows_text(&rows, 0) : NULL;
        status = *value ? APR_SUCCESS : APR_NOTFOUND;
    }
    return status;
}

apr_status_t store_meta_set(store_t *store, const char *name, const char *value)
{
    const char *values[] = {name, value};
    apr_status_t status = store_step(store);

    return status ? status : store_execute(store, META_SET, values, NULL);
}

apr_status_t store_positions(store_t *store, const char *node, apr_array_header_t **positions,
                             apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(store, POSITION_LIST, &node, &rows, pool);

    if (status) {
        return status;
    }
    *positions = apr_array_make(pool, rows.left, sizeof(store_position_t));
    while (rows_next(&rows)) {
        store_position_t *position = apr_array_push(*positions);

        position->segment = rows_text(&rows, 0);
        position->incarnation = rows_text(&rows, 1);
        position->offset = rows_integer(&rows, 2);
    }
    return APR_SUCCESS;
}

apr_status_t store_position_set(store_t *store, const char *node, const store_position_t *position)
{
    apr_status_t status = store_step(store);

    if (!status) {
        const char *values[] = {node, position->segment, position->incarnation,
                                number_text(position->offset, store->step)};

        status = store_execute(store, POSITION_SET, values, NULL);
    }
    return status;
}

apr_status_t store_position_delete(store_t *store, const char *node, const char *segment)
{
    const char *values[] = {node, segment};
    apr_status_t status = store_step(store);

    return status ? status : store_execute(store, POSITION_DELETE, values, NULL);
}
