/* Who was behind an event: its browser, system, device and place. These cells are outside of the
 * hash, for they are an opinion that better rules may change; what it is formed on, user agent and
 * address, stays in the event. */
#include "keeper_state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "client/client_name.h"
#include "text/utf8.h"
#include "trail/crc32c.h"

/* Clients are few and come again and again: what was found for the last of them is kept, by a
 * checksum of what they said. */
#define CLIENTS 128
#define NAME_SIZE 129 /* the cells' limit, and NUL */

typedef struct client_t {
    int known;
    char agent[USER_AGENT_MAX + 1], hints[CLIENT_HINTS_PACKED_MAX + 1];
    char browser[NAME_SIZE], os[NAME_SIZE], device[NAME_SIZE];
} client_t;

static void tell_problems(keeper_t *keeper)
{
    const char *problem;

    while ((problem = places_problem(keeper->places))) {
        keeper_log(keeper, KEEPER_WARNING, APR_SUCCESS, "places of addresses: %s", problem);
    }
}

/* httpd has looked for a file that was named; one that is absent here is the default. */
static void open_user_agents(keeper_t *keeper)
{
    const char *path = keeper->config->user_agents, *problem;

    if (!path) {
        return;
    }
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        keeper_log(keeper, KEEPER_NOTICE, APR_SUCCESS,
                   "%s is not there: the trail has user agents as they were sent, but no browser, "
                   "system and device; Debian's package uap-core brings it, or UserAuditUserAgents "
                   "names another",
                   path);
        return;
    }
    keeper->clients = apr_pcalloc(keeper->pool, CLIENTS * sizeof(*keeper->clients));
    problem = user_agents_load(&keeper->user_agents, path, keeper->pool);
    if (problem) {
        keeper_log(keeper, KEEPER_ERROR, APR_SUCCESS,
                   "the trail has no browser, system and device: %s", problem);
    }
}

void enrich_open(keeper_t *keeper)
{
    apr_pool_create(&keeper->enrich_pool, keeper->pool);
    open_user_agents(keeper);
    keeper->places = places_open(keeper->config->places, keeper->config->place_count, keeper->pool);
    tell_problems(keeper);
}

static void keep_name(char kept[NAME_SIZE], const char *name)
{
    apr_cpystrn(kept, name, utf8_cut(name, strlen(name), NAME_SIZE - 1) + 1);
}

static void find_names(keeper_t *keeper, client_t *client)
{
    client_hint_headers_t headers;
    client_hints_t hints;
    client_name_t name;

    client_hints_unpack(&headers, *client->hints ? client->hints : NULL, keeper->enrich_pool);
    client_hints_read(&hints, &headers, keeper->enrich_pool);
    client_name(&name, user_agent_parse(keeper->user_agents, client->agent), &hints,
                keeper->enrich_pool);
    keep_name(client->browser, name.browser);
    keep_name(client->os, name.os);
    keep_name(client->device, name.device);
}

/* The event's cells are cut to what fits when they are set. */
static const client_t *client_of(keeper_t *keeper, const event_t *event)
{
    const char *agent = event_text(event, EVENT_USER_AGENT);
    const char *hints = event_text(event, EVENT_CLIENT_HINTS);
    apr_uint32_t sum = crc32c(crc32c(0, agent, strlen(agent)), hints, strlen(hints));
    client_t *client = &keeper->clients[sum % CLIENTS];

    if (!client->known || strcmp(client->agent, agent) != 0 || strcmp(client->hints, hints) != 0) {
        apr_cpystrn(client->agent, agent, sizeof(client->agent));
        apr_cpystrn(client->hints, hints, sizeof(client->hints));
        find_names(keeper, client);
        client->known = 1;
    }
    return client;
}

/* Without event_set, which would flag what it cuts: flags are hashed already. */
static void set_name(event_t *event, event_column_t column, const char *name)
{
    event->cell[column] = *name ? apr_pstrdup(event->pool, name) : NULL;
}

static void enrich_client(keeper_t *keeper, event_t *event)
{
    const client_t *client = client_of(keeper, event);

    set_name(event, EVENT_BROWSER, client->browser);
    set_name(event, EVENT_OS, client->os);
    set_name(event, EVENT_DEVICE, client->device);
}

static void find_place(keeper_t *keeper, const char *address, const char **country,
                       const char **city)
{
    place_t place;

    place_find(&place, keeper->places, address, keeper->enrich_pool);
    *country = *place.country ? place.country : place.country_code;
    *city = place.city;
    tell_problems(keeper);
}

void enrich_address(keeper_t *keeper, const char *address, const char **country, const char **city)
{
    apr_pool_clear(keeper->enrich_pool);
    find_place(keeper, address, country, city);
}

static void enrich_place(keeper_t *keeper, event_t *event)
{
    const char *country, *city;

    find_place(keeper, event->cell[EVENT_IP], &country, &city);
    set_name(event, EVENT_COUNTRY, country);
    set_name(event, EVENT_CITY, city);
}

void enrich_event(keeper_t *keeper, event_t *event)
{
    if (keeper->user_agents && event->cell[EVENT_USER_AGENT] && !event->cell[EVENT_BROWSER] &&
        !event->cell[EVENT_OS] && !event->cell[EVENT_DEVICE]) {
        enrich_client(keeper, event);
    }
    if (event->cell[EVENT_IP] && !event->cell[EVENT_COUNTRY] && !event->cell[EVENT_CITY]) {
        enrich_place(keeper, event);
    }
    apr_pool_clear(keeper->enrich_pool);
}
