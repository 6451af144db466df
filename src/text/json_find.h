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
#define JSON_FIND_STRIDE (4 * JSON_FIND_BLOCK)

/* 0xff for each special byte of the block. */
static inline __m128i json_find_hits(const char *data)
{
    const __m128i control = _mm_set1_epi8(0x1f);
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)data);
    __m128i hits = _mm_cmpeq_epi8(_mm_min_epu8(block, control), block);

    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8('"')));
    return _mm_or_si128(hits, _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
}

/* Not 0 if there is a special byte in the block; the lowest bit set tells its place. */
static inline unsigned json_find_in_block(const char *data)
{
    return (unsigned)_mm_movemask_epi8(json_find_hits(data));
}

static inline unsigned json_find_place(unsigned found)
{
    return (unsigned)__builtin_ctz(found);
}

static inline int json_find_in_stride(const char *data)
{
    __m128i low = _mm_or_si128(json_find_hits(data), json_find_hits(data + JSON_FIND_BLOCK));
    __m128i high = _mm_or_si128(json_find_hits(data + 2 * JSON_FIND_BLOCK),
                                json_find_hits(data + 3 * JSON_FIND_BLOCK));

    return _mm_movemask_epi8(_mm_or_si128(low, high));
}

#else

#define JSON_FIND_BLOCK 8
#define JSON_FIND_STRIDE JSON_FIND_BLOCK

/* One more than the place of the first special byte in the block, or 0. Eight bytes in one word:
 * (x - 0x01..) & ~x has the high bit of each zero byte set, and perhaps that of bytes beside it,
 * so a hit is looked at byte by byte. */
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
        return 0;
    }
    while (n < JSON_FIND_BLOCK && !json_is_special((unsigned char)data[n])) {
        n++;
    }
    return n < JSON_FIND_BLOCK ? n + 1 : 0;
}

static inline unsigned json_find_place(unsigned found)
{
    return found - 1;
}

static inline int json_find_in_stride(const char *data)
{
    return json_find_in_block(data) != 0;
}

#endif

/* The first special byte in [data, end), or end. */
static inline const char *json_find_special(const char *data, const char *end)
{
    while (end - data >= JSON_FIND_BLOCK) {
        unsigned found = json_find_in_block(data);

        if (found) {
            return data + json_find_place(found);
        }
        data += JSON_FIND_BLOCK;
        while (end - data >= JSON_FIND_STRIDE && !json_find_in_stride(data)) {
            data += JSON_FIND_STRIDE;
        }
    }
    while (data < end && !json_is_special((unsigned char)*data)) {
        data++;
    }
    return data;
}

#endif
