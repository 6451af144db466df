/* The records that an answer shows: found wherever they stand and wherever the answer ends, and
 * what of them may be told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "odoo/shown_values.h"

#define RESULT(json) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" json "}"

static apr_pool_t *pool;

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

/* ---- which records ---- */

static void see(void *payload, apr_int64_t id, json_value_t *record)
{
    buffer_t *seen = payload;

    buffer_append_int64(seen, id);
    buffer_append_char(seen, '=');
    json_write(seen, record);
    buffer_append_char(seen, ' ');
}

/* "id=json " of each record in that much of an answer. */
static const char *seen_in(route_reply_t reply, const char *path, const char *data,
                           apr_size_t length)
{
    const shown_answer_t answer = {reply, path, data, length};
    buffer_t seen;
    reply_watcher_t watcher = {see, &seen};

    buffer_init(&seen, pool, 1024 * 1024);
    shown_values_read(pool, &answer, &watcher);
    return buffer_string(&seen);
}

/* Of a piece of it only what stands there whole. */
static void assert_seen(const char *path, const char *body, const char *records)
{
    assert_string_equal(seen_in(ROUTE_REPLY_JSONRPC, path, body, strlen(body)), records);
    for (apr_size_t length = 0; length < strlen(body); length++) {
        const char *seen = seen_in(ROUTE_REPLY_JSONRPC, path, body, length);

        assert_int_equal(strncmp(records, seen, strlen(seen)), 0);
    }
}

static void test_records_of_every_shape(void **state)
{
    (void)state;
    assert_seen("[]", RESULT("[{\"id\":3,\"a\":{\"id\":9,\"b\":[{\"id\":8}]}},{\"id\":4}]"),
                "3={\"id\":3,\"a\":{\"id\":9,\"b\":[{\"id\":8}]}} 4={\"id\":4} ");
    assert_seen("records[]",
                RESULT("{\"length\":2,\"x\":[{\"id\":7}],\"records\":[{\"id\":5,\"n\":\"x\"}]}"),
                "5={\"id\":5,\"n\":\"x\"} ");
    assert_seen("groups[].__records[]",
                RESULT("{\"groups\":[{\"id\":1,\"__records\":[{\"id\":2}]},{\"__records\":[{\"id\":"
                       "6}],\"y\":{\"__records\":[{\"id\":1}]}}]}"),
                "2={\"id\":2} 6={\"id\":6} ");
}

static void test_what_are_no_records(void **state)
{
    (void)state;
    assert_seen("[]", RESULT("true"), "");
    assert_seen("[]", RESULT("12"), "");
    assert_seen("[]", RESULT("{\"id\":3}"), "");
    assert_seen("[]", RESULT("[3,[{\"id\":4}],null,\"x\",{\"name\":\"x\"}]"), "");
    assert_seen("records[]", RESULT("[{\"id\":3}]"), "");
    assert_seen("records[]", RESULT("{\"records\":{\"id\":3}}"), "");
    assert_seen("records[]", RESULT("{\"records2\":[{\"id\":3}]}"), "");
    assert_seen("[]", "no JSON", "");
}

static void test_errors_show_nothing(void **state)
{
    (void)state;
    assert_seen("[]",
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":200,\"message\":\"m\","
                "\"data\":{\"name\":\"x\",\"arguments\":[{\"id\":3}]}}}",
                "");
}

static void test_records_in_bare_json(void **state)
{
    const char *body = "[{\"id\":3},{\"id\":4}]";

    (void)state;
    assert_string_equal(seen_in(ROUTE_REPLY_JSON, "[]", body, strlen(body)),
                        "3={\"id\":3} 4={\"id\":4} ");
}

static void test_records_in_xml(void **state)
{
    const char *body =
        "<?xml version='1.0'?><methodResponse><params><param><value><array><data><value><struct>"
        "<member><name>id</name><value><int>3</int></value></member><member><name>city</name>"
        "<value><string>Rome</string></value></member></struct></value></data></array></value>"
        "</param></params></methodResponse>";

    (void)state;
    assert_string_equal(seen_in(ROUTE_REPLY_XMLRPC, "[]", body, strlen(body)),
                        "3={\"id\":3,\"city\":\"Rome\"} ");
    assert_string_equal(seen_in(ROUTE_REPLY_XMLRPC, "[]", body, strlen(body) / 2), "");
}

/* ---- what may be told ---- */

