#include "call_fixture.h"

/* ---- the table's methods ---- */

static void test_write(void **state)
{
    const call_t *call =
        call_with("res.partner", "write", "[[7,8],{\"name\":\"A\",\"phone\":false}]", "{}");

    (void)state;
    assert_records(call, OPERATION_WRITE, "7 8", 2);
    assert_string_equal(call->model, "res.partner");
    assert_string_equal(call->method, "write");
    assert_string_equal(call->fields, "name phone");
    assert_string_equal(call->values, "{\"name\":\"A\",\"phone\":false}");
    assert_null(call->flags);
    assert_null(call->result_ids);
    assert_int_equal(call->parsed, 1);
    assert_int_equal(call->background, 0);
}

static void test_values_by_keyword(void **state)
{
    (void)state;
    assert_text(call_with("x", "write", "[[7]]", "{\"values\":{\"a\":1}}")->values, "{\"a\":1}");
    assert_text(call_with("x", "write", "[[7]]", "{\"vals\":{\"a\":1}}")->fields, "a");
}

static void test_create(void **state)
{
    const call_t *one = call_with("x", "create", "[{\"a\":1}]", "{}");
    const call_t *two = call_with("x", "create", "[[{\"a\":1,\"b\":2},{\"c\":3,\"a\":4}]]", "{}");

    (void)state;
    assert_records(one, OPERATION_CREATE, NULL, 1);
    assert_records(two, OPERATION_CREATE, NULL, 2);
    assert_string_equal(two->fields, "a b c");
    assert_string_equal(two->values, "[{\"a\":1,\"b\":2},{\"c\":3,\"a\":4}]");
    assert_string_equal(two->result_ids, ". []");
}

static void test_web_save_creates_without_ids(void **state)
{
    const call_t *create =
        call_with("x", "web_save", "[[],{\"a\":1}]", "{\"specification\":{\"b\":{}}}");
    const call_t *next = call_with("x", "web_save", "[[],{\"a\":1}]", "{\"next_id\":9}");
    const call_t *write = call_with("x", "web_save", "[[4,5],{\"a\":1}]", "{}");

    (void)state;
    assert_records(create, OPERATION_CREATE, NULL, 1);
    assert_string_equal(create->result_ids, "[].id");
    assert_string_equal(create->fields, "a");
    assert_records(next, OPERATION_CREATE, NULL, 1);
    assert_null(next->result_ids); /* the answer shows record 9 */
    assert_records(write, OPERATION_WRITE, "4 5", 2);
    assert_null(write->result_ids);
}

static void test_web_save_multi(void **state)
{
    const call_t *call = call_with("x", "web_save_multi", "[[4,5],[{\"a\":1},{\"b\":2}],{}]", "{}");

    (void)state;
    assert_records(call, OPERATION_WRITE, "4 5", 2);
    assert_string_equal(call->fields, "a b");
    assert_string_equal(call->values, "[{\"a\":1},{\"b\":2}]");
}

static void test_copy_tells_its_sources(void **state)
{
    const call_t *call = call_with("x", "copy", "[14]", "{\"default\":{\"name\":\"n\"}}");

    (void)state;
    assert_records(call, OPERATION_CREATE, NULL, 1);
    assert_string_equal(call->values, "{\"name\":\"n\",\"$copied\":14}");
    assert_string_equal(call->result_ids, ". []");
    assert_records(call_with("x", "copy_multi", "[[1,2,3]]", "{}"), OPERATION_CREATE, NULL, 3);
}

static void test_name_create(void **state)
{
    const call_t *call = call_with("crm.stage", "name_create", "[\"Won\"]", "{}");

    (void)state;
    assert_records(call, OPERATION_CREATE, NULL, 1);
    assert_string_equal(call->fields, "name");
    assert_string_equal(call->values, "{\"name\":\"Won\"}");
    assert_string_equal(call->result_ids, "[0]");
}

static void test_favourite(void **state)
{
    const call_t *call = call_with("ir.filters", "create_filter", "[{\"name\":\"Mine\"}]", "{}");

    (void)state;
    assert_records(call, OPERATION_CREATE, NULL, 1);
    assert_string_equal(call->fields, "name");
    assert_string_equal(call->values, "{\"name\":\"Mine\"}");
    assert_string_equal(call->result_ids, ".");
    call = call_with("ir.filters", "create_or_replace", "[{\"name\":\"Mine\"}]", "{}");
    assert_records(call, OPERATION_CALL, NULL, -1);
    assert_string_equal(call->values, "{\"vals\":{\"name\":\"Mine\"}}");
    assert_string_equal(call->result_ids, ".");
}

