#include "envelope.h"

#include <stddef.h>
#include <string.h>

#include "envelope_parts.h"
#include "xmlrpc.h"

/* params, a pair, kwargs, a pair, the context: no more levels are ours. */
#define MAX_FRAMES 8

/* Whose members a frame holds. */
typedef enum role_t {
    ROLE_ENVELOPE,
    ROLE_PARAMETERS,
    ROLE_KEYWORDS,
    ROLE_CONTEXT,
    ROLE_ARGUMENTS
} role_t;

/* How they are written: dict() takes an object, an array of pairs, and pairs that are themselves
 * objects of two members, of which it takes the keys. */
typedef enum form_t { FORM_OBJECT, FORM_ARRAY, FORM_PAIRS, FORM_PAIR, FORM_PAIR_OBJECT } form_t;

typedef struct frame_t {
    role_t role;
    form_t form;
    apr_size_t index; /* elements, or keys of a FORM_PAIR_OBJECT, so far */
} frame_t;

typedef enum text_t { TEXT_NONE, TEXT_KEY, TEXT_TREE, TEXT_SECRET, TEXT_IGNORED } text_t;

struct envelope_t {
    envelope_shape_t shape;
    json_scan_t *scan;
    xmlrpc_t *xmlrpc; /* what feeds the scanner; NULL: the body is JSON */
    frame_t frames[MAX_FRAMES];
    int frame_count;
    envelope_key_t key;
    envelope_key_t pair_key; /* the first of a FORM_PAIR_OBJECT */
    text_t text;             /* what becomes of the text whose pieces arrive */
    int skipping;            /* the scanner skips: only an END is to come */
    slot_t *capture;         /* the slot whose value arrives */
    context_of_t context;    /* whose members arrive */
    int params_seen;
    int object;    /* the body is an object */
    int malformed; /* dict(params) fails */
    envelope_parts_t parts;
};

static frame_t *top(envelope_t *envelope)
{
    return envelope->frame_count ? &envelope->frames[envelope->frame_count - 1] : NULL;
}

static void push(envelope_t *envelope, role_t role, form_t form)
{
    frame_t *frame = &envelope->frames[envelope->frame_count++];

    frame->role = role;
    frame->form = form;
    frame->index = 0;
}

/* ---- where a value goes ---- */

/* What becomes of a value: it opens a frame, fills a slot, or neither and is passed over. */
typedef struct target_t {
    slot_t *slot;
    int opens; /* a frame of this role and form, if the value is a container that fits */
    role_t role;
    form_t form;
} target_t;

static target_t nowhere(void)
{
    target_t target = {NULL, 0, ROLE_ENVELOPE, FORM_OBJECT};

    return target;
}

static target_t into_slot(slot_t *slot)
{
    target_t target = nowhere();

    target.slot = slot;
    return target;
}

static target_t into_frame(role_t role, form_t form)
{
    target_t target = nowhere();

    target.opens = 1;
    target.role = role;
    target.form = form;
    return target;
}

/* dict(value), by the first token of the value. */
static target_t into_mapping(role_t role, json_token_t token, int *malformed)
{
    if (token == JSON_OBJECT_BEGIN) {
        return into_frame(role, FORM_OBJECT);
    }
    if (token == JSON_ARRAY_BEGIN) {
        return into_frame(role, FORM_PAIRS);
    }
    if (malformed) {
        *malformed = 1;
    }
    return nowhere();
}

static target_t into_context(envelope_t *envelope, context_of_t which, json_token_t token)
{
    parts_begin_context(&envelope->parts, which);
    envelope->context = which;
    return into_mapping(ROLE_CONTEXT, token, NULL);
}

static target_t into_arguments(envelope_t *envelope, json_token_t token)
{
    parts_begin_arguments(&envelope->parts);
    if (token == JSON_ARRAY_BEGIN) {
        return into_frame(ROLE_ARGUMENTS, FORM_ARRAY);
    }
    return token == JSON_STRING ? into_slot(parts_argument_text(&envelope->parts)) : nowhere();
}

