/* A tree stays within its limits, whatever they are and whatever comes; it is the same however the
 * text is cut, its counts add up, and what is written of it is JSON. The first four bytes of the
 * input choose the limits. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "../unit/json_cuts.h"
#include "target.h"

#define RANDOM_CUTS 3
#define LIMIT_BYTES 4
#define REPAIR_GROWTH 3 /* a broken byte becomes a U+FFFD */

static const json_limits_t roomy = {1000000, 1u << 24, 1u << 22, 1000000};

typedef struct usage_t {
    apr_size_t nodes;
    apr_size_t bytes;
} usage_t;

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static json_limits_t choose_limits(const uint8_t *data)
{
    json_limits_t limits = {.nodes = data[0],
                            .bytes = (apr_size_t)data[1] * 8,
                            .string = data[2],
                            .members = data[3]};

    return limits;
}

static void check_text(const json_value_t *value, const json_limits_t *limits, usage_t *usage)
{
    apr_size_t length = strlen(value->text);

    if (value->type == JSON_TYPE_NUMBER) {
        require(length <= JSON_TREE_NUMBER_SIZE && !value->sha256);
    }
    else {
        require(length <= limits->string * REPAIR_GROWTH);
        require(value->sha256 || value->full_length <= limits->string);
        require(!value->sha256 || strlen(value->sha256) == 64);
    }
    usage->bytes += length;
}

/* Looks at the value itself; returns its first member. */
static const json_value_t *check_value(const json_value_t *value, const json_limits_t *limits,
                                       usage_t *usage)
{
    apr_size_t kept = 0;
    apr_int64_t number;

    usage->nodes++;
    usage->bytes += value->key ? strlen(value->key) + 1 : 0;
    if (value->text) {
        check_text(value, limits, usage);
    }
    for (const json_value_t *member = value->first; member; member = member->next) {
        kept++;
        require(member->next || member == value->last);
    }
    require(kept <= limits->members && kept <= value->count);
    require(kept == value->count || value->truncated);
    json_integer(value, &number);
    json_truthy(value);
    return value->first;
}

/* Depth first; `path` holds the containers that lead to a value. */
static void check_tree(const json_value_t *root, const json_limits_t *limits)
{
    const json_value_t *path[JSON_TREE_MAX_DEPTH + 1], *value = root;
    usage_t usage = {0, 0};
    unsigned depth = 0;

    while (value) {
        const json_value_t *first = check_value(value, limits, &usage);

        if (first) {
            require(depth < JSON_TREE_MAX_DEPTH);
            path[depth++] = value;
            value = first;
            continue;
        }
        while (!value->next && depth) {
            value = path[--depth];
        }
        value = value->next;
    }
    require(usage.nodes <= (limits->nodes ? limits->nodes : 1));
    require(usage.bytes <= limits->bytes);
}

static void check_limited(apr_pool_t *pool, const json_limits_t *limits, const char *text,
                          apr_size_t length)
{
    apr_uint32_t chance = (apr_uint32_t)length;
    json_record_t record;

    require(json_record_cuts(&record, pool, limits, text, length, RANDOM_CUTS, &chance));
    if (record.accepted) {
        check_tree(json_parse(pool, text, length, limits), limits);
        require(json_parse(pool, record.output.data, record.output.length, &roomy) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *root;
    json_limits_t limits;
    apr_pool_t *pool;

    if (size < LIMIT_BYTES) {
        return 0;
    }
    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
    }
    apr_pool_create(&pool, root);
    limits = choose_limits(data);
    check_limited(pool, &limits, (const char *)data + LIMIT_BYTES, size - LIMIT_BYTES);
    apr_pool_destroy(pool);
    return 0;
}
