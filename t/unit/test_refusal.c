/* The texts of a refused session, as the clients read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>
#include <string.h>

#include "odoo/refusal.h"
#include "session/table.h"
#include "text/json_value.h"

#define EXPIRED "odoo.http.SessionExpiredException"

static apr_pool_t *pool;

static void expect_error(const json_value_t *error)
{
    const json_value_t *data = json_member(error, "data");
    apr_int64_t code;

    assert_true(json_integer(json_member(error, "code"), &code));
    assert_int_equal(code, 100);
    assert_string_equal(json_string(json_member(error, "message")), "Odoo Session Expired");
    assert_string_equal(json_string(json_member(data, "name")), EXPIRED);
    assert_string_equal(json_string(json_element(json_member(data, "arguments"), 0)),
                        "Session expired");
    assert_int_equal(json_member(data, "context")->type, JSON_TYPE_OBJECT);
    assert_string_equal(json_string(json_member(data, "debug")), "");
}

static void test_the_object_has_both_forms(void **state)
{
    static const json_limits_t limits = {100, 10000, 1000, 100};
    const char *text = refusal_json();
    const json_value_t *body = json_parse(pool, text, strlen(text), &limits);

    (void)state;
    assert_non_null(body);
    assert_string_equal(json_string(json_member(body, "jsonrpc")), "2.0");
    assert_int_equal(json_member(body, "id")->type, JSON_TYPE_NULL);
    expect_error(json_member(body, "error"));
    expect_error(body);
    assert_null(strpbrk(text, "<&"));
}

static void expect_page(const char *page)
{
    assert_non_null(strstr(page, "<h1>Your session was ended</h1>"));
    assert_non_null(strstr(page, "href=\"/web/login\""));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "style="));
}

static void test_each_reason_has_its_sentence(void **state)
{
    static const session_reason_t reasons[] = {SESSION_REASON_IDLE, SESSION_REASON_LIFETIME,
                                               SESSION_REASON_LIMIT, SESSION_REASON_MANAGER,
                                               SESSION_REASON_OWNER};

    (void)state;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        const char *page = refusal_html(session_reason_name(reasons[i]));

        expect_page(page);
        assert_string_not_equal(page, refusal_html(NULL));
        assert_string_not_equal(page, refusal_html(session_reason_name(reasons[(i + 1) % 5])));
    }
}

static void test_other_reasons_have_the_general_sentence(void **state)
{
    (void)state;
    expect_page(refusal_html(NULL));
    assert_string_equal(refusal_html("no such word"), refusal_html(NULL));
    assert_string_equal(refusal_html(session_reason_name(SESSION_REASON_ODOO)), refusal_html(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_object_has_both_forms),
        cmocka_unit_test(test_each_reason_has_its_sentence),
        cmocka_unit_test(test_other_reasons_have_the_general_sentence),
    };

    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
