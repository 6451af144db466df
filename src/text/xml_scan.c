#include "text/xml_scan.h"

#include <string.h>

#include <apr_lib.h>

#include "xml_encoding.h"
#include "xml_memory.h"
#include "xml_number.h"

#define PIECE 16384      /* bytes given to expat at a time */
#define MAX_PENDING 1024 /* blanks kept at the start of a <value> */

#define KEY_PARAMS "params"
#define KEY_FAULT "fault"
#define KEY_METHOD "methodName"

typedef enum tag_t {
    TAG_UNKNOWN,
    TAG_VALUE,
    TAG_ARRAY,
    TAG_STRUCT,
    TAG_PARAMS,
    TAG_FAULT,
    TAG_METHOD,
    /* those that hold one value */
    TAG_STRING,
    TAG_INTEGER,
    TAG_FLOAT,
    TAG_BOOLEAN,
    TAG_NIL
} tag_t;

typedef struct tag_name_t {
    const char *name;
    tag_t tag;
} tag_name_t;

/* The tags to which Python's Unmarshaller gives a meaning. */
static const tag_name_t tag_names[] = {
    {"value", TAG_VALUE},
    {"string", TAG_STRING},
    {"name", TAG_STRING},
    {"int", TAG_INTEGER},
    {"struct", TAG_STRUCT},
    {"array", TAG_ARRAY},
    {"boolean", TAG_BOOLEAN},
    {"double", TAG_FLOAT},
    {"nil", TAG_NIL},
    {"base64", TAG_STRING},
    {"dateTime.iso8601", TAG_STRING},
    {"i1", TAG_INTEGER},
    {"i2", TAG_INTEGER},
    {"i4", TAG_INTEGER},
    {"i8", TAG_INTEGER},
    {"biginteger", TAG_INTEGER},
    {"float", TAG_FLOAT},
    {"bigdecimal", TAG_FLOAT},
    {"params", TAG_PARAMS},
    {"fault", TAG_FAULT},
    {"methodName", TAG_METHOD},
};

/* An open array or struct. */
typedef struct frame_t {
    apr_byte_t is_struct;
    apr_byte_t value_next; /* in a struct: its member has a name already */
} frame_t;

struct xml_scan_t {
    XML_Parser parser;
    xml_memory_t memory;
    json_sink_t sink;
    int refused;
    unsigned elements; /* open ones */
    unsigned depth;    /* of arrays and structs */
    frame_t frames[XML_SCAN_MAX_DEPTH];
    int begun;      /* the list of parameters was opened */
    int typed;      /* something was said that makes it a call or an answer */
    int has_method; /* its name was said */
    tag_t leaf;     /* the element whose text arrives; TAG_UNKNOWN: none */
    int in_value;   /* a <value> whose text, if no tag comes, is a string */
    int text_begun; /* pieces of a string were reported */
    json_token_t text_token;
    char pending[MAX_PENDING]; /* text that is not reported yet: numbers, blanks in a <value> */
    apr_size_t pending_length;
    char method[XML_SCAN_MAX_METHOD];
    apr_size_t method_length;
};

static void refuse(xml_scan_t *scan)
{
    scan->refused = 1;
    XML_StopParser(scan->parser, XML_FALSE);
}

static void report(xml_scan_t *scan, json_token_t token)
{
    scan->sink.token(scan->sink.payload, token);
}

static void report_text(xml_scan_t *scan, json_token_t token, const char *data, apr_size_t length)
{
    scan->sink.text(scan->sink.payload, token, data, length, 1);
}

/* ---- values ---- */

/* XML-RPC's values are a flat list of which <array> and <struct> take what came since they began,
 * whatever tags stand around it: so Python reads it. */
static void begin_list(xml_scan_t *scan, const char *key)
{
    scan->begun = 1;
    report(scan, JSON_OBJECT_BEGIN);
    report_text(scan, JSON_KEY, key, strlen(key));
    report(scan, JSON_ARRAY_BEGIN);
}

/* 1 if the value that comes is the name of a struct's member. */
static int begin_item(xml_scan_t *scan)
{
    frame_t *frame = scan->depth > 0 ? &scan->frames[scan->depth - 1] : NULL;

    if (!scan->begun) {
        begin_list(scan, KEY_PARAMS);
    }
    if (!frame || !frame->is_struct) {
        return 0;
    }
    frame->value_next = !frame->value_next;
    return frame->value_next;
}

/* A value that is no text. As a name it is none that anybody asks for. */
static void report_item(xml_scan_t *scan, json_token_t token, const char *name)
{
    if (begin_item(scan)) {
        report_text(scan, JSON_KEY, name, strlen(name));
    }
    else {
        report(scan, token);
    }
}

