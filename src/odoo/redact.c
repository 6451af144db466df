#include "odoo/redact.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "glob_set.h"
#include "name_cache.h"
#include "text/glob.h"

#define MAX_NAME 256 /* bytes; Odoo's field names end at PostgreSQL's 63 */
/* Of values looked into, which is all that a tree from the wire can have; what lies deeper is
 * replaced as a whole. */
#define MAX_DEPTH JSON_TREE_MAX_DEPTH

/* Names are compared in lower case with "_" for "-", "." and a blank, so that x-api-key,
 * database.secret and accessToken are found as well. */
static const char *const secret[] = {
    "*password*",
    "*passwd*",
    "*passphrase*",
    "*passcode*",
    "pass",
    "*_pass",
    "*pwd",
    "pwd*",
    "*_pwd*",
    "*token*",
    "*secret*",
    "*api_key*",
    "*apikey*",
    "*access_key*",
    "*accesskey*",
    "*private_key*",
    "*privatekey*",
    "*encryption_key*",
    "*signing_key*",
    "*shared_key*",
    "*auth_key*",
    "*account_key*",
    "*merchant_key*",
    "*security_key*",
    "*webhook_key*",
    "*master_key*",
    "*session_key*",
    "*rsa_key*",
    "*hmac*",
    "*signature*",
    "sign_initials",
    "*card_number*",
    "*cardnumber*",
    "cc_number",
    "*_cc_number",
    "cc_cv?",
    "cvv*",
    "*_cvv*",
    "cvc*",
    "*_cvc*",
    "card_code",
    "cardcode",
    "pin",
    "pin_code",
    "*_pin",
    "puk",
    "otp",
    "otp_*",
    "*_otp",
    "*totp*",
    "session_id",
    "sessionid",
    "cookie",
    "set_cookie",
    "authorization",
    "proxy_authorization",
    "*credential*",
    "*bearer*",
    "jwt",
    "*_jwt",
    "default_key", /* res.users.apikeys hands out a new key in the context of its action */
    NULL};

/* Fields of Odoo and its community modules that only sound like the above. */
static const char *const ordinary[] = {
    "*_ids", /* records, whose own fields are looked at one by one */
    "*_count", "*_date", "*_type", "*_state", "*_status", "*tokeniz*", "*token_validity*",
    "*token_expir*", "max_tokens", "*secretar*", "*signature_request*",
    /* OCA password_security: the rules, not the password */
    "password_expiration*", "password_length", "password_lower", "password_upper",
    "password_numeric", "password_special", "password_history", "password_minimum",
    "password_estimate", "*password_policy*", NULL};

typedef enum verdict_t {
    VERDICT_ORDINARY,
    VERDICT_SECRET,    /* by the built-in list */
    VERDICT_CONFIGURED /* the administrator asked for it */
} verdict_t;

struct redact_t {
    apr_pool_t *pool;
    glob_set_t *secret;
    glob_set_t *configured; /* in lower case */
    int configures;         /* anything at all */
    name_cache_t *cache;    /* of verdicts */
};

redact_t *redact_create(apr_pool_t *pool)
{
    redact_t *redact = apr_palloc(pool, sizeof(*redact));

    redact->pool = pool;
    redact->secret = glob_set_create(pool);
    redact->configured = glob_set_create(pool);
    redact->configures = 0;
    redact->cache = name_cache_create(pool);
    for (const char *const *glob = secret; *glob; glob++) {
        glob_set_add(redact->secret, *glob);
    }
    return redact;
}

void redact_add(redact_t *redact, const char *glob)
{
    char *lower = apr_pstrdup(redact->pool, glob);

    for (char *at = lower; *at; at++) {
        *at = (char)apr_tolower(*at);
    }
    glob_set_add(redact->configured, lower);
    redact->configures = 1;
    name_cache_clear(redact->cache);
}

static int is_ordinary(const char *name)
{
    for (const char *const *glob = ordinary; *glob; glob++) {
        if (glob_match(*glob, name)) {
            return 1;
        }
    }
    return 0;
}

