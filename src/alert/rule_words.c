#include "alert/rules.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "text/duration.h"

#define ADDRESS_MAX 254
#define LOCAL_MAX 64
#define TO "to="

static const struct {
    const char *name;
    int counted;
} kinds[ALERT_KINDS] = {
    [ALERT_NEW_LOGIN] = {"new_login", 0},
    [ALERT_NEW_DEVICE] = {"new_device", 0},
    [ALERT_NEW_PLACE] = {"new_place", 0},
    [ALERT_FAILED_LOGINS] = {"failed_logins", 1},
    [ALERT_IMPOSSIBLE_TRAVEL] = {"impossible_travel", 0},
    [ALERT_MASS_READ] = {"mass_read", 1},
    [ALERT_MASS_EXPORT] = {"mass_export", 1},
    [ALERT_SESSION_REVOKED] = {"session_revoked", 0},
    [ALERT_MANAGER_GRANTED] = {"manager_granted", 0},
    [ALERT_TRAIL_GAP] = {"trail_gap", 0},
    [ALERT_TEST] = {"test", 0},
};

const char *alert_kind_name(alert_kind_t kind)
{
    return kinds[kind].name;
}

int alert_limit_read(const char *text, alert_limit_t *limit)
{
    char *end;

    limit->count = apr_strtoi64(text, &end, 10);
    return apr_isdigit(*text) && *end == '/' && limit->count > 0 &&
           limit->count <= ALERT_MAX_COUNT &&
           duration_parse(end + 1, &limit->within) == APR_SUCCESS &&
           limit->within >= apr_time_from_sec(1) && limit->within <= ALERT_LONGEST_WINDOW;
}

/* ---- addresses ---- */

static int is_atom_character(char character)
{
    return apr_isalnum(character) || (character && strchr("!#$%&'*+-/=?^_`{|}~", character));
}

static int is_domain_character(char character)
{
    return apr_isalnum(character) || character == '-';
}

/* Words of such characters parted by single dots. */
static int is_dotted(const char *text, apr_size_t length, int (*allowed)(char character))
{
    int inside = 0;

    for (apr_size_t i = 0; i < length; i++) {
        if (text[i] == '.' ? !inside : !allowed(text[i])) {
            return 0;
        }
        inside = text[i] != '.';
    }
    return inside;
}

int alert_address_valid(const char *address)
{
    const char *at = address ? strrchr(address, '@') : NULL;
    apr_size_t local = at ? (apr_size_t)(at - address) : 0;

    return at && local <= LOCAL_MAX && strlen(address) <= ADDRESS_MAX &&
           is_dotted(address, local, is_atom_character) && at[1] != '-' &&
           is_dotted(at + 1, strlen(at + 1), is_domain_character);
}

/* ---- a line ---- */

static const char *read_recipient(alert_line_t *line, const char *word, apr_pool_t *pool)
{
    if (!strcmp(word, "user")) {
        line->to |= ALERT_TO_USER;
    }
    else if (!strcmp(word, "managers")) {
        line->to |= ALERT_TO_MANAGERS;
    }
    else if (!strcmp(word, "webhook")) {
        line->to |= ALERT_TO_WEBHOOK;
    }
    else if (!alert_address_valid(word)) {
        return apr_psprintf(pool,
                            "\"%s\" is no recipient: say user, managers, webhook or a mail address",
                            word);
    }
    else if (line->addresses->nelts == ALERT_MAX_ADDRESSES) {
        return apr_psprintf(pool, "say at most %d addresses", ALERT_MAX_ADDRESSES);
    }
    else {
        APR_ARRAY_PUSH(line->addresses, const char *) = word;
    }
    return NULL;
}

static const char *read_recipients(alert_line_t *line, const char *words, apr_pool_t *pool)
{
    char *state, *list = apr_pstrdup(pool, words);
    const char *problem = NULL;

    for (char *word = apr_strtok(list, ",", &state); word && !problem;
         word = apr_strtok(NULL, ",", &state)) {
        problem = read_recipient(line, word, pool);
    }
    return problem;
}

static int find_kind(const char *word, apr_size_t length)
{
    for (int kind = 0; kind < ALERT_TEST; kind++) {
        if (strlen(kinds[kind].name) == length && !strncmp(kinds[kind].name, word, length)) {
            return kind;
        }
    }
    return -1;
}

static const char *all_kinds(apr_pool_t *pool)
{
    const char *list = kinds[0].name;

    for (int kind = 1; kind < ALERT_TEST; kind++) {
        list = apr_pstrcat(pool, list, ", ", kinds[kind].name, NULL);
    }
    return list;
}

static const char *read_rule(alert_line_t *line, const char *word, apr_pool_t *pool)
{
    apr_size_t length = strcspn(word, "=");
    int kind = find_kind(word, length);

    if (kind < 0) {
        return apr_psprintf(pool, "\"%s\" is no rule: say %s, and to=...", word, all_kinds(pool));
    }
    if (kinds[kind].counted
            ? !word[length] || !alert_limit_read(word + length + 1, &line->limit[kind])
            : word[length] != '\0') {
        return kinds[kind].counted
                   ? apr_psprintf(pool,
                                  "\"%s\" needs a number and a time of 1s to 24h, such as %s=5/10m",
                                  word, kinds[kind].name)
                   : apr_psprintf(pool, "\"%s\" takes no number", kinds[kind].name);
    }
    line->kinds |= ALERT_BIT(kind);
    return NULL;
}

const char *alert_line_read(alert_line_t *line, int count, const char *const *words,
                            apr_pool_t *pool)
{
    const char *problem = NULL;

    memset(line, 0, sizeof(*line));
    line->addresses = apr_array_make(pool, 2, sizeof(const char *));
    for (int i = 0; i < count && !problem; i++) {
        problem = !strncmp(words[i], TO, sizeof(TO) - 1)
                      ? read_recipients(line, words[i] + sizeof(TO) - 1, pool)
                      : read_rule(line, words[i], pool);
    }
    if (!problem && !line->kinds) {
        problem = apr_psprintf(pool, "say what raises an alert: %s", all_kinds(pool));
    }
    if (!problem && !line->to && !line->addresses->nelts) {
        problem = "say who gets it, such as to=user,managers,security@example.com";
    }
    return problem;
}

const char *alert_line_parse(alert_line_t *line, const char *text, apr_pool_t *pool)
{
    const char *words[ALERT_MAX_WORDS];
    char *state, *list = apr_pstrdup(pool, text);
    int count = 0;

    for (char *word = apr_strtok(list, " \t", &state); word;
         word = apr_strtok(NULL, " \t", &state)) {
        if (count == ALERT_MAX_WORDS) {
            return apr_psprintf(pool, "say at most %d words", ALERT_MAX_WORDS);
        }
        words[count++] = word;
    }
    return alert_line_read(line, count, words, pool);
}
