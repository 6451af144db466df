/* Calls on routes whose row, path, query or form tells what is done there. */
#include "call_fixture.h"

typedef struct given_t {
    const char *method, *path, *query, *content_type, *referer, *body;
    int anonymous, chunked;
} given_t;

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"

static const call_t *read_given(const given_t *given)
{
    call_request_t request = {.method = given->method,
                              .path = path_decode(pool, given->path),
                              .query = given->query,
                              .content_type = given->content_type,
                              .referer = given->referer,
                              .chunked = given->chunked,
                              .credentials = !given->anonymous};
    call_reader_t *reader =
        call_reader_create(pool, route_find(request.path), &request, redact, VALUES_FULL);

    if (given->body) {
        call_reader_feed(reader, given->body, strlen(given->body));
    }
    return call_reader_finish(reader, 1);
}

#define READ(...) read_given(&(given_t){__VA_ARGS__})
#define GET(...) READ(.method = "GET", __VA_ARGS__)
#define POST_JSON(the_path, text) READ(.path = the_path, .content_type = JSON, .body = text)
#define POST_FORM(the_path, text) READ(.path = the_path, .content_type = FORM, .body = text)

static void assert_call(const call_t *call, operation_t operation, const char *model,
                        const char *method, const char *ids)
{
    assert_int_equal(call->parsed, 1);
    assert_int_equal(call->operation, operation);
    assert_text(call->model, model);
    assert_text(call->method, method);
    assert_text(call->record_ids, ids);
}

/* ---- the table ---- */

/* A path that a row is meant for. */
static const char *path_of(const route_t *route)
{
    buffer_t path;

    buffer_init(&path, pool, 256);
    for (const char *at = route->path; *at; at++) {
        if (*at == '<') {
            buffer_append_string(&path, "7x");
            at = strchr(at, '>');
        }
        else {
            buffer_append_char(&path, *at);
        }
    }
    return buffer_string(&path);
}

/* No row stands behind one that takes its requests. */
static void test_every_row_is_found(void **state)
{
    const route_t *row;

    (void)state;
    for (apr_size_t i = 0; (row = route_row(i)) != NULL; i++) {
        if (route_find(path_of(row)) != row) {
            fail_msg("%s leads to %s", path_of(row), route_find(path_of(row))->path);
        }
    }
}

static void test_segments(void **state)
{
    const route_t *route = route_find("/json/2/res.partner/write");
    const route_t *tail = route_find("/website/action/a/b");

    (void)state;
    assert_text(route_segment(pool, route, "/json/2/res.partner/write", "<model>"), "res.partner");
    assert_text(route_segment(pool, route, "/json/2/res.partner/write", "<method>"), "write");
    assert_text(route_segment(pool, route, "/fr/json/2/res.partner/write", "<method>"), "write");
    assert_null(route_segment(pool, route, "/json/2/res.partner/write", "<id>"));
    assert_text(route_segment(pool, tail, "/website/action/a/b", "<action>"), "a/b");
    assert_text(route_behind(route_find("/json/1/a/b"), "/json/1/a/b"), "a/b");
    assert_text(route_behind(route_find("/web/image"), "/web/image"), "");
}

/* ---- JSON ---- */

static void test_message(void **state)
{
    const call_t *call = POST_JSON("/mail/message/post",
                                   "{\"params\":{\"thread_model\":\"res.partner\",\"thread_id\":"
                                   "7,\"post_data\":{\"body\":\"x\",\"access_token\":\"t\"}}}");

    (void)state;
    assert_call(call, OPERATION_CREATE, "mail.message", NULL, NULL);
    assert_string_equal(call->values, "{\"thread_model\":\"res.partner\",\"thread_id\":7,"
                                      "\"post_data\":{\"body\":\"x\","
                                      "\"access_token\":\"[redacted]\"}}");
    call = POST_JSON("/mail/chatter_post", "{\"params\":{\"res_model\":\"a.b\",\"res_id\":3}}");
    assert_call(call, OPERATION_CREATE, "mail.message", NULL, NULL);
    assert_string_equal(call->result_ids, "default_message_id");
    call = POST_JSON("/mail/attachment/delete", "{\"params\":{\"attachment_id\":9}}");
    assert_call(call, OPERATION_UNLINK, "ir.attachment", NULL, "9");
    call = POST_JSON("/mail/link_preview/delete", "{\"params\":{\"link_preview_ids\":[5,6]}}");
    assert_call(call, OPERATION_UNLINK, "mail.link.preview", NULL, "5 6");
    call = POST_JSON("/mail/thread/unsubscribe",
                     "{\"params\":{\"res_model\":\"a.b\",\"res_id\":3,\"partner_ids\":[4]}}");
    assert_call(call, OPERATION_CALL, "a.b", "message_unsubscribe", "3");
    assert_string_equal(call->values, "{\"partner_ids\":[4]}");
}

