/* What a POST to the page asks for beside its address. Private to the room. */
#ifndef ADMIN_WISH_H
#define ADMIN_WISH_H

#include "page.h"

typedef struct wish_t {
    const char *token, *note; /* csrf_token; the reason a person gives, cut, or NULL */
} wish_t;

/* Reads the body, a form or JSON, and looks whether our own page sent it. 0 if not: then the
 * request has been answered, and *answered is what writing returned. */
int wish_read(wish_t *wish, page_t *page, apr_status_t *answered);

#endif
