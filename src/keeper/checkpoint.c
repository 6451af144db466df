/* Checkpoints: made every hour, at start and at stop; and what is to be done where the store is
 * behind them. */
#include "keeper_state.h"

#include <string.h>

#include <apr_strings.h>

#include "store/proof.h"
#include "text/key_file.h"

#define CHECKPOINT_GAP apr_time_from_sec(3600)

/* ---- the key ---- */

void checkpoint_create(keeper_t *keeper)
{
    apr_status_t status;

    keeper->checkpoint_folder =
        apr_pstrcat(keeper->pool, keeper->config->state_dir, "/" KEEPER_CHECKPOINT_FOLDER, NULL);
    if (!keeper->config->checkpoint_key) {
        return;
    }
    status = key_file_read(keeper->config->checkpoint_key, keeper->signing_key);
    keeper->signs = status == APR_SUCCESS;
    if (!keeper->signs) {
        keeper_log(keeper, KEEPER_ERROR, status,
                   "cannot read %s: no checkpoints are made until it can be read and httpd is "
                   "started again",
                   keeper->config->checkpoint_key);
    }
}

/* ---- files ---- */

static void save(keeper_t *keeper, const checkpoint_t *checkpoint, const char *text)
{
    apr_status_t status =
        checkpoint_save(keeper->checkpoint_folder, checkpoint, text, keeper->cleanup_pool);

    if (status != APR_SUCCESS && !keeper->checkpoint_reported) {
        keeper_log(keeper, KEEPER_ERROR, status,
                   "cannot write a checkpoint into %s; it stands in the database alone, where "
                   "nobody can ship it from",
                   keeper->checkpoint_folder);
    }
    keeper->checkpoint_reported = status != APR_SUCCESS;
    apr_pool_clear(keeper->cleanup_pool);
}

/* ---- making one ---- */

typedef struct making_t {
    keeper_t *keeper;
    checkpoint_t checkpoint;
    char text[CHECKPOINT_TEXT_SIZE];
    int made;
} making_t;

static apr_status_t count_events(making_t *making, store_t *store, apr_pool_t *pool)
{
    apr_array_header_t *sets;
    apr_status_t status = store_purged_sets(store, &sets, pool);

    making->checkpoint.events = making->checkpoint.sequence;
    for (int i = 0; status == APR_SUCCESS && i < sets->nelts; i++) {
        const store_purged_t *set = &APR_ARRAY_IDX(sets, i, store_purged_t);

        if (strcmp(set->node, making->keeper->node) == 0) {
            making->checkpoint.events -= set->total;
        }
    }
    return status;
}

static apr_status_t put(void *payload, settling_t *settling)
{
    making_t *making = payload;
    keeper_t *keeper = making->keeper;
    checkpoint_t *checkpoint = &making->checkpoint;
    apr_status_t status;

    settle_tip(settling, &checkpoint->id, &checkpoint->sequence, checkpoint->hash);
    if (checkpoint->sequence == keeper->checkpoint.sequence) {
        return APR_SUCCESS; /* nothing new to attest */
    }
    apr_cpystrn(checkpoint->node, keeper->node, sizeof(checkpoint->node));
    checkpoint->number = keeper->checkpoint.number + 1;
    checkpoint->time = apr_time_now();
    apr_cpystrn(checkpoint->previous, keeper->checkpoint_digest, sizeof(checkpoint->previous));
    status = count_events(making, settle_store(settling), keeper->purge_pool);
    if (status == APR_SUCCESS) {
        status = checkpoint_write(checkpoint, keeper->signing_key, making->text);
    }
    if (status == APR_SUCCESS) {
        status = store_checkpoint_put(settle_store(settling), checkpoint->node, checkpoint->number,
                                      making->text);
    }
    making->made = status == APR_SUCCESS;
    return status;
}

apr_status_t checkpoint_make(keeper_t *keeper)
{
    making_t making = {.keeper = keeper};
    apr_status_t status;

    if (!keeper->signs || !keeper->store) {
        return APR_SUCCESS;
    }
    status = settle_own(keeper, put, &making);
    apr_pool_clear(keeper->purge_pool);
    if (status == APR_SUCCESS && making.made) {
        keeper->checkpoint = making.checkpoint;
        checkpoint_digest(making.text, keeper->checkpoint_digest);
        save(keeper, &making.checkpoint, making.text);
    }
    return status;
}

