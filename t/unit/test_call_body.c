#include "call_fixture.h"
#include "text/buffer.h"
#include "text/json_value.h"

/* ---- ids of every shape ---- */

static void assert_ids(const char *json, const char *ids, apr_int64_t count)
{
    const call_t *call = call_with("x", "unlink", apr_psprintf(pool, "[%s]", json), "{}");

    assert_records(call, OPERATION_UNLINK, ids, count);
    if (count < 0) {
        assert_string_equal(call->values, apr_psprintf(pool, "{\"$ids\":%s}", json));
    }
    else {
        assert_null(call->values);
    }
}

/* Odoo answers true to it and deletes nothing. */
static void assert_no_ids(const char *json)
{
    const char *args = apr_pstrcat(pool, "[", json, "]", NULL);

    assert_records(call_with("res.partner", "unlink", args, "{}"), OPERATION_CALL, NULL, 0);
}

static void test_plain_ids(void **state)
{
    (void)state;
    assert_ids("[1,2,3]", "1 2 3", 3);
    assert_ids("7", "7", 1);
    assert_no_ids("[]");
    assert_no_ids("false");
    assert_no_ids("null");
    assert_no_ids("0");
    assert_no_ids("\"\"");
    assert_ids("{\"5\":1,\"6\":2}", "5 6", 2);
    assert_ids("\"12\"", "1 2", 2);
    assert_ids("[12.0]", "12", 1);
    assert_ids("[\"12\",\" 13 \"]", "12 13", 2);
}

static void test_odd_ids(void **state)
{
    (void)state;
    assert_ids("[\"12.0\"]", NULL, -1);
    assert_ids("[true]", NULL, -1);
    assert_ids("true", NULL, -1);
    assert_ids("[1,\"x\"]", "1", -1);
    assert_ids("[[1]]", NULL, -1);
    assert_ids("12.0", NULL, -1);
    assert_ids("[12.5]", NULL, -1);
    assert_ids("\"1x\"", "1", -1);
    assert_ids("{\"a\":1}", NULL, -1);
    assert_ids("[99999999999999999999]", NULL, -1);
}

static void test_args_of_other_kinds(void **state)
{
    (void)state;
    assert_records(call_with("x", "unlink", "\"57\"", "{}"), OPERATION_UNLINK, "5", 1);
    assert_records(call_with("x", "unlink", "[]", "{}"), OPERATION_UNLINK, NULL, -1);
    assert_records(call_with("x", "unlink", "{\"0\":[1]}", "{}"), OPERATION_UNLINK, NULL, -1);
    assert_records(call_with("x", "unlink", "null", "{}"), OPERATION_UNLINK, NULL, -1);
    assert_records(call_with("x", "unlink", "[]", "{\"ids\":[5]}"), OPERATION_UNLINK, "5", 1);
}

static const char *repeat(const char *text, int times)
{
    buffer_t buffer;

    buffer_init(&buffer, pool, 64 * 1024 * 1024);
    for (int i = 0; i < times; i++) {
        buffer_append_string(&buffer, text);
    }
    return buffer_string(&buffer);
}

static void test_more_ids_than_are_kept(void **state)
{
    const call_t *call =
        call_with("x", "unlink", apr_psprintf(pool, "[[%s1]]", repeat("1,", 4999)), "{}");

    (void)state;
    assert_int_equal(call->record_count, 5000);
    assert_int_equal(strlen(call->record_ids), 2 * CALL_MAX_IDS - 1);
}

/* ---- which call it is ---- */

static void test_the_last_of_a_repeated_key_counts(void **state)
{
    const call_t *call =
        read_body("{\"params\":{\"model\":\"a\",\"method\":\"read\",\"args\":[[1]],\"kwargs\":{},"
                  "\"\\u006dethod\":\"unlink\",\"model\":\"b\",\"args\":[[2]]}}");

    (void)state;
    assert_records(call, OPERATION_UNLINK, "2", 1);
    assert_string_equal(call->model, "b");
    assert_string_equal(call->flags, CALL_FLAG_DUPLICATE_KEY);
}

