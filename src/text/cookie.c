#include "text/cookie.h"

#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

typedef struct span_t {
    const char *data;
    apr_size_t length;
} span_t;

typedef struct crumb_t {
    const char *start; /* with the blanks before the name */
    const char *end;   /* after the ";" or at the end of the header */
    span_t name;
    span_t value;
} crumb_t;

/* What Python's str.strip() takes for a blank in a header decoded as Latin-1. */
static int is_blank(char character)
{
    unsigned char byte = (unsigned char)character;

    return byte == ' ' || (byte >= 0x09 && byte <= 0x0d) || (byte >= 0x1c && byte <= 0x1f) ||
           byte == 0x85 || byte == 0xa0;
}

static span_t trim(const char *start, const char *end)
{
    while (start < end && is_blank(*start)) {
        start++;
    }
    while (end > start && is_blank(end[-1])) {
        end--;
    }
    return (span_t){start, (apr_size_t)(end - start)};
}

/* The end of a value in double quotes that starts here, ";" inside them included; NULL if it is
 * not closed or something else follows before the next ";": then the quotes are plain text. */
static const char *quoted_end(const char *start)
{
    const char *at = start + 1;

    while (*at && *at != '"') {
        at += *at == '\\' && at[1] ? 2 : 1;
    }
    if (!*at) {
        return NULL;
    }
    at++;
    at += strspn(at, " \t\n\v\f\r");
    return *at == ';' || !*at ? at : NULL;
}

static const char *value_end(const char *start)
{
    const char *end = *start == '"' ? quoted_end(start) : NULL;

    return end ? end : start + strcspn(start, ";");
}

/* Reads the crumb at *header and moves behind it; 0 at the end. */
static int next_crumb(const char **header, crumb_t *crumb)
{
    const char *name_end, *value, *end;

    crumb->start = *header;
    if (!*crumb->start) {
        return 0;
    }
    name_end = crumb->start + strcspn(crumb->start, "=;");
    value = name_end;
    if (*value == '=') {
        value++;
        value += strspn(value, " \t\n\v\f\r");
    }
    end = value_end(value);
    crumb->name = trim(crumb->start, name_end);
    crumb->value = trim(value, end);
    crumb->end = *end ? end + 1 : end;
    *header = crumb->end;
    return 1;
}

static int is_named(const crumb_t *crumb, const char *name)
{
    return crumb->name.length == strlen(name) &&
           !memcmp(crumb->name.data, name, crumb->name.length);
}

static int is_octal(const char *text, apr_size_t length)
{
    return length >= 3 && text[0] >= '0' && text[0] <= '3' && text[1] >= '0' && text[1] <= '7' &&
           text[2] >= '0' && text[2] <= '7';
}

static const char *unescape(apr_pool_t *pool, const char *text, apr_size_t length)
{
    char *result = apr_palloc(pool, length + 1), *out = result;

    while (length > 0) {
        apr_size_t used = 1;

        if (*text == '\\' && is_octal(text + 1, length - 1)) {
            *out++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
            used = 4;
        }
        else if (*text == '\\' && length > 1) {
            *out++ = text[1];
            used = 2;
        }
        else {
            *out++ = *text;
        }
        text += used;
        length -= used;
    }
    *out = '\0';
    return result;
}

static const char *decode(apr_pool_t *pool, span_t value)
{
    if (value.length > COOKIE_MAX_VALUE) {
        return NULL;
    }
    if (value.length >= 2 && value.data[0] == '"' && value.data[value.length - 1] == '"') {
        return unescape(pool, value.data + 1, value.length - 2);
    }
    return apr_pstrmemdup(pool, value.data, value.length);
}

const char *cookie_value(apr_pool_t *pool, const char *header, const char *name,
                         unsigned *occurrences)
{
    span_t first = {NULL, 0};
    unsigned count = 0;
    crumb_t crumb;

    while (header && next_crumb(&header, &crumb)) {
        if (is_named(&crumb, name) && count++ == 0) {
            first = crumb.value;
        }
    }
    if (occurrences) {
        *occurrences = count;
    }
    return first.data ? decode(pool, first) : NULL;
}

static const unsigned char plain_bytes[256] = {[' ' ... '!'] = 1,
                                               ['#' ... '['] = 1,
                                               [']' ... '~'] = 1};

/* Every werkzeug reads such a header alike: no quotes, escapes, controls or other bytes, and no
 * cookie without a name, which werkzeug 2 takes for the name of the next. */
static int is_plain(const char *header)
{
    crumb_t crumb;

    for (const char *at = header; *at; at++) {
        if (!plain_bytes[(unsigned char)*at]) {
            return 0;
        }
    }
    while (next_crumb(&header, &crumb)) {
        if (crumb.name.length == 0 && crumb.value.length > 0) {
            return 0;
        }
    }
    return 1;
}

static int is_token(const char *value)
{
    for (; *value; value++) {
        if (!apr_isalnum(*value) && *value != '-' && *value != '_') {
            return 0;
        }
    }
    return 1;
}

const char *cookie_settle(apr_pool_t *pool, const char *header, const char *name)
{
    const char *value;

    if (!header || is_plain(header)) {
        return NULL;
    }
    value = cookie_value(pool, header, name, NULL);
    if (!value && !strstr(header, name)) {
        return NULL;
    }
    return apr_pstrcat(pool, name, "=", value && is_token(value) ? value : "", "; ", header, NULL);
}

static char *without(apr_pool_t *pool, const char *header, const char *name)
{
    char *result = apr_palloc(pool, strlen(header) + 1), *out = result;
    crumb_t crumb;

    while (next_crumb(&header, &crumb)) {
        if (!is_named(&crumb, name)) {
            memcpy(out, crumb.start, (apr_size_t)(crumb.end - crumb.start));
            out += crumb.end - crumb.start;
        }
    }
    while (out > result && (is_blank(out[-1]) || out[-1] == ';')) {
        out--;
    }
    *out = '\0';
    return result + strspn(result, " \t");
}

const char *cookie_remove(apr_pool_t *pool, const char *header, const char *name)
{
    char *rest;

    if (!header) {
        return NULL;
    }
    rest = without(pool, header, name);
    if (!*rest) {
        return NULL;
    }
    if (!is_plain(rest) && strstr(rest, name)) {
        return apr_pstrcat(pool, name, "=; ", rest, NULL);
    }
    return rest;
}

static int is_zero_max_age(span_t attribute)
{
    static const char max_age[] = "max-age";
    const char *equals = memchr(attribute.data, '=', attribute.length);
    span_t name;

    if (!equals) {
        return 0;
    }
    name = trim(attribute.data, equals);
    return name.length == sizeof(max_age) - 1 && !strncasecmp(name.data, max_age, name.length) &&
           atol(equals + 1) <= 0;
}

const char *cookie_set_value(apr_pool_t *pool, const char *set_cookie, const char *name,
                             int *cleared)
{
    const char *at = set_cookie, *value;
    crumb_t crumb;

    *cleared = 0;
    if (!at || !next_crumb(&at, &crumb) || !is_named(&crumb, name)) {
        return NULL;
    }
    value = decode(pool, crumb.value);
    if (value && !*value) {
        *cleared = 1;
    }
    while (*at) {
        apr_size_t length = strcspn(at, ";");

        if (is_zero_max_age((span_t){at, length})) {
            *cleared = 1;
        }
        at += length + (at[length] == ';');
    }
    return value;
}