static void test_server_action(void **state)
{
    const call_t *call =
        POST_JSON("/web/action/run", "{\"params\":{\"action_id\":5,\"context\":{\"active_model\":"
                                     "\"a.b\",\"active_ids\":[1,2],\"lang\":\"en\"}}}");

    (void)state;
    assert_call(call, OPERATION_CALL, "ir.actions.server", "run", "5");
    assert_string_equal(call->values, "{\"active_model\":\"a.b\",\"active_ids\":[1,2]}");
    call = POST_JSON("/web/action/run", "{\"params\":{\"action_id\":\"base.x\"}}");
    assert_call(call, OPERATION_CALL, "ir.actions.server", "run", NULL);
    assert_string_equal(call->values, "{\"$ids\":\"base.x\"}");
    assert_int_equal(POST_JSON("/web/action/run", "{")->operation, OPERATION_UNPARSED_CALL);
}

static void test_old_dataset_routes(void **state)
{
    const call_t *call =
        POST_JSON("/web/dataset/search_read",
                  "{\"params\":{\"model\":\"a.b\",\"fields\":[\"x\",\"y\"],\"domain\":[]}}");

    (void)state;
    assert_call(call, OPERATION_READ, "a.b", "search_read", NULL);
    assert_string_equal(call->fields, "x y");
    assert_string_equal(call->result_ids, "records[].id");
    call = POST_JSON("/web/dataset/load", "{\"params\":{\"model\":\"a.b\",\"id\":4}}");
    assert_call(call, OPERATION_READ, "a.b", "load", "4");
    call = POST_JSON("/web/dataset/call",
                     "{\"params\":{\"model\":\"a.b\",\"method\":\"unlink\",\"args\":[[4]]}}");
    assert_call(call, OPERATION_UNLINK, "a.b", "unlink", "4");
}

/* ---- forms and queries ---- */

static void test_form_that_is_looked_at(void **state)
{
    (void)state;
    assert_int_equal(GET(.path = "/my/account")->operation, OPERATION_NONE);
    assert_int_equal(GET(.path = "/web/login", .query = "login=a")->operation, OPERATION_NONE);
    assert_call(POST_FORM("/my/account", "name=A+B&csrf_token=t"), OPERATION_WRITE, "res.partner",
                NULL, NULL);
    assert_string_equal(POST_FORM("/my/account", "name=A+B&csrf_token=t")->fields, "name");
}

static void test_passwords_are_not_kept(void **state)
{
    const call_t *call = POST_FORM("/my/security", "old=s3cret&new1=s3cret2&new2=s3cret2");

    (void)state;
    assert_call(call, OPERATION_PASSWORD_CHANGED, "res.users", NULL, NULL);
    assert_null(call->values);
    call = POST_FORM("/web/database/drop", "master_pwd=s3cret&name=prod");
    assert_call(call, OPERATION_CALL, NULL, "drop", NULL);
    assert_string_equal(call->values, "{\"name\":\"prod\"}");
    call = POST_FORM("/web/signup", "login=a%40b.c&password=s3cret&name=A");
    assert_call(call, OPERATION_CREATE, "res.users", "signup", NULL);
    assert_text(call->login, "a@b.c");
    assert_string_equal(call->values, "{\"name\":\"A\"}");
}