static void test_the_last_params_count_alone(void **state)
{
    const call_t *call = read_body(
        "{\"params\":{\"model\":\"a\",\"method\":\"unlink\",\"args\":[[1]],\"kwargs\":"
        "{\"context\":{\"active_id\":3}}},\"params\":{\"model\":\"b\",\"method\":\"go\"}}");

    (void)state;
    assert_records(call, OPERATION_CALL, NULL, -1);
    assert_string_equal(call->model, "b");
    assert_null(call->values);
    assert_string_equal(call->flags, CALL_FLAG_DUPLICATE_KEY);
}

static void test_a_repeated_key_elsewhere_is_no_concern(void **state)
{
    const call_t *call = read_body("{\"id\":{\"a\":1,\"a\":2},\"params\":{\"x\":{\"b\":1,\"b\":1},"
                                   "\"model\":\"a\",\"method\":\"unlink\",\"args\":[[1]]}}");
    const call_t *inside = call_with("x", "write", "[[1],{\"a\":1,\"a\":2}]", "{}");

    (void)state;
    assert_null(call->flags);
    assert_string_equal(inside->flags, CALL_FLAG_DUPLICATE_KEY);
    assert_string_equal(inside->values, "{\"a\":2}");
}

static void test_params_as_pairs(void **state)
{
    const call_t *call =
        read_body("{\"params\":[[\"model\",\"a\"],{\"method\":1,\"unlink\":2},[\"args\",[[3]]],"
                  "[null,1],[\"kwargs\",[[\"context\",{\"active_id\":4}]]]]}");

    (void)state;
    assert_records(call, OPERATION_UNLINK, "3", 1);
    assert_string_equal(call->model, "a");
    assert_null(call->flags);
}

static void assert_unparsed(const char *body)
{
    const call_t *call = read_body(body);

    assert_int_equal(call->parsed, 0);
    assert_int_equal(call->operation, OPERATION_UNPARSED_CALL);
    assert_string_equal(call->flags, CALL_FLAG_UNPARSED);
    assert_int_equal(call->record_count, -1);
    assert_null(call->model);
    assert_null(call->method);
}

static void test_what_python_reads_no_call_from(void **state)
{
    (void)state;
    assert_unparsed("");
    assert_unparsed("[{\"params\":{\"model\":\"a\",\"method\":\"b\"}}]");
    assert_unparsed("{\"model\":\"a\",\"method\":\"b\"}");
    assert_unparsed("{\"params\":null}");
    assert_unparsed("{\"params\":{\"model\":\"a\"}}");
    assert_unparsed("{\"params\":{\"model\":5,\"method\":\"b\"}}");
    assert_unparsed("{\"params\":{\"model\":\"a\",\"method\":\"b\"}} x");
    assert_unparsed("{\"params\":{\"model\":\"a\",\"method\":\"b\"},}");
    assert_unparsed("\xef\xbb\xbf{\"params\":{\"model\":\"a\",\"method\":\"b\"}}");
    assert_unparsed("{\"params\":[[\"model\",\"a\"],[\"method\",\"b\",1]]}");
    assert_unparsed("{\"params\":[[\"model\",\"a\"],[\"method\"]]}");
    assert_unparsed("{\"params\":[[\"model\",\"a\"],[\"method\",\"b\"],[[],1]]}");
    assert_unparsed("{\"params\":[[\"model\",\"a\"],[\"method\",\"b\"],7]}");
}

static void test_a_cut_body_is_unparsed(void **state)
{
    const char *body = "{\"params\":{\"model\":\"a\",\"method\":\"b\"}}";
    const call_t *call = read_at(CALL_KW, NULL, VALUES_FULL, body, 0);

    (void)state;
    assert_int_equal(call->parsed, 0);
    assert_int_equal(read_at(CALL_KW, NULL, VALUES_FULL, body, 1)->parsed, 1);
}

