#include "alert/rules.h"

#include <math.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "text/digest.h"
#include "text/duration.h"
#include "text/json_value.h"

#define BUCKETS 12 /* of a window */
#define REPORT_RENDERER "wkhtmltopdf"

/* Aircraft do some 900 km/h; places of addresses are some hundred kilometres off at times. */
#define FASTEST_KM_PER_HOUR 1000.0
#define NEAR_KM 400.0
#define EARTH_RADIUS_KM 6371.0
#define DEGREE (3.14159265358979323846 / 180)

typedef struct judgement_t {
    alert_verdict_t *verdict;
    const alert_line_t *lines;
    int count;
    const event_t *event;
    const alert_history_t *history;
    apr_time_t time;
    apr_pool_t *pool;
} judgement_t;

static const char *cell(const judgement_t *judgement, event_column_t column)
{
    return event_text(judgement->event, column);
}

static int is(const judgement_t *judgement, event_column_t column, const char *text)
{
    return !strcmp(cell(judgement, column), text);
}

static void find(judgement_t *judgement, alert_kind_t kind)
{
    for (int i = 0; i < judgement->count; i++) {
        if (judgement->lines[i].kinds & ALERT_BIT(kind)) {
            judgement->verdict->of_line[i] |= ALERT_BIT(kind);
            judgement->verdict->kinds |= ALERT_BIT(kind);
        }
    }
}

/* ---- device and place ---- */

/* The words of a name without versions: "Windows 10/11" is Windows, "Pixel 8" stays what it is. */
static const char *family(const char *name, apr_pool_t *pool)
{
    apr_size_t length = strlen(name);

    for (apr_size_t i = 1; i < length; i++) {
        if (name[i - 1] == ' ' && apr_isdigit(name[i])) {
            return apr_pstrmemdup(pool, name, i - 1);
        }
    }
    return name;
}

static const char *joined(const char *const *parts, int count, apr_pool_t *pool)
{
    const char *text = "";

    for (int i = 0; i < count; i++) {
        if (*parts[i]) {
            text = apr_pstrcat(pool, text, *text ? ", " : "", parts[i], NULL);
        }
    }
    return text;
}

const char *alert_device(const event_t *event, apr_pool_t *pool)
{
    const char *parts[] = {family(event_text(event, EVENT_BROWSER), pool),
                           family(event_text(event, EVENT_OS), pool),
                           event_text(event, EVENT_DEVICE)};
    const char *text = joined(parts, 3, pool);

    return *text ? text : event_text(event, EVENT_USER_AGENT);
}

const char *alert_place(const event_t *event, apr_pool_t *pool)
{
    const char *parts[] = {event_text(event, EVENT_CITY), event_text(event, EVENT_COUNTRY)};

    return joined(parts, 2, pool);
}

static apr_status_t note(const judgement_t *judgement, const char *kind, const char *value,
                         int *is_new)
{
    *is_new = 0;
    return *value ? judgement->history->note(judgement->history->payload, kind, value, is_new)
                  : APR_SUCCESS;
}

/* ---- travel ---- */

static double distance_km(double from_latitude, double from_longitude, double to_latitude,
                          double to_longitude)
{
    double up = sin((to_latitude - from_latitude) * DEGREE / 2);
    double along = sin((to_longitude - from_longitude) * DEGREE / 2);
    double half = up * up + cos(from_latitude * DEGREE) * cos(to_latitude * DEGREE) * along * along;

    return 2 * EARTH_RADIUS_KM * asin(sqrt(half < 1 ? half : 1));
}

static apr_status_t judge_travel(judgement_t *judgement)
{
    const alert_history_t *history = judgement->history;
    const char *address = NULL;
    double from[2], to[2], distance, hours;
    apr_time_t when = 0;
    apr_status_t status = history->last_seen(history->payload, &address, &when);

    if (status != APR_SUCCESS || !address ||
        !history->locate(history->payload, address, &from[0], &from[1]) ||
        !history->locate(history->payload, cell(judgement, EVENT_IP), &to[0], &to[1])) {
        return status;
    }
    distance = distance_km(from[0], from[1], to[0], to[1]);
    hours = (double)(judgement->time > when ? judgement->time - when : when - judgement->time) /
            (double)apr_time_from_sec(3600);
    if (distance > NEAR_KM && distance > hours * FASTEST_KM_PER_HOUR) {
        find(judgement, ALERT_IMPOSSIBLE_TRAVEL);
        judgement->verdict->fresh |= ALERT_BIT(ALERT_IMPOSSIBLE_TRAVEL);
    }
    return APR_SUCCESS;
}

/* ---- logins ---- */

static const json_value_t *values(const judgement_t *judgement)
{
    static const json_limits_t limits = {.nodes = 64, .bytes = 4096, .string = 512, .members = 32};
    const char *text = cell(judgement, EVENT_VALUES);

    return *text ? json_parse(judgement->pool, text, strlen(text), &limits) : NULL;
}

