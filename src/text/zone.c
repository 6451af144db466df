#include "text/zone.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <glib.h>

#include "text/duration.h"

struct zone_t {
    GTimeZone *rules;
    const char *name;
};

static apr_status_t forget(void *rules)
{
    g_time_zone_unref(rules);
    return APR_SUCCESS;
}

/* GLib takes a name for a file's if it begins with a slash, and "+01:00" for a zone. */
static int is_name(const char *name)
{
    apr_size_t length = 0;

    for (; name[length]; length++) {
        if (!apr_isalnum(name[length]) && !strchr("_+-/", name[length])) {
            return 0;
        }
    }
    return length <= ZONE_NAME_MAX && apr_isalpha(*name);
}

const zone_t *zone_find(apr_pool_t *pool, const char *name)
{
    zone_t *zone = apr_pcalloc(pool, sizeof(*zone));

    if (name && is_name(name)) {
        zone->rules = g_time_zone_new_identifier(name);
        zone->name = apr_pstrdup(pool, name);
    }
    if (!zone->rules) {
        zone->rules = g_time_zone_new_utc();
        zone->name = ZONE_UTC;
    }
    apr_pool_cleanup_register(pool, zone->rules, forget, apr_pool_cleanup_null);
    return zone;
}

const char *zone_name(const zone_t *zone)
{
    return zone->name;
}

static apr_int32_t offset_of(const zone_t *zone, gint interval)
{
    return interval < 0 ? 0 : g_time_zone_get_offset(zone->rules, interval);
}

void zone_explode(const zone_t *zone, apr_time_t time, apr_time_exp_t *clock)
{
    gint interval =
        g_time_zone_find_interval(zone->rules, G_TIME_TYPE_UNIVERSAL, apr_time_sec(time));

    apr_time_exp_tz(clock, time, offset_of(zone, interval));
}

apr_time_t zone_moment(const zone_t *zone, const apr_time_exp_t *clock)
{
    apr_time_exp_t plain = *clock;
    apr_time_t shown = 0;
    gint64 seconds;
    gint interval;

    plain.tm_gmtoff = 0;
    apr_time_exp_gmt_get(&shown, &plain);
    seconds = apr_time_sec(shown);
    interval = g_time_zone_adjust_time(zone->rules, G_TIME_TYPE_DAYLIGHT, &seconds);
    return shown - apr_time_from_sec(offset_of(zone, interval));
}

static int has_zone(const char *text)
{
    return strlen(text) > 10 && strpbrk(text + 10, "Z+-") != NULL;
}

apr_status_t zone_parse(const zone_t *zone, const char *text, apr_time_t *time)
{
    apr_time_exp_t clock;
    apr_status_t status = time_parse(text, time);

    if (status == APR_SUCCESS && !has_zone(text)) {
        apr_time_exp_gmt(&clock, *time);
        *time = zone_moment(zone, &clock);
    }
    return status;
}

const char *zone_format(const zone_t *zone, apr_time_t time, apr_pool_t *pool)
{
    apr_time_exp_t clock;

    zone_explode(zone, time, &clock);
    return apr_psprintf(pool, "%04d-%02d-%02d %02d:%02d:%02d", clock.tm_year + 1900,
                        clock.tm_mon + 1, clock.tm_mday, clock.tm_hour, clock.tm_min, clock.tm_sec);
}

static const char *offset_text(apr_int32_t offset, apr_pool_t *pool)
{
    apr_int32_t minutes = (offset < 0 ? -offset : offset) / 60;

    return apr_psprintf(pool, "%c%02d:%02d", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

const char *zone_format_exact(const zone_t *zone, apr_time_t time, apr_pool_t *pool)
{
    apr_time_exp_t clock;
    char *text = apr_pstrdup(pool, zone_format(zone, time, pool));

    zone_explode(zone, time, &clock);
    text[10] = 'T';
    return apr_pstrcat(pool, text, offset_text(clock.tm_gmtoff, pool), NULL);
}

const char *zone_words(const zone_t *zone, apr_time_t time, apr_pool_t *pool)
{
    apr_time_exp_t clock;

    zone_explode(zone, time, &clock);
    if (strcmp(zone->name, ZONE_UTC) == 0) {
        return ZONE_UTC;
    }
    return apr_pstrcat(pool, zone->name, " (UTC", offset_text(clock.tm_gmtoff, pool), ")", NULL);
}
