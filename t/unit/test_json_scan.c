#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>

#include "json_cuts.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define BYTES(literal) literal, sizeof(literal) - 1
#define RANDOM_CUTS 20

static const json_limits_t limits = {100000, 1u << 20, 1u << 16, 100000};

static apr_pool_t *pool;
static apr_uint32_t chance = 20240229;

/* Scans the text cut in every way that json_record_cuts knows, which must agree. */
static json_record_t scan_text(const char *text, apr_size_t length)
{
    json_record_t record;

    assert_true(json_record_cuts(&record, pool, &limits, text, length, RANDOM_CUTS, &chance));
    return record;
}

static void texts_have_these_tokens(void **state)
{
    /* Tokens are letters in the order of json_token_t, from a; texts end in NUL. */
    static const struct {
        const char *text;
        const char *tokens;
        apr_size_t length;
    } cases[] = {
        {"{}", BYTES("ab")},
        {" [ ] ", BYTES("cd")},
        {"[true,false,null]", BYTES("chijd")},
        {"{\"a\":1,\"\":\"x\"}", BYTES("aea\0g1\0e\0fx\0b")},
        {"[-0.5e+10,NaN,-Infinity,Infinity]", BYTES("cg-0.5e+10\0gNaN\0g-Infinity\0gInfinity\0d")},
        {"17", BYTES("g17\0")},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", BYTES("f\"\\/\b\f\n\r\t\0")},
        {"\"\\u0041\\u00e9\\u20AC\"", BYTES("fA\xc3\xa9\xe2\x82\xac\0")},
        {"\"\\u0000\"", BYTES("f\0\0")},
        {"\"\\ud83d\\ude00\"", BYTES("f\xf0\x9f\x98\x80\0")},
        {"\"\\ud83d\"", BYTES("f\xed\xa0\xbd\0")},
        {"\"\\ud83d\\n\"", BYTES("f\xed\xa0\xbd\n\0")},
        {"\"\\ud83d\\ud83d\\ude00\"", BYTES("f\xed\xa0\xbd\xf0\x9f\x98\x80\0")},
        {"\"\\ude00\\ud83d\"", BYTES("f\xed\xb8\x80\xed\xa0\xbd\0")},
        {"\"\\ud83dx\\ude00\"", BYTES("f\xed\xa0\xbdx\xed\xb8\x80\0")},
        {"\"\xff\xc3\x7f\"", BYTES("f\xff\xc3\x7f\0")},
    };

    (void)state;
    for (apr_size_t i = 0; i < COUNT(cases); i++) {
        json_record_t record = scan_text(cases[i].text, strlen(cases[i].text));

        assert_true(record.accepted);
        assert_int_equal(record.tokens.length, cases[i].length);
        assert_memory_equal(record.tokens.data, cases[i].tokens, cases[i].length);
    }
}

