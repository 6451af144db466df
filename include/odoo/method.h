/* What each public method of Odoo's models does to records, as a table of data (facts B2, B3): the
 * operation it is on the trail, where its arguments stand and where its answer names records. Pure.
 */
#ifndef ODOO_METHOD_H
#define ODOO_METHOD_H

#include "odoo/call.h"
#include "odoo/operation.h"

#define METHOD_IDS 1u          /* the first argument is the ids of records */
#define METHOD_MAYBE_IDS 2u    /* it is, if it looks like ids: of a method we know nothing about */
#define METHOD_SOURCES 4u      /* the first argument is ids, but of the originals of a copy */
#define METHOD_SAVE 8u         /* without ids it creates; with next_id it shows another record */
#define METHOD_DRY_RUN 16u     /* does nothing that lasts if its argument dryrun is true */
#define METHOD_ROWS 32u        /* its values are rows, the names of their columns in `fields` */
#define METHOD_SECRET 64u      /* its arguments are secrets: none is kept */
#define METHOD_BACKGROUND 128u /* sent by the web client on its own */
#define METHOD_SHOWS 512u      /* answers records as they are stored, where result_ids has ids */
#define METHOD_NAME 256u       /* `values` is one value, of the field "name" */
#define METHOD_CHECK 1024u     /* runs what was asked for before the identity check that it is */
#define METHOD_GROUPS 4096u    /* answers groups, and the records of those that are open */
#define METHOD_REVOKES 2048u   /* ends sessions of its user, unless it answers a dialog instead */
#define METHOD_PASSWORD 8192u  /* changes its user's password, with the same exception */

typedef struct method_t {
    const char *name;
    const char *model; /* NULL: any */
    operation_t operation;
    unsigned flags;
    /* Names of the positional arguments behind the ids, parted by blanks; "/" parts other names of
     * the same one, as overrides have. Each may come by name as well. */
    const char *parameters;
    const char *values;       /* the parameter with what is written, NULL: none */
    const char *fields;       /* the parameter that names fields: text, list or specification */
    const char *known_fields; /* the fields it touches where no argument names them */
    result_ids_t result_ids;
} method_t;

/* The row for a method of a model: the model's own, else the one for any model, else that of an
 * unknown method, which may write. Never NULL. */
const method_t *method_find(const char *model, const char *name);

/* The place of a parameter among the positional arguments behind the ids, -1 if it has none. */
int method_position(const method_t *method, const char *parameter);

/* The parameter at a place with its other names ("vals/values"), *length bytes long and not ended
 * by NUL; NULL if the table knows none there. */
const char *method_parameter(const method_t *method, int position, apr_size_t *length);

/* Rows of the table, for its test. NULL behind the last. */
const method_t *method_row(apr_size_t index);

#endif
