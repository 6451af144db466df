#include "envelope_parts.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#include "odoo/call.h"

/* Ids or values: as many ids as are kept and one more. */
static const json_limits_t argument_limits = {6000, 48 * 1024, 4096, CALL_MAX_IDS + 1};
static const json_limits_t parameter_limits = {CALL_MAX_IDS + 8, 32 * 1024, 4096, CALL_MAX_IDS + 1};

static const char *const context_names[ENVELOPE_CONTEXT_NAMES] = {"active_model", "active_id",
                                                                  "active_ids"};

void parts_init(envelope_parts_t *parts, apr_pool_t *pool, const char *const *names)
{
    memset(parts, 0, offsetof(envelope_parts_t, keywords));
    parts->pool = pool;
    while (names[parts->parameter_count]) {
        parts->parameters[parts->parameter_count].name = names[parts->parameter_count];
        parts->parameter_count++;
    }
    for (int i = 0; i < ENVELOPE_CONTEXT_NAMES; i++) {
        for (int which = 0; which < CONTEXT_COUNT; which++) {
            parts->contexts[which][i].name = context_names[i];
        }
    }
}

/* ---- forgetting ---- */

static void see(envelope_parts_t *parts, int *seen)
{
    parts->duplicate |= *seen;
    *seen = 1;
}

static void forget(slot_t *slots, apr_size_t count)
{
    for (apr_size_t i = 0; i < count; i++) {
        slots[i].present = 0;
    }
}

static void forget_arguments(envelope_parts_t *parts)
{
    forget(parts->arguments, ENVELOPE_MAX_ARGUMENTS);
    parts->argument_text.present = 0;
    parts->argument_count = 0;
    memset(parts->api_key, 0, sizeof(parts->api_key));
    parts->api_key_length = 0;
}

static void forget_context(envelope_parts_t *parts, context_of_t which)
{
    forget(parts->contexts[which], ENVELOPE_CONTEXT_NAMES);
    parts->context_seen[which] = 0;
}

static void forget_keywords(envelope_parts_t *parts)
{
    for (apr_size_t i = 0; i < parts->keyword_count; i++) {
        parts->keywords[i].slot.present = 0;
    }
    parts->keyword_count = 0;
    forget_context(parts, CONTEXT_OF_KEYWORDS);
}

void parts_begin_parameters(envelope_parts_t *parts, int *seen)
{
    see(parts, seen);
    forget(parts->parameters, parts->parameter_count);
    forget_arguments(parts);
    forget_keywords(parts);
    forget_context(parts, CONTEXT_OF_PARAMETERS);
    parts->args_seen = parts->kwargs_seen = 0;
}

void parts_begin_arguments(envelope_parts_t *parts)
{
    see(parts, &parts->args_seen);
    forget_arguments(parts);
}

/* What cannot be a key any more is forgotten at once. */
void parts_append_secret(envelope_parts_t *parts, const char *data, apr_size_t length)
{
    apr_size_t digits = 0;

    while (digits < length && ((data[digits] >= '0' && data[digits] <= '9') ||
                               (data[digits] >= 'a' && data[digits] <= 'f'))) {
        digits++;
    }
    if (digits < length || parts->api_key_length + length > ENVELOPE_API_KEY) {
        memset(parts->api_key, 0, sizeof(parts->api_key));
        parts->api_key_length = ENVELOPE_API_KEY + 1;
        return;
    }
    memcpy(parts->api_key + parts->api_key_length, data, length);
    parts->api_key_length += length;
}

const char *envelope_api_key(const envelope_parts_t *parts)
{
    return parts->api_key_length == ENVELOPE_API_KEY ? parts->api_key : NULL;
}

void parts_begin_keywords(envelope_parts_t *parts)
{
    see(parts, &parts->kwargs_seen);
    forget_keywords(parts);
}

void parts_begin_context(envelope_parts_t *parts, context_of_t which)
{
    see(parts, &parts->context_seen[which]);
    forget(parts->contexts[which], ENVELOPE_CONTEXT_NAMES);
}

/* ---- slots ---- */

