#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apr_general.h>
#include <cmocka.h>

#include "address.h"

static void test_keys(void **state)
{
    static const struct {
        const char *text, *key;
    } cases[] = {
        {"10.0.0.1", "40a000001"},
        {"::ffff:10.0.0.1", "40a000001"},
        {"::1", "600000000000000000000000000000001"},
        {"2001:DB8::5", "620010db8000000000000000000000005"},
        {"fe80::1%eth0", "6fe800000000000000000000000000001"},
    };
    char key[ADDRESS_KEY_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(address_key(cases[i].text, key), APR_SUCCESS);
        assert_string_equal(key, cases[i].key);
    }
}

static void test_ranges(void **state)
{
    static const struct {
        const char *text, *first, *last;
    } cases[] = {
        {"10.0.0.1", "40a000001", "40a000001"},
        {"10.1.2.3/8", "40a000000", "40affffff"},
        {"192.168.1.77/27", "4c0a80140", "4c0a8015f"},
        {"0.0.0.0/0", "400000000", "4ffffffff"},
        {"::ffff:10.0.0.0/104", "40a000000", "40affffff"},
        {"2001:db8::/32", "620010db8000000000000000000000000", "620010db8ffffffffffffffffffffffff"},
        {"::/0", "600000000000000000000000000000000", "6ffffffffffffffffffffffffffffffff"},
    };
    char first[ADDRESS_KEY_SIZE], last[ADDRESS_KEY_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(address_range(cases[i].text, first, last), APR_SUCCESS);
        assert_string_equal(first, cases[i].first);
        assert_string_equal(last, cases[i].last);
    }
}

static void test_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "10.0.0",
        "10.0.0.256",
        "10.0.0.1/33",
        "10.0.0.1/",
        "10.0.0.1/-1",
        "10.0.0.1/8x",
        "10.0.0.1/0008",
        "/8",
        "::/129",
        "::ffff:10.0.0.1/64",
        "localhost",
        "' OR 1=1",
        "0000000000000000000000000000000000000000000000000000000000000001"};
    char first[ADDRESS_KEY_SIZE], last[ADDRESS_KEY_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(address_range(wrong[i], first, last), APR_EINVAL);
        assert_int_equal(address_key(wrong[i], first), APR_EINVAL);
    }
    assert_int_equal(address_key("10.0.0.0/8", first), APR_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_refused),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
