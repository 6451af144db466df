/* Reading regexes.yaml by libyaml's events, and compiling what stands in it. */
#include "user_agent_rules.h"

#include <string.h>

#include <apr_file_io.h>
#include <apr_strings.h>
#include <yaml.h>

#define MAX_FILE (8 * 1024 * 1024)
#define MAX_RULES 10000
#define MAX_WORD (8 * 1024)

const user_agent_section_info_t user_agent_sections[USER_AGENT_SECTIONS] = {
    [USER_AGENT_BROWSER] = {"user_agent_parsers",
                            {{"family_replacement", 1},
                             {"v1_replacement", 2},
                             {"v2_replacement", 3},
                             {"v3_replacement", 4},
                             {NULL, 0}}},
    [USER_AGENT_OS] = {"os_parsers",
                       {{"os_replacement", 1},
                        {"os_v1_replacement", 2},
                        {"os_v2_replacement", 3},
                        {"os_v3_replacement", 4},
                        {"os_v4_replacement", 5}}},
    [USER_AGENT_DEVICE] = {"device_parsers",
                           {{"device_replacement", 1},
                            {"brand_replacement", 0},
                            {"model_replacement", 1},
                            {NULL, 0},
                            {NULL, 0}}},
};

/* The state of one reading. Once there is a problem, next() gives YAML_NO_EVENT for ever. */
typedef struct reading_t {
    apr_pool_t *pool;
    const char *path;
    const char *problem;
    yaml_parser_t parser;
    yaml_event_t event;
    user_agent_rules_t *rules;
    int rule_count;
} reading_t;

static void complain(reading_t *reading, const yaml_mark_t *mark, const char *what)
{
    if (!reading->problem) {
        reading->problem = apr_psprintf(reading->pool, "%s line %lu: %s", reading->path,
                                        (unsigned long)mark->line + 1, what);
    }
}

/* What an anchor names can be repeated without end: a file of a few lines would become gigabytes.
 */
static int has_anchor(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return 1;
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor != NULL;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor != NULL;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor != NULL;
    default:
        return 0;
    }
}

static yaml_event_type_t next(reading_t *reading)
{
    yaml_event_t *event = &reading->event;

    yaml_event_delete(event);
    if (reading->problem) {
        return YAML_NO_EVENT;
    }
    if (!yaml_parser_parse(&reading->parser, event)) {
        memset(event, 0, sizeof(*event));
        complain(reading, &reading->parser.problem_mark,
                 reading->parser.problem ? reading->parser.problem : "this is no YAML");
    }
    else if (has_anchor(event)) {
        complain(reading, &event->start_mark, "anchors and aliases are not taken");
    }
    else if (event->type == YAML_SCALAR_EVENT && event->data.scalar.length > MAX_WORD) {
        complain(reading, &event->start_mark, "a word is longer than 8 KiB");
    }
    return reading->problem ? YAML_NO_EVENT : event->type;
}

static const char *word(const reading_t *reading)
{
    return (const char *)reading->event.data.scalar.value;
}

/* The next must be of this type. */
static int expect(reading_t *reading, yaml_event_type_t type, const char *what)
{
    if (next(reading) != type) {
        complain(reading, &reading->event.start_mark, what);
    }
    return !reading->problem;
}

/* Passes over one value of a section that a later uap-core may bring. */
static void skip_value(reading_t *reading)
{
    unsigned long depth = 0;

    do {
        switch (next(reading)) {
        case YAML_SEQUENCE_START_EVENT:
        case YAML_MAPPING_START_EVENT:
            depth++;
            break;
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
            depth--;
            break;
        default:
            break;
        }
    } while (depth > 0 && !reading->problem);
}

/* ---- one rule ---- */

typedef struct rule_words_t {
    const char *regex;
    const char *flag;
    user_agent_rule_t rule;
} rule_words_t;

static apr_status_t free_regex(void *regex)
{
    pcre2_code_free(regex);
    return APR_SUCCESS;
}

/* Without a just-in-time compiler, or where the system forbids one, the expression is interpreted.
 */
static void compile(reading_t *reading, rule_words_t *words, const yaml_mark_t *mark)
{
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | (words->flag ? PCRE2_CASELESS : 0);
    PCRE2_SIZE offset;
    int error;
    PCRE2_UCHAR message[128];

    words->rule.regex = pcre2_compile((PCRE2_SPTR)words->regex, PCRE2_ZERO_TERMINATED, options,
                                      &error, &offset, NULL);
    if (!words->rule.regex) {
        pcre2_get_error_message(error, message, sizeof(message));
        complain(reading, mark,
                 apr_psprintf(reading->pool, "a wrong regular expression: %s at its character %lu",
                              (const char *)message, (unsigned long)offset + 1));
        return;
    }
    apr_pool_cleanup_register(reading->pool, words->rule.regex, free_regex, apr_pool_cleanup_null);
    pcre2_jit_compile(words->rule.regex, PCRE2_JIT_COMPLETE);
}

static const char **place_of(rule_words_t *words, const user_agent_section_info_t *section,
                             const char *key)
{
    if (!strcmp(key, "regex")) {
        return &words->regex;
    }
    if (!strcmp(key, "regex_flag")) {
        return &words->flag;
    }
    for (int i = 0; i < USER_AGENT_FIELDS; i++) {
        if (section->fields[i].key && !strcmp(key, section->fields[i].key)) {
            return &words->rule.replacement[i];
        }
    }
    return NULL;
}

