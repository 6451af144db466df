/* A growing byte buffer with a maximum that is fixed when it is made.
 *
 * Not thread safe: one owner. Memory comes from the pool given at the start and goes with it.
 * Past its limit a buffer keeps what it has, sets `overflow` and takes nothing more, so that
 * unbounded memory cannot be expressed. */
#ifndef TEXT_BUFFER_H
#define TEXT_BUFFER_H

#include <apr_pools.h>

typedef struct buffer_t {
    char *data;        /* not NUL-terminated: see buffer_string */
    apr_size_t length; /* bytes in use */
    apr_size_t size;   /* bytes allocated */
    apr_size_t limit;  /* the most it will ever hold */
    int overflow;      /* something did not fit and was left out */
    apr_pool_t *pool;
} buffer_t;

void buffer_init(buffer_t *buffer, apr_pool_t *pool, apr_size_t limit);

/* Appends all of it or nothing. */
void buffer_append(buffer_t *buffer, const char *data, apr_size_t length);
/* Room for `length` more bytes, which count as appended and are the caller's to fill at once; NULL
 * if they do not fit. */
char *buffer_extend(buffer_t *buffer, apr_size_t length);
void buffer_append_string(buffer_t *buffer, const char *string);
void buffer_append_char(buffer_t *buffer, char character);
void buffer_append_int64(buffer_t *buffer, apr_int64_t number);

/* Forgets the content and the overflow, keeps the memory. */
void buffer_reset(buffer_t *buffer);

/* The content as a C string; valid until the next call on this buffer. */
const char *buffer_string(buffer_t *buffer);

#endif
