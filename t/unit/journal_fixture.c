#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "journal_fixture.h"

apr_pool_t *pool;
char folder[64];

int folder_set_up(void **state)
{
    (void)state;
    apr_pool_create(&pool, NULL);
    strcpy(folder, "/tmp/test_journal.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

int folder_tear_down(void **state)
{
    char *command = apr_pstrcat(pool, "rm -rf '", folder, "'", NULL);
    int failed = system(command);

    (void)state;
    apr_pool_destroy(pool);
    return failed;
}

journal_t *open_journal(journal_sync_t sync, apr_int64_t max_size)
{
    journal_t *journal;

    assert_int_equal(journal_open(&journal, pool, folder, sync, max_size), APR_SUCCESS);
    return journal;
}

event_t *event_with(const char *path)
{
    event_t *event = event_create(pool);

    event_set(event, EVENT_OPERATION, "write");
    event_set(event, EVENT_PATH, path);
    return event;
}

apr_status_t append(journal_t *journal, const char *path)
{
    return journal_append(journal, JOURNAL_EVENT, journal_next_number(journal), event_with(path));
}

apr_array_header_t *list(void)
{
    apr_array_header_t *segments;

    assert_int_equal(journal_list(&segments, pool, folder), APR_SUCCESS);
    return segments;
}

const journal_segment_t *segment_at(int index)
{
    apr_array_header_t *segments = list();

    assert_true(index < segments->nelts);
    return &APR_ARRAY_IDX(segments, index, journal_segment_t);
}

const char *segment_path(int index)
{
    return apr_pstrcat(pool, folder, "/", segment_at(index)->name, NULL);
}

journal_reader_t *open_reader(int index, apr_int64_t position)
{
    journal_reader_t *reader;

    assert_int_equal(journal_reader_open(&reader, pool, folder, segment_at(index), position),
                     APR_SUCCESS);
    return reader;
}

const char *path_of(const journal_record_t *record)
{
    event_t *event;

    assert_int_equal(event_decode(&event, pool, record->payload, record->length), APR_SUCCESS);
    return event->cell[EVENT_PATH];
}

apr_int64_t assert_next(journal_reader_t *reader, const char *path)
{
    journal_record_t record;

    assert_int_equal(journal_reader_next(reader, &record), APR_SUCCESS);
    assert_string_equal(path_of(&record), path);
    return record.end;
}

void assert_status(journal_reader_t *reader, apr_status_t expected)
{
    journal_record_t record;

    assert_int_equal(journal_reader_next(reader, &record), expected);
}

void die_owning(void (*act)(void))
{
    pid_t child = fork();
    int result;

    if (child == 0) {
        act();
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

void append_three(void)
{
    journal_t *journal = open_journal(JOURNAL_SYNC_OFF, 0);

    append(journal, "/one");
    append(journal, "/two");
    append(journal, "/three");
}

void overwrite(apr_int64_t offset, const char *bytes, size_t length)
{
    int file = open(segment_path(0), O_WRONLY);

    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, length, offset), length);
    close(file);
}

apr_int64_t size_of(int index)
{
    struct stat info;

    assert_int_equal(stat(segment_path(index), &info), 0);
    return info.st_size;
}

void cut(int index, apr_int64_t size)
{
    assert_int_equal(truncate(segment_path(index), size), 0);
}

event_t *event_of_size(apr_size_t size)
{
    event_t *event = event_create(pool);
    char *cell = apr_palloc(pool, size + 1);

    memset(cell, 'x', size);
    cell[size] = '\0';
    event->cell[EVENT_VALUES] = cell; /* past event_set's limit */
    return event;
}
