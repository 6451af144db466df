/* Templates of pages: a small logic-less language, so that markup stands in files of its own and
 * nothing reaches a page unescaped.
 *
 *   {{name}}               the text or number of that name, escaped for an element's content and
 * for a quoted attribute; there is no form that does not escape
 *   {{#name}} ... {{/name}} once per member of an array; once for an object or any other true value
 *   {{^name}} ... {{/name}} if the name is absent, false, 0, "" or empty
 *   {{>other}}             another template, in the same view
 *   {{! ... }}             nothing
 *
 * A name may be dotted ("page.title"); its first part is looked for from the innermost section
 * outwards. {{.}} is the value of the section itself. A value directly behind "=" is refused when
 * the template is read: outside quotes the escaping would not hold. */
#ifndef ADMIN_TEMPLATE_H
#define ADMIN_TEMPLATE_H

#include "text/json_value.h"

#define TEMPLATE_MAX_DEPTH 16   /* sections and partials within each other */
#define TEMPLATE_MAX_NODES 4096 /* of one template, its partials not counted */
#define TEMPLATE_MAX_NAME 64    /* bytes */
#define TEMPLATE_MAX_PARTS 4    /* of a dotted name */

typedef struct template_t template_t;

/* The text of a template by name; NULL if there is none. Must live as long as the template. */
typedef const char *(*template_source_t)(void *payload, const char *name, apr_size_t *length);

/* Reads a template and its partials. APR_NOTFOUND: no such template; APR_EINVAL: not well formed.
 * *problem is then a sentence. The result is never written to again: any thread may render it. */
apr_status_t template_parse(template_t **parsed, apr_pool_t *pool, const char *name,
                            template_source_t source, void *payload, const char **problem);

typedef apr_status_t (*template_write_t)(void *payload, const char *data, apr_size_t length);

/* Writes the page piece by piece. Stops at the first failure of write and returns it. *missing (may
 * be NULL) is the first {{name}} that the view has not, else NULL: such a value is written as
 * nothing. */
apr_status_t template_render(const template_t *parsed, const json_value_t *view,
                             template_write_t write, void *payload, const char **missing);

#endif
