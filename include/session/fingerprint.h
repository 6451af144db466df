/* How a session is known without its cookie (rules: the cookie is never stored).
 *
 * Gated part of a cookie: the first 42 characters of an 84-character id (Odoo 18 and 19: that half
 * survives the soft rotation of 19), else the whole value.
 * Fingerprint = HMAC-SHA256(site key, site name NUL gated part).
 * Reference = first 128 bits of HMAC-SHA256(site key, "reference" fingerprint), in hex: what people
 * see; it opens nothing. Pure. */
#ifndef SESSION_FINGERPRINT_H
#define SESSION_FINGERPRINT_H

#include <apr_user.h>

#include "text/digest.h"

#define SESSION_REFERENCE_SIZE 33

typedef struct site_key_t {
    unsigned char bytes[DIGEST_SIZE];
} site_key_t;

typedef struct fingerprint_t {
    unsigned char bytes[DIGEST_SIZE];
} fingerprint_t;

void fingerprint_of_cookie(const site_key_t *key, const char *site, const char *cookie,
                           fingerprint_t *fingerprint);

/* The half of an 84-character id that is not gated: it changes while the session lives. NULL for
 * other ids, which have none. */
const char *fingerprint_rest(const char *cookie);

/* A caller without a cookie (rules 2.8): an API key of 40 hex digits. Anything else may be a
 * password and is known by (database, uid) instead. */
void fingerprint_of_api_key(const site_key_t *key, const char *site, const char *api_key,
                            fingerprint_t *fingerprint);
void fingerprint_of_user(const site_key_t *key, const char *site, const char *database,
                         apr_int64_t uid, fingerprint_t *fingerprint);
/* Everybody on a site: no session has it. */
void fingerprint_of_site(const site_key_t *key, const char *site, fingerprint_t *fingerprint);

int fingerprint_is_api_key(const char *text); /* 40 lower-case hex digits, as Odoo makes them */

void fingerprint_reference(const site_key_t *key, const fingerprint_t *fingerprint,
                           char reference[SESSION_REFERENCE_SIZE]);

/* As key_file_load (text/key_file.h). */
apr_status_t site_key_load(const char *path, apr_uid_t owner_uid, apr_gid_t owner_gid,
                           site_key_t *key, apr_pool_t *pool);

/* As key_file_save. */
apr_status_t site_key_save(const char *path, const site_key_t *key, apr_pool_t *pool);

#endif