/* Behind the database and the user; no part of a password may ever be kept. */
#define EXTERNAL_PASSWORD 2

static target_t target_argument(envelope_t *envelope, json_token_t token)
{
    slot_t *slot = parts_argument(&envelope->parts);
    int password = envelope->shape == ENVELOPE_EXTERNAL &&
                   envelope_argument_count(&envelope->parts) == EXTERNAL_PASSWORD + 1;

    if (password) {
        slot->present = 0;
        envelope->text = token == JSON_STRING ? TEXT_SECRET : envelope->text;
    }
    return password ? nowhere() : into_slot(slot);
}

/* A member of the body where the body itself has the keywords. */
static target_t target_bare(envelope_t *envelope, json_token_t token)
{
    if (parts_key_is(&envelope->key, "ids")) {
        parts_begin_arguments(&envelope->parts);
        return into_slot(parts_argument(&envelope->parts));
    }
    return parts_key_is(&envelope->key, "context")
               ? into_context(envelope, CONTEXT_OF_KEYWORDS, token)
               : into_slot(parts_keyword(&envelope->parts, &envelope->key));
}

static target_t target_parameter(envelope_t *envelope, json_token_t token)
{
    if (parts_key_is(&envelope->key, "args")) {
        return into_arguments(envelope, token);
    }
    if (parts_key_is(&envelope->key, "kwargs")) {
        parts_begin_keywords(&envelope->parts);
        return into_mapping(ROLE_KEYWORDS, token, NULL);
    }
    if (parts_key_is(&envelope->key, "context")) {
        return into_context(envelope, CONTEXT_OF_PARAMETERS, token);
    }
    return into_slot(parts_parameter(&envelope->parts, &envelope->key));
}

/* Where the value of the member whose key was just read goes. */
static target_t target_member(envelope_t *envelope, role_t role, json_token_t token)
{
    switch (role) {
    case ROLE_ENVELOPE:
        if (envelope->shape == ENVELOPE_BARE) {
            return target_bare(envelope, token);
        }
        if (!parts_key_is(&envelope->key, "params")) {
            return nowhere();
        }
        parts_begin_parameters(&envelope->parts, &envelope->params_seen);
        envelope->malformed = 0;
        return into_mapping(ROLE_PARAMETERS, token, &envelope->malformed);
    case ROLE_PARAMETERS:
        return target_parameter(envelope, token);
    case ROLE_KEYWORDS:
        return parts_key_is(&envelope->key, "context")
                   ? into_context(envelope, CONTEXT_OF_KEYWORDS, token)
                   : into_slot(parts_keyword(&envelope->parts, &envelope->key));
    default:
        return into_slot(parts_context(&envelope->parts, envelope->context, &envelope->key));
    }
}

static void fail_mapping(envelope_t *envelope, role_t role)
{
    envelope->malformed |= role == ROLE_PARAMETERS;
}

/* An element of an array of pairs. */
static target_t target_pair(envelope_t *envelope, role_t role, json_token_t token)
{
    if (token == JSON_ARRAY_BEGIN) {
        return into_frame(role, FORM_PAIR);
    }
    if (token == JSON_OBJECT_BEGIN) {
        return into_frame(role, FORM_PAIR_OBJECT);
    }
    fail_mapping(envelope, role);
    return nowhere();
}

/* The key, the value, or one element too many of a pair. A key that is no string is a key all the
 * same unless it is a container, but none of ours. */
static target_t target_of_pair(envelope_t *envelope, frame_t *frame, json_token_t token)
{
    apr_size_t index = frame->index++;

    if (index == 1) {
        return target_member(envelope, frame->role, token);
    }
    if (index > 1 || token == JSON_ARRAY_BEGIN || token == JSON_OBJECT_BEGIN) {
        fail_mapping(envelope, frame->role);
    }
    envelope->key.length = ENVELOPE_KEY_SIZE + 1;
    if (index == 0 && token == JSON_STRING) {
        envelope->key.length = 0;
        envelope->text = TEXT_KEY;
    }
    return nowhere();
}