static void test_channel(void **state)
{
    const call_t *call = call_with("discuss.channel", "channel_create", "[\"talk\",null]", "{}");

    (void)state;
    assert_records(call, OPERATION_CREATE, NULL, 1);
    assert_string_equal(call->values, "{\"name\":\"talk\"}");
    assert_string_equal(call->result_ids, "id {discuss.channel}[0].id");
}

static void test_known_fields(void **state)
{
    (void)state;
    assert_string_equal(call_with("x", "action_archive", "[[1]]", "{}")->fields, "active");
    assert_string_equal(call_with("x", "web_resequence", "[[1]]", "{}")->fields, "sequence");
    assert_string_equal(
        call_with("x", "web_resequence", "[[1]]", "{\"field_name\":\"rank\"}")->fields, "rank");
}

static void test_translations_are_named_by_their_field(void **state)
{
    const call_t *call =
        call_with("x", "update_field_translations", "[[3],\"name\",{\"fr_FR\":\"Bon\"}]", "{}");

    (void)state;
    assert_records(call, OPERATION_WRITE, "3", 1);
    assert_string_equal(call->fields, "name");
    assert_string_equal(call->values, "{\"name\":{\"fr_FR\":\"Bon\"}}");
}

static void test_load_names_the_cells_of_its_rows(void **state)
{
    const call_t *call = call_with("res.users", "load",
                                   "[[\"login\",\"password\"],[[\"a\",\"secret1\"],"
                                   "[\"b\",\"secret2\",\"extra\"]]]",
                                   "{}");

    (void)state;
    assert_records(call, OPERATION_IMPORT, NULL, 2);
    assert_string_equal(call->fields, "login password");
    assert_string_equal(call->result_ids, "ids[]");
    assert_non_null(strstr(call->values, "{\"login\":\"a\",\"password\":\"[redacted]\"}"));
    assert_null(strstr(call->values, "secret"));
    assert_null(strstr(call->values, "extra"));
    assert_string_equal(call->flags, CALL_FLAG_TRUNCATED);
}

static void test_import(void **state)
{
    const char *args = "[5,[\"name\"],[\"name\"],{\"skip\":0}]";
    const char *dry_args = "[5,[\"name\"],[\"name\"],{\"skip\":0},true]";
    const char *import = "base_import.import";

    (void)state;
    assert_records(call_with(import, "execute_import", args, "{}"), OPERATION_IMPORT, NULL, -1);
    assert_string_equal(call_with(import, "execute_import", args, "{}")->fields, "name");
    assert_int_equal(call_with(import, "execute_import", args, "{\"dryrun\":false}")->operation,
                     OPERATION_IMPORT);
    assert_int_equal(call_with(import, "execute_import", args, "{\"dryrun\":true}")->operation,
                     OPERATION_NONE);
    assert_int_equal(call_with(import, "execute_import", dry_args, "{}")->operation,
                     OPERATION_NONE);
}

static void test_reads(void **state)
{
    const call_t *read = call_with("x", "read", "[[1,2],[\"name\",\"email\"]]", "{}");
    const call_t *search = call_with("x", "web_search_read", "[]",
                                     "{\"specification\":{\"name\":{},\"line_ids\":{}}}");

    (void)state;
    assert_records(read, OPERATION_READ, "1 2", 2);
    assert_string_equal(read->fields, "name email");
    assert_null(read->values);
    assert_records(search, OPERATION_READ, NULL, -1);
    assert_string_equal(search->fields, "name line_ids");
    assert_string_equal(search->result_ids, "records[].id");
}

static void test_nothing_is_kept_of_what_saves_nothing(void **state)
{
    const call_t *call = call_with("x", "onchange", "[[1],{\"a\":1},[],{}]", "{}");

    (void)state;
    assert_int_equal(call->operation, OPERATION_NONE);
    assert_null(call->values);
    assert_null(call->fields);
}

/* ---- calls ---- */

