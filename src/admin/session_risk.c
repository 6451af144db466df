#include "session_risk.h"

#include <string.h>

#include <apr_strings.h>

#define WORDS(number) WORDS_OF(number)
#define WORDS_OF(number) #number

const session_risk_t session_risks[RISKS] = {
    [RISK_NEW_DEVICE] = {"new device", "Sessions from a new device",
                         "This user was never seen with this browser, system or device before", 0},
    [RISK_NEW_PLACE] = {"new place", "Sessions from a new place",
                        "This user was never seen in this city or country before", 0},
    [RISK_TRAVEL] = {"impossible travel", "Impossible travel",
                     "Nobody can have come here since this user's last action elsewhere", 1},
    [RISK_FAILED_LOGINS] = {"failed logins before", "Logins after failed ones",
                            "Logged in after " WORDS(RISK_MANY_FAILED) " failed logins or more "
                                                                       "within " RISK_WINDOW_WORDS,
                            1},
    [RISK_MANY_DENIALS] = {"many denials", "Sessions with many denials",
                           "Odoo denied " WORDS(
                               RISK_MANY_DENIED) " calls or more within " RISK_WINDOW_WORDS,
                           1},
    [RISK_MASS_EXPORT] =
        {"mass export", "Sessions with a mass export",
         WORDS(RISK_MANY_RECORDS) " records or more exported within " RISK_WINDOW_WORDS, 1},
};

risk_t session_risk_from_name(const char *name)
{
    int risk = 0;

    while (risk < RISKS && strcmp(risk_name((risk_t)risk), name) != 0) {
        risk++;
    }
    return (risk_t)risk;
}

json_value_t *session_risk_names(apr_pool_t *pool, const char *risks)
{
    json_value_t *names = json_new_array(pool);
    char *state = NULL, *words = apr_pstrdup(pool, risks ? risks : "");

    for (char *word = apr_strtok(words, " ", &state); word; word = apr_strtok(NULL, " ", &state)) {
        json_push(names, json_new_string(pool, word));
    }
    return names;
}

json_value_t *session_risk_badges(apr_pool_t *pool, const char *risks)
{
    json_value_t *badges = json_new_array(pool), *names = session_risk_names(pool, risks);

    for (const json_value_t *name = names->first; name; name = name->next) {
        risk_t risk = session_risk_from_name(json_string(name));
        json_value_t *badge;

        if (risk == RISKS) {
            continue;
        }
        badge = json_push(badges, json_new_object(pool));
        json_set(badge, "text", json_new_string(pool, session_risks[risk].label));
        json_set(badge, "why", json_new_string(pool, session_risks[risk].why));
        json_set(badge, "kind",
                 json_new_string(pool, session_risks[risk].serious ? "bad" : "warn"));
    }
    return badges;
}
