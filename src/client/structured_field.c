#include "structured_field.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define NUMBER_MAX 16 /* digits and dot */

/* Each of these moves *at behind what it reads; 0: it is not there. */

static void skip_spaces(const char **at)
{
    while (**at == ' ') {
        (*at)++;
    }
}

static void skip_blanks(const char **at)
{
    while (**at == ' ' || **at == '\t') {
        (*at)++;
    }
}

static int read_string(const char **at, const char **value, apr_pool_t *pool)
{
    const char *from = *at + 1;
    char *text, *to;

    if (**at != '"') {
        return 0;
    }
    text = to = apr_palloc(pool, strlen(from) + 1);
    for (; *from != '"'; from++) {
        if (*from == '\\') {
            from++;
            if (*from != '"' && *from != '\\') {
                return 0;
            }
        }
        if (*from < ' ' || *from > '~') { /* the end of the field too */
            return 0;
        }
        *to++ = *from;
    }
    *to = '\0';
    *value = text;
    *at = from + 1;
    return 1;
}

static int read_boolean(const char **at, int *value)
{
    if ((*at)[0] != '?' || ((*at)[1] != '0' && (*at)[1] != '1')) {
        return 0;
    }
    *value = (*at)[1] == '1';
    *at += 2;
    return 1;
}

static int skip_number(const char **at)
{
    apr_size_t length;

    if (**at == '-') {
        (*at)++;
    }
    length = strspn(*at, "0123456789.");
    if (length == 0 || length > NUMBER_MAX || **at == '.' || (*at)[length - 1] == '.') {
        return 0;
    }
    *at += length;
    return 1;
}

static int skip_token(const char **at)
{
    do {
        (*at)++;
    } while (apr_isalnum(**at) || (**at && strchr("!#$%&'*+-.^_`|~:/", **at)));
    return 1;
}

static int skip_bytes(const char **at)
{
    const char *end = strchr(*at + 1, ':');

    if (!end) {
        return 0;
    }
    *at = end + 1;
    return 1;
}

/* *text is set if it is a string. */
static int read_bare_item(const char **at, const char **text, apr_pool_t *pool)
{
    int truth;

    *text = NULL;
    switch (**at) {
    case '"':
        return read_string(at, text, pool);
    case '?':
        return read_boolean(at, &truth);
    case ':':
        return skip_bytes(at);
    default:
        if (**at == '*' || apr_isalpha(**at)) {
            return skip_token(at);
        }
        return skip_number(at);
    }
}

static int read_key(const char **at, const char **key, apr_size_t *length)
{
    *key = *at;
    if (**at != '*' && !apr_islower(**at)) {
        return 0;
    }
    while (apr_islower(**at) || apr_isdigit(**at) || (**at && strchr("_-.*", **at))) {
        (*at)++;
    }
    *length = (apr_size_t)(*at - *key);
    return 1;
}

/* Of several parameters "v" the last counts. */
static int read_parameters(const char **at, const char **version, apr_pool_t *pool)
{
    *version = NULL;
    while (**at == ';') {
        const char *key, *text = NULL;
        apr_size_t length;

        (*at)++;
        skip_spaces(at);
        if (!read_key(at, &key, &length)) {
            return 0;
        }
        if (**at == '=') {
            (*at)++;
            if (!read_bare_item(at, &text, pool)) {
                return 0;
            }
        }
        if (length == 1 && *key == 'v') {
            *version = text;
        }
    }
    return 1;
}

static int at_end(const char *at, apr_pool_t *pool)
{
    const char *version;

    if (!read_parameters(&at, &version, pool)) {
        return 0;
    }
    skip_spaces(&at);
    return *at == '\0';
}

int structured_field_string(const char *field, const char **value, apr_pool_t *pool)
{
    skip_spaces(&field);
    return read_string(&field, value, pool) && at_end(field, pool);
}

int structured_field_boolean(const char *field, int *value)
{
    skip_spaces(&field);
    if (!read_boolean(&field, value)) {
        return 0;
    }
    skip_spaces(&field);
    return *field == '\0';
}

int structured_field_list(const char *field, structured_member_t *members, int room, int *count,
                          apr_pool_t *pool)
{
    *count = 0;
    skip_spaces(&field);
    while (*field) {
        if (*count == room || !read_string(&field, &members[*count].text, pool) ||
            !read_parameters(&field, &members[*count].version, pool)) {
            return 0;
        }
        (*count)++;
        skip_blanks(&field);
        if (!*field) {
            return 1;
        }
        if (*field++ != ',') {
            return 0;
        }
        skip_blanks(&field);
        if (!*field) {
            return 0; /* a comma with nothing behind it */
        }
    }
    return 1;
}
