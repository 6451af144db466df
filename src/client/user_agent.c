/* Matching the rules in their order, filling in their replacements, and remembering the result. */
#include "client/user_agent.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "device_kind.h"
#include "text/buffer.h"
#include "text/utf8.h"
#include "user_agent_rules.h"

#define GROUPS 9 /* a replacement names $1 to $9 */
#define FIELD_LIMIT 512
#define GENERATION (USER_AGENT_CACHE / 2)

/* One match on at most USER_AGENT_MAX bytes. uap-core's expressions stay a hundred times below;
 * what goes beyond was made to. */
#define MATCH_LIMIT 200000
#define DEPTH_LIMIT 5000
#define HEAP_LIMIT 4096 /* KiB */
#define JIT_STACK_FIRST (32 * 1024)
#define JIT_STACK_MOST (512 * 1024)

/* Of the texts seen, those since the last change of generation and those before it. When the young
 * ones are GENERATION many they become the old ones, and the old ones go: what is asked for again
 * meanwhile is taken over, so that the texts used most recently stay. */
typedef struct generation_t {
    apr_pool_t *pool;
    apr_hash_t *agents; /* user_agent_t by text */
} generation_t;

struct user_agents_t {
    user_agent_rules_t rules;
    pcre2_match_context *limits;
    pcre2_match_data *match;
    pcre2_jit_stack *stack;
    buffer_t field;
    generation_t young, old;
};

/* ---- one field ---- */

static int is_space(char character)
{
    return character == ' ' || (character >= '\t' && character <= '\r');
}

/* NULL where nothing is left. */
static const char *trimmed(const char *text, apr_size_t length, apr_pool_t *pool)
{
    while (length > 0 && is_space(*text)) {
        text++;
        length--;
    }
    while (length > 0 && is_space(text[length - 1])) {
        length--;
    }
    return length > 0 ? apr_pstrmemdup(pool, text, length) : NULL;
}

/* The text of a group; empty if the expression has no such group or it took no part. */
static apr_size_t group_of(const user_agents_t *agents, int count, const char *text, int group,
                           const char **start)
{
    const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(agents->match);

    *start = text;
    if (group >= count || offsets[2 * group] == PCRE2_UNSET ||
        offsets[2 * group] > offsets[2 * group + 1]) {
        return 0;
    }
    *start = text + offsets[2 * group];
    return offsets[2 * group + 1] - offsets[2 * group];
}

static void fill_in(user_agents_t *agents, int count, const char *text, const char *replacement)
{
    buffer_reset(&agents->field);
    for (const char *next = replacement; *next; next++) {
        if (*next == '$' && next[1] >= '1' && next[1] <= '9') {
            const char *start;
            apr_size_t length = group_of(agents, count, text, next[1] - '0', &start);

            buffer_append(&agents->field, start, length);
            next++;
        }
        else {
            buffer_append_char(&agents->field, *next);
        }
    }
}

static const char *field_of(user_agents_t *agents, int count, const char *text,
                            const user_agent_field_t *field, const char *replacement,
                            apr_pool_t *pool)
{
    const char *start;
    apr_size_t length;

    if (replacement && *replacement) {
        fill_in(agents, count, text, replacement);
        return trimmed(agents->field.data, agents->field.length, pool);
    }
    if (!field->group) {
        return NULL;
    }
    length = group_of(agents, count, text, field->group, &start);
    return trimmed(start, length, pool);
}

/* ---- one section ---- */

/* The number of groups that can be asked for, 0 if the rule does not match. */
static int matches(const user_agents_t *agents, const user_agent_rule_t *rule, const char *text,
                   apr_size_t length)
{
    int count = pcre2_match(rule->regex, (PCRE2_SPTR)text, length, 0, PCRE2_NO_UTF_CHECK,
                            agents->match, agents->limits);

    if (count == 0) {
        return GROUPS + 1; /* more groups than a replacement can name */
    }
    return count > 0 ? count : 0;
}

/* The fields by the first rule that matches and names a family. */
static void match_section(user_agents_t *agents, user_agent_section_t section, const char *text,
                          const char *values[USER_AGENT_FIELDS], apr_pool_t *pool)
{
    const apr_array_header_t *rules = agents->rules.section[section];
    const user_agent_field_t *fields = user_agent_sections[section].fields;
    apr_size_t length = strlen(text);

    memset(values, 0, USER_AGENT_FIELDS * sizeof(*values));
    for (int i = 0; i < rules->nelts && !values[0]; i++) {
        const user_agent_rule_t *rule = &APR_ARRAY_IDX(rules, i, user_agent_rule_t);
        int count = matches(agents, rule, text, length);

        for (int field = 0; count && field < USER_AGENT_FIELDS; field++) {
            values[field] =
                field_of(agents, count, text, &fields[field], rule->replacement[field], pool);
        }
    }
    if (!values[0]) {
        values[0] = "Other";
    }
}

