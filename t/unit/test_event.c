/* The event: cells, limits, merging, and its form in the journal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "text/utf8.h"
#include "trail/crc32c.h"
#include "trail/event.h"
#include "trail/journal.h"

static apr_pool_t *pool;

static int set_up(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static char *repeated(const char *piece, apr_size_t times)
{
    apr_size_t length = strlen(piece);
    char *text = apr_palloc(pool, length * times + 1);

    for (apr_size_t i = 0; i < times; i++) {
        memcpy(text + i * length, piece, length);
    }
    text[length * times] = '\0';
    return text;
}

static void test_columns_are_the_contract(void **state)
{
    static const char names[] = "id,time,site,database,uid,login,user,session,ip,country,city,"
                                "browser,os,device,channel,operation,model,record_ids,record_count,"
                                "method,fields,values,outcome,error,status,duration_ms,path,flags,"
                                "hash,peer_ip,node,sequence,previous_hash,old_values";
    const char *joined = event_columns[0].name;

    (void)state;
    for (int column = 1; column < EVENT_PUBLIC_COLUMNS; column++) {
        joined = apr_pstrcat(pool, joined, ",", event_columns[column].name, NULL);
    }
    assert_string_equal(joined, names);
}

static void test_any_event_fits_into_a_record(void **state)
{
    apr_size_t sum = 0;

    (void)state;
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        assert_true(event_columns[column].limit > 0);
        sum += event_columns[column].limit + 6;
    }
    assert_true(sum < JOURNAL_MAX_RECORD);
}

static void test_set_copies_and_repairs(void **state)
{
    event_t *event = event_create(pool);
    char mine[] = "res.partner";

    (void)state;
    event_set(event, EVENT_MODEL, mine);
    mine[0] = 'X';
    assert_string_equal(event->cell[EVENT_MODEL], "res.partner");
    event_set(event, EVENT_LOGIN,
              "a\xff"
              "b");
    assert_string_equal(event->cell[EVENT_LOGIN], "a\xef\xbf\xbd"
                                                  "b");
    event_set(event, EVENT_LOGIN, "");
    assert_null(event->cell[EVENT_LOGIN]);
    assert_null(event->cell[EVENT_FLAGS]);
}

static void test_set_kept_takes_the_text_itself(void **state)
{
    event_t *event = event_create(pool);
    static const char text[] = "write";

    (void)state;
    event_set_kept(event, EVENT_OPERATION, text);
    assert_ptr_equal(event->cell[EVENT_OPERATION], text);
    event_set_kept(event, EVENT_OPERATION, "");
    assert_null(event->cell[EVENT_OPERATION]);
    event_set_kept(event, EVENT_VALUES, repeated("[]", 40 * 1024));
    assert_string_equal(event->cell[EVENT_VALUES], "{\"truncated\":81920}");
    assert_string_equal(event->cell[EVENT_FLAGS], "truncated");
}

static void test_set_cuts_at_the_limit(void **state)
{
    event_t *event = event_create(pool);
    apr_size_t limit = event_columns[EVENT_PATH].limit;

    (void)state;
    event_set(event, EVENT_PATH, repeated("x", limit));
    assert_int_equal(strlen(event->cell[EVENT_PATH]), limit);
    assert_null(event->cell[EVENT_FLAGS]);
    event_set(event, EVENT_PATH, repeated("x", limit * 100));
    assert_int_equal(strlen(event->cell[EVENT_PATH]), limit);
    assert_string_equal(event->cell[EVENT_FLAGS], "truncated");
}

/* Whatever byte the limit falls on, no character is halved and none is invented. */
static void test_cut_keeps_characters_whole(void **state)
{
    static const char *const pieces[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    apr_size_t limit = event_columns[EVENT_USER_AGENT].limit;

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        for (int shift = 0; shift < 4; shift++) {
            event_t *event = event_create(pool);
            const char *cell;
            apr_size_t length;

            event_set(event, EVENT_USER_AGENT,
                      apr_pstrcat(pool, &"aaaa"[shift], repeated(pieces[i], limit), NULL));
            cell = event->cell[EVENT_USER_AGENT];
            length = strlen(cell);
            assert_in_range(length, limit - 3, limit);
            assert_int_equal(utf8_valid_prefix(cell, length), length);
            assert_null(strstr(cell, "\xef\xbf\xbd"));
        }
    }
}

