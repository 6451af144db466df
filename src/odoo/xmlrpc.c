#include "xmlrpc.h"

#include <string.h>

#include "text/xml_scan.h"
#include "xmlrpc_fault.h"

#define KEY_SIZE 16 /* longer than any key that is looked for */

/* Containers open where a parameter, and where a member of a fault stands. */
#define DEPTH_PARAMETER 2
#define DEPTH_FAULT_MEMBER 3

typedef enum part_t { PART_NONE, PART_PARAMETERS, PART_FAULT, PART_METHOD } part_t;

struct xmlrpc_t {
    apr_pool_t *pool;
    xml_scan_t *scan;
    json_scan_t *to;
    const char *service; /* of a call, NULL: an answer */
    unsigned depth;      /* open containers */
    part_t part;         /* of the document, under way */
    int in_text;         /* more of a text comes */
    char key[KEY_SIZE];  /* of the fault's member under way */
    apr_size_t key_length;
    xmlrpc_fault_t *fault; /* NULL: there was none */
};

/* ---- pushing ---- */

static void push(xmlrpc_t *xmlrpc, json_token_t token)
{
    json_scan_push_token(xmlrpc->to, token);
}

static void push_text(xmlrpc_t *xmlrpc, json_token_t token, const char *text)
{
    json_scan_push_text(xmlrpc->to, token, text, strlen(text), 1);
}

static void push_member(xmlrpc_t *xmlrpc, const char *key, const char *text)
{
    push_text(xmlrpc, JSON_KEY, key);
    push_text(xmlrpc, JSON_STRING, text);
}

/* ---- a call ---- */

static void begin_call(xmlrpc_t *xmlrpc)
{
    push(xmlrpc, JSON_OBJECT_BEGIN);
    push_text(xmlrpc, JSON_KEY, "params");
    push(xmlrpc, JSON_OBJECT_BEGIN);
    push_member(xmlrpc, "service", xmlrpc->service);
}

static void call_token(void *payload, json_token_t token)
{
    xmlrpc_t *xmlrpc = payload;

    if (token == JSON_OBJECT_BEGIN && xmlrpc->depth == 0) {
        begin_call(xmlrpc);
    }
    else {
        push(xmlrpc, token);
    }
    xmlrpc->depth += token == JSON_OBJECT_BEGIN || token == JSON_ARRAY_BEGIN;
    xmlrpc->depth -= token == JSON_OBJECT_END || token == JSON_ARRAY_END;
    if (token == JSON_OBJECT_END && xmlrpc->depth == 0) {
        push(xmlrpc, token);
    }
}

/* The document's own keys come in one piece. */
static void call_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                      int last)
{
    xmlrpc_t *xmlrpc = payload;

    if (token == JSON_KEY && xmlrpc->depth == 1) {
        push_text(xmlrpc, JSON_KEY, *data == 'p' ? "args" : *data == 'm' ? "method" : "fault");
    }
    else {
        json_scan_push_text(xmlrpc->to, token, data, length, last);
    }
}

/* ---- an answer ---- */

static int opens(json_token_t token)
{
    return token == JSON_OBJECT_BEGIN || token == JSON_ARRAY_BEGIN;
}

static int closes(json_token_t token)
{
    return token == JSON_OBJECT_END || token == JSON_ARRAY_END;
}

static void end_fault(xmlrpc_t *xmlrpc)
{
    int done;
    const char *name = xmlrpc_fault_name(xmlrpc->pool, xmlrpc->fault, &done);

    if (done) {
        push_text(xmlrpc, JSON_KEY, "result");
        push(xmlrpc, JSON_NULL);
        return;
    }
    push_text(xmlrpc, JSON_KEY, "error");
    push(xmlrpc, JSON_OBJECT_BEGIN);
    push_text(xmlrpc, JSON_KEY, "data");
    push(xmlrpc, JSON_OBJECT_BEGIN);
    if (name) {
        push_member(xmlrpc, "name", name);
    }
    push(xmlrpc, JSON_OBJECT_END);
    push(xmlrpc, JSON_OBJECT_END);
}

/* The document itself, or the list of its values: there is one value. */
static void frame_token(xmlrpc_t *xmlrpc, json_token_t token)
{
    if (token == JSON_OBJECT_BEGIN) {
        push(xmlrpc, token);
        push_member(xmlrpc, "jsonrpc", "2.0");
    }
    else if (token == JSON_OBJECT_END) {
        if (xmlrpc->fault) {
            end_fault(xmlrpc);
        }
        push(xmlrpc, token);
    }
}

