/* Calls and answers in XML-RPC (facts A6, D). */
#include "call_fixture.h"
#include "odoo/reply.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define OBJECT "/xmlrpc/2/object"
#define COMMON "/xmlrpc/2/common"
#define PARAM(value) "<param><value>" value "</value></param>"
#define ARRAY(values) "<array><data>" values "</data></array>"
#define VALUE(value) "<value>" value "</value>"
#define MEMBER(name, value) "<member><name>" name "</name>" VALUE(value) "</member>"
#define CREDENTIALS PARAM("o19") PARAM("<int>2</int>") PARAM("sesame")
#define RESPONSE(value)                                                                            \
    "<?xml version='1.0'?>\n<methodResponse>\n<params>\n" PARAM(                                   \
        value) "\n</params></methodResponse>"
#define FAULT(code, text)                                                                          \
    "<methodResponse><fault><value><struct>" MEMBER("faultCode", code)                             \
        MEMBER("faultString",                                                                      \
               "<string>" text "</string>") "</struct></value></fault></methodResponse>"
#define TRACEBACK "Traceback (most recent call last):\n  File \"x.py\", line 1, in f\n    g()\n"

static const char *document(const char *method, const char *params)
{
    return apr_psprintf(pool,
                        "<?xml version='1.0'?><methodCall><methodName>%s</methodName>"
                        "<params>%s</params></methodCall>",
                        method, params);
}

static const call_t *read_call(const char *path, const char *method, const char *params)
{
    return read_at(path, "text/xml", VALUES_FULL, document(method, params), 1);
}

static const reply_t *read_answer(const char *path, const call_t *call, const char *body,
                                  apr_size_t piece)
{
    const reply_head_t head = {.method = "POST", .status = 200};
    reply_reader_t *reader = reply_reader_create(pool, route_find(path), call, &head, 1);
    apr_size_t length = strlen(body);

    for (apr_size_t at = 0; at < length; at += piece) {
        if (reply_reader_feed(reader, body + at, length - at < piece ? length - at : piece)) {
            break;
        }
    }
    return reply_reader_finish(reader, 1);
}

static const reply_t *answer(const call_t *call, const char *body)
{
    return read_answer(OBJECT, call, body, strlen(body));
}

/* ---- calls ---- */

static void execute_kw_is_a_call_of_its_method(void **state)
{
    const call_t *call =
        read_call(OBJECT, "execute_kw",
                  CREDENTIALS PARAM("res.partner") PARAM("write")
                      PARAM(ARRAY(VALUE(ARRAY(VALUE("<int>7</int>") VALUE("<i4>8</i4>"))) VALUE(
                          "<struct>" MEMBER("city", "Huy") MEMBER("password", "x") "</struct>")))
                          PARAM("<struct/>"));

    (void)state;
    assert_records(call, OPERATION_WRITE, "7 8", 2);
    assert_text(call->model, "res.partner");
    assert_text(call->method, "write");
    assert_text(call->fields, "city password");
    assert_text(call->values, "{\"city\":\"Huy\",\"password\":\"[redacted]\"}");
    assert_text(call->database, "o19");
    assert_int_equal(call->uid, 2);
    assert_null(call->flags);
}

static void execute_has_its_arguments_in_place(void **state)
{
    const call_t *call = read_call("/xmlrpc/object", "execute",
                                   CREDENTIALS PARAM("res.partner") PARAM("create")
                                       PARAM("<struct>" MEMBER("name", "a")
                                                 MEMBER("color", "<int>3</int>") "</struct>"));

    (void)state;
    assert_records(call, OPERATION_CREATE, NULL, 1);
    assert_text(call->values, "{\"name\":\"a\",\"color\":3}");
}

static void keywords_are_read(void **state)
{
    const call_t *call =
        read_call(OBJECT, "execute_kw",
                  CREDENTIALS PARAM("res.partner") PARAM("read") PARAM(ARRAY(VALUE("<int>4</int>")))
                      PARAM("<struct>" MEMBER("fields", ARRAY(VALUE("name"))) "</struct>"));

    (void)state;
    assert_records(call, OPERATION_READ, "4", 1);
    assert_text(call->fields, "name");
}

