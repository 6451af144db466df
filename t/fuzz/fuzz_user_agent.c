/* Lines of the input are a User-Agent and then the six Client Hints. Whatever they hold: the answer
 * is short, valid UTF-8 and the same when asked again, hints are printable ASCII, and each name is
 * a text. Uses uap-core's rules where Debian puts them, else the tests' own. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "client/client_name.h"
#include "target.h"
#include "text/utf8.h"

#define LINES 7
#define FIELD_MOST USER_AGENT_MAX

static user_agents_t *agents;

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static void load(void)
{
    apr_pool_t *pool;

    if (!agents) {
        apr_initialize();
        /* The compiled rules hang on a pool, which LeakSanitizer does not search for pointers. */
        atexit(apr_terminate);
        apr_pool_create(&pool, NULL);
        if (user_agents_load(&agents, "/usr/share/uap-core/regexes.yaml", pool)) {
            require(!user_agents_load(&agents, T_SOURCE "/unit/user_agent_rules.yaml", pool));
        }
    }
}

/* Missing lines are NULL. */
static void split(const uint8_t *data, size_t size, const char *lines[LINES], apr_pool_t *pool)
{
    char *text = apr_pstrmemdup(pool, (const char *)data, size);

    for (int i = 0; i < LINES; i++) {
        lines[i] = text;
        text = text ? strchr(text, '\n') : NULL;
        if (text) {
            *text++ = '\0';
        }
    }
}

static void check_field(const char *field)
{
    if (field) {
        require(*field && strlen(field) <= FIELD_MOST);
        require(utf8_valid_prefix(field, strlen(field)) == strlen(field));
    }
}

static void check_agent(const user_agent_t *agent)
{
    check_field(agent->browser.family);
    check_field(agent->browser.major);
    check_field(agent->browser.minor);
    check_field(agent->browser.patch);
    check_field(agent->os.family);
    check_field(agent->os.major);
    check_field(agent->os.minor);
    check_field(agent->os.patch);
    check_field(agent->os.patch_minor);
    check_field(agent->device.family);
    check_field(agent->device.brand);
    check_field(agent->device.model);
    require(agent->browser.family && agent->os.family && agent->device.family);
    require(strlen(agent->text) <= USER_AGENT_MAX);
}

static void check_hint(const char *text)
{
    for (; text && *text; text++) {
        require(*text >= ' ' && *text <= '~');
    }
}

static void check_name(const client_name_t *name)
{
    require(name->browser && name->os && name->device);
    require((name->kind == CLIENT_UNKNOWN) <= (*name->browser == '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *lines[LINES];
    client_hint_headers_t headers;
    client_hints_t hints;
    client_name_t name;
    const user_agent_t *agent;
    apr_pool_t *pool;

    load();
    apr_pool_create(&pool, NULL);
    split(data, size, lines, pool);
    headers = (client_hint_headers_t){lines[1], lines[2], lines[3], lines[4], lines[5], lines[6]};
    agent = user_agent_parse(agents, lines[0]);
    check_agent(agent);
    require(user_agent_parse(agents, lines[0]) == agent);
    require(user_agent_parse(agents, agent->text) == agent);
    client_hints_read(&hints, &headers, pool);
    check_hint(hints.brand);
    check_hint(hints.brand_version);
    check_hint(hints.platform);
    check_hint(hints.platform_version);
    check_hint(hints.model);
    client_name(&name, agent, &hints, pool);
    check_name(&name);
    apr_pool_destroy(pool);
    return 0;
}
