#include "reply_script.h"

#include <string.h>

#include <apr_lib.h>

#define TRIGGER "trigger("

typedef enum place_t {
    PLACE_START,
    PLACE_SCRIPT,   /* before TRIGGER */
    PLACE_ARGUMENT, /* before the callback's name */
    PLACE_NAME,
    PLACE_ESCAPE, /* within the name */
    PLACE_COMMA,
    PLACE_JSON
} place_t;

struct reply_script_t {
    place_t place;
    apr_size_t matched; /* bytes of TRIGGER */
};

reply_script_t *reply_script_create(apr_pool_t *pool)
{
    return apr_pcalloc(pool, sizeof(reply_script_t));
}

/* No beginning of TRIGGER stands within it again but its first byte. */
static place_t match(reply_script_t *script, char character)
{
    if (character == TRIGGER[script->matched]) {
        script->matched++;
    }
    else {
        script->matched = character == TRIGGER[0];
    }
    return script->matched == sizeof(TRIGGER) - 1 ? PLACE_ARGUMENT : PLACE_SCRIPT;
}

static place_t next_place(reply_script_t *script, char character)
{
    switch (script->place) {
    case PLACE_START:
        if (apr_isspace(character)) {
            return PLACE_START;
        }
        return character == '<' ? PLACE_SCRIPT : PLACE_JSON;
    case PLACE_SCRIPT:
        return match(script, character);
    case PLACE_ARGUMENT:
        return character == '"' ? PLACE_NAME : PLACE_ARGUMENT;
    case PLACE_NAME:
        if (character == '\\') {
            return PLACE_ESCAPE;
        }
        return character == '"' ? PLACE_COMMA : PLACE_NAME;
    case PLACE_ESCAPE:
        return PLACE_NAME;
    default:
        return apr_isspace(character) || character == ',' ? PLACE_COMMA : PLACE_JSON;
    }
}

apr_size_t reply_script_find(reply_script_t *script, const char *data, apr_size_t length)
{
    apr_size_t at = 0;

    while (script->place != PLACE_JSON && at < length) {
        script->place = next_place(script, data[at]);
        at += script->place != PLACE_JSON;
    }
    return at;
}