static target_t target_of(envelope_t *envelope, json_token_t token)
{
    frame_t *frame = top(envelope);

    if (!frame) {
        envelope->object = token == JSON_OBJECT_BEGIN;
        return envelope->object ? into_frame(ROLE_ENVELOPE, FORM_OBJECT) : nowhere();
    }
    switch (frame->form) {
    case FORM_OBJECT:
        return target_member(envelope, frame->role, token);
    case FORM_ARRAY:
        return target_argument(envelope, token);
    case FORM_PAIRS:
        return target_pair(envelope, frame->role, token);
    case FORM_PAIR:
        return target_of_pair(envelope, frame, token);
    default:
        return nowhere(); /* the values of a FORM_PAIR_OBJECT */
    }
}

/* ---- the scanner's tokens ---- */

/* A string in place of a value that stood as a key: the second member of a FORM_PAIR_OBJECT. */
static void take_string(envelope_t *envelope, role_t role, const char *data, apr_size_t length)
{
    target_t target = target_member(envelope, role, JSON_STRING);

    if (target.slot) {
        json_tree_text(target.slot->tree, JSON_STRING, data, length, 1);
    }
}

/* A key of an object that stands for a pair is complete. Python's dict has each key once. */
static void pair_object_key(envelope_t *envelope, frame_t *frame)
{
    int same = frame->index > 0 && envelope->key.length == envelope->pair_key.length &&
               (envelope->key.length > ENVELOPE_KEY_SIZE ||
                memcmp(envelope->key.data, envelope->pair_key.data, envelope->key.length) == 0);

    if (envelope->key.length > ENVELOPE_KEY_SIZE) {
        fail_mapping(envelope, frame->role); /* too long to tell apart: not read any further */
    }
    else if (frame->index == 0) {
        envelope->pair_key = envelope->key;
        frame->index = 1;
    }
    else if (!same && frame->index == 1) {
        char value[ENVELOPE_KEY_SIZE];
        apr_size_t length = envelope->key.length;

        memcpy(value, envelope->key.data, length);
        envelope->key = envelope->pair_key;
        take_string(envelope, frame->role, value, length);
        frame->index = 2;
    }
    else if (!same) {
        fail_mapping(envelope, frame->role);
    }
}

static void close_frame(envelope_t *envelope)
{
    frame_t *frame = top(envelope);

    if ((frame->form == FORM_PAIR || frame->form == FORM_PAIR_OBJECT) && frame->index != 2) {
        fail_mapping(envelope, frame->role);
    }
    envelope->frame_count--;
}

static int opens(json_token_t token)
{
    return token == JSON_OBJECT_BEGIN || token == JSON_ARRAY_BEGIN;
}

static int closes(json_token_t token)
{
    return token == JSON_OBJECT_END || token == JSON_ARRAY_END;
}

static void begin_value(envelope_t *envelope, json_token_t token)
{
    target_t target = target_of(envelope, token);

    if (target.slot) {
        envelope->capture = json_tree_token(target.slot->tree, token) ? NULL : target.slot;
    }
    else if (target.opens && envelope->frame_count < MAX_FRAMES) {
        push(envelope, target.role, target.form);
    }
    else if (opens(token)) {
        envelope->skipping = 1;
        json_scan_skip(envelope->scan);
    }
}

static void capture_token(envelope_t *envelope, json_token_t token)
{
    json_tree_t *tree = envelope->capture->tree;

    if (json_tree_token(tree, token)) {
        envelope->capture = NULL;
    }
    else if (opens(token) && json_tree_drops(tree)) {
        json_scan_skip(envelope->scan);
    }
}