/* A key that is not known is passed over with its value. */
static void read_pair(reading_t *reading, rule_words_t *words,
                      const user_agent_section_info_t *section)
{
    const char **place = place_of(words, section, word(reading));

    if (!place) {
        skip_value(reading);
    }
    else if (expect(reading, YAML_SCALAR_EVENT, "a text is missing here")) {
        *place = apr_pstrdup(reading->pool, word(reading));
    }
}

static void read_rule(reading_t *reading, user_agent_section_t section)
{
    yaml_mark_t mark = reading->event.start_mark;
    rule_words_t words;

    memset(&words, 0, sizeof(words));
    while (next(reading) == YAML_SCALAR_EVENT) {
        read_pair(reading, &words, &user_agent_sections[section]);
    }
    if (reading->event.type != YAML_MAPPING_END_EVENT) {
        complain(reading, &reading->event.start_mark, "a rule's key must be a word");
    }
    else if (!words.regex) {
        complain(reading, &mark, "a rule without regex");
    }
    else if (words.flag && strcmp(words.flag, "i") != 0) {
        complain(reading, &mark, "the only regex_flag is i");
    }
    else if (++reading->rule_count > MAX_RULES) {
        complain(reading, &mark, "more than 10000 rules");
    }
    else {
        compile(reading, &words, &mark);
    }
    if (!reading->problem) {
        APR_ARRAY_PUSH(reading->rules->section[section], user_agent_rule_t) = words.rule;
    }
}

/* ---- the file ---- */

static void read_rules(reading_t *reading, user_agent_section_t section)
{
    if (!expect(reading, YAML_SEQUENCE_START_EVENT, "a list of rules is missing here")) {
        return;
    }
    while (next(reading) == YAML_MAPPING_START_EVENT) {
        read_rule(reading, section);
    }
    if (reading->event.type != YAML_SEQUENCE_END_EVENT) {
        complain(reading, &reading->event.start_mark, "a rule is keys with their values");
    }
}

static void read_section(reading_t *reading)
{
    for (int i = 0; i < USER_AGENT_SECTIONS; i++) {
        if (!strcmp(word(reading), user_agent_sections[i].name)) {
            read_rules(reading, (user_agent_section_t)i);
            return;
        }
    }
    skip_value(reading);
}

static void read_document(reading_t *reading)
{
    static const char *const no_rules = "sections of rules are missing here";

    if (!expect(reading, YAML_STREAM_START_EVENT, no_rules) ||
        !expect(reading, YAML_DOCUMENT_START_EVENT, no_rules) ||
        !expect(reading, YAML_MAPPING_START_EVENT, no_rules)) {
        return;
    }
    while (next(reading) == YAML_SCALAR_EVENT) {
        read_section(reading);
    }
    if (reading->event.type != YAML_MAPPING_END_EVENT) {
        complain(reading, &reading->event.start_mark, "a section's name must be a word");
    }
    else if (reading->rule_count == 0) {
        complain(reading, &reading->event.start_mark, "there are no rules in this file");
    }
}

static apr_status_t read_bytes(const char *path, char **bytes, apr_size_t *length, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t status = apr_file_open(&file, path, APR_FOPEN_READ, APR_OS_DEFAULT, pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = apr_file_info_get(&info, APR_FINFO_SIZE | APR_FINFO_TYPE, file);
    if (status == APR_SUCCESS && (info.filetype != APR_REG || info.size > MAX_FILE)) {
        status = APR_EINVAL;
    }
    if (status == APR_SUCCESS) {
        *length = (apr_size_t)info.size;
        *bytes = apr_palloc(pool, *length + 1);
        status = apr_file_read_full(file, *bytes, *length, length);
    }
    apr_file_close(file);
    return APR_STATUS_IS_EOF(status) ? APR_SUCCESS : status;
}

static const char *read_failure(const char *path, apr_status_t status, apr_pool_t *pool)
{
    char reason[128];

    if (status == APR_EINVAL) {
        return apr_psprintf(pool, "%s is no file of at most 8 MiB", path);
    }
    return apr_psprintf(pool, "%s cannot be read: %s", path,
                        apr_strerror(status, reason, sizeof(reason)));
}

const char *user_agent_rules_read(user_agent_rules_t *rules, const char *path, apr_pool_t *pool)
{
    reading_t reading = {.pool = pool, .path = path, .rules = rules};
    apr_pool_t *file_pool;
    char *bytes = NULL;
    apr_size_t length = 0;
    apr_status_t status;

    apr_pool_create(&file_pool, pool);
    status = read_bytes(path, &bytes, &length, file_pool);
    if (status != APR_SUCCESS) {
        reading.problem = read_failure(path, status, pool);
    }
    else if (!yaml_parser_initialize(&reading.parser)) {
        reading.problem = read_failure(path, APR_ENOMEM, pool);
    }
    else {
        for (int i = 0; i < USER_AGENT_SECTIONS; i++) {
            rules->section[i] = apr_array_make(pool, 512, sizeof(user_agent_rule_t));
        }
        yaml_parser_set_encoding(&reading.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&reading.parser, (const unsigned char *)bytes, length);
        read_document(&reading);
        yaml_event_delete(&reading.event);
        yaml_parser_delete(&reading.parser);
    }
    apr_pool_destroy(file_pool);
    return reading.problem;
}
