/* The journal: what was appended is read, whole and once, whatever happens to file and owner. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "journal_fixture.h"

/* ---- the way of a record ---- */

static void test_what_is_appended_is_read(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);
    journal_reader_t *reader;
    journal_record_t record;

    (void)state;
    assert_int_equal(journal_append(journal, JOURNAL_INTENT, 7, event_with("/a")), APR_SUCCESS);
    reader = open_reader(0, 0);
    assert_int_equal(journal_reader_next(reader, &record), APR_SUCCESS);
    assert_int_equal(record.kind, JOURNAL_INTENT);
    assert_int_equal(record.number, 7);
    assert_string_equal(path_of(&record), "/a");
    assert_status(reader, APR_EAGAIN);
    assert_false(journal_reader_owner_gone(reader));
    assert_int_equal(journal_append(journal, JOURNAL_OUTCOME, 7, event_with("/b")), APR_SUCCESS);
    assert_int_equal(journal_reader_next(reader, &record), APR_SUCCESS);
    assert_int_equal(record.kind, JOURNAL_OUTCOME);
    assert_int_equal(record.end, size_of(0));
    journal_close(journal);
    assert_status(reader, APR_EOF);
    assert_status(reader, APR_EOF);
    assert_true(journal_reader_owner_gone(reader));
    journal_reader_close(reader);
}

static void test_reading_goes_on_at_a_position(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);
    journal_reader_t *reader;
    apr_int64_t position;

    (void)state;
    append(journal, "/one");
    append(journal, "/two");
    reader = open_reader(0, 0);
    position = assert_next(reader, "/one");
    journal_reader_close(reader);
    reader = open_reader(0, position);
    position = assert_next(reader, "/two");
    journal_reader_close(reader);
    reader = open_reader(0, position);
    assert_status(reader, APR_EAGAIN);
    append(journal, "/three");
    assert_next(reader, "/three");
}

static void test_an_owner_that_died_ends_its_segment(void **state)
{
    journal_reader_t *reader;

    (void)state;
    die_owning(append_three);
    reader = open_reader(0, 0);
    assert_next(reader, "/one");
    assert_false(journal_reader_owner_gone(reader));
    assert_next(reader, "/two");
    assert_next(reader, "/three");
    assert_status(reader, APR_EOF);
    assert_true(journal_reader_owner_gone(reader));
}

static void test_numbers_and_incarnations_differ(void **state)
{
    journal_t *first = open_journal(JOURNAL_SYNC_OFF, 0);
    journal_t *second = open_journal(JOURNAL_SYNC_OFF, 0);

    (void)state;
    assert_int_equal(journal_next_number(first), 1);
    assert_int_equal(journal_next_number(first), 2);
    assert_int_equal(journal_next_number(second), 1);
    assert_int_equal(list()->nelts, 2);
    assert_string_not_equal(segment_at(0)->incarnation, segment_at(1)->incarnation);
    assert_int_equal(strlen(segment_at(0)->incarnation), JOURNAL_INCARNATION_SIZE - 1);
    assert_int_equal(segment_at(0)->ordinal, 1);
}

static void test_largest_event(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);
    event_t *event = event_create(pool), *back;
    journal_record_t record;

    (void)state;
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        char *cell = apr_palloc(pool, event_columns[column].limit + 1);

        memset(cell, 'x', event_columns[column].limit);
        cell[event_columns[column].limit] = '\0';
        event_set(event, column, cell);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(journal_append(journal, JOURNAL_EVENT, 1, event), APR_SUCCESS);
    }
    for (journal_reader_t *reader = open_reader(0, 0);
         journal_reader_next(reader, &record) == APR_SUCCESS;) {
        assert_int_equal(event_decode(&back, pool, record.payload, record.length), APR_SUCCESS);
        assert_string_equal(back->cell[EVENT_VALUES], event->cell[EVENT_VALUES]);
        assert_string_equal(back->cell[EVENT_USER_AGENT], event->cell[EVENT_USER_AGENT]);
    }
    assert_int_equal(record.end, size_of(0));
}

