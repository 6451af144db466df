#include "text/json_scan.h"

#include <stddef.h>
#include <string.h>

#include "json_find.h"
#include "json_state.h"
#include "text/utf8.h"

/* ---- strings ---- */

static void decode_character(json_scan_t *scan, apr_uint32_t character)
{
    if (scan->decoded_length > DECODED_SIZE - CHARACTER_SIZE) {
        flush_decoded(scan);
    }
    scan->decoded_length += (unsigned)utf8_encode(character, scan->decoded + scan->decoded_length);
}

/* The high surrogate stays alone after all. */
static void release_high(json_scan_t *scan)
{
    if (scan->high) {
        decode_character(scan, scan->high);
        scan->high = 0;
    }
}

static void end_string(json_scan_t *scan, const char *data, apr_size_t length)
{
    flush_decoded(scan);
    report_text(scan, scan->text_token, data, length, 1);
    if (scan->text_token == JSON_KEY) {
        scan->state = AT_COLON;
    }
    else {
        after_closed_value(scan);
    }
}

static const char *read_escape(json_scan_t *scan, const char *data)
{
    if (*data == 'u') {
        scan->unit = 0;
        scan->hex_length = 0;
        scan->state = IN_HEX;
    }
    else if (escapes[(unsigned char)*data]) {
        release_high(scan);
        decode_character(scan, (unsigned char)escapes[(unsigned char)*data]);
        scan->state = IN_STRING;
    }
    else {
        refuse(scan, JSON_FAULT_SYNTAX);
    }
    return data + 1;
}

/* Takes the value of a whole \u escape: two surrogates in a row are one character. */
static void take_unit(json_scan_t *scan)
{
    apr_uint32_t unit = scan->unit;

    if (scan->high && unit >= 0xdc00 && unit <= 0xdfff) {
        unit = 0x10000 + ((scan->high - 0xd800) << 10) + (unit - 0xdc00);
        scan->high = 0;
    }
    release_high(scan);
    if (unit >= 0xd800 && unit <= 0xdbff) {
        scan->high = unit;
    }
    else {
        decode_character(scan, unit);
    }
    scan->state = IN_STRING;
}

static const char *read_hex(json_scan_t *scan, const char *data, const char *end)
{
    while (data < end && scan->hex_length < HEX_DIGITS) {
        unsigned value = hex_values[(unsigned char)*data++];

        if (!value) {
            refuse(scan, JSON_FAULT_SYNTAX);
            return data;
        }
        scan->unit = scan->unit << 4 | (value - 1);
        scan->hex_length++;
    }
    if (scan->hex_length == HEX_DIGITS) {
        take_unit(scan);
    }
    return data;
}

/* Reads escapes as long as one follows another. */
static const char *read_escapes(json_scan_t *scan, const char *data, const char *end)
{
    while (data < end && *data == '\\' && scan->state == IN_STRING) {
        scan->state = IN_ESCAPE;
        if (++data < end) {
            data = read_escape(scan, data);
        }
        if (data < end && scan->state == IN_HEX) {
            data = read_hex(scan, data, end);
        }
    }
    return data;
}

/* A string that goes on at `data` with plain bytes up to `stop`. */
static const char *read_piece(json_scan_t *scan, const char *data, const char *stop,
                              const char *end)
{
    if (stop < end && *stop == '"') {
        end_string(scan, data, (apr_size_t)(stop - data));
        return stop + 1;
    }
    if (stop > data) {
        flush_decoded(scan);
        report_text(scan, scan->text_token, data, (apr_size_t)(stop - data), 0);
    }
    if (stop == end) {
        return end;
    }
    if (*stop == '\\') {
        return read_escapes(scan, stop, end);
    }
    refuse(scan, JSON_FAULT_SYNTAX);
    return stop;
}

static const char *read_string(json_scan_t *scan, const char *data, const char *end)
{
    if (*data != '\\') {
        release_high(scan);
    }
    return read_piece(scan, data, json_find_special(data, end), end);
}

/* A string that begins at `data` and is no whole one that is plain. */
static const char *begin_string(json_scan_t *scan, json_token_t token, const char *data,
                                const char *stop, const char *end)
{
    scan->text_token = token;
    scan->state = IN_STRING;
    return data < end ? read_piece(scan, data, stop, end) : data;
}

/* Whether plain bytes end at `stop` with their string, as nearly all do. */
static inline int is_whole(const char *stop, const char *end)
{
    return stop < end && *stop == '"';
}

/* ---- numbers and words ---- */

static void end_number(json_scan_t *scan, const char *data, apr_size_t length)
{
    scan->number_length += length;
    if (scan->number == NUMBER_INTEGER &&
        scan->number_length - (apr_size_t)scan->negative > JSON_SCAN_MAX_DIGITS) {
        report_text(scan, JSON_NUMBER, data, length, 0);
        refuse(scan, JSON_FAULT_DIGITS);
        return;
    }
    report_text(scan, JSON_NUMBER, data, length, 1);
    scan->state = scan->after_value;
}

