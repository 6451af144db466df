/* Who was behind an event: its browser, system, device and place. These cells are outside of the
 * hash, for they are an opinion that better rules may change; what it is formed on, user agent and
 * address, stays in the event. */
#include "keeper_state.h"

#include <errno.h>
#include <unistd.h>

#include "client/client_name.h"

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

static void enrich_client(keeper_t *keeper, event_t *event)
{
    client_hint_headers_t headers;
    client_hints_t hints;
    client_name_t name;

    client_hints_unpack(&headers, event->cell[EVENT_CLIENT_HINTS], keeper->enrich_pool);
    client_hints_read(&hints, &headers, keeper->enrich_pool);
    client_name(&name, user_agent_parse(keeper->user_agents, event->cell[EVENT_USER_AGENT]), &hints,
                keeper->enrich_pool);
    event_set(event, EVENT_BROWSER, name.browser);
    event_set(event, EVENT_OS, name.os);
    event_set(event, EVENT_DEVICE, name.device);
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
    event_set(event, EVENT_COUNTRY, country);
    event_set(event, EVENT_CITY, city);
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
