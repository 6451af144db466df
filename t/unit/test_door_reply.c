/* How each kind of route tells whether a request succeeded. */
#include "call_fixture.h"

#include "odoo/reply.h"

typedef struct answer_t {
    const char *method, *path, *request; /* the request; its body is JSON if it starts with "{" */
    reply_head_t head;
    const char *body;
} answer_t;

static const reply_t *read_answer(const answer_t *answer)
{
    int json = answer->request && *answer->request == '{';
    call_request_t request = {.method = answer->method,
                              .path = path_decode(pool, answer->path),
                              .content_type = json ? "application/json" : NULL,
                              .credentials = 1};
    const route_t *route = route_find(request.path);
    call_reader_t *calls = call_reader_create(pool, route, &request, redact, VALUES_FULL);
    reply_reader_t *replies;
    reply_head_t head = answer->head;

    if (answer->request) {
        call_reader_feed(calls, answer->request, strlen(answer->request));
    }
    head.method = answer->method;
    replies = reply_reader_create(pool, route, call_reader_finish(calls, 1), &head, 1);
    for (const char *at = answer->body; at && *at; at++) {
        if (reply_reader_feed(replies, at, 1)) {
            break;
        }
    }
    return reply_reader_finish(replies, 1);
}

#define READ(...) read_answer(&(answer_t){__VA_ARGS__})
#define HEAD(...) .head = {__VA_ARGS__}

static void assert_outcome(const reply_t *reply, operation_t operation, outcome_t outcome)
{
    assert_string_equal(operation_name(reply->operation), operation_name(operation));
    assert_string_equal(outcome_name(reply->outcome), outcome_name(outcome));
}

/* ---- forms ---- */

static void test_form_that_redirects(void **state)
{
    const reply_t *reply = READ(.path = "/my/account", .request = "name=A",
                                HEAD(.status = 303, .location = "/my/home"));

    (void)state;
    assert_outcome(reply, OPERATION_WRITE, OUTCOME_SUCCESS);
    assert_int_equal(reply->authenticated, 1);
    reply = READ(.path = "/my/account", .request = "name=A", HEAD(.status = 200));
    assert_outcome(reply, OPERATION_WRITE, OUTCOME_FAILED);
    assert_int_equal(reply->authenticated, 0);
    reply = READ(.path = "/my/account", .request = "name=A",
                 HEAD(.status = 303, .location = "/web/login?redirect=x", .sent_session = "s"));
    assert_outcome(reply, OPERATION_WRITE, OUTCOME_DENIED);
    assert_int_equal(reply->session_over, 1);
    reply = READ(.path = "/my/deactivate_account", .request = "password=x",
                 HEAD(.status = 303, .location = "/web/login?message=bye", .sent_session = "s",
                      .set_session = "visitor"));
    assert_outcome(reply, OPERATION_WRITE, OUTCOME_SUCCESS);
    assert_int_equal(reply->authenticated, 0);
    assert_int_equal(reply->logged_out, 1);
    assert_outcome(READ(.path = "/my/account", .request = "name=A", HEAD(.status = 400)),
                   OPERATION_WRITE, OUTCOME_FAILED);
    assert_outcome(READ(.path = "/my/account", .request = "name=A", HEAD(.status = 502)),
                   OPERATION_WRITE, OUTCOME_UNKNOWN);
}

static const reply_t *revoke_device(int companies_cleared)
{
    return READ(.path = "/web/dataset/call_kw/res.device/revoke",
                .request = "{\"params\":{\"model\":\"res.device\",\"method\":\"revoke\","
                           "\"args\":[[1]],\"kwargs\":{}}}",
                HEAD(.status = 200, .sent_session = "old", .set_session = "new",
                     .companies_cleared = companies_cleared),
                .body = "{\"jsonrpc\":\"2.0\",\"id\":1}");
}

/* A new cookie proves somebody in, unless Odoo forgets the companies with it. */
static void test_call_that_logs_out(void **state)
{
    (void)state;
    assert_int_equal(revoke_device(0)->authenticated, 1);
    assert_int_equal(revoke_device(0)->logged_out, 0);
    assert_int_equal(revoke_device(1)->authenticated, 0);
    assert_int_equal(revoke_device(1)->logged_out, 1);
    assert_int_equal(revoke_device(1)->devices_revoked, 1);
}