static void test_files_by_get(void **state)
{
    (void)state;
    assert_call(GET(.path = "/account/download_invoice_documents/4,5/pdf"), OPERATION_EXPORT,
                "account.move", "download_invoice_documents", "4 5");
    assert_call(GET(.path = "/account/download_move_attachments/6"), OPERATION_EXPORT,
                "account.move", "download_move_attachments", "6");
    assert_call(GET(.path = "/print/cv", .query = "employee_ids=4%2C7"), OPERATION_REPORT,
                "hr.employee", "cv", "4 7");
    assert_call(GET(.path = "/stock/pdf/stock.traceability",
                    .query = "active_id=3&active_model=a.b"),
                OPERATION_REPORT, "a.b", "stock.traceability", "3");
    assert_call(GET(.path = "/my/orders/5", .query = "report_type=pdf&download=true"),
                OPERATION_REPORT, "sale.order", "print", "5");
    assert_call(GET(.path = "/fr/my/projects/2/task/7", .query = "report_type=text"),
                OPERATION_REPORT, "project.task", "print", "7");
    assert_call(GET(.path = "/my/orders/5", .query = "report_type=xls"), OPERATION_NONE, NULL, NULL,
                NULL);
    assert_call(GET(.path = "/my/picking/return/pdf/3"), OPERATION_REPORT, "stock.picking",
                "return_pdf", "3");
}

static void test_changes_by_get(void **state)
{
    const call_t *call = GET(.path = "/lead/case_mark_won", .query = "res_id=8&token=t");

    (void)state;
    assert_call(call, OPERATION_CALL, "crm.lead", "case_mark_won", "8");
    assert_null(call->values);
    assert_call(GET(.path = "/leave/approve", .query = "res_id=4&token=t"), OPERATION_CALL,
                "hr.leave", "approve", "4");
    assert_call(GET(.path = "/allocation/refuse", .query = "res_id=5&token=t"), OPERATION_CALL,
                "hr.leave.allocation", "refuse", "5");
    assert_call(GET(.path = "/digest/2/unsubscribe"), OPERATION_CALL, "digest.digest",
                "unsubscribe", "2");
    call = GET(.path = "/digest/2/set_periodicity", .query = "periodicity=weekly");
    assert_call(call, OPERATION_CALL, "digest.digest", "set_periodicity", "2");
    assert_string_equal(call->values, "{\"periodicity\":\"weekly\"}");
    assert_call(GET(.path = "/calendar/meeting/join", .query = "token=t"), OPERATION_CALL,
                "calendar.event", "join", NULL);
    assert_call(GET(.path = "/survey/start/b135640d"), OPERATION_CALL, "survey.survey", "start",
                NULL);
    assert_call(GET(.path = "/google_gmail/confirm", .query = "code=c&state={}"), OPERATION_CALL,
                NULL, NULL, NULL);
    assert_call(GET(.path = "/payment/stripe/return", .query = "reference=r"), OPERATION_CALL, NULL,
                NULL, NULL);
    assert_call(GET(.path = "/base_setup/data"), OPERATION_NONE, NULL, NULL, NULL);
    assert_call(GET(.path = "/payment/pay"), OPERATION_NONE, NULL, NULL, NULL);
    call = GET(.path = "/mail/unfollow", .query = "model=a.b&res_id=3&pid=4&token=t");
    assert_call(call, OPERATION_CALL, "a.b", "message_unsubscribe", "3");
    assert_call(GET(.path = "/web/become"), OPERATION_CALL, "res.users", "become", NULL);
    assert_call(GET(.path = "/my/orders/5/decline"), OPERATION_NONE, NULL, NULL, NULL);
    assert_call(POST_FORM("/my/orders/5/decline", ""), OPERATION_CALL, "sale.order", "decline",
                "5");
    assert_call(POST_FORM("/website/form/crm.lead", "name=x"), OPERATION_CREATE, "crm.lead", NULL,
                NULL);
}

static void test_links(void **state)
{
    (void)state;
    assert_call(GET(.path = "/leave/validate", .query = "res_id=8&token=t"), OPERATION_CALL,
                "hr.leave", "validate", "8");
    assert_call(GET(.path = "/fr/slides/slide/my-slide-5/set_completed"), OPERATION_CALL,
                "slide.slide", "set_completed", "5");
    assert_call(GET(.path = "/slides/slide/7/set_uncompleted"), OPERATION_CALL, "slide.slide",
                "set_uncompleted", "7");
    assert_call(GET(.path = "/digest/3/set_periodicity", .query = "periodicity=weekly"),
                OPERATION_CALL, "digest.digest", "set_periodicity", "3");
    assert_call(GET(.path = "/survey/start/0d5f9d3c-aaaa-bbbb-cccc-1234567890ab"), OPERATION_CALL,
                "survey.survey", "start", NULL);
    assert_call(GET(.path = "/calendar/meeting/join", .query = "token=t&id=4"), OPERATION_CALL,
                "calendar.event", "join", NULL);
}

