#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "json_cuts.h"
#include "text/digest.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define RANDOM_CUTS 10
#define OUTPUT_LIMIT (1u << 20)

static const json_limits_t roomy = {100000, 1u << 20, 1u << 16, 100000};

static apr_pool_t *pool;
static apr_uint32_t chance = 20240229;

static json_value_t *parse(const char *text, const json_limits_t *limits)
{
    return json_parse(pool, text, strlen(text), limits);
}

static const char *written(const json_value_t *value)
{
    buffer_t *buffer = apr_palloc(pool, sizeof(*buffer));

    buffer_init(buffer, pool, OUTPUT_LIMIT);
    json_write(buffer, value);
    assert_int_equal(buffer->overflow, 0);
    return buffer_string(buffer);
}

/* What the tree of the text is written as, which no way of cutting may change. */
static const char *rewritten(const char *text, const json_limits_t *limits)
{
    json_record_t record;

    assert_true(json_record_cuts(&record, pool, limits, text, strlen(text), RANDOM_CUTS, &chance));
    assert_true(record.accepted);
    return buffer_string(&record.output);
}

static const char *sha256(const char *text)
{
    unsigned char result[DIGEST_SIZE];
    char *hex = apr_palloc(pool, DIGEST_HEX_SIZE);

    digest_sha256(text, strlen(text), result);
    digest_hex(result, DIGEST_SIZE, hex);
    return hex;
}

/* `text` so many times. */
static char *repeat(const char *text, apr_size_t times)
{
    apr_size_t length = strlen(text);
    char *result = apr_palloc(pool, length * times + 1);

    for (apr_size_t i = 0; i < times; i++) {
        memcpy(result + i * length, text, length);
    }
    result[length * times] = '\0';
    return result;
}

/* ---- trees ---- */

