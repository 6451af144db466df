#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "odoo/redact.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static apr_pool_t *pool;

static const json_limits_t limits = {10000, 1 << 20, 1000, 1000};

static void secrets_of_odoo_are_known(void **state)
{
    static const char *const names[] = {
        /* res.users, its wizards and login forms */
        "password", "new_password", "confirm_password", "old_pwd", "new_pwd", "confirm_pwd",
        "new_passwd", "user_password", "totp_token", "totp_secret", "signup_token",
        "oauth_access_token", "csrf_token", "pin", "pin_code", "otp", "session_id", "default_key",
        /* database manager */
        "master_pwd", "master_pwd_new", "backup_pwd", "admin_passwd",
        /* servers and services */
        "smtp_pass", "client_secret", "api_key", "google_maps_static_api_key", "access_token",
        "refresh_token", "google_calendar_rtoken", "microsoft_calendar_token", "account_token",
        "recaptcha_private_key", "stripe_secret_key", "stripe_webhook_secret", "adyen_hmac_key",
        "authorize_transaction_key_secret", "aws_secret_access_key", "aws_access_key",
        "private_key", "ogone_shakey_in_secret", "webhook_secret", "pkcs12_password",
        "key_password",
        /* cards and signatures */
        "cc_number", "cc_cvc", "card_number", "cvv", "cvc", "cvv2", "card_cvv", "signature",
        "sign_signature", "digital_signature", "sign_initials",
        /* headers and other spellings */
        "Authorization", "X-API-Key", "Set-Cookie", "accessToken", "clientSecret", "apiKey",
        "PASSWORD", "database.secret", "privateKey", "jwt", "credentials"};
    redact_t *redact = redact_create(pool);

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        if (!redact_name(redact, names[i])) {
            fail_msg("%s would be shown", names[i]);
        }
    }
}

static void ordinary_fields_of_odoo_are_shown(void **state)
{
    static const char *const names[] = {"name",
                                        "login",
                                        "key",
                                        "value",
                                        "public_key",
                                        "keywords",
                                        "website_meta_keywords",
                                        "iban",
                                        "acc_number",
                                        "bank_account_id",
                                        "passport_id",
                                        "barcode",
                                        "signed_by",
                                        "signed_on",
                                        "sign_request_id",
                                        "secretary_id",
                                        "payment_token_ids",
                                        "token_type",
                                        "allow_tokenization",
                                        "google_calendar_token_validity",
                                        "password_expiration",
                                        "password_length",
                                        "password_write_date",
                                        "api_key_ids",
                                        "totp_trusted_device_ids",
                                        "carbon_footprint",
                                        "shipping_policy",
                                        "compass",
                                        "bypass",
                                        "pinned",
                                        "is_pinned",
                                        "spinner",
                                        "access_url",
                                        "card_type",
                                        "vcard",
                                        "color",
                                        "monkey",
                                        "partner_id",
                                        "state",
                                        "x_studio_keynote",
                                        "cookies_bar",
                                        "account_id",
                                        "code",
                                        "country_id",
                                        ""};
    redact_t *redact = redact_create(pool);

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        if (redact_name(redact, names[i])) {
            fail_msg("%s would be hidden", names[i]);
        }
    }
}

static void added_globs_win_over_what_is_ordinary(void **state)
{
    redact_t *redact = redact_create(pool);

    (void)state;
    redact_add(redact, "X_Salary*");
    redact_add(redact, "passport_id");
    redact_add(redact, "token_type");
    assert_true(redact_name(redact, "x_salary_2026"));
    assert_true(redact_name(redact, "X_SALARY"));
    assert_true(redact_name(redact, "passport_id"));
    assert_true(redact_name(redact, "token_type"));
    assert_false(redact_name(redact, "salary"));
    assert_true(redact_name(redact, "password"));
}

static void a_glob_added_later_counts_for_names_already_seen(void **state)
{
    redact_t *redact = redact_create(pool);

    (void)state;
    assert_false(redact_name(redact, "salary"));
    assert_false(redact_name(redact, "salary"));
    redact_add(redact, "sal*");
    assert_true(redact_name(redact, "salary"));
    assert_true(redact_name(redact, "salary"));
}

static void a_name_too_long_for_a_field_is_hidden(void **state)
{
    redact_t *redact = redact_create(pool);
    char *name = apr_pcalloc(pool, 300);

    (void)state;
    memset(name, 'x', 256);
    assert_false(redact_name(redact, name));
    name[256] = 'x';
    assert_true(redact_name(redact, name));
}

static const char *written(const json_value_t *value)
{
    buffer_t buffer;

    buffer_init(&buffer, pool, 100000);
    json_write(&buffer, value);
    return buffer_string(&buffer);
}

static const char *redacted(const redact_t *redact, const char *text)
{
    json_value_t *value = json_parse(pool, text, strlen(text), &limits);

    assert_non_null(value);
    redact_value(redact, value);
    return written(value);
}

