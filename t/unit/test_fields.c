/* What a controller of Odoo gets from query and form (facts A4), and what an upload becomes. */
#include "call_fixture.h"
#include "odoo/fields.h"
#include "odoo/reply.h"

#define PLAIN "application/x-www-form-urlencoded"
#define TYPE "multipart/form-data; boundary=B"
#define FIELD(name, value)                                                                         \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART(name, filename, value)                                                           \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"" filename "\"\r\n"      \
    "Content-Type: text/plain\r\n\r\n" value "\r\n"
#define END "--B--\r\n"

static const char *const names[] = {"model", "id", "data", NULL};

static fields_t *read_fields(const char *content_type, const char *query, const char *body,
                             int complete)
{
    fields_t *fields = fields_create(pool, names, content_type, query);

    fields_feed(fields, body, strlen(body));
    fields_end(fields, complete);
    return fields;
}

static void form_beats_query_and_file_beats_form(void **state)
{
    fields_t *plain = read_fields(PLAIN, "model=q&id=q", "model=a&model=b", 1);
    fields_t *parts = read_fields(TYPE, "model=q&id=q",
                                  FIELD("model", "a") FIELD("model", "b")
                                      FILE_PART("model", "f", "c") FIELD("model", "d") END,
                                  1);

    (void)state;
    assert_text(fields_value(plain, "model"), "a");
    assert_text(fields_value(plain, "id"), "q");
    assert_text(fields_value(plain, "data"), NULL);
    assert_text(fields_value(parts, "model"), "c");
    assert_text(fields_value(parts, "id"), "q");
    assert_text(fields_value(parts, "unknown"), NULL);
}

static const char *all_of(fields_t *fields)
{
    const char *name, *all = "";

    for (apr_size_t i = 0; (name = fields_name(fields, i)) != NULL; i++) {
        const char *value = fields_value(fields, name);

        all = apr_pstrcat(pool, all, i ? "&" : "", name, "=", value ? value : "(none)", NULL);
    }
    return all;
}

static fields_t *read_all(const char *content_type, const char *query, const char *body)
{
    static const char *const any[] = {"id", FORM_ANY_NAME, NULL};
    fields_t *fields = fields_create(pool, any, content_type, query);

    fields_feed(fields, body, strlen(body));
    fields_end(fields, 1);
    return fields;
}

static void every_name_may_be_asked_for(void **state)
{
    const char *many = "";
    fields_t *fields;

    (void)state;
    assert_string_equal(all_of(read_all(PLAIN, "q=1&a=2", "a=%41+b&c&id=3&a=4&=5&*=6")),
                        "id=3&a=A b&c=&=5&*=6&q=1");
    assert_string_equal(all_of(read_all(TYPE, "q=1",
                                        FIELD("a", "A b") FILE_PART("f", "n", "c") FIELD("a", "4")
                                            FIELD("id", "3") END)),
                        "id=3&a=A b&q=1");
    assert_string_equal(all_of(read_all("text/plain", "q=1", "a=2")), "id=(none)&q=1");
    for (int i = 0; i < 2 * FORM_MAX_FIELDS; i++) {
        many = apr_psprintf(pool, "%s%d=v&", many, i);
    }
    fields = read_all(PLAIN, NULL, many);
    assert_true(fields_left_out(fields));
    assert_non_null(fields_name(fields, FORM_MAX_FIELDS - 1));
    assert_null(fields_name(fields, FORM_MAX_FIELDS));
    assert_text(fields_value(fields, "5"), "v");
    assert_false(fields_left_out(read_all(PLAIN, NULL, "a=1&b=2")));
}

static void a_body_that_odoo_does_not_read_says_nothing(void **state)
{
    fields_t *cut = read_fields(PLAIN, "id=q", "model=a&id=a", 0);
    fields_t *malformed = read_fields(TYPE, "id=q", FIELD("model", "a") FIELD("id", "a"), 1);
    fields_t *other = read_fields("text/plain", "id=q", "model=a", 1);

    (void)state;
    assert_text(fields_value(cut, "model"), NULL);
    assert_text(fields_value(cut, "id"), "q");
    assert_false(fields_malformed(cut));
    assert_text(fields_value(malformed, "model"), NULL);
    assert_text(fields_value(malformed, "id"), "q");
    assert_true(fields_malformed(malformed));
    assert_text(fields_value(other, "model"), NULL);
    assert_text(fields_value(other, "id"), "q");
}