static void test_form_that_opens_a_session(void **state)
{
    const reply_t *reply =
        READ(.path = "/web/signup", .request = "login=a",
             HEAD(.status = 303, .location = "/my", .set_session = "new", .sent_session = "old"));

    (void)state;
    assert_outcome(reply, OPERATION_CREATE, OUTCOME_SUCCESS);
    assert_int_equal(reply->authenticated, 1);
    reply = READ(.path = "/web/signup", .request = "login=a", HEAD(.status = 200));
    assert_outcome(reply, OPERATION_CREATE, OUTCOME_FAILED);
    assert_int_equal(reply->authenticated, 0);
}

static void test_form_that_answers_in_words(void **state)
{
    (void)state;
    assert_outcome(READ(.path = "/web/reset_password", .request = "login=a", HEAD(.status = 200)),
                   OPERATION_CALL, OUTCOME_UNKNOWN);
    assert_outcome(READ(.path = "/my/security", .request = "old=a", HEAD(.status = 200)),
                   OPERATION_PASSWORD_CHANGED, OUTCOME_FAILED);
    assert_outcome(READ(.path = "/my/security", .request = "old=a",
                        HEAD(.status = 200, .set_session = "s", .sent_session = "s")),
                   OPERATION_PASSWORD_CHANGED, OUTCOME_UNKNOWN);
}

static void test_link_that_leads_to_its_record(void **state)
{
    (void)state;
    assert_outcome(READ(.method = "GET", .path = "/lead/case_mark_won",
                        HEAD(.status = 303, .location = "/web#model=crm.lead&id=8")),
                   OPERATION_CALL, OUTCOME_SUCCESS);
    assert_outcome(READ(.method = "GET", .path = "/lead/case_mark_won",
                        HEAD(.status = 303, .location = "/web#action=mail.action_discuss")),
                   OPERATION_CALL, OUTCOME_FAILED);
    assert_outcome(READ(.method = "GET", .path = "/leave/refuse",
                        HEAD(.status = 303, .location = "/odoo/action-mail.action_discuss")),
                   OPERATION_CALL, OUTCOME_FAILED);
    assert_outcome(READ(.method = "GET", .path = "/discuss/channel/4/attachment/9",
                        HEAD(.status = 304)),
                   OPERATION_DOWNLOAD, OUTCOME_SUCCESS);
    assert_outcome(READ(.method = "GET", .path = "/lead/convert",
                        HEAD(.status = 303, .location = "/odoo/action-mail.action_discuss")),
                   OPERATION_CALL, OUTCOME_FAILED);
    assert_outcome(READ(.method = "GET", .path = "/lead/convert",
                        HEAD(.status = 303, .location = "/web/login?redirect=x")),
                   OPERATION_CALL, OUTCOME_DENIED);
}

static const reply_t *order(const char *request, int status, const char *location)
{
    return READ(.method = "POST", .path = "/my/orders/5", .request = request,
                HEAD(.status = status, .location = location));
}

static void test_portal_document(void **state)
{
    (void)state;
    assert_outcome(order("report_type=pdf", 200, NULL), OPERATION_REPORT, OUTCOME_SUCCESS);
    assert_outcome(order("report_type=html", 303, "/my"), OPERATION_REPORT, OUTCOME_FAILED);
    assert_outcome(order("report_type=xls", 303, "/my"), OPERATION_CALL, OUTCOME_SUCCESS);
    assert_outcome(READ(.method = "GET", .path = "/shop/print",
                        HEAD(.status = 303, .location = "/shop")),
                   OPERATION_REPORT, OUTCOME_FAILED);
}

/* One's own password, asked for in a dialog that may ask for the old one first. */
static const reply_t *change_password(const char *body)
{
    return READ(.path = "/web/dataset/call_button/change.password.own/change_password",
                .request = "{\"params\":{\"model\":\"change.password.own\","
                           "\"method\":\"change_password\",\"args\":[[3]],\"kwargs\":{}}}",
                HEAD(.status = 200), .body = body);
}

