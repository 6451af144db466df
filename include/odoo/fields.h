/* The parameters of an HTTP route as Odoo's controllers see them (facts A4): the fields of a form,
 * plain or multipart, and those of the query string. A file part beats a plain field, a field beats
 * the query, and the first value of a name counts. Streaming, bounded; pure; one owner. */
#ifndef ODOO_FIELDS_H
#define ODOO_FIELDS_H

#include <apr_pools.h>

#include "text/form.h"
#include "text/json_value.h"

#define FIELDS_MAX_NAMES FORM_MAX_FIELDS
#define FIELDS_MAX_FILES 20 /* files described; fields_file_count has the true number */

typedef struct fields_t fields_t;

/* names: the parameters to keep, at most FIELDS_MAX_NAMES, NULL-terminated, used by reference. With
 * FORM_ANY_NAME among them every other one is kept too, up to that many, but for files.
 * content_type NULL: a plain form. Of any other type than the forms' the body says nothing. */
fields_t *fields_create(apr_pool_t *pool, const char *const *names, const char *content_type,
                        const char *query);

/* To be called before the first feed: the value of one of the names goes to the sink in pieces,
 * however long it is, and is not kept. data NULL: what came before does not count, for another
 * value beats it. What only the query says comes at the end. */
void fields_stream(fields_t *fields, const char *name, form_sink_t sink, void *payload);

void fields_feed(fields_t *fields, const char *data, apr_size_t length);

/* complete: 0 if the body was cut. Then, or if the form is malformed, only the query counts. */
void fields_end(fields_t *fields, int complete);

/* All of these after fields_end. */

/* Repaired UTF-8, cut at FORM_MAX_VALUE bytes; NULL if there is none. */
const char *fields_value(const fields_t *fields, const char *name);

/* The value is longer than what is kept of it. */
int fields_value_cut(const fields_t *fields, const char *name);

/* The names of the parameters that were looked for or found, in that order; NULL behind the last.
 */
const char *fields_name(const fields_t *fields, apr_size_t index);

/* 1 if there were more names than could be found. */
int fields_left_out(const fields_t *fields);

/* A form's body that Odoo cannot read. */
int fields_malformed(const fields_t *fields);

/* The files of a multipart form: a list of {"field", "name", "type", "size"}; NULL if none. */
json_value_t *fields_files(const fields_t *fields);
apr_size_t fields_file_count(const fields_t *fields);

#endif
