/* multipart/form-data (RFC 7578) as werkzeug reads it: a part's head ends at the first blank line
 * of one kind (CRLFCRLF, LFLF, CRCR), a boundary stands behind any line break, a head without
 * Content-Disposition spoils the whole form, and so does a missing last boundary. Streaming, fixed
 * memory: however long the parts and however they are cut, the same parts come out. What nobody
 * asked for is passed over at the speed of memchr. Pure; one owner. */
#ifndef TEXT_MULTIPART_H
#define TEXT_MULTIPART_H

#include <apr_errno.h>
#include <apr_pools.h>

#define MULTIPART_MAX_BOUNDARY 200 /* RFC 2046 allows 70; a longer one than this is not read */
#define MULTIPART_MAX_HEAD 8192    /* bytes of the headers of one part */
#define MULTIPART_MAX_PARTS 10000  /* werkzeug gives up at 1,000 unless told otherwise */

typedef struct multipart_part_t {
    const char *name;         /* repaired UTF-8; "" if it has none */
    const char *filename;     /* likewise; NULL: the part is no file */
    const char *content_type; /* NULL: none stated */
} multipart_part_t;

typedef struct multipart_sink_t {
    /* The head of a part was read; its texts are valid during the call only. Returns 1 if the
     * part's data is wanted. */
    int (*begin)(void *payload, const multipart_part_t *part);
    /* Data of a wanted part, in pieces of any length. */
    void (*data)(void *payload, const char *data, apr_size_t length);
    /* The part is over; its size in bytes. */
    void (*end)(void *payload, apr_uint64_t size);
    void *payload;
} multipart_sink_t;

typedef struct multipart_t multipart_t;

/* 1 if the Content-Type says multipart/form-data. */
int multipart_is(const char *content_type);

/* Takes the boundary from the Content-Type; without a usable one the form is malformed at once. */
multipart_t *multipart_create(apr_pool_t *pool, const char *content_type,
                              const multipart_sink_t *sink);

void multipart_feed(multipart_t *multipart, const char *data, apr_size_t length);

/* The body is over. APR_SUCCESS, or APR_EINVAL if the form was malformed: then werkzeug hands over
 * no field at all, whatever parts were reported. */
apr_status_t multipart_end(multipart_t *multipart);

#endif