static void test_own_password(void **state)
{
    const reply_t *asked = change_password("{\"result\":{\"res_model\":\"a\",\"res_id\":7}}");

    (void)state;
    assert_outcome(asked, OPERATION_NONE, OUTCOME_SUCCESS);
    assert_int_equal(asked->check_record, 7);
    assert_outcome(change_password("{\"result\":{\"tag\":\"reload\"}}"), OPERATION_PASSWORD_CHANGED,
                   OUTCOME_SUCCESS);
    assert_outcome(change_password("{\"error\":{\"code\":200}}"), OPERATION_PASSWORD_CHANGED,
                   OUTCOME_FAILED);
}

/* ---- files ---- */

#define REPORT "data=[\"/report/pdf/a.b/1\",\"qweb-pdf\"]"

static void test_file(void **state)
{
    (void)state;
    assert_outcome(READ(.path = "/report/download", .request = REPORT,
                        HEAD(.status = 200, .content_disposition = "attachment")),
                   OPERATION_REPORT, OUTCOME_SUCCESS);
    assert_outcome(READ(.path = "/report/download", .request = REPORT,
                        HEAD(.status = 200, .content_type = "text/html")),
                   OPERATION_REPORT, OUTCOME_FAILED);
    assert_outcome(READ(.path = "/web/export/csv", .request = "data={\"model\":\"a\"}",
                        HEAD(.status = 500)),
                   OPERATION_EXPORT, OUTCOME_FAILED);
    assert_outcome(READ(.method = "GET", .path = "/web/content/1", HEAD(.status = 304)),
                   OPERATION_DOWNLOAD, OUTCOME_SUCCESS);
    assert_outcome(READ(.method = "GET", .path = "/web/content/1", HEAD(.status = 404)),
                   OPERATION_DOWNLOAD, OUTCOME_FAILED);
}

/* ---- bare JSON ---- */

static void test_json2(void **state)
{
    const reply_t *reply = READ(.path = "/json/2/a.b/create", .request = "{\"vals_list\":[{},{}]}",
                                HEAD(.status = 200), .body = "[7, 8]");

    (void)state;
    assert_outcome(reply, OPERATION_CREATE, OUTCOME_SUCCESS);
    assert_text(reply->record_ids, "7 8");
    reply = READ(.path = "/json/2/a.b/search_count", .request = "{}", HEAD(.status = 200),
                 .body = "94");
    assert_outcome(reply, OPERATION_SEARCH, OUTCOME_SUCCESS);
    reply = READ(.path = "/json/2/a.b/unlink", .request = "{\"ids\":[1]}",
                 HEAD(.status = 404, .content_type = "application/json"),
                 .body = "{\"name\":\"odoo.exceptions.MissingError\",\"message\":\"x\"}");
    assert_outcome(reply, OPERATION_UNLINK, OUTCOME_FAILED);
    assert_text(reply->error, "odoo.exceptions.MissingError");
    reply = READ(.path = "/json/2/a.b/_write", .request = "{\"ids\":[1]}",
                 HEAD(.status = 403, .content_type = "application/json"),
                 .body = "{\"name\":\"odoo.exceptions.AccessError\"}");
    assert_outcome(reply, OPERATION_CALL, OUTCOME_DENIED);
}

static void test_json1(void **state)
{
    const reply_t *reply = READ(.method = "GET", .path = "/json/1/contacts", HEAD(.status = 200),
                                .body = "{\"length\":2,\"records\":[{\"id\":3},{\"id\":4}]}");

    (void)state;
    assert_outcome(reply, OPERATION_READ, OUTCOME_SUCCESS);
    assert_text(reply->record_ids, "3 4");
    assert_outcome(READ(.method = "GET", .path = "/json/1/contacts",
                        HEAD(.status = 307, .location = "/json/1/contacts?limit=80")),
                   OPERATION_NONE, OUTCOME_SUCCESS);
    assert_outcome(READ(.method = "GET", .path = "/json/1/contacts",
                        HEAD(.status = 401, .content_type = "text/html"), .body = "<p>"),
                   OPERATION_READ, OUTCOME_DENIED);
}

