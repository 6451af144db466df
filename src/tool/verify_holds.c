/* Whether the holds of the store are those that the trail says were set and not lifted. */
#include <apr_hash.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "store/hold.h"
#include "verify.h"

#define VALUES_LIMIT 16384

struct verify_holds_t {
    apr_pool_t *pool;
    apr_hash_t *standing; /* what was set, by site and id */
    const char *fault;
};

verify_holds_t *verify_holds_create(apr_pool_t *pool)
{
    verify_holds_t *holds = apr_pcalloc(pool, sizeof(*holds));

    holds->pool = pool;
    holds->standing = apr_hash_make(pool);
    return holds;
}

static const char *key_of(const verify_holds_t *holds, const char *site, const char *id)
{
    return apr_pstrcat(holds->pool, site, " ", id, NULL);
}

void verify_holds_note(verify_holds_t *holds, const event_t *event)
{
    static const json_limits_t limits = {256, 16384, 4096, 64};
    const char *operation = event->cell[EVENT_OPERATION], *values = event->cell[EVENT_VALUES];
    const char *site = event->cell[EVENT_SITE], *id;

    if (!operation || strncmp(operation, "hold_", 5) || !values || !site) {
        return;
    }
    id = json_string(json_member(json_parse(holds->pool, values, strlen(values), &limits), "hold"));
    if (id && !strcmp(operation, "hold_set")) {
        apr_hash_set(holds->standing, key_of(holds, site, id), APR_HASH_KEY_STRING,
                     apr_pstrdup(holds->pool, values));
    }
    else if (id) {
        apr_hash_set(holds->standing, key_of(holds, site, id), APR_HASH_KEY_STRING, NULL);
    }
}

/* Takes a standing hold off the list of those that should stand. */
static int compare(void *payload, const hold_t *hold)
{
    verify_holds_t *holds = payload;
    const char *key = key_of(holds, hold->site, hold->id);
    const char *set = apr_hash_get(holds->standing, key, APR_HASH_KEY_STRING);
    buffer_t values;

    if (hold->lifted) {
        return 0;
    }
    buffer_init(&values, holds->pool, VALUES_LIMIT);
    json_write(&values, hold_values(hold, holds->pool));
    if (!set || strcmp(set, buffer_string(&values))) {
        holds->fault = apr_psprintf(holds->pool,
                                    "hold %s of site %s is not what the trail says was set: it was "
                                    "altered",
                                    hold->id, hold->site);
        return 1;
    }
    apr_hash_set(holds->standing, key, APR_HASH_KEY_STRING, NULL);
    return 0;
}

int verify_holds_check(tool_t *tool, verify_holds_t *holds, const char **fault)
{
    apr_status_t status =
        store_holds(tool->store, NULL, STORE_HOLDS_MOST, compare, holds, tool->pool);

    if (status != APR_SUCCESS) {
        return tool_unreadable(tool);
    }
    if (!holds->fault && apr_hash_count(holds->standing) > 0) {
        holds->fault = apr_psprintf(holds->pool,
                                    "%u holds that the trail says stand are not in the store: they "
                                    "were removed or marked as lifted",
                                    apr_hash_count(holds->standing));
    }
    *fault = holds->fault;
    return EXIT_SUCCESS;
}
