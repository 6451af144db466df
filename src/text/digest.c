#include "text/digest.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "hex.h"

#define BLOCK_SIZE 64 /* SHA-256's block, to which HMAC pads its key */

struct digest_t {
    EVP_MD_CTX *context;
};

/* Fetched once: an implicit fetch in each init costs more than a short hash itself. The reference
 * is never given back, for httpd unloads and reloads this object and libcrypto may be cleaned up
 * before it at exit; it counts on a method that libcrypto keeps in its own cache anyway. */
static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *sha256, *shake256;

/* Neither out of memory nor a libcrypto without SHA-256 leaves a trail worth keeping, and a wrong
 * hash must never pass for a right one. */
static void require(int done)
{
    if (done != 1) {
        fputs("mod_user_audit: libcrypto cannot compute SHA-2 or SHA-3 (out of memory, or a broken "
              "openssl.cnf)\n",
              stderr);
        abort();
    }
}

static void fetch_digests(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    shake256 = EVP_MD_fetch(NULL, "SHAKE256", NULL);
    require(sha256 != NULL && shake256 != NULL);
}

static void start(EVP_MD_CTX *context)
{
    require(EVP_DigestInit_ex2(context, sha256, NULL));
}

static void finish(EVP_MD_CTX *context, unsigned char result[DIGEST_SIZE])
{
    require(EVP_DigestFinal_ex(context, result, NULL));
}

static EVP_MD_CTX *context_create(void)
{
    EVP_MD_CTX *context;

    pthread_once(&fetched, fetch_digests);
    context = EVP_MD_CTX_new();
    require(context != NULL);
    return context;
}

static apr_status_t context_free(void *context)
{
    EVP_MD_CTX_free(context);
    return APR_SUCCESS;
}

digest_t *digest_create(apr_pool_t *pool)
{
    digest_t *digest = apr_palloc(pool, sizeof(*digest));

    digest->context = context_create();
    apr_pool_cleanup_register(pool, digest->context, context_free, apr_pool_cleanup_null);
    start(digest->context);
    return digest;
}

void digest_update(digest_t *digest, const void *data, apr_size_t length)
{
    require(EVP_DigestUpdate(digest->context, data, length));
}

void digest_finish(digest_t *digest, unsigned char result[DIGEST_SIZE])
{
    finish(digest->context, result);
    start(digest->context);
}

void digest_sha256(const void *data, apr_size_t length, unsigned char result[DIGEST_SIZE])
{
    EVP_MD_CTX *context = context_create();

    start(context);
    require(EVP_DigestUpdate(context, data, length));
    finish(context, result);
    EVP_MD_CTX_free(context);
}

void digest_shake256(const void *data, apr_size_t length, unsigned char *result,
                     apr_size_t result_length)
{
    EVP_MD_CTX *context = context_create();

    require(EVP_DigestInit_ex2(context, shake256, NULL));
    require(EVP_DigestUpdate(context, data, length));
    require(EVP_DigestFinalXOF(context, result, result_length));
    EVP_MD_CTX_free(context);
}

static void update_padded_key(EVP_MD_CTX *context, const unsigned char key[DIGEST_SIZE],
                              unsigned char pad)
{
    unsigned char block[BLOCK_SIZE];

    memset(block, pad, sizeof(block));
    for (int i = 0; i < DIGEST_SIZE; i++) {
        block[i] ^= key[i];
    }
    require(EVP_DigestUpdate(context, block, sizeof(block)));
    OPENSSL_cleanse(block, sizeof(block));
}

/* By hand (RFC 2104) over the fetched SHA-256: libcrypto's EVP_MAC would fetch, copy parameters
 * and allocate for each message. */
void digest_hmac(const unsigned char key[DIGEST_SIZE], const void *first, apr_size_t first_length,
                 const void *second, apr_size_t second_length, unsigned char result[DIGEST_SIZE])
{
    EVP_MD_CTX *context = context_create();

    start(context);
    update_padded_key(context, key, 0x36);
    require(EVP_DigestUpdate(context, first, first_length));
    require(EVP_DigestUpdate(context, second, second_length));
    finish(context, result);

    start(context);
    update_padded_key(context, key, 0x5c);
    require(EVP_DigestUpdate(context, result, DIGEST_SIZE));
    finish(context, result);
    EVP_MD_CTX_free(context);
}

void digest_hex(const unsigned char *data, apr_size_t length, char *hex)
{
    static const char digits[] = "0123456789abcdef";

    for (apr_size_t i = 0; i < length; i++) {
        *hex++ = digits[data[i] >> 4];
        *hex++ = digits[data[i] & 15];
    }
    *hex = '\0';
}

void digest_sha256_hex(const void *data, apr_size_t length, char hex[DIGEST_HEX_SIZE])
{
    unsigned char digest[DIGEST_SIZE];

    digest_sha256(data, length, digest);
    digest_hex(digest, sizeof(digest), hex);
}

apr_status_t digest_unhex(const char *hex, unsigned char *data, apr_size_t length)
{
    for (apr_size_t i = 0; i < length; i++, hex += 2) {
        int high = hex_value(hex[0]);
        int low = high < 0 ? -1 : hex_value(hex[1]);

        if (low < 0) {
            return APR_EINVAL;
        }
        data[i] = (unsigned char)(high << 4 | low);
    }
    return *hex ? APR_EINVAL : APR_SUCCESS;
}

apr_status_t digest_random(void *data, apr_size_t length)
{
    if (length > INT_MAX) {
        return APR_EINVAL;
    }
    return RAND_bytes(data, (int)length) == 1 ? APR_SUCCESS : APR_EGENERAL;
}

int digest_equal(const void *left, const void *right, apr_size_t length)
{
    return CRYPTO_memcmp(left, right, length) == 0;
}

static apr_uint64_t rotate(apr_uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static apr_uint64_t little_endian(const unsigned char *data, apr_size_t length)
{
    apr_uint64_t word = 0;

    for (apr_size_t i = 0; i < length; i++) {
        word |= (apr_uint64_t)data[i] << (8 * i);
    }
    return word;
}

static apr_uint64_t whole_word(const unsigned char *data)
{
    apr_uint64_t word;

    memcpy(&word, data, sizeof(word));
#if APR_IS_BIGENDIAN
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline void siphash_round(apr_uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static inline void siphash_word(apr_uint64_t v[4], apr_uint64_t word)
{
    v[3] ^= word;
    siphash_round(v);
    siphash_round(v);
    v[0] ^= word;
}

apr_uint64_t digest_siphash(const unsigned char key[16], const void *data, apr_size_t length)
{
    apr_uint64_t low = whole_word(key), high = whole_word(key + 8);
    apr_uint64_t v[4] = {low ^ 0x736f6d6570736575ULL, high ^ 0x646f72616e646f6dULL,
                         low ^ 0x6c7967656e657261ULL, high ^ 0x7465646279746573ULL};
    const unsigned char *byte = data;
    apr_size_t left = length;

    for (; left >= 8; left -= 8, byte += 8) {
        siphash_word(v, whole_word(byte));
    }
    siphash_word(v, little_endian(byte, left) | (apr_uint64_t)(length & 255) << 56);
    v[2] ^= 255;
    for (int round = 0; round < 4; round++) {
        siphash_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
