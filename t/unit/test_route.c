#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apr_general.h>
#include <cmocka.h>

#include "odoo/route.h"
#include "text/path.h"

static apr_pool_t *pool;

typedef struct expected_t {
    const char *raw;
    route_kind_t kind;
} expected_t;

static const route_t *find(const char *raw)
{
    return route_find(path_decode(pool, raw));
}

static void assert_kinds(const expected_t *expected, apr_size_t count)
{
    for (apr_size_t i = 0; i < count; i++) {
        if (find(expected[i].raw)->kind != expected[i].kind) {
            fail_msg("%s is a route of kind %d", expected[i].raw, find(expected[i].raw)->kind);
        }
    }
}

#define ASSERT_KINDS(table) assert_kinds(table, sizeof(table) / sizeof((table)[0]))

static void test_every_kind_is_found(void **state)
{
    static const expected_t table[] = {
        {"/web/dataset/call_kw", ROUTE_CALL_KW},
        {"/web/dataset/call_kw/res.partner/read", ROUTE_CALL_KW},
        {"/web/dataset/call_button", ROUTE_CALL_BUTTON},
        {"/web/dataset/call_button/sale.order/action_confirm", ROUTE_CALL_BUTTON},
        {"/web/dataset/resequence", ROUTE_RESEQUENCE},
        {"/web/login", ROUTE_LOGIN},
        {"/web/login/totp", ROUTE_TOTP},
        {"/auth_oauth/signin", ROUTE_SIGN_IN},
        {"/web/session/authenticate", ROUTE_AUTHENTICATE},
        {"/web/session/get_session_info", ROUTE_SESSION_INFO},
        {"/web/session/logout", ROUTE_LOGOUT},
        {"/web/session/destroy", ROUTE_DESTROY},
        {"/web", ROUTE_PAGE},
        {"/odoo", ROUTE_PAGE},
        {"/odoo/action-contacts.action_contacts/7", ROUTE_PAGE},
        {"/scoped_app/x", ROUTE_PAGE},
        {"/websocket", ROUTE_WEBSOCKET},
        {"/websocket/peek_notifications", ROUTE_POLL},
        {"/bus/websocket_worker_bundle", ROUTE_POLL},
        {"/mail/data", ROUTE_POLL},
        {"/web/image/res.partner/3/avatar_128", ROUTE_DOWNLOAD},
        {"/odoo/offline", ROUTE_POLL},
        {"/web/static/src/img/logo.png", ROUTE_STATIC},
        {"/web/assets/12-abc/web.assets.js", ROUTE_STATIC},
        {"/", ROUTE_OTHER},
        {"/my/orders/7", ROUTE_DOOR},
        {"/web/content/1", ROUTE_DOWNLOAD},
    };

    (void)state;
    ASSERT_KINDS(table);
}

static void test_spellings_that_odoo_routes(void **state)
{
    static const expected_t table[] = {
        {"/web/dataset/call_kw/", ROUTE_CALL_KW},
        {"///web/dataset/call_kw", ROUTE_CALL_KW},
        {"/%77eb/dataset/call%5Fkw", ROUTE_CALL_KW},
        {"/web%2Fdataset%2Fcall_kw", ROUTE_CALL_KW},
        {"/web/dataset/call_kw/../../x", ROUTE_CALL_KW},
        {"/fr/web/dataset/call_kw/a/b", ROUTE_CALL_KW},
        {"/fr/web/login", ROUTE_LOGIN},
        {"/pt_BR/web/session/logout", ROUTE_LOGOUT},
    };

    (void)state;
    ASSERT_KINDS(table);
}

static void test_spellings_that_odoo_does_not_route(void **state)
{
    static const expected_t table[] = {
        {"/web/dataset/call_kwx", ROUTE_OTHER},
        {"/web//dataset/call_kw", ROUTE_OTHER},
        {"/Web/dataset/call_kw", ROUTE_OTHER},
        {"/web/dataset/call%255Fkw", ROUTE_OTHER},
        {"/web/dataset/call_kw;a=b", ROUTE_OTHER},
        {"/a/b/web/dataset/call_kw", ROUTE_OTHER},
        {"/web/dataset/resequence/x", ROUTE_OTHER},
        {"/web/login/other", ROUTE_OTHER},
        {"/webx", ROUTE_OTHER},
        {"/web/other", ROUTE_OTHER},
    };

    (void)state;
    ASSERT_KINDS(table);
}