static void test_too_large_a_record_is_refused(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);

    (void)state;
    assert_int_equal(journal_append(journal, JOURNAL_EVENT, 1,
                                    event_of_size(JOURNAL_MAX_RECORD - 6)),
                     APR_SUCCESS);
    assert_int_equal(journal_append(journal, JOURNAL_EVENT, 2,
                                    event_of_size(JOURNAL_MAX_RECORD - 5)),
                     APR_EINVAL);
    assert_int_equal(journal_append(journal, JOURNAL_EVENT, 2,
                                    event_of_size(2 * JOURNAL_MAX_RECORD)),
                     APR_EINVAL);
    assert_int_equal(journal_lost(journal), 2);
}

/* ---- rotation ---- */

static void fill_to_rotation(journal_t *journal)
{
    event_t *event = event_of_size(1000 * 1000);

    while (size_of(0) < JOURNAL_SEGMENT_SIZE) {
        assert_int_equal(journal_append(journal, JOURNAL_EVENT, 1, event), APR_SUCCESS);
    }
}

static void test_rotation(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_SECOND, 0);
    journal_reader_t *reader;
    journal_record_t record;
    int records = 0;

    (void)state;
    fill_to_rotation(journal);
    assert_int_equal(list()->nelts, 1);
    append(journal, "/next");
    assert_int_equal(list()->nelts, 2);
    assert_string_equal(segment_at(0)->incarnation, segment_at(1)->incarnation);
    assert_int_equal(segment_at(1)->ordinal, 2);
    reader = open_reader(0, 0);
    while (journal_reader_next(reader, &record) == APR_SUCCESS) {
        records++;
    }
    assert_int_equal(records, JOURNAL_SEGMENT_SIZE / 1000000 + 1);
    assert_true(journal_reader_owner_gone(reader));
    reader = open_reader(1, 0);
    assert_next(reader, "/next");
    assert_status(reader, APR_EAGAIN);
}

static int open_files(void)
{
    int count = 0;

    for (int file = 0; file < 256; file++) {
        count += fcntl(file, F_GETFD) >= 0;
    }
    return count;
}

/* Segments that are ended stay open until they are on disk, some of them and no more; then the
 * present one grows until they are. */
static void test_rotation_waits_for_the_disk_in_the_end(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_SECOND, 0);
    event_t *event = event_of_size(1000 * 1000);
    int segments, files = open_files();

    (void)state;
    for (int i = 0; i <= 6 * JOURNAL_SEGMENT_SIZE / 1000000; i++) {
        assert_int_equal(journal_append(journal, JOURNAL_EVENT, 1, event), APR_SUCCESS);
    }
    segments = list()->nelts;
    assert_in_range(segments, 4, 5);
    assert_int_equal(open_files(), files + segments - 1);
    assert_int_equal(journal_sync(journal), APR_SUCCESS);
    assert_int_equal(open_files(), files);
    sleep(1);
    append(journal, "/next");
    assert_int_equal(list()->nelts, segments + 1);
    journal_close(journal);
    assert_int_equal(open_files(), files - 1);
    assert_next(open_reader(segments, 0), "/next");
}

static void test_rotation_that_fails_keeps_the_segment(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);
    const char *away = apr_pstrcat(pool, folder, ".away", NULL);
    apr_int64_t size;

    (void)state;
    fill_to_rotation(journal);
    size = size_of(0);
    assert_int_equal(rename(folder, away), 0);
    assert_int_equal(append(journal, "/still"), APR_SUCCESS);
    assert_int_equal(rename(away, folder), 0);
    assert_int_equal(list()->nelts, 1);
    assert_next(open_reader(0, size), "/still");
    sleep(1);
    assert_int_equal(append(journal, "/new"), APR_SUCCESS);
    assert_int_equal(list()->nelts, 2);
    assert_next(open_reader(1, 0), "/new");
}