static void the_password_is_nowhere(void **state)
{
    const call_t *login = read_call(COMMON, "authenticate",
                                    PARAM("o19") PARAM("ada") PARAM("sesame") PARAM("<struct/>"));
    const call_t *call = read_call(OBJECT, "execute_kw",
                                   CREDENTIALS PARAM("res.partner") PARAM("do_something")
                                       PARAM(ARRAY(VALUE("<int>4</int>") VALUE("other"))));
    const call_t *database = read_call("/xmlrpc/db", "drop", PARAM("sesame") PARAM("o19"));

    (void)state;
    assert_int_equal(login->operation, OPERATION_LOGIN);
    assert_text(login->login, "ada");
    assert_text(login->database, "o19");
    assert_null(login->values);
    assert_int_equal(call->operation, OPERATION_CALL);
    assert_text(call->values, "{\"args\":[\"other\"]}");
    assert_int_equal(database->operation, OPERATION_CALL);
    assert_text(database->method, "drop");
    assert_text(database->database, "o19");
    assert_null(database->values);
}

static void what_is_no_call_is_unparsed(void **state)
{
    static const char *const bodies[] = {
        "", "{}", "<methodCall>", "<methodResponse><params/></methodResponse>",
        "<!DOCTYPE x><methodCall><methodName>list</methodName><params/></methodCall>"};

    (void)state;
    for (apr_size_t i = 0; i < COUNT(bodies); i++) {
        const call_t *call = read_at(OBJECT, "text/xml", VALUES_FULL, bodies[i], 1);

        assert_int_equal(call->operation, OPERATION_UNPARSED_CALL);
        assert_text(call->flags, CALL_FLAG_UNPARSED);
    }
    assert_int_equal(read_call("/xmlrpc/2/nothing", "x", "")->operation, OPERATION_UNPARSED_CALL);
    assert_int_equal(
        read_at(OBJECT, "text/xml", VALUES_FULL, document("execute", CREDENTIALS), 0)->operation,
        OPERATION_UNPARSED_CALL);
}

static void asking_for_the_version_is_nothing(void **state)
{
    const call_t *call = read_call(COMMON, "version", "");

    (void)state;
    assert_int_equal(call->operation, OPERATION_NONE);
    assert_true(call->parsed);
}

/* ---- answers ---- */

static const call_t create = {.operation = OPERATION_CREATE,
                              .result_ids = ". []",
                              .record_count = -1,
                              .parsed = 1};
static const call_t login = {.operation = OPERATION_LOGIN,
                             .result_ids = ".",
                             .record_count = -1,
                             .parsed = 1};
static const call_t write_call = {.operation = OPERATION_WRITE, .record_count = 1, .parsed = 1};

static void assert_reply(const reply_t *reply, operation_t operation, outcome_t outcome,
                         const char *error)
{
    assert_int_equal(reply->operation, operation);
    assert_int_equal(reply->outcome, outcome);
    assert_text(reply->error, error);
    assert_null(reply->identity);
    assert_int_equal(reply->session_over, 0);
    assert_int_equal(reply->authenticated, 0);
}

static void created_ids_are_read_however_the_answer_is_cut(void **state)
{
    static const char many[] = RESPONSE(ARRAY(VALUE("<int>5</int>") "\n" VALUE("<int>6</int>")));

    (void)state;
    assert_text(answer(&create, RESPONSE("<int>5</int>"))->record_ids, "5");
    for (apr_size_t piece = 1; piece < sizeof(many); piece++) {
        const reply_t *reply = read_answer(OBJECT, &create, many, piece);

        assert_reply(reply, OPERATION_CREATE, OUTCOME_SUCCESS, NULL);
        assert_text(reply->record_ids, "5 6");
    }
}

static void faults_name_their_exception_as_far_as_they_tell(void **state)
{
    static const struct {
        const char *body;
        outcome_t outcome;
        const char *error;
    } cases[] = {
        {FAULT("<int>3</int>", "Access Denied"), OUTCOME_DENIED, "odoo.exceptions.AccessDenied"},
        {FAULT("<int>4</int>", "You may not"), OUTCOME_DENIED, "odoo.exceptions.AccessError"},
        {FAULT("<int>2</int>", "No such record"), OUTCOME_FAILED, NULL},
        {FAULT("<int>1</int>", TRACEBACK "odoo.exceptions.MissingError: gone\nfor good\n"),
         OUTCOME_FAILED, "odoo.exceptions.MissingError"},
        {FAULT("<int>1</int>", TRACEBACK "KeyError: 'x'\n"), OUTCOME_FAILED, "builtins.KeyError"},
        {FAULT("<int>1</int>", TRACEBACK "not a name: x\n"), OUTCOME_FAILED, NULL},
        {FAULT("<int>1</int>", TRACEBACK "ValueError: x\n\nDuring handling:\n\n" TRACEBACK
                                         "psycopg2.errors.Unique: y\n"),
         OUTCOME_FAILED, "psycopg2.errors.Unique"},
        {FAULT("AccessDenied", "Access Denied"), OUTCOME_DENIED, "odoo.exceptions.AccessDenied"},
        {FAULT("warning -- AccessError\n\nNo.", ""), OUTCOME_DENIED, "odoo.exceptions.AccessError"},
        {FAULT("warning -- MissingError\n\nNo.", ""), OUTCOME_FAILED,
         "odoo.exceptions.MissingError"},
        {FAULT("AccessDenied", TRACEBACK "Exception: AccessDenied\n"), OUTCOME_FAILED,
         "builtins.Exception"},
    };

    (void)state;
    for (apr_size_t i = 0; i < COUNT(cases); i++) {
        assert_reply(answer(&write_call, cases[i].body), OPERATION_WRITE, cases[i].outcome,
                     cases[i].error);
    }
}