static void refused_texts_tell_their_fault(void **state)
{
    static const struct {
        const char *text;
        apr_size_t length;
        json_fault_t fault;
    } cases[] = {
        {BYTES(""), JSON_FAULT_CUT},
        {BYTES(" \n"), JSON_FAULT_CUT},
        {BYTES("["), JSON_FAULT_CUT},
        {BYTES("{\"a\":1"), JSON_FAULT_CUT},
        {BYTES("\"abc"), JSON_FAULT_CUT},
        {BYTES("\"\\ud83d"), JSON_FAULT_CUT},
        {BYTES("\"\\"), JSON_FAULT_CUT},
        {BYTES("-"), JSON_FAULT_CUT},
        {BYTES("1."), JSON_FAULT_CUT},
        {BYTES("1e"), JSON_FAULT_CUT},
        {BYTES("1e+"), JSON_FAULT_CUT},
        {BYTES("-Infinit"), JSON_FAULT_CUT},
        {BYTES("nul"), JSON_FAULT_CUT},
        {BYTES("01"), JSON_FAULT_SYNTAX},
        {BYTES("-01"), JSON_FAULT_SYNTAX},
        {BYTES("+1"), JSON_FAULT_SYNTAX},
        {BYTES(".5"), JSON_FAULT_SYNTAX},
        {BYTES("[1.]"), JSON_FAULT_SYNTAX},
        {BYTES("-NaN"), JSON_FAULT_SYNTAX},
        {BYTES("[1,]"), JSON_FAULT_SYNTAX},
        {BYTES("{\"a\":1,}"), JSON_FAULT_SYNTAX},
        {BYTES("{\"a\" 1}"), JSON_FAULT_SYNTAX},
        {BYTES("{1:2}"), JSON_FAULT_SYNTAX},
        {BYTES("[}"), JSON_FAULT_SYNTAX},
        {BYTES("{]"), JSON_FAULT_SYNTAX},
        {BYTES("]"), JSON_FAULT_SYNTAX},
        {BYTES("[] x"), JSON_FAULT_SYNTAX},
        {BYTES("[]\0"), JSON_FAULT_SYNTAX},
        {BYTES("\0[]"), JSON_FAULT_SYNTAX},
        {BYTES("\v[]"), JSON_FAULT_SYNTAX},
        {BYTES("\xef\xbb\xbf[]"), JSON_FAULT_SYNTAX},
        {BYTES("[\xff]"), JSON_FAULT_SYNTAX},
        {BYTES("\"\n\""), JSON_FAULT_SYNTAX},
        {BYTES("\"\0\""), JSON_FAULT_SYNTAX},
        {BYTES("\"a long text before the control byte \x1f\""), JSON_FAULT_SYNTAX},
        {BYTES("\"\\x41\""), JSON_FAULT_SYNTAX},
        {BYTES("\"\\u12g4\""), JSON_FAULT_SYNTAX},
        {BYTES("\"\\ud83d\\u12\""), JSON_FAULT_SYNTAX},
        {BYTES("trux"), JSON_FAULT_SYNTAX},
        {BYTES("nullx"), JSON_FAULT_SYNTAX},
    };

    (void)state;
    for (apr_size_t i = 0; i < COUNT(cases); i++) {
        json_record_t record = scan_text(cases[i].text, cases[i].length);

        assert_false(record.accepted);
        assert_int_equal(record.fault, cases[i].fault);
    }
}

static void an_end_of_a_string_is_found_at_every_place(void **state)
{
    static const char specials[] = {'"', '\\', '\x1f', '\0'};
    char text[300];

    (void)state;
    for (apr_size_t place = 1; place < sizeof(text) - 2; place++) {
        for (apr_size_t i = 0; i < sizeof(specials); i++) {
            json_record_t record;

            memset(text, '!', sizeof(text));
            text[0] = '"';
            text[place] = specials[i];
            text[place + 1] = specials[i] == '\\' ? 'n' : ' ';
            text[sizeof(text) - 1] = '"';
            json_record(&record, pool, &limits, text, specials[i] == '"' ? place + 2 : sizeof(text),
                        0, &chance);
            assert_int_equal(record.accepted, specials[i] == '"' || specials[i] == '\\');
        }
        apr_pool_clear(pool);
    }
}

/* `digits` nines between `before` and `after`. */
static json_record_t scan_digits(const char *before, apr_size_t digits, const char *after)
{
    char text[JSON_SCAN_MAX_DIGITS + 16];
    apr_size_t length = strlen(before);

    memcpy(text, before, length);
    memset(text + length, '9', digits);
    length += digits;
    memcpy(text + length, after, strlen(after));
    return scan_text(text, length + strlen(after));
}

static void integers_have_a_limit_that_floats_have_not(void **state)
{
    (void)state;
    assert_true(scan_digits("", JSON_SCAN_MAX_DIGITS, "").accepted);
    assert_true(scan_digits("[-", JSON_SCAN_MAX_DIGITS, "]").accepted);
    assert_int_equal(scan_digits("", JSON_SCAN_MAX_DIGITS + 1, "").fault, JSON_FAULT_DIGITS);
    assert_int_equal(scan_digits("[-", JSON_SCAN_MAX_DIGITS + 1, "]").fault, JSON_FAULT_DIGITS);
    assert_true(scan_digits("", JSON_SCAN_MAX_DIGITS + 1, "e1").accepted);
    assert_true(scan_digits("[0.", JSON_SCAN_MAX_DIGITS + 1, "]").accepted);
}

