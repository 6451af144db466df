/* Client Hints: what is taken from the headers, and how strictly they are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "client/client_hints.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static apr_pool_t *pool;

static void assert_text(const char *is, const char *expected)
{
    assert_int_equal(!is, !expected);
    if (expected) {
        assert_string_equal(is, expected);
    }
}

static client_hints_t read_hints(client_hint_headers_t headers)
{
    client_hints_t hints;

    client_hints_read(&hints, &headers, pool);
    return hints;
}

static void nothing_sent_nothing_known(void **state)
{
    client_hints_t hints = read_hints((client_hint_headers_t){0});

    (void)state;
    assert_text(hints.brand, NULL);
    assert_text(hints.brand_version, NULL);
    assert_text(hints.platform, NULL);
    assert_text(hints.platform_version, NULL);
    assert_text(hints.model, NULL);
    assert_int_equal(hints.mobile, -1);
}

static void a_browser_says_what_it_is(void **state)
{
    client_hints_t hints = read_hints((client_hint_headers_t){
        .brands = "\"Not/A)Brand\";v=\"8\", \"Chromium\";v=\"126\", \"Google Chrome\";v=\"126\"",
        .full_version_list = "\"Not/A)Brand\";v=\"8.0.0.0\", \"Chromium\";v=\"126.0.6478.127\", "
                             "\"Google Chrome\";v=\"126.0.6478.127\"",
        .platform = "\"Windows\"",
        .platform_version = "\"15.0.0\"",
        .model = "\"\"",
        .mobile = "?0"});

    (void)state;
    assert_text(hints.brand, "Chrome");
    assert_text(hints.brand_version, "126.0.6478.127");
    assert_int_equal(hints.brand_is_base, 1);
    assert_text(hints.platform, "Windows");
    assert_text(hints.platform_version, "15.0.0");
    assert_text(hints.model, NULL);
    assert_int_equal(hints.mobile, 0);
}

typedef struct brand_case_t {
    const char *header;
    const char *brand, *version;
} brand_case_t;

static const brand_case_t brand_cases[] = {
    /* the most specific one, wherever it stands */
    {"\"Microsoft Edge\";v=\"126\", \"Chromium\";v=\"125\", \"Not;A=Brand\";v=\"24\"", "Edge",
     "126"},
    {"\"Chromium\";v=\"125\",\"Opera\";v=\"111\"", "Opera", "111"},
    {"\"Brave\";v=\"126\", \"Google Chrome\";v=\"125\"", "Brave", "126"},
    {"\"Chromium\";v=\"125\"", "Chromium", "125"},
    /* made-up names and unknown ones */
    {"\"(Not(A:Brand\";v=\"99\", \"Chromium\";v=\"125\"", "Chromium", "125"},
    {"\" Not A;Brand\";v=\"99\"", NULL, NULL},
    {"\"Somebody's\";v=\"1\"", NULL, NULL},
    {"\"google chrome\";v=\"1\"", NULL, NULL},
    {"\"\\\\Not\\\"A\";v=\"99\", \"Brave\";v=\"1\"", "Brave", "1"},
    /* parameters of every kind */
    {"\"Brave\"", "Brave", NULL},
    {"\"Brave\";v=126", "Brave", NULL},
    {"\"Brave\";v", "Brave", NULL},
    {"\"Brave\";v=\"1\";v=\"2\"", "Brave", "2"},
    {"\"Brave\";a=?1;b=-1.5;*c=*tok/en:x;d=:YWJj:; v=\"7\"", "Brave", "7"},
    {"\"Brave\";v=\"<7>\"", "Brave", NULL},
    {"  \"Brave\";v=\"1\" \t,\t \"Chromium\";v=\"2\"  ", "Brave", "1"},
    {"", NULL, NULL},
    /* no structured field: the header is as if it was not sent */
    {"\"Brave\";v=\"1\",", NULL, NULL},
    {",\"Brave\";v=\"1\"", NULL, NULL},
    {"\"Brave\";v=\"1\" \"Chromium\"", NULL, NULL},
    {"\"Brave\";v=\"1", NULL, NULL},
    {"\"Brave\";v=", NULL, NULL},
    {"\"Brave\";V=\"1\"", NULL, NULL},
    {"\"Brave\";", NULL, NULL},
    {"\"Brave\" ;v=\"1\";", NULL, NULL},
    {"\"Brave\";a=?2", NULL, NULL},
    {"\"Brave\";a=1.", NULL, NULL},
    {"\"Brave\";a=12345678901234567", NULL, NULL},
    {"\"Brave\";a=:YWJj", NULL, NULL},
    {"\"Br\\ave\"", NULL, NULL},
    {"\"Brave\\", NULL, NULL},
    {"\"Brave\x7f\", \"Opera\"", NULL, NULL},
    {"\"Br\xc3\xa4ve\", \"Opera\"", NULL, NULL},
    {"Brave;v=\"1\"", NULL, NULL},
    {"(\"Brave\");v=\"1\"", NULL, NULL},
    {"\t\"Brave\"", NULL, NULL},
};

static void brands_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(brand_cases); i++) {
        client_hints_t hints = read_hints((client_hint_headers_t){.brands = brand_cases[i].header});

        if (!hints.brand != !brand_cases[i].brand) {
            fail_msg("%s gives %s", brand_cases[i].header, hints.brand ? hints.brand : "nothing");
        }
        assert_text(hints.brand, brand_cases[i].brand);
        assert_text(hints.brand_version, brand_cases[i].version);
    }
}

