/* Proof that a form was sent from our own page. Pure. */
#ifndef ADMIN_CSRF_H
#define ADMIN_CSRF_H

#include <apr_time.h>

#include "session/fingerprint.h"

#define CSRF_TOKEN_SIZE DIGEST_HEX_SIZE

/* A keyed hash over the session's reference and the day. */
void csrf_token(const site_key_t *key, const char *reference, apr_time_t now,
                char token[CSRF_TOKEN_SIZE]);

/* 1 if it is this session's token of today or yesterday, so that a page left open over midnight
 * still works. NULL is no token. */
int csrf_token_valid(const site_key_t *key, const char *reference, apr_time_t now,
                     const char *token);

/* 1 unless the browser itself says that another site sent the request: Origin, where present, must
 * name `host` (the Host header), Sec-Fetch-Site must be same-origin or none. Each may be NULL. */
int csrf_same_origin(const char *origin, const char *sec_fetch_site, const char *host);

#endif