static json_value_t *record_of(const char *json)
{
    static const json_limits_t limits = {2000, 64 * 1024, SHOWN_VALUES_WHOLE_TEXT, 1000};
    json_value_t *record = json_parse(pool, json, strlen(json), &limits);

    assert_non_null(record);
    return record;
}

/* The text of the member as it is kept, "" if it is not. */
static const char *kept(const char *model, const char *json, const char *field)
{
    redact_t *redact = redact_create(pool);
    json_value_t *record = record_of(json);
    const char *text;

    redact_add(redact, "salary*");
    assert_int_equal(shown_values_prepare(pool, redact, model, record), 1);
    text = shown_values_text(pool, json_member(record, field));
    return text ? text : "";
}

static void assert_kept(const char *model, const char *json, const char *field, const char *text)
{
    assert_string_equal(kept(model, json, field), text);
}

static void test_values_as_they_were_shown(void **state)
{
    (void)state;
    assert_kept("m", "{\"a\":[3,\"Ann\"]}", "a", "[3,\"Ann\"]");
    assert_kept("m", "{\"a\":{\"id\":3,\"display_name\":\"Ann\"}}", "a",
                "{\"id\":3,\"display_name\":\"Ann\"}");
    assert_kept("m", "{\"a\":false}", "a", "false");
    assert_kept("m", "{\"a\":[1,2]}", "a", "[1,2]");
    assert_kept("m", "{\"a\":1.50}", "a", "1.50");
    assert_kept("m", "{\"id\":3}", "id", "");
}

static void test_secrets_are_not_kept(void **state)
{
    (void)state;
    assert_kept("m", "{\"password\":\"x\"}", "password", "");
    assert_kept("m", "{\"salary_net\":false}", "salary_net", "");
    assert_kept("m", "{\"salary_net\":12}", "salary_net", "");
    assert_kept("ir.config_parameter", "{\"id\":1,\"value\":\"x\"}", "value", "");
    assert_kept("ir.config_parameter", "{\"key\":\"a.secret\",\"value\":\"x\"}", "value", "");
    assert_kept("ir.config_parameter", "{\"key\":\"web.base.url\",\"value\":\"x\"}", "value",
                "\"x\"");
    assert_kept("m", "{\"a\":[{\"id\":1,\"access_token\":\"x\"}]}", "a",
                "[{\"id\":1,\"access_token\":\"[redacted]\"}]");
}

static void test_long_texts_and_files(void **state)
{
    char text[SHOWN_VALUES_WHOLE_TEXT + 2];
    const char *words;

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_null(strstr(kept("m", apr_psprintf(pool, "{\"datas\":\"%s\"}", text), "datas"), "xx"));
    assert_non_null(
        strstr(kept("m", apr_psprintf(pool, "{\"datas\":\"%s\"}", text), "datas"), "$sha256"));
    text[3] = ' ';
    words = kept("m", apr_psprintf(pool, "{\"a\":\"%s\"}", text), "a");
    assert_non_null(strstr(words, "\"$length\":513"));
    assert_non_null(strstr(words, "\"$head\":\"xxx x"));
    assert_kept("m", "{\"datas\":\"12.3 Kb\"}", "datas", ""); /* the size, not the file */
    assert_kept("m", "{\"image_128\":false}", "image_128", "false");
    assert_null(strstr(kept("m", "{\"a\":[{\"datas\":\"Zm9v\"}]}", "a"), "Zm9v"));
    text[sizeof(text) - 2] = '\0';
    assert_kept("m", apr_psprintf(pool, "{\"a\":[\"%s\",\"%s\"]}", text, text), "a", "");
}

static void test_a_record_with_members_missing_is_told(void **state)
{
    static const json_limits_t few = {100, 1000, 100, 1};
    json_value_t *record = json_parse(pool, "{\"a\":1,\"b\":2}", 13, &few);

    (void)state;
    assert_int_equal(shown_values_prepare(pool, redact_create(pool), "m", record), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_of_every_shape),
        cmocka_unit_test(test_what_are_no_records),
        cmocka_unit_test(test_errors_show_nothing),
        cmocka_unit_test(test_records_in_bare_json),
        cmocka_unit_test(test_records_in_xml),
        cmocka_unit_test(test_values_as_they_were_shown),
        cmocka_unit_test(test_secrets_are_not_kept),
        cmocka_unit_test(test_long_texts_and_files),
        cmocka_unit_test(test_a_record_with_members_missing_is_told),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, setup, teardown);
}
