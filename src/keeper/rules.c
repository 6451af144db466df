/* What managers have set beside httpd.conf, as far as the keeper acts on it: when sessions end and
 * how long events are kept. */
#include "keeper_state.h"

#include "settings/retention.h"

static int is_read(const keeper_t *keeper)
{
    return keeper->settings_generation == board_settings_generation(keeper->config->board) + 1;
}

/* A file that cannot be opened at this moment leaves what is known, to be tried again. */
static void read_settings(keeper_t *keeper)
{
    apr_uint32_t generation = board_settings_generation(keeper->config->board);
    settings_book_t book;
    const char *problem;
    apr_pool_t *pool;
    apr_status_t status;

    apr_pool_create(&pool, keeper->pool);
    status = settings_file_load(&book, keeper->settings_file, &problem, pool);
    if (status != APR_SUCCESS && keeper->settings_reported != status) {
        keeper_log(keeper, KEEPER_ERROR, status == APR_EINVAL ? APR_SUCCESS : status, "%s",
                   problem);
    }
    keeper->settings_reported = status;
    if (status != APR_SUCCESS && status != APR_EINVAL) {
        apr_pool_destroy(pool);
        return;
    }
    if (keeper->settings_pool) {
        apr_pool_destroy(keeper->settings_pool);
    }
    keeper->settings_pool = pool;
    keeper->settings = book;
    keeper->settings_generation = generation + 1;
}

void rules_refresh(keeper_t *keeper)
{
    if (keeper->config->board && !is_read(keeper)) {
        read_settings(keeper);
    }
}

const settings_t *rules_of_page(const keeper_t *keeper, const char *site)
{
    const settings_record_t *record =
        keeper->settings.records ? settings_book_find(&keeper->settings, site) : NULL;

    return record ? &record->settings : NULL;
}

static apr_interval_time_t sooner(apr_interval_time_t floor, apr_interval_time_t page)
{
    return page && (!floor || page < floor) ? page : floor;
}

int rules_limits(const keeper_t *keeper, const char *site, session_limits_t *limits)
{
    const keeper_config_t *config = keeper->config;
    const settings_t *page = rules_of_page(keeper, site);

    for (int i = 0; i < config->site_count; i++) {
        if (strcmp(config->sites[i].name, site) == 0) {
            *limits = config->sites[i].limits;
            limits->not_before = session_table_marked(config->sessions, &config->sites[i].mark);
            if (page) {
                limits->idle = sooner(limits->idle, page->idle_timeout);
                limits->lifetime = sooner(limits->lifetime, page->max_lifetime);
            }
            return 1;
        }
    }
    return 0;
}

/* The database is one for all sites, and so is how long an operation is kept: as long as the site
 * that wants it longest. */
apr_interval_time_t rules_age(const keeper_t *keeper, const keeper_retention_t *retention,
                              apr_pool_t *pool)
{
    apr_interval_time_t age = retention->age;

    for (int i = 0; keeper->settings.records && i < keeper->settings.records->nelts; i++) {
        const settings_record_t *record =
            &APR_ARRAY_IDX(keeper->settings.records, i, settings_record_t);
        apr_array_header_t *rules =
            retention_rules(record->settings.lines[SETTINGS_RETENTION], pool);

        for (const char *const *name = retention->operations; *name; name++) {
            apr_interval_time_t asked = retention_of(rules, *name);

            age = asked > age ? asked : age;
        }
    }
    return age;
}