static void test_files_of_a_portal_and_a_conversation(void **state)
{
    (void)state;
    assert_call(GET(.path = "/my/orders/5/document/9"), OPERATION_DOWNLOAD, "product.document",
                NULL, "9");
    assert_call(GET(.path = "/my/orders/5/download_edi"), OPERATION_EXPORT, "sale.order",
                "download_edi", "5");
    assert_call(GET(.path = "/mail/attachment/pdf_first_page/9"), OPERATION_DOWNLOAD,
                "ir.attachment", NULL, "9");
}

static void test_what_only_shows(void **state)
{
    (void)state;
    assert_call(POST_JSON("/my/counters", "{\"params\":{\"counters\":[\"order_count\"]}}"),
                OPERATION_NONE, NULL, NULL, NULL);
    assert_call(POST_JSON("/web/sign/get_fonts/", "{\"params\":{}}"), OPERATION_NONE, NULL, NULL,
                NULL);
    assert_call(POST_JSON("/hr/get_org_chart", "{\"params\":{\"employee_id\":4}}"), OPERATION_READ,
                "hr.employee", "get_org_chart", "4");
}

static void test_background_doors(void **state)
{
    const call_t *call = POST_JSON(
        "/mail/action",
        "{\"params\":{\"fetch_params\":[[\"/discuss/create_channel\",{\"name\":\"n\"},2]]}}");

    (void)state;
    assert_call(call, OPERATION_CALL, NULL, NULL, NULL);
    assert_string_equal(call->values,
                        "{\"fetch_params\":[[\"/discuss/create_channel\",{\"name\":\"n\"},2]]}");
    assert_call(POST_JSON("/mail/link_preview", "{\"params\":{\"message_id\":8}}"), OPERATION_CALL,
                "mail.message", NULL, "8");
    assert_call(POST_JSON("/discuss/channel/mark_as_read",
                          "{\"params\":{\"channel_id\":3,\"last_message_id\":8}}"),
                OPERATION_CALL, "discuss.channel", NULL, "3");
    assert_int_equal(POST_JSON("/mail/action", "{\"params\":{}}")->background, 1);
    assert_int_equal(POST_JSON("/discuss/channel/mark_as_read", "{\"params\":{}}")->background, 1);
    assert_int_equal(POST_JSON("/mail/message/post", "{\"params\":{}}")->background, 0);
}

/* ---- exports and reports ---- */

#define EXPORT                                                                                     \
    "{\"model\":\"res.partner\",\"fields\":[{\"name\":\"city\",\"label\":\"C\"},{\"name\":"        \
    "\"email\"}],\"ids\":[4,5],\"domain\":[],\"import_compat\":false}"

static void test_export(void **state)
{
    const call_t *call = GET(.path = "/web/export/csv", .query = "data=" EXPORT);

    (void)state;
    assert_call(call, OPERATION_EXPORT, "res.partner", NULL, "4 5");
    assert_string_equal(call->fields, "city email");
    assert_string_equal(call->values, "{\"domain\":[],\"import_compat\":false}");
    call = POST_FORM("/fr/web/export/xlsx", "data=" EXPORT "&token=1");
    assert_call(call, OPERATION_EXPORT, "res.partner", NULL, "4 5");
    call = POST_FORM("/web/export/csv", "data={\"model\":\"a\",\"ids\":false,\"domain\":[1]}");
    assert_call(call, OPERATION_EXPORT, "a", NULL, NULL);
    assert_int_equal(call->record_count, -1);
    assert_int_equal(POST_FORM("/web/export/csv", "data={")->operation, OPERATION_UNPARSED_CALL);
}

static void test_export_of_many(void **state)
{
    buffer_t body;
    const call_t *call;

    (void)state;
    buffer_init(&body, pool, 1024 * 1024);
    buffer_append_string(&body, "data={\"ids\":[1");
    for (int i = 2; i <= 20000; i++) {
        buffer_append_string(&body, apr_psprintf(pool, ",%d", i));
    }
    buffer_append_string(&body, "],\"model\":\"a.b\"}");
    call = POST_FORM("/web/export/csv", buffer_string(&body));
    assert_int_equal(call->record_count, 20000);
    assert_text(call->model, "a.b");
}