static void test_website_form(void **state)
{
    static const struct {
        const char *body;
        outcome_t outcome;
        const char *ids;
    } cases[] = {
        {"{\"id\": 9}", OUTCOME_SUCCESS, "9"},
        {"{\"error\": \"no\"}", OUTCOME_FAILED, NULL},
        {"{\"error_fields\": {\"name\": \"x\"}}", OUTCOME_FAILED, NULL},
        {"{\"id\": 9, \"error\": \"\", \"error_fields\": []}", OUTCOME_SUCCESS, "9"},
        {"false", OUTCOME_FAILED, NULL},
        {"<html>", OUTCOME_UNKNOWN, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const reply_t *reply = READ(.path = "/website/form/crm.lead", .request = "name=x",
                                    HEAD(.status = 200), .body = cases[i].body);

        assert_outcome(reply, OPERATION_CREATE, cases[i].outcome);
        assert_text(reply->record_ids, cases[i].ids);
    }
}

/* ---- JSON-RPC ---- */

static void test_created_message(void **state)
{
    static const char *const results[] = {
        "{\"id\":7,\"body\":\"x\"}",
        "{\"mail.message\":[{\"body\":\"x\",\"id\":7},{\"id\":3}]}",
        "{\"store_data\":{\"mail.message\":[{\"id\":3}]},\"message_id\":7}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
        const reply_t *reply =
            READ(.path = "/mail/message/post", .request = "{\"params\":{}}", HEAD(.status = 200),
                 .body = apr_psprintf(pool, "{\"jsonrpc\":\"2.0\",\"result\":%s}", results[i]));

        assert_outcome(reply, OPERATION_CREATE, OUTCOME_SUCCESS);
        assert_text(reply->record_ids, "7");
        assert_int_equal(reply->authenticated, 0); /* guests post as well */
    }
}

static void test_complaint_in_a_result(void **state)
{
    static const struct {
        const char *result;
        outcome_t outcome;
    } cases[] = {
        {"{\"error\":\"no\"}", OUTCOME_FAILED},    {"{\"error\":[[0]]}", OUTCOME_FAILED},
        {"{\"error\":{\"a\":0}}", OUTCOME_FAILED}, {"{\"error\":1.5}", OUTCOME_FAILED},
        {"{\"error\":true}", OUTCOME_FAILED},      {"{\"error\":0.0}", OUTCOME_SUCCESS},
        {"{\"error\":false}", OUTCOME_SUCCESS},    {"{\"error\":{}}", OUTCOME_SUCCESS},
        {"{\"errors\":\"x\"}", OUTCOME_SUCCESS},   {"[{\"error\":\"x\"}]", OUTCOME_SUCCESS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_outcome(READ(.path = "/my/orders/5/accept", .request = "{\"params\":{}}",
                            HEAD(.status = 200),
                            .body = apr_psprintf(pool, "{\"jsonrpc\":\"2.0\",\"result\":%s}",
                                                 cases[i].result)),
                       OPERATION_CALL, cases[i].outcome);
    }
}

#define LOGIN                                                                                      \
    "{\"params\":{\"service\":\"common\",\"method\":\"login\",\"args\":[\"d\",\"a\",\"s3cret\"]}}"

static void test_external_login(void **state)
{
    const reply_t *reply = READ(.path = "/jsonrpc", .request = LOGIN, HEAD(.status = 200),
                                .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":2}");

    (void)state;
    assert_outcome(reply, OPERATION_LOGIN, OUTCOME_SUCCESS);
    assert_int_equal(reply->authenticated, 0);
    reply = READ(.path = "/jsonrpc", .request = LOGIN, HEAD(.status = 200),
                 .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":false}");
    assert_outcome(reply, OPERATION_LOGIN_FAILED, OUTCOME_DENIED);
    reply = READ(.path = "/jsonrpc", .request = LOGIN, HEAD(.status = 200),
                 .body = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":200,\"data\":{\"name\":"
                         "\"builtins.KeyError\"}}}");
    assert_outcome(reply, OPERATION_LOGIN_FAILED, OUTCOME_FAILED);
}

static void test_unknown_route(void **state)
{
    const char *request = "{\"params\":{}}";

    (void)state;
    assert_outcome(READ(.path = "/x/y", .request = request,
                        HEAD(.status = 200, .content_type = "application/json; charset=utf-8"),
                        .body = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":0,\"data\":{\"name\":"
                                "\"odoo.exceptions.AccessError\"}}}"),
                   OPERATION_CALL, OUTCOME_DENIED);
    assert_outcome(READ(.path = "/x/y", .request = request,
                        HEAD(.status = 200, .content_type = "application/json"),
                        .body = "{\"ok\":1}"),
                   OPERATION_CALL, OUTCOME_SUCCESS);
    assert_outcome(READ(.path = "/x/y", .request = "a=1", HEAD(.status = 200)), OPERATION_CALL,
                   OUTCOME_SUCCESS);
    assert_outcome(READ(.path = "/x/y", .request = "a=1", HEAD(.status = 403)), OPERATION_CALL,
                   OUTCOME_DENIED);
    assert_outcome(READ(.path = "/x/y", .request = "a=1", HEAD(.status = 503)), OPERATION_CALL,
                   OUTCOME_UNKNOWN);
    assert_int_equal(READ(.path = "/x/y", .request = "a=1", HEAD(.status = 200))->authenticated, 0);
}

/* What a GET of this path, answered so, is taken for; nobody reads a body there. */
static operation_t shown(const char *path, int status, const char *type, const char *disposition)
{
    reply_head_t head = {.method = "GET", .status = status, .content_type = type, .credentials = 1};

    head.content_disposition = disposition;
    return reply_reader_finish(reply_reader_create(pool, route_find(path), NULL, &head, 0), 1)
        ->operation;
}

static void test_file_of_an_unknown_route(void **state)
{
    static const char path[] = "/my/module/sheet/7", attached[] = "attachment; filename=a.png";

    (void)state;
    assert_int_equal(shown(path, 200, "image/png", attached), OPERATION_DOWNLOAD);
    assert_int_equal(shown(path, 206, NULL, "Attachment"), OPERATION_DOWNLOAD);
    assert_int_equal(shown(path, 200, "application/pdf", NULL), OPERATION_DOWNLOAD);
    assert_int_equal(shown(path, 200, "text/csv;charset=utf-8", "inline"), OPERATION_DOWNLOAD);
    assert_int_equal(shown(path, 200, "text/html; charset=utf-8", NULL), OPERATION_NONE);
    assert_int_equal(shown(path, 200, "image/png", "inline; filename=a.png"), OPERATION_NONE);
    assert_int_equal(shown(path, 200, "application/json", NULL), OPERATION_NONE);
    assert_int_equal(shown(path, 200, NULL, NULL), OPERATION_NONE);
    assert_int_equal(shown(path, 403, "application/pdf", NULL), OPERATION_NONE);
    assert_int_equal(shown(path, 304, NULL, attached), OPERATION_NONE);
    assert_int_equal(shown("/web/static/a.pdf", 200, "application/pdf", NULL), OPERATION_NONE);
    assert_int_equal(shown("/web", 200, "text/html", attached), OPERATION_NONE);
}

static void test_file_that_nobody_took_along(void **state)
{
    reply_head_t head = {.method = "HEAD", .status = 200, .content_disposition = "attachment"};
    const route_t *route = route_find("/my/module/sheet/7");

    (void)state;
    head.credentials = 1;
    assert_int_equal(
        reply_reader_finish(reply_reader_create(pool, route, NULL, &head, 0), 1)->operation,
        OPERATION_NONE);
    head.method = "GET";
    head.credentials = 0;
    assert_int_equal(
        reply_reader_finish(reply_reader_create(pool, route, NULL, &head, 0), 1)->operation,
        OPERATION_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form_that_redirects),
        cmocka_unit_test(test_call_that_logs_out),
        cmocka_unit_test(test_form_that_opens_a_session),
        cmocka_unit_test(test_form_that_answers_in_words),
        cmocka_unit_test(test_link_that_leads_to_its_record),
        cmocka_unit_test(test_portal_document),
        cmocka_unit_test(test_own_password),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_json2),
        cmocka_unit_test(test_json1),
        cmocka_unit_test(test_website_form),
        cmocka_unit_test(test_created_message),
        cmocka_unit_test(test_complaint_in_a_result),
        cmocka_unit_test(test_external_login),
        cmocka_unit_test(test_unknown_route),
        cmocka_unit_test(test_file_of_an_unknown_route),
        cmocka_unit_test(test_file_that_nobody_took_along),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, setup, teardown);
}
