/* The files that pages are made of, held in the program (script/embed makes the table from
 * src/admin/templates and src/admin/assets). Pure. */
#ifndef ADMIN_RESOURCE_H
#define ADMIN_RESOURCE_H

#include "admin/template.h"

typedef struct resource_t {
    const char *name;    /* the file's, without folder */
    const char *version; /* changes with the content */
    const char *text;
} resource_t;

extern const resource_t resources[]; /* ends in a NULL name */

const resource_t *resource_find(const char *name); /* NULL if there is none */

/* A page's template, read when the process first asks for one and kept for its life. NULL if it
 * does not exist or is not well formed; a unit test reads every one of them. Any thread. */
const template_t *resource_template(const char *name);

#endif