/* A file that Odoo serves to a session must not pass as a static one that needs none, nor a custom
 * controller as noise. */
static void test_noise_is_not_found_behind_a_language(void **state)
{
    static const expected_t table[] = {
        {"/web/content/static/x", ROUTE_DOWNLOAD},
        {"/static/x", ROUTE_OTHER},
        {"//static/x", ROUTE_OTHER},
        {"/my/web/static", ROUTE_OTHER},
        {"/fleet/bus/create", ROUTE_OTHER},
        {"/my/odoo/x", ROUTE_OTHER},
    };

    (void)state;
    ASSERT_KINDS(table);
}

/* The closed list of what a refused session may still reach. */
static void test_what_passes_refused(void **state)
{
    static const char *const open[] = {
        "/web/login",          "/web/login/totp",          "/web/session/authenticate",
        "/web/session/logout", "/auth/passkey/start-auth", "/auth_oauth/signin",
        "/web/signup",         "/web/reset_password",      "/web/webclient/version_info",
        "/web/assets/1/x.css", "/mail/static/src/x.js",    "/web/service-worker.js",
    };
    static const char *const closed[] = {
        "/web",
        "/odoo",
        "/web/dataset/call_kw",
        "/web/image/1",
        "/web/content/1",
        "/web/session/get_session_info",
        "/web/session/destroy",
        "/web/webclient/load_menus",
        "/websocket",
        "/mail/data",
        "/anything",
    };

    (void)state;
    for (apr_size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        assert_int_equal(find(open[i])->passes_refused, 1);
    }
    for (apr_size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        assert_int_equal(find(closed[i])->passes_refused, 0);
    }
}

static void test_what_is_a_persons_action(void **state)
{
    static const char *const noise[] = {"/websocket",
                                        "/bus/has_missed_notifications",
                                        "/web/image/2",
                                        "/web/session/get_session_info",
                                        "/mail/thread/messages",
                                        "/web/static/x.js",
                                        "/web/webclient/translations/abc",
                                        "/discuss/channel/ping",
                                        "/discuss/channel/mark_as_read",
                                        "/mail/rtc/session/notify_call_members",
                                        "/mail/rtc/session/update_and_broadcast",
                                        "/mail/action",
                                        "/calendar/notify_ack",
                                        "/hr_attendance/kiosk_keepalive",
                                        "/pos-self/ping"};
    static const char *const personal[] = {"/web",
                                           "/odoo/x",
                                           "/web/dataset/call_kw",
                                           "/my/home",
                                           "/mail/message/post",
                                           "/discuss/channel/notify_typing",
                                           "/hr_attendance/systray_check_in_out"};

    (void)state;
    for (apr_size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++) {
        assert_int_equal(find(noise[i])->personal, 0);
    }
    for (apr_size_t i = 0; i < sizeof(personal) / sizeof(personal[0]); i++) {
        assert_int_equal(find(personal[i])->personal, 1);
    }
}

static void assert_claim(const char *path, const char *model, const char *method)
{
    const char *claimed_model = NULL, *claimed_method = NULL;
    int claims = route_claim(route_find(path), path, &claimed_model, &claimed_method, pool);

    assert_int_equal(claims, model != NULL);
    if (model) {
        assert_string_equal(claimed_model, model);
        assert_string_equal(claimed_method, method);
    }
    else {
        assert_null(claimed_model);
    }
}

static void test_claims(void **state)
{
    (void)state;
    assert_claim("/web/dataset/call_kw/res.partner/read", "res.partner", "read");
    assert_claim("/fr/web/dataset/call_kw/res.partner/read", "res.partner", "read");
    assert_claim("/web/dataset/call_button/res.partner.read", "res.partner", "read");
    assert_claim("/web/dataset/call_kw", NULL, NULL);
    assert_claim("/web/dataset/call_kw/read", NULL, NULL);
    assert_claim("/web/dataset/call_kw//read", NULL, NULL);
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
        cmocka_unit_test(test_every_kind_is_found),
        cmocka_unit_test(test_spellings_that_odoo_routes),
        cmocka_unit_test(test_spellings_that_odoo_does_not_route),
        cmocka_unit_test(test_noise_is_not_found_behind_a_language),
        cmocka_unit_test(test_what_passes_refused),
        cmocka_unit_test(test_what_is_a_persons_action),
        cmocka_unit_test(test_claims),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, setup, teardown);
}
