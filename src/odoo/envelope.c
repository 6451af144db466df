#include "envelope.h"

#include <string.h>

#include <apr_strings.h>

#include "odoo/call.h"

/* Longest member name told apart from all others. */
#define KEY_SIZE 128

/* params, a pair, kwargs, a pair, the context: no more levels are ours. */
#define MAX_FRAMES 8

#define CONTEXT_NAMES 3

/* Ids or values: as many ids as are kept and one more. */
static const json_limits_t argument_limits = {6000, 48 * 1024, 4096, CALL_MAX_IDS + 1};
static const json_limits_t parameter_limits = {CALL_MAX_IDS + 8, 32 * 1024, 512, CALL_MAX_IDS + 1};

static const char *const context_names[CONTEXT_NAMES] = {"active_model", "active_id", "active_ids"};

typedef struct slot_t {
    const char *name;
    json_tree_t *tree; /* made at first use */
    int present;
} slot_t;

typedef struct keyword_t {
    slot_t slot;
    char name[KEY_SIZE + 1]; /* in place: a body may repeat kwargs for ever */
} keyword_t;

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

typedef enum text_t { TEXT_NONE, TEXT_KEY, TEXT_TREE, TEXT_IGNORED } text_t;

struct envelope_t {
    apr_pool_t *pool;
    json_scan_t *scan;
    frame_t frames[MAX_FRAMES];
    int frame_count;
    char key[KEY_SIZE];
    apr_size_t key_length; /* KEY_SIZE + 1 if it is none of ours for sure: too long */
    char pair_key[KEY_SIZE];
    apr_size_t pair_key_length;
    text_t text;     /* what becomes of the text whose pieces arrive */
    int skipping;    /* the scanner skips: only an END is to come */
    slot_t *capture; /* the slot whose value arrives */
    slot_t parameters[ENVELOPE_MAX_PARAMETERS];
    apr_size_t parameter_count;
    slot_t arguments[ENVELOPE_MAX_ARGUMENTS];
    apr_size_t argument_count;
    slot_t argument_text; /* args sent as a string: a sequence of its characters */
    json_value_t *first_character;
    keyword_t keywords[ENVELOPE_MAX_KEYWORDS];
    apr_size_t keyword_count;
    slot_t contexts[2][CONTEXT_NAMES]; /* of params and of kwargs */
    slot_t *context;                   /* the one whose members arrive */
    int params_seen, args_seen, kwargs_seen, context_seen[2];
    int object;    /* the body is an object */
    int malformed; /* dict(params) fails */
    int duplicate;
    int truncated;
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

/* ---- slots ---- */

static void slots_forget(slot_t *slots, apr_size_t count)
{
    for (apr_size_t i = 0; i < count; i++) {
        slots[i].present = 0;
    }
}

static void forget_context(envelope_t *envelope, int which)
{
    slots_forget(envelope->contexts[which], CONTEXT_NAMES);
}

static void forget_arguments(envelope_t *envelope)
{
    slots_forget(envelope->arguments, ENVELOPE_MAX_ARGUMENTS);
    envelope->argument_text.present = 0;
    envelope->argument_count = 0;
}

static void forget_keywords(envelope_t *envelope)
{
    for (apr_size_t i = 0; i < envelope->keyword_count; i++) {
        envelope->keywords[i].slot.present = 0;
    }
    envelope->keyword_count = 0;
    forget_context(envelope, 1);
    envelope->context_seen[1] = 0;
}

static void forget_parameters(envelope_t *envelope)
{
    slots_forget(envelope->parameters, envelope->parameter_count);
    forget_arguments(envelope);
    forget_keywords(envelope);
    forget_context(envelope, 0);
    envelope->args_seen = envelope->kwargs_seen = envelope->context_seen[0] = 0;
    envelope->malformed = 0;
}

static int key_is(const envelope_t *envelope, const char *name)
{
    return envelope->key_length == strlen(name) &&
           memcmp(envelope->key, name, envelope->key_length) == 0;
}

static slot_t *slot_named(envelope_t *envelope, slot_t *slots, apr_size_t count)
{
    for (apr_size_t i = 0; i < count; i++) {
        if (slots[i].name && key_is(envelope, slots[i].name)) {
            return &slots[i];
        }
    }
    return NULL;
}

static void see(envelope_t *envelope, int *seen)
{
    envelope->duplicate |= *seen;
    *seen = 1;
}

static slot_t *slot_open(envelope_t *envelope, slot_t *slot, const json_limits_t *limits)
{
    see(envelope, &slot->present);
    if (slot->tree) {
        json_tree_reset(slot->tree);
    }
    else {
        slot->tree = json_tree_create(envelope->pool, limits);
    }
    return slot;
}

static slot_t *keyword_slot(envelope_t *envelope)
{
    keyword_t *keyword;

    for (apr_size_t i = 0; i < envelope->keyword_count; i++) {
        if (key_is(envelope, envelope->keywords[i].name)) {
            return slot_open(envelope, &envelope->keywords[i].slot, &argument_limits);
        }
    }
    /* No method takes that many: Odoo refuses a call with a keyword its method does not know. */
    if (envelope->key_length > KEY_SIZE || envelope->keyword_count == ENVELOPE_MAX_KEYWORDS) {
        envelope->truncated = 1;
        return NULL;
    }
    keyword = &envelope->keywords[envelope->keyword_count++];
    memcpy(keyword->name, envelope->key, envelope->key_length);
    keyword->name[envelope->key_length] = '\0';
    return slot_open(envelope, &keyword->slot, &argument_limits);
}

static slot_t *argument_slot(envelope_t *envelope)
{
    apr_size_t index = envelope->argument_count++;

    if (index >= ENVELOPE_MAX_ARGUMENTS) {
        envelope->truncated = 1;
        return NULL;
    }
    return slot_open(envelope, &envelope->arguments[index], &argument_limits);
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

static target_t into_context(envelope_t *envelope, int which, json_token_t token)
{
    see(envelope, &envelope->context_seen[which]);
    forget_context(envelope, which);
    envelope->context = envelope->contexts[which];
    return into_mapping(ROLE_CONTEXT, token, NULL);
}

static target_t into_arguments(envelope_t *envelope, json_token_t token)
{
    see(envelope, &envelope->args_seen);
    forget_arguments(envelope);
    if (token == JSON_ARRAY_BEGIN) {
        return into_frame(ROLE_ARGUMENTS, FORM_ARRAY);
    }
    return token == JSON_STRING
               ? into_slot(slot_open(envelope, &envelope->argument_text, &parameter_limits))
               : nowhere();
}

static target_t target_parameter(envelope_t *envelope, json_token_t token)
{
    slot_t *slot;

    if (key_is(envelope, "args")) {
        return into_arguments(envelope, token);
    }
    if (key_is(envelope, "kwargs")) {
        see(envelope, &envelope->kwargs_seen);
        forget_keywords(envelope);
        return into_mapping(ROLE_KEYWORDS, token, NULL);
    }
    if (key_is(envelope, "context")) {
        return into_context(envelope, 0, token);
    }
    slot = slot_named(envelope, envelope->parameters, envelope->parameter_count);
    return slot ? into_slot(slot_open(envelope, slot, &parameter_limits)) : nowhere();
}

/* Where the value of the member whose key was just read goes. */
static target_t target_member(envelope_t *envelope, role_t role, json_token_t token)
{
    slot_t *slot;

    switch (role) {
    case ROLE_ENVELOPE:
        if (!key_is(envelope, "params")) {
            return nowhere();
        }
        see(envelope, &envelope->params_seen);
        forget_parameters(envelope);
        return into_mapping(ROLE_PARAMETERS, token, &envelope->malformed);
    case ROLE_PARAMETERS:
        return target_parameter(envelope, token);
    case ROLE_KEYWORDS:
        return key_is(envelope, "context") ? into_context(envelope, 1, token)
                                           : into_slot(keyword_slot(envelope));
    default:
        slot = slot_named(envelope, envelope->context, CONTEXT_NAMES);
        return slot ? into_slot(slot_open(envelope, slot, &parameter_limits)) : nowhere();
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
    envelope->key_length = KEY_SIZE + 1;
    if (index == 0 && token == JSON_STRING) {
        envelope->key_length = 0;
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
        return into_slot(argument_slot(envelope));
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
    int same = frame->index > 0 && envelope->key_length == envelope->pair_key_length &&
               (envelope->key_length > KEY_SIZE ||
                memcmp(envelope->key, envelope->pair_key, envelope->key_length) == 0);

    if (envelope->key_length > KEY_SIZE) {
        fail_mapping(envelope, frame->role); /* too long to tell apart: not read any further */
    }
    else if (frame->index == 0) {
        memcpy(envelope->pair_key, envelope->key, envelope->key_length);
        envelope->pair_key_length = envelope->key_length;
        frame->index = 1;
    }
    else if (!same && frame->index == 1) {
        char value[KEY_SIZE];
        apr_size_t length = envelope->key_length;

        memcpy(value, envelope->key, length);
        memcpy(envelope->key, envelope->pair_key, envelope->pair_key_length);
        envelope->key_length = envelope->pair_key_length;
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

static void sink_token(void *payload, json_token_t token)
{
    envelope_t *envelope = payload;

    if (envelope->skipping) {
        envelope->skipping = 0;
    }
    else if (envelope->capture) {
        if (json_tree_token(envelope->capture->tree, token)) {
            envelope->capture = NULL;
        }
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
    if (envelope->key_length + length > KEY_SIZE || memchr(data, '\0', length)) {
        envelope->key_length = KEY_SIZE + 1;
        return;
    }
    memcpy(envelope->key + envelope->key_length, data, length);
    envelope->key_length += length;
}

/* The first piece of a text outside a captured value tells what becomes of all of it. */
static void begin_text(envelope_t *envelope, json_token_t token)
{
    target_t target;

    if (token == JSON_KEY) {
        envelope->text = TEXT_KEY;
        envelope->key_length = 0;
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
    if (last) {
        end_text(envelope, token);
    }
}

/* ---- what others call ---- */

envelope_t *envelope_create(apr_pool_t *pool, const char *const *names)
{
    envelope_t *envelope = apr_pcalloc(pool, sizeof(*envelope));
    json_sink_t sink = {sink_token, sink_text, envelope};

    envelope->pool = pool;
    envelope->scan = json_scan_create(pool, &sink);
    while (names[envelope->parameter_count]) {
        envelope->parameters[envelope->parameter_count].name = names[envelope->parameter_count];
        envelope->parameter_count++;
    }
    for (int i = 0; i < CONTEXT_NAMES; i++) {
        envelope->contexts[0][i].name = envelope->contexts[1][i].name = context_names[i];
    }
    return envelope;
}

void envelope_feed(envelope_t *envelope, const char *data, apr_size_t length)
{
    /* A fault stays with the scanner and is asked for at the end. */
    (void)json_scan_feed(envelope->scan, data, length);
}

/* list("57") is ["5", "7"]. */
static void split_argument_text(envelope_t *envelope)
{
    const char *text = json_string(json_tree_value(envelope->argument_text.tree));
    apr_size_t length;

    if (!text || !*text) {
        return;
    }
    length = 1;
    while ((text[length] & 0xc0) == 0x80) {
        length++;
    }
    envelope->first_character =
        json_new_string(envelope->pool, apr_pstrmemdup(envelope->pool, text, length));
    envelope->argument_count = text[length] ? 2 : 1;
    envelope->truncated |= text[length] != '\0';
}

int envelope_end(envelope_t *envelope, int complete)
{
    if (json_scan_end(envelope->scan) != APR_SUCCESS || !complete || !envelope->object ||
        !envelope->params_seen || envelope->malformed) {
        return 0;
    }
    if (envelope->argument_text.present) {
        split_argument_text(envelope);
    }
    return 1;
}

static json_value_t *slot_value(const slot_t *slot)
{
    return slot->present ? json_tree_value(slot->tree) : NULL;
}

static json_value_t *value_named(const slot_t *slots, apr_size_t count, const char *name)
{
    for (apr_size_t i = 0; i < count; i++) {
        if (slots[i].name && strcmp(slots[i].name, name) == 0) {
            return slot_value(&slots[i]);
        }
    }
    return NULL;
}

json_value_t *envelope_parameter(const envelope_t *envelope, const char *name)
{
    return value_named(envelope->parameters, envelope->parameter_count, name);
}

json_value_t *envelope_argument(const envelope_t *envelope, apr_size_t index)
{
    if (envelope->argument_text.present) {
        return index == 0 ? envelope->first_character : NULL;
    }
    return index < ENVELOPE_MAX_ARGUMENTS ? slot_value(&envelope->arguments[index]) : NULL;
}

apr_size_t envelope_argument_count(const envelope_t *envelope)
{
    return envelope->argument_count;
}

json_value_t *envelope_keyword(const envelope_t *envelope, const char *name)
{
    for (apr_size_t i = 0; i < envelope->keyword_count; i++) {
        if (strcmp(envelope->keywords[i].name, name) == 0) {
            return slot_value(&envelope->keywords[i].slot);
        }
    }
    return NULL;
}

const char *envelope_keyword_name(const envelope_t *envelope, apr_size_t index)
{
    return index < envelope->keyword_count ? envelope->keywords[index].name : NULL;
}

json_value_t *envelope_context(const envelope_t *envelope, const char *name)
{
    json_value_t *value = value_named(envelope->contexts[1], CONTEXT_NAMES, name);

    return value ? value : value_named(envelope->contexts[0], CONTEXT_NAMES, name);
}

static int slots_duplicate(const slot_t *slots, apr_size_t count)
{
    for (apr_size_t i = 0; i < count; i++) {
        if (slots[i].present && json_tree_duplicate_key(slots[i].tree)) {
            return 1;
        }
    }
    return 0;
}

int envelope_duplicate_key(const envelope_t *envelope)
{
    for (apr_size_t i = 0; i < envelope->keyword_count; i++) {
        if (slots_duplicate(&envelope->keywords[i].slot, 1)) {
            return 1;
        }
    }
    return envelope->duplicate ||
           slots_duplicate(envelope->parameters, envelope->parameter_count) ||
           slots_duplicate(envelope->arguments, ENVELOPE_MAX_ARGUMENTS);
}

int envelope_truncated(const envelope_t *envelope)
{
    return envelope->truncated;
}