/* The method was done and committed by then. */
static void a_result_that_cannot_be_written_is_a_success(void **state)
{
    static const char *const bodies[] = {
        FAULT("<int>1</int>",
              TRACEBACK "TypeError: cannot marshal None unless allow_none is enabled\n"),
        FAULT("cannot marshal None unless allow_none is enabled",
              TRACEBACK "TypeError: cannot marshal None unless allow_none is enabled\n"),
        FAULT("<int>1</int>", TRACEBACK "OverflowError: int exceeds XML-RPC limits\n")};

    (void)state;
    for (apr_size_t i = 0; i < COUNT(bodies); i++) {
        assert_reply(answer(&write_call, bodies[i]), OPERATION_WRITE, OUTCOME_SUCCESS, NULL);
    }
    assert_reply(answer(&write_call, FAULT("cannot marshal None", "")), OPERATION_WRITE,
                 OUTCOME_FAILED, NULL);
}

static void a_long_traceback_is_read_by_its_end(void **state)
{
    char *frames = apr_palloc(pool, 40001);
    const char *body;

    (void)state;
    memset(frames, 'x', 40000);
    for (int i = 0; i < 40000; i += 50) {
        memcpy(frames + i, "\n  File ", 8);
    }
    frames[40000] = '\0';
    body = apr_psprintf(pool,
                        FAULT("<int>1</int>", "Traceback (most%s\nodoo.exceptions.UserError: no\n"),
                        frames);
    assert_reply(answer(&write_call, body), OPERATION_WRITE, OUTCOME_FAILED,
                 "odoo.exceptions.UserError");
}

static void a_false_login_is_a_failed_one(void **state)
{
    const reply_t *good = read_answer(COMMON, &login, RESPONSE("<int>2</int>"), 9);
    const reply_t *bad = read_answer(COMMON, &login, RESPONSE("<boolean>0</boolean>"), 9);
    const reply_t *fault = read_answer(COMMON, &login, FAULT("<int>3</int>", "Access Denied"), 9);

    (void)state;
    assert_reply(good, OPERATION_LOGIN, OUTCOME_SUCCESS, NULL);
    assert_text(good->record_ids, "2");
    assert_reply(bad, OPERATION_LOGIN_FAILED, OUTCOME_DENIED, NULL);
    assert_reply(fault, OPERATION_LOGIN_FAILED, OUTCOME_DENIED, "odoo.exceptions.AccessDenied");
}

static void what_is_no_answer_is_unknown(void **state)
{
    (void)state;
    assert_reply(answer(&write_call, "<html><body>busy</body></html>"), OPERATION_WRITE,
                 OUTCOME_UNKNOWN, NULL);
    assert_reply(answer(&write_call, "<methodResponse><params>"), OPERATION_WRITE, OUTCOME_UNKNOWN,
                 NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(execute_kw_is_a_call_of_its_method),
        cmocka_unit_test(execute_has_its_arguments_in_place),
        cmocka_unit_test(keywords_are_read),
        cmocka_unit_test(the_password_is_nowhere),
        cmocka_unit_test(what_is_no_call_is_unparsed),
        cmocka_unit_test(asking_for_the_version_is_nothing),
        cmocka_unit_test(created_ids_are_read_however_the_answer_is_cut),
        cmocka_unit_test(faults_name_their_exception_as_far_as_they_tell),
        cmocka_unit_test(a_result_that_cannot_be_written_is_a_success),
        cmocka_unit_test(a_long_traceback_is_read_by_its_end),
        cmocka_unit_test(a_false_login_is_a_failed_one),
        cmocka_unit_test(what_is_no_answer_is_unknown),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, setup, teardown);
    apr_terminate();
    return failed;
}
