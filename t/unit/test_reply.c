#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "odoo/reply.h"

#define CALL_KW "/web/dataset/call_kw"
#define JSON(rest) "{\"jsonrpc\":\"2.0\",\"id\":{\"error\":1,\"result\":[9]}" rest "}"
#define ERROR(code, name)                                                                          \
    JSON(",\"error\":{\"code\":" code ",\"message\":\"m\",\"data\":{\"name\":\"" name              \
         "\",\"debug\":\"Traceback\",\"arguments\":[{\"name\":\"x\"}]}}")

static apr_pool_t *pool;

/* A call as its reader would hand it over. */
static call_t make_call(operation_t operation, result_ids_t result_ids)
{
    call_t call = {.operation = operation, .result_ids = result_ids, .parsed = 1};

    return call;
}

static reply_head_t ok_head(void)
{
    reply_head_t head = {.method = "POST", .status = 200, .sent_session = "old"};

    return head;
}

static const reply_t *read_cut(const char *path, const call_t *call, const reply_head_t *head,
                               const char *body, apr_size_t piece, int complete)
{
    reply_reader_t *reader = reply_reader_create(pool, route_find(path), call, head, 1);
    apr_size_t length = strlen(body);
    int enough = 0;

    for (apr_size_t done = 0; done < length && !enough; done += piece) {
        enough =
            reply_reader_feed(reader, body + done, piece < length - done ? piece : length - done);
    }
    return reply_reader_finish(reader, complete);
}

static const reply_t *read_reply(const char *path, const call_t *call, const reply_head_t *head,
                                 const char *body)
{
    return read_cut(path, call, head, body, strlen(body) + 1, 1);
}

/* The answer with status 200 to a call of this operation. */
static const reply_t *answer(operation_t operation, result_ids_t ids, const char *body)
{
    call_t call = make_call(operation, ids);
    reply_head_t head = ok_head();

    return read_reply(CALL_KW, &call, &head, body);
}

static void test_resequence_without_the_field(void **state)
{
    call_t call = make_call(OPERATION_WRITE, NULL);
    reply_head_t head = ok_head();
    const char *path = "/web/dataset/resequence";

    (void)state;
    assert_int_equal(
        read_reply(path, &call, &head, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}")->outcome,
        OUTCOME_SUCCESS);
    assert_int_equal(
        read_reply(path, &call, &head, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":false}")->outcome,
        OUTCOME_FAILED);
    assert_int_equal(
        read_reply(CALL_KW, &call, &head, "{\"jsonrpc\":\"2.0\",\"result\":false}")->outcome,
        OUTCOME_SUCCESS);
}

static void test_devices_revoked_by_none(void **state)
{
    call_t call = make_call(OPERATION_CALL, "res_id !res_model");
    reply_head_t head = ok_head();

    (void)state;
    call.revokes_devices = 1;
    assert_true(
        read_reply(CALL_KW, &call, &head, "{\"jsonrpc\":\"2.0\",\"id\":1}")->devices_revoked);
    assert_false(
        read_cut(CALL_KW, &call, &head, "{\"jsonrpc\":\"2.0\",\"id\":1", 99, 0)->devices_revoked);
}

static const reply_t *answer_status(int status, const char *encoding, const char *body)
{
    call_t call = make_call(OPERATION_WRITE, NULL);
    reply_head_t head = ok_head();

    head.status = status;
    head.content_encoding = encoding;
    return read_reply(CALL_KW, &call, &head, body);
}

static void assert_ids(const reply_t *reply, const char *ids, apr_int64_t count)
{
    assert_int_equal(reply->outcome, OUTCOME_SUCCESS);
    assert_int_equal(reply->record_count, count);
    if (ids) {
        assert_non_null(reply->record_ids);
        assert_string_equal(reply->record_ids, ids);
    }
    else {
        assert_null(reply->record_ids);
    }
}

/* ---- outcome ---- */

