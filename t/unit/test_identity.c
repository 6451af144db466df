#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "odoo/identity.h"

#define INFO                                                                                       \
    "{\"uid\": 2, \"is_system\": true, \"is_admin\": false, \"user_context\": {\"lang\": "         \
    "\"en_US\", \"tz\": \"Europe/Brussels\", \"uid\": 2}, \"db\": \"o17\", \"name\": \"Mitchell "  \
    "Admin\", \"username\": \"admin\", \"currencies\": {\"1\": {\"symbol\": \"\\u20ac\"}}}"

#define PAGE                                                                                       \
    "<html><script type=\"text/javascript\">\nodoo.__session_info__ = " INFO ";\n</script></html>"

static apr_pool_t *pool;

static identity_t *from_json(const char *json)
{
    const json_limits_t limits = {100, 4096, 512, 100};

    return identity_from_session_info(pool, json_parse(pool, json, strlen(json), &limits));
}

/* Feeds a page in pieces of this size until no more is needed. */
static identity_t *from_page(const char *html, apr_size_t piece, int *enough)
{
    identity_page_t *page = identity_page_create(pool);
    apr_size_t length = strlen(html);

    *enough = 0;
    for (apr_size_t done = 0; done < length && !*enough; done += piece) {
        *enough =
            identity_page_feed(page, html + done, piece < length - done ? piece : length - done);
    }
    return identity_page_result(page);
}

static identity_t *from_whole_page(const char *html)
{
    int enough;

    return from_page(html, strlen(html), &enough);
}

static void assert_admin(const identity_t *identity)
{
    assert_non_null(identity);
    assert_int_equal(identity->uid, 2);
    assert_string_equal(identity->login, "admin");
    assert_string_equal(identity->name, "Mitchell Admin");
    assert_string_equal(identity->database, "o17");
    assert_string_equal(identity->timezone, "Europe/Brussels");
    assert_int_equal(identity->is_system, 1);
    assert_int_equal(identity->is_admin, 0);
    assert_int_equal(identity->frontend, 0);
}

static void test_session_info(void **state)
{
    (void)state;
    assert_admin(from_json(INFO));
}

static void test_what_is_no_session_info(void **state)
{
    (void)state;
    assert_null(from_json("{\"name\":\"x\"}"));
    assert_null(from_json("[1]"));
    assert_null(from_json("null"));
    assert_null(identity_from_session_info(pool, NULL));
}

static void test_who_is_nobody(void **state)
{
    (void)state;
    assert_int_equal(from_json("{\"uid\":null}")->uid, 0);
    assert_int_equal(from_json("{\"uid\":false,\"username\":\"x\"}")->uid, 0);
    assert_int_equal(from_json("{\"uid\":-1}")->uid, 0);
    assert_int_equal(from_json("{\"uid\":4,\"is_public\":true}")->uid, 0);
}

static void test_frontend_names_nobody(void **state)
{
    const identity_t *old = from_json("{\"is_frontend\":true,\"user_id\":7,\"is_admin\":true}");
    const identity_t *new = from_json("{\"is_frontend\":true,\"uid\":7,\"is_system\":true}");

    (void)state;
    assert_int_equal(old->frontend, 1);
    assert_int_equal(old->uid, 0);
    assert_int_equal(old->is_admin, 0);
    assert_int_equal(new->frontend, 1);
    assert_int_equal(new->uid, 0);
    assert_int_equal(new->is_system, 0);
}

static void test_page_cut_anywhere(void **state)
{
    int enough;

    (void)state;
    for (apr_size_t piece = 1; piece <= sizeof(PAGE); piece++) {
        assert_admin(from_page(PAGE, piece, &enough));
        assert_int_equal(enough, 1);
    }
}

static void test_page_without_it(void **state)
{
    int enough;

    (void)state;
    assert_null(from_page("<html>odoo.__session_info</html>", 5, &enough));
    assert_int_equal(enough, 0);
    assert_null(from_whole_page("odoo.__session_info__ = 5"));
    assert_null(from_whole_page("odoo.__session_info__ = {\"uid\": 2"));
    assert_null(from_whole_page("odoo.__session_info__ = {\"uid\": 2,,}"));
    assert_null(from_whole_page(""));
}

static void test_page_with_starts_of_the_name_before_it(void **state)
{
    (void)state;
    assert_admin(from_whole_page("oodoo.__session_info__=" INFO));
    assert_admin(from_whole_page("ododoo.__session_info__ = " INFO));
    assert_admin(from_whole_page("odoodoo.__session_info__\n=\n" INFO));
    assert_admin(from_whole_page("odoo.__session_infoodoo.__session_info__=" INFO));
    assert_admin(from_whole_page("if (odoo.__session_info__) { odoo.__session_info__ = " INFO));
    assert_admin(from_whole_page("odoo.__session_info__ = odoo.__session_info__ = " INFO));
}

static void test_page_too_long(void **state)
{
    apr_size_t length = 300 * 1024;
    char *blanks = apr_palloc(pool, length + 1);
    int enough;

    (void)state;
    memset(blanks, ' ', length);
    blanks[length] = '\0';
    assert_null(from_page(apr_pstrcat(pool, blanks, PAGE, NULL), 4096, &enough));
    assert_int_equal(enough, 1);
    blanks[200 * 1024] = '\0';
    assert_admin(from_whole_page(apr_pstrcat(pool, blanks, PAGE, NULL)));
}

/* Menus, a chat's store and the like: what is not needed has no limit and takes no memory. */
static void test_large_session_info(void **state)
{
    apr_size_t length = 2 * 1024 * 1024;
    char *long_text = apr_palloc(pool, length + 1);
    const char *page;

    (void)state;
    memset(long_text, 'x', length);
    long_text[length] = '\0';
    page = apr_pstrcat(pool, "odoo.__session_info__ = {\"storeData\": {\"uid\": 9, \"a\": [\"",
                       long_text, "\"]}, \"", long_text, "\": \"", long_text, "\", \"uid\": 1, ",
                       strchr(INFO, '"'), NULL);
    assert_admin(from_whole_page(page));
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
        cmocka_unit_test(test_session_info),
        cmocka_unit_test(test_what_is_no_session_info),
        cmocka_unit_test(test_who_is_nobody),
        cmocka_unit_test(test_frontend_names_nobody),
        cmocka_unit_test(test_page_cut_anywhere),
        cmocka_unit_test(test_page_without_it),
        cmocka_unit_test(test_page_with_starts_of_the_name_before_it),
        cmocka_unit_test(test_page_too_long),
        cmocka_unit_test(test_large_session_info),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, setup, teardown);
}
