/* Time zones by their names in the tz database ("Europe/Berlin"), as GLib reads it from the system:
 * what a person's clock shows at a moment, and back.
 *
 * Any thread. Finding a zone reads a small file. A zone belongs to the pool it was found with. */
#ifndef TEXT_ZONE_H
#define TEXT_ZONE_H

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_time.h>

#define ZONE_NAME_MAX 64 /* bytes */
#define ZONE_UTC "UTC"

typedef struct zone_t zone_t;

/* Never NULL: UTC for NULL, for a name that the system does not know and for one that no zone
 * has (a path, say: the name may be a client's). */
const zone_t *zone_find(apr_pool_t *pool, const char *name);

const char *zone_name(const zone_t *zone); /* "Europe/Berlin", "UTC" */

/* What the clock shows; tm_gmtoff is how far it is ahead of UTC. */
void zone_explode(const zone_t *zone, apr_time_t time, apr_time_exp_t *clock);

/* When the clock shows that: date, hour, minute, second and microsecond of *clock. Of an hour that
 * comes twice it is the first one; one that is left out counts on from the hour before. */
apr_time_t zone_moment(const zone_t *zone, const apr_time_exp_t *clock);

/* time_parse, but a text without a zone of its own is by this zone's clock. */
apr_status_t zone_parse(const zone_t *zone, const char *text, apr_time_t *time);

/* "2026-11-23 10:14:43". */
const char *zone_format(const zone_t *zone, apr_time_t time, apr_pool_t *pool);
/* "2026-11-23T10:14:43+01:00": the moment and the clock, exactly. */
const char *zone_format_exact(const zone_t *zone, apr_time_t time, apr_pool_t *pool);

/* "Europe/Berlin (UTC+01:00)" as it is then. */
const char *zone_words(const zone_t *zone, apr_time_t time, apr_pool_t *pool);

#endif