static void test_call_keeps_what_was_passed(void **state)
{
    const call_t *call =
        call_with("sale.order", "action_x", "[[4],\"why\",2]",
                  "{\"force\":true,\"context\":{\"lang\":\"fr\",\"active_model\":\"crm.lead\","
                  "\"active_ids\":[9,8],\"active_id\":9,\"uid\":2}}");

    (void)state;
    assert_records(call, OPERATION_CALL, "4", 1);
    assert_string_equal(call->values, "{\"args\":[\"why\",2],\"force\":true,\"active_model\":"
                                      "\"crm.lead\",\"active_id\":9,\"active_ids\":[9,8]}");
    assert_null(call->fields);
}

static void test_call_of_an_unknown_method_without_ids(void **state)
{
    const call_t *call = call_with("x", "do_it", "[\"5\",{\"a\":1}]", "{}");

    (void)state;
    assert_records(call, OPERATION_CALL, NULL, -1);
    assert_string_equal(call->values, "{\"args\":[\"5\",{\"a\":1}]}");
    assert_null(call_with("x", "do_it", "[[]]", "{}")->values);
}

static void test_known_arguments_get_their_names(void **state)
{
    const call_t *call =
        call_with("ir.config_parameter", "set_param", "[\"my.api_key\",\"s3cret\"]", "{}");

    (void)state;
    assert_null(strstr(call->values, "s3cret"));
    assert_non_null(strstr(call->values, "my.api_key"));
}

static void test_secrets_leave_no_trace(void **state)
{
    const call_t *change = call_with("res.users", "change_password", "[\"old1\",\"new1\"]", "{}");
    const call_t *custom = call_with("x.y", "set_password", "[[3],\"new1\"]", "{}");

    (void)state;
    assert_int_equal(change->operation, OPERATION_PASSWORD_CHANGED);
    assert_null(change->values);
    assert_string_equal(custom->record_ids, "3");
    assert_null(custom->values);
    assert_null(call_with("x", "register_devices", "[]", "{\"p256dh\":\"k\"}")->values);
}

static void test_redaction_reaches_lines(void **state)
{
    const call_t *call =
        call_with("x", "write", "[[1],{\"line_ids\":[[0,\"v\",{\"password\":\"p4ss\",\"n\":1}]]}]",
                  "{}");

    (void)state;
    assert_string_equal(call->values,
                        "{\"line_ids\":[[0,\"v\",{\"password\":\"[redacted]\",\"n\":1}]]}");
}

static void test_levels_of_values(void **state)
{
    const char *body = "{\"params\":{\"model\":\"x\",\"method\":\"write\",\"args\":[[1],{\"a\":1}],"
                       "\"kwargs\":{}}}";
    const call_t *names = read_at(CALL_KW, NULL, VALUES_NAMES, body, 1);
    const call_t *none = read_at(CALL_KW, NULL, VALUES_NONE, body, 1);

    (void)state;
    assert_string_equal(names->fields, "a");
    assert_null(names->values);
    assert_null(none->fields);
    assert_null(none->values);
    assert_string_equal(none->record_ids, "1");
}

static void test_background(void **state)
{
    (void)state;
    assert_int_equal(call_with("mail.push.device", "register_devices", "[]", "{}")->background, 1);
    assert_int_equal(call_with("res.users", "systray_get_activities", "[]", "{}")->background, 1);
}

/* ---- the other routes ---- */

static const call_t *resequence(const char *more)
{
    return read_at("/web/dataset/resequence", NULL, VALUES_FULL,
                   apr_pstrcat(pool, "{\"params\":{\"model\":\"crm.stage\",\"ids\":[3,1,2]", more,
                               "}}", NULL),
                   1);
}

static void test_resequence(void **state)
{
    const call_t *call = resequence(",\"offset\":4");

    (void)state;
    assert_records(call, OPERATION_WRITE, "3 1 2", 3);
    assert_string_equal(call->model, "crm.stage");
    assert_string_equal(call->method, "resequence");
    assert_string_equal(call->fields, "sequence");
    assert_string_equal(resequence(",\"field\":\"rank\"")->fields, "rank");
    assert_int_equal(read_at("/web/dataset/resequence", NULL, VALUES_FULL, "{}", 1)->operation,
                     OPERATION_UNPARSED_CALL);
}

static void test_authenticate(void **state)
{
    const call_t *call =
        read_at("/web/session/authenticate", NULL, VALUES_FULL,
                "{\"params\":{\"db\":\"d\",\"login\":\"admin\",\"password\":\"s3cret\"}}", 1);

    (void)state;
    assert_int_equal(call->operation, OPERATION_LOGIN);
    assert_string_equal(call->login, "admin");
    assert_string_equal(call->database, "d");
    assert_null(call->values);
    assert_null(call->model);
}