/* ---- what cannot be written ---- */

static void assert_gap(journal_reader_t *reader, const char *values)
{
    journal_record_t record;
    event_t *event;

    assert_int_equal(journal_reader_next(reader, &record), APR_SUCCESS);
    assert_int_equal(record.kind, JOURNAL_EVENT);
    assert_int_equal(event_decode(&event, pool, record.payload, record.length), APR_SUCCESS);
    assert_string_equal(event->cell[EVENT_OPERATION], JOURNAL_GAP_OPERATION);
    assert_string_equal(event->cell[EVENT_VALUES], values);
    assert_non_null(event->cell[EVENT_TIME]);
    assert_non_null(event->cell[EVENT_ERROR]);
}

static void limit_file_size(rlim_t size)
{
    struct rlimit limit = {size, RLIM_INFINITY};

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A limit on the file's size makes write(2) write short and then fail, as a full disk does. */
static void test_a_short_write_leaves_nothing(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);
    journal_reader_t *reader;
    apr_int64_t one;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    append(journal, "/one");
    one = size_of(0);
    for (rlim_t room = 0; room < 40; room++) {
        limit_file_size((rlim_t)one + room);
        assert_int_not_equal(append(journal, "/lost"), APR_SUCCESS);
        assert_int_equal(size_of(0), one);
    }
    assert_int_not_equal(journal_append(journal, JOURNAL_INTENT, 2, event_with("/not lost")),
                         APR_SUCCESS);
    assert_int_not_equal(journal_append(journal, JOURNAL_OUTCOME, 1, event_with("/lost")),
                         APR_SUCCESS);
    limit_file_size(RLIM_INFINITY);
    assert_int_equal(append(journal, "/two"), APR_SUCCESS);
    assert_int_equal(journal_lost(journal), 41);
    reader = open_reader(0, 0);
    assert_next(reader, "/one");
    assert_gap(reader, "{\"lost\":40,\"lost_outcomes\":1}");
    assert_next(reader, "/two");
    assert_status(reader, APR_EAGAIN);
    append(journal, "/three");
    assert_next(reader, "/three");
}

/* The gap record fits, the record behind it does not: the gap has been told and stays. */
static void test_a_gap_that_stands_is_not_cut_away(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);
    journal_reader_t *reader;
    rlim_t one;

    (void)state;
    append(journal, "/one");
    one = (rlim_t)size_of(0);
    limit_file_size(one);
    assert_int_not_equal(append(journal, "/lost"), APR_SUCCESS);
    limit_file_size(one + 1000);
    assert_int_not_equal(journal_append(journal, JOURNAL_EVENT, 9, event_of_size(5000)),
                         APR_SUCCESS);
    limit_file_size(RLIM_INFINITY);
    reader = open_reader(0, 0);
    assert_next(reader, "/one");
    assert_gap(reader, "{\"lost\":1,\"lost_outcomes\":0}");
    assert_status(reader, APR_EAGAIN);
    journal_close(journal);
    assert_gap(reader, "{\"lost\":1,\"lost_outcomes\":0}");
    assert_status(reader, APR_EOF);
}

static void test_limit_of_the_folder(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 3000);
    int appended = 0;
    apr_int64_t size;

    (void)state;
    while (append(journal, "/x") == APR_SUCCESS) {
        appended++;
    }
    size = journal_size(folder, pool);
    assert_true(appended > 10 && size >= 3000 && size < 3200);
    assert_int_equal(append(journal, "/x"), APR_ENOSPC);
    cut(0, size - 500); /* stands for what the keeper removes */
    sleep(1);
    assert_int_equal(append(journal, "/y"), APR_SUCCESS);
}