static void test_report(void **state)
{
    const call_t *call = GET(.path = "/report/pdf/sale.report_saleorder/4,5");

    (void)state;
    assert_call(call, OPERATION_REPORT, "sale.order", "sale.report_saleorder", "4 5");
    call =
        POST_FORM("/report/download",
                  "data=[\"/report/pdf/my.report/7?x=1\",\"qweb-pdf\"]&context={\"active_model\":"
                  "\"my.model\",\"active_ids\":[7]}");
    assert_call(call, OPERATION_REPORT, "my.model", "my.report", "7");
    call = POST_FORM("/report/download",
                     "data=[\"/report/pdf/my.report?context=%257B%2522active_model%2522%253A%2522a"
                     "%2522%252C%2522active_ids%2522%253A%255B3%255D%257D\",\"qweb-pdf\"]");
    assert_call(call, OPERATION_REPORT, "a", "my.report", "3");
    assert_int_equal(POST_FORM("/report/download", "data=x")->operation, OPERATION_UNPARSED_CALL);
    assert_call(GET(.path = "/report/barcode", .query = "value=1"), OPERATION_NONE, NULL, NULL,
                NULL);
}

static void test_download(void **state)
{
    const call_t *call = GET(.path = "/web/content/12-5fa/name.pdf");

    (void)state;
    assert_call(call, OPERATION_DOWNLOAD, "ir.attachment", NULL, "12");
    assert_int_equal(call->background, 1);
    assert_call(GET(.path = "/web/image/res.partner/3/avatar_128"), OPERATION_DOWNLOAD,
                "res.partner", NULL, "3");
    assert_call(GET(.path = "/web/image/3/100x100/a.png"), OPERATION_DOWNLOAD, "ir.attachment",
                NULL, "3");
    assert_call(GET(.path = "/web/image", .query = "model=res.users&id=2&field=image"),
                OPERATION_DOWNLOAD, "res.users", NULL, "2");
    assert_call(GET(.path = "/discuss/channel/4/attachment/9"), OPERATION_DOWNLOAD, "ir.attachment",
                NULL, "9");
    assert_call(GET(.path = "/mail/channel/4/image/9/300x300"), OPERATION_DOWNLOAD, "ir.attachment",
                NULL, "9");
    assert_call(GET(.path = "/web/content/base.logo"), OPERATION_DOWNLOAD, "ir.attachment", NULL,
                NULL);
}

/* ---- programs ---- */

static const call_t *external(const char *service, const char *method, const char *args)
{
    return POST_JSON("/jsonrpc", apr_psprintf(pool,
                                              "{\"params\":{\"service\":\"%s\",\"method\":\"%s\","
                                              "\"args\":%s}}",
                                              service, method, args));
}

static void test_external_object(void **state)
{
    const call_t *call = external("object", "execute_kw",
                                  "[\"db\",2,\"s3cret\",\"a.b\",\"write\",[[7,8],{\"x\":1}],"
                                  "{\"context\":{\"active_id\":3}}]");

    (void)state;
    assert_call(call, OPERATION_WRITE, "a.b", "write", "7 8");
    assert_text(call->database, "db");
    assert_int_equal(call->uid, 2);
    assert_string_equal(call->values, "{\"x\":1}");
    call = external("object", "execute", "[\"db\",\"2\",\"s3cret\",\"a.b\",\"unlink\",[7]]");
    assert_call(call, OPERATION_UNLINK, "a.b", "unlink", "7");
    assert_int_equal(call->uid, 2);
    call = external("object", "execute_kw",
                    "[\"db\",2,\"s3cret\",\"a.b\",\"write\",[[7]],{\"vals\":{\"y\":2}}]");
    assert_string_equal(call->values, "{\"y\":2}");
    call = external("object", "execute_kw", "[\"db\",2,\"s3cret\",\"a.b\",\"do_it\",[[7],\"x\"]]");
    assert_call(call, OPERATION_CALL, "a.b", "do_it", "7");
    assert_string_equal(call->values, "{\"args\":[\"x\"]}");
    assert_int_equal(external("object", "execute", "[\"db\",2,\"p\"]")->parsed, 0);
}

