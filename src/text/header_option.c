#include "header_option.h"

#include <string.h>
#include <strings.h>

#include <apr_lib.h>

#include "hex.h"
#include "text/buffer.h"

/* Of one parameter; a longer one is cut. */
#define MAX_LENGTH 8192

#define BLANKS " \t\r\n\v\f"

/* Marks behind a name. */
typedef struct option_key_t {
    apr_size_t length; /* of the name alone */
    int extended;      /* "name*" */
    int continued;     /* "name*0" */
} option_key_t;

static int is_token(char character)
{
    return apr_isalnum(character) || (character && strchr("_!#$%&'*+-.^`|~", character));
}

static apr_size_t token_length(const char *text)
{
    apr_size_t length = 0;

    while (is_token(text[length])) {
        length++;
    }
    return length;
}

static option_key_t read_key(const char *text, apr_size_t length)
{
    option_key_t key = {length, 0, 0};
    apr_size_t digits = 0;

    if (key.length > 0 && text[key.length - 1] == '*') {
        key.extended = 1;
        key.length--;
    }
    while (digits < key.length && apr_isdigit(text[key.length - 1 - digits])) {
        digits++;
    }
    if (digits > 0 && digits < key.length && text[key.length - 1 - digits] == '*') {
        key.continued = 1;
        key.length -= digits + 1;
    }
    return key;
}

static void add(buffer_t *buffer, char character)
{
    if (buffer->length < buffer->limit) {
        buffer_append_char(buffer, character);
    }
}

/* What stands between the quotes; returns the text behind the closing one, NULL if there is none.
 */
static const char *read_quoted(buffer_t *buffer, const char *text)
{
    for (text++; *text; text++) {
        if (*text == '"') {
            return text + 1;
        }
        if (*text == '\\' && (text[1] == '"' || text[1] == '\\')) {
            text++;
        }
        else if (strncmp(text, "%22", 3) == 0) { /* how browsers write a quote in a name */
            add(buffer, '"');
            text += 2;
            continue;
        }
        add(buffer, *text);
    }
    return NULL;
}

static void read_extended(buffer_t *buffer, const char *text, apr_size_t length)
{
    const char *end = text + length;
    const char *quote = memchr(text, '\'', length);
    const char *second = quote ? memchr(quote + 1, '\'', (apr_size_t)(end - quote - 1)) : NULL;

    for (text = second ? second + 1 : text; text < end; text++) {
        if (*text == '%' && end - text > 2 && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0) {
            add(buffer, (char)(hex_value(text[1]) << 4 | hex_value(text[2])));
            text += 2;
        }
        else {
            add(buffer, *text);
        }
    }
}

/* Reads the value at `text` into the buffer; *read is 0 if there is none. Returns where to go on.
 */
static const char *read_value(buffer_t *buffer, const char *text, int extended, int *read)
{
    apr_size_t length = token_length(text);
    const char *end;

    *read = 1;
    if (length > 0 && extended) {
        read_extended(buffer, text, length);
        return text + length;
    }
    if (length > 0) {
        buffer_append(buffer, text,
                      length < buffer->limit - buffer->length ? length
                                                              : buffer->limit - buffer->length);
        return text + length;
    }
    end = *text == '"' ? read_quoted(buffer, text) : NULL;
    *read = end != NULL;
    return end ? end : text;
}

/* Reads one "key=value" into the buffer if the key is the name, else into nothing. *found turns 1.
 */
static const char *read_parameter(buffer_t *buffer, buffer_t *scratch, const char *text,
                                  const char *name, int *found)
{
    apr_size_t length = token_length(text);
    option_key_t key = read_key(text, length);
    int ours, read;

    if (length == 0 || text[length] != '=') {
        return text;
    }
    ours = key.length == strlen(name) && strncasecmp(text, name, key.length) == 0;
    buffer_reset(scratch);
    text = read_value(scratch, text + length + 1, key.extended, &read);
    if (ours && read) {
        if (!key.continued || !*found) {
            buffer_reset(buffer);
        }
        if (scratch->length <= buffer->limit - buffer->length) {
            buffer_append(buffer, scratch->data, scratch->length);
        }
        *found = 1;
    }
    return text;
}

const char *header_option(apr_pool_t *pool, const char *value, const char *name)
{
    const char *text = strchr(value, ';');
    buffer_t buffer, scratch;
    int found = 0;

    buffer_init(&buffer, pool, MAX_LENGTH);
    buffer_init(&scratch, pool, MAX_LENGTH);
    while (text) {
        text = text + 1 + strspn(text + 1, BLANKS);
        text = strchr(read_parameter(&buffer, &scratch, text, name, &found), ';');
    }
    return found ? buffer_string(&buffer) : NULL;
}
