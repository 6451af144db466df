/* Answers for user_agent_python.py: reads "<length>\n<bytes>" again and again, writes for each one
 * line of fields parted by US, where RS stands for a field that is not known. The argument is the
 * file of rules. */
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>

#include "client/user_agent.h"

#define MAX_TEXT 65536

static void put(const char *field, char end)
{
    fputs(field ? field : "\036", stdout);
    putchar(end);
}

static void put_parsed(const user_agent_t *agent)
{
    put(agent->browser.family, '\037');
    put(agent->browser.major, '\037');
    put(agent->browser.minor, '\037');
    put(agent->browser.patch, '\037');
    put(agent->os.family, '\037');
    put(agent->os.major, '\037');
    put(agent->os.minor, '\037');
    put(agent->os.patch, '\037');
    put(agent->os.patch_minor, '\037');
    put(agent->device.family, '\037');
    put(agent->device.brand, '\037');
    put(agent->device.model, '\037');
}

static void answer(user_agents_t *agents, const char *text, apr_pool_t *pool)
{
    const user_agent_t *agent = user_agent_parse(agents, text);

    put_parsed(agent);
    printf("%d%d%d%d%d%d\037", agent->is_mobile, agent->is_tablet, agent->is_touch_capable,
           agent->is_pc, agent->is_bot, agent->is_email_client);
    put(user_agent_string(agent, pool), '\n');
    fflush(stdout);
}

static int serve(user_agents_t *agents, apr_pool_t *pool)
{
    static char text[MAX_TEXT + 1];
    unsigned length;

    while (scanf("%u", &length) == 1 && length <= MAX_TEXT && getchar() == '\n' &&
           fread(text, 1, length, stdin) == length) {
        apr_pool_t *scratch;

        text[length] = '\0';
        apr_pool_create(&scratch, pool);
        answer(agents, text, scratch);
        apr_pool_destroy(scratch);
    }
    return 0;
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;
    user_agents_t *agents;
    const char *problem;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    problem = argc == 2 ? user_agents_load(&agents, argv[1], pool) : "which file of rules?";
    if (problem) {
        fprintf(stderr, "%s\n", problem);
        return 1;
    }
    serve(agents, pool);
    apr_terminate();
    return 0;
}