/* So many arrays and objects in turn. */
static char *nest(apr_size_t depth, apr_size_t *length)
{
    char *text = apr_palloc(pool, depth * 6 + 1), *end = text;

    for (apr_size_t i = 0; i < depth; i++) {
        memcpy(end, i % 3 ? "{\"\":" : "[", i % 3 ? 4 : 1);
        end += i % 3 ? 4 : 1;
    }
    *end++ = '0';
    for (apr_size_t i = depth; i-- > 0;) {
        *end++ = i % 3 ? '}' : ']';
    }
    *length = (apr_size_t)(end - text);
    return text;
}

static void nesting_has_a_limit(void **state)
{
    static const apr_size_t depths[] = {1, 63, 64, 65, 127, 128, 129, JSON_SCAN_MAX_DEPTH};
    apr_size_t length;
    char *text;

    (void)state;
    for (apr_size_t i = 0; i < COUNT(depths); i++) {
        text = nest(depths[i], &length);
        assert_true(scan_text(text, length).accepted);
        text[length - 1] = '}'; /* the outermost is an array */
        assert_int_equal(scan_text(text, length).fault, JSON_FAULT_SYNTAX);
    }
    text = nest(JSON_SCAN_MAX_DEPTH + 1, &length);
    assert_int_equal(scan_text(text, length).fault, JSON_FAULT_DEPTH);
    apr_pool_clear(pool);
}

/* ---- skipping, stopping, starting again ---- */

typedef struct watcher_t {
    json_scan_t *scan;
    unsigned skip_at; /* the depth of containers to skip */
    buffer_t seen;
    unsigned depth;
} watcher_t;

static void watch_token(void *payload, json_token_t token)
{
    watcher_t *watcher = payload;

    buffer_append_char(&watcher->seen, (char)('a' + (int)token));
    watcher->depth = json_scan_depth(watcher->scan);
    if ((token == JSON_OBJECT_BEGIN || token == JSON_ARRAY_BEGIN) &&
        watcher->depth == watcher->skip_at) {
        json_scan_skip(watcher->scan);
    }
}

static void watch_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                       int last)
{
    watcher_t *watcher = payload;

    (void)token;
    buffer_append(&watcher->seen, data, length);
    if (last) {
        buffer_append_char(&watcher->seen, '.');
    }
}

static void watch(watcher_t *watcher, unsigned skip_at)
{
    json_sink_t sink = {watch_token, watch_text, watcher};

    watcher->skip_at = skip_at;
    watcher->depth = 0;
    buffer_init(&watcher->seen, pool, 1u << 16);
    watcher->scan = json_scan_create(pool, &sink);
}

static void a_skipped_container_reports_its_end_only(void **state)
{
    static const char text[] = "[{\"a\":[\"\\u0041\",1,{}]},\"b\",[[2]]]";
    watcher_t watcher;

    (void)state;
    watch(&watcher, 2);
    assert_int_equal(json_scan_feed(watcher.scan, text, sizeof(text) - 1), APR_SUCCESS);
    assert_int_equal(json_scan_end(watcher.scan), APR_SUCCESS);
    assert_string_equal(buffer_string(&watcher.seen), "cabb.cdd");
    assert_int_equal(watcher.depth, 0);
}

static void a_skipped_container_is_checked(void **state)
{
    static const char *const texts[] = {"[[1,]]",     "[[\"\\x\"]]", "[[01]]",          "[[nul]]",
                                        "[[\"\n\"]]", "[{\"a\"}]",   "[[[{,\"a\":1}]]]"};

    (void)state;
    for (apr_size_t i = 0; i < COUNT(texts); i++) {
        watcher_t watcher;

        watch(&watcher, 2);
        assert_int_equal(json_scan_feed(watcher.scan, texts[i], strlen(texts[i])), APR_EINVAL);
        assert_int_equal(json_scan_fault(watcher.scan), JSON_FAULT_SYNTAX);
    }
}

static unsigned by_chance(unsigned below)
{
    chance = chance * 1664525u + 1013904223u;
    return (chance >> 8) % below;
}