static void test_the_path_only_claims(void **state)
{
    const char *body =
        "{\"params\":{\"model\":\"res.partner\",\"method\":\"unlink\",\"args\":[[1]]}}";

    (void)state;
    assert_string_equal(read_at(CALL_KW "/res.partner/read", NULL, VALUES_FULL, body, 1)->flags,
                        CALL_FLAG_PATH_MISMATCH);
    assert_null(read_at(CALL_KW "/res.partner/unlink", NULL, VALUES_FULL, body, 1)->flags);
    assert_null(read_at(CALL_KW, NULL, VALUES_FULL, body, 1)->flags);
    assert_null(read_at("/fr" CALL_KW "/res.partner/unlink", NULL, VALUES_FULL, body, 1)->flags);
}

/* ---- nothing crowds anything out ---- */

static void test_junk_pushes_nothing_out(void **state)
{
    const char *junk = repeat("{\"a\":[1,2,3,\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"]},", 20000);
    const call_t *call = read_body(apr_psprintf(
        pool,
        "{\"junk\":[%s0],\"params\":{\"kwargs\":{\"j\":[%s0],\"vals\":{\"a\":1},\"context\":"
        "{\"j\":[%s0]}},\"junk\":[%s0],\"args\":[[3],{\"b\":2},[%s0]],\"model\":\"m\",\"method\":"
        "\"write\"}}",
        junk, junk, junk, junk, junk));

    (void)state;
    assert_records(call, OPERATION_WRITE, "3", 1);
    assert_string_equal(call->model, "m");
    assert_string_equal(call->values, "{\"b\":2}");
}

static void assert_bounded_json(const call_t *call)
{
    const json_limits_t limits = {100000, 1024 * 1024, 65536, 100000};

    assert_true(strlen(call->values) <= CALL_MAX_VALUES);
    assert_non_null(json_parse(pool, call->values, strlen(call->values), &limits));
}

static void test_long_values_stay_valid(void **state)
{
    /* Written with an escape of six bytes each, four times what was sent. */
    const char *tags = repeat("<", 4000);
    const char *row = apr_psprintf(pool, "\"%s\",", tags);
    const call_t *wide =
        call_with("x", "write", apr_psprintf(pool, "[[1],{\"a\":[%s0]}]", repeat(row, 12)), "{}");
    const call_t *many =
        call_with("x", "create", apr_psprintf(pool, "[[%s{\"z\":0}]]", repeat("{\"a\":1},", 3000)),
                  "{}");

    (void)state;
    assert_bounded_json(wide);
    assert_string_equal(wide->flags, CALL_FLAG_TRUNCATED);
    assert_string_equal(wide->fields, "a");
    assert_bounded_json(many);
    assert_string_equal(many->flags, CALL_FLAG_TRUNCATED);
    assert_int_equal(many->record_count, 3001);
}

static void test_long_strings_keep_length_and_hash(void **state)
{
    const call_t *call =
        call_with("x", "write",
                  apr_psprintf(pool, "[[1],{\"image\":\"%s\"}]", repeat("QUJD", 50000)), "{}");

    (void)state;
    assert_non_null(strstr(call->values, "\"$length\":200000"));
    assert_non_null(strstr(call->values, "\"$sha256\":"));
    assert_true(strlen(call->values) < 200);
    assert_null(call->flags);
}

