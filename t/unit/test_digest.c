#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <pthread.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "text/digest.h"

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static apr_pool_t *pool;

static void assert_hex(const unsigned char result[DIGEST_SIZE], const char *expected)
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(result, DIGEST_SIZE, hex);
    assert_string_equal(hex, expected);
}

static void sha256_gives_the_standard_vectors(void **state)
{
    unsigned char result[DIGEST_SIZE];

    (void)state;
    digest_sha256("abc", 3, result);
    assert_hex(result, ABC);
    digest_sha256("", 0, result);
    assert_hex(result, EMPTY);
}

static void pieces_give_what_the_whole_gives_and_finish_starts_anew(void **state)
{
    digest_t *digest = digest_create(pool);
    unsigned char result[DIGEST_SIZE];

    (void)state;
    digest_update(digest, "a", 1);
    digest_update(digest, "", 0);
    digest_update(digest, "bc", 2);
    digest_finish(digest, result);
    assert_hex(result, ABC);
    digest_finish(digest, result);
    assert_hex(result, EMPTY);
    digest_update(digest, "abc", 3);
    digest_finish(digest, result);
    assert_hex(result, ABC);
}

static void hmac_agrees_with_libcrypto_however_the_text_is_split(void **state)
{
    unsigned char key[DIGEST_SIZE], text[300], expected[DIGEST_SIZE], result[DIGEST_SIZE];

    (void)state;
    assert_int_equal(digest_random(key, sizeof(key)), APR_SUCCESS);
    assert_int_equal(digest_random(text, sizeof(text)), APR_SUCCESS);
    assert_non_null(HMAC(EVP_sha256(), key, sizeof(key), text, sizeof(text), expected, NULL));
    for (apr_size_t cut = 0; cut <= sizeof(text); cut++) {
        digest_hmac(key, text, cut, text + cut, sizeof(text) - cut, result);
        assert_memory_equal(result, expected, DIGEST_SIZE);
    }
    key[31] ^= 1;
    digest_hmac(key, text, sizeof(text), NULL, 0, result);
    assert_memory_not_equal(result, expected, DIGEST_SIZE);
}

static void hex_goes_there_and_back(void **state)
{
    const unsigned char bytes[] = {0x00, 0x9a, 0xff};
    unsigned char back[3];
    char hex[7];

    (void)state;
    digest_hex(bytes, 3, hex);
    assert_string_equal(hex, "009aff");
    assert_int_equal(digest_unhex(hex, back, 3), APR_SUCCESS);
    assert_memory_equal(back, bytes, 3);
    assert_int_equal(digest_unhex("009AFF", back, 3), APR_SUCCESS);
    assert_memory_equal(back, bytes, 3);
    assert_int_equal(digest_unhex("", back, 0), APR_SUCCESS);
}

static void unhex_refuses_what_is_no_hex_of_that_length(void **state)
{
    static const char *const wrong[] = {"",
                                        "00",
                                        "009af",
                                        "009aff0",
                                        "009aff00",
                                        "0 9aff",
                                        "0x9aff",
                                        "009afg",
                                        "009a/f",
                                        "009a:f",
                                        "009a@ff",
                                        "\xff"
                                        "09aff"};
    unsigned char back[3];

    (void)state;
    for (apr_size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_int_equal(digest_unhex(wrong[i], back, 3), APR_EINVAL);
    }
}

static void random_bytes_differ_and_fill_the_whole_buffer(void **state)
{
    unsigned char first[64], second[64];

    (void)state;
    assert_int_equal(digest_random(first, sizeof(first)), APR_SUCCESS);
    assert_int_equal(digest_random(second, sizeof(second)), APR_SUCCESS);
    for (int i = 0; i < 64; i += 16) {
        assert_memory_not_equal(first + i, second + i, 16);
    }
    assert_int_equal(digest_random(first, (apr_size_t)-1), APR_EINVAL);
}

