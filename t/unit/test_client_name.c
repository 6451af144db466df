/* What a person reads of a client, with Client Hints and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "client/client_name.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define RULES T_SOURCE "/unit/user_agent_rules.yaml"

#define WINDOWS "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
#define MAC "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
#define ANDROID "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
#define GNU_LINUX "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
#define CHROME "Chrome/126.0.0.0 Safari/537.36"
#define CHROME_MOBILE "Chrome/126.0.0.0 Mobile Safari/537.36"

static apr_pool_t *pool;
static user_agents_t *agents;

typedef struct name_case_t {
    const char *user_agent;
    client_hint_headers_t headers;
    client_name_t name;
} name_case_t;

static void check(const name_case_t *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        client_hints_t hints;
        client_name_t name;

        client_hints_read(&hints, &cases[i].headers, pool);
        client_name(&name, user_agent_parse(agents, cases[i].user_agent), &hints, pool);
        assert_string_equal(name.browser, cases[i].name.browser);
        assert_string_equal(name.os, cases[i].name.os);
        assert_string_equal(name.device, cases[i].name.device);
        assert_int_equal(name.kind, cases[i].name.kind);
    }
}

static void a_user_agent_alone_tells_what_it_tells(void **state)
{
    static const name_case_t cases[] = {
        {WINDOWS CHROME, {0}, {CLIENT_BROWSER, "Chrome 126", "Windows 10/11", "PC"}},
        {WINDOWS CHROME " Edg/126.0.2592.68",
         {0},
         {CLIENT_BROWSER, "Edge 126", "Windows 10/11", "PC"}},
        {"Mozilla/5.0 (Windows NT 6.3; rv:115.0) Gecko/20100101 Firefox/115.0",
         {0},
         {CLIENT_BROWSER, "Firefox 115", "Windows 8.1", "PC"}},
        {"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1)",
         {0},
         {CLIENT_BROWSER, "Internet Explorer 8", "Windows XP", "PC"}},
        {MAC "Version/17.5 Safari/605.1.15",
         {0},
         {CLIENT_BROWSER, "Safari 17", "macOS", "Mac or iPad"}},
        {MAC CHROME, {0}, {CLIENT_BROWSER, "Chrome 126", "macOS", "Mac"}},
        {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_6_8) Version/5.1.7 Safari/534.57.2",
         {0},
         {CLIENT_BROWSER, "Safari 5", "Mac OS X 10.6", "Mac"}},
        {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.14; rv:99.0) Gecko/20100101 Firefox/99.0",
         {0},
         {CLIENT_BROWSER, "Firefox 99", "macOS 10.14", "Mac"}},
        {ANDROID CHROME_MOBILE, {0}, {CLIENT_BROWSER, "Chrome 126", "Android", "Phone"}},
        {ANDROID CHROME, {0}, {CLIENT_BROWSER, "Chrome 126", "Android", "Tablet"}},
        {"Mozilla/5.0 (Linux; Android 14; Pixel 8) " CHROME_MOBILE,
         {0},
         {CLIENT_BROWSER, "Chrome 126", "Android 14", "Pixel 8"}},
        {"Mozilla/5.0 (Linux; Android 14; SM-G991B) " CHROME_MOBILE,
         {0},
         {CLIENT_BROWSER, "Chrome 126", "Android 14", "Samsung SM-G991B"}},
        {"Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) " CHROME_MOBILE,
         {0},
         {CLIENT_BROWSER, "Android WebView 126", "Android 14", "Pixel 8"}},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 "
         "Safari/604.1",
         {0},
         {CLIENT_BROWSER, "Safari 17", "iOS 17.5", "iPhone"}},
        {GNU_LINUX CHROME, {0}, {CLIENT_BROWSER, "Chrome 126", "Linux", "PC"}},
        {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " CHROME,
         {0},
         {CLIENT_BROWSER, "Chrome 126", "Chrome OS", "Chromebook"}},
        {"Mozilla/5.0 (compatible; Googlebot/2.1)", {0}, {CLIENT_BOT, "Googlebot 2", "", "Bot"}},
        {"something", {0}, {CLIENT_UNKNOWN, "", "", ""}},
        {"", {0}, {CLIENT_UNKNOWN, "", "", ""}},
    };

    (void)state;
    check(cases, COUNT(cases));
}

static void hints_tell_what_is_frozen(void **state)
{
    static const name_case_t cases[] = {
        {WINDOWS CHROME,
         {.platform = "\"Windows\"", .platform_version = "\"13.0.0\""},
         {CLIENT_BROWSER, "Chrome 126", "Windows 11", "PC"}},
        {WINDOWS CHROME,
         {.platform = "\"Windows\"", .platform_version = "\"15.0.0\""},
         {CLIENT_BROWSER, "Chrome 126", "Windows 11", "PC"}},
        {WINDOWS CHROME,
         {.platform = "\"Windows\"", .platform_version = "\"10.0.0\""},
         {CLIENT_BROWSER, "Chrome 126", "Windows 10", "PC"}},
        {WINDOWS CHROME,
         {.platform = "\"Windows\"", .platform_version = "\"1.0.0\""},
         {CLIENT_BROWSER, "Chrome 126", "Windows 10", "PC"}},
        {WINDOWS CHROME,
         {.platform = "\"Windows\"", .platform_version = "\"0.1.0\""},
         {CLIENT_BROWSER, "Chrome 126", "Windows 7", "PC"}},
        {WINDOWS CHROME,
         {.platform = "\"Windows\"", .platform_version = "\"0.3\""},
         {CLIENT_BROWSER, "Chrome 126", "Windows 8.1", "PC"}},
        {WINDOWS CHROME,
         {.platform = "\"Windows\"", .platform_version = "\"0.9\""},
         {CLIENT_BROWSER, "Chrome 126", "Windows", "PC"}},
        {WINDOWS CHROME,
         {.platform = "\"Windows\"", .platform_version = "\"99999999999999999999\""},
         {CLIENT_BROWSER, "Chrome 126", "Windows 11", "PC"}},
        {WINDOWS CHROME,
         {.platform = "\"Windows\"", .mobile = "?0"},
         {CLIENT_BROWSER, "Chrome 126", "Windows 10/11", "PC"}},
        {WINDOWS CHROME,
         {.platform = "\"Windows\"", .platform_version = "\"\""},
         {CLIENT_BROWSER, "Chrome 126", "Windows 10/11", "PC"}},
        {MAC CHROME,
         {.platform = "\"macOS\"", .platform_version = "\"14.5.0\""},
         {CLIENT_BROWSER, "Chrome 126", "macOS 14.5", "Mac"}},
        {MAC CHROME,
         {.platform = "\"macOS\"", .platform_version = "\"15.0.1\""},
         {CLIENT_BROWSER, "Chrome 126", "macOS 15", "Mac"}},
        {ANDROID CHROME_MOBILE,
         {.platform = "\"Android\"",
          .platform_version = "\"14.0.0\"",
          .model = "\"Pixel 8\"",
          .mobile = "?1"},
         {CLIENT_BROWSER, "Chrome 126", "Android 14", "Pixel 8"}},
        {ANDROID CHROME_MOBILE,
         {.platform = "\"Android\"", .mobile = "?1"},
         {CLIENT_BROWSER, "Chrome 126", "Android", "Phone"}},
        {GNU_LINUX CHROME,
         {.platform = "\"Linux\"", .platform_version = "\"6.5.0\""},
         {CLIENT_BROWSER, "Chrome 126", "Linux", "PC"}},
        {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " CHROME,
         {.platform = "\"Chromium OS\"", .platform_version = "\"15917.0\""},
         {CLIENT_BROWSER, "Chrome 126", "Chrome OS", "Chromebook"}},
        {"hidden", {.platform = "\"Fuchsia\""}, {CLIENT_UNKNOWN, "", "Fuchsia", ""}},
        {"hidden", {.platform = "\"Unknown\""}, {CLIENT_UNKNOWN, "", "", ""}},
    };

    (void)state;
    check(cases, COUNT(cases));
}

static void hints_tell_the_brand_behind_chromium(void **state)
{
    static const name_case_t cases[] = {
        {WINDOWS CHROME,
         {.brands = "\"Brave\";v=\"126\", \"Chromium\";v=\"126\", \"Not/A)Brand\";v=\"8\""},
         {CLIENT_BROWSER, "Brave 126", "Windows 10/11", "PC"}},
        {WINDOWS CHROME,
         {.full_version_list = "\"Chromium\";v=\"124.0.1.2\", \"Opera\";v=\"111.5.2.1\""},
         {CLIENT_BROWSER, "Opera 111", "Windows 10/11", "PC"}},
        {WINDOWS CHROME, {.brands = "\"Brave\""}, {CLIENT_BROWSER, "Brave", "Windows 10/11", "PC"}},
        /* a browser that hides in its hints but not in its User-Agent */
        {WINDOWS CHROME " Vivaldi/6.7.1",
         {.brands = "\"Google Chrome\";v=\"126\", \"Chromium\";v=\"126\""},
         {CLIENT_BROWSER, "Vivaldi 6", "Windows 10/11", "PC"}},
        {"hidden", {.brands = "\"Chromium\";v=\"126\""}, {CLIENT_BROWSER, "Chromium 126", "", ""}},
    };

    (void)state;
    check(cases, COUNT(cases));
}

