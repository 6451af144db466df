#include "text/utf8.h"

#include <string.h>

#include <apr_strings.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define REPLACEMENT_LENGTH 3
/* By lead byte: the length of its sequence and the range of the second byte, which is what keeps
 * out overlong forms, surrogates and code points above U+10FFFF. */
typedef struct lead_t {
    unsigned char first, last; /* lead bytes */
    unsigned char length;
    unsigned char low, high; /* second byte */
} lead_t;

static const lead_t leads[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static const lead_t *find_lead(unsigned char byte)
{
    for (apr_size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        if (byte >= leads[i].first && byte <= leads[i].last) {
            return &leads[i];
        }
    }
    return NULL;
}

/* Measures the character at `data`, which is not ASCII. Sets *valid; returns its length or, if it
 * is broken, how many bytes one U+FFFD stands for: the longest beginning of a valid sequence. */
static apr_size_t measure(const char *data, apr_size_t length, int *valid)
{
    const lead_t *lead = find_lead((unsigned char)data[0]);
    apr_size_t n = 1;

    *valid = 0;
    if (!lead) {
        return 1;
    }
    if (n < length && (unsigned char)data[n] >= lead->low && (unsigned char)data[n] <= lead->high) {
        n++;
        while (n < length && n < lead->length && ((unsigned char)data[n] & 0xc0) == 0x80) {
            n++;
        }
    }
    *valid = n == lead->length;
    return n;
}

#ifdef __SSE2__

#define ASCII_BLOCK 16

/* How many bytes the block begins with that are ASCII and no NUL. */
static apr_size_t ascii_in_block(const char *data)
{
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)data);
    unsigned others =
        0xffffU ^ (unsigned)_mm_movemask_epi8(_mm_cmpgt_epi8(block, _mm_setzero_si128()));

    return others ? (apr_size_t)__builtin_ctz(others) : ASCII_BLOCK;
}

#define WIDE_BLOCK 64

static int is_ascii_wide(const char *data)
{
    const __m128i *blocks = (const __m128i *)(const void *)data;
    __m128i least = _mm_and_si128(_mm_cmpgt_epi8(_mm_loadu_si128(blocks), _mm_setzero_si128()),
                                  _mm_cmpgt_epi8(_mm_loadu_si128(blocks + 1), _mm_setzero_si128()));

    least = _mm_and_si128(least, _mm_cmpgt_epi8(_mm_loadu_si128(blocks + 2), _mm_setzero_si128()));
    least = _mm_and_si128(least, _mm_cmpgt_epi8(_mm_loadu_si128(blocks + 3), _mm_setzero_si128()));
    return _mm_movemask_epi8(least) == 0xffff;
}

#else

#define ASCII_BLOCK 8

static apr_size_t ascii_in_block(const char *data)
{
    apr_uint64_t block;
    apr_size_t n = 0;

    memcpy(&block, data, ASCII_BLOCK);
    /* Any byte that is NUL or above 0x7f sets a high bit here. */
    if (!(((block - APR_UINT64_C(0x0101010101010101)) | block) &
          APR_UINT64_C(0x8080808080808080))) {
        return ASCII_BLOCK;
    }
    while (n < ASCII_BLOCK && (signed char)data[n] > 0) {
        n++;
    }
    return n;
}

#define WIDE_BLOCK ASCII_BLOCK

static int is_ascii_wide(const char *data)
{
    return ascii_in_block(data) == ASCII_BLOCK;
}

#endif

/* All of up to 16 bytes, in two words that overlap. */
static int is_ascii_short(const char *data, apr_size_t length)
{
    const apr_uint64_t ones = APR_UINT64_C(0x0101010101010101), highs = ones << 7;
    apr_uint64_t first, last;

    if (length < sizeof(first) / 2) {
        return 0;
    }
    if (length < sizeof(first)) {
        apr_uint32_t head, tail;

        memcpy(&head, data, sizeof(head));
        memcpy(&tail, data + length - sizeof(tail), sizeof(tail));
        first = last = (apr_uint64_t)head << 32 | tail;
    }
    else {
        memcpy(&first, data, sizeof(first));
        memcpy(&last, data + length - sizeof(last), sizeof(last));
    }
    /* Any byte that is NUL or above 0x7f sets a high bit here. */
    return !(((first - ones) | first | (last - ones) | last) & highs);
}