/* The name in lower case, as the administrator's globs see it, and as the built-in ones do. */
static void fold(char *name, char *plain, const char *field, apr_size_t length)
{
    for (apr_size_t i = 0; i <= length; i++) {
        char byte = field[i];

        name[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
        plain[i] = byte == '-' || byte == '.' || byte == ' ' ? '_' : name[i];
    }
}

static apr_uint32_t compare(const void *payload, const char *field)
{
    const redact_t *redact = payload;
    char name[MAX_NAME + 1], plain[MAX_NAME + 1];
    apr_size_t length = strlen(field);

    if (length > MAX_NAME) {
        return VERDICT_SECRET; /* no field of Odoo: not worth the risk */
    }
    fold(name, plain, field, length);
    if (redact->configures && glob_set_matches(redact->configured, name)) {
        return VERDICT_CONFIGURED;
    }
    return glob_set_matches(redact->secret, plain) && !is_ordinary(plain) ? VERDICT_SECRET
                                                                          : VERDICT_ORDINARY;
}

static verdict_t judge(const redact_t *redact, const char *field)
{
    return (verdict_t)name_cache_ask(redact->cache, field, compare, redact);
}

int redact_name(const redact_t *redact, const char *field)
{
    return judge(redact, field) != VERDICT_ORDINARY;
}

static void replace(json_value_t *value)
{
    value->type = JSON_TYPE_STRING;
    value->text = REDACTED;
    value->full_length = sizeof(REDACTED) - 1;
    value->sha256 = NULL;
    value->count = 0;
    value->truncated = 0;
    value->binary = 0;
    value->first = value->last = NULL;
}

/* The number in a many2one field (session_id of pos.order, payment_token_id) is a record. */
static int is_record_id(const json_value_t *value)
{
    apr_size_t length = value->key ? strlen(value->key) : 0;

    return value->type == JSON_TYPE_NUMBER && length > 3 && !strcmp(value->key + length - 3, "_id");
}

/* What the built-in list names may show that it is absent, on or off, or which record it is. */
static int tells_nothing(const json_value_t *value)
{
    return value->type == JSON_TYPE_NULL || value->type == JSON_TYPE_FALSE ||
           value->type == JSON_TYPE_TRUE || is_record_id(value);
}

/* 1 if nothing is left to look into. */
static int redact_member(json_value_t *value, verdict_t verdict)
{
    if (verdict == VERDICT_ORDINARY || (verdict == VERDICT_SECRET && tells_nothing(value))) {
        return 0;
    }
    replace(value);
    return 1;
}

/* ir.config_parameter: {"key": "database.secret", "value": ...}. Its keys have no blanks; a name
 * that has some is a title. */
static verdict_t judge_parameter(const redact_t *redact, const json_value_t *object)
{
    static const char *const labels[] = {"key", "name"};
    verdict_t worst = VERDICT_ORDINARY;

    for (int i = 0; i < 2; i++) {
        const char *label = json_string(json_member(object, labels[i]));
        verdict_t verdict =
            label && !strchr(label, ' ') ? (verdict_t)compare(redact, label) : VERDICT_ORDINARY;

        if (verdict > worst) {
            worst = verdict;
        }
    }
    return worst;
}

static void redact_below(const redact_t *redact, json_value_t *value, int depth)
{
    if (value->key && redact_member(value, judge(redact, value->key))) {
        return;
    }
    if (!value->first) {
        return;
    }
    if (depth == MAX_DEPTH) {
        replace(value);
        return;
    }
    if (value->type == JSON_TYPE_OBJECT) {
        json_value_t *parameter = json_member(value, "value");

        if (parameter) {
            redact_member(parameter, judge_parameter(redact, value));
        }
    }
    for (json_value_t *member = value->first; member; member = member->next) {
        redact_below(redact, member, depth + 1);
    }
}

void redact_value(const redact_t *redact, json_value_t *value)
{
    if (value) {
        redact_below(redact, value, 0);
    }
}

static const struct {
    const char *model;
    const char *field;
    const char *unless; /* shown if this member stands beside it, which redact_value judges by */
} model_secrets[] = {
    {"ir.config_parameter", "value", "key"}, {"res.users.apikeys", "key", NULL},
    {"res.users.apikeys.show", "key", NULL}, {"auth_totp.wizard", "code", NULL},
    {"auth_totp.wizard", "url", NULL},       {"auth_totp.wizard", "qrcode", NULL},
};

static void redact_record(const char *model, json_value_t *record)
{
    for (size_t i = 0; i < sizeof(model_secrets) / sizeof(*model_secrets); i++) {
        const char *unless = model_secrets[i].unless;
        json_value_t *member = strcmp(model, model_secrets[i].model) == 0
                                   ? json_member(record, model_secrets[i].field)
                                   : NULL;

        if (member && !(unless && json_member(record, unless))) {
            redact_member(member, VERDICT_SECRET);
        }
    }
}

void redact_model(const char *model, json_value_t *value)
{
    if (!model || !value) {
        return;
    }
    if (value->type == JSON_TYPE_OBJECT) {
        redact_record(model, value);
    }
    for (json_value_t *record = value->type == JSON_TYPE_ARRAY ? value->first : NULL; record;
         record = record->next) {
        redact_record(model, record);
    }
}
