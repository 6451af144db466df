/* A streaming JSON scanner that accepts exactly what Python's json.loads(bytes.decode("utf-8",
 * "replace")) accepts (facts: Odoo reads every JSON body that way), in fixed memory, without
 * recursion or allocation after its creation, whatever the size of the text and however it is
 * cut into pieces.
 *
 * It differs from RFC 8259 where Python does: NaN, Infinity and -Infinity are numbers, lone
 * surrogates and \u0000 are accepted, bytes that are not UTF-8 pass through unchanged (the
 * reader of a kept string repairs it), a byte order mark is refused.
 *
 * Pure; one owner; never blocks. */
#ifndef TEXT_JSON_SCAN_H
#define TEXT_JSON_SCAN_H

#include <apr_errno.h>
#include <apr_pools.h>

/* Deepest nesting followed. Python before 3.12 gives up below 1,000, later ones below this. */
#define JSON_SCAN_MAX_DEPTH 10240

/* Digits of the longest integer that Python accepts (sys.int_info.default_max_str_digits). */
#define JSON_SCAN_MAX_DIGITS 4300

typedef enum json_token_t {
    JSON_OBJECT_BEGIN,
    JSON_OBJECT_END,
    JSON_ARRAY_BEGIN,
    JSON_ARRAY_END,
    JSON_KEY,
    JSON_STRING,
    JSON_NUMBER, /* also NaN, Infinity, -Infinity */
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL
} json_token_t;

typedef enum json_fault_t {
    JSON_FAULT_NONE,
    JSON_FAULT_SYNTAX, /* Python refuses it as well */
    JSON_FAULT_DEPTH,  /* deeper than JSON_SCAN_MAX_DEPTH: Python may or may not take it */
    JSON_FAULT_DIGITS, /* an integer of more than JSON_SCAN_MAX_DIGITS digits: likewise */
    JSON_FAULT_CUT     /* the text ended in the middle of a value, or was empty */
} json_fault_t;

typedef struct json_scan_t json_scan_t;

typedef struct json_sink_t {
    /* Every token but KEY, STRING and NUMBER, in order. */
    void (*token)(void *payload, json_token_t token);
    /* A KEY, STRING or NUMBER arrives in one or more pieces: escapes decoded to UTF-8 (a lone
     * surrogate as its three-byte form), pieces of any length including 0, the last one marked.
     * The data is valid during the call only. */
    void (*text)(void *payload, json_token_t token, const char *data, apr_size_t length, int last);
    void *payload;
} json_sink_t;

json_scan_t *json_scan_create(apr_pool_t *pool, const json_sink_t *sink);

/* Ready for another text, same sink. */
void json_scan_reset(json_scan_t *scan);

/* Takes the next piece. Returns APR_SUCCESS, or APR_EINVAL once the text can no longer be valid
 * (then and ever after; json_scan_fault tells why). */
apr_status_t json_scan_feed(json_scan_t *scan, const char *data, apr_size_t length);

/* As json_scan_feed, but stops behind the end of the top-level value: *used tells how many bytes
 * were taken, APR_EOF that the value is complete. For JSON inside a page. A top-level number
 * never completes this way. */
apr_status_t json_scan_feed_value(json_scan_t *scan, const char *data, apr_size_t length,
                                  apr_size_t *used);

/* The text is over. APR_SUCCESS if it was one whole value, else APR_EINVAL. */
apr_status_t json_scan_end(json_scan_t *scan);

/* Called by the sink on an OBJECT_BEGIN or ARRAY_BEGIN: reports nothing more until the matching
 * END, which is reported. The content is checked all the same. */
void json_scan_skip(json_scan_t *scan);

/* For a reader of the same values in another notation, in place of feeding: passes a token on to
 * the sink, if nothing skips it, as a value of its own or within the last BEGIN. The caller sees to
 * it that the tokens make one value; json_scan_end and all else is as after feeding. Nesting deeper
 * than JSON_SCAN_MAX_DEPTH is a fault. */
void json_scan_push_token(json_scan_t *scan, json_token_t token);
void json_scan_push_text(json_scan_t *scan, json_token_t token, const char *data, apr_size_t length,
                         int last);

/* Open objects and arrays, counted after the token that is being reported. */
unsigned json_scan_depth(const json_scan_t *scan);

json_fault_t json_scan_fault(const json_scan_t *scan);

#endif