static const call_t *log_in(const char *query, const char *content_type, const char *form)
{
    call_request_t request = {.path = "/web/login", .query = query, .content_type = content_type};
    call_reader_t *reader =
        call_reader_create(pool, route_find(request.path), &request, redact, VALUES_FULL);

    call_reader_feed(reader, form, strlen(form));
    return call_reader_finish(reader, 1);
}

static void test_login_by_form(void **state)
{
    const char *plain = "application/x-www-form-urlencoded; charset=utf-8";

    (void)state;
    assert_text(log_in(NULL, plain, "csrf_token=1&login=a%40b.c&password=x")->login, "a@b.c");
    assert_int_equal(log_in(NULL, plain, "login=a")->operation, OPERATION_LOGIN);
    assert_text(log_in("login=q&db=d", plain, "login=a")->login, "a");
    assert_text(log_in("login=q&db=d", plain, "login=a")->database, "d");
    assert_text(log_in("login=q", plain, "x=1")->login, "q");
    assert_text(log_in(NULL, plain, "type=webauthn&login=&webauthn_response=1")->login, NULL);
}

/* Read as a plain one, a multipart form could be made to state a login that Odoo does not see; of
 * one that is malformed Odoo sees no field at all, and takes the query. */
static void test_login_by_malformed_multipart(void **state)
{
    const call_t *call = log_in("login=q", "multipart/form-data; boundary=x", "a&login=boss&b");

    (void)state;
    assert_int_equal(call->operation, OPERATION_LOGIN);
    assert_text(call->login, "q");
}

static void test_routes_without_a_body_to_read(void **state)
{
    const call_t *call = read_at("/odoo", NULL, VALUES_FULL, "anything", 1);

    (void)state;
    assert_int_equal(call->operation, OPERATION_NONE);
    assert_int_equal(call->parsed, 1);
    assert_null(call->flags);
}

static const call_t *read_tracked(const track_t *track, const char *model)
{
    call_request_t request = {.path = CALL_KW, .track = track};
    call_reader_t *reader =
        call_reader_create(pool, route_find(CALL_KW), &request, redact, VALUES_FULL);
    const char *body = apr_psprintf(pool,
                                    "{\"params\":{\"model\":\"%s\",\"method\":\"write\","
                                    "\"args\":[[7],{\"name\":\"n\"}],\"kwargs\":{}}}",
                                    model);

    call_reader_feed(reader, body, strlen(body));
    return call_reader_finish(reader, 1);
}

static void test_what_is_not_tracked_has_no_values(void **state)
{
    track_t *track = track_create(pool);

    (void)state;
    assert_null(track_add_line(track, "write res.partner"));
    assert_text(read_tracked(track, "res.partner")->values, "{\"name\":\"n\"}");
    assert_text(read_tracked(track, "res.partner")->fields, "name");
    assert_null(read_tracked(track, "res.users")->values);
    assert_text(read_tracked(track, "res.users")->fields, "name");
    assert_int_equal(read_tracked(track, "res.users")->operation, OPERATION_WRITE);
    assert_text(read_tracked(track, "res.users")->record_ids, "7");
}

/* A program that wants to read unseen may save nothing and look at the answer. */
static const call_t *saved_where_reads_are_tracked(const char *tracked, const char *method,
                                                   const char *args, const char *kwargs)
{
    track_t *track = track_create(pool);
    call_request_t request = {.path = CALL_KW, .track = track};
    call_reader_t *reader =
        call_reader_create(pool, route_find(CALL_KW), &request, redact, VALUES_FULL);
    const char *body = apr_psprintf(pool,
                                    "{\"params\":{\"model\":\"x\",\"method\":\"%s\",\"args\":%s,"
                                    "\"kwargs\":%s}}",
                                    method, args, kwargs);

    assert_null(track_add_line(track, tracked));
    call_reader_feed(reader, body, strlen(body));
    return call_reader_finish(reader, 1);
}

static void assert_hidden_read(const call_t *call, const char *fields, const char *result_ids)
{
    assert_records(call, OPERATION_READ, NULL, -1);
    assert_text(call->fields, fields);
    assert_null(call->values);
    assert_text(call->result_ids, result_ids);
    assert_int_equal(call->hidden_read, 1);
}

