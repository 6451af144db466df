/* Times and sizes as administrators write them: 90, 90s, 30m, 12h, 400d; 4G, 512M, 64K. Pure. */
#ifndef TEXT_DURATION_H
#define TEXT_DURATION_H

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_time.h>

/* APR_EINVAL for anything else, for a negative time and for one beyond 100 years. */
apr_status_t duration_parse(const char *text, apr_interval_time_t *duration);
apr_status_t size_parse(const char *text, apr_int64_t *bytes);

/* "12h", "90s": the shortest exact form. */
const char *duration_format(apr_pool_t *pool, apr_interval_time_t duration);

/* 2026-11-23T09:14:43.123Z, for years 0 to 9999. */
#define TIME_TEXT_SIZE 25
char *time_write(char text[TIME_TEXT_SIZE], apr_time_t time); /* returns text */
const char *time_format(apr_pool_t *pool, apr_time_t time);
/* The same back, and every ISO 8601 form with date alone, minutes, seconds or fraction, with "Z",
 * an offset or no zone (then UTC); a blank may stand for "T". APR_EINVAL otherwise. */
apr_status_t time_parse(const char *text, apr_time_t *time);

#endif