static void test_cut_lists_keep_words_whole(void **state)
{
    event_t *event = event_create(pool);
    apr_size_t limit = event_columns[EVENT_RECORD_IDS].limit;
    const char *cell;

    (void)state;
    event_set(event, EVENT_RECORD_IDS, repeated("1234567 ", limit));
    cell = event->cell[EVENT_RECORD_IDS];
    assert_true(strlen(cell) <= limit && strlen(cell) > limit - 9);
    assert_string_equal(cell + strlen(cell) - 8, " 1234567");
    event_set(event, EVENT_RECORD_IDS, repeated("9", limit + 1));
    assert_null(event->cell[EVENT_RECORD_IDS]);
    assert_string_equal(event->cell[EVENT_FLAGS], "truncated");
}

static void test_cut_json_stays_json(void **state)
{
    event_t *event = event_create(pool);
    const char *text = apr_pstrcat(pool, "{\"a\":\"", repeated("b", 100000), "\"}", NULL);

    (void)state;
    event_set(event, EVENT_VALUES, text);
    assert_string_equal(event->cell[EVENT_VALUES], "{\"truncated\":100008}");
    assert_string_equal(event->cell[EVENT_FLAGS], "truncated");
}

static void test_integers(void **state)
{
    static const struct {
        apr_int64_t number;
        const char *text;
    } cases[] = {{0, "0"},
                 {7, "7"},
                 {-1, "-1"},
                 {APR_INT64_MAX, "9223372036854775807"},
                 {APR_INT64_MIN, "-9223372036854775808"}};
    event_t *event = event_create(pool);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        event_set_integer(event, EVENT_SEQUENCE, cases[i].number);
        assert_string_equal(event->cell[EVENT_SEQUENCE], cases[i].text);
    }
}

static void test_time(void **state)
{
    event_t *event = event_create(pool);

    (void)state;
    event_set_time(event, EVENT_TIME, 1700000000123456);
    assert_string_equal(event->cell[EVENT_TIME], "2023-11-14T22:13:20.123Z");
}

static void test_flags_are_a_set(void **state)
{
    event_t *event = event_create(pool);

    (void)state;
    event_add_flag(event, "duplicate_key");
    event_add_flag(event, "key");
    event_add_flag(event, "duplicate");
    event_add_flag(event, "key");
    event_add_flag(event, "duplicate_key");
    event_add_flag(event, "");
    assert_string_equal(event->cell[EVENT_FLAGS], "duplicate_key key duplicate");
    for (int i = 0; i < 1000; i++) {
        event_add_flag(event, apr_itoa(pool, i));
    }
    assert_true(strlen(event->cell[EVENT_FLAGS]) <= event_columns[EVENT_FLAGS].limit);
}

static void test_merge(void **state)
{
    event_t *event = event_create(pool), *from = event_create(pool);

    (void)state;
    event_set(event, EVENT_MODEL, "res.partner");
    event_set(event, EVENT_OUTCOME, "unknown");
    event_set(event, EVENT_FLAGS, "truncated unparsed");
    event_set(from, EVENT_OUTCOME, "success");
    event_set(from, EVENT_FLAGS, "opaque truncated");
    event_merge(event, from);
    assert_string_equal(event->cell[EVENT_MODEL], "res.partner");
    assert_string_equal(event->cell[EVENT_OUTCOME], "success");
    assert_string_equal(event->cell[EVENT_FLAGS], "truncated unparsed opaque");
}

