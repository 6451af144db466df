#include "call_external.h"

#include <string.h>

#include <apr_strings.h>

#include "call_method.h"
#include "call_values.h"
#include "envelope.h"

/* Places in the arguments of service object: database, user, password, model, method, and then the
 * method's own. */
enum { DATABASE, USER, PASSWORD, MODEL, METHOD, FIRST, KEYWORDS };

/* Service db. The master password comes first where there is one. */
static const struct {
    const char *name;
    operation_t operation;
    int database; /* the place of its name, -1: none */
} database_methods[] = {
    {"create_database", OPERATION_CALL, 1},
    {"duplicate_database", OPERATION_CALL, 1},
    {"drop", OPERATION_CALL, 1},
    {"dump", OPERATION_EXPORT, 1},
    {"restore", OPERATION_CALL, 1},
    {"rename", OPERATION_CALL, 1},
    {"change_admin_password", OPERATION_CALL, -1},
    {"migrate_databases", OPERATION_CALL, -1},
    {"list", OPERATION_NONE, -1},
    {"db_exist", OPERATION_NONE, -1},
    {"list_lang", OPERATION_NONE, -1},
    {"list_countries", OPERATION_NONE, -1},
    {"server_version", OPERATION_NONE, -1},
};

static const char *text_at(const json_value_t *arguments, apr_size_t place)
{
    const char *text = json_string(json_element(arguments, place));

    return text && *text ? text : NULL;
}

/* execute_kw has the method's arguments in a list and its keywords in an object; execute has the
 * former in place. */
static const envelope_parts_t *read_parts(apr_pool_t *pool, const char *method,
                                          const json_value_t *arguments)
{
    json_value_t *own = json_element(arguments, FIRST);
    json_value_t *rest;

    if (strcmp(method, "execute_kw") == 0) {
        return envelope_of_values(pool, own && own->type == JSON_TYPE_ARRAY ? own : NULL,
                                  json_element(arguments, KEYWORDS));
    }
    rest = json_new_array(pool);
    rest->first = own;
    rest->count = arguments->count > FIRST ? arguments->count - FIRST : 0;
    return envelope_of_values(pool, rest, NULL);
}

static apr_int64_t user_of(const json_value_t *arguments)
{
    json_value_t *user = json_element(arguments, USER);
    const char *text = json_string(user);
    apr_int64_t uid = 0;

    if (text && *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 19) {
        return apr_atoi64(text);
    }
    return json_integer(user, &uid) ? uid : 0;
}

static int read_object(apr_pool_t *pool, const char *method, const json_value_t *arguments,
                       const track_t *track, const redact_t *redact, values_level_t values,
                       call_t *call, int *truncated)
{
    call->database = text_at(arguments, DATABASE);
    call->uid = user_of(arguments);
    call->model = text_at(arguments, MODEL);
    call->method = text_at(arguments, METHOD);
    if ((strcmp(method, "execute") != 0 && strcmp(method, "execute_kw") != 0) || !call->model ||
        !call->method) {
        return 0;
    }
    call_method_read(pool, read_parts(pool, method, arguments), track, redact, values, call,
                     truncated);
    return 1;
}

/* A login that fails answers false, one that succeeds the user's id. */
static int read_common(const char *method, const json_value_t *arguments, call_t *call)
{
    int login = strcmp(method, "login") == 0 || strcmp(method, "authenticate") == 0;

    if (login) {
        call->operation = OPERATION_LOGIN;
        call->model = "res.users";
        call->method = method;
        call->database = text_at(arguments, DATABASE);
        call->login = text_at(arguments, USER);
        call->result_ids = ".";
    }
    return 1;
}

static int read_database(const char *method, const json_value_t *arguments, call_t *call)
{
    call->operation = OPERATION_CALL;
    call->method = method;
    for (apr_size_t i = 0; i < sizeof(database_methods) / sizeof(database_methods[0]); i++) {
        if (strcmp(database_methods[i].name, method) == 0) {
            int place = database_methods[i].database;

            call->operation = database_methods[i].operation;
            call->database = place >= 0 ? text_at(arguments, (apr_size_t)place) : NULL;
            break;
        }
    }
    return 1;
}

int call_external_read(apr_pool_t *pool, const char *service, const char *method,
                       const json_value_t *arguments, const track_t *track, const redact_t *redact,
                       values_level_t values, call_t *call, int *truncated)
{
    if (!service || !method) {
        return 0;
    }
    if (strcmp(service, "object") == 0) {
        return read_object(pool, method, arguments, track, redact, values, call, truncated);
    }
    if (strcmp(service, "common") == 0) {
        return read_common(method, arguments, call);
    }
    if (strcmp(service, "db") == 0) {
        return read_database(method, arguments, call);
    }
    return 0;
}
