#include "posting.h"

#include <string.h>

#define BITMAP_DIGITS ((POSTING_POSITIONS + 5) / 6)

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'A' && digit <= 'Z') {
        return digit - 'A' + 10;
    }
    if (digit >= 'a' && digit <= 'z') {
        return digit - 'a' + 36;
    }
    return digit == '-' ? 62 : digit == '_' ? 63 : -1;
}

static void make_room(posting_t *posting, apr_pool_t *pool)
{
    apr_uint16_t *old = posting->position;

    posting->room = posting->room ? 2 * posting->room : 2;
    posting->position = apr_palloc(pool, (apr_size_t)posting->room * sizeof(*old));
    if (posting->count > 0) {
        memcpy(posting->position, old, (apr_size_t)posting->count * sizeof(*old));
    }
}

/* From the end, since positions come in their order but for users who are learned later. */
void posting_add(posting_t *posting, int position, apr_pool_t *pool)
{
    int at = posting->count;

    while (at > 0 && posting->position[at - 1] > position) {
        at--;
    }
    if (at > 0 && posting->position[at - 1] == position) {
        return;
    }
    if (posting->count == posting->room) {
        make_room(posting, pool);
    }
    memmove(posting->position + at + 1, posting->position + at,
            (apr_size_t)(posting->count - at) * sizeof(*posting->position));
    posting->position[at] = (apr_uint16_t)position;
    posting->count++;
}

static const char *as_list(const posting_t *posting, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, 2 * (apr_size_t)posting->count + 1), *to = text;

    for (int i = 0; i < posting->count; i++) {
        *to++ = digits[posting->position[i] >> 6];
        *to++ = digits[posting->position[i] & 63];
    }
    *to = '\0';
    return text;
}

static const char *as_bitmap(const posting_t *posting, apr_pool_t *pool)
{
    unsigned char sixes[BITMAP_DIGITS] = {0};
    char *text = apr_palloc(pool, BITMAP_DIGITS + 1);

    for (int i = 0; i < posting->count; i++) {
        sixes[posting->position[i] / 6] |= (unsigned char)(1u << posting->position[i] % 6);
    }
    for (int i = 0; i < BITMAP_DIGITS; i++) {
        text[i] = digits[sixes[i]];
    }
    text[BITMAP_DIGITS] = '\0';
    return text;
}

const char *posting_text(const posting_t *posting, apr_pool_t *pool)
{
    if (posting->count == 0) {
        return NULL;
    }
    return 2 * posting->count < BITMAP_DIGITS ? as_list(posting, pool) : as_bitmap(posting, pool);
}

static void set_bit(apr_uint64_t bits[POSTING_WORDS], int position)
{
    bits[position / 64] |= APR_UINT64_C(1) << position % 64;
}

static apr_status_t read_list(const char *text, apr_uint64_t bits[POSTING_WORDS])
{
    for (; *text; text += 2) {
        int high = digit_value(text[0]), low = digit_value(text[1]);

        if (high < 0 || low < 0) {
            return APR_EINVAL;
        }
        set_bit(bits, high << 6 | low);
    }
    return APR_SUCCESS;
}

static apr_status_t read_bitmap(const char *text, apr_uint64_t bits[POSTING_WORDS])
{
    for (int i = 0; i < BITMAP_DIGITS; i++) {
        int six = digit_value(text[i]), bit = i * 6;

        if (six < 0 || (bit + 6 > POSTING_POSITIONS && six >> (POSTING_POSITIONS - bit))) {
            return APR_EINVAL;
        }
        bits[bit / 64] |= (apr_uint64_t)six << bit % 64;
        if (bit % 64 > 58 && bit / 64 + 1 < POSTING_WORDS) {
            bits[bit / 64 + 1] |= (apr_uint64_t)six >> (64 - bit % 64);
        }
    }
    return APR_SUCCESS;
}

apr_status_t posting_read(const char *text, apr_uint64_t bits[POSTING_WORDS])
{
    apr_size_t length = strlen(text);

    if (length == BITMAP_DIGITS) {
        return read_bitmap(text, bits);
    }
    return length < BITMAP_DIGITS && length % 2 == 0 ? read_list(text, bits) : APR_EINVAL;
}

int posting_count(const apr_uint64_t bits[POSTING_WORDS])
{
    int count = 0;

    for (int i = 0; i < POSTING_WORDS; i++) {
        count += __builtin_popcountll(bits[i]);
    }
    return count;
}