static void long_values_are_cut(void **state)
{
    char *text = apr_palloc(pool, FORM_MAX_VALUE + 2);
    fields_t *fields;

    (void)state;
    memset(text, 'x', FORM_MAX_VALUE + 1);
    text[FORM_MAX_VALUE + 1] = '\0';
    fields = read_fields(TYPE, NULL,
                         apr_pstrcat(pool, FIELD("id", "1"),
                                     "--B\r\nContent-Disposition: x; "
                                     "name=model\r\n\r\n",
                                     text, "\r\n" END, NULL),
                         1);
    assert_int_equal(strlen(fields_value(fields, "model")), FORM_MAX_VALUE);
    assert_true(fields_value_cut(fields, "model"));
    assert_false(fields_value_cut(fields, "id"));
    fields = read_fields(PLAIN, NULL, apr_pstrcat(pool, "model=", text, NULL), 1);
    assert_int_equal(strlen(fields_value(fields, "model")), FORM_MAX_VALUE);
    assert_true(fields_value_cut(fields, "model"));
}

static void add_piece(void *payload, const char *data, apr_size_t length)
{
    buffer_t *buffer = payload;

    if (data) {
        buffer_append(buffer, data, length);
    }
    else {
        buffer_reset(buffer);
    }
}

static const char *streamed(const char *content_type, const char *query, const char *body)
{
    fields_t *fields = fields_create(pool, names, content_type, query);
    buffer_t buffer;

    buffer_init(&buffer, pool, 1u << 20);
    fields_stream(fields, "data", add_piece, &buffer);
    for (apr_size_t i = 0; body[i]; i++) {
        fields_feed(fields, body + i, 1);
    }
    fields_end(fields, 1);
    return apr_pstrdup(pool, buffer_string(&buffer));
}

static void a_value_may_be_streamed(void **state)
{
    (void)state;
    assert_text(streamed(PLAIN, "data=q", "id=1&data=%5B1%5D&data=2"), "[1]");
    assert_text(streamed(PLAIN, "id=2&data=q+q", "id=1"), "q q");
    assert_text(streamed(PLAIN, NULL, "id=1"), "");
    assert_text(streamed(TYPE, "data=q", FIELD("data", "[1]") FIELD("data", "[2]") END), "[1]");
    assert_text(streamed(TYPE, "data=q", FIELD("data", "[1]") FILE_PART("data", "blob", "[2]") END),
                "[2]");
    assert_text(streamed(TYPE, "data=q", FIELD("data", "[1]")), "q");
}

static void files_are_described(void **state)
{
    fields_t *fields =
        read_fields(TYPE, NULL, FILE_PART("ufile", "a.txt", "12345") FILE_PART("ufile", "", "") END,
                    1);
    buffer_t buffer;

    (void)state;
    buffer_init(&buffer, pool, 4096);
    json_write(&buffer, fields_files(fields));
    assert_int_equal(fields_file_count(fields), 2);
    assert_string_equal(
        buffer_string(&buffer),
        "[{\"field\":\"ufile\",\"name\":\"a.txt\",\"type\":\"text/plain\",\"size\":5},"
        "{\"field\":\"ufile\",\"name\":\"\",\"type\":\"text/plain\",\"size\":0}]");
    assert_null(fields_files(read_fields(PLAIN, NULL, "model=a", 1)));
}

static void the_files_described_have_a_limit(void **state)
{
    buffer_t body;
    fields_t *fields;

    (void)state;
    buffer_init(&body, pool, 1u << 20);
    for (int i = 0; i < FIELDS_MAX_FILES + 5; i++) {
        buffer_append_string(&body, FILE_PART("ufile", "a", "x"));
    }
    buffer_append_string(&body, END);
    fields = read_fields(TYPE, NULL, buffer_string(&body), 1);
    assert_int_equal(fields_files(fields)->count, FIELDS_MAX_FILES);
    assert_int_equal(fields_file_count(fields), FIELDS_MAX_FILES + 5);
}

/* ---- uploads ---- */

static const call_t *upload(const char *path, const char *body)
{
    return read_at(path, TYPE, VALUES_FULL, body, 1);
}

static const reply_t *answer(const char *path, const char *body, apr_size_t piece)
{
    const reply_head_t head = {.method = "POST", .status = 200, .sent_session = "s"};
    const call_t *call = upload(path, FILE_PART("ufile", "a.txt", "x") END);
    reply_reader_t *reader = reply_reader_create(pool, route_find(path), call, &head, 1);
    apr_size_t length = strlen(body);

    for (apr_size_t at = 0; at < length; at += piece) {
        if (reply_reader_feed(reader, body + at, length - at < piece ? length - at : piece)) {
            break;
        }
    }
    return reply_reader_finish(reader, 1);
}

