#include "text/buffer.h"

#include <stdio.h>
#include <string.h>

#define FIRST_SIZE 256

void buffer_init(buffer_t *buffer, apr_pool_t *pool, apr_size_t limit)
{
    memset(buffer, 0, sizeof(*buffer));
    buffer->pool = pool;
    buffer->limit = limit;
}

/* Makes room for `length` bytes (at most the limit) and a NUL behind them. */
static void reserve(buffer_t *buffer, apr_size_t length)
{
    apr_size_t size = buffer->size ? buffer->size : FIRST_SIZE;
    char *data;

    if (buffer->size > length) {
        return;
    }
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

void buffer_append(buffer_t *buffer, const char *data, apr_size_t length)
{
    if (buffer->overflow || length > buffer->limit - buffer->length) {
        buffer->overflow = 1;
        return;
    }
    if (!length) {
        return;
    }
    reserve(buffer, buffer->length + length);
    memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
}

void buffer_append_string(buffer_t *buffer, const char *string)
{
    buffer_append(buffer, string, strlen(string));
}

void buffer_append_char(buffer_t *buffer, char character)
{
    buffer_append(buffer, &character, 1);
}

void buffer_append_int64(buffer_t *buffer, apr_int64_t number)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" APR_INT64_T_FMT, number);

    buffer_append(buffer, digits, (apr_size_t)length);
}

void buffer_reset(buffer_t *buffer)
{
    buffer->length = 0;
    buffer->overflow = 0;
}

const char *buffer_string(buffer_t *buffer)
{
    reserve(buffer, buffer->length);
    buffer->data[buffer->length] = '\0';
    return buffer->data;
}
