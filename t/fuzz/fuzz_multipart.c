/* The first line is the boundary, the rest a form. However it is cut, the same parts with the same
 * data come out, asked for or not, and all that is kept of a head is valid UTF-8. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "target.h"
#include "text/buffer.h"
#include "text/multipart.h"
#include "text/utf8.h"

#define OUTPUT_LIMIT (1u << 24)

typedef struct reading_t {
    buffer_t parts; /* heads, data and sizes, joined */
    int silent;     /* the data is not asked for */
    int open;       /* parts that have not ended */
    apr_uint64_t size;
    apr_status_t status;
} reading_t;

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static void put(reading_t *reading, const char *text)
{
    if (text) {
        require(utf8_valid_prefix(text, strlen(text)) == strlen(text));
        buffer_append(&reading->parts, text, strlen(text) + 1);
    }
}

static int begin_part(void *payload, const multipart_part_t *part)
{
    reading_t *reading = payload;

    require(reading->open++ == 0);
    reading->size = 0;
    put(reading, part->name);
    put(reading, part->filename);
    put(reading, part->content_type);
    return !reading->silent;
}

static void part_data(void *payload, const char *data, apr_size_t length)
{
    reading_t *reading = payload;

    require(reading->open == 1 && !reading->silent);
    reading->size += length;
    buffer_append(&reading->parts, data, length);
}

static void end_part(void *payload, apr_uint64_t size)
{
    reading_t *reading = payload;

    require(reading->open-- == 1);
    require(reading->silent || reading->size == size);
    if (reading->silent) {
        buffer_append_int64(&reading->parts, (apr_int64_t)size);
    }
}

static void read_form(reading_t *reading, apr_pool_t *pool, const char *type, const char *data,
                      size_t size, size_t piece)
{
    const multipart_sink_t sink = {begin_part, part_data, end_part, reading};
    multipart_t *multipart = multipart_create(pool, type, &sink);

    buffer_init(&reading->parts, pool, OUTPUT_LIMIT);
    for (size_t at = 0; at < size; at += piece) {
        multipart_feed(multipart, data + at, size - at < piece ? size - at : piece);
    }
    reading->status = multipart_end(multipart);
    require(reading->status != APR_SUCCESS || reading->open == 0);
}

/* Of a form that is malformed what was reported on the way counts for nothing, but may not depend
 * on the cutting either, save for data that was still held back. */
static void require_equal(const reading_t *left, const reading_t *right)
{
    require(left->status == right->status);
    require(left->parts.length == right->parts.length &&
            (left->parts.length == 0 ||
             memcmp(left->parts.data, right->parts.data, left->parts.length) == 0));
}

static void check(apr_pool_t *pool, const char *type, const char *form, size_t size, int silent)
{
    static const size_t pieces[] = {1, 5, 64};
    reading_t whole = {.silent = silent};

    read_form(&whole, pool, type, form, size, size + 1);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        reading_t cut = {.silent = silent};

        read_form(&cut, pool, type, form, size, pieces[i]);
        require_equal(&whole, &cut);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *line = memchr(text, '\n', size);
    static apr_pool_t *root;
    apr_pool_t *pool;
    const char *type;

    if (!line) {
        return 0;
    }
    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
    }
    apr_pool_create(&pool, root);
    type = apr_pstrcat(pool, "multipart/form-data; boundary=",
                       apr_pstrmemdup(pool, text, (apr_size_t)(line - text)), NULL);
    size -= (size_t)(line + 1 - text);
    check(pool, type, line + 1, size, 0);
    check(pool, type, line + 1, size, 1);
    apr_pool_destroy(pool);
    return 0;
}
