/* What a POST to the page asks for beside its address. Private to the room. */
#ifndef ADMIN_WISH_H
#define ADMIN_WISH_H

#include "page.h"

typedef struct wish_t {
    const char *token, *note; /* csrf_token; the reason a person gives, cut, or NULL */
} wish_t;

#define WISH_MOST_FIELDS 8

/* Reads the body, a form or JSON, and looks whether our own page sent it. 0 if not: then the
 * request has been answered, and *answered is what writing returned. */
int wish_read(wish_t *wish, page_t *page, apr_status_t *answered);

/* The same, with further fields: names (NULL-terminated, WISH_MOST_FIELDS at most), and for each
 * its text, NULL where it is absent or empty. */
int wish_read_fields(wish_t *wish, page_t *page, const char *const *names, const char **values,
                     apr_status_t *answered);

#endif