static void enter_word(json_scan_t *scan, char first)
{
    scan->word = words;
    while (scan->word->text[0] != first) {
        scan->word++;
    }
    scan->word_length = 0;
    scan->state = IN_WORD;
}

/* The number does not go on at `stop`, which is not the end of the input. */
static void leave_number(json_scan_t *scan, const char *data, const char *stop)
{
    apr_size_t length = (apr_size_t)(stop - data);

    if (number_complete[scan->number]) {
        end_number(scan, data, length);
        return;
    }
    report_text(scan, JSON_NUMBER, data, length, 0);
    if (scan->number == NUMBER_MINUS && *stop == 'I') {
        enter_word(scan, 'I');
    }
    else {
        refuse(scan, JSON_FAULT_SYNTAX);
    }
}

static const char *skip_digits(const char *data, const char *end)
{
    while (data < end && (unsigned char)(*data - '0') < 10) {
        data++;
    }
    return data;
}

static const char *read_number(json_scan_t *scan, const char *data, const char *end)
{
    const char *stop = data;
    number_t number = scan->number;

    while (stop < end) {
        number_t next = (number_t)number_moves[number][byte_class[(unsigned char)*stop]];

        if (next == NUMBER_OVER) {
            break;
        }
        number = next;
        stop++;
        if (number_digits_stay[number]) {
            stop = skip_digits(stop, end);
        }
    }
    scan->number = number;
    if (stop < end) {
        leave_number(scan, data, stop);
    }
    else {
        scan->number_length += (apr_size_t)(stop - data);
        report_text(scan, JSON_NUMBER, data, (apr_size_t)(stop - data), 0);
    }
    return stop;
}

/* A whole number that ends within the input, as nearly all do: the length of it, or 0. */
static apr_size_t integer_length(const char *data, const char *end)
{
    const char *first = data + (*data == '-'), *stop = first;

    if (stop < end && *stop >= '1' && *stop <= '9') {
        stop = skip_digits(stop + 1, end);
        if (stop < end && follows_integer[byte_class[(unsigned char)*stop]] &&
            stop - first <= JSON_SCAN_MAX_DIGITS) {
            return (apr_size_t)(stop - data);
        }
    }
    return 0;
}

static const char *begin_number(json_scan_t *scan, const char *data, const char *end)
{
    apr_size_t length = integer_length(data, end);

    if (length) {
        report_text(scan, JSON_NUMBER, data, length, 1);
        scan->state = scan->after_value;
        return data + length;
    }
    scan->number = NUMBER_START;
    scan->number_length = 0;
    scan->negative = *data == '-';
    scan->state = IN_NUMBER;
    return read_number(scan, data, end);
}

static const char *read_word(json_scan_t *scan, const char *data, const char *end)
{
    const word_t *word = scan->word;

    while (data < end && scan->word_length < word->length) {
        if (*data != word->text[scan->word_length]) {
            refuse(scan, JSON_FAULT_SYNTAX);
            return data;
        }
        data++;
        scan->word_length++;
    }
    if (scan->word_length == word->length) {
        after_closed_value(scan);
        if (word->token == JSON_NUMBER) {
            report_text(scan, JSON_NUMBER, word->text, word->length, 1);
        }
        else {
            report_token(scan, word->token);
        }
    }
    return data;
}

static const char *begin_word(json_scan_t *scan, const char *data, const char *end)
{
    enter_word(scan, *data);
    return read_word(scan, data, end);
}

/* ---- structure ---- */

/* Python writes a blank behind each ":" and ",", browsers none. */
static inline int blank_behind(const char *data, const char *end)
{
    return end - data > 1 && data[1] == ' ';
}

/* Reads what stands between tokens and the token that follows, unless it is a container: then
 * goes on inside. */