static void test_open_fails_where_it_must(void **state)
{
    journal_t *journal;

    (void)state;
    assert_int_equal(journal_open(&journal, pool, apr_pstrcat(pool, folder, "/none", NULL),
                                  JOURNAL_SYNC_OFF, 0),
                     ENOENT);
    limit_file_size(10);
    assert_int_not_equal(journal_open(&journal, pool, folder, JOURNAL_SYNC_OFF, 0), APR_SUCCESS);
    limit_file_size(RLIM_INFINITY);
    assert_int_equal(list()->nelts, 0);
    assert_int_equal(journal_size(folder, pool), 0);
}

/* ---- threads and processes ---- */

#define THREADS 4
#define APPENDS 500

static void *append_many(void *payload)
{
    journal_t *journal = payload;
    apr_pool_t *own;

    apr_pool_create(&own, NULL);
    for (int i = 0; i < APPENDS; i++) {
        apr_uint64_t number = journal_next_number(journal);
        event_t *event = event_create(own);

        event_set_integer(event, EVENT_DURATION_MS, (apr_int64_t)number);
        journal_append(journal, JOURNAL_EVENT, number, event);
        apr_pool_clear(own);
    }
    apr_pool_destroy(own);
    return NULL;
}

static void assert_all_numbers(void)
{
    journal_reader_t *reader = open_reader(0, 0);
    char seen[THREADS * APPENDS + 1] = "";
    journal_record_t record;
    event_t *event;
    int count = 0;

    while (journal_reader_next(reader, &record) == APR_SUCCESS) {
        assert_true(record.number >= 1 && record.number <= THREADS * APPENDS);
        assert_false(seen[record.number]++);
        event_decode(&event, pool, record.payload, record.length);
        assert_int_equal(apr_atoi64(event->cell[EVENT_DURATION_MS]), record.number);
        count++;
    }
    assert_int_equal(count, THREADS * APPENDS);
}

static void append_from_threads(journal_sync_t sync)
{
    journal_t *journal = open_journal(sync, 0);
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, journal), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(journal_lost(journal), 0);
    assert_int_equal(journal_sync(journal), APR_SUCCESS);
    journal_close(journal);
    assert_all_numbers();
}

static void test_threads(void **state)
{
    (void)state;
    append_from_threads(JOURNAL_SYNC_OFF);
}

static void test_threads_that_force_to_disk(void **state)
{
    (void)state;
    append_from_threads(JOURNAL_SYNC_ALWAYS);
}

/* A process forked with the journal open (a CGI before exec) must not end its parent's segment. */
static void test_a_fork_ends_nothing(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);
    journal_reader_t *reader = open_reader(0, 0);
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        journal_close(journal);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_status(reader, APR_EAGAIN);
    append(journal, "/one");
    assert_next(reader, "/one");
}

/* Reads while another process writes and dies at some moment: all it wrote is found, then the end.
 */
static void test_reading_beside_a_writer(void **state)
{
    int announced[2], written = 0, seen = 0;
    journal_reader_t *reader;
    journal_record_t record;
    apr_status_t status;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(announced), 0);
    child = fork();
    if (child == 0) {
        journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);
        event_t *event = event_of_size(3000);

        for (;;) {
            journal_append(journal, JOURNAL_EVENT, 1, event);
            if (write(announced[1], "x", 1) != 1) {
                _exit(1);
            }
        }
    }
    close(announced[1]);
    for (char byte; written < 2000 && read(announced[0], &byte, 1) == 1; written++) {
    }
    reader = open_reader(0, 0);
    kill(child, SIGKILL);
    while ((status = journal_reader_next(reader, &record)) != APR_EOF) {
        assert_true(status == APR_SUCCESS || status == APR_EAGAIN);
        seen += status == APR_SUCCESS;
    }
    for (char byte; read(announced[0], &byte, 1) == 1; written++) {
    }
    close(announced[0]);
    waitpid(child, NULL, 0);
    assert_in_range(seen, written, written + 1);
}

/* ---- the folder ---- */

static void put_file(const char *name, const char *content, int age)
{
    const char *path = apr_pstrcat(pool, folder, "/", name, NULL);
    struct utimbuf times = {time(NULL) - age, time(NULL) - age};
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(content, file);
    fclose(file);
    utime(path, &times);
}