static void equal_looks_at_every_byte(void **state)
{
    unsigned char left[33] = {0}, right[33] = {0};

    (void)state;
    assert_true(digest_equal(left, right, 33));
    for (int i = 0; i < 33; i++) {
        right[i] = 0x80;
        assert_false(digest_equal(left, right, 33));
        right[i] = 0;
    }
    right[32] = 1;
    assert_true(digest_equal(left, right, 32));
    assert_true(digest_equal(left, right, 0));
}

/* The vectors of the SipHash paper's reference code: key 00..0f, text of n bytes 00..n-1. */
static void siphash_gives_the_reference_vectors(void **state)
{
    static const apr_uint64_t expected[16] = {
        0x726fdb47dd0e0e31ULL, 0x74f839c593dc67fdULL, 0x0d6c8009d9a94f5aULL, 0x85676696d7fb7e2dULL,
        0xcf2794e0277187b7ULL, 0x18765564cd99a68dULL, 0xcbc9466e58fee3ceULL, 0xab0200f58b01d137ULL,
        0x93f5f5799a932462ULL, 0x9e0082df0ba9e4b0ULL, 0x7a5dbbc594ddb9f3ULL, 0xf4b32f46226bada7ULL,
        0x751e8fbc860ee5fbULL, 0x14ea5627c0843d90ULL, 0xf723ca908e7af2eeULL, 0xa129ca6149be45e5ULL};
    unsigned char key[16], text[16];

    (void)state;
    for (int i = 0; i < 16; i++) {
        key[i] = text[i] = (unsigned char)i;
    }
    for (apr_size_t length = 0; length < 16; length++) {
        assert_true(digest_siphash(key, text, length) == expected[length]);
    }
}

static void siphash_agrees_with_libcrypto(void **state)
{
    EVP_MAC *siphash = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    unsigned char key[16], text[300], expected[8];

    (void)state;
    assert_non_null(siphash);
    assert_int_equal(digest_random(key, sizeof(key)), APR_SUCCESS);
    assert_int_equal(digest_random(text, sizeof(text)), APR_SUCCESS);
    for (apr_size_t length = 0; length <= sizeof(text); length++) {
        apr_size_t size = 8;
        OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t("size", &size),
                                   OSSL_PARAM_construct_end()};
        EVP_MAC_CTX *mac = EVP_MAC_CTX_new(siphash);
        apr_uint64_t hash = digest_siphash(key, text, length);

        assert_int_equal(EVP_MAC_init(mac, key, sizeof(key), parameters), 1);
        assert_int_equal(EVP_MAC_update(mac, text, length), 1);
        assert_int_equal(EVP_MAC_final(mac, expected, NULL, sizeof(expected)), 1);
        EVP_MAC_CTX_free(mac);
        for (int i = 0; i < 8; i++) {
            assert_int_equal((unsigned char)(hash >> (8 * i)), expected[i]);
        }
    }
    EVP_MAC_free(siphash);
}

static void *hash_often(void *wrong)
{
    unsigned char result[DIGEST_SIZE], expected[DIGEST_SIZE];

    digest_unhex(ABC, expected, DIGEST_SIZE);
    for (int i = 0; i < 2000; i++) {
        digest_sha256("abc", 3, result);
        *(int *)wrong |= memcmp(result, expected, DIGEST_SIZE) != 0;
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
    pthread_t threads[4];
    int wrong[4] = {0};

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hash_often, &wrong[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_standard_vectors),
        cmocka_unit_test(pieces_give_what_the_whole_gives_and_finish_starts_anew),
        cmocka_unit_test(hmac_agrees_with_libcrypto_however_the_text_is_split),
        cmocka_unit_test(hex_goes_there_and_back),
        cmocka_unit_test(unhex_refuses_what_is_no_hex_of_that_length),
        cmocka_unit_test(random_bytes_differ_and_fill_the_whole_buffer),
        cmocka_unit_test(equal_looks_at_every_byte),
        cmocka_unit_test(siphash_gives_the_reference_vectors),
        cmocka_unit_test(siphash_agrees_with_libcrypto),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