static const char *read_structure(json_scan_t *scan, const char *data, const char *end)
{
    state_t state = scan->state;
    const char *stop;

    do {
        switch ((move_t)structure_moves[state][byte_class[(unsigned char)*data]]) {
        case MOVE_PASS:
            break;
        case MOVE_TO_VALUE:
            state = AT_VALUE;
            data += blank_behind(data, end);
            break;
        case MOVE_TO_KEY:
            state = AT_KEY;
            data += blank_behind(data, end);
            break;
        case MOVE_STRING:
            stop = json_find_special(data + 1, end);
            if (!is_whole(stop, end)) {
                return begin_string(scan, JSON_STRING, data + 1, stop, end);
            }
            report_text(scan, JSON_STRING, data + 1, (apr_size_t)(stop - data - 1), 1);
            state = scan->after_value;
            scan->closed = state == AT_END;
            data = stop + 1;
            continue;
        case MOVE_KEY:
            stop = json_find_special(data + 1, end);
            if (!is_whole(stop, end)) {
                return begin_string(scan, JSON_KEY, data + 1, stop, end);
            }
            report_text(scan, JSON_KEY, data + 1, (apr_size_t)(stop - data - 1), 1);
            data = stop + 1;
            state = AT_COLON;
            if (data < end && *data == ':') {
                state = AT_VALUE;
                data += 1 + blank_behind(data, end);
            }
            continue;
        case MOVE_NUMBER:
            data = begin_number(scan, data, end);
            if (scan->state >= AT_END) {
                return data;
            }
            state = scan->state;
            continue;
        case MOVE_WORD:
            return begin_word(scan, data, end);
        case MOVE_OPEN_OBJECT:
            state = open_container(scan, AT_KEY_OR_END, AT_OBJECT_COMMA, JSON_OBJECT_BEGIN);
            break;
        case MOVE_OPEN_ARRAY:
            if (scan->skip_depth) {
                data = json_skip_brackets(scan, data, end);
                state = scan->state;
                continue;
            }
            state = open_container(scan, AT_VALUE_OR_END, AT_ARRAY_COMMA, JSON_ARRAY_BEGIN);
            break;
        case MOVE_CLOSE_OBJECT:
            state = close_container(scan, JSON_OBJECT_END);
            break;
        case MOVE_CLOSE_ARRAY:
            state = close_container(scan, JSON_ARRAY_END);
            break;
        case MOVE_REFUSE:
            refuse(scan, JSON_FAULT_SYNTAX);
            return data;
        }
        data++;
    } while (data < end && state < AT_END);
    scan->state = state;
    return data;
}

/* ---- the scanner ---- */

/* Reads on until the input ends, the text is refused or, if so wished, the top-level value is
 * closed. Returns where it stopped. */
static const char *read_all(json_scan_t *scan, const char *data, const char *end, int stop_closed)
{
    while (data < end) {
        switch (scan->state) {
        case IN_STRING:
            data = read_string(scan, data, end);
            break;
        case IN_ESCAPE:
            data = read_escape(scan, data);
            break;
        case IN_HEX:
            data = read_hex(scan, data, end);
            break;
        case IN_NUMBER:
            data = read_number(scan, data, end);
            break;
        case IN_WORD:
            data = read_word(scan, data, end);
            break;
        case REFUSED:
            return data;
        default:
            if (stop_closed && scan->closed) {
                return data;
            }
            data = read_structure(scan, data, end);
        }
    }
    return data;
}

json_scan_t *json_scan_create(apr_pool_t *pool, const json_sink_t *sink)
{
    json_scan_t *scan = apr_palloc(pool, sizeof(*scan));

    scan->sink = *sink;
    json_scan_reset(scan);
    return scan;
}

void json_scan_reset(json_scan_t *scan)
{
    json_sink_t sink = scan->sink;

    /* outer is written before it is read. */
    memset(scan, 0, offsetof(json_scan_t, decoded));
    scan->sink = sink;
    scan->state = AT_VALUE;
    scan->after_value = AT_END;
    scan->fault = JSON_FAULT_NONE;
}

apr_status_t json_scan_feed(json_scan_t *scan, const char *data, apr_size_t length)
{
    read_all(scan, data, data + length, 0);
    return scan->state == REFUSED ? APR_EINVAL : APR_SUCCESS;
}

apr_status_t json_scan_feed_value(json_scan_t *scan, const char *data, apr_size_t length,
                                  apr_size_t *used)
{
    *used = (apr_size_t)(read_all(scan, data, data + length, 1) - data);
    if (scan->state == REFUSED) {
        return APR_EINVAL;
    }
    return scan->closed ? APR_EOF : APR_SUCCESS;
}

apr_status_t json_scan_end(json_scan_t *scan)
{
    if (scan->state == IN_NUMBER && number_complete[scan->number]) {
        end_number(scan, "", 0);
    }
    if (scan->state != AT_END && scan->state != REFUSED) {
        refuse(scan, JSON_FAULT_CUT);
    }
    return scan->state == AT_END ? APR_SUCCESS : APR_EINVAL;
}

void json_scan_push_token(json_scan_t *scan, json_token_t token)
{
    if (scan->state == REFUSED) {
        return;
    }
    switch (token) {
    case JSON_OBJECT_BEGIN:
    case JSON_ARRAY_BEGIN:
        scan->state = open_container(scan, AT_VALUE, AT_VALUE, token);
        break;
    case JSON_OBJECT_END:
    case JSON_ARRAY_END:
        scan->state = close_container(scan, token);
        break;
    default:
        report_token(scan, token);
        scan->state = state_after_value(scan);
    }
}

void json_scan_push_text(json_scan_t *scan, json_token_t token, const char *data, apr_size_t length,
                         int last)
{
    if (scan->state == REFUSED) {
        return;
    }
    report_text(scan, token, data, length, last);
    if (last) {
        scan->state = state_after_value(scan);
    }
}

void json_scan_skip(json_scan_t *scan)
{
    scan->skip_depth = scan->depth;
}

unsigned json_scan_depth(const json_scan_t *scan)
{
    return scan->depth;
}

json_fault_t json_scan_fault(const json_scan_t *scan)
{
    return scan->fault;
}
