#include "connection.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

struct statement_t {
    apr_dbd_prepared_t *prepared;
};

struct connection_t {
    apr_pool_t *pool;
    apr_pool_t *scratch; /* cleared with each statement: drivers allocate per call */
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    apr_hash_t *statements; /* by text */
    const char *error;      /* of the first failure; NULL while all is well */
};

apr_status_t connection_driver(const char *name, const apr_dbd_driver_t **driver, apr_pool_t *pool)
{
    /* A second call in a process does nothing, whoever made the first (mod_dbd perhaps), and the
     * tables live in the topmost pool whatever pool is given. */
    apr_status_t status = apr_dbd_init(pool);

    return status ? status : apr_dbd_get_driver(pool, name, driver);
}

static apr_status_t close_handle(void *data)
{
    connection_t *connection = data;

    if (connection->handle) {
        apr_dbd_close(connection->driver, connection->handle);
        connection->handle = NULL;
    }
    return APR_SUCCESS;
}

apr_status_t connection_open(connection_t **connection, apr_pool_t *pool,
                             const apr_dbd_driver_t *driver, const char *params, const char **error)
{
    apr_pool_t *own;
    connection_t *made;
    apr_status_t status;

    *error = NULL;
    apr_pool_create(&own, pool);
    apr_pool_tag(own, "store connection");
    made = apr_pcalloc(own, sizeof(*made));
    made->pool = own;
    made->driver = driver;
    made->statements = apr_hash_make(own);
    status = apr_dbd_open_ex(driver, own, params, &made->handle, error);
    if (status) {
        *error = *error ? apr_pstrdup(pool, *error) : NULL;
        apr_pool_destroy(own);
        return status;
    }
    /* On our own pool, whose memory the driver's handle and statements live in. */
    apr_pool_cleanup_register(own, made, close_handle, apr_pool_cleanup_null);
    apr_pool_create(&made->scratch, own);
    *connection = made;
    return APR_SUCCESS;
}

void connection_close(connection_t *connection)
{
    apr_pool_destroy(connection->pool);
}

const char *connection_error(const connection_t *connection)
{
    return connection->error ? connection->error : "";
}

int connection_failed(const connection_t *connection)
{
    return connection->error != NULL;
}

/* The first line alone: PostgreSQL's DETAIL lines repeat the row's content. */
apr_status_t connection_fail(connection_t *connection, const char *reason)
{
    if (!connection->error) {
        apr_size_t length = reason ? strcspn(reason, "\r\n") : 0;

        if (length > CONNECTION_MAX_ERROR) {
            length = CONNECTION_MAX_ERROR;
        }
        connection->error = length ? apr_pstrmemdup(connection->pool, reason, length)
                                   : "the database gave no reason";
    }
    return APR_EGENERAL;
}

static apr_status_t driver_status(connection_t *connection, int answer)
{
    return answer ? connection_fail(connection,
                                    apr_dbd_error(connection->driver, connection->handle, answer))
                  : APR_SUCCESS;
}

apr_status_t connection_run(connection_t *connection, const char *sql)
{
    int changed;

    if (connection->error) {
        return APR_EGENERAL;
    }
    return driver_status(connection,
                         apr_dbd_query(connection->driver, connection->handle, &changed, sql));
}

apr_status_t connection_run_anyway(connection_t *connection, const char *sql)
{
    int changed;

    return apr_dbd_query(connection->driver, connection->handle, &changed, sql) ? APR_EGENERAL
                                                                                : APR_SUCCESS;
}

apr_status_t connection_prepare(connection_t *connection, const char *sql, statement_t **statement)
{
    apr_dbd_prepared_t *prepared = NULL;
    apr_status_t status;

    if (connection->error) {
        return APR_EGENERAL;
    }
    *statement = apr_hash_get(connection->statements, sql, APR_HASH_KEY_STRING);
    if (*statement) {
        return APR_SUCCESS;
    }
    if (apr_hash_count(connection->statements) >= CONNECTION_MAX_STATEMENTS) {
        return connection_fail(connection, "too many different queries on one connection");
    }
    /* Without a label: PostgreSQL's named statements are lost for ever with their connection, and
     * take every parameter for varchar; SQLite's driver prepares all the same. */
    status = driver_status(connection, apr_dbd_prepare(connection->driver, connection->pool,
                                                       connection->handle, sql, NULL, &prepared));
    if (status) {
        return status;
    }
    *statement = apr_palloc(connection->pool, sizeof(**statement));
    (*statement)->prepared = prepared;
    apr_hash_set(connection->statements, apr_pstrdup(connection->pool, sql), APR_HASH_KEY_STRING,
                 *statement);
    return APR_SUCCESS;
}

apr_status_t connection_execute(connection_t *connection, statement_t *statement,
                                const char *const *values, int *changed)
{
    int rows = 0;
    int answer;

    if (connection->error) {
        return APR_EGENERAL;
    }
    apr_pool_clear(connection->scratch);
    answer = apr_dbd_pquery(connection->driver, connection->scratch, connection->handle, &rows,
                            statement->prepared, 0, (const char **)values);
    if (changed) {
        *changed = rows;
    }
    return driver_status(connection, answer);
}

apr_status_t connection_select(connection_t *connection, statement_t *statement,
                               const char *const *values, rows_t *rows, apr_pool_t *pool)
{
    apr_status_t status;

    memset(rows, 0, sizeof(*rows));
    if (connection->error) {
        return APR_EGENERAL;
    }
    rows->connection = connection;
    rows->pool = pool;
    /* Random access: PostgreSQL's other way hides errors and sleeps 100 ms on an empty result. */
    status = driver_status(connection, apr_dbd_pselect(connection->driver, pool, connection->handle,
                                                       &rows->results, statement->prepared, 1, 0,
                                                       (const char **)values));
    if (!status) {
        rows->left = apr_dbd_num_tuples(connection->driver, rows->results);
    }
    return status;
}

/* Counts down, since PostgreSQL's driver frees all rows when asked for one behind the last. */
int rows_next(rows_t *rows)
{
    if (rows->left <= 0) {
        return 0;
    }
    rows->left--;
    return !apr_dbd_get_row(rows->connection->driver, rows->pool, rows->results, &rows->row, -1);
}

const char *rows_text(const rows_t *rows, int column)
{
    const char *text = NULL;

    /* get_entry cannot tell NULL from empty on every driver; datum_get answers APR_ENOENT. */
    if (apr_dbd_datum_get(rows->connection->driver, rows->row, column, APR_DBD_TYPE_STRING,
                          &text)) {
        return NULL;
    }
    return text && *text ? text : NULL;
}

apr_int64_t rows_integer(const rows_t *rows, int column)
{
    const char *text = rows_text(rows, column);

    return text ? apr_atoi64(text) : 0;
}
