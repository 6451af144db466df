#include "program.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define VERSION_PARTS 2
#define VERSION_MAX 32

typedef struct program_t {
    const char *mark;
    int anywhere; /* else at the start alone */
    const char *name;
    client_kind_t kind;
} program_t;

/* The web client knows its app by "OdooMobile"; an IoT Box calls itself OdooIoTBox/1.0 over HTTP
 * and websocket; reports are rendered by wkhtmltopdf, which fetches what they show; xmlrpc.client
 * says Python-xmlrpc. */
static const program_t programs[] = {
    {"OdooMobile", 1, "Odoo mobile app", CLIENT_APP},
    {"OdooIoTBox", 0, "Odoo IoT Box", CLIENT_PROGRAM},
    {"wkhtmltopdf", 1, "wkhtmltopdf", CLIENT_PROGRAM},
    {"wkhtmltoimage", 1, "wkhtmltoimage", CLIENT_PROGRAM},
    {"Python-xmlrpc", 0, "Python xmlrpc.client", CLIENT_PROGRAM},
    {"xmlrpclib.py", 0, "Python xmlrpclib", CLIENT_PROGRAM},
    {"python-requests", 0, "Python requests", CLIENT_PROGRAM},
    {"python-urllib3", 0, "Python urllib3", CLIENT_PROGRAM},
    {"Python-urllib", 0, "Python urllib", CLIENT_PROGRAM},
    {"python-httpx", 0, "Python httpx", CLIENT_PROGRAM},
    {"aiohttp", 1, "Python aiohttp", CLIENT_PROGRAM},
    {"curl", 0, "curl", CLIENT_PROGRAM},
    {"Wget", 0, "Wget", CLIENT_PROGRAM},
    {"PostmanRuntime", 0, "Postman", CLIENT_PROGRAM},
    {"Go-http-client", 0, "Go net/http", CLIENT_PROGRAM},
    {"okhttp", 0, "OkHttp", CLIENT_PROGRAM},
    {"axios", 0, "axios", CLIENT_PROGRAM},
    {"node-fetch", 0, "node-fetch", CLIENT_PROGRAM},
    {"undici", 0, "Node undici", CLIENT_PROGRAM},
    {"n8n", 0, "n8n", CLIENT_PROGRAM},
    {"Zapier", 0, "Zapier", CLIENT_PROGRAM},
    {"GuzzleHttp", 0, "Guzzle", CLIENT_PROGRAM},
    {"Apache-HttpClient", 0, "Apache HttpClient", CLIENT_PROGRAM},
    {"Java", 0, "Java", CLIENT_PROGRAM},
    {"libwww-perl", 0, "libwww-perl", CLIENT_PROGRAM},
};

/* Where the mark ends; NULL if it is not there as a word of its own. */
static const char *find_mark(const program_t *program, const char *user_agent)
{
    apr_size_t length = strlen(program->mark);
    const char *found = program->anywhere ? strstr(user_agent, program->mark)
                        : strncmp(user_agent, program->mark, length) ? NULL
                                                                     : user_agent;

    if (!found || apr_isalnum(found[length]) || found[length] == '-') {
        return NULL;
    }
    return found + length;
}

/* " 2.31" of "/2.31.0"; "" if there is none. */
static const char *version_behind(const char *mark_end, apr_pool_t *pool)
{
    const char *at = mark_end + 1;
    int parts = 0;

    if (*mark_end != '/' || !apr_isdigit(*at)) {
        return "";
    }
    while (apr_isdigit(*at) || (*at == '.' && apr_isdigit(at[1]) && ++parts < VERSION_PARTS)) {
        at++;
    }
    if (at - mark_end > VERSION_MAX) {
        return "";
    }
    return apr_pstrcat(pool, " ",
                       apr_pstrmemdup(pool, mark_end + 1, (apr_size_t)(at - mark_end - 1)), NULL);
}

const char *program_name(const char *user_agent, client_kind_t *kind, apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
        const char *end = find_mark(&programs[i], user_agent);

        if (end) {
            *kind = programs[i].kind;
            return apr_pstrcat(pool, programs[i].name, version_behind(end, pool), NULL);
        }
    }
    return NULL;
}