static user_agent_t *parse(user_agents_t *agents, const char *text, apr_pool_t *pool)
{
    user_agent_t *agent = apr_pcalloc(pool, sizeof(*agent));
    const char *values[USER_AGENT_FIELDS];

    agent->text = text;
    match_section(agents, USER_AGENT_BROWSER, text, values, pool);
    agent->browser.family = values[0];
    agent->browser.major = values[1];
    agent->browser.minor = values[2];
    agent->browser.patch = values[3];
    match_section(agents, USER_AGENT_OS, text, values, pool);
    agent->os.family = values[0];
    agent->os.major = values[1];
    agent->os.minor = values[2];
    agent->os.patch = values[3];
    agent->os.patch_minor = values[4];
    match_section(agents, USER_AGENT_DEVICE, text, values, pool);
    agent->device.family = values[0];
    agent->device.brand = values[1];
    agent->device.model = values[2];
    device_kind_set(agent);
    return agent;
}

/* ---- the cache ---- */

static void change_generation(user_agents_t *agents)
{
    generation_t oldest = agents->old;

    agents->old = agents->young;
    apr_pool_clear(oldest.pool);
    oldest.agents = apr_hash_make(oldest.pool);
    agents->young = oldest;
}

static const char *copy(const char *text, apr_pool_t *pool)
{
    return text ? apr_pstrdup(pool, text) : NULL;
}

static user_agent_t *take_over(const user_agent_t *from, apr_pool_t *pool)
{
    user_agent_t *agent = apr_pmemdup(pool, from, sizeof(*from));

    agent->text = copy(from->text, pool);
    agent->browser.family = copy(from->browser.family, pool);
    agent->browser.major = copy(from->browser.major, pool);
    agent->browser.minor = copy(from->browser.minor, pool);
    agent->browser.patch = copy(from->browser.patch, pool);
    agent->os.family = copy(from->os.family, pool);
    agent->os.major = copy(from->os.major, pool);
    agent->os.minor = copy(from->os.minor, pool);
    agent->os.patch = copy(from->os.patch, pool);
    agent->os.patch_minor = copy(from->os.patch_minor, pool);
    agent->device.family = copy(from->device.family, pool);
    agent->device.brand = copy(from->device.brand, pool);
    agent->device.model = copy(from->device.model, pool);
    return agent;
}

/* Cut and repaired into `room`, which has USER_AGENT_MAX + 1 bytes. */
static void clean(char *room, const char *text)
{
    int whole;
    apr_size_t length = utf8_repair_into(room, USER_AGENT_MAX, text, strlen(text), &whole);

    room[length] = '\0';
}

const user_agent_t *user_agent_parse(user_agents_t *agents, const char *text)
{
    char key[USER_AGENT_MAX + 1];
    user_agent_t *agent;
    const user_agent_t *known;

    clean(key, text ? text : "");
    agent = apr_hash_get(agents->young.agents, key, APR_HASH_KEY_STRING);
    if (agent) {
        return agent;
    }
    if (apr_hash_count(agents->young.agents) >= GENERATION) {
        change_generation(agents);
    }
    known = apr_hash_get(agents->old.agents, key, APR_HASH_KEY_STRING);
    agent = known ? take_over(known, agents->young.pool)
                  : parse(agents, apr_pstrdup(agents->young.pool, key), agents->young.pool);
    apr_hash_set(agents->young.agents, agent->text, APR_HASH_KEY_STRING, agent);
    return agent;
}

/* ---- making and freeing ---- */

static void make_generation(generation_t *generation, apr_pool_t *pool)
{
    apr_pool_create(&generation->pool, pool);
    generation->agents = apr_hash_make(generation->pool);
}

static apr_status_t free_matching(void *data)
{
    user_agents_t *agents = data;

    pcre2_match_context_free(agents->limits);
    pcre2_match_data_free(agents->match);
    pcre2_jit_stack_free(agents->stack);
    return APR_SUCCESS;
}

static int make_matching(user_agents_t *agents, apr_pool_t *pool)
{
    agents->limits = pcre2_match_context_create(NULL);
    agents->match = pcre2_match_data_create(GROUPS + 1, NULL);
    agents->stack = pcre2_jit_stack_create(JIT_STACK_FIRST, JIT_STACK_MOST, NULL);
    apr_pool_cleanup_register(pool, agents, free_matching, apr_pool_cleanup_null);
    if (!agents->limits || !agents->match) {
        return 0;
    }
    pcre2_set_match_limit(agents->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(agents->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(agents->limits, HEAP_LIMIT);
    if (agents->stack) {
        pcre2_jit_stack_assign(agents->limits, NULL, agents->stack);
    }
    return 1;
}

const char *user_agents_load(user_agents_t **loaded, const char *path, apr_pool_t *parent)
{
    apr_pool_t *pool;
    user_agents_t *agents;
    const char *problem;

    *loaded = NULL;
    apr_pool_create(&pool, parent);
    agents = apr_pcalloc(pool, sizeof(*agents));
    problem = user_agent_rules_read(&agents->rules, path, pool);
    if (!problem && !make_matching(agents, pool)) {
        problem = "there is no memory for matching user agents";
    }
    if (problem) {
        problem = apr_pstrdup(parent, problem);
        apr_pool_destroy(pool);
        return problem;
    }
    buffer_init(&agents->field, pool, FIELD_LIMIT);
    make_generation(&agents->young, pool);
    make_generation(&agents->old, pool);
    *loaded = agents;
    return NULL;
}

int user_agents_rule_count(const user_agents_t *agents)
{
    int count = 0;

    for (int i = 0; i < USER_AGENT_SECTIONS; i++) {
        count += agents->rules.section[i]->nelts;
    }
    return count;
}