static void values_are_replaced_at_every_depth(void **state)
{
    static const char *const cases[][2] = {
        {"{\"name\":\"Jo\",\"password\":\"x\"}", "{\"name\":\"Jo\",\"password\":\"[redacted]\"}"},
        {"[{\"api_key\":\"x\"},{\"name\":1}]", "[{\"api_key\":\"[redacted]\"},{\"name\":1}]"},
        {"{\"user_ids\":[[0,0,{\"login\":\"jo\",\"password\":\"x\"}],[4,7,0],[1,3,{\"totp_secret\":"
         "\"y\"}]]}",
         "{\"user_ids\":[[0,0,{\"login\":\"jo\",\"password\":\"[redacted]\"}],[4,7,0],[1,3,{\"totp_"
         "secret\":\"[redacted]\"}]]}"},
        {"{\"credentials\":{\"a\":[1,2]},\"b\":2}", "{\"credentials\":\"[redacted]\",\"b\":2}"},
        {"{\"cvv\":123,\"pin\":[1]}", "{\"cvv\":\"[redacted]\",\"pin\":\"[redacted]\"}"},
        {"{\"password\":null,\"secret\":false,\"token\":true}",
         "{\"password\":null,\"secret\":false,\"token\":true}"},
        {"{\"session_id\":12,\"payment_token_id\":7}",
         "{\"session_id\":12,\"payment_token_id\":7}"},
        {"{\"session_id\":\"0123abc\"}", "{\"session_id\":\"[redacted]\"}"},
        {"\"password\"", "\"password\""},
        {"[\"password\",\"x\"]", "[\"password\",\"x\"]"},
        {"{}", "{}"},
    };
    redact_t *redact = redact_create(pool);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(redacted(redact, cases[i][0]), cases[i][1]);
    }
    redact_value(redact, NULL);
}

static void what_the_administrator_names_is_hidden_whatever_it_is(void **state)
{
    redact_t *redact = redact_create(pool);

    (void)state;
    redact_add(redact, "is_disabled");
    redact_add(redact, "doctor_id");
    assert_string_equal(redacted(redact, "{\"is_disabled\":true,\"doctor_id\":5}"),
                        "{\"is_disabled\":\"[redacted]\",\"doctor_id\":\"[redacted]\"}");
}

static void parameters_are_judged_by_their_key(void **state)
{
    static const char *const cases[][2] = {
        {"{\"key\":\"database.secret\",\"value\":\"x\"}",
         "{\"key\":\"database.secret\",\"value\":\"[redacted]\"}"},
        {"{\"value\":\"x\",\"name\":\"sms.api_key\"}",
         "{\"value\":\"[redacted]\",\"name\":\"sms.api_key\"}"},
        {"{\"key\":\"web.base.url\",\"value\":\"x\"}",
         "{\"key\":\"web.base.url\",\"value\":\"x\"}"},
        {"{\"name\":\"Token ring switch\",\"value\":\"x\"}",
         "{\"name\":\"Token ring switch\",\"value\":\"x\"}"},
        {"{\"key\":5,\"value\":\"x\"}", "{\"key\":5,\"value\":\"x\"}"},
        {"{\"key\":\"database.secret\"}", "{\"key\":\"database.secret\"}"},
    };
    redact_t *redact = redact_create(pool);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(redacted(redact, cases[i][0]), cases[i][1]);
    }
}

