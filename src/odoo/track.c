#include "odoo/track.h"

#include <string.h>

#include <apr_strings.h>

#include "name_cache.h"
#include "text/glob.h"

#define MODEL_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-*?"

#define BIT(operation) (1u << (operation))
#define EVERY_OPERATION (BIT(OPERATION_CALL + 1) - BIT(OPERATION_CREATE))

typedef struct rule_t rule_t;
struct rule_t {
    apr_uint32_t operations;
    const char **wanted; /* NULL-terminated, as is the next */
    const char **excluded;
    int number; /* in the order in which lines were added */
    rule_t *next;
};

struct track_t {
    apr_pool_t *pool;
    rule_t *rules;
    apr_uint32_t operations; /* of all rules together */
    name_cache_t *cache;     /* of the operations wanted of a model */
};

track_t *track_create(apr_pool_t *pool)
{
    track_t *track = apr_pcalloc(pool, sizeof(*track));

    track->pool = pool;
    track->cache = name_cache_create(pool);
    return track;
}

static const char *parse_operation(const track_t *track, const char *word, apr_uint32_t *operations)
{
    operation_t operation = operation_from_name(word);

    if (!strcmp(word, "*")) {
        *operations |= EVERY_OPERATION;
    }
    else if (operation == OPERATION_NONE) {
        return apr_psprintf(track->pool,
                            "\"%s\" is no operation: write a comma list of create, write, unlink, "
                            "read, search, export, import, report, download, call, or *",
                            word);
    }
    else if (operation_by_module(operation)) {
        return apr_psprintf(track->pool, "\"%s\" is always tracked: leave it out of the operations",
                            word);
    }
    else {
        *operations |= BIT(operation);
    }
    return NULL;
}

static const char *parse_operations(const track_t *track, const char *text,
                                    apr_uint32_t *operations)
{
    const char *error = NULL;

    do {
        apr_size_t length = strcspn(text, ",");

        error = parse_operation(track, apr_pstrmemdup(track->pool, text, length), operations);
        text += length;
    } while (!error && *text++ == ',');
    return error;
}

static const char *parse_models(const track_t *track, rule_t *rule, const char *const *models,
                                int count)
{
    apr_size_t size = sizeof(char *) * ((apr_size_t)count + 2);
    const char **wanted = rule->wanted = apr_pcalloc(track->pool, size);
    const char **excluded = rule->excluded = apr_pcalloc(track->pool, size);

    for (int i = 0; i < count; i++) {
        int excludes = models[i][0] == '!';
        const char *glob = models[i] + excludes;

        if (!*glob || glob[strspn(glob, MODEL_CHARACTERS)]) {
            return apr_psprintf(track->pool,
                                "\"%s\" is no model: write names such as res.partner or hr.*, "
                                "parted by blanks, with ! before those to leave out",
                                models[i]);
        }
        *(excludes ? excluded++ : wanted++) = apr_pstrdup(track->pool, glob);
    }
    if (!rule->wanted[0]) {
        rule->wanted[0] = "*"; /* "!x" alone means everything but x */
    }
    return NULL;
}

const char *track_add(track_t *track, const char *operations, const char *const *models,
                      int model_count)
{
    rule_t *rule = apr_pcalloc(track->pool, sizeof(*rule));
    const char *error = parse_operations(track, operations, &rule->operations);

    if (!error && model_count < 1) {
        error = "no models: write which ones after the operations, e.g. * or hr.*";
    }
    if (!error) {
        error = parse_models(track, rule, models, model_count);
    }
    if (error) {
        return error;
    }
    rule->number = track->rules ? track->rules->number + 1 : 0;
    rule->next = track->rules;
    track->rules = rule;
    track->operations |= rule->operations;
    name_cache_clear(track->cache);
    return NULL;
}

const char *track_add_line(track_t *track, const char *line)
{
    char **words;
    int count = 0;

    if (apr_tokenize_to_argv(line, &words, track->pool) != APR_SUCCESS) {
        return "the line cannot be read";
    }
    while (words[count]) {
        count++;
    }
    if (count < 2) {
        return "say operations and then models, such as: read,search hr.* !hr.leave";
    }
    return track_add(track, words[0], (const char *const *)words + 1, count - 1);
}

static const char *matching(const char *const *globs, const char *model)
{
    while (*globs && !glob_match(*globs, model)) {
        globs++;
    }
    return *globs;
}

static int matches_any(const char *const *globs, const char *model)
{
    return matching(globs, model) != NULL;
}

static apr_uint32_t decide(const void *payload, const char *model)
{
    const track_t *track = payload;
    apr_uint32_t operations = 0;

    for (const rule_t *rule = track->rules; rule; rule = rule->next) {
        if ((rule->operations & ~operations) && matches_any(rule->wanted, model) &&
            !matches_any(rule->excluded, model)) {
            operations |= rule->operations;
        }
    }
    return operations;
}

int track_wants(const track_t *track, operation_t operation, const char *model)
{
    if (operation_by_module(operation)) {
        return 1;
    }
    if (!track_wants_any(track, operation)) {
        return 0;
    }
    return (name_cache_ask(track->cache, model ? model : "", decide, track) & BIT(operation)) != 0;
}

int track_wants_any(const track_t *track, operation_t operation)
{
    return operation_by_module(operation) ||
           (operation > OPERATION_NONE && operation <= OPERATION_CALL &&
            (track->operations & BIT(operation)) != 0);
}

/* Rules stand newest first, so the last that matches is the first of the lines. */
track_decision_t track_explain(const track_t *track, operation_t operation, const char *model)
{
    track_decision_t decision = {-1, -1, NULL};

    for (const rule_t *rule = track->rules; rule; rule = rule->next) {
        const char *excluded;

        if (!(rule->operations & BIT(operation)) || !matches_any(rule->wanted, model)) {
            continue;
        }
        if ((excluded = matching(rule->excluded, model))) {
            decision.excluded_by = rule->number;
            decision.excluded = excluded;
        }
        else {
            decision.line = rule->number;
        }
    }
    return decision;
}
