#include "json_state.h"

/* How many containers are open and of which kinds, at hand while brackets are read. */
typedef struct nest_t {
    unsigned depth;
    apr_uint64_t kinds; /* as in json_scan_t */
} nest_t;

#define NO_BYTE (-1)

/* What ends the innermost container. */
static const short closing_bytes[AT_END + 1] = {
    [AT_VALUE] = NO_BYTE, [AT_VALUE_OR_END] = ']', [AT_KEY] = NO_BYTE,      [AT_KEY_OR_END] = '}',
    [AT_COLON] = NO_BYTE, [AT_ARRAY_COMMA] = ']',  [AT_OBJECT_COMMA] = '}', [AT_END] = NO_BYTE,
};

/* 0 if it would be too deep. */
static inline int nest_open(json_scan_t *scan, nest_t *nest, unsigned object)
{
    if (nest->depth % NESTING_BITS == 0) {
        if (nest->depth == JSON_SCAN_MAX_DEPTH) {
            return 0;
        }
        scan->outer[nest->depth / NESTING_BITS] = nest->kinds;
    }
    nest->kinds = nest->kinds << 1 | object;
    nest->depth++;
    return 1;
}

static inline void nest_close(const json_scan_t *scan, nest_t *nest)
{
    nest->depth--;
    nest->kinds >>= 1;
    if (nest->depth % NESTING_BITS == 0) {
        nest->kinds = scan->outer[nest->depth / NESTING_BITS];
    }
}

const char *json_skip_brackets(json_scan_t *scan, const char *data, const char *end)
{
    nest_t nest = {scan->depth, scan->nesting};
    const unsigned skip_depth = scan->skip_depth;
    state_t state = AT_VALUE;
    int deep = 0;

    for (; data < end; data++) {
        unsigned char byte = (unsigned char)*data;

        if (state <= AT_VALUE_OR_END && (byte == '[' || byte == '{')) {
            deep = !nest_open(scan, &nest, byte == '{');
            if (deep) {
                break;
            }
            state = byte == '{' ? AT_KEY_OR_END : AT_VALUE_OR_END;
        }
        else if (byte == closing_bytes[state]) {
            if (nest.depth == skip_depth) {
                break;
            }
            nest_close(scan, &nest);
            state = nest.kinds & 1 ? AT_OBJECT_COMMA : AT_ARRAY_COMMA;
        }
        else if (byte == ',' && state >= AT_ARRAY_COMMA) {
            state = state == AT_ARRAY_COMMA ? AT_VALUE : AT_KEY;
        }
        else if (byte_class[byte] != CLASS_SPACE) {
            break;
        }
    }
    scan->depth = nest.depth;
    scan->nesting = nest.kinds;
    scan->after_value = state_after_value(scan);
    scan->state = state;
    if (deep) {
        refuse(scan, JSON_FAULT_DEPTH);
    }
    return data;
}
