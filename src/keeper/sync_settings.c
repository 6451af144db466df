/* Machines that share a store tell each other what managers have set: of each site the newest
 * version counts everywhere. Each keeps it in its own file, so that it holds without the database
 * too. */
#include "keeper_state.h"

#include <string.h>

#include <apr_strings.h>

static const char *name_of(const char *site, apr_pool_t *pool)
{
    return apr_pstrcat(pool, "settings ", site, NULL);
}

/* What the store has of a site; time 0 if nothing, or nothing that this release understands. */
static apr_status_t hear_settings(keeper_t *keeper, const char *site, settings_record_t *told)
{
    const char *text = NULL;
    apr_status_t status =
        store_meta_get(keeper->store, name_of(site, keeper->sync_pool), &text, keeper->sync_pool);

    told->time = 0;
    if (status == APR_NOTFOUND) {
        return APR_SUCCESS;
    }
    if (status == APR_SUCCESS && text &&
        settings_record_read(told, text, strlen(text), keeper->sync_pool)) {
        told->time = 0;
    }
    return status;
}

static void take_settings(keeper_t *keeper, const settings_record_t *told)
{
    int stored = 0;
    apr_status_t status =
        settings_file_store(keeper->settings_file, told, SETTINGS_ANY, &stored, keeper->sync_pool);

    if (status != APR_SUCCESS && !keeper->settings_unwritten) {
        keeper_log(keeper, KEEPER_ERROR, status,
                   "cannot write %s: what managers set on another machine is not in force here",
                   keeper->settings_file);
    }
    keeper->settings_unwritten = status != APR_SUCCESS;
    if (stored) {
        board_settings_changed(keeper->config->board);
    }
}

static apr_status_t tell_settings(keeper_t *keeper, const settings_record_t *own)
{
    buffer_t buffer;

    buffer_init(&buffer, keeper->sync_pool, SETTINGS_MAX_RECORD);
    settings_record_write(own, &buffer);
    return store_meta_set(keeper->store, name_of(own->site, keeper->sync_pool),
                          buffer_string(&buffer));
}

static apr_status_t compare(keeper_t *keeper, const char *site)
{
    const settings_record_t *own =
        keeper->settings.records ? settings_book_find(&keeper->settings, site) : NULL;
    settings_record_t told;
    apr_status_t status = hear_settings(keeper, site, &told);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (told.time && (!own || settings_record_compare(&told, own) > 0)) {
        take_settings(keeper, &told);
    }
    else if (own && (!told.time || settings_record_compare(own, &told) > 0)) {
        status = tell_settings(keeper, own);
    }
    return status;
}

apr_status_t sync_settings(keeper_t *keeper)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; keeper->config->board && i < keeper->config->site_count; i++) {
        apr_pool_clear(keeper->sync_pool);
        status = compare(keeper, keeper->config->sites[i].name);
        if (status != APR_SUCCESS) {
            break;
        }
    }
    return status;
}