static void test_success(void **state)
{
    const reply_t *reply = answer(OPERATION_WRITE, NULL, JSON(",\"result\":true"));

    (void)state;
    assert_int_equal(reply->outcome, OUTCOME_SUCCESS);
    assert_int_equal(reply->operation, OPERATION_WRITE);
    assert_int_equal(reply->authenticated, 1);
    assert_int_equal(reply->record_count, -1);
    assert_null(reply->error);
    assert_null(reply->flags);
}

static void test_none_has_no_result(void **state)
{
    (void)state;
    assert_int_equal(answer(OPERATION_WRITE, NULL, JSON(""))->outcome, OUTCOME_SUCCESS);
    assert_int_equal(answer(OPERATION_WRITE, NULL, "{\"jsonrpc\":\"2.0\",\"id\":8}")->outcome,
                     OUTCOME_SUCCESS);
}

static void assert_error(const char *body, outcome_t outcome, const char *error, int over)
{
    const reply_t *reply = answer(OPERATION_WRITE, NULL, body);

    assert_int_equal(reply->outcome, outcome);
    assert_string_equal(reply->error, error);
    assert_int_equal(reply->session_over, over);
}

static void test_errors(void **state)
{
    (void)state;
    assert_error(ERROR("200", "odoo.exceptions.AccessError"), OUTCOME_DENIED,
                 "odoo.exceptions.AccessError", 0);
    assert_error(ERROR("0", "odoo.exceptions.AccessDenied"), OUTCOME_DENIED,
                 "odoo.exceptions.AccessDenied", 0);
    assert_error(ERROR("0", "renamed.exceptions.AccessError"), OUTCOME_DENIED,
                 "renamed.exceptions.AccessError", 0);
    assert_error(ERROR("200", "odoo.exceptions.UserError"), OUTCOME_FAILED,
                 "odoo.exceptions.UserError", 0);
    assert_error(ERROR("200", "builtins.NotAccessError"), OUTCOME_FAILED, "builtins.NotAccessError",
                 0);
    assert_error(ERROR("100", "odoo.http.SessionExpiredException"), OUTCOME_DENIED,
                 "odoo.http.SessionExpiredException", 1);
}

/* A locked screen has the code of an expired session, but the session lives. */
static void test_check_identity_is_not_the_end(void **state)
{
    const char *name = "odoo.addons.auth_timeout.models.ir_http.CheckIdentityException";
    const reply_t *reply =
        answer(OPERATION_WRITE, NULL,
               ERROR("100", "odoo.addons.auth_timeout.models.ir_http.CheckIdentityException"));

    (void)state;
    assert_int_equal(reply->outcome, OUTCOME_DENIED);
    assert_string_equal(reply->error, name);
    assert_int_equal(reply->session_over, 0);
    assert_int_equal(reply->authenticated, 1);
}

static void test_errors_prove_no_login(void **state)
{
    (void)state;
    assert_int_equal(
        answer(OPERATION_WRITE, NULL, ERROR("200", "builtins.KeyError"))->authenticated, 0);
}

static void test_members_of_an_error_in_any_order(void **state)
{
    (void)state;
    assert_error("{\"error\":{\"data\":{\"debug\":{\"name\":\"no\"},\"name\":\"a.AccessError\"},"
                 "\"name\":\"no\",\"code\":0},\"id\":null}",
                 OUTCOME_DENIED, "a.AccessError", 0);
    assert_error("{\"error\":{\"data\":{\"name\":\"a.UserError\",\"name\":\"a.AccessError\"}}}",
                 OUTCOME_DENIED, "a.AccessError", 0);
    assert_error("{\"error\":{\"data\":{\"name\":\"a.AccessError\"},\"data\":{\"name\":\"a.B\"}}}",
                 OUTCOME_FAILED, "a.B", 0);
}