static void test_files_keep_length_and_hash_however_short(void **state)
{
    const call_t *call =
        call_with("ir.attachment", "create", "[{\"name\":\"k.pem\",\"datas\":\"aGVsbG8=\"}]", "{}");

    (void)state;
    assert_non_null(strstr(call->values, "\"name\":\"k.pem\",\"datas\":{\"$length\":8,"));
    assert_null(strstr(call->values, "aGVsbG8="));
    call = call_with("x", "write", "[[1],{\"line_ids\":[[0,0,{\"image_128\":\"aGk=\"}]]}]", "{}");
    assert_non_null(strstr(call->values, "{\"image_128\":{\"$length\":4,"));
    call = call_with("x", "message_post", "[[1]]",
                     "{\"body\":\"b\",\"attachments\":[[\"k.pem\",\"private\"]]}");
    assert_non_null(strstr(call->values, "[[\"k.pem\",{\"$length\":7,"));
    assert_null(strstr(call->values, "private"));
    call = call_with("x", "write", "[[1],{\"image_1920\":false,\"datas\":\"\"}]", "{}");
    assert_string_equal(call->values, "{\"image_1920\":false,\"datas\":\"\"}");
}

static void test_field_names_cannot_pretend_to_be_two(void **state)
{
    const call_t *call = call_with("x", "write", "[[1],{\"a b\\n\":1}]", "{}");

    (void)state;
    assert_string_equal(call->fields, "a_b_");
}

static void test_more_arguments_and_keywords_than_are_kept(void **state)
{
    buffer_t keywords;
    const call_t *call;

    (void)state;
    buffer_init(&keywords, pool, 65536);
    for (int i = 0; i < 100; i++) {
        buffer_append_string(&keywords, apr_psprintf(pool, "\"k%d\":%d,", i, i));
    }
    call = call_with("x", "go", apr_psprintf(pool, "[[1],%s0]", repeat("5,", 50)),
                     apr_psprintf(pool, "{%s\"z\":0}", buffer_string(&keywords)));
    assert_bounded_json(call);
    assert_string_equal(call->flags, CALL_FLAG_TRUNCATED);
    assert_non_null(strstr(call->values, "$omitted"));
}

/* What is dropped is skipped, and what follows is read as if it had not been. */
static void test_what_follows_values_without_room_is_kept(void **state)
{
    const char *deep = apr_pstrcat(pool, repeat("[", 200), "1", repeat("]", 200), NULL);
    const call_t *call =
        call_with("x", "write",
                  apr_psprintf(pool, "[[1],{\"a\":[%s,{\"b\":%s}],\"name\":\"kept\"}]", deep, deep),
                  "{\"context\":{\"lang\":\"fr_FR\"}}");

    (void)state;
    assert_bounded_json(call);
    assert_string_equal(call->fields, "a name");
    assert_non_null(strstr(call->values, ",\"name\":\"kept\"}"));
    call =
        call_with("x", "write",
                  apr_psprintf(pool, "[[1],{\"a\":[%s5]}]", repeat("[[2],{\"b\":[[3]]}],", 4000)),
                  "{\"after\":\"kept\"}");
    assert_records(call, OPERATION_WRITE, "1", 1);
    assert_bounded_json(call);
    assert_string_equal(call->flags, CALL_FLAG_TRUNCATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_ids),
        cmocka_unit_test(test_odd_ids),
        cmocka_unit_test(test_args_of_other_kinds),
        cmocka_unit_test(test_more_ids_than_are_kept),
        cmocka_unit_test(test_the_last_of_a_repeated_key_counts),
        cmocka_unit_test(test_the_last_params_count_alone),
        cmocka_unit_test(test_a_repeated_key_elsewhere_is_no_concern),
        cmocka_unit_test(test_params_as_pairs),
        cmocka_unit_test(test_what_python_reads_no_call_from),
        cmocka_unit_test(test_a_cut_body_is_unparsed),
        cmocka_unit_test(test_the_path_only_claims),
        cmocka_unit_test(test_junk_pushes_nothing_out),
        cmocka_unit_test(test_long_values_stay_valid),
        cmocka_unit_test(test_long_strings_keep_length_and_hash),
        cmocka_unit_test(test_files_keep_length_and_hash_however_short),
        cmocka_unit_test(test_field_names_cannot_pretend_to_be_two),
        cmocka_unit_test(test_more_arguments_and_keywords_than_are_kept),
        cmocka_unit_test(test_what_follows_values_without_room_is_kept),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, setup, teardown);
}