static slot_t *slot_named(slot_t *slots, apr_size_t count, const envelope_key_t *key)
{
    for (apr_size_t i = 0; i < count; i++) {
        if (parts_key_is(key, slots[i].name)) {
            return &slots[i];
        }
    }
    return NULL;
}

static slot_t *slot_open(envelope_parts_t *parts, slot_t *slot, const json_limits_t *limits)
{
    if (!slot) {
        return NULL;
    }
    see(parts, &slot->present);
    if (slot->tree) {
        json_tree_reset(slot->tree);
    }
    else {
        slot->tree = json_tree_create(parts->pool, limits);
    }
    return slot;
}

slot_t *parts_parameter(envelope_parts_t *parts, const envelope_key_t *key)
{
    return slot_open(parts, slot_named(parts->parameters, parts->parameter_count, key),
                     &parameter_limits);
}

slot_t *parts_context(envelope_parts_t *parts, context_of_t which, const envelope_key_t *key)
{
    return slot_open(parts, slot_named(parts->contexts[which], ENVELOPE_CONTEXT_NAMES, key),
                     &parameter_limits);
}

slot_t *parts_argument_text(envelope_parts_t *parts)
{
    return slot_open(parts, &parts->argument_text, &parameter_limits);
}

slot_t *parts_argument(envelope_parts_t *parts)
{
    apr_size_t index = parts->argument_count++;

    if (index >= ENVELOPE_MAX_ARGUMENTS) {
        parts->truncated = 1;
        return NULL;
    }
    return slot_open(parts, &parts->arguments[index], &argument_limits);
}

static keyword_t *new_keyword(envelope_parts_t *parts, const envelope_key_t *key)
{
    keyword_t *keyword = &parts->keywords[parts->keyword_count++];

    if (parts->keyword_count > parts->keywords_used) {
        memset(&keyword->slot, 0, sizeof(keyword->slot));
        parts->keywords_used = parts->keyword_count;
    }
    memcpy(keyword->name, key->data, key->length);
    keyword->name[key->length] = '\0';
    return keyword;
}

slot_t *parts_keyword(envelope_parts_t *parts, const envelope_key_t *key)
{
    for (apr_size_t i = 0; i < parts->keyword_count; i++) {
        if (parts_key_is(key, parts->keywords[i].name)) {
            return slot_open(parts, &parts->keywords[i].slot, &argument_limits);
        }
    }
    /* No method takes that many: Odoo refuses a call with a keyword its method does not know. */
    if (key->length > ENVELOPE_KEY_SIZE || parts->keyword_count == ENVELOPE_MAX_KEYWORDS) {
        parts->truncated = 1;
        return NULL;
    }
    return slot_open(parts, &new_keyword(parts, key)->slot, &argument_limits);
}

/* list("57") is ["5", "7"]. */
void parts_finish(envelope_parts_t *parts)
{
    const char *text = parts->argument_text.present
                           ? json_string(json_tree_value(parts->argument_text.tree))
                           : NULL;
    apr_size_t length = 1;

    if (!text || !*text) {
        return;
    }
    while ((text[length] & 0xc0) == 0x80) {
        length++;
    }
    parts->first_character =
        json_new_string(parts->pool, apr_pstrmemdup(parts->pool, text, length));
    parts->argument_count = text[length] ? 2 : 1;
    parts->truncated |= text[length] != '\0';
}

/* ---- values in place of trees ---- */

static void fill(slot_t *slot, const json_value_t *value)
{
    slot->value = (json_value_t *)value;
    slot->present = 1;
}

static void fill_context(envelope_parts_t *parts, const json_value_t *context)
{
    for (int i = 0; i < ENVELOPE_CONTEXT_NAMES; i++) {
        const json_value_t *value = json_member(context, context_names[i]);

        if (value) {
            fill(&parts->contexts[CONTEXT_OF_KEYWORDS][i], value);
        }
    }
}

