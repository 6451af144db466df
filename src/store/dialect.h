/* What differs between the databases, as data. Everything else is said in SQL that both take. */
#ifndef STORE_DIALECT_H
#define STORE_DIALECT_H

#include "store/store.h"

/* Run in order when a connection is opened. `expect` is what the first cell must be, or NULL. */
typedef struct dialect_setup_t {
    const char *select;
    const char *expect;
    const char *problem; /* said if it is something else */
} dialect_setup_t;

typedef struct dialect_t {
    const char *driver; /* apr_dbd's name */
    int public_params;  /* our parameters may be shown */
    const char *begin;
    const char *snapshot; /* begins a transaction that sees one state of the database */
    const char *lock;     /* a select that makes writers wait, or NULL */
    const char *packs;    /* a function that makes one text by a format, where that is cheaper than
                           * many columns, and takes bytes that are no UTF-8; or NULL */
    int gathers;          /* several rows with one statement are worth it, see gather.h */
    int partitions;       /* events are kept in partitions by month, see partition.c */
    /* What the error says while another process is in the way for a moment; ends with NULL. NULL:
     * never. */
    const char *const *passing;
    const char *like;                /* an operator that takes letters of both cases for the same */
    const char *has_schema;          /* a select that gives a row if there is one */
    const dialect_setup_t *setup[2]; /* by store_mode_t; ends with select NULL */
    const char *const *const *migrations; /* [n] leads from version n to n + 1 */
    int version;                          /* number of migrations */
    /* Makes the driver's parameters of ours and looks whether they can work at all. *problem is
     * set on failure. APR_ENOENT: there is no database yet (reading only). */
    apr_status_t (*locate)(const char *params, store_mode_t mode, const char **driver_params,
                           const char **problem, apr_pool_t *pool);
    /* What of the driver's words about a failed opening may be repeated: they must not hold
     * anything of the parameters that could be a password. */
    const char *(*opening_error)(const char *text, apr_pool_t *pool);
} dialect_t;

extern const dialect_t dialect_sqlite;
extern const dialect_t dialect_postgresql;

/* NULL if there is none for this driver. */
const dialect_t *dialect_find(const char *driver);

#endif
