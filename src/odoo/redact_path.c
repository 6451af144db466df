#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "odoo/redact.h"
#include "text/path.h"

#define UUID_LENGTH 36
/* Letters mixed with digits in one run: Odoo's tokens have 32 and more, a picture's checksum 8. */
#define RANDOM_RUN 16
/* A word of base64: Odoo's have 22 and more. */
#define RANDOM_WORD 20

static int is_uuid(const char *text)
{
    for (int i = 0; i < UUID_LENGTH; i++) {
        int dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : !apr_isxdigit(text[i])) {
            return 0;
        }
    }
    return 1;
}

static int has_uuid(const char *text)
{
    for (apr_size_t left = strlen(text); left >= UUID_LENGTH; left--, text++) {
        if (is_uuid(text)) {
            return 1;
        }
    }
    return 0;
}

/* From one of digits, capitals and small letters to another. */
static int changes_class(char left, char right)
{
    return apr_isalnum(left) && apr_isalnum(right) &&
           (!apr_isdigit(left) != !apr_isdigit(right) || !apr_isupper(left) != !apr_isupper(right));
}

/* A run of letters and digits that somebody drew: words and numbers do not take turns often. */
static int is_random_run(const char *run, apr_size_t length)
{
    int turns = 0;

    for (apr_size_t i = 1; i < length; i++) {
        turns += !apr_isdigit(run[i]) != !apr_isdigit(run[i - 1]);
    }
    return length >= RANDOM_RUN && turns >= 4;
}

static int has_random_run(const char *text)
{
    while (*text) {
        apr_size_t length = 0;

        while (apr_isalnum(text[length])) {
            length++;
        }
        if (is_random_run(text, length)) {
            return 1;
        }
        text += length + (text[length] != '\0');
    }
    return 0;
}

/* In base64 the class changes at every second character, in words that are written in any manner
 * much more seldom. */
static int is_random_word(const char *text)
{
    apr_size_t length = 0, changes = 0, capitals = 0;

    for (; text[length]; length++) {
        if (!apr_isalnum(text[length]) && !strchr("-_=", text[length])) {
            return 0;
        }
        changes += length > 0 && changes_class(text[length - 1], text[length]);
        capitals += apr_isupper(text[length]) != 0;
    }
    return length >= RANDOM_WORD && changes * 5 >= length * 2 && capitals > 1;
}

/* "access_token=..." as a segment, or behind a ";" of one. */
static int names_secret(apr_pool_t *pool, const redact_t *redact, const char *text)
{
    char *state;

    for (char *pair = apr_strtok(apr_pstrdup(pool, text), ";&?,", &state); pair;
         pair = apr_strtok(NULL, ";&?,", &state)) {
        char *value = strchr(pair, '=');

        if (value) {
            *value = '\0';
            if (redact_name(redact, pair)) {
                return 1;
            }
        }
    }
    return 0;
}

/* How far the segments so far lead towards a webhook, whose address is its key. */
typedef enum hook_t { HOOK_NONE, HOOK_WEB, HOOK_REACHED } hook_t;

static int ends_with(const char *text, const char *end)
{
    apr_size_t length = strlen(text), wanted = strlen(end);

    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

/* path_decode has put a "/" in front; a "%2F" may have put others between. */
static hook_t next_hook(hook_t before, const char *decoded)
{
    if (ends_with(decoded, "/web/hook") || (before == HOOK_WEB && !strcmp(decoded, "/hook"))) {
        return HOOK_REACHED;
    }
    return ends_with(decoded, "/web") ? HOOK_WEB : HOOK_NONE;
}

static int is_secret(apr_pool_t *pool, const redact_t *redact, const char *decoded)
{
    return strstr(decoded, "/web/hook/") || has_uuid(decoded) || has_random_run(decoded) ||
           is_random_word(decoded + 1) || names_secret(pool, redact, decoded + 1);
}

/* Nothing but words of small letters, and no webhook: as most of Odoo's paths are. Without a digit,
 * a capital, "-", "=" or "%" none of the above is a secret. */
static int is_plain(const char *path)
{
    const char *at = path;

    while ((*at >= 'a' && *at <= 'z') || *at == '_' || *at == '.' || *at == '/') {
        at++;
    }
    return *at == '\0' && !strstr(path, "/hook");
}

const char *redact_path(apr_pool_t *pool, const redact_t *redact, const char *path)
{
    apr_size_t segments = 1;
    char *kept, *end;
    hook_t hook = HOOK_NONE;

    if (is_plain(path)) {
        return path;
    }
    for (const char *at = path; *at; at++) {
        segments += *at == '/';
    }
    kept = end = apr_palloc(pool, strlen(path) + segments * sizeof(REDACTED));
    while (*path) {
        apr_size_t length = strcspn(path, "/");
        const char *segment = apr_pstrmemdup(pool, path, length);
        const char *decoded = path_decode(pool, segment);

        if (length > 0 && (hook == HOOK_REACHED || is_secret(pool, redact, decoded))) {
            segment = REDACTED;
        }
        else if (length > 0) {
            hook = next_hook(hook, decoded);
        }
        end = apr_cpystrn(end, segment, strlen(segment) + 1);
        path += length;
        if (*path) {
            *end++ = *path++;
        }
    }
    *end = '\0';
    return kept;
}
