/* Integers as text, without the cost of a format string: an event has some thirty of them.
 */
#ifndef TEXT_DECIMAL_H
#define TEXT_DECIMAL_H

#include <apr.h>

#define DECIMAL_DIGITS 20 /* of a 64-bit integer, sign included */

/* Writes the digits so that they end in front of `end`; returns where they begin. */
static inline char *decimal_before(char *end, apr_int64_t number)
{
    apr_uint64_t rest = number < 0 ? 0 - (apr_uint64_t)number : (apr_uint64_t)number;

    do {
        *--end = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        *--end = '-';
    }
    return end;
}

#endif
