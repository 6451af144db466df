/* However a text is cut, the scanner gives the same tokens and the same verdict; what is written of
 * an accepted text is JSON again, in valid UTF-8, and holds nothing that ends a script. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "../unit/json_cuts.h"
#include "target.h"
#include "text/utf8.h"

#define RANDOM_CUTS 4

static const json_limits_t limits = {100000, 1u << 22, 1u << 20, 100000};

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static void check_output(apr_pool_t *pool, const buffer_t *output)
{
    require(json_parse(pool, output->data, output->length, &limits) != NULL);
    require(utf8_valid_prefix(output->data, output->length) == output->length);
    require(!memchr(output->data, '<', output->length) &&
            !memchr(output->data, '\0', output->length));
}

static void ignore_token(void *payload, json_token_t token)
{
    (void)payload;
    (void)token;
}

static void ignore_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                        int last)
{
    (void)payload;
    (void)token;
    (void)data;
    (void)length;
    (void)last;
}

/* Behind a value in a page, the rest of the page makes no difference. */
static void check_value_in_page(apr_pool_t *pool, const char *text, apr_size_t length)
{
    char *page = apr_palloc(pool, length + 1);
    const json_sink_t silent = {ignore_token, ignore_text, NULL};
    json_scan_t *scan = json_scan_create(pool, &silent);
    apr_size_t used = 0;

    memcpy(page, text, length);
    page[length] = ';';
    require(json_scan_feed_value(scan, page, length + 1, &used) == APR_EOF);
    require(used <= length && json_scan_end(scan) == APR_SUCCESS);
}

typedef struct skipper_t {
    json_scan_t *scan;
    unsigned depth;
} skipper_t;

static void skip_token(void *payload, json_token_t token)
{
    skipper_t *skipper = payload;

    if ((token == JSON_OBJECT_BEGIN || token == JSON_ARRAY_BEGIN) &&
        json_scan_depth(skipper->scan) == skipper->depth) {
        json_scan_skip(skipper->scan);
    }
}

/* What is skipped is checked as what is told. */
static void check_skipped(apr_pool_t *pool, const char *text, apr_size_t length, json_fault_t fault)
{
    for (unsigned depth = 1; depth <= 3; depth++) {
        skipper_t skipper = {NULL, depth};
        const json_sink_t sink = {skip_token, ignore_text, &skipper};

        skipper.scan = json_scan_create(pool, &sink);
        for (apr_size_t at = 0, piece = length / depth; at < length; at += piece) {
            piece = piece && piece < length - at ? piece : length - at;
            json_scan_feed(skipper.scan, text + at, piece);
        }
        json_scan_end(skipper.scan);
        require(json_scan_fault(skipper.scan) == fault);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *root;
    apr_uint32_t chance = (apr_uint32_t)size;
    json_record_t record;
    apr_pool_t *pool;

    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
    }
    apr_pool_create(&pool, root);
    require(
        json_record_cuts(&record, pool, &limits, (const char *)data, size, RANDOM_CUTS, &chance));
    require(record.accepted == (record.fault == JSON_FAULT_NONE));
    check_skipped(pool, (const char *)data, size, record.fault);
    if (record.accepted) {
        check_output(pool, &record.output);
        if (record.tokens.data[0] == 'a' || record.tokens.data[0] == 'c') {
            check_value_in_page(pool, (const char *)data, size);
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
