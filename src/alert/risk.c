#include "alert/risk.h"

#include <string.h>

#include <apr_strings.h>

#include "text/digest.h"
#include "text/duration.h"

#define BUCKETS 12 /* of the window */

static const char *const names[RISKS] = {
    [RISK_NEW_DEVICE] = "new_device",     [RISK_NEW_PLACE] = "new_place",
    [RISK_TRAVEL] = "impossible_travel",  [RISK_FAILED_LOGINS] = "failed_logins",
    [RISK_MANY_DENIALS] = "many_denials", [RISK_MASS_EXPORT] = "mass_export",
};

typedef struct judgement_t {
    const event_t *event;
    const alert_history_t *history;
    apr_time_t time;
    apr_pool_t *pool;
} judgement_t;

const char *risk_name(risk_t risk)
{
    return names[risk];
}

static const char *cell(const judgement_t *judgement, event_column_t column)
{
    return event_text(judgement->event, column);
}

static int is(const judgement_t *judgement, event_column_t column, const char *text)
{
    return !strcmp(cell(judgement, column), text);
}

/* As long for a hostile login as for any other. */
static const char *counter_name(const judgement_t *judgement, const char *of, const char *who)
{
    const char *text = apr_psprintf(judgement->pool, "%s\n%s\n%s", cell(judgement, EVENT_SITE),
                                    cell(judgement, EVENT_DATABASE), who);
    char hex[DIGEST_HEX_SIZE];

    digest_sha256_hex(text, strlen(text), hex);
    return apr_pstrcat(judgement->pool, "risk/", of, "/", hex, NULL);
}

static apr_status_t add(const judgement_t *judgement, const char *counter, apr_int64_t amount)
{
    const alert_history_t *history = judgement->history;

    return history->add(history->payload, counter, judgement->time / (RISK_WINDOW / BUCKETS),
                        amount, judgement->time + 2 * RISK_WINDOW);
}

static apr_status_t reached(const judgement_t *judgement, const char *counter, apr_int64_t many,
                            risk_t risk, unsigned *risks)
{
    const alert_history_t *history = judgement->history;
    apr_int64_t sum = 0;
    apr_status_t status =
        history->sum(history->payload, counter,
                     (judgement->time - RISK_WINDOW) / (RISK_WINDOW / BUCKETS), &sum);

    *risks |= status == APR_SUCCESS && sum >= many ? RISK_BIT(risk) : 0;
    return status;
}

static apr_status_t count(const judgement_t *judgement, const char *of, apr_int64_t amount,
                          apr_int64_t many, risk_t risk, unsigned *risks)
{
    const char *counter = counter_name(judgement, of, cell(judgement, EVENT_SESSION));
    apr_status_t status = add(judgement, counter, amount);

    return status == APR_SUCCESS ? reached(judgement, counter, many, risk, risks) : status;
}

static unsigned fresh(const alert_verdict_t *verdict)
{
    return (verdict->fresh & ALERT_BIT(ALERT_NEW_DEVICE) ? RISK_BIT(RISK_NEW_DEVICE) : 0) |
           (verdict->fresh & ALERT_BIT(ALERT_NEW_PLACE) ? RISK_BIT(RISK_NEW_PLACE) : 0) |
           (verdict->fresh & ALERT_BIT(ALERT_IMPOSSIBLE_TRAVEL) ? RISK_BIT(RISK_TRAVEL) : 0);
}

static apr_status_t judge_export(const judgement_t *judgement, unsigned *risks)
{
    apr_int64_t records = apr_atoi64(cell(judgement, EVENT_RECORD_COUNT));

    return count(judgement, "export", records > 0 ? records : 1, RISK_MANY_RECORDS,
                 RISK_MASS_EXPORT, risks);
}

/* A failed login belongs to no session yet: it is counted by the name that was typed. A session
 * that was ended and is tried again is refused by us, which is no denial by Odoo. */
apr_status_t risk_judge(unsigned *risks, const alert_verdict_t *verdict, const event_t *event,
                        const alert_history_t *history, apr_pool_t *pool)
{
    judgement_t judgement = {.event = event, .history = history, .pool = pool};
    const char *login = cell(&judgement, EVENT_LOGIN);

    *risks = fresh(verdict);
    if (!event->cell[EVENT_TIME] ||
        time_parse(event->cell[EVENT_TIME], &judgement.time) != APR_SUCCESS) {
        return APR_SUCCESS;
    }
    if (is(&judgement, EVENT_OPERATION, "login_failed")) {
        return *login ? add(&judgement, counter_name(&judgement, "login", login), 1) : APR_SUCCESS;
    }
    if (!*cell(&judgement, EVENT_SESSION) || is(&judgement, EVENT_OPERATION, "session_refused")) {
        return APR_SUCCESS;
    }
    if (is(&judgement, EVENT_OUTCOME, "denied")) {
        return count(&judgement, "denied", 1, RISK_MANY_DENIED, RISK_MANY_DENIALS, risks);
    }
    if (is(&judgement, EVENT_OPERATION, "export") && is(&judgement, EVENT_OUTCOME, "success")) {
        return judge_export(&judgement, risks);
    }
    return verdict->person && *login ? reached(&judgement, counter_name(&judgement, "login", login),
                                               RISK_MANY_FAILED, RISK_FAILED_LOGINS, risks)
                                     : APR_SUCCESS;
}
