/* A folder for a journal, made anew for each test, and short ways to write and read there. What can
 * go wrong in a helper fails the test. */
#ifndef JOURNAL_FIXTURE_H
#define JOURNAL_FIXTURE_H

#include "trail/journal.h"

#define SEGMENT_HEAD 64
#define RECORD_HEAD 24

extern apr_pool_t *pool;
extern char folder[64];

int folder_set_up(void **state);
int folder_tear_down(void **state);

journal_t *open_journal(journal_sync_t sync, apr_int64_t max_size);
event_t *event_with(const char *path);
/* An event that is encoded in size + 6 bytes, whatever event_set would take. */
event_t *event_of_size(apr_size_t size);
apr_status_t append(journal_t *journal, const char *path);

/* Runs an owner in a process of its own that dies without a word, as by kill -9. */
void die_owning(void (*act)(void));
void append_three(void); /* /one, /two and /three */

apr_array_header_t *list(void);
const journal_segment_t *segment_at(int index);
const char *segment_path(int index);
apr_int64_t size_of(int index);
void cut(int index, apr_int64_t size);
/* Changes bytes of the first segment. */
void overwrite(apr_int64_t offset, const char *bytes, size_t length);

journal_reader_t *open_reader(int index, apr_int64_t position);
const char *path_of(const journal_record_t *record);
/* The next record is the event with that path; returns the position behind it. */
apr_int64_t assert_next(journal_reader_t *reader, const char *path);
void assert_status(journal_reader_t *reader, apr_status_t expected);

#endif