/* Mostly what may follow; returns the text's length. */
static apr_size_t random_brackets(char *text, apr_size_t size)
{
    static const char others[] = "[]{},: \"01t\0\xff";
    char open[400];
    apr_size_t depth = 0, length = 0;
    apr_size_t deepest = by_chance(COUNT(open)) + 1;

    text[length++] = '[';
    open[depth++] = ']';
    while (depth && length < size - 2) {
        unsigned choice = by_chance(64);
        int object = open[depth - 1] == '}',
            may_open = text[length - 1] == '[' || text[length - 1] == ',';

        if (choice == 0) {
            text[length++] = others[by_chance(sizeof(others) - 1)];
        }
        else if (choice == 1) {
            text[length++] = ' ';
        }
        else if (may_open && !object && depth < deepest && choice > 16) {
            open[depth++] = choice % 8 ? ']' : '}';
            text[length++] = choice % 8 ? '[' : '{';
        }
        else if (!may_open && !object && choice > 40) {
            text[length++] = ',';
        }
        else {
            text[length++] = open[--depth];
        }
    }
    return length;
}

static void brackets_are_checked_alike_where_they_are_skipped(void **state)
{
    char text[2000];
    unsigned accepted = 0;

    (void)state;
    for (int i = 0; i < 4000; i++) {
        apr_size_t length = random_brackets(text, sizeof(text)), at = 0;
        watcher_t told, skipping;

        watch(&told, 0);
        json_scan_feed(told.scan, text, length);
        watch(&skipping, 1 + by_chance(3));
        while (at < length) {
            apr_size_t piece = 1 + by_chance(40);

            piece = piece < length - at ? piece : length - at;
            json_scan_feed(skipping.scan, text + at, piece);
            at += piece;
        }
        assert_int_equal(json_scan_depth(told.scan), json_scan_depth(skipping.scan));
        assert_int_equal(json_scan_end(told.scan), json_scan_end(skipping.scan));
        assert_int_equal(json_scan_fault(told.scan), json_scan_fault(skipping.scan));
        accepted += json_scan_fault(told.scan) == JSON_FAULT_NONE;
        apr_pool_clear(pool);
    }
    assert_true(accepted > 400 && accepted < 3600);
}

static void skipped_brackets_may_be_too_deep(void **state)
{
    char *text = apr_palloc(pool, 2 * JSON_SCAN_MAX_DEPTH + 1);
    watcher_t watcher;

    (void)state;
    memset(text, '[', JSON_SCAN_MAX_DEPTH);
    memset(text + JSON_SCAN_MAX_DEPTH, ']', JSON_SCAN_MAX_DEPTH);
    watch(&watcher, 2);
    assert_int_equal(json_scan_feed(watcher.scan, text, 2 * JSON_SCAN_MAX_DEPTH), APR_SUCCESS);
    assert_int_equal(json_scan_end(watcher.scan), APR_SUCCESS);
    assert_string_equal(buffer_string(&watcher.seen), "ccdd");
    text[JSON_SCAN_MAX_DEPTH] = '[';
    watch(&watcher, 2);
    assert_int_equal(json_scan_feed(watcher.scan, text, 2 * JSON_SCAN_MAX_DEPTH), APR_EINVAL);
    assert_int_equal(json_scan_fault(watcher.scan), JSON_FAULT_DEPTH);
    apr_pool_clear(pool);
}

static void the_whole_text_may_be_skipped(void **state)
{
    watcher_t watcher;

    (void)state;
    watch(&watcher, 1);
    assert_int_equal(json_scan_feed(watcher.scan, BYTES("{\"a\":[1,\"\\n\"]} ")), APR_SUCCESS);
    assert_int_equal(json_scan_end(watcher.scan), APR_SUCCESS);
    assert_string_equal(buffer_string(&watcher.seen), "ab");
}

