/* UTF-8 as Odoo reads it: Python's bytes.decode("utf-8", "replace"). Pure, never blocks. */
#ifndef TEXT_UTF8_H
#define TEXT_UTF8_H

#include <apr_pools.h>

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The length of the longest valid UTF-8 prefix (no surrogates, no overlong forms). */
apr_size_t utf8_valid_prefix(const char *data, apr_size_t length);
/* The same without NUL: what stands as it is after a repair. */
apr_size_t utf8_clean_prefix(const char *data, apr_size_t length);

/* Of text that does not start with a valid character, not empty: the bytes that one U+FFFD stands
 * for, as Python splits them. */
apr_size_t utf8_broken_length(const char *data, apr_size_t length);

/* A NUL-terminated copy in which each broken sequence is U+FFFD, split as Python splits it, and
 * each NUL is U+FFFD as well: what a database, a log and a page can hold. At most three times as
 * long as the input. */
const char *utf8_repair(apr_pool_t *pool, const char *data, apr_size_t length);

/* How long the text is after its repair. */
apr_size_t utf8_repaired_length(const char *data, apr_size_t length);

/* The same repair into the caller's memory, not NUL-terminated: writes whole characters, at most
 * `room` bytes, and returns how many. *whole is 0 if something did not fit, else 1. */
apr_size_t utf8_repair_into(char *to, apr_size_t room, const char *data, apr_size_t length,
                            int *whole);

/* The largest n <= limit that does not cut a character of the valid UTF-8 text in two. In text
 * that is not valid it steps back over three bytes at most. */
apr_size_t utf8_cut(const char *data, apr_size_t length, apr_size_t limit);

/* The code point as UTF-8, a surrogate in its three-byte form: returns the bytes written, 1 to 4.
 */
static inline apr_size_t utf8_encode(apr_uint32_t character, char to[4])
{
    if (character < 0x80) {
        to[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        to[0] = (char)(0xc0 | character >> 6);
        to[1] = (char)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        to[0] = (char)(0xe0 | character >> 12);
        to[1] = (char)(0x80 | (character >> 6 & 0x3f));
        to[2] = (char)(0x80 | (character & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | character >> 18);
    to[1] = (char)(0x80 | (character >> 12 & 0x3f));
    to[2] = (char)(0x80 | (character >> 6 & 0x3f));
    to[3] = (char)(0x80 | (character & 0x3f));
    return 4;
}

#endif