static void test_errors_without_a_name(void **state)
{
    (void)state;
    assert_int_equal(answer(OPERATION_WRITE, NULL, JSON(",\"error\":\"no\""))->outcome,
                     OUTCOME_FAILED);
    assert_int_equal(answer(OPERATION_WRITE, NULL, JSON(",\"error\":{\"code\":100}"))->session_over,
                     1);
    assert_null(answer(OPERATION_WRITE, NULL, JSON(",\"error\":{\"data\":{\"name\":5}}"))->error);
}

static void test_status_decides_where_there_is_no_envelope(void **state)
{
    (void)state;
    assert_int_equal(answer_status(401, NULL, "<html>")->outcome, OUTCOME_DENIED);
    assert_int_equal(answer_status(403, NULL, "")->outcome, OUTCOME_DENIED);
    assert_int_equal(answer_status(404, NULL, "<html>")->outcome, OUTCOME_FAILED);
    assert_int_equal(answer_status(400, NULL, "Invalid JSON data")->outcome, OUTCOME_FAILED);
    assert_int_equal(answer_status(500, NULL, "")->outcome, OUTCOME_FAILED);
    assert_int_equal(answer_status(502, NULL, "<html>")->outcome, OUTCOME_UNKNOWN);
    assert_int_equal(answer_status(503, NULL, "")->outcome, OUTCOME_UNKNOWN);
    assert_int_equal(answer_status(504, NULL, "")->outcome, OUTCOME_UNKNOWN);
    assert_int_equal(answer_status(308, NULL, "")->outcome, OUTCOME_FAILED);
    assert_null(answer_status(404, NULL, "<html>")->flags);
}

static void test_error_under_another_status(void **state)
{
    const reply_t *reply = answer_status(500, NULL, ERROR("0", "odoo.exceptions.AccessError"));

    (void)state;
    assert_int_equal(reply->outcome, OUTCOME_DENIED);
    assert_int_equal(answer_status(500, NULL, JSON(",\"result\":1"))->outcome, OUTCOME_FAILED);
}

static void test_what_cannot_be_read_is_unknown(void **state)
{
    const reply_t *packed = answer_status(200, "gzip", "\x1f\x8b");
    const reply_t *html = answer_status(200, NULL, "<html>maintenance</html>");

    (void)state;
    assert_int_equal(packed->outcome, OUTCOME_UNKNOWN);
    assert_string_equal(packed->flags, REPLY_FLAG_OPAQUE);
    assert_int_equal(packed->authenticated, 0);
    assert_int_equal(html->outcome, OUTCOME_UNKNOWN);
    assert_string_equal(html->flags, REPLY_FLAG_OPAQUE);
    assert_int_equal(answer_status(200, NULL, "")->outcome, OUTCOME_UNKNOWN);
    assert_int_equal(answer_status(200, NULL, "[]")->outcome, OUTCOME_UNKNOWN);
    assert_int_equal(answer_status(200, NULL, "{}")->outcome, OUTCOME_UNKNOWN);
    assert_int_equal(answer_status(200, "identity", JSON(""))->outcome, OUTCOME_SUCCESS);
}

static void test_cut_answers(void **state)
{
    call_t call = make_call(OPERATION_READ, "[].id");
    reply_head_t head = ok_head();
    const reply_t *early = read_cut(CALL_KW, &call, &head, "{\"jsonrpc\":\"2.0\",\"id\":1,", 99, 0);
    const reply_t *late =
        read_cut(CALL_KW, &call, &head, JSON(",\"result\":[{\"id\":1},{\"id\":2},{"), 999, 0);

    (void)state;
    assert_int_equal(early->outcome, OUTCOME_UNKNOWN);
    assert_string_equal(early->flags, CALL_FLAG_TRUNCATED);
    /* Odoo writes an answer as a whole: what has a result is a success. */
    assert_int_equal(late->outcome, OUTCOME_SUCCESS);
    assert_string_equal(late->record_ids, "1 2");
    assert_int_equal(late->record_count, -1);
}

