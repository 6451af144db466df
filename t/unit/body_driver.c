/* Reads bodies from standard input and answers what the readers of XML-RPC and of multipart forms
 * make of each, for xmlrpc_python.py and multipart_python.py to compare with Python's.
 *
 * A request is a line "kind head body" with the lengths of two texts in bytes, then the texts.
 * Kind: "xml", whose head is empty, or "multipart", whose head is the Content-Type. An answer is a
 * line of JSON; "stable" is false if not every way of cutting the body gave the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "text/json_value.h"
#include "text/multipart.h"
#include "text/xml_scan.h"

#define LONGEST_TEXT (64u << 20)
#define OUTPUT_LIMIT (256u << 20)

static const json_limits_t limits = {1000000, 32u << 20, 1u << 20, 1000000};

/* Sizes of pieces; 0: sizes that look random. */
static const apr_size_t cuttings[] = {LONGEST_TEXT, 1, 0, 7};

typedef struct text_t {
    const char *data;
    apr_size_t length;
} text_t;

static apr_size_t piece(apr_size_t cutting, apr_size_t done, apr_size_t length)
{
    apr_size_t size = cutting ? cutting : 1 + (done * 7919 + length) % 61;

    return size < length - done ? size : length - done;
}

/* ---- XML-RPC ---- */

static void tree_token(void *payload, json_token_t token)
{
    json_tree_token(payload, token);
}

static void tree_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                      int last)
{
    json_tree_text(payload, token, data, length, last);
}

static json_value_t *read_xml(apr_pool_t *pool, const text_t *body, apr_size_t cutting)
{
    json_tree_t *tree = json_tree_create(pool, &limits);
    const json_sink_t sink = {tree_token, tree_text, tree};
    xml_scan_t *scan = xml_scan_create(pool, &sink);
    json_value_t *answer = json_new_object(pool);
    int accepted;

    for (apr_size_t done = 0, size; done < body->length; done += size) {
        size = piece(cutting, done, body->length);
        (void)xml_scan_feed(scan, body->data + done, size);
    }
    accepted = xml_scan_end(scan) == APR_SUCCESS;
    json_set(answer, "accepted", json_new_boolean(pool, accepted));
    if (accepted) {
        json_set(answer, "value", json_tree_value(tree));
    }
    return answer;
}

/* ---- multipart ---- */

typedef struct parts_t {
    apr_pool_t *pool;
    json_value_t *list;
    json_value_t *part;
    buffer_t data;
} parts_t;

static int begin_part(void *payload, const multipart_part_t *part)
{
    parts_t *parts = payload;
    apr_pool_t *pool = parts->pool;

    parts->part = json_push(parts->list, json_new_object(pool));
    json_set(parts->part, "name", json_new_string(pool, apr_pstrdup(pool, part->name)));
    json_set(parts->part, "filename", json_new_string(pool, apr_pstrdup(pool, part->filename)));
    json_set(parts->part, "type", json_new_string(pool, apr_pstrdup(pool, part->content_type)));
    buffer_init(&parts->data, pool, OUTPUT_LIMIT);
    return strncmp(part->name, "skip", 4) != 0;
}

static void part_data(void *payload, const char *data, apr_size_t length)
{
    char hex[2];

    for (apr_size_t i = 0; i < length; i++) {
        hex[0] = "0123456789abcdef"[(unsigned char)data[i] >> 4];
        hex[1] = "0123456789abcdef"[(unsigned char)data[i] & 15];
        buffer_append(&((parts_t *)payload)->data, hex, 2);
    }
}

static void end_part(void *payload, apr_uint64_t size)
{
    parts_t *parts = payload;

    json_set(parts->part, "data",
             json_new_string(parts->pool, apr_pstrdup(parts->pool, buffer_string(&parts->data))));
    json_set(parts->part, "size", json_new_integer(parts->pool, (apr_int64_t)size));
}

static json_value_t *read_multipart(apr_pool_t *pool, const text_t *head, const text_t *body,
                                    apr_size_t cutting)
{
    parts_t parts = {.pool = pool, .list = json_new_array(pool)};
    const multipart_sink_t sink = {begin_part, part_data, end_part, &parts};
    multipart_t *multipart = multipart_create(pool, head->data, &sink);
    json_value_t *answer = json_new_object(pool);
    int accepted;

    for (apr_size_t done = 0, size; done < body->length; done += size) {
        size = piece(cutting, done, body->length);
        multipart_feed(multipart, body->data + done, size);
    }
    accepted = multipart_end(multipart) == APR_SUCCESS;
    json_set(answer, "accepted", json_new_boolean(pool, accepted));
    if (accepted) {
        json_set(answer, "value", parts.list);
    }
    return answer;
}

/* ---- both ---- */

static const char *describe(apr_pool_t *pool, const char *kind, const text_t texts[2],
                            apr_size_t cutting)
{
    json_value_t *value = strcmp(kind, "xml") == 0
                              ? read_xml(pool, &texts[1], cutting)
                              : read_multipart(pool, &texts[0], &texts[1], cutting);
    buffer_t buffer;

    buffer_init(&buffer, pool, OUTPUT_LIMIT);
    json_write(&buffer, value);
    return apr_pstrdup(pool, buffer_string(&buffer));
}

static void answer(apr_pool_t *pool, const char *kind, const text_t texts[2])
{
    const char *whole = describe(pool, kind, texts, cuttings[0]);
    int stable = 1;

    for (apr_size_t i = 1; i < sizeof(cuttings) / sizeof(cuttings[0]); i++) {
        stable &= strcmp(whole, describe(pool, kind, texts, cuttings[i])) == 0;
    }
    printf("{\"stable\":%s,\"is\":%s}\n", stable ? "true" : "false", whole);
    fflush(stdout);
}

/* Exactly as long as the text but for the NUL, so that a sanitizer sees a read behind it. */
static int read_text(apr_pool_t *pool, text_t *text)
{
    char *data = apr_palloc(pool, text->length + 1);

    data[text->length] = '\0';
    text->data = data;
    return text->length <= LONGEST_TEXT && fread(data, 1, text->length, stdin) == text->length;
}

int main(void)
{
    apr_pool_t *pool;
    text_t texts[2];
    char kind[16];

    apr_initialize();
    apr_pool_create(&pool, NULL);
    while (scanf("%15s %zu %zu", kind, &texts[0].length, &texts[1].length) == 3 &&
           getchar() == '\n' && read_text(pool, &texts[0]) && read_text(pool, &texts[1])) {
        answer(pool, kind, texts);
        apr_pool_clear(pool);
    }
    apr_terminate();
    return 0;
}
