#include "posting.h"

#include <string.h>

#include <apr_strings.h>

#define BITMAP_DIGITS ((POSTING_POSITIONS + 5) / 6)
#define REST '!' /* no digit */

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

/* One more than a digit's value; 0 for what is no digit. A search reads millions of digits. */
static const unsigned char digit_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
    ['G'] = 17, ['H'] = 18, ['I'] = 19, ['J'] = 20, ['K'] = 21, ['L'] = 22, ['M'] = 23, ['N'] = 24,
    ['O'] = 25, ['P'] = 26, ['Q'] = 27, ['R'] = 28, ['S'] = 29, ['T'] = 30, ['U'] = 31, ['V'] = 32,
    ['W'] = 33, ['X'] = 34, ['Y'] = 35, ['Z'] = 36, ['a'] = 37, ['b'] = 38, ['c'] = 39, ['d'] = 40,
    ['e'] = 41, ['f'] = 42, ['g'] = 43, ['h'] = 44, ['i'] = 45, ['j'] = 46, ['k'] = 47, ['l'] = 48,
    ['m'] = 49, ['n'] = 50, ['o'] = 51, ['p'] = 52, ['q'] = 53, ['r'] = 54, ['s'] = 55, ['t'] = 56,
    ['u'] = 57, ['v'] = 58, ['w'] = 59, ['x'] = 60, ['y'] = 61, ['z'] = 62, ['-'] = 63, ['_'] = 64};

static int digit_value(char digit)
{
    return (int)digit_values[(unsigned char)digit] - 1;
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

/* The positions that are missing. */
static const char *as_rest(const posting_t *posting, apr_pool_t *pool)
{
    posting_t missing = {NULL, 0, 0};

    for (int position = 0, at = 0; position < POSTING_POSITIONS; position++) {
        if (at < posting->count && posting->position[at] == position) {
            at++;
        }
        else {
            posting_add(&missing, position, pool);
        }
    }
    return apr_pstrcat(pool, (const char[]){REST, '\0'}, as_list(&missing, pool), NULL);
}

const char *posting_text(const posting_t *posting, apr_pool_t *pool)
{
    if (posting->count == 0) {
        return NULL;
    }
    if (2 * posting->count < BITMAP_DIGITS) {
        return as_list(posting, pool);
    }
    return 1 + 2 * (POSTING_POSITIONS - posting->count) < BITMAP_DIGITS ? as_rest(posting, pool)
                                                                        : as_bitmap(posting, pool);
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

static apr_status_t read_rest(const char *text, apr_uint64_t bits[POSTING_WORDS])
{
    apr_uint64_t missing[POSTING_WORDS] = {0};
    apr_status_t status = read_list(text, missing);

    for (int i = 0; i < POSTING_WORDS; i++) {
        bits[i] |= ~missing[i];
    }
    return status;
}

/* Gathers digits until they fill a word. */
static apr_status_t read_bitmap(const char *text, apr_uint64_t bits[POSTING_WORDS])
{
    apr_uint64_t word = 0;
    int filled = 0, at = 0;

    for (; *text; text++) {
        int six = digit_value(*text);

        if (six < 0) {
            return APR_EINVAL;
        }
        word |= (apr_uint64_t)six << filled;
        filled += 6;
        if (filled >= 64 && at < POSTING_WORDS) {
            bits[at++] |= word;
            filled -= 64;
            word = (apr_uint64_t)six >> (6 - filled);
        }
    }
    return word ? APR_EINVAL : APR_SUCCESS; /* positions behind the last one */
}

apr_status_t posting_read(const char *text, apr_uint64_t bits[POSTING_WORDS])
{
    apr_size_t length = strlen(text);

    if (length == BITMAP_DIGITS) {
        return read_bitmap(text, bits);
    }
    if (length > BITMAP_DIGITS || length % 2 != (*text == REST)) {
        return APR_EINVAL;
    }
    return *text == REST ? read_rest(text + 1, bits) : read_list(text, bits);
}

int posting_count(const apr_uint64_t bits[POSTING_WORDS])
{
    int count = 0;

    for (int i = 0; i < POSTING_WORDS; i++) {
        count += __builtin_popcountll(bits[i]);
    }
    return count;
}
