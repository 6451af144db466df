#include "trail/crc32c.h"

#include <string.h>

#define CRC32C_POLYNOMIAL 0x82f63b78u /* bits reversed */
#define CRC32C_SLICES 8

static apr_uint32_t slices[CRC32C_SLICES][256];

static void fill_slices(void)
{
    for (apr_uint32_t byte = 0; byte < 256; byte++) {
        apr_uint32_t crc = byte;

        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) ? CRC32C_POLYNOMIAL : 0);
        }
        slices[0][byte] = crc;
    }
    for (int slice = 1; slice < CRC32C_SLICES; slice++) {
        for (int byte = 0; byte < 256; byte++) {
            apr_uint32_t before = slices[slice - 1][byte];

            slices[slice][byte] = (before >> 8) ^ slices[0][before & 0xff];
        }
    }
}

static apr_uint32_t little_endian(const unsigned char *bytes)
{
    return bytes[0] | (apr_uint32_t)bytes[1] << 8 | (apr_uint32_t)bytes[2] << 16 |
           (apr_uint32_t)bytes[3] << 24;
}

static apr_uint32_t eight_bytes(apr_uint32_t crc, const unsigned char *bytes)
{
    apr_uint32_t low = crc ^ little_endian(bytes), high = little_endian(bytes + 4);

    return slices[7][low & 0xff] ^ slices[6][low >> 8 & 0xff] ^ slices[5][low >> 16 & 0xff] ^
           slices[4][low >> 24] ^ slices[3][high & 0xff] ^ slices[2][high >> 8 & 0xff] ^
           slices[1][high >> 16 & 0xff] ^ slices[0][high >> 24];
}

apr_uint32_t crc32c_portable(apr_uint32_t crc, const void *data, apr_size_t length)
{
    const unsigned char *bytes = data;

    crc = ~crc;
    for (; length >= 8; length -= 8, bytes += 8) {
        crc = eight_bytes(crc, bytes);
    }
    for (; length > 0; length--, bytes++) {
        crc = (crc >> 8) ^ slices[0][(crc ^ *bytes) & 0xff];
    }
    return ~crc;
}

typedef apr_uint32_t (*crc32c_t)(apr_uint32_t crc, const void *data, apr_size_t length);
static crc32c_t chosen = crc32c_portable;

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static apr_uint32_t
crc32c_sse42(apr_uint32_t crc, const void *data, apr_size_t length)
{
    const unsigned char *bytes = data;
    apr_uint64_t wide = (apr_uint32_t)~crc, word;

    for (; length >= 8; length -= 8, bytes += 8) {
        memcpy(&word, bytes, sizeof(word));
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (apr_uint32_t)wide;
    for (; length > 0; length--, bytes++) {
        crc = _mm_crc32_u8(crc, *bytes);
    }
    return ~crc;
}

static void choose(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.2")) {
        chosen = crc32c_sse42;
    }
}
#else
static void choose(void)
{
}
#endif

/* Before main, or while the module is being loaded: no thread of ours exists, so no lock. */
__attribute__((constructor)) static void prepare(void)
{
    fill_slices();
    choose();
}

apr_uint32_t crc32c(apr_uint32_t crc, const void *data, apr_size_t length)
{
    return chosen(crc, data, length);
}
