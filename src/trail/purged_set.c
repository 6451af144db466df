#include "trail/purged_set.h"

#include <string.h>

#include <apr_strings.h>

#define BYTES (2 * PURGED_SET_LANES)
#define RANGE_TEXT_SIZE 512 /* a node's name of 128 bytes, two numbers, two hashes */

static void lanes_of(const purged_range_t *range, apr_uint16_t lane[PURGED_SET_LANES])
{
    char text[RANGE_TEXT_SIZE];
    unsigned char bytes[BYTES];
    int length =
        apr_snprintf(text, sizeof(text), "%s\n%" APR_INT64_T_FMT "\n%" APR_INT64_T_FMT "\n%s\n%s\n",
                     range->node, range->first, range->last, range->before, range->hash);

    digest_shake256(text, (apr_size_t)length, bytes, sizeof(bytes));
    for (int i = 0; i < PURGED_SET_LANES; i++) {
        lane[i] = (apr_uint16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
    }
}

void purged_set_add(purged_set_t *set, const purged_range_t *range)
{
    apr_uint16_t lane[PURGED_SET_LANES];

    lanes_of(range, lane);
    for (int i = 0; i < PURGED_SET_LANES; i++) {
        set->lane[i] = (apr_uint16_t)(set->lane[i] + lane[i]);
    }
}

void purged_set_remove(purged_set_t *set, const purged_range_t *range)
{
    apr_uint16_t lane[PURGED_SET_LANES];

    lanes_of(range, lane);
    for (int i = 0; i < PURGED_SET_LANES; i++) {
        set->lane[i] = (apr_uint16_t)(set->lane[i] - lane[i]);
    }
}

static void to_bytes(const purged_set_t *set, unsigned char bytes[BYTES])
{
    for (int i = 0; i < PURGED_SET_LANES; i++) {
        bytes[2 * i] = (unsigned char)(set->lane[i] & 0xff);
        bytes[2 * i + 1] = (unsigned char)(set->lane[i] >> 8);
    }
}

void purged_set_digest(const purged_set_t *set, char hex[DIGEST_HEX_SIZE])
{
    unsigned char bytes[BYTES];

    to_bytes(set, bytes);
    digest_sha256_hex(bytes, sizeof(bytes), hex);
}

void purged_set_write(const purged_set_t *set, char text[PURGED_SET_TEXT_SIZE])
{
    unsigned char bytes[BYTES];

    to_bytes(set, bytes);
    digest_hex(bytes, sizeof(bytes), text);
}

apr_status_t purged_set_read(purged_set_t *set, const char *text)
{
    unsigned char bytes[BYTES];
    apr_status_t status = digest_unhex(text, bytes, sizeof(bytes));

    for (int i = 0; status == APR_SUCCESS && i < PURGED_SET_LANES; i++) {
        set->lane[i] = (apr_uint16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
    }
    return status;
}