static void odoos_own_clients_are_named(void **state)
{
    static const name_case_t cases[] = {
        {"Chrome/0.0.0 Android (OdooMobile; Linux; Android 13; Pixel 8)",
         {0},
         {CLIENT_APP, "Odoo mobile app", "Android 13", "Pixel 8"}},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) OdooMobile (iOS)",
         {0},
         {CLIENT_APP, "Odoo mobile app", "iOS 17.5", "iPhone"}},
        {"OdooIoTBox/1.0", {0}, {CLIENT_PROGRAM, "Odoo IoT Box 1.0", "", "Program"}},
        {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/534.34 (KHTML, like Gecko) wkhtmltopdf "
         "Safari/534.34",
         {0},
         {CLIENT_PROGRAM, "wkhtmltopdf", "Linux", "Program"}},
        {"Python-xmlrpc/3.11", {0}, {CLIENT_PROGRAM, "Python xmlrpc.client 3.11", "", "Program"}},
        {"python-requests/2.31.0", {0}, {CLIENT_PROGRAM, "Python requests 2.31", "", "Program"}},
        {"python-urllib3/2.0", {0}, {CLIENT_PROGRAM, "Python urllib3 2.0", "", "Program"}},
        {"Python-urllib/3.12", {0}, {CLIENT_PROGRAM, "Python urllib 3.12", "", "Program"}},
        {"Python/3.11 aiohttp/3.9.1", {0}, {CLIENT_PROGRAM, "Python aiohttp 3.9", "", "Program"}},
        {"curl/8.1.2", {0}, {CLIENT_PROGRAM, "curl 8.1", "", "Program"}},
        {"curl", {0}, {CLIENT_PROGRAM, "curl", "", "Program"}},
        {"curl/", {0}, {CLIENT_PROGRAM, "curl", "", "Program"}},
        {"curl/8.", {0}, {CLIENT_PROGRAM, "curl 8", "", "Program"}},
        {"curl/x8", {0}, {CLIENT_PROGRAM, "curl", "", "Program"}},
        {"curl/1111111111111111111111111111111111", {0}, {CLIENT_PROGRAM, "curl", "", "Program"}},
        /* hints of a program say nothing */
        {"curl/8.1.2",
         {.brands = "\"Brave\";v=\"1\"", .platform = "\"Fuchsia\"", .model = "\"Pixel\""},
         {CLIENT_PROGRAM, "curl 8.1", "", "Program"}},
        /* words that only begin or end so */
        {"curling/1.0", {0}, {CLIENT_UNKNOWN, "", "", ""}},
        {"not curl/8.1.2", {0}, {CLIENT_UNKNOWN, "", "", ""}},
    };

    (void)state;
    check(cases, COUNT(cases));
}

static void hints_need_not_be_there(void **state)
{
    client_name_t name;

    (void)state;
    client_name(&name, user_agent_parse(agents, WINDOWS CHROME), NULL, pool);
    assert_string_equal(name.browser, "Chrome 126");
    assert_string_equal(name.os, "Windows 10/11");
    assert_string_equal(name.device, "PC");
}

static int set_up(void **state)
{
    (void)state;
    apr_pool_create(&pool, NULL);
    return user_agents_load(&agents, RULES, pool) != NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_agent_alone_tells_what_it_tells),
        cmocka_unit_test(hints_tell_what_is_frozen),
        cmocka_unit_test(hints_tell_the_brand_behind_chromium),
        cmocka_unit_test(odoos_own_clients_are_named),
        cmocka_unit_test(hints_need_not_be_there),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, set_up, NULL);
    apr_terminate();
    return failed;
}
