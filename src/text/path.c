#include "text/path.h"

#include <string.h>

#include <apr_strings.h>

#include "hex.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The byte at *raw, which moves behind it. */
static char next_byte(const char **raw)
{
    const char *at = *raw;

    if (at[0] == '%' && hex_value(at[1]) >= 0 && hex_value(at[2]) >= 0) {
        *raw = at + 3;
        return (char)(hex_value(at[1]) << 4 | hex_value(at[2]));
    }
    *raw = at + 1;
    return *at;
}

/* As nearly every path is: one "/" in front, and nothing to decode. */
static int stands_decoded(const char *raw)
{
    return raw[0] == '/' && raw[1] != '/' && !strchr(raw, '%');
}

const char *path_decode(apr_pool_t *pool, const char *raw)
{
    /* an escaped NUL takes three bytes and becomes three */
    apr_size_t size = strlen(raw), length = 0;
    char *path;

    if (size <= PATH_DECODED_MAX && stands_decoded(raw)) {
        return apr_pstrmemdup(pool, raw, size - (size > 1 && raw[size - 1] == '/'));
    }
    if (size > PATH_DECODED_MAX) {
        size = PATH_DECODED_MAX;
    }
    path = apr_palloc(pool, size + 2);
    path[length++] = '/';
    while (*raw && length <= size) {
        char byte = next_byte(&raw);

        if (byte == '/' && length == 1) {
            continue;
        }
        if (byte) {
            path[length++] = byte;
        }
        else if (length + 2 <= size) {
            memcpy(path + length, REPLACEMENT, 3);
            length += 3;
        }
        else {
            break;
        }
    }
    if (length > 1 && path[length - 1] == '/') {
        length--;
    }
    path[length] = '\0';
    return path;
}

const char *path_without_first_segment(const char *path)
{
    const char *rest = *path ? strchr(path + 1, '/') : NULL;

    if (!rest) {
        return NULL;
    }
    while (rest[1] == '/') {
        rest++;
    }
    return rest[1] ? rest : NULL;
}