static void test_external_login(void **state)
{
    const call_t *call = external("common", "authenticate", "[\"db\",\"admin\",\"s3cret\",{}]");

    (void)state;
    assert_call(call, OPERATION_LOGIN, "res.users", "authenticate", NULL);
    assert_text(call->login, "admin");
    assert_text(call->database, "db");
    assert_null(call->values);
    assert_int_equal(external("common", "version", "[]")->operation, OPERATION_NONE);
}

static void test_external_databases(void **state)
{
    const call_t *call = external("db", "drop", "[\"s3cret\",\"prod\"]");

    (void)state;
    assert_call(call, OPERATION_CALL, NULL, "drop", NULL);
    assert_text(call->database, "prod");
    assert_null(call->values);
    assert_int_equal(external("db", "dump", "[\"s3cret\",\"prod\"]")->operation, OPERATION_EXPORT);
    call = external("db", "change_admin_password", "[\"s3cret\",\"s3cret2\"]");
    assert_call(call, OPERATION_CALL, NULL, "change_admin_password", NULL);
    assert_null(call->database);
    assert_int_equal(external("db", "list", "[]")->operation, OPERATION_NONE);
    assert_int_equal(external("nothing", "x", "[]")->parsed, 0);
}

static void test_json2(void **state)
{
    const call_t *call =
        POST_JSON("/json/2/a.b/write", "{\"ids\":[7],\"vals\":{\"x\":1},\"context\":"
                                       "{\"lang\":\"en\"}}");

    (void)state;
    assert_call(call, OPERATION_WRITE, "a.b", "write", "7");
    assert_string_equal(call->values, "{\"x\":1}");
    assert_call(POST_JSON("/json/2/a.b/unlink", "{\"ids\":7}"), OPERATION_UNLINK, "a.b", "unlink",
                "7");
    assert_call(POST_JSON("/json/2/a.b/do_it", "{\"ids\":[7],\"x\":1}"), OPERATION_CALL, "a.b",
                "do_it", "7");
    /* model and method of the body mean nothing there */
    assert_call(POST_JSON("/json/2/a.b/search", "{\"model\":\"c\",\"method\":\"unlink\"}"),
                OPERATION_SEARCH, "a.b", "search", NULL);
    assert_int_equal(GET(.path = "/json/2/a.b/search_count")->operation, OPERATION_NONE);
    assert_int_equal(POST_JSON("/json/2/a.b/write", "{\"ids\":[1],")->parsed, 0);
}

/* Without a Content-Length Odoo does not read it: what stands there did not happen. */
static void test_json2_without_a_length(void **state)
{
    const char *filler = apr_pstrdup(pool, "");
    const call_t *call;
    given_t given = {.path = "/json/2/a.b/unlink", .content_type = JSON, .chunked = 1};

    (void)state;
    given.body = "{\"ids\":[7]}";
    call = read_given(&given);
    assert_call(call, OPERATION_UNLINK, "a.b", "unlink", "7");
    filler = apr_psprintf(pool, "%020000d", 0);
    given.body = apr_psprintf(pool, "{\"ids\":[7],\"x\":\"%s\"}", filler);
    call = read_given(&given);
    assert_null(call->record_ids);
    assert_text(call->flags, CALL_FLAG_BODY_IGNORED);
}

static void test_json1(void **state)
{
    (void)state;
    assert_call(GET(.path = "/json/1/contacts/14"), OPERATION_READ, NULL, NULL, NULL);
    assert_call(GET(.path = "/json/1/res.partner/14"), OPERATION_READ, "res.partner", NULL, NULL);
    assert_call(GET(.path = "/json/1/action-contacts.action_contacts"), OPERATION_READ, NULL, NULL,
                NULL);
}

/* ---- what nobody knows ---- */

