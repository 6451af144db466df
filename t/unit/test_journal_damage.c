/* Damaged and torn segments: what is whole is read, what is not is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "journal_fixture.h"

#define MAGIC "\xff\xfe\xfd\xfc"

static void test_torn_end_of_a_dead_owner_is_dropped(void **state)
{
    apr_int64_t whole, two;
    journal_reader_t *reader;

    (void)state;
    die_owning(append_three);
    whole = size_of(0);
    reader = open_reader(0, 0);
    assert_next(reader, "/one");
    two = assert_next(reader, "/two");
    for (apr_int64_t size = whole - 1; size >= two; size--) {
        cut(0, size);
        reader = open_reader(0, 0);
        assert_next(reader, "/one");
        assert_next(reader, "/two");
        assert_status(reader, APR_EOF);
        journal_reader_close(reader);
    }
}

static void test_a_part_of_a_living_owner_is_waited_for(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);
    journal_reader_t *reader;
    char bytes[4096];
    apr_int64_t start, end;
    int file;

    (void)state;
    append(journal, "/one");
    start = size_of(0);
    append(journal, "/two");
    end = size_of(0);
    file = open(segment_path(0), O_RDWR);
    assert_int_equal(pread(file, bytes, sizeof(bytes), start), end - start);
    cut(0, start);
    reader = open_reader(0, 0);
    assert_next(reader, "/one");
    for (apr_int64_t size = start; size < end; size++) {
        cut(0, size);
        assert_status(reader, APR_EAGAIN);
        assert_int_equal(pwrite(file, bytes, size - start + 1, start), size - start + 1);
    }
    assert_next(reader, "/two");
    close(file);
}

/* Every byte of the middle record, changed alone, costs that record and no other. */
static void test_each_damaged_byte_is_noticed(void **state)
{
    apr_int64_t one, two;
    journal_reader_t *reader;

    (void)state;
    die_owning(append_three);
    reader = open_reader(0, 0);
    one = assert_next(reader, "/one");
    two = assert_next(reader, "/two");
    for (apr_int64_t offset = one; offset < two; offset++) {
        char byte, changed;
        int file = open(segment_path(0), O_RDWR);
        journal_record_t record;

        assert_int_equal(pread(file, &byte, 1, offset), 1);
        changed = (char)(byte ^ 0x55);
        assert_int_equal(pwrite(file, &changed, 1, offset), 1);
        reader = open_reader(0, 0);
        assert_next(reader, "/one");
        assert_int_equal(journal_reader_next(reader, &record), APR_EINVAL);
        assert_int_equal(record.end, two);
        assert_next(reader, "/three");
        assert_status(reader, APR_EOF);
        journal_reader_close(reader);
        assert_int_equal(pwrite(file, &byte, 1, offset), 1);
        close(file);
    }
}

static void test_damage_at_the_end_of_a_dead_owner(void **state)
{
    apr_int64_t two;
    journal_reader_t *reader;
    journal_record_t record;

    (void)state;
    die_owning(append_three);
    reader = open_reader(0, 0);
    assert_next(reader, "/one");
    two = assert_next(reader, "/two");
    overwrite(two, "\0\0\0\0", 4);
    reader = open_reader(0, two);
    assert_int_equal(journal_reader_next(reader, &record), APR_EINVAL);
    assert_int_equal(record.end, size_of(0));
    assert_status(reader, APR_EOF);
}

static void test_damage_of_a_living_owner(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);
    journal_reader_t *reader;

    (void)state;
    append(journal, "/one");
    append(journal, "/two");
    reader = open_reader(0, 0);
    assert_next(reader, "/one");
    overwrite(size_of(0) - 2, "!", 1);
    reader = open_reader(0, 0);
    assert_next(reader, "/one");
    assert_status(reader, APR_EAGAIN);
    assert_status(reader, APR_EAGAIN);
    append(journal, "/three");
    assert_status(reader, APR_EINVAL);
    assert_next(reader, "/three");
    assert_status(reader, APR_EAGAIN);
}

static void test_a_damaged_head_costs_no_record(void **state)
{
    journal_reader_t *reader;
    journal_record_t record;

    (void)state;
    die_owning(append_three);
    overwrite(20, "?", 1);
    reader = open_reader(0, 0);
    assert_int_equal(journal_reader_next(reader, &record), APR_EINVAL);
    assert_int_equal(record.end, SEGMENT_HEAD);
    assert_next(reader, "/one");
    reader = open_reader(0, SEGMENT_HEAD);
    assert_next(reader, "/one");
}

/* A client cannot plant a record into a value: its bytes never stand there as they are. */
static void test_a_record_within_a_value(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);
    char stolen[4096], *planted;
    ssize_t length;
    journal_reader_t *reader;
    event_t *event = event_create(pool);
    int file;

    (void)state;
    append(journal, "/innocent");
    file = open(segment_path(0), O_RDONLY);
    length = pread(file, stolen, sizeof(stolen), SEGMENT_HEAD);
    close(file);
    planted = apr_pstrmemdup(pool, stolen, (apr_size_t)length);
    for (ssize_t i = 0; i < length; i++) {
        planted[i] = planted[i] ? planted[i] : '0';
    }
    event_set(event, EVENT_VALUES, planted);
    assert_null(strstr(event->cell[EVENT_VALUES], MAGIC));
    journal_append(journal, JOURNAL_EVENT, 2, event);
    append(journal, "/last");
    overwrite(SEGMENT_HEAD + length + RECORD_HEAD, "!", 1);
    reader = open_reader(0, 0);
    assert_next(reader, "/innocent");
    assert_status(reader, APR_EINVAL);
    assert_next(reader, "/last");
}

/* A record is valid at its place only: blocks of an old file do not come back to life. */
static void test_a_record_at_another_place(void **state)
{
    char bytes[4096];
    apr_int64_t one, two;
    journal_reader_t *reader;
    int file;

    (void)state;
    die_owning(append_three);
    reader = open_reader(0, 0);
    one = assert_next(reader, "/one");
    two = assert_next(reader, "/two");
    assert_int_equal(one - SEGMENT_HEAD, two - one);
    file = open(segment_path(0), O_RDWR);
    assert_int_equal(pread(file, bytes, one - SEGMENT_HEAD, SEGMENT_HEAD), one - SEGMENT_HEAD);
    assert_int_equal(pwrite(file, bytes, one - SEGMENT_HEAD, one), one - SEGMENT_HEAD);
    close(file);
    reader = open_reader(0, 0);
    assert_next(reader, "/one");
    assert_status(reader, APR_EINVAL);
    assert_next(reader, "/three");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, folder_set_up, folder_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_torn_end_of_a_dead_owner_is_dropped),
        TEST(test_a_part_of_a_living_owner_is_waited_for),
        TEST(test_each_damaged_byte_is_noticed),
        TEST(test_damage_at_the_end_of_a_dead_owner),
        TEST(test_damage_of_a_living_owner),
        TEST(test_a_damaged_head_costs_no_record),
        TEST(test_a_record_within_a_value),
        TEST(test_a_record_at_another_place),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