static void report_number(xml_scan_t *scan, const char *number)
{
    report_text(scan, begin_item(scan) ? JSON_KEY : JSON_NUMBER, number, strlen(number));
}

static void report_string(xml_scan_t *scan, const char *data, apr_size_t length, int last)
{
    if (!scan->text_begun) {
        scan->text_begun = 1;
        scan->text_token = begin_item(scan) ? JSON_KEY : JSON_STRING;
    }
    scan->sink.text(scan->sink.payload, scan->text_token, data, length, last);
}

static void open_container(xml_scan_t *scan, int is_struct)
{
    if (scan->depth == XML_SCAN_MAX_DEPTH || begin_item(scan)) {
        refuse(scan); /* a container is no name */
        return;
    }
    scan->frames[scan->depth].is_struct = (apr_byte_t)is_struct;
    scan->frames[scan->depth].value_next = 0;
    scan->depth++;
    report(scan, is_struct ? JSON_OBJECT_BEGIN : JSON_ARRAY_BEGIN);
}

static void close_container(xml_scan_t *scan)
{
    const frame_t *frame = &scan->frames[scan->depth - 1];

    if (frame->value_next) {
        refuse(scan); /* a name without a value */
        return;
    }
    scan->depth--;
    report(scan, frame->is_struct ? JSON_OBJECT_END : JSON_ARRAY_END);
}

/* ---- elements ---- */

static tag_t find_tag(const char *name)
{
    const char *colon = strrchr(name, ':');

    name = colon ? colon + 1 : name;
    for (apr_size_t i = 0; i < sizeof(tag_names) / sizeof(tag_names[0]); i++) {
        if (strcmp(name, tag_names[i].name) == 0) {
            return tag_names[i].tag;
        }
    }
    return TAG_UNKNOWN;
}

static void open_tag(xml_scan_t *scan, tag_t tag)
{
    switch (tag) {
    case TAG_ARRAY:
    case TAG_STRUCT:
        open_container(scan, tag == TAG_STRUCT);
        break;
    case TAG_FAULT:
        if (!scan->begun) {
            begin_list(scan, KEY_FAULT);
        }
        break;
    case TAG_METHOD:
        scan->method_length = 0;
        scan->leaf = tag;
        break;
    default:
        scan->leaf = tag >= TAG_STRING ? tag : TAG_UNKNOWN;
    }
}

static void XMLCALL start_element(void *data, const XML_Char *name, const XML_Char **attributes)
{
    xml_scan_t *scan = data;
    tag_t tag = find_tag(name);

    (void)attributes;
    if (scan->refused) {
        return;
    }
    /* What stands in front of a tag is dropped, so nothing of it may have been reported. */
    if (scan->leaf != TAG_UNKNOWN || (scan->in_value && (scan->text_begun || tag == TAG_UNKNOWN)) ||
        scan->elements == XML_SCAN_MAX_ELEMENTS) {
        refuse(scan);
        return;
    }
    scan->elements++;
    scan->in_value = tag == TAG_VALUE;
    scan->pending_length = 0;
    scan->text_begun = 0;
    open_tag(scan, tag);
}

static void end_number(xml_scan_t *scan)
{
    char number[XML_NUMBER_MAX + 1];
    int good = scan->leaf == TAG_INTEGER ? xml_integer(scan->pending, scan->pending_length, number)
                                         : xml_float(scan->pending, scan->pending_length, number);

    if (good) {
        report_number(scan, number);
    }
    else {
        refuse(scan);
    }
}

static void end_boolean(xml_scan_t *scan)
{
    char digit = scan->pending_length == 1 ? scan->pending[0] : '\0';

    if (digit != '0' && digit != '1') {
        refuse(scan);
        return;
    }
    report_item(scan, digit == '1' ? JSON_TRUE : JSON_FALSE, digit == '1' ? "true" : "false");
}

static void end_leaf(xml_scan_t *scan)
{
    switch (scan->leaf) {
    case TAG_STRING:
        report_string(scan, "", 0, 1);
        break;
    case TAG_BOOLEAN:
        end_boolean(scan);
        break;
    case TAG_NIL:
        report_item(scan, JSON_NULL, "null");
        break;
    case TAG_METHOD:
        scan->typed = scan->has_method = 1;
        break;
    default:
        end_number(scan);
    }
    scan->leaf = TAG_UNKNOWN;
}

static void XMLCALL end_element(void *data, const XML_Char *name)
{
    xml_scan_t *scan = data;
    tag_t tag = find_tag(name);

    if (scan->refused) {
        return;
    }
    scan->elements--;
    if (scan->leaf != TAG_UNKNOWN) {
        end_leaf(scan);
    }
    else if (tag == TAG_VALUE && scan->in_value) {
        report_string(scan, scan->pending, scan->pending_length, 1);
    }
    else if (tag == TAG_ARRAY || tag == TAG_STRUCT) {
        close_container(scan);
    }
    scan->typed |= tag == TAG_PARAMS || tag == TAG_FAULT;
    scan->in_value = 0;
    scan->text_begun = 0;
}

