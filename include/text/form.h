/* application/x-www-form-urlencoded as werkzeug reads it: "&" parts pairs, "+" is a blank, percent
 * escapes are decoded after the split at the first "=", the FIRST value of a name counts.
 * Streaming, fixed memory. Pure. */
#ifndef TEXT_FORM_H
#define TEXT_FORM_H

#include <apr_errno.h>
#include <apr_pools.h>

#define FORM_MAX_FIELDS 64  /* names that one reader may look for or find */
#define FORM_MAX_NAME 128   /* bytes of a decoded name */
#define FORM_MAX_VALUE 8192 /* bytes of a decoded value that are kept; the rest is left out */
#define FORM_ANY_NAME "*"   /* among the names looked for: every other one as well */

typedef struct form_reader_t form_reader_t;

/* Looks for these names (NULL-terminated list, used by reference) and passes over all others. */
form_reader_t *form_reader_create(apr_pool_t *pool, const char *const *names);

/* The names looked for, and behind them those found besides, repaired UTF-8; NULL behind the last.
 */
const char *form_name(const form_reader_t *reader, apr_size_t index);

/* 1 if there were more names, or longer ones, than could be found besides. */
int form_left_out(const form_reader_t *reader);

/* To be called before the first feed: the decoded value of one of the names goes to the sink in
 * pieces, however long it is, and nothing of it is kept. */
typedef void (*form_sink_t)(void *payload, const char *data, apr_size_t length);
void form_reader_stream(form_reader_t *reader, const char *name, form_sink_t sink, void *payload);

void form_reader_feed(form_reader_t *reader, const char *data, apr_size_t length);
void form_reader_end(form_reader_t *reader);

/* Repaired UTF-8, "" if it was streamed; NULL if the form has no such field. Valid after
 * form_reader_end. */
const char *form_value(const form_reader_t *reader, const char *name);

/* 1 if the value was longer than what is kept of it. */
int form_value_cut(const form_reader_t *reader, const char *name);

/* The same for a query string (or a whole form held in memory). */
const char *form_query_value(apr_pool_t *pool, const char *query, const char *name);

#endif