static void test_no_more_is_read_than_needed(void **state)
{
    call_t call = make_call(OPERATION_READ, "[].id");
    reply_head_t head = ok_head();
    const char *start = "{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": [";
    reply_reader_t *plain = reply_reader_create(pool, route_find(CALL_KW), &call, &head, 0);
    reply_reader_t *wanting = reply_reader_create(pool, route_find(CALL_KW), &call, &head, 1);

    (void)state;
    assert_int_equal(reply_reader_feed(plain, start, strlen(start)), 1);
    assert_int_equal(reply_reader_finish(plain, 0)->outcome, OUTCOME_SUCCESS);
    assert_null(reply_reader_finish(plain, 0)->flags);
    assert_int_equal(reply_reader_feed(wanting, start, strlen(start)), 0);
    assert_int_equal(reply_reader_feed(wanting, "{\"id\":5}]", 9), 1);
    assert_string_equal(reply_reader_finish(wanting, 0)->record_ids, "5");
}

/* ---- ids ---- */

static void test_created_ids(void **state)
{
    (void)state;
    assert_ids(answer(OPERATION_CREATE, ". []", JSON(",\"result\":45")), "45", 1);
    assert_ids(answer(OPERATION_CREATE, ". []", JSON(",\"result\":[1,2,3]")), "1 2 3", 3);
    assert_ids(answer(OPERATION_CREATE, "[0]", JSON(",\"result\":[5,\"Won 6\"]")), "5", 1);
    assert_ids(answer(OPERATION_CREATE, "[].id", JSON(",\"result\":[{\"id\":7,\"n\":[8]}]")), "7",
               1);
    assert_ids(answer(OPERATION_CREATE, "[0]", JSON(",\"result\":false")), NULL, -1);
    assert_ids(answer(OPERATION_CREATE, ". []", JSON(",\"result\":\"x(7, 8)\"")), NULL, -1);
    assert_ids(answer(OPERATION_CREATE, ". []", JSON(",\"result\":1.5")), NULL, -1);
}

static void test_ids_of_reads(void **state)
{
    (void)state;
    assert_ids(answer(OPERATION_READ, "[].id", JSON(",\"result\":[]")), NULL, 0);
    assert_ids(answer(OPERATION_READ, "records[].id",
                      JSON(",\"result\":{\"length\":9,\"x\":[{\"id\":1}],\"records\":[{\"n\":{"
                           "\"id\":3},\"id\":4},{\"id\":5}]}")),
               "4 5", 2);
    assert_ids(answer(OPERATION_READ, "[][0]", JSON(",\"result\":[[1,\"a\"],[2,\"b\"]]")), "1 2",
               2);
    assert_ids(answer(OPERATION_SEARCH, "groups[].__records[].id",
                      JSON(",\"result\":{\"groups\":[{\"__records\":[{\"id\":1}]},{\"n\":2},"
                           "{\"__records\":[{\"id\":3}]}]}")),
               "1 3", 2);
}

static void test_ids_are_bounded_and_counted(void **state)
{
    apr_size_t number = 50000;
    char *body = apr_palloc(pool, 64 + 2 * number);
    char *end = body + sprintf(body, "{\"jsonrpc\":\"2.0\",\"result\":[");
    const reply_t *reply;

    (void)state;
    for (apr_size_t i = 0; i < number; i++) {
        *end++ = '7';
        *end++ = ',';
    }
    memcpy(end - 1, "]}", 3);
    reply = answer(OPERATION_SEARCH, "[]", body);
    assert_int_equal(reply->record_count, 50000);
    assert_int_equal(strlen(reply->record_ids), 2 * CALL_MAX_IDS - 1);
}

static void test_import_fails_without_ids(void **state)
{
    const reply_t *failed =
        answer(OPERATION_IMPORT, "ids[]", JSON(",\"result\":{\"ids\":false,\"messages\":[{}]}"));

    (void)state;
    assert_int_equal(failed->outcome, OUTCOME_FAILED);
    assert_ids(answer(OPERATION_IMPORT, "ids[]", JSON(",\"result\":{\"ids\":[4,5]}")), "4 5", 2);
}

static void test_any_cutting_gives_the_same(void **state)
{
    const char *body = JSON(",\"result\":[{\"id\":1,\"name\":\"\\u00e9\"},{\"id\":22}]");
    call_t call = make_call(OPERATION_READ, "[].id");
    reply_head_t head = ok_head();

    (void)state;
    for (apr_size_t piece = 1; piece <= strlen(body); piece++) {
        assert_ids(read_cut(CALL_KW, &call, &head, body, piece, 1), "1 22", 2);
    }
}

/* ---- logins ---- */

static const reply_t *form(const char *path, const char *method, int status, const char *location,
                           const char *set_session)
{
    reply_head_t head = ok_head();

    head.method = method;
    head.status = status;
    head.location = location;
    head.set_session = set_session;
    return read_reply(path, NULL, &head, "<html>");
}

static void assert_step(const reply_t *reply, operation_t operation, outcome_t outcome)
{
    assert_int_equal(reply->operation, operation);
    assert_int_equal(reply->outcome, outcome);
    assert_int_equal(reply->authenticated,
                     operation == OPERATION_LOGIN && outcome == OUTCOME_SUCCESS);
}

static void test_login_by_form(void **state)
{
    const char *login = "/web/login";

    (void)state;
    assert_step(form(login, "POST", 303, "/web", "new"), OPERATION_LOGIN, OUTCOME_SUCCESS);
    assert_step(form(login, "POST", 303, "/odoo?x=/web/login", "new"), OPERATION_LOGIN,
                OUTCOME_SUCCESS);
    assert_step(form(login, "POST", 303, "http://h:80/my#/web/login", "new"), OPERATION_LOGIN,
                OUTCOME_SUCCESS);
    assert_step(form(login, NULL, 303, "/web/login_successful", "new"), OPERATION_LOGIN,
                OUTCOME_SUCCESS);
    assert_step(form(login, "POST", 200, NULL, NULL), OPERATION_LOGIN_FAILED, OUTCOME_DENIED);
    assert_step(form(login, "POST", 422, NULL, NULL), OPERATION_LOGIN_FAILED, OUTCOME_FAILED);
    assert_step(form(login, "POST", 400, NULL, NULL), OPERATION_LOGIN_FAILED, OUTCOME_FAILED);
    assert_step(form(login, "POST", 502, NULL, NULL), OPERATION_LOGIN, OUTCOME_UNKNOWN);
    assert_step(form(login, "POST", 500, NULL, "old"), OPERATION_LOGIN_FAILED, OUTCOME_FAILED);
    assert_step(form(login, "POST", 303, "/web", "old"), OPERATION_LOGIN, OUTCOME_UNKNOWN);
    assert_step(form(login, "POST", 303, "/web", NULL), OPERATION_LOGIN, OUTCOME_UNKNOWN);
    assert_step(form(login, "POST", 303, "http://h/web/login?oauth_error=1", "new"),
                OPERATION_LOGIN_FAILED, OUTCOME_FAILED);
}

/* The person is in, and Odoo fell over what was to come next. */
static void test_login_behind_an_error(void **state)
{
    const reply_t *reply = form("/web/login/totp", "POST", 500, NULL, "new");

    (void)state;
    assert_step(reply, OPERATION_LOGIN, OUTCOME_UNKNOWN);
    assert_string_equal(reply->flags, REPLY_FLAG_NEW_SESSION);
    assert_int_equal(reply->authenticated, 0);
}

static void test_what_is_no_login(void **state)
{
    const char *login = "/web/login";

    (void)state;
    assert_step(form(login, "GET", 200, NULL, "new"), OPERATION_NONE, OUTCOME_SUCCESS);
    assert_step(form(login, "GET", 303, "/web", "new"), OPERATION_NONE, OUTCOME_FAILED);
    assert_step(form(login, "POST", 302, "/web/login?db=x", "new"), OPERATION_NONE, OUTCOME_FAILED);
    assert_step(form(login, "POST", 303, "/web/database/selector", "new"), OPERATION_NONE,
                OUTCOME_FAILED);
}

static void test_second_factor(void **state)
{
    const char *totp = "/web/login/totp";
    const reply_t *asked = form("/web/login", "POST", 303, "/web/login/totp?redirect=x", "new");

    (void)state;
    assert_step(asked, OPERATION_NONE, OUTCOME_SUCCESS);
    assert_int_equal(asked->second_factor, 1);
    assert_step(form(totp, "POST", 303, "/odoo", "new"), OPERATION_LOGIN, OUTCOME_SUCCESS);
    assert_step(form(totp, "POST", 200, NULL, "old"), OPERATION_LOGIN_FAILED, OUTCOME_DENIED);
    assert_step(form(totp, "GET", 200, NULL, NULL), OPERATION_NONE, OUTCOME_SUCCESS);
    assert_step(form(totp, "GET", 303, "/web", "new"), OPERATION_LOGIN, OUTCOME_SUCCESS);
    assert_step(form(totp, "GET", 303, "/web", "old"), OPERATION_NONE, OUTCOME_FAILED);
    assert_step(form(totp, "GET", 303, "/web/login", "new"), OPERATION_NONE, OUTCOME_FAILED);
}

static const reply_t *session_answer(const char *path, const char *body)
{
    reply_head_t head = ok_head();

    return read_reply(path, NULL, &head, body);
}

static void test_authenticate(void **state)
{
    const char *path = "/web/session/authenticate";
    const reply_t *in = session_answer(
        path, JSON(",\"result\":{\"uid\":2,\"username\":\"admin\",\"db\":\"d\",\"x\":[{}]}"));
    const reply_t *half = session_answer(path, JSON(",\"result\":{\"uid\":null}"));

    (void)state;
    assert_step(in, OPERATION_LOGIN, OUTCOME_SUCCESS);
    assert_int_equal(in->identity->uid, 2);
    assert_string_equal(in->identity->login, "admin");
    assert_step(half, OPERATION_NONE, OUTCOME_SUCCESS);
    assert_int_equal(half->second_factor, 1);
    assert_null(half->identity);
    assert_step(session_answer(path, ERROR("200", "odoo.exceptions.AccessDenied")),
                OPERATION_LOGIN_FAILED, OUTCOME_DENIED);
    assert_step(session_answer(path, ERROR("200", "builtins.TypeError")), OPERATION_LOGIN_FAILED,
                OUTCOME_FAILED);
    assert_step(session_answer(path, "<html>"), OPERATION_LOGIN, OUTCOME_UNKNOWN);
    assert_step(session_answer(path, JSON(",\"result\":{\"uid\":2,\"x\":[")), OPERATION_LOGIN,
                OUTCOME_UNKNOWN);
}

static void test_logout(void **state)
{
    const char *logout = "/web/session/logout", *destroy = "/web/session/destroy";

    (void)state;
    assert_step(form(logout, "GET", 303, "/web", "new"), OPERATION_LOGOUT, OUTCOME_SUCCESS);
    assert_step(form(logout, "POST", 400, NULL, NULL), OPERATION_LOGOUT, OUTCOME_FAILED);
    assert_step(form(logout, "GET", 303, "/web", NULL), OPERATION_LOGOUT, OUTCOME_UNKNOWN);
    assert_step(session_answer(destroy, JSON("")), OPERATION_LOGOUT, OUTCOME_SUCCESS);
    assert_step(session_answer(destroy, ERROR("100", "x.SessionExpiredException")),
                OPERATION_LOGOUT, OUTCOME_DENIED);
}

/* ---- who it is ---- */

static void test_session_info(void **state)
{
    const char *path = "/web/session/get_session_info";
    const reply_t *known = session_answer(path, JSON(",\"result\":{\"uid\":7}"));
    const reply_t *over = session_answer(path, ERROR("100", "odoo.http.SessionExpiredException"));

    (void)state;
    assert_int_equal(known->operation, OPERATION_NONE);
    assert_int_equal(known->identity->uid, 7);
    assert_int_equal(known->authenticated, 1);
    assert_int_equal(over->session_over, 1);
    assert_int_equal(over->authenticated, 0);
}

static void test_page(void **state)
{
    const reply_t *page =
        session_answer("/odoo/x", "<script>odoo.__session_info__ = {\"uid\": 3, \"db\": \"d\"};");
    const reply_t *site =
        session_answer("/web",
                       "<script>odoo.__session_info__ = {\"is_frontend\": true, \"uid\": 3};");

    (void)state;
    assert_int_equal(page->identity->uid, 3);
    assert_int_equal(page->authenticated, 1);
    assert_int_equal(page->operation, OPERATION_NONE);
    assert_null(site->identity);
    assert_int_equal(site->authenticated, 0);
}

static void test_page_that_leads_to_the_login(void **state)
{
    const reply_t *over = form("/odoo/x", "GET", 303, "/web/login?redirect=%2Fodoo", "new");
    reply_head_t stranger = {.method = "GET", .status = 303, .location = "/web/login"};

    (void)state;
    assert_int_equal(over->session_over, 1);
    assert_int_equal(over->outcome, OUTCOME_DENIED);
    assert_int_equal(form("/web", "GET", 303, "/odoo", "new")->session_over, 0);
    assert_int_equal(form("/web", "GET", 303, "/my", NULL)->session_over, 0);
    assert_int_equal(read_reply("/web", NULL, &stranger, "")->session_over, 0);
}

static void test_redirects_after_a_form(void **state)
{
    const reply_t *expired = form("/my/account", "POST", 303, "/web/login?redirect=x", NULL);

    (void)state;
    assert_int_equal(form("/my/account", "POST", 303, "/my/home", NULL)->outcome, OUTCOME_SUCCESS);
    assert_int_equal(form(CALL_KW, "POST", 308, "/x", NULL)->outcome, OUTCOME_FAILED);
    assert_int_equal(expired->outcome, OUTCOME_DENIED);
    assert_int_equal(expired->session_over, 1);
}

static int setup(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL) != APR_SUCCESS;
}