static void reply_token(void *payload, json_token_t token)
{
    xmlrpc_t *xmlrpc = payload;

    xmlrpc->depth -= (unsigned)closes(token);
    if (xmlrpc->depth < DEPTH_PARAMETER) {
        frame_token(xmlrpc, token);
    }
    else if (xmlrpc->part == PART_PARAMETERS) {
        if (xmlrpc->depth == DEPTH_PARAMETER && !closes(token)) {
            push_text(xmlrpc, JSON_KEY, "result");
        }
        push(xmlrpc, token);
    }
    xmlrpc->depth += (unsigned)opens(token);
}

static void begin_part(xmlrpc_t *xmlrpc, char first)
{
    xmlrpc->part = first == 'p' ? PART_PARAMETERS : first == 'f' ? PART_FAULT : PART_METHOD;
    if (xmlrpc->part == PART_FAULT) {
        xmlrpc->fault = apr_pcalloc(xmlrpc->pool, sizeof(*xmlrpc->fault));
    }
}

static int key_is(const xmlrpc_t *xmlrpc, const char *key)
{
    return xmlrpc->key_length == strlen(key) && memcmp(xmlrpc->key, key, strlen(key)) == 0;
}

static void read_key(xmlrpc_t *xmlrpc, const char *data, apr_size_t length)
{
    if (!xmlrpc->in_text) {
        xmlrpc->key_length = 0;
    }
    if (xmlrpc->key_length + length <= KEY_SIZE) {
        memcpy(xmlrpc->key + xmlrpc->key_length, data, length);
    }
    xmlrpc->key_length += length;
}

static void fault_text(xmlrpc_t *xmlrpc, json_token_t token, const char *data, apr_size_t length)
{
    if (xmlrpc->depth != DEPTH_FAULT_MEMBER) {
        return;
    }
    if (token == JSON_KEY) {
        read_key(xmlrpc, data, length);
    }
    else if (key_is(xmlrpc, "faultCode")) {
        xmlrpc_fault_add_code(xmlrpc->fault, data, length);
    }
    else if (key_is(xmlrpc, "faultString")) {
        xmlrpc_fault_add_text(xmlrpc->fault, data, length);
    }
}

static void reply_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                       int last)
{
    xmlrpc_t *xmlrpc = payload;

    if (xmlrpc->depth == 1 && token == JSON_KEY) {
        begin_part(xmlrpc, *data);
    }
    else if (xmlrpc->part == PART_FAULT) {
        fault_text(xmlrpc, token, data, length);
    }
    else if (xmlrpc->part == PART_PARAMETERS) {
        if (xmlrpc->depth == DEPTH_PARAMETER && !xmlrpc->in_text) {
            push_text(xmlrpc, JSON_KEY, "result");
        }
        json_scan_push_text(xmlrpc->to, token, data, length, last);
    }
    xmlrpc->in_text = !last;
}

/* ---- what others call ---- */

static xmlrpc_t *create(apr_pool_t *pool, const json_sink_t *sink, json_scan_t *to)
{
    xmlrpc_t *xmlrpc = sink->payload;

    xmlrpc->pool = pool;
    xmlrpc->to = to;
    xmlrpc->scan = xml_scan_create(pool, sink);
    return xmlrpc->scan ? xmlrpc : NULL;
}

xmlrpc_t *xmlrpc_call_create(apr_pool_t *pool, const char *service, json_scan_t *to)
{
    xmlrpc_t *xmlrpc = apr_pcalloc(pool, sizeof(*xmlrpc));
    const json_sink_t sink = {call_token, call_text, xmlrpc};

    xmlrpc->service = service;
    return create(pool, &sink, to);
}

xmlrpc_t *xmlrpc_reply_create(apr_pool_t *pool, json_scan_t *to)
{
    xmlrpc_t *xmlrpc = apr_pcalloc(pool, sizeof(*xmlrpc));
    const json_sink_t sink = {reply_token, reply_text, xmlrpc};

    return create(pool, &sink, to);
}

apr_status_t xmlrpc_feed(xmlrpc_t *xmlrpc, const char *data, apr_size_t length)
{
    return xml_scan_feed(xmlrpc->scan, data, length);
}

apr_status_t xmlrpc_end(xmlrpc_t *xmlrpc)
{
    return xml_scan_end(xmlrpc->scan);
}
