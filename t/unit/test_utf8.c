#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "text/utf8.h"

#define R UTF8_REPLACEMENT
#define COUNT(array) (sizeof(array) / sizeof(*(array)))
/* A literal that may hold NUL, and its length. */
#define BYTES(literal) literal, sizeof(literal) - 1

static apr_pool_t *pool;

/* Expected texts: what bytes.decode("utf-8", "replace") gives in Python 3.11. */
static const struct {
    const char *text;
    apr_size_t length;
    apr_size_t valid;
    const char *repaired;
} cases[] = {
    {BYTES(""), 0, ""},
    {BYTES("plain"), 5, "plain"},
    {BYTES("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), 9, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
    {BYTES("a\0b"), 3, "a" R "b"},
    {BYTES("\0\0"), 2, R R},
    {BYTES("eight bytes and \xff more"), 16, "eight bytes and " R " more"},
    {BYTES("\x80"), 0, R},
    {BYTES("\xbf\xbf"), 0, R R},
    {BYTES("\xc0\xaf"), 0, R R},
    {BYTES("\xc1\xbf"), 0, R R},
    {BYTES("\xc3"), 0, R},
    {BYTES("\xc3x"), 0, R "x"},
    {BYTES("\xe2\x82"), 0, R},
    {BYTES("\xe2\x82x"), 0, R "x"},
    {BYTES("\xe2x\x82"), 0, R "x" R},
    {BYTES("\xe0\x80\x80"), 0, R R R},
    {BYTES("\xe0\x9f\xbf"), 0, R R R},
    {BYTES("\xe0\xa0\x80"), 3, "\xe0\xa0\x80"},
    {BYTES("\xed\x9f\xbf"), 3, "\xed\x9f\xbf"},
    {BYTES("\xed\xa0\x80"), 0, R R R},
    {BYTES("\xee\x80\x80"), 3, "\xee\x80\x80"},
    {BYTES("\xf0\x8f\xbf\xbf"), 0, R R R R},
    {BYTES("\xf0\x9f\x98"), 0, R},
    {BYTES("\xf0\x9f\x98x"), 0, R "x"},
    {BYTES("\xf0\x9f\xf0\x9f"), 0, R R},
    {BYTES("\xf4\x8f\xbf\xbf"), 4, "\xf4\x8f\xbf\xbf"},
    {BYTES("\xf4\x90\x80\x80"), 0, R R R R},
    {BYTES("\xf5\x80\x80\x80"), 0, R R R R},
    {BYTES("\xff\xfe"), 0, R R},
};

static void valid_prefixes_end_where_python_says(void **state)
{
    (void)state;
    for (apr_size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(utf8_valid_prefix(cases[i].text, cases[i].length), cases[i].valid);
    }
}

static void broken_sequences_are_replaced_as_python_does(void **state)
{
    (void)state;
    for (apr_size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(utf8_repair(pool, cases[i].text, cases[i].length), cases[i].repaired);
        assert_int_equal(utf8_repaired_length(cases[i].text, cases[i].length),
                         strlen(cases[i].repaired));
    }
}

static void a_place_in_a_longer_text_makes_no_difference(void **state)
{
    char text[64];

    (void)state;
    for (apr_size_t lead = 0; lead < 32; lead++) {
        memset(text, 'a', sizeof(text));
        memcpy(text + lead, "\xe2\x82\xac", 3);
        assert_int_equal(utf8_valid_prefix(text, sizeof(text)), sizeof(text));
        text[lead + 2] = 'a';
        assert_int_equal(utf8_valid_prefix(text, sizeof(text)), lead);
    }
}

static void repair_into_little_room_keeps_whole_characters(void **state)
{
    static const char text[] = "a\xe2\x82\xac\xff"
                               "b";
    static const char *const expected[] = {
        "",
        "a",
        "a",
        "a",
        "a\xe2\x82\xac",
        "a\xe2\x82\xac",
        "a\xe2\x82\xac",
        "a\xe2\x82\xac" R,
        "a\xe2\x82\xac" R "b",
    };
    char to[16];

    (void)state;
    for (apr_size_t room = 0; room < COUNT(expected); room++) {
        int whole;
        apr_size_t length = utf8_repair_into(to, room, text, sizeof(text) - 1, &whole);

        assert_int_equal(length, strlen(expected[room]));
        assert_memory_equal(to, expected[room], length);
        assert_int_equal(whole, room == COUNT(expected) - 1);
    }
}

static void cuts_fall_between_characters(void **state)
{
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    static const apr_size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};

    (void)state;
    for (apr_size_t limit = 0; limit < COUNT(expected); limit++) {
        assert_int_equal(utf8_cut(text, sizeof(text) - 1, limit), expected[limit]);
    }
    assert_int_equal(utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
}

static void code_points_are_written_in_their_shortest_form(void **state)
{
    static const struct {
        apr_uint32_t character;
        const char *text;
    } points[] = {
        {0x41, "A"},
        {0x7f, "\x7f"},
        {0x80, "\xc2\x80"},
        {0x7ff, "\xdf\xbf"},
        {0x800, "\xe0\xa0\x80"},
        {0xd83d, "\xed\xa0\xbd"},
        {0xffff, "\xef\xbf\xbf"},
        {0x10000, "\xf0\x90\x80\x80"},
        {0x10ffff, "\xf4\x8f\xbf\xbf"},
    };
    char to[4];

    (void)state;
    for (apr_size_t i = 0; i < COUNT(points); i++) {
        assert_int_equal(utf8_encode(points[i].character, to), strlen(points[i].text));
        assert_memory_equal(to, points[i].text, strlen(points[i].text));
    }
    assert_int_equal(utf8_encode(0, to), 1);
    assert_int_equal(to[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_prefixes_end_where_python_says),
        cmocka_unit_test(broken_sequences_are_replaced_as_python_does),
        cmocka_unit_test(a_place_in_a_longer_text_makes_no_difference),
        cmocka_unit_test(repair_into_little_room_keeps_whole_characters),
        cmocka_unit_test(cuts_fall_between_characters),
        cmocka_unit_test(code_points_are_written_in_their_shortest_form),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