static void one_wrong_header_hurts_no_other(void **state)
{
    client_hints_t hints = read_hints((client_hint_headers_t){.brands = "\"Brave\";v=\"1\"",
                                                              .full_version_list = "\"Brave",
                                                              .platform = "\"Android\"",
                                                              .platform_version = "14",
                                                              .model = "\"Pixel 8\";x=1",
                                                              .mobile = "yes"});

    (void)state;
    assert_text(hints.brand, "Brave");
    assert_text(hints.platform, "Android");
    assert_text(hints.platform_version, NULL);
    assert_text(hints.model, "Pixel 8");
    assert_int_equal(hints.mobile, -1);
}

static void items_are_read_strictly(void **state)
{
    static const char *const refused[] = {"Windows",      "\"Windows\", \"Linux\"",
                                          "\"Windows\"x", "\"Windows",
                                          "\"",           "",
                                          "?1",           "1",
                                          "\"a\nb\""};
    static const char *const booleans[] = {"1", "?2", "?", "?1 x", "?1, ?0", "\"?1\"", ""};

    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_text(read_hints((client_hint_headers_t){.platform = refused[i]}).platform, NULL);
    }
    for (size_t i = 0; i < COUNT(booleans); i++) {
        assert_int_equal(read_hints((client_hint_headers_t){.mobile = booleans[i]}).mobile, -1);
    }
    assert_text(read_hints((client_hint_headers_t){.platform = "  \"a\\\"b\"  "}).platform, "a\"b");
    assert_int_equal(read_hints((client_hint_headers_t){.mobile = " ?1 "}).mobile, 1);
}

static const char *quoted(int length)
{
    char *text = apr_palloc(pool, (size_t)length + 3);

    memset(text, 'a', (size_t)length + 2);
    text[0] = text[length + 1] = '"';
    text[length + 2] = '\0';
    return text;
}

static void headers_have_limits(void **state)
{
    const char *list = "\"Brave\"";

    (void)state;
    assert_non_null(
        read_hints((client_hint_headers_t){.model = quoted(CLIENT_HINT_VALUE_MAX)}).model);
    assert_null(
        read_hints((client_hint_headers_t){.model = quoted(CLIENT_HINT_VALUE_MAX + 1)}).model);
    for (int i = 1; i < CLIENT_HINT_BRANDS; i++) {
        list = apr_pstrcat(pool, list, ", \"x\"", NULL);
    }
    assert_text(read_hints((client_hint_headers_t){.brands = list}).brand, "Brave");
    list = apr_pstrcat(pool, list, ", \"x\"", NULL);
    assert_text(read_hints((client_hint_headers_t){.brands = list}).brand, NULL);
    list = apr_pstrcat(pool, "\"Brave\", ", quoted(CLIENT_HINT_MAX), NULL);
    assert_text(read_hints((client_hint_headers_t){.brands = list}).brand, NULL);
}

/* ---- as one text ---- */

static client_hint_headers_t packed_and_back(client_hint_headers_t headers)
{
    client_hint_headers_t back;
    const char *packed = client_hints_pack(&headers, pool);

    assert_true(!packed || strlen(packed) <= CLIENT_HINTS_PACKED_MAX);
    client_hints_unpack(&back, packed, pool);
    return back;
}

static void what_was_sent_comes_back(void **state)
{
    client_hint_headers_t back = packed_and_back((client_hint_headers_t){
        .brands = "\"Edge\"", .platform = "\"Windows\"", .model = "\"\"", .mobile = "?0"});

    (void)state;
    assert_text(back.brands, "\"Edge\"");
    assert_text(back.platform, "\"Windows\"");
    assert_text(back.model, "\"\"");
    assert_text(back.mobile, "?0");
    assert_null(back.full_version_list);
    back = packed_and_back((client_hint_headers_t){.brands = "\"Edge\";v=\"126\"",
                                                   .full_version_list = "\"Edge\";v=\"126.0.1\"",
                                                   .platform_version = "\"15.0.0\""});
    assert_null(back.brands);
    assert_text(back.full_version_list, "\"Edge\";v=\"126.0.1\"");
    assert_text(back.platform_version, "\"15.0.0\"");
    assert_null(client_hints_pack(&(client_hint_headers_t){NULL}, pool));
}

static void what_no_browser_sends_is_left_out(void **state)
{
    const char *huge = quoted(2000), *full = quoted(418), *text = quoted(134);
    client_hint_headers_t back = packed_and_back((client_hint_headers_t){.brands = "\"Brave\"",
                                                                         .full_version_list = huge,
                                                                         .model = "\"\xc3\"",
                                                                         .platform = "\"a\nm b\""});

    (void)state;
    assert_text(back.brands, "\"Brave\"");
    assert_null(back.full_version_list);
    assert_null(back.model);
    assert_null(back.platform);
    back = packed_and_back((client_hint_headers_t){full, full, text, text, text, text});
    assert_text(back.full_version_list, full);
    assert_text(back.mobile, text);
    client_hints_unpack(&back, "\n\nx y\np\np \np \"Linux\"\nm", pool);
    assert_text(back.platform, "\"Linux\"");
    assert_null(back.model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_sent_nothing_known),
        cmocka_unit_test(a_browser_says_what_it_is),
        cmocka_unit_test(brands_are_read_strictly),
        cmocka_unit_test(one_wrong_header_hurts_no_other),
        cmocka_unit_test(items_are_read_strictly),
        cmocka_unit_test(headers_have_limits),
        cmocka_unit_test(what_was_sent_comes_back),
        cmocka_unit_test(what_no_browser_sends_is_left_out),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