static void encode(const event_t *event, buffer_t *buffer)
{
    buffer_init(buffer, pool, JOURNAL_MAX_RECORD);
    event_encode(event, buffer);
    assert_false(buffer->overflow);
}

static void test_encode_and_decode(void **state)
{
    event_t *event = event_create(pool), *back;
    buffer_t buffer;

    (void)state;
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        event_set(event, column, column % 3 ? event_columns[column].name : NULL);
    }
    encode(event, &buffer);
    assert_int_equal(event_decode(&back, pool, buffer.data, buffer.length), APR_SUCCESS);
    memset(buffer.data, 'x', buffer.length);
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        if (column % 3) {
            assert_string_equal(back->cell[column], event_columns[column].name);
        }
        else {
            assert_null(back->cell[column]);
        }
    }
}

static void test_decode_of_nothing(void **state)
{
    event_t *event;

    (void)state;
    assert_int_equal(event_decode(&event, pool, "", 0), APR_SUCCESS);
    assert_null(event->cell[EVENT_MODEL]);
}

static void test_decode_refuses_damage(void **state)
{
    static const struct {
        const char *bytes;
        apr_size_t length;
    } bad[] = {
        {"\x10", 1},
        {"\x10\1\0\0\0", 5},
        {"\x10\1\0\0\0a", 6},     /* no NUL */
        {"\x10\1\0\0\0ab", 7},    /* no NUL where it should be */
        {"\x10\2\0\0\0a\0", 7},   /* longer than what is there */
        {"\x10\2\0\0\0a\0\0", 8}, /* NUL within */
        {"\x10\0\0\0\0\0", 6},    /* empty cells are not written */
        {"\x10\xff\xff\xff\xff"
         "a\0",
         7},                                    /* 4 GiB */
        {"\x10\1\0\0\0\xff\0", 7},              /* no UTF-8 */
        {"\x10\1\0\0\0a\0\x10\1\0\0\0b\0", 14}, /* twice the same */
        {"\x10\1\0\0\0a\0\x11", 8},             /* more behind */
    };
    event_t *event;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(event_decode(&event, pool, bad[i].bytes, bad[i].length), APR_EINVAL);
    }
}

static void test_decode_passes_over_unknown_columns(void **state)
{
    event_t *event;

    (void)state;
    assert_int_equal(event_decode(&event, pool, "\xf0\1\0\0\0a\0\x10\1\0\0\0b\0", 14), APR_SUCCESS);
    assert_string_equal(event->cell[EVENT_MODEL], "b");
}

static void test_crc32c(void **state)
{
    unsigned char data[300];

    (void)state;
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283u); /* the check value of RFC 3720 */
    assert_int_equal(crc32c_portable(0, "123456789", 9), 0xe3069283u);
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (unsigned char)(i * 131 + 7);
    }
    for (size_t length = 0; length < sizeof(data) - 8; length++) {
        const unsigned char *start = data + length % 8;
        apr_uint32_t whole = crc32c(0, start, length);

        assert_int_equal(whole, crc32c_portable(0, start, length));
        assert_int_equal(whole, crc32c(crc32c(0, start, length / 3), start + length / 3,
                                       length - length / 3));
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_columns_are_the_contract),
        TEST(test_any_event_fits_into_a_record),
        TEST(test_set_copies_and_repairs),
        TEST(test_set_kept_takes_the_text_itself),
        TEST(test_set_cuts_at_the_limit),
        TEST(test_cut_keeps_characters_whole),
        TEST(test_cut_lists_keep_words_whole),
        TEST(test_cut_json_stays_json),
        TEST(test_integers),
        TEST(test_time),
        TEST(test_flags_are_a_set),
        TEST(test_merge),
        TEST(test_encode_and_decode),
        TEST(test_decode_of_nothing),
        TEST(test_decode_refuses_damage),
        TEST(test_decode_passes_over_unknown_columns),
        TEST(test_crc32c),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
