/* Ed25519 signatures, by libcrypto. Pure; safe in every thread and process. */
#ifndef TEXT_SIGNATURE_H
#define TEXT_SIGNATURE_H

#include <apr_errno.h>

#define SIGNATURE_KEY_SIZE 32 /* of a private and of a public key */
#define SIGNATURE_SIZE 64

/* The public key of a private one. APR_EGENERAL if libcrypto has no Ed25519. */
apr_status_t signature_public_key(const unsigned char key[SIGNATURE_KEY_SIZE],
                                  unsigned char public_key[SIGNATURE_KEY_SIZE]);

apr_status_t signature_sign(const unsigned char key[SIGNATURE_KEY_SIZE], const void *data,
                            apr_size_t length, unsigned char signature[SIGNATURE_SIZE]);

/* 1 if the owner of that public key signed the data. */
int signature_valid(const unsigned char public_key[SIGNATURE_KEY_SIZE], const void *data,
                    apr_size_t length, const unsigned char signature[SIGNATURE_SIZE]);

#endif
