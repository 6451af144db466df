#include "json_cuts.h"

#include <string.h>

#define RECORD_LIMIT (256u << 20)
#define LONGEST_PIECE 40

typedef struct recorder_t {
    json_record_t *record;
    json_tree_t *tree;
    int in_text;
} recorder_t;

static void on_token(void *payload, json_token_t token)
{
    recorder_t *recorder = payload;

    buffer_append_char(&recorder->record->tokens, (char)('a' + (int)token));
    json_tree_token(recorder->tree, token);
}

static void on_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                    int last)
{
    recorder_t *recorder = payload;
    buffer_t *tokens = &recorder->record->tokens;

    if (!recorder->in_text) {
        buffer_append_char(tokens, (char)('a' + (int)token));
    }
    recorder->in_text = !last;
    buffer_append(tokens, data, length);
    if (last) {
        buffer_append(tokens, "", 1);
    }
    json_tree_text(recorder->tree, token, data, length, last);
}

static apr_uint32_t next_chance(apr_uint32_t *chance)
{
    *chance = *chance * 1664525u + 1013904223u;
    return *chance >> 8;
}

static int feed(json_scan_t *scan, const char *data, apr_size_t length, apr_size_t longest,
                apr_uint32_t *chance)
{
    apr_size_t n = 0;

    while (n < length) {
        apr_size_t piece = longest ? 1 + next_chance(chance) % longest : length;

        if (piece > length - n) {
            piece = length - n;
        }
        if (json_scan_feed(scan, data + n, piece) != APR_SUCCESS) {
            return 0;
        }
        n += piece;
    }
    return json_scan_end(scan) == APR_SUCCESS;
}

void json_record(json_record_t *record, apr_pool_t *pool, const json_limits_t *limits,
                 const char *data, apr_size_t length, apr_size_t longest, apr_uint32_t *chance)
{
    recorder_t recorder = {record, json_tree_create(pool, limits), 0};
    json_sink_t sink = {on_token, on_text, &recorder};
    json_scan_t *scan = json_scan_create(pool, &sink);

    buffer_init(&record->tokens, pool, RECORD_LIMIT);
    buffer_init(&record->output, pool, RECORD_LIMIT);
    record->accepted = feed(scan, data, length, longest, chance);
    record->fault = json_scan_fault(scan);
    record->duplicate_key = json_tree_duplicate_key(recorder.tree);
    if (json_tree_value(recorder.tree)) {
        json_write(&record->output, json_tree_value(recorder.tree));
    }
}

static int equal_content(const buffer_t *left, const buffer_t *right)
{
    return left->length == right->length &&
           (!left->length || !memcmp(left->data, right->data, left->length));
}

int json_record_equal(const json_record_t *left, const json_record_t *right)
{
    return left->accepted == right->accepted && left->fault == right->fault &&
           left->duplicate_key == right->duplicate_key &&
           equal_content(&left->tokens, &right->tokens) &&
           equal_content(&left->output, &right->output);
}

int json_record_cuts(json_record_t *record, apr_pool_t *pool, const json_limits_t *limits,
                     const char *data, apr_size_t length, unsigned times, apr_uint32_t *chance)
{
    json_record_t other;
    int equal;

    json_record(record, pool, limits, data, length, 0, chance);
    json_record(&other, pool, limits, data, length, 1, chance);
    equal = json_record_equal(record, &other);
    while (equal && times--) {
        json_record(&other, pool, limits, data, length, 2 + next_chance(chance) % LONGEST_PIECE,
                    chance);
        equal = json_record_equal(record, &other);
    }
    return equal;
}
