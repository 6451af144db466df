/* "Verify now": the newest events and the ends of all chains, within one request. The whole trail
 * is the command's to verify, which takes its time. */
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "health_facts.h"
#include "store/proof.h"
#include "trail/chain.h"

/* The last event seen of a node. */
typedef struct link_t {
    apr_int64_t sequence;
    char hash[DIGEST_HEX_SIZE];
} link_t;

typedef struct look_t {
    apr_pool_t *pool;
    apr_hash_t *links; /* link_t by node */
    buffer_t scratch;
    apr_int64_t first, last, events;
    const char *fault; /* NULL: none so far */
} look_t;

static link_t *link_of(look_t *look, const char *node)
{
    link_t *link = apr_hash_get(look->links, node, APR_HASH_KEY_STRING);

    if (!link) {
        link = apr_pcalloc(look->pool, sizeof(*link));
        apr_hash_set(look->links, apr_pstrdup(look->pool, node), APR_HASH_KEY_STRING, link);
    }
    return link;
}

/* Where the sequence jumps, events were purged; that it was so rightly, the command finds out. */
static int see_event(void *payload, const event_t *event)
{
    look_t *look = payload;
    link_t *link = link_of(look, event_text(event, EVENT_NODE));
    apr_int64_t sequence = apr_atoi64(event_text(event, EVENT_SEQUENCE));

    look->last = apr_atoi64(event_text(event, EVENT_ID));
    look->first = look->first ? look->first : look->last;
    look->events++;
    if (!chain_intact(event, &look->scratch)) {
        look->fault = apr_psprintf(look->pool, "Event %s is not as it was written.",
                                   event_text(event, EVENT_ID));
    }
    else if (sequence == link->sequence + 1 && link->sequence &&
             strcmp(link->hash, event_text(event, EVENT_PREVIOUS_HASH))) {
        look->fault = apr_psprintf(look->pool, "Event %s does not follow the one before it.",
                                   event_text(event, EVENT_ID));
    }
    link->sequence = sequence;
    apr_cpystrn(link->hash, event_text(event, EVENT_HASH), sizeof(link->hash));
    return look->fault != NULL;
}

static apr_status_t check_ends(look_t *look, store_t *store)
{
    apr_array_header_t *chains;
    apr_status_t status = store_chains(store, &chains, look->pool);

    for (int i = 0; status == APR_SUCCESS && i < chains->nelts && !look->fault; i++) {
        const store_chain_t *chain = &APR_ARRAY_IDX(chains, i, store_chain_t);
        const link_t *link = apr_hash_get(look->links, chain->node, APR_HASH_KEY_STRING);

        if (link && (link->sequence != chain->sequence || strcmp(link->hash, chain->hash))) {
            look->fault =
                apr_psprintf(look->pool, "The last events of %s are missing.", chain->node);
        }
    }
    return status;
}

static int note_newest(void *payload, const event_t *event)
{
    *(apr_int64_t *)payload = apr_atoi64(event_text(event, EVENT_ID));
    return 1;
}

static apr_status_t look_through(look_t *look, store_t *store)
{
    static const event_filter_t every = {.site = NULL};
    apr_int64_t newest = 0;
    apr_status_t status = store_snapshot(store);

    if (status == APR_SUCCESS) {
        status = store_events(store, &every, 0, 1, note_newest, &newest, look->pool);
    }
    if (status == APR_SUCCESS) {
        apr_int64_t after = newest > HEALTH_VERIFIED ? newest - HEALTH_VERIFIED : 0;

        status = store_walk(store, after, HEALTH_VERIFIED, see_event, look, look->pool);
    }
    return status == APR_SUCCESS ? check_ends(look, store) : status;
}

void health_add_verify(page_t *page)
{
    look_t look = {.pool = page->pool, .links = apr_hash_make(page->pool)};
    json_value_t *verify;
    store_t *store;
    apr_status_t status = page_open_store(page, &store);

    if (status != APR_SUCCESS) {
        return;
    }
    buffer_init(&look.scratch, page->pool, CHAIN_SCRATCH_LIMIT);
    status = look_through(&look, store);
    if (status != APR_SUCCESS) {
        page_store_failed(page, store);
    }
    else {
        verify = json_set(page->view, "verify", json_new_object(page->pool));
        json_set(verify, "intact", json_new_boolean(page->pool, look.fault == NULL));
        json_set(verify, "events", json_new_integer(page->pool, look.events));
        json_set(verify, "from", json_new_integer(page->pool, look.first));
        json_set(verify, "to", json_new_integer(page->pool, look.last));
        json_set(verify, "fault", json_new_string(page->pool, look.fault));
    }
    store_close(store);
}