static int by_renderer(const judgement_t *judgement)
{
    return strstr(cell(judgement, EVENT_USER_AGENT), REPORT_RENDERER) != NULL;
}

/* Takes note of a value; one that is new raises the kind, and is fresh if there were others. */
static apr_status_t note_fresh(judgement_t *judgement, const char *known, const char *value,
                               alert_kind_t kind, int *is_new)
{
    const alert_history_t *history = judgement->history;
    int any = 0;
    apr_status_t status = history->has(history->payload, known, &any);

    *is_new = 0;
    if (status == APR_SUCCESS) {
        status = note(judgement, known, value, is_new);
    }
    if (*is_new) {
        find(judgement, kind);
        judgement->verdict->fresh |= any ? ALERT_BIT(kind) : 0;
    }
    return status;
}

/* Notes device and place. *found: one of them is new. */
static apr_status_t judge_client(judgement_t *judgement, int *found)
{
    int device, place = 0;
    apr_status_t status =
        note_fresh(judgement, ALERT_KNOWN_DEVICE, alert_device(judgement->event, judgement->pool),
                   ALERT_NEW_DEVICE, &device);

    if (status == APR_SUCCESS) {
        status =
            note_fresh(judgement, ALERT_KNOWN_PLACE, alert_place(judgement->event, judgement->pool),
                       ALERT_NEW_PLACE, &place);
    }
    *found = device || place;
    return status;
}

/* Odoo says with each session it names whether its user has settings rights. Who has them the first
 * time was given them, unless nobody of the site is known to have any yet: then it is us who have
 * only begun to look. */
static apr_status_t judge_rights(judgement_t *judgement)
{
    const alert_history_t *history = judgement->history;
    const json_value_t *manager = json_member(values(judgement), "manager");
    int any = 0, is_new = 0;
    apr_status_t status;

    if (!manager) {
        return APR_SUCCESS;
    }
    if (manager->type != JSON_TYPE_TRUE) {
        return history->forget(history->payload, ALERT_KNOWN_MANAGER);
    }
    status = history->site_has(history->payload, ALERT_KNOWN_MANAGER, &any);
    if (status == APR_SUCCESS) {
        status = note(judgement, ALERT_KNOWN_MANAGER, cell(judgement, EVENT_LOGIN), &is_new);
    }
    if (is_new && any) {
        find(judgement, ALERT_MANAGER_GRANTED);
    }
    return status;
}

static apr_status_t judge_session(judgement_t *judgement)
{
    const alert_history_t *history = judgement->history;
    int known = 0, is_new;
    apr_status_t status = judge_rights(judgement);

    if (status == APR_SUCCESS) {
        status = history->session_known(history->payload, &known);
    }
    if (status != APR_SUCCESS || known || json_member(values(judgement), "continues")) {
        return status;
    }
    judgement->verdict->person = 1;
    find(judgement, ALERT_NEW_LOGIN);
    status = note(judgement, ALERT_KNOWN_LOGIN, cell(judgement, EVENT_LOGIN), &is_new);
    if (status == APR_SUCCESS) {
        status = judge_client(judgement, &is_new);
    }
    return status == APR_SUCCESS ? judge_travel(judgement) : status;
}

/* Programs log in with every call: one that comes as it always does is no news. The first time is
 * told by the event that names its user. */
static apr_status_t judge_program(judgement_t *judgement)
{
    const alert_history_t *history = judgement->history;
    int known = 0, is_new = 0;
    apr_status_t status = history->has(history->payload, ALERT_KNOWN_LOGIN, &known);

    if (status == APR_SUCCESS && known) {
        status = judge_client(judgement, &is_new);
    }

    if (status == APR_SUCCESS && is_new) {
        find(judgement, ALERT_NEW_LOGIN);
    }
    return status;
}

/* ---- what is counted ---- */

/* A counter's name is as long for a hostile login as for any other. */
static const char *counter_name(const judgement_t *judgement, int line, alert_kind_t kind,
                                const char *of, const char *who)
{
    const char *text = apr_psprintf(judgement->pool, "%s\n%s\n%s\n%s", cell(judgement, EVENT_SITE),
                                    cell(judgement, EVENT_DATABASE), of, who);
    char hex[DIGEST_HEX_SIZE];

    digest_sha256_hex(text, strlen(text), hex);
    return apr_psprintf(judgement->pool, "%s/%d/%s", alert_kind_name(kind), line, hex);
}