static void a_value_in_a_page_ends_where_it_ends(void **state)
{
    static const struct {
        const char *text;
        apr_size_t used;
        apr_status_t status;
    } cases[] = {
        {"{\"a\":1};x", 7, APR_EOF}, {" [[]]]", 5, APR_EOF},     {"\"a\"b", 3, APR_EOF},
        {"nullx", 4, APR_EOF},       {"-Infinity;", 9, APR_EOF}, {"{} ", 2, APR_EOF},
        {"[1,2", 4, APR_SUCCESS},    {"12", 2, APR_SUCCESS},     {"12 ", 3, APR_SUCCESS},
    };

    (void)state;
    for (apr_size_t i = 0; i < COUNT(cases); i++) {
        watcher_t watcher;
        apr_size_t used = 0;

        watch(&watcher, 0);
        assert_int_equal(json_scan_feed_value(watcher.scan, cases[i].text, strlen(cases[i].text),
                                              &used),
                         cases[i].status);
        assert_int_equal(used, cases[i].used);
    }
}

static void nothing_is_taken_behind_a_complete_value(void **state)
{
    watcher_t watcher;
    apr_size_t used = 7;

    (void)state;
    watch(&watcher, 0);
    assert_int_equal(json_scan_feed_value(watcher.scan, "{", 1, &used), APR_SUCCESS);
    assert_int_equal(json_scan_feed_value(watcher.scan, "}", 1, &used), APR_EOF);
    assert_int_equal(used, 1);
    assert_int_equal(json_scan_feed_value(watcher.scan, " ]", 2, &used), APR_EOF);
    assert_int_equal(used, 0);
    assert_int_equal(json_scan_end(watcher.scan), APR_SUCCESS);
}

static void a_broken_value_in_a_page_is_refused(void **state)
{
    watcher_t watcher;
    apr_size_t used;

    (void)state;
    watch(&watcher, 0);
    assert_int_equal(json_scan_feed_value(watcher.scan, BYTES("{<"), &used), APR_EINVAL);
}

static void a_refusal_lasts_until_the_reset(void **state)
{
    watcher_t watcher;

    (void)state;
    watch(&watcher, 0);
    assert_int_equal(json_scan_feed(watcher.scan, BYTES("[[\"\\ud83d\\x")), APR_EINVAL);
    assert_int_equal(json_scan_feed(watcher.scan, BYTES("]")), APR_EINVAL);
    assert_int_equal(json_scan_end(watcher.scan), APR_EINVAL);
    assert_int_equal(json_scan_fault(watcher.scan), JSON_FAULT_SYNTAX);
    json_scan_reset(watcher.scan);
    buffer_reset(&watcher.seen);
    assert_int_equal(json_scan_fault(watcher.scan), JSON_FAULT_NONE);
    assert_int_equal(json_scan_feed(watcher.scan, BYTES("[\"x\"]")), APR_SUCCESS);
    assert_int_equal(json_scan_end(watcher.scan), APR_SUCCESS);
    assert_string_equal(buffer_string(&watcher.seen), "cx.d");
}

static void note_place(void *payload, json_token_t token, const char *data, apr_size_t length,
                       int last)
{
    (void)token;
    (void)length;
    assert_true(last);
    *(const char **)payload = data;
}

static void a_plain_string_is_not_copied(void **state)
{
    static const char text[] = "\"some text of the input itself\"";
    const char *place = NULL;
    json_sink_t sink = {NULL, note_place, (void *)&place};

    (void)state;
    json_scan_feed(json_scan_create(pool, &sink), text, sizeof(text) - 1);
    assert_ptr_equal(place, text + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_have_these_tokens),
        cmocka_unit_test(refused_texts_tell_their_fault),
        cmocka_unit_test(an_end_of_a_string_is_found_at_every_place),
        cmocka_unit_test(integers_have_a_limit_that_floats_have_not),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(a_skipped_container_reports_its_end_only),
        cmocka_unit_test(a_skipped_container_is_checked),
        cmocka_unit_test(brackets_are_checked_alike_where_they_are_skipped),
        cmocka_unit_test(skipped_brackets_may_be_too_deep),
        cmocka_unit_test(the_whole_text_may_be_skipped),
        cmocka_unit_test(a_value_in_a_page_ends_where_it_ends),
        cmocka_unit_test(nothing_is_taken_behind_a_complete_value),
        cmocka_unit_test(a_broken_value_in_a_page_is_refused),
        cmocka_unit_test(a_refusal_lasts_until_the_reset),
        cmocka_unit_test(a_plain_string_is_not_copied),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