static void values_are_written_as_they_were_read(void **state)
{
    static const char *const cases[][2] = {
        {" { \"a\" : [ 1 , -2.50e3 , \"x\" ] , \"b\" : { } } ",
         "{\"a\":[1,-2.50e3,\"x\"],\"b\":{}}"},
        {"[]", "[]"},
        {"null", "null"},
        {"[true,false]", "[true,false]"},
        {"\"\"", "\"\""},
        {"\"<a>&\\u0001\\n\\\"\\\\\\u007f\"",
         "\"\\u003ca\\u003e\\u0026\\u0001\\n\\\"\\\\\\u007f\""},
        {"{\"<\":1}", "{\"\\u003c\":1}"},
        {"\"\\u00e9\\ud83d\\ude00\"", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
        {"\"a\xff\\u0000b\"", "\"a\xef\xbf\xbd\xef\xbf\xbd"
                              "b\""},
        {"[NaN,Infinity,-Infinity,1e400,-1e400,1e-400]",
         "[\"NaN\",\"Infinity\",\"-Infinity\",\"1e400\",\"-1e400\",1e-400]"},
    };

    (void)state;
    for (apr_size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(rewritten(cases[i][0], &roomy), cases[i][1]);
    }
}

static void a_repeated_key_has_its_first_place_and_last_value(void **state)
{
    static const char *const cases[][2] = {
        {"{\"a\":1,\"b\":2,\"a\":[3]}", "{\"a\":[3],\"b\":2}"},
        {"{\"a\":{\"b\":1},\"a\":{\"c\":2}}", "{\"a\":{\"c\":2}}"},
        {"{\"a\":{\"b\":1},\"a\":{\"c\":2,\"b\":3}}", "{\"a\":{\"c\":2,\"b\":3}}"},
        {"{\"a\":[1,2],\"\\u0061\":\"x\"}", "{\"a\":\"x\"}"},
        {"{\"\xfe\":1,\"\xff\":2}", "{\"\xef\xbf\xbd\":2}"},
        {"[{\"\":{\"\":1,\"\":2}}]", "[{\"\":{\"\":2}}]"},
    };

    (void)state;
    for (apr_size_t i = 0; i < COUNT(cases); i++) {
        json_record_t record;

        assert_string_equal(rewritten(cases[i][0], &roomy), cases[i][1]);
        json_record(&record, pool, &roomy, cases[i][0], strlen(cases[i][0]), 0, &chance);
        assert_int_equal(record.duplicate_key, 1);
    }
}

static void equal_keys_of_different_objects_are_no_duplicates(void **state)
{
    static const char text[] = "{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"b\":{\"a\":1}}";
    json_record_t record;

    (void)state;
    json_record(&record, pool, &roomy, text, sizeof(text) - 1, 0, &chance);
    assert_int_equal(record.duplicate_key, 0);
    assert_string_equal(buffer_string(&record.output), text);
}

static void a_repeated_key_is_replaced_even_without_room(void **state)
{
    const json_limits_t limits = {3, 100, 50, 10};

    (void)state;
    assert_string_equal(rewritten("{\"a\":1,\"b\":2,\"c\":3,\"a\":4}", &limits),
                        "{\"a\":4,\"b\":2,\"$omitted\":1}");
    assert_string_equal(rewritten("{\"a\":1,\"b\":2,\"a\":[4]}", &limits),
                        "{\"a\":[{\"$omitted\":1}],\"b\":2}");
}

static void members_beyond_the_limit_are_counted(void **state)
{
    const json_limits_t limits = {100, 1000, 50, 2};
    json_value_t *value = parse("[1,[2],{\"a\":[3]},4]", &limits);

    (void)state;
    assert_int_equal(value->count, 4);
    assert_int_equal(value->truncated, 1);
    assert_string_equal(rewritten("[1,[2],{\"a\":[3]},4]", &limits), "[1,[2],{\"$omitted\":2}]");
    assert_string_equal(rewritten("{\"a\":1,\"b\":[1,2],\"c\":3}", &limits),
                        "{\"a\":1,\"b\":[1,2],\"$omitted\":1}");
}

static void nodes_beyond_the_limit_are_counted(void **state)
{
    const json_limits_t limits = {3, 1000, 50, 100};
    const json_limits_t none = {0, 0, 0, 0};

    (void)state;
    assert_string_equal(rewritten("[[1,2],[3],4]", &limits),
                        "[[1,{\"$omitted\":1}],{\"$omitted\":2}]");
    assert_string_equal(rewritten("[1,{\"a\":2}]", &none), "[{\"$omitted\":2}]");
}

static void keys_need_room_and_texts_are_cut_to_it(void **state)
{
    const json_limits_t limits = {100, 8, 50, 100};

    (void)state;
    assert_string_equal(rewritten("{\"abc\":true,\"def\":true,\"ghi\":true}", &limits),
                        "{\"abc\":true,\"def\":true,\"$omitted\":1}");
    assert_string_equal(rewritten("[\"abcd\",\"efgh\"]", &limits),
                        apr_pstrcat(pool, "[\"abcd\",{\"$length\":4,\"$sha256\":\"", sha256("efgh"),
                                    "\"}]", NULL));
    assert_string_equal(rewritten("[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]", &limits),
                        "[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]");
}

static void a_long_string_keeps_head_length_and_hash(void **state)
{
    const json_limits_t limits = {100, 1000, 4, 100};
    json_value_t *whole = parse("\"abcd\"", &limits);
    json_value_t *cut = parse("\"abc\\u00e9 and more\"", &limits);

    (void)state;
    assert_string_equal(whole->text, "abcd");
    assert_null(whole->sha256);
    assert_string_equal(cut->text, "abc"); /* the next character would be cut in two */
    assert_int_equal(cut->full_length, 14);
    assert_string_equal(cut->sha256, sha256("abc\xc3\xa9 and more"));
    assert_int_equal(cut->binary, 0);
    assert_string_equal(rewritten("\"abc\\u00e9 and more\"", &limits),
                        apr_pstrcat(pool, "{\"$head\":\"abc...\",\"$length\":14,\"$sha256\":\"",
                                    cut->sha256, "\"}", NULL));
}

static void a_long_base64_string_is_binary(void **state)
{
    const json_limits_t limits = {100, 1000, 4, 100};
    json_value_t *value = parse("\"QUJDREVG+/-_\\r\\nQQ==\"", &limits);

    (void)state;
    assert_int_equal(value->binary, 1);
    assert_string_equal(written(value), apr_pstrcat(pool, "{\"$length\":18,\"$sha256\":\"",
                                                    value->sha256, "\"}", NULL));
    assert_int_equal(parse("\"QUJ DREVG\"", &limits)->binary, 0);
    assert_int_equal(parse("\"QUJDREVG.\"", &limits)->binary, 0);
    assert_int_equal(parse("\"QUJ\"", &limits)->binary, 0);
}

/* Whatever is looked at in one go, each byte counts wherever it stands. */
static void every_byte_of_a_long_string_decides_whether_it_is_binary(void **state)
{
    static const char base64[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_";
    const json_limits_t limits = {100, 1000, 4, 100};

    (void)state;
    for (int byte = ' '; byte < 0x7f; byte++) {
        for (size_t place = 8; place < 60; place += 3) {
            char *text = apr_pstrdup(pool, apr_psprintf(pool, "\"%s\"", repeat("Q", 60)));

            text[place] = (char)byte;
            if (byte != '"' && byte != '\\') {
                assert_int_equal(parse(text, &limits)->binary, strchr(base64, byte) != NULL);
            }
        }
    }
    assert_int_equal(parse("\"QUJDREVGQUJDREVGQUJDREVG\xc3\xa9QUJDREVGQUJD\"", &limits)->binary, 0);
}

static void a_string_that_grows_in_its_repair_is_cut_to_the_room(void **state)
{
    const json_limits_t limits = {100, 8, 50, 100};
    json_value_t *value = parse("\"\xff\xff\xff\"", &limits);

    (void)state;
    assert_string_equal(value->text, "\xef\xbf\xbd\xef\xbf\xbd");
    assert_int_equal(value->full_length, 3);
    assert_string_equal(value->sha256, sha256("\xff\xff\xff"));
}

static void a_long_key_is_unlike_every_other(void **state)
{
    const char *head = repeat("k", JSON_TREE_KEY_SIZE);
    const char *text =
        apr_psprintf(pool, "{\"%s\":1,\"%sx\":2,\"%sy\":3,\"%sx\":4}", head, head, head, head);
    json_value_t *value = parse(text, &roomy);

    (void)state;
    assert_int_equal(value->count, 3);
    assert_string_equal(json_member(value, head)->text, "1");
    assert_string_equal(value->first->next->text, "4");
    assert_string_equal(value->first->next->key,
                        apr_pstrcat(pool, head, "...", sha256(apr_pstrcat(pool, head, "x", NULL)),
                                    NULL));
    assert_string_equal(value->last->text, "3");
    rewritten(text, &roomy);
}

static void a_long_number_is_no_integer(void **state)
{
    const char *digits = repeat("1", JSON_TREE_NUMBER_SIZE);
    const char *text = apr_pstrcat(pool, digits, "00", NULL);
    json_value_t *value = parse(text, &roomy);
    apr_int64_t number;

    (void)state;
    assert_string_equal(value->text, digits);
    assert_int_equal(value->full_length, JSON_TREE_NUMBER_SIZE + 2);
    assert_int_equal(json_integer(value, &number), 0);
    assert_int_equal(json_truthy(value), 1);
    assert_string_equal(rewritten(text, &roomy),
                        apr_pstrcat(pool, "{\"$head\":\"", digits, "...\",\"$length\":66}", NULL));
}

static void containers_too_deep_are_left_out(void **state)
{
    const char *outer = repeat("[", JSON_TREE_MAX_DEPTH - 1);
    const char *ends = repeat("]", JSON_TREE_MAX_DEPTH - 1);
    const char *fits = apr_pstrcat(pool, outer, "[1]", ends, NULL);
    const char *deep = apr_pstrcat(pool, outer, "[[{\"a\":[]}],2]", ends, NULL);
    const char *repeated = apr_pstrcat(pool, outer, "{\"a\":1,\"a\":{\"b\":1}}", ends, NULL);

    (void)state;
    assert_string_equal(rewritten(fits, &roomy), fits);
    assert_string_equal(rewritten(deep, &roomy),
                        apr_pstrcat(pool, outer, "[2,{\"$omitted\":1}]", ends, NULL));
    assert_string_equal(rewritten(repeated, &roomy),
                        apr_pstrcat(pool, outer, "{\"a\":{\"$omitted\":0}}", ends, NULL));
}

static void many_members_are_found_by_their_key(void **state)
{
    buffer_t buffer;
    json_value_t *value;

    (void)state;
    buffer_init(&buffer, pool, OUTPUT_LIMIT);
    for (int i = 0; i < 5000; i++) {
        buffer_append_string(&buffer,
                             apr_psprintf(pool, "%c\"k%d\":%d", i ? ',' : '{', i % 2000, i));
    }
    buffer_append_char(&buffer, '}');
    value = parse(buffer_string(&buffer), &roomy);
    assert_int_equal(value->count, 2000);
    assert_string_equal(json_member(value, "k999")->text, "4999");
    assert_string_equal(json_member(value, "k1000")->text, "3000");
}

static void a_tree_is_used_again(void **state)
{
    json_tree_t *tree = json_tree_create(pool, &roomy);
    json_value_t *value;

    (void)state;
    assert_null(json_tree_value(tree));
    assert_int_equal(json_tree_token(tree, JSON_OBJECT_BEGIN), 0);
    for (int i = 0; i < 2; i++) {
        json_tree_text(tree, JSON_KEY, "a", 1, 1);
        json_tree_token(tree, JSON_NULL);
    }
    assert_null(json_tree_value(tree));
    assert_int_equal(json_tree_token(tree, JSON_OBJECT_END), 1);
    assert_int_equal(json_tree_duplicate_key(tree), 1);
    value = json_tree_value(tree);
    json_tree_reset(tree);
    assert_string_equal(written(value), "{\"a\":null}");
    assert_null(json_tree_value(tree));
    assert_int_equal(json_tree_duplicate_key(tree), 0);
    assert_int_equal(json_tree_text(tree, JSON_STRING, "x", 1, 0), 0);
    assert_int_equal(json_tree_text(tree, JSON_STRING, "y", 1, 1), 1);
    assert_string_equal(written(json_tree_value(tree)), "\"xy\"");
}

static void what_is_not_json_has_no_value(void **state)
{
    (void)state;
    assert_null(parse("", &roomy));
    assert_null(parse("[1", &roomy));
    assert_null(parse("[1]]", &roomy));
}

/* ---- looking ---- */

static void lookups_accept_anything(void **state)
{
    json_value_t *value = parse("{\"a\":[10,20],\"s\":\"x\"}", &roomy);
    apr_int64_t number;

    (void)state;
    assert_string_equal(json_element(json_member(value, "a"), 1)->text, "20");
    assert_null(json_element(json_member(value, "a"), 2));
    assert_null(json_element(value, 0));
    assert_null(json_member(value, "b"));
    assert_null(json_member(json_member(value, "a"), "a"));
    assert_string_equal(json_string(json_member(value, "s")), "x");
    assert_null(json_string(json_member(value, "a")));
    assert_null(json_member(NULL, "a"));
    assert_null(json_element(NULL, 0));
    assert_null(json_string(NULL));
    assert_int_equal(json_integer(NULL, &number), 0);
    assert_int_equal(json_truthy(NULL), 0);
}

static void integers_are_numbers_without_fraction(void **state)
{
    static const struct {
        const char *text;
        int is_integer;
        apr_int64_t number;
    } cases[] = {
        {"0", 1, 0},
        {"-0", 1, 0},
        {"42", 1, 42},
        {"12.0", 1, 12},
        {"1e3", 1, 1000},
        {"-2.5e1", 1, -25},
        {"9223372036854775807", 1, APR_INT64_MAX},
        {"-9223372036854775808", 1, APR_INT64_MIN},
        {"9223372036854775808", 0, 0},
        {"9223372036854775808.0", 0, 0},
        {"1e400", 0, 0},
        {"12.5", 0, 0},
        {"NaN", 0, 0},
        {"-Infinity", 0, 0},
        {"\"12\"", 0, 0},
        {"true", 0, 0},
    };

    (void)state;
    for (apr_size_t i = 0; i < COUNT(cases); i++) {
        apr_int64_t number = 0;

        assert_int_equal(json_integer(parse(cases[i].text, &roomy), &number), cases[i].is_integer);
        if (cases[i].is_integer) {
            assert_true(number == cases[i].number);
        }
    }
}

static void truth_is_as_in_python(void **state)
{
    static const char *const truths[] = {"true",      "1",   "-0.5",  "\"0\"",    "[0]",
                                         "{\"a\":0}", "NaN", "1e400", "-Infinity"};
    static const char *const falsehoods[] = {"null", "false", "0",      "-0", "0.0",
                                             "0e5",  "\"\"",  "1e-400", "[]", "{}"};

    (void)state;
    for (apr_size_t i = 0; i < COUNT(truths); i++) {
        assert_int_equal(json_truthy(parse(truths[i], &roomy)), 1);
    }
    for (apr_size_t i = 0; i < COUNT(falsehoods); i++) {
        assert_int_equal(json_truthy(parse(falsehoods[i], &roomy)), 0);
    }
}

/* ---- making and writing ---- */

static void made_values_are_written(void **state)
{
    json_value_t *object = json_new_object(pool);
    json_value_t *array = json_set(object, "list", json_new_array(pool));
    apr_int64_t number = 0;

    (void)state;
    json_push(array, json_new_integer(pool, APR_INT64_MIN));
    json_push(array, json_new_string(pool, "</script>"));
    json_push(array, json_new_string(pool, NULL));
    json_set(object, "yes", json_new_boolean(pool, 7));
    json_set(object, "no", json_new_boolean(pool, 0));
    assert_int_equal(object->count, 3);
    assert_true(json_integer(array->first, &number) && number == APR_INT64_MIN);
    assert_string_equal(written(object),
                        "{\"list\":[-9223372036854775808,\"\\u003c/script\\u003e\",null],"
                        "\"yes\":true,\"no\":false}");
    assert_string_equal(written(NULL), "null");
}

static void written_strings_are_valid_whatever_comes(void **state)
{
    buffer_t buffer;

    (void)state;
    buffer_init(&buffer, pool, OUTPUT_LIMIT);
    json_write_string(&buffer, "a\0\x1f\xff\xe2\x82<", 7);
    assert_string_equal(buffer_string(&buffer),
                        "\"a\\u0000\\u001f\xef\xbf\xbd\xef\xbf\xbd\\u003c\"");
}

static void values_deeper_than_any_tree_are_cut(void **state)
{
    json_value_t *outermost = json_new_array(pool), *value = outermost;
    json_value_t *again;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        value = json_push(value, json_new_array(pool));
    }
    again = parse(written(outermost), &roomy);
    assert_non_null(again);
    assert_non_null(strstr(written(outermost), "[{\"$omitted\":1}]"));
}

static void a_full_buffer_says_so(void **state)
{
    buffer_t buffer;

    (void)state;
    for (apr_size_t limit = 0; limit < 18; limit++) {
        buffer_init(&buffer, pool, limit);
        json_write(&buffer, parse("[\"abc\",{\"a\":1.5}]", &roomy));
        assert_int_equal(buffer.overflow, limit < 17);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_written_as_they_were_read),
        cmocka_unit_test(a_repeated_key_has_its_first_place_and_last_value),
        cmocka_unit_test(equal_keys_of_different_objects_are_no_duplicates),
        cmocka_unit_test(a_repeated_key_is_replaced_even_without_room),
        cmocka_unit_test(members_beyond_the_limit_are_counted),
        cmocka_unit_test(nodes_beyond_the_limit_are_counted),
        cmocka_unit_test(keys_need_room_and_texts_are_cut_to_it),
        cmocka_unit_test(a_long_string_keeps_head_length_and_hash),
        cmocka_unit_test(a_long_base64_string_is_binary),
        cmocka_unit_test(every_byte_of_a_long_string_decides_whether_it_is_binary),
        cmocka_unit_test(a_string_that_grows_in_its_repair_is_cut_to_the_room),
        cmocka_unit_test(a_long_key_is_unlike_every_other),
        cmocka_unit_test(a_long_number_is_no_integer),
        cmocka_unit_test(containers_too_deep_are_left_out),
        cmocka_unit_test(many_members_are_found_by_their_key),
        cmocka_unit_test(a_tree_is_used_again),
        cmocka_unit_test(what_is_not_json_has_no_value),
        cmocka_unit_test(lookups_accept_anything),
        cmocka_unit_test(integers_are_numbers_without_fraction),
        cmocka_unit_test(truth_is_as_in_python),
        cmocka_unit_test(made_values_are_written),
        cmocka_unit_test(written_strings_are_valid_whatever_comes),
        cmocka_unit_test(values_deeper_than_any_tree_are_cut),
        cmocka_unit_test(a_full_buffer_says_so),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
