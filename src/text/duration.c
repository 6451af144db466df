#include "text/duration.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define MAX_SECONDS (APR_INT64_C(36525) * 86400) /* 100 years */

typedef struct unit_t {
    char letter;
    apr_int64_t factor;
} unit_t;

static const unit_t time_units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}, {'\0', 1}};
static const unit_t size_units[] = {{'G', APR_INT64_C(1) << 30},
                                    {'M', APR_INT64_C(1) << 20},
                                    {'K', APR_INT64_C(1) << 10},
                                    {'g', APR_INT64_C(1) << 30},
                                    {'m', APR_INT64_C(1) << 20},
                                    {'k', APR_INT64_C(1) << 10},
                                    {'\0', 1}};

/* Digits and at most one letter. The list of units ends with the one for no letter. */
static apr_status_t parse_with_unit(const char *text, const unit_t *unit, apr_int64_t limit,
                                    apr_int64_t *result)
{
    apr_int64_t number = 0;

    if (!apr_isdigit(*text)) {
        return APR_EINVAL;
    }
    for (; apr_isdigit(*text); text++) {
        if (number > (limit - (*text - '0')) / 10) {
            return APR_EINVAL;
        }
        number = number * 10 + (*text - '0');
    }
    while (unit->letter && unit->letter != *text) {
        unit++;
    }
    if ((unit->letter ? text[1] : *text) != '\0' || number > limit / unit->factor) {
        return APR_EINVAL;
    }
    *result = number * unit->factor;
    return APR_SUCCESS;
}

apr_status_t duration_parse(const char *text, apr_interval_time_t *duration)
{
    apr_int64_t seconds;
    apr_status_t status = parse_with_unit(text, time_units, MAX_SECONDS, &seconds);

    if (status == APR_SUCCESS) {
        *duration = apr_time_from_sec(seconds);
    }
    return status;
}

apr_status_t size_parse(const char *text, apr_int64_t *bytes)
{
    return parse_with_unit(text, size_units, APR_INT64_MAX, bytes);
}

const char *duration_format(apr_pool_t *pool, apr_interval_time_t duration)
{
    apr_int64_t seconds = apr_time_sec(duration);
    const unit_t *unit = time_units;

    while (unit->factor > 1 && (seconds == 0 || seconds % unit->factor != 0)) {
        unit++;
    }
    return apr_psprintf(pool, "%" APR_INT64_T_FMT "%c", seconds / unit->factor, unit->letter);
}

static char *write_digits(char *to, int digits, int number)
{
    for (int i = digits - 1; i >= 0; i--, number /= 10) {
        to[i] = (char)('0' + number % 10);
    }
    return to + digits;
}

/* Without a format string: exports and verification write one for each event. */
char *time_write(char text[TIME_TEXT_SIZE], apr_time_t time)
{
    apr_time_exp_t exploded;
    apr_int64_t milliseconds = time / 1000;
    char *to = text;

    if (time % 1000 < 0) {
        milliseconds--;
    }
    apr_time_exp_gmt(&exploded, milliseconds * 1000);
    if (exploded.tm_usec < 0) { /* before 1970 APR leaves the fraction negative */
        apr_time_exp_gmt(&exploded, milliseconds * 1000 - APR_USEC_PER_SEC);
        exploded.tm_usec += APR_USEC_PER_SEC;
    }
    to = write_digits(to, 4, exploded.tm_year + 1900);
    *to++ = '-';
    to = write_digits(to, 2, exploded.tm_mon + 1);
    *to++ = '-';
    to = write_digits(to, 2, exploded.tm_mday);
    *to++ = 'T';
    to = write_digits(to, 2, exploded.tm_hour);
    *to++ = ':';
    to = write_digits(to, 2, exploded.tm_min);
    *to++ = ':';
    to = write_digits(to, 2, exploded.tm_sec);
    *to++ = '.';
    to = write_digits(to, 3, exploded.tm_usec / 1000);
    memcpy(to, "Z", sizeof("Z"));
    return text;
}

const char *time_format(apr_pool_t *pool, apr_time_t time)
{
    return time_write(apr_palloc(pool, TIME_TEXT_SIZE), time);
}

/* Exactly that many digits, at most `high`, at least `low`. Moves behind them. */
static int parse_digits(const char **text, int digits, int low, int high, apr_int32_t *number)
{
    *number = 0;
    for (; digits > 0; digits--, (*text)++) {
        if (!apr_isdigit(**text)) {
            return 0;
        }
        *number = *number * 10 + (**text - '0');
    }
    return *number >= low && *number <= high;
}

static int parse_char(const char **text, const char *allowed)
{
    if (!**text || !strchr(allowed, **text)) {
        return 0;
    }
    (*text)++;
    return 1;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

static int parse_date(const char **text, apr_time_exp_t *result)
{
    apr_int32_t year, month, day;

    if (!parse_digits(text, 4, 1970, 9999, &year) || !parse_char(text, "-") ||
        !parse_digits(text, 2, 1, 12, &month) || !parse_char(text, "-") ||
        !parse_digits(text, 2, 1, days_of_month(year, month), &day)) {
        return 0;
    }
    result->tm_year = year - 1900;
    result->tm_mon = month - 1;
    result->tm_mday = day;
    return 1;
}

/* As many digits as one likes; those after the sixth are left out. */
static int parse_fraction(const char **text, apr_time_exp_t *result)
{
    apr_int32_t unit = 100000;

    if (!apr_isdigit(**text)) {
        return 0;
    }
    for (; apr_isdigit(**text); (*text)++, unit /= 10) {
        result->tm_usec += (**text - '0') * unit;
    }
    return 1;
}

static int parse_clock(const char **text, apr_time_exp_t *result)
{
    if (!parse_digits(text, 2, 0, 23, &result->tm_hour) || !parse_char(text, ":") ||
        !parse_digits(text, 2, 0, 59, &result->tm_min)) {
        return 0;
    }
    if (parse_char(text, ":")) {
        if (!parse_digits(text, 2, 0, 59, &result->tm_sec)) {
            return 0;
        }
        if (parse_char(text, ".,")) {
            return parse_fraction(text, result);
        }
    }
    return 1;
}

static int parse_zone(const char **text, apr_time_exp_t *result)
{
    apr_int32_t hours, minutes = 0;
    int west = **text == '-';

    if (!**text || parse_char(text, "Z")) {
        return 1;
    }
    if (!parse_char(text, "+-") || !parse_digits(text, 2, 0, 23, &hours)) {
        return 0;
    }
    if (**text && (parse_char(text, ":"), !parse_digits(text, 2, 0, 59, &minutes))) {
        return 0;
    }
    result->tm_gmtoff = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return 1;
}

apr_status_t time_parse(const char *text, apr_time_t *time)
{
    apr_time_exp_t exploded;

    memset(&exploded, 0, sizeof(exploded));
    if (!parse_date(&text, &exploded)) {
        return APR_EINVAL;
    }
    if (parse_char(&text, "T ") &&
        (!parse_clock(&text, &exploded) || !parse_zone(&text, &exploded))) {
        return APR_EINVAL;
    }
    if (*text || apr_time_exp_gmt_get(time, &exploded) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    return APR_SUCCESS;
}