/* *reached: so many within the time, and it was not told within it yet. */
static apr_status_t count(const judgement_t *judgement, const char *counter,
                          const alert_limit_t *limit, apr_int64_t amount, int *reached)
{
    const alert_history_t *history = judgement->history;
    const char *told = apr_pstrcat(judgement->pool, counter, "/told", NULL);
    apr_interval_time_t width = limit->within / BUCKETS;
    apr_int64_t bucket = judgement->time / width, first = (judgement->time - limit->within) / width;
    apr_time_t expires = judgement->time + 2 * limit->within;
    apr_int64_t sum = 0, times = 0;
    apr_status_t status = history->add(history->payload, counter, bucket, amount, expires);

    *reached = 0;
    if (status == APR_SUCCESS) {
        status = history->sum(history->payload, counter, first, &sum);
    }
    if (status != APR_SUCCESS || sum < limit->count) {
        return status;
    }
    status = history->sum(history->payload, told, first, &times);
    if (status == APR_SUCCESS && times == 0) {
        status = history->add(history->payload, told, bucket, 1, expires);
        *reached = status == APR_SUCCESS;
        judgement->verdict->limit = limit;
        judgement->verdict->counted = sum;
    }
    return status;
}

static apr_status_t judge_count(judgement_t *judgement, alert_kind_t kind, const char *of,
                                const char *who, apr_int64_t amount)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; *who && i < judgement->count && status == APR_SUCCESS; i++) {
        int reached;

        if (!(judgement->lines[i].kinds & ALERT_BIT(kind))) {
            continue;
        }
        status = count(judgement, counter_name(judgement, i, kind, of, who),
                       &judgement->lines[i].limit[kind], amount, &reached);
        if (status == APR_SUCCESS && reached) {
            judgement->verdict->of_line[i] |= ALERT_BIT(kind);
            judgement->verdict->kinds |= ALERT_BIT(kind);
        }
    }
    return status;
}

/* Many on one user, and one address on many users. */
static apr_status_t judge_failure(judgement_t *judgement)
{
    apr_status_t status =
        judge_count(judgement, ALERT_FAILED_LOGINS, "login", cell(judgement, EVENT_LOGIN), 1);

    return status == APR_SUCCESS
               ? judge_count(judgement, ALERT_FAILED_LOGINS, "ip", cell(judgement, EVENT_IP), 1)
               : status;
}

static apr_status_t judge_mass(judgement_t *judgement, alert_kind_t kind)
{
    apr_int64_t records = apr_atoi64(cell(judgement, EVENT_RECORD_COUNT));
    const char *uid = cell(judgement, EVENT_UID), *login = cell(judgement, EVENT_LOGIN);

    return judge_count(judgement, kind, "user",
                       *uid     ? uid
                       : *login ? login
                                : cell(judgement, EVENT_SESSION),
                       records > 0 ? records : 1);
}

/* ---- */

static apr_status_t judge_operation(judgement_t *judgement)
{
    if (is(judgement, EVENT_OPERATION, "login_failed")) {
        return judge_failure(judgement);
    }
    if (is(judgement, EVENT_OPERATION, "gap")) {
        find(judgement, ALERT_TRAIL_GAP);
        return APR_SUCCESS;
    }
    if (!is(judgement, EVENT_OUTCOME, "success") || by_renderer(judgement)) {
        return APR_SUCCESS;
    }
    if (is(judgement, EVENT_OPERATION, "session_identified") && *cell(judgement, EVENT_UID)) {
        return judge_session(judgement);
    }
    if (is(judgement, EVENT_OPERATION, "login") &&
        (is(judgement, EVENT_CHANNEL, "xmlrpc") || is(judgement, EVENT_CHANNEL, "jsonrpc"))) {
        return judge_program(judgement);
    }
    if (is(judgement, EVENT_OPERATION, "read")) {
        return judge_mass(judgement, ALERT_MASS_READ);
    }
    if (is(judgement, EVENT_OPERATION, "export")) {
        return judge_mass(judgement, ALERT_MASS_EXPORT);
    }
    if (is(judgement, EVENT_OPERATION, "session_revoked")) {
        find(judgement, ALERT_SESSION_REVOKED);
    }
    return APR_SUCCESS;
}

apr_status_t alert_judge(alert_verdict_t *verdict, const alert_line_t *lines, int line_count,
                         const event_t *event, const alert_history_t *history, apr_pool_t *pool)
{
    judgement_t judgement = {.verdict = verdict,
                             .lines = lines,
                             .count = line_count < ALERT_MAX_LINES ? line_count : ALERT_MAX_LINES,
                             .event = event,
                             .history = history,
                             .pool = pool};

    memset(verdict, 0, sizeof(*verdict));
    if (!event->cell[EVENT_OPERATION]) {
        return APR_SUCCESS;
    }
    if (!event->cell[EVENT_TIME] ||
        time_parse(event->cell[EVENT_TIME], &judgement.time) != APR_SUCCESS) {
        judgement.time = apr_time_now();
    }
    return judge_operation(&judgement);
}