static void test_reads_hidden_in_other_calls(void **state)
{
    const char *const save = "[[4],{\"a\":1},{\"phone\":{}}]";
    const call_t *both = saved_where_reads_are_tracked("read,write *", "web_save", save, "{}");

    (void)state;
    assert_hidden_read(saved_where_reads_are_tracked("read *", "web_save", save, "{}"), "phone",
                       "[].id");
    assert_hidden_read(saved_where_reads_are_tracked("read *", "web_save",
                                                     "[[],{\"a\":1},{\"b\":{}}]",
                                                     "{\"next_id\":9}"),
                       "b", "[].id");
    assert_hidden_read(saved_where_reads_are_tracked("read *", "web_save_multi",
                                                     "[[4,5],[{},{}],{\"b\":{}}]", "{}"),
                       "b", "[].id");
    assert_hidden_read(saved_where_reads_are_tracked("read,create *", "web_resequence",
                                                     "[[4,5],{\"c\":{}}]", "{}"),
                       "c", "[].id");
    assert_hidden_read(saved_where_reads_are_tracked("read *", "web_read_group", "[[],[\"k\"]]",
                                                     "{\"unfold_read_specification\":{\"d\":{}}}"),
                       "d", "groups[].(__groups)__records[].id groups[].__data.records[].id");
    assert_records(both, OPERATION_WRITE, "4", 1);
    assert_int_equal(both->hidden_read, 0);
    assert_records(saved_where_reads_are_tracked("search *", "web_save", save, "{}"),
                   OPERATION_WRITE, "4", 1);
    assert_records(saved_where_reads_are_tracked("read y", "web_save", save, "{}"), OPERATION_WRITE,
                   "4", 1);
}

static void test_save_that_shows_another_record(void **state)
{
    (void)state;
    assert_text(call_with("x", "web_save", "[[4],{\"a\":1},{}]", "{\"next_id\":9}")->values,
                "{\"a\":1,\"$shown\":9}");
    assert_text(call_with("x", "web_save", "[[4],{\"a\":1},{},9]", "{}")->values,
                "{\"a\":1,\"$shown\":9}");
    assert_text(call_with("x", "web_save", "[[4],{\"a\":1},{}]", "{\"next_id\":false}")->values,
                "{\"a\":1}");
}

static void test_finish_twice(void **state)
{
    call_request_t request = {.path = CALL_KW};
    call_reader_t *reader =
        call_reader_create(pool, route_find(CALL_KW), &request, redact, VALUES_FULL);
    const call_t *call = call_reader_finish(reader, 1);

    (void)state;
    assert_ptr_equal(call_reader_finish(reader, 1), call);
    assert_string_equal(call->flags, CALL_FLAG_UNPARSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_values_by_keyword),
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_web_save_creates_without_ids),
        cmocka_unit_test(test_web_save_multi),
        cmocka_unit_test(test_copy_tells_its_sources),
        cmocka_unit_test(test_name_create),
        cmocka_unit_test(test_favourite),
        cmocka_unit_test(test_channel),
        cmocka_unit_test(test_known_fields),
        cmocka_unit_test(test_translations_are_named_by_their_field),
        cmocka_unit_test(test_load_names_the_cells_of_its_rows),
        cmocka_unit_test(test_import),
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_nothing_is_kept_of_what_saves_nothing),
        cmocka_unit_test(test_call_keeps_what_was_passed),
        cmocka_unit_test(test_call_of_an_unknown_method_without_ids),
        cmocka_unit_test(test_known_arguments_get_their_names),
        cmocka_unit_test(test_secrets_leave_no_trace),
        cmocka_unit_test(test_redaction_reaches_lines),
        cmocka_unit_test(test_levels_of_values),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_resequence),
        cmocka_unit_test(test_authenticate),
        cmocka_unit_test(test_login_by_form),
        cmocka_unit_test(test_login_by_malformed_multipart),
        cmocka_unit_test(test_routes_without_a_body_to_read),
        cmocka_unit_test(test_what_is_not_tracked_has_no_values),
        cmocka_unit_test(test_reads_hidden_in_other_calls),
        cmocka_unit_test(test_save_that_shows_another_record),
        cmocka_unit_test(test_finish_twice),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, setup, teardown);
}
