/* What a person reads of a client: "Chrome 126", "Windows 11", "PC". Joins User-Agent and Client
 * Hints, and knows Odoo's own clients. Pure. Where nothing tells, it says so ("Windows 10/11",
 * "Mac or iPad") or nothing, and does not guess. */
#ifndef CLIENT_CLIENT_NAME_H
#define CLIENT_CLIENT_NAME_H

#include "client/client_hints.h"
#include "client/user_agent.h"

typedef enum client_kind_t {
    CLIENT_BROWSER,
    CLIENT_APP,     /* Odoo's mobile app */
    CLIENT_PROGRAM, /* xmlrpc.client, requests, curl, wkhtmltopdf, an IoT Box ... */
    CLIENT_BOT,
    CLIENT_UNKNOWN
} client_kind_t;

typedef struct client_name_t {
    client_kind_t kind;
    const char *browser; /* never NULL; "" where nothing is known */
    const char *os;
    const char *device;
} client_name_t;

/* hints may be NULL. */
void client_name(client_name_t *name, const user_agent_t *agent, const client_hints_t *hints,
                 apr_pool_t *pool);

#endif
