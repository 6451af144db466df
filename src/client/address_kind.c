#include "address_kind.h"

#include <arpa/inet.h>
#include <string.h>

static void set_ipv4(struct sockaddr_storage *address, const void *bytes)
{
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)address;

    memset(address, 0, sizeof(*address));
    ipv4->sin_family = AF_INET;
    memcpy(&ipv4->sin_addr, bytes, sizeof(ipv4->sin_addr));
}

static void set_ipv6(struct sockaddr_storage *address, const struct in6_addr *bytes)
{
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)address;

    memset(address, 0, sizeof(*address));
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_addr = *bytes;
}

int address_read(const char *text, struct sockaddr_storage *address)
{
    char plain[INET6_ADDRSTRLEN];
    struct in_addr ipv4;
    struct in6_addr ipv6;
    size_t length = strcspn(text, "%");

    if (length >= sizeof(plain)) {
        return 0;
    }
    memcpy(plain, text, length);
    plain[length] = '\0';
    if (inet_pton(AF_INET, plain, &ipv4) == 1) {
        set_ipv4(address, &ipv4);
        return 1;
    }
    if (inet_pton(AF_INET6, plain, &ipv6) != 1) {
        return 0;
    }
    if (IN6_IS_ADDR_V4MAPPED(&ipv6)) {
        set_ipv4(address, ipv6.s6_addr + 12);
    }
    else {
        set_ipv6(address, &ipv6);
    }
    return 1;
}

typedef struct block_t {
    int family;
    unsigned char bytes[16];
    unsigned bits;
} block_t;

static const block_t private_blocks[] = {
    {AF_INET, {10}, 8},          {AF_INET, {172, 16}, 12},  {AF_INET, {192, 168}, 16},
    {AF_INET, {127}, 8},         {AF_INET, {169, 254}, 16}, {AF_INET, {100, 64}, 10},
    {AF_INET6, {[15] = 1}, 128}, {AF_INET6, {0xfc}, 7},     {AF_INET6, {0xfe, 0x80}, 10},
};

static const unsigned char *bytes_of(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET
               ? (const unsigned char *)&((const struct sockaddr_in *)address)->sin_addr
               : ((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr;
}

static int is_in(const block_t *block, const unsigned char *bytes)
{
    unsigned whole = block->bits / 8, rest = block->bits % 8;

    return !memcmp(bytes, block->bytes, whole) &&
           (!rest || (bytes[whole] ^ block->bytes[whole]) >> (8 - rest) == 0);
}

int address_is_private(const struct sockaddr_storage *address)
{
    for (size_t i = 0; i < sizeof(private_blocks) / sizeof(*private_blocks); i++) {
        if (private_blocks[i].family == address->ss_family &&
            is_in(&private_blocks[i], bytes_of(address))) {
            return 1;
        }
    }
    return 0;
}
