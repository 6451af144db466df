#include "address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>

#include "text/digest.h"

#define ADDRESS_BYTES 16
#define ADDRESS_MAPPED 12 /* bytes before an IPv4 address: ten of 0, two of 255 */
#define ADDRESS_MAX_TEXT 64

/* *bits: of this family's addresses. A zone ("%eth0") means nothing on another machine. */
static apr_status_t address_parse(const char *text, apr_size_t length,
                                  unsigned char bytes[ADDRESS_BYTES], int *bits)
{
    char address[ADDRESS_MAX_TEXT];
    const char *zone = memchr(text, '%', length);

    if (zone) {
        length = (apr_size_t)(zone - text);
    }
    if (length >= sizeof(address)) {
        return APR_EINVAL;
    }
    memcpy(address, text, length);
    address[length] = '\0';
    *bits = 128;
    if (inet_pton(AF_INET6, address, bytes) == 1) {
        return APR_SUCCESS;
    }
    *bits = 32;
    memset(bytes, 0, ADDRESS_MAPPED);
    memset(bytes + ADDRESS_MAPPED - 2, 0xff, 2);
    return inet_pton(AF_INET, address, bytes + ADDRESS_MAPPED) == 1 ? APR_SUCCESS : APR_EINVAL;
}

apr_status_t address_key(const char *text, char key[ADDRESS_KEY_SIZE])
{
    unsigned char bytes[ADDRESS_BYTES];
    int bits;
    apr_status_t status = address_parse(text, strlen(text), bytes, &bits);

    if (!status) {
        digest_hex(bytes, sizeof(bytes), key);
    }
    return status;
}

static apr_status_t prefix_parse(const char *text, int most, int *prefix)
{
    apr_size_t length = strspn(text, "0123456789");

    if (length < 1 || length > 3 || text[length]) {
        return APR_EINVAL;
    }
    *prefix = atoi(text);
    return *prefix <= most ? APR_SUCCESS : APR_EINVAL;
}

apr_status_t address_range(const char *text, char first[ADDRESS_KEY_SIZE],
                           char last[ADDRESS_KEY_SIZE])
{
    unsigned char low[ADDRESS_BYTES], high[ADDRESS_BYTES];
    const char *slash = strchr(text, '/');
    int bits, prefix;
    apr_status_t status;

    status = address_parse(text, slash ? (apr_size_t)(slash - text) : strlen(text), low, &bits);
    if (status) {
        return status;
    }
    prefix = bits;
    if (slash && (status = prefix_parse(slash + 1, bits, &prefix))) {
        return status;
    }
    prefix += 8 * ADDRESS_BYTES - bits;
    memcpy(high, low, sizeof(high));
    for (int bit = prefix; bit < 8 * ADDRESS_BYTES; bit++) {
        unsigned char mask = (unsigned char)(0x80 >> bit % 8);

        low[bit / 8] = (unsigned char)(low[bit / 8] & ~mask);
        high[bit / 8] |= mask;
    }
    digest_hex(low, sizeof(low), first);
    digest_hex(high, sizeof(high), last);
    return APR_SUCCESS;
}