static int exists(const char *name)
{
    return access(apr_pstrcat(pool, folder, "/", name, NULL), F_OK) == 0;
}

#define SOME_NAME "0123456789abcdef0123456789abcdef-00000001.segment"
#define OTHER_NAME "0123456789abcdef0123456789abcdef-00000002.segment"

static void test_list_leaves_out_what_is_no_segment(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);

    (void)state;
    put_file(SOME_NAME, "UAJOURNL", 0);
    put_file(".new-" SOME_NAME, "", 0);
    put_file("notes.segment", "", 0);
    put_file("0123456789abcdef0123456789abcdefx00000001.segment", "", 0);
    put_file("0123456789abcdef0123456789abcdeg-00000001.segment", "", 0);
    assert_int_equal(list()->nelts, 1);
    journal_close(journal);
}

static void test_tidy(void **state)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);
    const char *living = segment_at(0)->name;
    int foreign;

    (void)state;
    put_file(SOME_NAME, "UAJ", 100);
    put_file(OTHER_NAME, "UAJ", 0);
    put_file(".new-" SOME_NAME, "", 100);
    put_file(".new-" OTHER_NAME, "", 0);
    put_file("notes", "", 1000);
    assert_int_equal(journal_tidy(folder, &foreign, pool), APR_SUCCESS);
    assert_int_equal(foreign, 0);
    assert_true(exists(living) && exists(OTHER_NAME) && exists(".new-" OTHER_NAME));
    assert_true(exists("notes"));
    assert_false(exists(SOME_NAME) || exists(".new-" SOME_NAME));
    journal_close(journal);
}

static void test_another_version_is_left_alone(void **state)
{
    /* version 2, ordinal 1, with the checksum such a head has */
    static const char head[SEGMENT_HEAD] = "UAJOURNL\2\0\0\0\1\0\0\0"
                                           "0123456789abcdef0123456789abcdef"
                                           "\0\0\0\0\0\0\0\0\0\0\0\0"
                                           "\xf5"
                                           "\xdc"
                                           "\xb2"
                                           "\x10";
    int foreign;

    (void)state;
    die_owning(append_three);
    overwrite(0, head, SEGMENT_HEAD);
    assert_int_equal(list()->nelts, 0);
    assert_int_equal(journal_tidy(folder, &foreign, pool), APR_SUCCESS);
    assert_int_equal(foreign, 1);
}

static void test_remove(void **state)
{
    (void)state;
    die_owning(append_three);
    assert_int_equal(journal_remove(folder, segment_at(0)->name, pool), APR_SUCCESS);
    assert_int_equal(list()->nelts, 0);
    assert_int_equal(journal_remove(folder, SOME_NAME, pool), APR_SUCCESS);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, folder_set_up, folder_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_appended_is_read),
        TEST(test_reading_goes_on_at_a_position),
        TEST(test_an_owner_that_died_ends_its_segment),
        TEST(test_numbers_and_incarnations_differ),
        TEST(test_largest_event),
        TEST(test_too_large_a_record_is_refused),
        TEST(test_rotation),
        TEST(test_rotation_waits_for_the_disk_in_the_end),
        TEST(test_rotation_that_fails_keeps_the_segment),
        TEST(test_a_short_write_leaves_nothing),
        TEST(test_a_gap_that_stands_is_not_cut_away),
        TEST(test_limit_of_the_folder),
        TEST(test_open_fails_where_it_must),
        TEST(test_threads),
        TEST(test_threads_that_force_to_disk),
        TEST(test_a_fork_ends_nothing),
        TEST(test_reading_beside_a_writer),
        TEST(test_list_leaves_out_what_is_no_segment),
        TEST(test_tidy),
        TEST(test_another_version_is_left_alone),
        TEST(test_remove),
    };

    apr_initialize();
    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