static void some_models_have_secrets_of_their_own(void **state)
{
    static const char *const cases[][3] = {
        {"ir.config_parameter", "{\"value\":\"x\"}", "{\"value\":\"[redacted]\"}"},
        {"ir.config_parameter", "{\"key\":\"web.base.url\",\"value\":\"x\"}",
         "{\"key\":\"web.base.url\",\"value\":\"x\"}"},
        {"ir.config_parameter", "[{\"value\":\"x\"},{\"value\":false},5]",
         "[{\"value\":\"[redacted]\"},{\"value\":false},5]"},
        {"res.users.apikeys.show", "{\"key\":\"x\"}", "{\"key\":\"[redacted]\"}"},
        {"auth_totp.wizard", "{\"code\":123456}", "{\"code\":\"[redacted]\"}"},
        {"res.partner", "{\"value\":\"x\",\"code\":1}", "{\"value\":\"x\",\"code\":1}"},
        {NULL, "{\"value\":\"x\"}", "{\"value\":\"x\"}"},
        {"ir.config_parameter", "\"value\"", "\"value\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        json_value_t *value = json_parse(pool, cases[i][1], strlen(cases[i][1]), &limits);

        redact_model(cases[i][0], value);
        assert_string_equal(written(value), cases[i][2]);
    }
    redact_model("ir.config_parameter", NULL);
}

static void a_redacted_head_of_a_long_value_keeps_no_hash(void **state)
{
    redact_t *redact = redact_create(pool);
    char *text = apr_pcalloc(pool, 5000);

    (void)state;
    memset(text, 'A', 4000);
    memcpy(text, "{\"signature\":\"", 14);
    memcpy(text + 4000, "\"}", 2);
    assert_string_equal(redacted(redact, text), "{\"signature\":\"[redacted]\"}");
}

static const char *redacted_below(const redact_t *redact, int depth)
{
    json_value_t *root = json_new_array(pool), *object = json_new_object(pool), *at = root;

    for (int i = 1; i < depth; i++) {
        at = json_push(at, json_new_array(pool));
    }
    json_set(json_push(at, object), "password", json_new_string(pool, "hunter2"));
    json_set(object, "name", json_new_string(pool, "Jo"));
    redact_value(redact, root);
    return written(root);
}

static void nesting_beyond_reason_is_replaced_as_a_whole(void **state)
{
    redact_t *redact = redact_create(pool);
    const char *result = redacted_below(redact, 20);

    (void)state;
    assert_non_null(strstr(result, "{\"password\":\"[redacted]\",\"name\":\"Jo\"}"));
    result = redacted_below(redact, 200);
    assert_null(strstr(result, "hunter2"));
    assert_null(strstr(result, "Jo"));
    assert_non_null(strstr(result, REDACTED));
}

static void paths_lose_what_grants_something(void **state)
{
    static const char *const paths[][2] = {
        {"/web/hook/f7a1c2d3-0b7e-4c61-9d5a-2f1e8a90bc11", "/web/hook/[redacted]"},
        {"/web/hook/short", "/web/hook/[redacted]"},
        {"//fr/web/h%6fok/short/x", "//fr/web/h%6fok/[redacted]/[redacted]"},
        {"/web%2Fhook/short", "/web%2Fhook/[redacted]"},
        {"/web%2Fhook%2Fshort", "/[redacted]"},
        {"/survey/start/7d3f0c1e-52b6-4a0f-8f61-0a9f3bd1c2e4/x", "/survey/start/[redacted]/x"},
        {"/calendar/view/%37d3f0c1e52b64a0f8f610a9f3bd1c2e4", "/calendar/view/[redacted]"},
        {"/r/9tVb2KxQeR4mZp7LwYs3Hd6N", "/r/[redacted]"},
        {"/documents/share/7/Zk-8qLr_T2vXw-91mN_bYc", "/documents/share/7/[redacted]"},
        {"/my/orders/4;access_token=abc", "/my/orders/[redacted]"},
        {"/my/orders/4%3faccess_token=abc", "/my/orders/[redacted]"},
        /* what everybody may know stays */
        {"/web/dataset/call_kw/res.partner/web_save", "/web/dataset/call_kw/res.partner/web_save"},
        {"/web/content/1207-5f3a9c01/offer 2024-11-26 v2.pdf",
         "/web/content/1207-5f3a9c01/offer 2024-11-26 v2.pdf"},
        {"/report/pdf/sale.report_saleorder/1001,1002,1003,1004,1005",
         "/report/pdf/sale.report_saleorder/1001,1002,1003,1004,1005"},
        {"/shop/customizable-desk-with-2-drawers-and-3-legs-17",
         "/shop/customizable-desk-with-2-drawers-and-3-legs-17"},
        {"/odoo/action-312/5/res.partner/14", "/odoo/action-312/5/res.partner/14"},
        {"/website/action/import2024orders", "/website/action/import2024orders"},
        {"/web/content/9/ScreenShot-2024-11-26", "/web/content/9/ScreenShot-2024-11-26"},
        {"/shop/USB-C-Hub-4-in-1-HDMI-2", "/shop/USB-C-Hub-4-in-1-HDMI-2"},
        {"/my/module;page=3/", "/my/module;page=3/"},
        {"", ""},
        {"/", "/"},
    };
    redact_t *redact = redact_create(pool);

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        assert_string_equal(redact_path(pool, redact, paths[i][0]), paths[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lose_what_grants_something),
        cmocka_unit_test(secrets_of_odoo_are_known),
        cmocka_unit_test(ordinary_fields_of_odoo_are_shown),
        cmocka_unit_test(added_globs_win_over_what_is_ordinary),
        cmocka_unit_test(a_glob_added_later_counts_for_names_already_seen),
        cmocka_unit_test(a_name_too_long_for_a_field_is_hidden),
        cmocka_unit_test(values_are_replaced_at_every_depth),
        cmocka_unit_test(what_the_administrator_names_is_hidden_whatever_it_is),
        cmocka_unit_test(parameters_are_judged_by_their_key),
        cmocka_unit_test(some_models_have_secrets_of_their_own),
        cmocka_unit_test(a_redacted_head_of_a_long_value_keeps_no_hash),
        cmocka_unit_test(nesting_beyond_reason_is_replaced_as_a_whole),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
