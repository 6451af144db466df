#include "text/signature.h"

#include <openssl/evp.h>

apr_status_t signature_public_key(const unsigned char key[SIGNATURE_KEY_SIZE],
                                  unsigned char public_key[SIGNATURE_KEY_SIZE])
{
    EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key, SIGNATURE_KEY_SIZE);
    size_t length = SIGNATURE_KEY_SIZE;
    int done = own && EVP_PKEY_get_raw_public_key(own, public_key, &length) == 1 &&
               length == SIGNATURE_KEY_SIZE;

    EVP_PKEY_free(own);
    return done ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t signature_sign(const unsigned char key[SIGNATURE_KEY_SIZE], const void *data,
                            apr_size_t length, unsigned char signature[SIGNATURE_SIZE])
{
    EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key, SIGNATURE_KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = SIGNATURE_SIZE;
    int done = own && context && EVP_DigestSignInit(context, NULL, NULL, NULL, own) == 1 &&
               EVP_DigestSign(context, signature, &size, data, length) == 1 &&
               size == SIGNATURE_SIZE;

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(own);
    return done ? APR_SUCCESS : APR_EGENERAL;
}

int signature_valid(const unsigned char public_key[SIGNATURE_KEY_SIZE], const void *data,
                    apr_size_t length, const unsigned char signature[SIGNATURE_SIZE])
{
    EVP_PKEY *theirs =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, SIGNATURE_KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int valid = theirs && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, theirs) == 1 &&
                EVP_DigestVerify(context, signature, SIGNATURE_SIZE, data, length) == 1;

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(theirs);
    return valid;
}
