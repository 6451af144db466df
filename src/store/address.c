#include "address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "text/digest.h"

#define ADDRESS_MAX_BYTES 16
#define ADDRESS_MAX_TEXT 64
#define ADDRESS_MAPPED 12 /* bytes before an IPv4 address mapped into IPv6 */

typedef struct address_t {
    unsigned char bytes[ADDRESS_MAX_BYTES];
    int length;   /* 4 or 16 */
    int unmapped; /* bits of the written form that length leaves out */
} address_t;

static void unmap(address_t *address)
{
    static const unsigned char mapped[ADDRESS_MAPPED] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (!memcmp(address->bytes, mapped, sizeof(mapped))) {
        memmove(address->bytes, address->bytes + ADDRESS_MAPPED, 4);
        address->length = 4;
        address->unmapped = 8 * ADDRESS_MAPPED;
    }
}

static apr_status_t address_parse(const char *text, apr_size_t length, address_t *address)
{
    char copy[ADDRESS_MAX_TEXT];
    const char *zone = memchr(text, '%', length);

    /* A zone ("%eth0") means nothing on another machine. */
    if (zone) {
        length = (apr_size_t)(zone - text);
    }
    if (length >= sizeof(copy)) {
        return APR_EINVAL;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    address->unmapped = 0;
    address->length = 4;
    if (inet_pton(AF_INET, copy, address->bytes) == 1) {
        return APR_SUCCESS;
    }
    address->length = ADDRESS_MAX_BYTES;
    if (inet_pton(AF_INET6, copy, address->bytes) != 1) {
        return APR_EINVAL;
    }
    unmap(address);
    return APR_SUCCESS;
}

static void write_key(const address_t *address, char key[ADDRESS_KEY_SIZE])
{
    key[0] = address->length == 4 ? '4' : '6';
    digest_hex(address->bytes, (apr_size_t)address->length, key + 1);
}

apr_status_t address_key(const char *text, char key[ADDRESS_KEY_SIZE])
{
    address_t address;
    apr_status_t status = address_parse(text, strlen(text), &address);

    if (!status) {
        write_key(&address, key);
    }
    return status;
}

/* The bits of the address that count. */
static apr_status_t prefix_parse(const char *text, const address_t *address, int *prefix)
{
    apr_size_t length = strspn(text, "0123456789");

    if (length < 1 || length > 3 || text[length]) {
        return APR_EINVAL;
    }
    *prefix = atoi(text) - address->unmapped;
    return *prefix >= 0 && *prefix <= 8 * address->length ? APR_SUCCESS : APR_EINVAL;
}

apr_status_t address_range(const char *text, char first[ADDRESS_KEY_SIZE],
                           char last[ADDRESS_KEY_SIZE])
{
    const char *slash = strchr(text, '/');
    address_t low, high;
    int prefix;
    apr_status_t status;

    status = address_parse(text, slash ? (apr_size_t)(slash - text) : strlen(text), &low);
    if (status) {
        return status;
    }
    prefix = 8 * low.length;
    if (slash && (status = prefix_parse(slash + 1, &low, &prefix))) {
        return status;
    }
    high = low;
    for (int bit = prefix; bit < 8 * low.length; bit++) {
        unsigned char mask = (unsigned char)(0x80 >> bit % 8);

        low.bytes[bit / 8] = (unsigned char)(low.bytes[bit / 8] & ~mask);
        high.bytes[bit / 8] |= mask;
    }
    write_key(&low, first);
    write_key(&high, last);
    return APR_SUCCESS;
}