static void test_unknown_routes(void **state)
{
    const call_t *call =
        POST_JSON("/my/module/do", "{\"params\":{\"res_model\":\"a.b\",\"res_id\":4,\"pin\":1}}");

    (void)state;
    assert_call(call, OPERATION_CALL, "a.b", NULL, "4");
    assert_null(call->values);
    assert_call(POST_JSON("/mail/chatter_fetch",
                          "{\"params\":{\"thread_model\":\"a.b\",\"thread_id\":3}}"),
                OPERATION_CALL, "a.b", NULL, "3");
    assert_call(POST_JSON("/my/module/do", "{\"params\":{\"model\":\"Not a model\"}}"),
                OPERATION_CALL, NULL, NULL, NULL);
    assert_call(POST_JSON("/my/module/do", "not json"), OPERATION_CALL, NULL, NULL, NULL);
    assert_call(POST_FORM("/my/module/do", "a=1"), OPERATION_CALL, NULL, NULL, NULL);
    assert_call(READ(.path = "/my/module/do", .method = "DELETE"), OPERATION_CALL, NULL, NULL,
                NULL);
    assert_call(GET(.path = "/my/module/do", .body = "x"), OPERATION_CALL, NULL, NULL, NULL);
    assert_int_equal(GET(.path = "/my/module/do")->operation, OPERATION_NONE);
    assert_int_equal(READ(.path = "/my/module/do", .body = "a=1", .anonymous = 1)->operation,
                     OPERATION_NONE);
    assert_int_equal(POST_JSON("/web/action/load", "{}")->operation, OPERATION_NONE);
}

static void test_empty_field_for_ids(void **state)
{
    const call_t *call = POST_FORM("/my/address/submit", "partner_id=&name=A");

    (void)state;
    assert_call(call, OPERATION_WRITE, "res.partner", NULL, NULL);
    assert_int_equal(call->record_count, -1);
}

static void test_point_of_sale_opens_by_get(void **state)
{
    (void)state;
    assert_call(GET(.path = "/pos/ui", .query = "config_id=3"), OPERATION_CALL, "pos.config",
                "open_ui", "3");
    assert_call(GET(.path = "/pos/ui/3"), OPERATION_CALL, "pos.config", "open_ui", "3");
    assert_call(GET(.path = "/pos/web", .query = "config_id=3"), OPERATION_CALL, "pos.config",
                "open_ui", "3");
}

static void test_page_behind_a_login(void **state)
{
    (void)state;
    assert_int_equal(GET(.path = "/odoo", .referer = "http://h/web/login")->operation,
                     OPERATION_CALL);
    assert_int_equal(GET(.path = "/odoo", .referer = "http://h/odoo")->operation, OPERATION_NONE);
    assert_int_equal(GET(.path = "/odoo")->operation, OPERATION_NONE);
}

static void test_import_names_its_target_early(void **state)
{
    const call_t *call =
        call_with("base_import.import", "create", "[{\"res_model\":\"res.partner\"}]", "{}");

    (void)state;
    assert_text(call->import_model, "res.partner");
    call = call_with("base_import.import", "execute_import", "[5,[\"name\"],[],{}]", "{}");
    assert_int_equal(call->operation, OPERATION_IMPORT);
    assert_int_equal(call->import_record, 5);
    assert_null(call->record_ids); /* 5 is no record of the target */
    assert_int_equal(call->record_count, -1);
    assert_null(call_with("a.b", "create", "[{\"res_model\":\"x\"}]", "{}")->import_model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_found),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_server_action),
        cmocka_unit_test(test_old_dataset_routes),
        cmocka_unit_test(test_form_that_is_looked_at),
        cmocka_unit_test(test_passwords_are_not_kept),
        cmocka_unit_test(test_files_by_get),
        cmocka_unit_test(test_changes_by_get),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_files_of_a_portal_and_a_conversation),
        cmocka_unit_test(test_what_only_shows),
        cmocka_unit_test(test_background_doors),
        cmocka_unit_test(test_export),
        cmocka_unit_test(test_export_of_many),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_download),
        cmocka_unit_test(test_external_object),
        cmocka_unit_test(test_external_login),
        cmocka_unit_test(test_external_databases),
        cmocka_unit_test(test_json2),
        cmocka_unit_test(test_json2_without_a_length),
        cmocka_unit_test(test_json1),
        cmocka_unit_test(test_unknown_routes),
        cmocka_unit_test(test_empty_field_for_ids),
        cmocka_unit_test(test_point_of_sale_opens_by_get),
        cmocka_unit_test(test_page_behind_a_login),
        cmocka_unit_test(test_import_names_its_target_early),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, setup, teardown);
}