void checkpoint_tick(keeper_t *keeper)
{
    apr_time_t now = boot_time_now();

    if (!keeper->checkpoint_at || now - keeper->checkpoint_at >= CHECKPOINT_GAP) {
        keeper->checkpoint_at = now;
        checkpoint_make(keeper);
    }
}

/* ---- where the store stands ---- */

/* The store ends before the last checkpoint file: it is an older copy, or a new database. Sequences
 * that were used are not used again, and the first new event names the checkpoint: else two
 * different events would bear the same number, and nobody could tell which are missing. */
static void go_on_behind(keeper_t *keeper, apr_int64_t sequence)
{
    keeper->behind = 1;
    keeper_log(keeper, KEEPER_WARNING, APR_SUCCESS,
               "the store ends with event %" APR_INT64_T_FMT " of this node, but checkpoint "
               "%" APR_INT64_T_FMT " in %s attests %" APR_INT64_T_FMT
               ": an older copy was restored, or the database is another one. The trail goes on "
               "behind the checkpoint, and a gap event says so",
               sequence, keeper->checkpoint.number, keeper->checkpoint_folder,
               keeper->checkpoint.sequence);
}

static apr_status_t read_stored(keeper_t *keeper, const char **text, checkpoint_t *stored)
{
    apr_status_t status = store_checkpoint_last(keeper->store, keeper->node, &stored->number, text,
                                                keeper->store_pool);

    if (APR_STATUS_IS_NOTFOUND(status)) {
        *text = NULL;
        return APR_SUCCESS;
    }
    if (status == APR_SUCCESS) {
        apr_int64_t number = stored->number;

        if (checkpoint_read(stored, *text) != APR_SUCCESS) {
            memset(stored, 0, sizeof(*stored));
        }
        stored->number = number;
    }
    return status;
}

static void take(keeper_t *keeper, const checkpoint_t *checkpoint, const char *text)
{
    keeper->checkpoint = *checkpoint;
    checkpoint_digest(text, keeper->checkpoint_digest);
}

static int is_own(const keeper_t *keeper, const checkpoint_t *checkpoint)
{
    unsigned char public_key[SIGNATURE_KEY_SIZE];
    char hex[DIGEST_HEX_SIZE];

    if (signature_public_key(keeper->signing_key, public_key) != APR_SUCCESS) {
        return 0;
    }
    digest_hex(public_key, sizeof(public_key), hex);
    return strcmp(hex, checkpoint->key) == 0;
}

/* The last one of the folder; number 0 if there is none that can be trusted. */
static void read_file(keeper_t *keeper, checkpoint_t *filed, char text[CHECKPOINT_TEXT_SIZE])
{
    apr_status_t status =
        checkpoint_last(keeper->checkpoint_folder, keeper->node, filed, text, keeper->cleanup_pool);

    apr_pool_clear(keeper->cleanup_pool);
    if (status == APR_SUCCESS && is_own(keeper, filed)) {
        return;
    }
    if (!APR_STATUS_IS_NOTFOUND(status)) {
        keeper_log(keeper, KEEPER_ERROR, status,
                   "the last checkpoint in %s is not one that this key has signed; whether the "
                   "store is whole cannot be told from it",
                   keeper->checkpoint_folder);
    }
    memset(filed, 0, sizeof(*filed));
}

apr_status_t checkpoint_compare(keeper_t *keeper)
{
    checkpoint_t stored = {.number = 0}, filed;
    char text[CHECKPOINT_TEXT_SIZE];
    const char *stored_text, *hash;
    apr_int64_t id, sequence;
    apr_status_t status;

    keeper->behind = 0;
    memset(&keeper->checkpoint, 0, sizeof(keeper->checkpoint));
    apr_cpystrn(keeper->checkpoint_digest, CHECKPOINT_NONE, sizeof(keeper->checkpoint_digest));
    if (!keeper->signs) {
        return APR_SUCCESS;
    }
    status = read_stored(keeper, &stored_text, &stored);
    if (status == APR_SUCCESS) {
        status =
            store_chain_tip(keeper->store, keeper->node, &id, &sequence, &hash, keeper->store_pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    read_file(keeper, &filed, text);
    if (stored.number >= filed.number && stored_text) {
        take(keeper, &stored, stored_text);
        if (stored.number > filed.number && stored.sequence > 0) {
            save(keeper, &stored, stored_text); /* a keeper died before it could */
        }
    }
    else if (filed.number > 0) {
        take(keeper, &filed, text);
        if (filed.sequence > sequence) {
            go_on_behind(keeper, sequence);
        }
    }
    return APR_SUCCESS;
}