/* ---- text ---- */

static void take_method(xml_scan_t *scan, const char *text, apr_size_t length)
{
    apr_size_t room = sizeof(scan->method) - scan->method_length;

    memcpy(scan->method + scan->method_length, text, length < room ? length : room);
    scan->method_length += length < room ? length : room;
}

/* 0 if it does not fit. */
static int keep_pending(xml_scan_t *scan, const char *text, apr_size_t length)
{
    if (length > sizeof(scan->pending) - scan->pending_length) {
        return 0;
    }
    memcpy(scan->pending + scan->pending_length, text, length);
    scan->pending_length += length;
    return 1;
}

static int all_blank(const char *text, apr_size_t length)
{
    while (length > 0 && apr_isspace(*text)) {
        text++;
        length--;
    }
    return length == 0;
}

/* Blanks may stand in front of a tag, anything else makes the text of a <value> a string. */
static void take_value_text(xml_scan_t *scan, const char *text, apr_size_t length)
{
    if (!scan->text_begun && all_blank(text, length) && keep_pending(scan, text, length)) {
        return;
    }
    report_string(scan, scan->pending, scan->pending_length, 0);
    scan->pending_length = 0;
    report_string(scan, text, length, 0);
}

static void XMLCALL take_text(void *data, const XML_Char *text, int length)
{
    xml_scan_t *scan = data;

    if (scan->refused) {
        return;
    }
    switch (scan->leaf) {
    case TAG_UNKNOWN:
        if (scan->in_value) {
            take_value_text(scan, text, (apr_size_t)length);
        }
        break;
    case TAG_STRING:
        report_string(scan, text, (apr_size_t)length, 0);
        break;
    case TAG_METHOD:
        take_method(scan, text, (apr_size_t)length);
        break;
    case TAG_NIL:
        break;
    default:
        if (!keep_pending(scan, text, (apr_size_t)length)) {
            refuse(scan);
        }
    }
}

static void XMLCALL start_doctype(void *data, const XML_Char *name, const XML_Char *system,
                                  const XML_Char *public, int internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    refuse(data);
}

/* ---- what others call ---- */

static apr_status_t destroy(void *data)
{
    XML_ParserFree(((xml_scan_t *)data)->parser);
    return APR_SUCCESS;
}

xml_scan_t *xml_scan_create(apr_pool_t *pool, const json_sink_t *sink)
{
    xml_scan_t *scan = apr_pcalloc(pool, sizeof(*scan));

    scan->memory.limit = XML_SCAN_MAX_MEMORY;
    scan->sink = *sink;
    scan->parser = xml_memory_parser(&scan->memory);
    if (!scan->parser) {
        return NULL;
    }
    apr_pool_cleanup_register(pool, scan, destroy, apr_pool_cleanup_null);
    XML_SetUserData(scan->parser, scan);
    XML_SetElementHandler(scan->parser, start_element, end_element);
    XML_SetCharacterDataHandler(scan->parser, take_text);
    XML_SetStartDoctypeDeclHandler(scan->parser, start_doctype);
    XML_SetUnknownEncodingHandler(scan->parser, xml_encoding_unknown, NULL);
    return scan;
}

static void parse(xml_scan_t *scan, const char *data, apr_size_t length, int last)
{
    if (!scan->refused &&
        xml_memory_parse(&scan->memory, scan->parser, data, (int)length, last) != XML_STATUS_OK) {
        scan->refused = 1;
    }
}

apr_status_t xml_scan_feed(xml_scan_t *scan, const char *data, apr_size_t length)
{
    while (length > 0 && !scan->refused) {
        apr_size_t piece = length < PIECE ? length : PIECE;

        parse(scan, data, piece, 0);
        data += piece;
        length -= piece;
    }
    return scan->refused ? APR_EINVAL : APR_SUCCESS;
}

apr_status_t xml_scan_end(xml_scan_t *scan)
{
    parse(scan, "", 0, 1);
    if (scan->refused || !scan->typed) {
        return APR_EINVAL;
    }
    scan->refused = 1; /* it is over */
    if (!scan->begun) {
        begin_list(scan, KEY_PARAMS);
    }
    report(scan, JSON_ARRAY_END);
    if (scan->has_method) {
        report_text(scan, JSON_KEY, KEY_METHOD, sizeof(KEY_METHOD) - 1);
        report_text(scan, JSON_STRING, scan->method, scan->method_length);
    }
    report(scan, JSON_OBJECT_END);
    return APR_SUCCESS;
}
