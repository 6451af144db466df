/* What a User-Agent header says of browser, operating system and device, by uap-core's regular
 * expressions, and the questions that Python's user-agents package answers on top of them.
 *
 * One owner, one thread, off the request path: a text that is not in the cache is held against
 * every rule, which takes some 0.2 ms where they are compiled just in time and 0.5 ms where not.
 * Never blocks once loaded. What comes out is the client's own word: good to show, never to decide
 * on. */
#ifndef CLIENT_USER_AGENT_H
#define CLIENT_USER_AGENT_H

#include <apr_pools.h>

#define USER_AGENT_MAX 512    /* bytes that are looked at; the rest is as if it was not sent */
#define USER_AGENT_CACHE 4096 /* texts that are remembered at most */

/* NULL where nothing is known, except the families, which are "Other". Versions are texts: "10",
 * "XP", "0-80". */
typedef struct user_agent_t {
    struct {
        const char *family, *major, *minor, *patch;
    } browser;
    struct {
        const char *family, *major, *minor, *patch, *patch_minor;
    } os;
    struct {
        const char *family, *brand, *model;
    } device;
    const char *text; /* what was parsed: repaired UTF-8, cut */

    /* As user-agents' properties of the same names. Several may be true at once. */
    unsigned is_mobile : 1;
    unsigned is_tablet : 1;
    unsigned is_touch_capable : 1;
    unsigned is_pc : 1;
    unsigned is_bot : 1;
    unsigned is_email_client : 1;
} user_agent_t;

typedef struct user_agents_t user_agents_t;

/* Reads and compiles the rules; blocks for one file, some 50 ms for 1,200 rules. Returns NULL, or a
 * sentence that says what is wrong where, and then *agents is NULL. The file is an administrator's,
 * but what would make it expensive is refused: aliases and anchors, more than 8 MiB, 10,000 rules,
 * or 8 KiB in one word. All is freed with the pool. */
const char *user_agents_load(user_agents_t **agents, const char *path, apr_pool_t *pool);

/* How many rules there are, for a line in the log. */
int user_agents_rule_count(const user_agents_t *agents);

/* Never NULL: a text that no rule knows is "Other" in everything. Valid until the next call with
 * these agents. A rule that would take too long on this text does not match it. */
const user_agent_t *user_agent_parse(user_agents_t *agents, const char *text);

/* As user-agents' get_browser, get_os, get_device and str(): "Chrome 126.0.0", "Windows 10", "PC",
 * and "PC / Windows 10 / Chrome 126.0.0". */
const char *user_agent_browser(const user_agent_t *agent, apr_pool_t *pool);
const char *user_agent_os(const user_agent_t *agent, apr_pool_t *pool);
const char *user_agent_device(const user_agent_t *agent);
const char *user_agent_string(const user_agent_t *agent, apr_pool_t *pool);

#endif
