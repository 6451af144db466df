/* A JSON scanner under way: what it is in, and how it tells its sink. For the scanner's own files.
 */
#ifndef TEXT_JSON_STATE_H
#define TEXT_JSON_STATE_H

#include "json_grammar.h"

#define DECODED_SIZE 64
#define NESTING_BITS 64
#define CHARACTER_SIZE 4 /* longest UTF-8 form */

struct json_scan_t {
    json_sink_t sink;
    state_t state;
    state_t after_value; /* within the innermost container */
    json_fault_t fault;
    unsigned depth;
    apr_uint64_t nesting; /* a bit per depth, the innermost lowest: 1 in an object, 0 in an array */
    unsigned skip_depth;  /* nothing is reported until the container of this depth ends; 0: none */
    int closed;           /* the top-level value is complete and it was no number */
    json_token_t text_token;  /* KEY or STRING, while in one */
    number_t number;          /* while in a number */
    int negative;             /* of that number */
    apr_size_t number_length; /* its bytes so far */
    const word_t *word;       /* while in a word */
    unsigned word_length;     /* its bytes so far */
    unsigned hex_length;      /* digits of a \u escape so far */
    apr_uint32_t unit;        /* their value */
    apr_uint32_t high;        /* a high surrogate that waits for its low one, or 0 */
    unsigned decoded_length;  /* escapes decoded and not yet reported */
    char decoded[DECODED_SIZE];
    apr_uint64_t outer[JSON_SCAN_MAX_DEPTH / NESTING_BITS + 1]; /* nesting further out, likewise */
};

/* ---- reporting ---- */

static inline void report_token(json_scan_t *scan, json_token_t token)
{
    if (!scan->skip_depth) {
        scan->sink.token(scan->sink.payload, token);
    }
}

static inline void report_text(json_scan_t *scan, json_token_t token, const char *data,
                               apr_size_t length, int last)
{
    if (!scan->skip_depth) {
        scan->sink.text(scan->sink.payload, token, data, length, last);
    }
}

static inline void flush_decoded(json_scan_t *scan)
{
    if (scan->decoded_length) {
        unsigned length = scan->decoded_length;

        scan->decoded_length = 0;
        report_text(scan, scan->text_token, scan->decoded, length, 0);
    }
}

/* The text so far has been reported in full, so that what the sink got does not depend on how the
 * input was cut. */
static inline void refuse(json_scan_t *scan, json_fault_t fault)
{
    flush_decoded(scan);
    scan->fault = fault;
    scan->state = REFUSED;
}

/* ---- containers ---- */

/* What follows a value in the innermost container. */
static inline state_t state_after_value(const json_scan_t *scan)
{
    if (!scan->depth) {
        return AT_END;
    }
    return scan->nesting & 1 ? AT_OBJECT_COMMA : AT_ARRAY_COMMA;
}

/* After a value that shows its own end. */
static inline void after_closed_value(json_scan_t *scan)
{
    scan->state = scan->after_value;
    scan->closed = scan->state == AT_END;
}

/* Returns the state within. */
static inline state_t open_container(json_scan_t *scan, state_t within, state_t after_value,
                                     json_token_t token)
{
    if (scan->depth == JSON_SCAN_MAX_DEPTH) {
        refuse(scan, JSON_FAULT_DEPTH);
        return REFUSED;
    }
    if (scan->depth % NESTING_BITS == 0) {
        scan->outer[scan->depth / NESTING_BITS] = scan->nesting;
    }
    scan->depth++;
    scan->nesting = scan->nesting << 1 | (token == JSON_OBJECT_BEGIN);
    scan->after_value = after_value;
    report_token(scan, token);
    return within;
}

/* Returns the state behind it. */
static inline state_t close_container(json_scan_t *scan, json_token_t token)
{
    if (scan->skip_depth == scan->depth) {
        scan->skip_depth = 0;
    }
    scan->depth--;
    scan->nesting >>= 1;
    if (scan->depth % NESTING_BITS == 0) {
        scan->nesting = scan->outer[scan->depth / NESTING_BITS];
    }
    scan->after_value = state_after_value(scan);
    scan->closed = !scan->depth;
    report_token(scan, token);
    return scan->after_value;
}

/* Reads brackets, and the commas and spaces among them, within what is skipped: texts of little
 * else are the slowest. Begins with an opening one where a value may begin, and stops at anything
 * else and at the bracket that ends what is skipped. */
const char *json_skip_brackets(json_scan_t *scan, const char *data, const char *end);

#endif
