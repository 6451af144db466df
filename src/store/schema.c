#include "handle.h"

#include <apr_strings.h>

#define SCHEMA_VERSION "schema_version"

/* Version 0 is an empty database. */
static apr_status_t schema_version(store_t *store, apr_int64_t *version, const char **problem,
                                   apr_pool_t *pool)
{
    statement_t *statement;
    const char *text;
    rows_t rows;
    apr_status_t status =
        connection_prepare(store->connection, store->dialect->has_schema, &statement);

    *version = 0;
    if (!status) {
        status = connection_select(store->connection, statement, NULL, &rows, pool);
    }
    if (status || !rows_next(&rows)) {
        return status;
    }
    if (store_meta_get(store, SCHEMA_VERSION, &text, pool) || row_integer(text, version) ||
        *version < 1) {
        *problem = "the database holds something else than an audit trail";
        return APR_EINVAL;
    }
    if (*version > store->dialect->version) {
        *problem = apr_psprintf(pool,
                                "the database has schema version %" APR_INT64_T_FMT
                                ", but this release knows %d at most: install the newer release",
                                *version, store->dialect->version);
        return APR_EINVAL;
    }
    return APR_SUCCESS;
}

static apr_status_t upgrade(store_t *store, apr_int64_t version, apr_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;

    for (; version < store->dialect->version; version++) {
        for (const char *const *sql = store->dialect->migrations[version]; *sql && !status; sql++) {
            status = connection_run(store->connection, *sql);
        }
    }
    return status
               ? status
               : store_meta_set(store, SCHEMA_VERSION, number_text(store->dialect->version, pool));
}

/* In one transaction, so that a schema is never half made; before anything is prepared, since a
 * changed schema spoils SQLite's prepared statements for good. */
apr_status_t schema_migrate(store_t *store, const char **problem, apr_pool_t *pool)
{
    apr_int64_t version;
    apr_status_t status = store_begin(store);

    if (status) {
        return status;
    }
    status = schema_version(store, &version, problem, pool);
    if (!status && version < store->dialect->version) {
        status = upgrade(store, version, pool);
    }
    if (status) {
        store_rollback(store);
        return status;
    }
    return store_commit(store);
}

apr_status_t schema_check(store_t *store, const char **problem, apr_pool_t *pool)
{
    apr_int64_t version;
    apr_status_t status = schema_version(store, &version, problem, pool);

    if (!status && version == 0) {
        *problem = "the database is still empty: the keeper has not opened it yet";
        status = APR_ENOENT;
    }
    else if (!status && version < store->dialect->version) {
        *problem = "the database is of an older release: the keeper has not upgraded it yet";
        status = APR_EAGAIN;
    }
    return status;
}