static void fill_keywords(envelope_parts_t *parts, const json_value_t *keywords)
{
    for (const json_value_t *member = keywords->first; member; member = member->next) {
        envelope_key_t key = {.length = strlen(member->key)};

        if (strcmp(member->key, "context") == 0) {
            fill_context(parts, member);
        }
        else if (key.length > ENVELOPE_KEY_SIZE || parts->keyword_count == ENVELOPE_MAX_KEYWORDS) {
            parts->truncated = 1;
        }
        else {
            memcpy(key.data, member->key, key.length);
            fill(&new_keyword(parts, &key)->slot, member);
        }
    }
    parts->truncated |= keywords->truncated;
}

envelope_parts_t *envelope_of_values(apr_pool_t *pool, const json_value_t *arguments,
                                     const json_value_t *keywords)
{
    static const char *const no_names[] = {NULL};
    envelope_parts_t *parts = apr_palloc(pool, sizeof(*parts));
    const json_value_t *argument = arguments ? arguments->first : NULL;

    parts_init(parts, pool, no_names);
    for (; argument && parts->argument_count < ENVELOPE_MAX_ARGUMENTS; argument = argument->next) {
        fill(&parts->arguments[parts->argument_count++], argument);
    }
    if (arguments && arguments->count > parts->argument_count) {
        parts->argument_count = arguments->count;
        parts->truncated = 1;
    }
    if (keywords && keywords->type == JSON_TYPE_OBJECT) {
        fill_keywords(parts, keywords);
    }
    return parts;
}

/* ---- what readers of a call ask ---- */

static json_value_t *slot_value(const slot_t *slot)
{
    if (!slot->present) {
        return NULL;
    }
    return slot->value ? slot->value : json_tree_value(slot->tree);
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

json_value_t *envelope_parameter(const envelope_parts_t *parts, const char *name)
{
    return value_named(parts->parameters, parts->parameter_count, name);
}

json_value_t *envelope_argument(const envelope_parts_t *parts, apr_size_t index)
{
    if (parts->argument_text.present) {
        return index == 0 ? parts->first_character : NULL;
    }
    return index < ENVELOPE_MAX_ARGUMENTS ? slot_value(&parts->arguments[index]) : NULL;
}

apr_size_t envelope_argument_count(const envelope_parts_t *parts)
{
    return parts->argument_count;
}

json_value_t *envelope_keyword_of(const envelope_parts_t *parts, const char *name,
                                  apr_size_t length)
{
    for (apr_size_t i = 0; i < parts->keyword_count; i++) {
        if (strncmp(parts->keywords[i].name, name, length) == 0 &&
            !parts->keywords[i].name[length]) {
            return slot_value(&parts->keywords[i].slot);
        }
    }
    return NULL;
}

json_value_t *envelope_keyword(const envelope_parts_t *parts, const char *name)
{
    return envelope_keyword_of(parts, name, strlen(name));
}

const char *envelope_keyword_name(const envelope_parts_t *parts, apr_size_t index)
{
    return index < parts->keyword_count ? parts->keywords[index].name : NULL;
}

json_value_t *envelope_context(const envelope_parts_t *parts, const char *name)
{
    json_value_t *value =
        value_named(parts->contexts[CONTEXT_OF_KEYWORDS], ENVELOPE_CONTEXT_NAMES, name);

    return value
               ? value
               : value_named(parts->contexts[CONTEXT_OF_PARAMETERS], ENVELOPE_CONTEXT_NAMES, name);
}

static int slots_duplicate(const slot_t *slots, apr_size_t count)
{
    for (apr_size_t i = 0; i < count; i++) {
        if (slots[i].present && slots[i].tree && json_tree_duplicate_key(slots[i].tree)) {
            return 1;
        }
    }
    return 0;
}

int envelope_duplicate_key(const envelope_parts_t *parts)
{
    for (apr_size_t i = 0; i < parts->keyword_count; i++) {
        if (slots_duplicate(&parts->keywords[i].slot, 1)) {
            return 1;
        }
    }
    return parts->duplicate || slots_duplicate(parts->parameters, parts->parameter_count) ||
           slots_duplicate(parts->arguments, ENVELOPE_MAX_ARGUMENTS);
}

int envelope_truncated(const envelope_parts_t *parts)
{
    return parts->truncated;
}
