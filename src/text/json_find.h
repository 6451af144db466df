/* The search that a JSON scanner spends its time in: the end of a run of plain string bytes. */
#ifndef TEXT_JSON_FIND_H
#define TEXT_JSON_FIND_H

#include <apr.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Quote, backslash and the control bytes that Python refuses within a string. */
static inline int json_is_special(unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

#ifdef __SSE2__

#define JSON_FIND_BLOCK 16

/* The place of the first special byte in the block, or JSON_FIND_BLOCK. */
static inline unsigned json_find_in_block(const char *data)
{
    const __m128i control = _mm_set1_epi8(0x1f);
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)data);
    __m128i hits = _mm_cmpeq_epi8(_mm_min_epu8(block, control), block);

    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8('"')));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
    return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(hits) | 1u << JSON_FIND_BLOCK);
}

#else

#define JSON_FIND_BLOCK 8

/* Eight bytes in one word: (x - 0x01..) & ~x has the high bit of each zero byte, and perhaps of
 * bytes after the first one, so a hit is looked at byte by byte. */
static inline unsigned json_find_in_block(const char *data)
{
    const apr_uint64_t ones = APR_UINT64_C(0x0101010101010101);
    const apr_uint64_t highs = APR_UINT64_C(0x8080808080808080);
    apr_uint64_t block, quote, backslash;
    unsigned n = 0;

    memcpy(&block, data, sizeof(block));
    quote = block ^ ones * '"';
    backslash = block ^ ones * '\\';
    if (!((((block - ones * 0x20) & ~block) | ((quote - ones) & ~quote) |
           ((backslash - ones) & ~backslash)) &
          highs)) {
        return JSON_FIND_BLOCK;
    }
    while (n < JSON_FIND_BLOCK && !json_is_special((unsigned char)data[n])) {
        n++;
    }
    return n;
}

#endif

/* The first special byte in [data, end), or end. */
static inline const char *json_find_special(const char *data, const char *end)
{
    while (end - data >= JSON_FIND_BLOCK) {
        unsigned n = json_find_in_block(data);

        data += n;
        if (n < JSON_FIND_BLOCK) {
            return data;
        }
    }
    while (data < end && !json_is_special((unsigned char)*data)) {
        data++;
    }
    return data;
}

#endif
