/* What happened before an event, as the store, the session table and the files of places know it.
 */
#include "judging.h"

#include <string.h>

#include <apr_strings.h>

#include "text/duration.h"

#define SESSIONS_LOOKED_AT 5

static apr_status_t session_known(void *payload, int *known)
{
    judging_t *judging = payload;
    const char *reference = judging->event->cell[EVENT_SESSION];

    *known = 0;
    return reference ? store_session_named(judging->keeper->store, reference, known) : APR_SUCCESS;
}

apr_time_t judging_time(const judging_t *judging)
{
    apr_time_t time;

    return time_parse(event_text(judging->event, EVENT_TIME), &time) == APR_SUCCESS
               ? time
               : apr_time_now();
}

/* The store keeps no endless text. */
static const char *bounded(const judging_t *judging, const char *text)
{
    return apr_pstrndup(judging->pool, text, STORE_ALERT_TEXT_MAX);
}

static apr_status_t note(void *payload, const char *kind, const char *value, int *is_new)
{
    judging_t *judging = payload;

    return store_known_note(judging->keeper->store, &judging->user, kind, bounded(judging, value),
                            judging_time(judging), is_new);
}

static apr_status_t forget(void *payload, const char *kind)
{
    judging_t *judging = payload;

    return store_known_forget(judging->keeper->store, &judging->user, kind);
}

static apr_status_t has(void *payload, const char *kind, int *any)
{
    judging_t *judging = payload;
    apr_int64_t count = 0;
    apr_status_t status = store_known_count(judging->keeper->store, &judging->user, kind, &count);

    *any = count > 0;
    return status;
}

static apr_status_t site_has(void *payload, const char *kind, int *any)
{
    judging_t *judging = payload;
    apr_array_header_t *values;
    apr_status_t status = store_known_values(judging->keeper->store, judging->site_name, kind,
                                             &values, judging->pool);

    *any = values->nelts > 0;
    return status;
}

static apr_status_t add(void *payload, const char *counter, apr_int64_t bucket, apr_int64_t amount,
                        apr_time_t expires)
{
    judging_t *judging = payload;

    return store_counter_add(judging->keeper->store, counter, bucket, amount, expires);
}

static apr_status_t sum(void *payload, const char *counter, apr_int64_t first, apr_int64_t *total)
{
    judging_t *judging = payload;

    return store_counter_sum(judging->keeper->store, counter, first, total);
}

typedef struct seen_t {
    const judging_t *judging;
    const char *address;
    apr_time_t when;
} seen_t;

static int see_session(void *payload, const session_row_t *session)
{
    seen_t *seen = payload;
    const judging_t *judging = seen->judging;

    if (!session->address ||
        !strcmp(session->reference, event_text(judging->event, EVENT_SESSION))) {
        return 0;
    }
    seen->address = apr_pstrdup(judging->pool, session->address);
    seen->when = session->last_action;
    return 1;
}

static apr_status_t last_seen(void *payload, const char **address, apr_time_t *when)
{
    judging_t *judging = payload;
    session_filter_t filter = {.own_only = 1,
                               .own_site = judging->user.site,
                               .own_database = judging->user.database,
                               .own_uid = apr_atoi64(judging->user.uid)};
    seen_t seen = {.judging = judging};
    apr_status_t status = APR_SUCCESS;

    if (filter.own_uid > 0) {
        status = store_sessions(judging->keeper->store, &filter, 0, SESSIONS_LOOKED_AT, see_session,
                                &seen, judging->pool);
    }
    *address = seen.address;
    *when = seen.when;
    return status;
}

static int locate(void *payload, const char *address, double *latitude, double *longitude)
{
    judging_t *judging = payload;
    place_t place;

    place_find(&place, judging->keeper->places, address, judging->pool);
    *latitude = place.latitude;
    *longitude = place.longitude;
    return place.has_location;
}

alert_history_t judging_history(judging_t *judging)
{
    return (alert_history_t){.session_known = session_known,
                             .note = note,
                             .forget = forget,
                             .has = has,
                             .site_has = site_has,
                             .add = add,
                             .sum = sum,
                             .last_seen = last_seen,
                             .locate = locate,
                             .payload = judging};
}

/* ---- the user's clock ---- */

/* What Odoo says of the session, or else of another one of the same user. */
static int see_zone(void *payload, const session_t *session)
{
    judging_t *judging = payload;
    int same = !strcmp(session->reference, event_text(judging->event, EVENT_SESSION));

    if (*session->timezone &&
        (same || (session->uid && session->uid == apr_atoi64(judging->user.uid) &&
                  !strcmp(session->site, judging->site_name) &&
                  !strcmp(session->database, judging->user.database)))) {
        apr_cpystrn(judging->zone, session->timezone, sizeof(judging->zone));
        return same;
    }
    return 0;
}

void judging_find_zone(judging_t *judging)
{
    judging->zone[0] = '\0';
    if (judging->keeper->config->sessions) {
        session_table_each(judging->keeper->config->sessions, see_zone, judging);
    }
}