static int teardown(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resequence_without_the_field),
        cmocka_unit_test(test_devices_revoked_by_none),
        cmocka_unit_test(test_success),
        cmocka_unit_test(test_none_has_no_result),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_check_identity_is_not_the_end),
        cmocka_unit_test(test_errors_prove_no_login),
        cmocka_unit_test(test_members_of_an_error_in_any_order),
        cmocka_unit_test(test_errors_without_a_name),
        cmocka_unit_test(test_status_decides_where_there_is_no_envelope),
        cmocka_unit_test(test_error_under_another_status),
        cmocka_unit_test(test_what_cannot_be_read_is_unknown),
        cmocka_unit_test(test_cut_answers),
        cmocka_unit_test(test_no_more_is_read_than_needed),
        cmocka_unit_test(test_created_ids),
        cmocka_unit_test(test_ids_of_reads),
        cmocka_unit_test(test_ids_are_bounded_and_counted),
        cmocka_unit_test(test_import_fails_without_ids),
        cmocka_unit_test(test_any_cutting_gives_the_same),
        cmocka_unit_test(test_login_by_form),
        cmocka_unit_test(test_login_behind_an_error),
        cmocka_unit_test(test_what_is_no_login),
        cmocka_unit_test(test_second_factor),
        cmocka_unit_test(test_authenticate),
        cmocka_unit_test(test_logout),
        cmocka_unit_test(test_session_info),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_page_that_leads_to_the_login),
        cmocka_unit_test(test_redirects_after_a_form),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, setup, teardown);
}
