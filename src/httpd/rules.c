/* Which rules hold for a site, and how they are replaced under requests that still use the old
 * ones.
 *
 * A set of rules is counted by the requests that hold it. The record with the count is never freed,
 * so that a request may count itself in, look whether the set is still the one in force, and if not
 * count itself out and begin anew. A record whose set is neither in force nor held is used again:
 * there are never more of them than requests at once. */
#include "httpd/rules.h"

#include <http_log.h>

#include <stdatomic.h>
#include <stdlib.h>

#include <apr_strings.h>
#include <pthread.h>

#include "httpd/config.h"
#include "httpd/runtime.h"
#include "settings/settings_file.h"

APLOG_USE_MODULE(user_audit);

typedef struct rule_set_t rule_set_t;
struct rule_set_t {
    rules_t rules;
    _Atomic unsigned holders;
    apr_pool_t *pool; /* of what the rules point to; NULL: the floor's, or not in use */
    rule_set_t *next;
};

struct site_rules_t {
    _Atomic(rule_set_t *) current;   /* NULL: the floor */
    _Atomic apr_uint32_t generation; /* of the settings that `current` was made from, plus 1 */
    rule_set_t *sets;                /* all records; with `lock` held */
    pthread_mutex_t lock;            /* one thread of the child reads settings */
};

site_rules_t *site_rules_create(apr_pool_t *pool)
{
    site_rules_t *self = apr_pcalloc(pool, sizeof(*self));

    pthread_mutex_init(&self->lock, NULL);
    return self;
}

/* ---- making rules ---- */

void rules_compile(rules_t *rules, const settings_t *settings, apr_pool_t *pool)
{
    const apr_array_header_t *lines = settings->lines[SETTINGS_TRACK];
    const apr_array_header_t *globs = settings->lines[SETTINGS_REDACT];
    track_t *track = track_create(pool);
    redact_t *redact = redact_create(pool);

    for (int i = 0; i < lines->nelts; i++) {
        track_add_line(track, APR_ARRAY_IDX(lines, i, const char *));
    }
    for (int i = 0; i < globs->nelts; i++) {
        redact_add(redact, APR_ARRAY_IDX(globs, i, const char *));
    }
    rules->track = track;
    rules->redact = redact;
    rules->values = (values_level_t)settings->values;
    rules->limits.idle = settings->idle_timeout;
    rules->limits.lifetime = settings->max_lifetime;
    rules->user_sessions = settings->max_user_sessions;
}

/* A record whose set nobody uses, or a new one; NULL if there is no memory. */
static rule_set_t *free_set(site_rules_t *self)
{
    const rule_set_t *current = atomic_load(&self->current);
    rule_set_t *set = self->sets;

    while (set && (set == current || atomic_load(&set->holders) > 0)) {
        set = set->next;
    }
    if (!set && (set = calloc(1, sizeof(*set)))) {
        set->next = self->sets;
        self->sets = set;
    }
    if (set && set->pool) {
        apr_pool_destroy(set->pool);
        set->pool = NULL;
    }
    return set;
}

/* The site's settings in force; the floor's alone with *changed 0. What the file cannot tell is
 * nobody's news here: the parent and the keeper log it. */
static apr_status_t effective_settings(const site_t *site, settings_t *effective, int *changed,
                                       apr_pool_t *pool)
{
    settings_book_t book;
    const char *problem;
    const settings_record_t *record;
    apr_status_t status = settings_file_load(&book, runtime()->settings_file, &problem, pool);

    *changed = 0;
    if (status != APR_SUCCESS) {
        return status == APR_EINVAL ? APR_SUCCESS : status;
    }
    if ((record = settings_book_find(&book, site->name))) {
        settings_effective(effective, &site->settings, &record->settings, pool);
        *changed = 1;
    }
    return APR_SUCCESS;
}

/* Reads the settings and puts rules made from them into force. Within the lock. A file that cannot
 * be read at this moment (no descriptor is left) leaves what is in force, to be tried again. */
static void replace(site_rules_t *self, const site_t *site, apr_uint32_t generation)
{
    rule_set_t *set = free_set(self);
    settings_t effective;
    int changed;

    if (!set || apr_pool_create_unmanaged_ex(&set->pool, NULL, NULL) != APR_SUCCESS ||
        effective_settings(site, &effective, &changed, set->pool) != APR_SUCCESS) {
        return;
    }
    if (changed) {
        rules_compile(&set->rules, &effective, set->pool);
    }
    atomic_store(&self->current, changed ? set : NULL);
    atomic_store(&self->generation, generation + 1);
}

/* The generation is taken before the file is read: what changes meanwhile is read at the next
 * request. */
static void bring_up_to_date(site_rules_t *self, const site_t *site)
{
    apr_uint32_t generation;

    pthread_mutex_lock(&self->lock);
    generation = board_settings_generation(runtime()->board);
    if (atomic_load(&self->generation) != generation + 1) {
        replace(self, site, generation);
    }
    pthread_mutex_unlock(&self->lock);
}

/* ---- holding rules ---- */

static apr_status_t let_go(void *set)
{
    atomic_fetch_sub(&((rule_set_t *)set)->holders, 1);
    return APR_SUCCESS;
}

static rule_set_t *hold(site_rules_t *self)
{
    rule_set_t *set = atomic_load(&self->current);

    while (set) {
        rule_set_t *now;

        atomic_fetch_add(&set->holders, 1);
        if ((now = atomic_load(&self->current)) == set) {
            break;
        }
        let_go(set);
        set = now;
    }
    return set;
}

const rules_t *rules_of(request_rec *request, const site_t *site)
{
    site_rules_t *self = site->rules;
    rule_set_t *set;

    if (atomic_load(&self->generation) != board_settings_generation(runtime()->board) + 1) {
        bring_up_to_date(self, site);
    }
    if (!(set = hold(self))) {
        return &site->floor;
    }
    apr_pool_cleanup_register(request->pool, set, let_go, apr_pool_cleanup_null);
    return &set->rules;
}
