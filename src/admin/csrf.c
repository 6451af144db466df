#include "admin/csrf.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#define BUCKET apr_time_from_sec(86400)
#define TEXT_SIZE (SESSION_REFERENCE_SIZE + 24)

/* No other use of the site key hashes a text that starts with a NUL. */
static const char PURPOSE[] = "\0csrf";

static void token_of_bucket(const site_key_t *key, const char *reference, apr_int64_t bucket,
                            char token[CSRF_TOKEN_SIZE])
{
    unsigned char digest[DIGEST_SIZE];
    char text[TEXT_SIZE];

    apr_snprintf(text, sizeof(text), "%s %" APR_INT64_T_FMT, reference, bucket);
    digest_hmac(key->bytes, PURPOSE, sizeof(PURPOSE), text, strlen(text), digest);
    digest_hex(digest, sizeof(digest), token);
}

void csrf_token(const site_key_t *key, const char *reference, apr_time_t now,
                char token[CSRF_TOKEN_SIZE])
{
    token_of_bucket(key, reference, now / BUCKET, token);
}

int csrf_token_valid(const site_key_t *key, const char *reference, apr_time_t now,
                     const char *token)
{
    char today[CSRF_TOKEN_SIZE], yesterday[CSRF_TOKEN_SIZE];
    int valid;

    if (!token || strlen(token) != CSRF_TOKEN_SIZE - 1) {
        return 0;
    }
    token_of_bucket(key, reference, now / BUCKET, today);
    token_of_bucket(key, reference, now / BUCKET - 1, yesterday);
    valid = digest_equal(token, today, CSRF_TOKEN_SIZE - 1);
    valid |= digest_equal(token, yesterday, CSRF_TOKEN_SIZE - 1);
    return valid;
}

/* "https://odoo.example.com:8443" names the host "odoo.example.com:8443". A browser leaves out the
 * scheme's own port in Origin and in Host alike. */
static int origin_names(const char *origin, const char *host)
{
    const char *name = strstr(origin, "://");

    return name && host && *host && apr_cstr_casecmp(name + 3, host) == 0;
}

int csrf_same_origin(const char *origin, const char *sec_fetch_site, const char *host)
{
    if (sec_fetch_site && strcmp(sec_fetch_site, "same-origin") != 0 &&
        strcmp(sec_fetch_site, "none") != 0) {
        return 0;
    }
    return !origin || origin_names(origin, host);
}
