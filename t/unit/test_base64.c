#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text/base64.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define LONGEST 600

typedef int only_t(const char *data, apr_size_t length);

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_\r\n";

static only_t *ways[4] = {base64_only, base64_only_bytewise};
static size_t way_count = 2;

static int belongs(int byte)
{
    return byte && strchr(alphabet, byte) != NULL;
}

static void assert_all_say(const char *data, apr_size_t length, int expected)
{
    for (size_t i = 0; i < way_count; i++) {
        assert_int_equal(ways[i](data, length), expected);
    }
}

static void a_text_of_any_length_is_base64(void **state)
{
    char text[LONGEST];

    (void)state;
    for (size_t i = 0; i < LONGEST; i++) {
        text[i] = alphabet[i * 31 % (sizeof(alphabet) - 1)];
    }
    for (apr_size_t from = 0; from < 40; from++) {
        for (apr_size_t length = 0; from + length <= LONGEST; length++) {
            assert_all_say(text + from, length, 1);
        }
    }
}

/* Whatever is looked at in one go, each byte counts wherever it stands. */
static void every_byte_decides_wherever_it_stands(void **state)
{
    static const apr_size_t lengths[] = {1, 15, 16, 17, 127, 128, 129, 300};
    char text[LONGEST];

    (void)state;
    memset(text, 'Q', sizeof(text));
    for (size_t i = 0; i < COUNT(lengths); i++) {
        for (apr_size_t place = 0; place < lengths[i]; place++) {
            for (int byte = 0; byte < 256; byte++) {
                text[place] = (char)byte;
                assert_all_say(text, lengths[i], belongs(byte));
            }
            text[place] = 'Q';
        }
    }
}

static void what_stands_behind_does_not_count(void **state)
{
    char text[LONGEST];

    (void)state;
    memset(text, '!', sizeof(text));
    for (apr_size_t length = 0; length < LONGEST - 1; length++) {
        assert_all_say(text, length, 1);
        text[length] = 'Q';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_of_any_length_is_base64),
        cmocka_unit_test(every_byte_decides_wherever_it_stands),
        cmocka_unit_test(what_stands_behind_does_not_count),
    };

#ifdef BASE64_VECTORS
    ways[way_count++] = base64_only_sse2;
    if (__builtin_cpu_supports("avx2")) {
        ways[way_count++] = base64_only_avx2;
    }
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