static void sink_token(void *payload, json_token_t token)
{
    envelope_t *envelope = payload;

    if (envelope->skipping) {
        envelope->skipping = 0;
    }
    else if (envelope->capture) {
        capture_token(envelope, token);
    }
    else if (closes(token)) {
        close_frame(envelope);
    }
    else {
        begin_value(envelope, token);
    }
}

static void append_key(envelope_t *envelope, const char *data, apr_size_t length)
{
    /* A NUL cannot be part of a name of ours, and must not end one early. */
    if (envelope->key.length + length > ENVELOPE_KEY_SIZE || memchr(data, '\0', length)) {
        envelope->key.length = ENVELOPE_KEY_SIZE + 1;
        return;
    }
    memcpy(envelope->key.data + envelope->key.length, data, length);
    envelope->key.length += length;
}

/* The first piece of a text outside a captured value tells what becomes of all of it. */
static void begin_text(envelope_t *envelope, json_token_t token)
{
    target_t target;

    if (token == JSON_KEY) {
        envelope->text = TEXT_KEY;
        envelope->key.length = 0;
        return;
    }
    envelope->text = TEXT_IGNORED; /* target_of may make a key of it */
    target = target_of(envelope, token);
    if (target.slot) {
        envelope->text = TEXT_TREE;
        envelope->capture = target.slot;
    }
}

static void end_text(envelope_t *envelope, json_token_t token)
{
    if (envelope->text == TEXT_KEY && token == JSON_KEY &&
        top(envelope)->form == FORM_PAIR_OBJECT) {
        pair_object_key(envelope, top(envelope));
    }
    envelope->text = TEXT_NONE;
}

static void sink_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                      int last)
{
    envelope_t *envelope = payload;

    if (!envelope->capture && envelope->text == TEXT_NONE) {
        begin_text(envelope, token);
    }
    if (envelope->capture) {
        if (json_tree_text(envelope->capture->tree, token, data, length, last)) {
            envelope->capture = NULL;
        }
    }
    else if (envelope->text == TEXT_KEY) {
        append_key(envelope, data, length);
    }
    else if (envelope->text == TEXT_SECRET) {
        parts_append_secret(&envelope->parts, data, length);
    }
    if (last) {
        end_text(envelope, token);
    }
}

/* ---- what others call ---- */

envelope_t *envelope_create(apr_pool_t *pool, envelope_shape_t shape, const char *const *names)
{
    envelope_t *envelope = apr_palloc(pool, sizeof(*envelope));
    json_sink_t sink = {sink_token, sink_text, envelope};

    memset(envelope, 0, offsetof(envelope_t, parts));
    envelope->shape = shape;
    envelope->scan = json_scan_create(pool, &sink);
    parts_init(&envelope->parts, pool, names);
    return envelope;
}

int envelope_read_xml(envelope_t *envelope, apr_pool_t *pool, const char *service)
{
    envelope->xmlrpc = xmlrpc_call_create(pool, service, envelope->scan);
    return envelope->xmlrpc != NULL;
}

void envelope_feed(envelope_t *envelope, const char *data, apr_size_t length)
{
    /* A fault stays with the scanner and is asked for at the end. */
    if (envelope->xmlrpc) {
        (void)xmlrpc_feed(envelope->xmlrpc, data, length);
    }
    else {
        (void)json_scan_feed(envelope->scan, data, length);
    }
}

const envelope_parts_t *envelope_end(envelope_t *envelope, int complete)
{
    if (envelope->xmlrpc && xmlrpc_end(envelope->xmlrpc) != APR_SUCCESS) {
        return NULL;
    }
    if (json_scan_end(envelope->scan) != APR_SUCCESS || !complete || !envelope->object ||
        envelope->malformed || (!envelope->params_seen && envelope->shape != ENVELOPE_BARE)) {
        return NULL;
    }
    parts_finish(&envelope->parts);
    return &envelope->parts;
}
