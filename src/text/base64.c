#include "text/base64.h"

static const unsigned char base64_bytes[256] = {
    ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['0' ... '9'] = 1, ['+'] = 1,  ['/'] = 1,
    ['='] = 1,         ['-'] = 1,         ['_'] = 1,         ['\n'] = 1, ['\r'] = 1,
};

int base64_only_bytewise(const char *data, apr_size_t length)
{
    unsigned char all = 1;

    for (apr_size_t i = 0; all && i < length; i++) {
        all = base64_bytes[(unsigned char)data[i]];
    }
    return all;
}

#ifdef BASE64_VECTORS

#include <immintrin.h>

#define SSE2_BLOCK 16
#define AVX2_BLOCK 32
#define AVX2_STRIDE (4 * AVX2_BLOCK)

static inline __m128i is_byte(__m128i bytes, char wanted)
{
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted));
}

static inline __m128i is_between(__m128i bytes, char first, char last)
{
    return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8((char)(first - 1))),
                         _mm_cmplt_epi8(bytes, _mm_set1_epi8((char)(last + 1))));
}

/* What the table says, for a block at once. */
static inline int is_base64_block(const char *data)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)data);
    __m128i letters = is_between(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
    __m128i digits = is_between(bytes, '/', '9');
    __m128i marks = _mm_or_si128(_mm_or_si128(is_byte(bytes, '+'), is_byte(bytes, '=')),
                                 _mm_or_si128(is_byte(bytes, '-'), is_byte(bytes, '_')));
    __m128i ends = _mm_or_si128(is_byte(bytes, '\n'), is_byte(bytes, '\r'));

    return _mm_movemask_epi8(
               _mm_or_si128(_mm_or_si128(letters, digits), _mm_or_si128(marks, ends))) == 0xffff;
}

int base64_only_sse2(const char *data, apr_size_t length)
{
    apr_size_t i = 0;

    while (length - i >= SSE2_BLOCK) {
        if (!is_base64_block(data + i)) {
            return 0;
        }
        i += SSE2_BLOCK;
    }
    return base64_only_bytewise(data + i, length - i);
}

#define AVX2 __attribute__((target("avx2")))

/* A bit for each group of high halves of a byte: a byte belongs to base64 if its low half is in
 * the set of its high half's group. */
#define CONTROLS 1       /* 0x0_: line feed, carriage return */
#define MARKS 2          /* 0x2_: + - / */
#define DIGITS 4         /* 0x3_: 0 to 9, = */
#define LETTERS 8        /* 0x4_ and 0x6_: A to O, a to o */
#define LAST_CAPITALS 16 /* 0x5_: P to Z, _ */
#define LAST_SMALL 32    /* 0x7_: p to z */

/* Not 0 for each byte that belongs to it. A shuffle gives 0 for an index above 0x7f, and so for
 * every byte that is no ASCII. */
AVX2 static inline __m256i belongs(const char *data)
{
    const __m256i groups = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(CONTROLS, 0, MARKS, DIGITS, LETTERS, LAST_CAPITALS, LETTERS, LAST_SMALL, 0, 0,
                      0, 0, 0, 0, 0, 0));
    const char zero = DIGITS | LAST_CAPITALS | LAST_SMALL;
    const char one_to_nine = DIGITS | LETTERS | LAST_CAPITALS | LAST_SMALL;
    const __m256i sets = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(zero, one_to_nine, one_to_nine, one_to_nine, one_to_nine, one_to_nine,
                      one_to_nine, one_to_nine, one_to_nine, one_to_nine,
                      CONTROLS | LETTERS | LAST_CAPITALS | LAST_SMALL, MARKS | LETTERS, LETTERS,
                      CONTROLS | MARKS | DIGITS | LETTERS, LETTERS,
                      MARKS | LETTERS | LAST_CAPITALS));
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)data);
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0f));

    return _mm256_and_si256(_mm256_shuffle_epi8(sets, bytes), _mm256_shuffle_epi8(groups, high));
}

/* Each byte has bits of one group at most, so that the smallest of four is 0 only if one of them
 * is. */
AVX2 static inline int stride_belongs(const char *data)
{
    __m256i least = _mm256_min_epu8(_mm256_min_epu8(belongs(data), belongs(data + AVX2_BLOCK)),
                                    _mm256_min_epu8(belongs(data + 2 * AVX2_BLOCK),
                                                    belongs(data + 3 * AVX2_BLOCK)));

    return _mm256_movemask_epi8(_mm256_cmpeq_epi8(least, _mm256_setzero_si256())) == 0;
}

AVX2 int base64_only_avx2(const char *data, apr_size_t length)
{
    apr_size_t i = 0;

    while (length - i >= AVX2_STRIDE) {
        if (!stride_belongs(data + i)) {
            return 0;
        }
        i += AVX2_STRIDE;
    }
    return base64_only_sse2(data + i, length - i);
}

int base64_only(const char *data, apr_size_t length)
{
    return __builtin_cpu_supports("avx2") ? base64_only_avx2(data, length)
                                          : base64_only_sse2(data, length);
}

#else

int base64_only(const char *data, apr_size_t length)
{
    return base64_only_bytewise(data, length);
}

#endif
