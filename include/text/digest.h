/* SHA-256, HMAC-SHA256, SHAKE256 and randomness, by libcrypto. Safe in every thread and process;
 * never blocks (randomness does not either once the system has started). */
#ifndef TEXT_DIGEST_H
#define TEXT_DIGEST_H

#include <apr_errno.h>
#include <apr_pools.h>

#define DIGEST_SIZE 32
#define DIGEST_HEX_SIZE (2 * DIGEST_SIZE + 1)

typedef struct digest_t digest_t; /* a SHA-256 under way */

digest_t *digest_create(apr_pool_t *pool);
void digest_update(digest_t *digest, const void *data, apr_size_t length);
/* Gives the result and makes the digest ready for another text. */
void digest_finish(digest_t *digest, unsigned char result[DIGEST_SIZE]);

/* SHAKE256: as many bytes as are asked for. */
void digest_shake256(const void *data, apr_size_t length, unsigned char *result,
                     apr_size_t result_length);

void digest_sha256(const void *data, apr_size_t length, unsigned char result[DIGEST_SIZE]);
/* HMAC-SHA256 with a key of DIGEST_SIZE bytes over the two pieces in a row. */
void digest_hmac(const unsigned char key[DIGEST_SIZE], const void *first, apr_size_t first_length,
                 const void *second, apr_size_t second_length, unsigned char result[DIGEST_SIZE]);

void digest_hex(const unsigned char *data, apr_size_t length, char *hex); /* 2*length+1 bytes */
void digest_sha256_hex(const void *data, apr_size_t length, char hex[DIGEST_HEX_SIZE]);
/* APR_EINVAL unless hex is exactly 2*length lower- or upper-case hex digits. */
apr_status_t digest_unhex(const char *hex, unsigned char *data, apr_size_t length);

apr_status_t digest_random(void *data, apr_size_t length);

/* 1 if equal, in time that depends on length only. */
int digest_equal(const void *left, const void *right, apr_size_t length);

/* SipHash-2-4 with a 16-byte key: places hash table slots out of an attacker's reach. */
apr_uint64_t digest_siphash(const unsigned char key[16], const void *data, apr_size_t length);

#endif