static void fields_after_the_file_are_read(void **state)
{
    const call_t *call = upload("/web/binary/upload_attachment",
                                FIELD("csrf_token", "secret") FILE_PART("ufile", "a.txt", "12345")
                                    FIELD("model", "res.partner") FIELD("id", "7") END);

    (void)state;
    assert_int_equal(call->operation, OPERATION_CREATE);
    assert_text(call->model, "ir.attachment");
    assert_text(call->values,
                "{\"model\":\"res.partner\",\"id\":\"7\",\"files\":[{\"field\":\"ufile\","
                "\"name\":\"a.txt\",\"type\":\"text/plain\",\"size\":5}]}");
    assert_null(call->flags);
    call = upload("/base_import/set_file",
                  FILE_PART("file", "a.csv", "x") FIELD("import_id", "3") END);
    assert_records(call, OPERATION_WRITE, "3", 1);
    assert_text(call->model, "base_import.import");
}

static void a_malformed_upload_is_flagged(void **state)
{
    const call_t *call = upload("/web/binary/upload_attachment", FIELD("model", "res.partner"));

    (void)state;
    assert_int_equal(call->operation, OPERATION_CREATE);
    assert_text(call->flags, CALL_FLAG_MALFORMED);
    assert_null(call->values);
}

static void secrets_of_an_upload_are_not_kept(void **state)
{
    const call_t *call =
        upload("/base_import_module/login_upload", FIELD("login", "ada") FIELD("password", "sesame")
                                                       FILE_PART("mod_file", "m.zip", "PK") END);

    (void)state;
    assert_int_equal(call->operation, OPERATION_CALL);
    assert_text(call->login, "ada");
    assert_null(strstr(call->values ? call->values : "", "sesame"));
    call = upload("/web/database/restore", FIELD("master_pwd", "sesame") FIELD("name", "copy")
                                               FILE_PART("backup_file", "d.zip", "PK") END);
    assert_null(strstr(call->values ? call->values : "", "sesame"));
    call = upload("/web/login", FIELD("login", "ada") FIELD("password", "sesame") END);
    assert_int_equal(call->operation, OPERATION_LOGIN);
    assert_text(call->login, "ada");
    assert_null(call->values);
}

static void assert_made(const char *path, const char *body, const char *ids)
{
    for (apr_size_t piece = 1; piece <= strlen(body); piece++) {
        const reply_t *reply = answer(path, body, piece);

        assert_int_equal(reply->operation, OPERATION_CREATE);
        assert_int_equal(reply->outcome, ids ? OUTCOME_SUCCESS : OUTCOME_FAILED);
        assert_text(reply->record_ids, ids);
    }
}

static void new_attachments_are_read_in_every_shape(void **state)
{
    static const char web[] = "/web/binary/upload_attachment";
    static const char mail[] = "/mail/attachment/upload";

    (void)state;
    assert_made(web, "[{\"filename\":\"a\",\"id\":5,\"size\":1},{\"error\":\"no\"},{\"id\":6}]",
                "5 6");
    assert_made(web, "[{\"error\":\"no\"}]", NULL);
    assert_made(web,
                "\n<script language=\"javascript\">\n  var win = window.top.window;\n"
                "  win.jQuery(win).trtrigger(\"a \\\" [1]\", [{\"id\":5},{\"id\":6}]);\n</script>",
                "5 6");
    assert_made(mail, "{\"filename\":\"a\",\"id\":5}", "5");
    assert_made(mail, "{\"data\":{\"ir.attachment\":[{\"name\":\"a\",\"id\":5}]}}", "5");
    assert_made(mail,
                "{\"data\":{\"store_data\":{\"ir.attachment\":[{\"id\":5}]},"
                "\"attachment_id\":5}}",
                "5");
    assert_made(mail, "{\"error\":\"no\"}", NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_beats_query_and_file_beats_form),
        cmocka_unit_test(every_name_may_be_asked_for),
        cmocka_unit_test(a_body_that_odoo_does_not_read_says_nothing),
        cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(a_value_may_be_streamed),
        cmocka_unit_test(files_are_described),
        cmocka_unit_test(the_files_described_have_a_limit),
        cmocka_unit_test(fields_after_the_file_are_read),
        cmocka_unit_test(a_malformed_upload_is_flagged),
        cmocka_unit_test(secrets_of_an_upload_are_not_kept),
        cmocka_unit_test(new_attachments_are_read_in_every_shape),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, setup, teardown);
    apr_terminate();
    return failed;
}
