#include "address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "store/store.h"
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

int store_is_network(const char *text)
{
    char first[ADDRESS_KEY_SIZE], last[ADDRESS_KEY_SIZE];

    return address_range(text, first, last) == APR_SUCCESS;
}

/* Lengths of prefixes, the family's digit included. */
static const int levels_of_ipv4[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0};
static const int levels_of_ipv6[] = {1, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 33, 0};

static const int *levels_of(const char *key)
{
    return *key == '4' ? levels_of_ipv4 : levels_of_ipv6;
}

int address_network(const char *key, int level, char network[ADDRESS_KEY_SIZE])
{
    int length = levels_of(key)[level];

    if (length == 0) {
        return 0;
    }
    apr_cpystrn(network, key, (apr_size_t)length + 1);
    return 1;
}

/* 1 if the range begins and ends where prefixes of this length do. */
static int is_whole(const char *first, const char *last, int length)
{
    return first[length + strspn(first + length, "0")] == '\0' &&
           last[length + strspn(last + length, "f")] == '\0';
}

/* How many prefixes of this length the range touches, ADDRESS_MAX_NETWORKS + 1 if more. */
static int networks_between(const char *first, const char *last, int length)
{
    apr_uint64_t count = 0;

    for (int i = 1; i < length; i++) {
        int low = first[i] <= '9' ? first[i] - '0' : first[i] - 'a' + 10;
        int high = last[i] <= '9' ? last[i] - '0' : last[i] - 'a' + 10;

        count = count * 16 + (apr_uint64_t)high - (apr_uint64_t)low;
        if (count >= ADDRESS_MAX_NETWORKS) {
            return ADDRESS_MAX_NETWORKS + 1;
        }
    }
    return (int)count + 1;
}

/* The next prefix of the same length. */
static void advance(char *network)
{
    char *digit = network + strlen(network) - 1;

    while (digit > network && *digit == 'f') {
        *digit-- = '0';
    }
    if (digit > network) {
        *digit = *digit == '9' ? 'a' : (char)(*digit + 1);
    }
}

const char *const *address_networks(const char *first, const char *last, int *exact,
                                    apr_pool_t *pool)
{
    const int *level = levels_of(first), *best = level;
    const char **networks;
    int count;

    /* The first level that the range is made of, else the last that does not take too many. */
    while (!is_whole(first, last, *best) && level[1] &&
           networks_between(first, last, level[1]) <= ADDRESS_MAX_NETWORKS) {
        best = ++level;
    }
    *exact = is_whole(first, last, *best);
    count = networks_between(first, last, *best);
    networks = apr_pcalloc(pool, ((apr_size_t)count + 1) * sizeof(*networks));
    for (int i = 0; i < count; i++) {
        char *network =
            i ? apr_pstrdup(pool, networks[i - 1]) : apr_pstrmemdup(pool, first, (apr_size_t)*best);

        if (i) {
            advance(network);
        }
        networks[i] = network;
    }
    return networks;
}