/* The longest prefix of ASCII without NUL. */
static apr_size_t ascii_prefix(const char *data, apr_size_t length)
{
    apr_size_t n = 0;

    if (length <= 2 * sizeof(apr_uint64_t) && is_ascii_short(data, length)) {
        return length;
    }
    while (n + WIDE_BLOCK <= length && is_ascii_wide(data + n)) {
        n += WIDE_BLOCK;
    }
    while (n + ASCII_BLOCK <= length) {
        apr_size_t found = ascii_in_block(data + n);

        n += found;
        if (found < ASCII_BLOCK) {
            return n;
        }
    }
    if (n > 0 && n < length && ascii_in_block(data + length - ASCII_BLOCK) == ASCII_BLOCK) {
        return length; /* the last block overlaps the one before it */
    }
    while (n < length && (signed char)data[n] > 0) {
        n++;
    }
    return n;
}

apr_size_t utf8_clean_prefix(const char *data, apr_size_t length)
{
    apr_size_t n = 0;

    for (;;) {
        apr_size_t size;
        int valid;

        n += ascii_prefix(data + n, length - n);
        if (n == length || data[n] == '\0') {
            return n;
        }
        size = measure(data + n, length - n, &valid);
        if (!valid) {
            return n;
        }
        n += size;
    }
}

apr_size_t utf8_valid_prefix(const char *data, apr_size_t length)
{
    apr_size_t n = 0;

    for (;;) {
        n += utf8_clean_prefix(data + n, length - n);
        if (n == length || data[n] != '\0') {
            return n;
        }
        n++;
    }
}

apr_size_t utf8_broken_length(const char *data, apr_size_t length)
{
    int valid;

    return measure(data, length, &valid);
}

apr_size_t utf8_repair_into(char *to, apr_size_t room, const char *data, apr_size_t length,
                            int *whole)
{
    apr_size_t written = 0, n = 0;

    *whole = 1;
    while (n < length) {
        apr_size_t clean = utf8_clean_prefix(data + n, length - n);
        apr_size_t fits = utf8_cut(data + n, clean, room - written);

        memcpy(to + written, data + n, fits);
        written += fits;
        n += clean;
        if (fits < clean || (n < length && room - written < REPLACEMENT_LENGTH)) {
            *whole = 0;
            break;
        }
        if (n < length) {
            memcpy(to + written, UTF8_REPLACEMENT, REPLACEMENT_LENGTH);
            written += REPLACEMENT_LENGTH;
            n += utf8_broken_length(data + n, length - n);
        }
    }
    return written;
}

apr_size_t utf8_repaired_length(const char *data, apr_size_t length)
{
    apr_size_t total = 0, n = 0;

    while (n < length) {
        apr_size_t clean = utf8_clean_prefix(data + n, length - n);

        total += clean;
        n += clean;
        if (n < length) {
            total += REPLACEMENT_LENGTH;
            n += utf8_broken_length(data + n, length - n);
        }
    }
    return total;
}

const char *utf8_repair(apr_pool_t *pool, const char *data, apr_size_t length)
{
    apr_size_t clean = utf8_clean_prefix(data, length), size;
    char *copy;
    int whole;

    if (clean == length) {
        return apr_pstrmemdup(pool, data, length);
    }
    size = clean + utf8_repaired_length(data + clean, length - clean);
    copy = apr_palloc(pool, size + 1);
    copy[utf8_repair_into(copy, size, data, length, &whole)] = '\0';
    return copy;
}

apr_size_t utf8_cut(const char *data, apr_size_t length, apr_size_t limit)
{
    if (limit >= length) {
        return length;
    }
    for (apr_size_t back = 0; back <= 3 && back <= limit; back++) {
        if (((unsigned char)data[limit - back] & 0xc0) != 0x80) {
            return limit - back;
        }
    }
    return limit;
}
