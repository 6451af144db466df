/* However a document is cut, the same values and the same verdict come out, its tokens make one
 * JSON value, and what was kept of it is bounded. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "target.h"
#include "text/json_value.h"
#include "text/xml_scan.h"

#define OUTPUT_LIMIT (1u << 24)

static const json_limits_t limits = {100000, 1u << 22, 1u << 20, 100000};

typedef struct reading_t {
    json_tree_t *tree;
    json_scan_t *mirror; /* is fed the same tokens, and checks that they make one value */
    int accepted;
    buffer_t output;
} reading_t;

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static void mirror_token(void *payload, json_token_t token)
{
    reading_t *reading = payload;

    json_tree_token(reading->tree, token);
}

static void mirror_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                        int last)
{
    reading_t *reading = payload;

    json_tree_text(reading->tree, token, data, length, last);
}

static void on_token(void *payload, json_token_t token)
{
    json_scan_push_token(((reading_t *)payload)->mirror, token);
}

static void on_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                    int last)
{
    json_scan_push_text(((reading_t *)payload)->mirror, token, data, length, last);
}

static void read_document(reading_t *reading, apr_pool_t *pool, const char *data, size_t size,
                          size_t piece)
{
    const json_sink_t sink = {on_token, on_text, reading};
    const json_sink_t mirror = {mirror_token, mirror_text, reading};
    xml_scan_t *scan = xml_scan_create(pool, &sink);

    reading->tree = json_tree_create(pool, &limits);
    reading->mirror = json_scan_create(pool, &mirror);
    for (size_t at = 0; at < size; at += piece) {
        (void)xml_scan_feed(scan, data + at, size - at < piece ? size - at : piece);
    }
    reading->accepted = xml_scan_end(scan) == APR_SUCCESS;
    require((json_scan_end(reading->mirror) == APR_SUCCESS) == reading->accepted);
    require((json_tree_value(reading->tree) != NULL) == reading->accepted);
    buffer_init(&reading->output, pool, OUTPUT_LIMIT);
    json_write(&reading->output, json_tree_value(reading->tree));
}

static void require_equal(const reading_t *left, const reading_t *right)
{
    require(left->accepted == right->accepted);
    require(left->output.length == right->output.length &&
            (left->output.length == 0 ||
             memcmp(left->output.data, right->output.data, left->output.length) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {1, 7};
    static apr_pool_t *root;
    reading_t whole, cut;
    apr_pool_t *pool;

    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
    }
    apr_pool_create(&pool, root);
    read_document(&whole, pool, (const char *)data, size, size + 1);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        read_document(&cut, pool, (const char *)data, size, pieces[i]);
        require_equal(&whole, &cut);
    }
    if (whole.accepted) {
        require(json_parse(pool, whole.output.data, whole.output.length, &limits) != NULL);
    }
    apr_pool_destroy(pool);
    return 0;
}
