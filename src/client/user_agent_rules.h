/* The rules of uap-core: which regular expression gives which names. */
#ifndef CLIENT_USER_AGENT_RULES_H
#define CLIENT_USER_AGENT_RULES_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <apr_tables.h>

typedef enum user_agent_section_t {
    USER_AGENT_BROWSER,
    USER_AGENT_OS,
    USER_AGENT_DEVICE,
    USER_AGENT_SECTIONS
} user_agent_section_t;

#define USER_AGENT_FIELDS 5 /* the most that a section has */

/* A field takes its replacement, or else the text of a group. */
typedef struct user_agent_field_t {
    const char *key; /* of the replacement; NULL: the section has no such field */
    int group;       /* 0: none */
} user_agent_field_t;

typedef struct user_agent_section_info_t {
    const char *name;
    user_agent_field_t fields[USER_AGENT_FIELDS]; /* the family first */
} user_agent_section_info_t;

extern const user_agent_section_info_t user_agent_sections[USER_AGENT_SECTIONS];

typedef struct user_agent_rule_t {
    pcre2_code *regex;
    const char *replacement[USER_AGENT_FIELDS]; /* NULL: none */
} user_agent_rule_t;

/* Of user_agent_rule_t, in the order in which they are tried. */
typedef struct user_agent_rules_t {
    apr_array_header_t *section[USER_AGENT_SECTIONS];
} user_agent_rules_t;

/* Reads them from a file. NULL, or a sentence that says what is wrong where. Compiled expressions
 * are freed with the pool in either case. */
const char *user_agent_rules_read(user_agent_rules_t *rules, const char *path, apr_pool_t *pool);

#endif
