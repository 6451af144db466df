#include "settings/retention.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "odoo/operation.h"
#include "text/duration.h"

static const char *const writes[] = {"create", "write",         "unlink", "import",
                                     "call",   "unparsed_call", NULL};
static const char *const reads[] = {"read", "search", "export", "report", "download", NULL};
static const char *const logins[] = {"login",
                                     "login_failed",
                                     "logout",
                                     "session_started",
                                     "session_identified",
                                     "session_revoked",
                                     "session_expired",
                                     "session_limited",
                                     "session_lifted",
                                     "session_refused",
                                     "user_changed",
                                     "password_changed",
                                     "devices_revoked",
                                     NULL};

static const struct {
    const char *word;
    const char *const *operations;
} classes[] = {{"writes", writes}, {"reads", reads}, {"logins", logins}};

/* The operations of a class, or the one operation of that name; NULL if the word is neither. */
static const char *const *operations_of(apr_pool_t *pool, const char *word, int *single)
{
    const char **operations;

    *single = 0;
    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
        if (!strcasecmp(word, classes[i].word)) {
            return classes[i].operations;
        }
    }
    if (operation_from_name(word) == OPERATION_NONE) {
        return NULL;
    }
    *single = 1;
    operations = apr_pcalloc(pool, 2 * sizeof(*operations));
    operations[0] = operation_name(operation_from_name(word));
    return operations;
}

static const char *add_words(apr_array_header_t *rules, char *words, apr_interval_time_t age,
                             apr_pool_t *pool)
{
    char *state;

    for (char *word = apr_strtok(words, ",", &state); word; word = apr_strtok(NULL, ",", &state)) {
        retention_t rule = {.age = age};

        rule.operations = operations_of(pool, word, &rule.single);
        if (!rule.operations) {
            return apr_psprintf(pool,
                                "\"%s\": say writes, reads, logins or the name of an operation",
                                word);
        }
        APR_ARRAY_PUSH(rules, retention_t) = rule;
    }
    return NULL;
}

const char *retention_add(apr_array_header_t *rules, const char *line, apr_pool_t *pool)
{
    char *state, *copy = apr_pstrdup(pool, line);
    char *words = apr_strtok(copy, " \t", &state);
    char *age = words ? apr_strtok(NULL, " \t", &state) : NULL; /* else nothing is in state */
    apr_interval_time_t time;
    int before = rules->nelts;
    const char *problem;

    if (!words || !age || apr_strtok(NULL, " \t", &state)) {
        return apr_psprintf(pool, "\"%s\": say operations and a time, such as: reads,export 90d",
                            line);
    }
    if (duration_parse(age, &time) != APR_SUCCESS || time < RETENTION_SHORTEST) {
        return apr_psprintf(pool,
                            "\"%s\": say a time of at least %s, such as 90s, 30m, 12h or 400d", age,
                            duration_format(pool, RETENTION_SHORTEST));
    }
    if ((problem = add_words(rules, words, time, pool))) {
        rules->nelts = before;
    }
    return problem;
}

apr_array_header_t *retention_rules(const apr_array_header_t *lines, apr_pool_t *pool)
{
    apr_array_header_t *rules = apr_array_make(pool, 4, sizeof(retention_t));

    for (int i = 0; i < lines->nelts; i++) {
        retention_add(rules, APR_ARRAY_IDX(lines, i, const char *), pool);
    }
    return rules;
}

apr_array_header_t *retention_default_lines(apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(lines, const char *) = "writes 400d";
    APR_ARRAY_PUSH(lines, const char *) = "reads 30d";
    return lines;
}

apr_interval_time_t retention_of(const apr_array_header_t *rules, const char *operation)
{
    apr_interval_time_t age = 0;
    int single = 0;

    for (int i = 0; i < rules->nelts; i++) {
        const retention_t *rule = &APR_ARRAY_IDX(rules, i, retention_t);

        for (const char *const *name = rule->operations; *name; name++) {
            if (!strcmp(*name, operation) && rule->single >= single) {
                age = rule->age;
                single = rule->single;
            }
        }
    }
    return age;
}

apr_interval_time_t retention_longer(const apr_array_header_t *floor,
                                     const apr_array_header_t *more, const char *operation)
{
    apr_interval_time_t least = retention_of(floor, operation);
    apr_interval_time_t asked = retention_of(more, operation);

    return least && asked > least ? asked : least;
}

static const char *shorter(const char *operation, apr_interval_time_t floor, apr_pool_t *pool)
{
    return floor
               ? apr_psprintf(pool, "httpd.conf keeps %s for %s; here it can only be longer.",
                              operation, duration_format(pool, floor))
               : apr_psprintf(pool, "httpd.conf keeps %s for ever; here that cannot be shortened.",
                              operation);
}

/* 1 if the rule keeps at least one of its operations as long as the floor does. A class may well
 * hold others that are kept longer by a line of their own. */
static int is_long_enough(const retention_t *rule, const apr_array_header_t *floor)
{
    for (const char *const *name = rule->operations; *name; name++) {
        apr_interval_time_t least = retention_of(floor, *name);

        if (least && rule->age >= least) {
            return 1;
        }
    }
    return 0;
}

const char *retention_check_longer(const char *line, const apr_array_header_t *floor_lines,
                                   apr_pool_t *pool)
{
    apr_array_header_t *floor = retention_rules(floor_lines, pool);
    apr_array_header_t *rules = apr_array_make(pool, 4, sizeof(retention_t));
    const char *problem = retention_add(rules, line, pool);

    for (int i = 0; i < rules->nelts && !problem; i++) {
        const retention_t *rule = &APR_ARRAY_IDX(rules, i, retention_t);

        if (!is_long_enough(rule, floor)) {
            problem = shorter(*rule->operations, retention_of(floor, *rule->operations), pool);
        }
    }
    return problem;
}
