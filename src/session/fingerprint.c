#include "session/fingerprint.h"

#include <apr_strings.h>
#include <string.h>

#include "text/key_file.h"

#define ROTATING_LENGTH 84
#define ROTATING_STABLE 42
#define API_KEY_LENGTH 40
#define REFERENCE_BYTES 16

/* A cookie holds no NUL: what begins with one of these can never be the fingerprint of a cookie,
 * though an API key looks like a session id of Odoo 16. */
static const char api_key_mark[] = "api_key";
static const char user_mark[] = "user";
static const char site_mark[] = "site";

static void fingerprint_of(const site_key_t *key, const char *site, const void *data,
                           apr_size_t length, fingerprint_t *fingerprint)
{
    digest_hmac(key->bytes, site, strlen(site) + 1, data, length, fingerprint->bytes);
}

void fingerprint_of_cookie(const site_key_t *key, const char *site, const char *cookie,
                           fingerprint_t *fingerprint)
{
    apr_size_t length = strlen(cookie);

    fingerprint_of(key, site, cookie, length == ROTATING_LENGTH ? ROTATING_STABLE : length,
                   fingerprint);
}

const char *fingerprint_rest(const char *cookie)
{
    return strlen(cookie) == ROTATING_LENGTH ? cookie + ROTATING_STABLE : NULL;
}

int fingerprint_is_api_key(const char *text)
{
    return strspn(text, "0123456789abcdef") == API_KEY_LENGTH && !text[API_KEY_LENGTH];
}

void fingerprint_of_api_key(const site_key_t *key, const char *site, const char *api_key,
                            fingerprint_t *fingerprint)
{
    char marked[sizeof(api_key_mark) + API_KEY_LENGTH];
    apr_size_t length = strnlen(api_key, API_KEY_LENGTH);

    memcpy(marked, api_key_mark, sizeof(api_key_mark));
    memcpy(marked + sizeof(api_key_mark), api_key, length);
    fingerprint_of(key, site, marked, sizeof(api_key_mark) + length, fingerprint);
}

/* The database is what a client says: any length, so its hash stands for it. */
void fingerprint_of_user(const site_key_t *key, const char *site, const char *database,
                         apr_int64_t uid, fingerprint_t *fingerprint)
{
    unsigned char marked[sizeof(user_mark) + DIGEST_SIZE + 21];
    char *number = (char *)marked + sizeof(user_mark) + DIGEST_SIZE;

    memcpy(marked, user_mark, sizeof(user_mark));
    digest_sha256(database, strlen(database), marked + sizeof(user_mark));
    apr_snprintf(number, 21, "%" APR_INT64_T_FMT, uid);
    fingerprint_of(key, site, marked, sizeof(user_mark) + DIGEST_SIZE + strlen(number),
                   fingerprint);
}

void fingerprint_of_site(const site_key_t *key, const char *site, fingerprint_t *fingerprint)
{
    fingerprint_of(key, site, site_mark, sizeof(site_mark), fingerprint);
}

void fingerprint_reference(const site_key_t *key, const fingerprint_t *fingerprint,
                           char reference[SESSION_REFERENCE_SIZE])
{
    static const char mark[] = "reference";
    unsigned char digest[DIGEST_SIZE];

    digest_hmac(key->bytes, mark, sizeof(mark) - 1, fingerprint->bytes, sizeof(fingerprint->bytes),
                digest);
    digest_hex(digest, REFERENCE_BYTES, reference);
}

apr_status_t site_key_load(const char *path, apr_uid_t owner_uid, apr_gid_t owner_gid,
                           site_key_t *key, apr_pool_t *pool)
{
    return key_file_load(path, owner_uid, owner_gid, key->bytes, pool);
}

apr_status_t site_key_save(const char *path, const site_key_t *key, apr_pool_t *pool)
{
    return key_file_save(path, key->bytes, pool);
}
