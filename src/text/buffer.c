#include "text/buffer.h"

#include <string.h>

#include "text/decimal.h"

#define FIRST_SIZE 256

void buffer_init(buffer_t *buffer, apr_pool_t *pool, apr_size_t limit)
{
    memset(buffer, 0, sizeof(*buffer));
    buffer->pool = pool;
    buffer->limit = limit;
}

/* Makes room for `length` bytes (at most the limit) and a NUL behind them. */
static void grow(buffer_t *buffer, apr_size_t length)
{
    apr_size_t size = buffer->size ? buffer->size : FIRST_SIZE;
    char *data;

    while (size <= length) {
        size = size > buffer->limit / 2 ? buffer->limit + 1 : size * 2;
    }
    data = apr_palloc(buffer->pool, size);
    if (buffer->length) {
        memcpy(data, buffer->data, buffer->length);
    }
    buffer->data = data;
    buffer->size = size;
}

char *buffer_extend(buffer_t *buffer, apr_size_t length)
{
    if (buffer->overflow || length > buffer->limit - buffer->length) {
        buffer->overflow = 1;
        return NULL;
    }
    if (buffer->size <= buffer->length + length) {
        grow(buffer, buffer->length + length);
    }
    buffer->length += length;
    return buffer->data + buffer->length - length;
}

void buffer_append(buffer_t *buffer, const char *data, apr_size_t length)
{
    char *to = buffer_extend(buffer, length);

    if (to && length) {
        memcpy(to, data, length);
    }
}

void buffer_append_string(buffer_t *buffer, const char *string)
{
    buffer_append(buffer, string, strlen(string));
}

void buffer_append_char(buffer_t *buffer, char character)
{
    char *to = buffer_extend(buffer, 1);

    if (to) {
        *to = character;
    }
}

void buffer_append_int64(buffer_t *buffer, apr_int64_t number)
{
    char digits[DECIMAL_DIGITS], *end = digits + DECIMAL_DIGITS;
    const char *start = decimal_before(end, number);

    buffer_append(buffer, start, (apr_size_t)(end - start));
}

void buffer_reset(buffer_t *buffer)
{
    buffer->length = 0;
    buffer->overflow = 0;
}

const char *buffer_string(buffer_t *buffer)
{
    if (buffer->size <= buffer->length) {
        grow(buffer, buffer->length);
    }
    buffer->data[buffer->length] = '\0';
    return buffer->data;
}
