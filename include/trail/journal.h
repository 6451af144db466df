/* The journal: append-only segment files in <StateDir>/journal. An event is safe once it stands
 * there. A process writes only its own segments; the keeper reads all of them and removes what it
 * has stored.
 *
 * A segment is a header (magic, version, owner's incarnation, ordinal) and records; each record
 * carries magic, length, CRC-32C, kind and number. Its owner holds flock on it for life, so a
 * segment whose lock can be had belongs to a dead process. */
#ifndef TRAIL_JOURNAL_H
#define TRAIL_JOURNAL_H

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_tables.h>

#include "trail/event.h"

#define JOURNAL_MAX_RECORD (1024 * 1024)        /* bytes of one record's payload */
#define JOURNAL_SEGMENT_SIZE (16 * 1024 * 1024) /* a segment that reaches this is rotated */
#define JOURNAL_INCARNATION_SIZE 33             /* hex of 16 random bytes, with NUL */

typedef enum journal_sync_t {
    JOURNAL_SYNC_OFF,
    JOURNAL_SYNC_SECOND, /* whoever owns the journal calls journal_sync each second */
    JOURNAL_SYNC_ALWAYS  /* each append is forced to disk before it returns */
} journal_sync_t;

typedef enum journal_kind_t {
    JOURNAL_INTENT = 1,  /* the event so far, before Odoo gets the last byte */
    JOURNAL_OUTCOME = 2, /* the cells that the answer added, same number as its intent */
    JOURNAL_EVENT = 3,   /* a whole event at once */
    JOURNAL_END = 4      /* last record of a finished segment */
} journal_kind_t;

/* ---- writing: any thread of the owner; appends are serialised by a mutex inside ---- */

typedef struct journal_t journal_t;

/* Makes the process's first segment (under a temporary name, flock, rename, fsync of the folder,
 * which must exist). Call after the last fork: a process that inherits the journal must not touch
 * it. max_size: bytes in the whole folder past which appending fails with APR_ENOSPC; 0 for no
 * limit. Closing (or the pool's end) writes the END record. */
apr_status_t journal_open(journal_t **journal, apr_pool_t *pool, const char *folder,
                          journal_sync_t sync, apr_int64_t max_size);

/* The next number; numbers are unique within an incarnation and start at 1. No system call. */
apr_uint64_t journal_next_number(journal_t *journal);

/* One write(2) (plus fdatasync with JOURNAL_SYNC_ALWAYS, which threads that wait together share).
 * Fails with what write(2) said, or with APR_ENOSPC past the limit of the folder, which is measured
 * once a second; an outcome is written past that limit, and into room on the disk that was reserved
 * before its intent was. Then nothing of the record stands in the file (a short write is cut back)
 * and the loss is counted; the next append that succeeds is preceded by a `gap` event that tells
 * how many were lost. The one exception: if only forcing it to disk fails, the record stands (the
 * keeper may have read it) and is not counted as lost, but power loss may take it. */
apr_status_t journal_append(journal_t *journal, journal_kind_t kind, apr_uint64_t number,
                            const event_t *event);

/* Forces what was appended since the last call to disk, the segments that were rotated meanwhile
 * with it; nothing to do costs nothing. Appends of other threads go on meanwhile. Where it is not
 * called (or fails) for longer than a few rotations, the present segment grows on. */
apr_status_t journal_sync(journal_t *journal);

/* Events lost since the journal was opened. An intent is none: whoever could not write one must let
 * nothing happen, or append the whole event (JOURNAL_EVENT) when it is over. */
apr_uint64_t journal_lost(const journal_t *journal);

/* What the journal writes of its own accord: an event of this operation with {"lost":n}. */
#define JOURNAL_GAP_OPERATION "gap"

/* Writes the END record, unless another thread keeps the mutex for longer than a moment: a signal
 * handler that destroys pools must not wait for the thread it has interrupted. */
apr_status_t journal_close(journal_t *journal);

/* ---- reading: the keeper only; one thread ---- */

typedef struct journal_segment_t {
    const char *name;        /* file name without folder */
    const char *incarnation; /* of its owner */
    apr_uint32_t ordinal;    /* of the segment within the incarnation, from 1 */
} journal_segment_t;

typedef struct journal_record_t {
    journal_kind_t kind;
    apr_uint64_t number;
    const char *payload; /* event_encode's bytes, valid until the next read */
    apr_size_t length;
    apr_int64_t end; /* offset behind this record: the position to store with it */
} journal_record_t;

typedef struct journal_reader_t journal_reader_t;

/* All segments of the folder, ordered by incarnation and ordinal; files that are none (temporary
 * names, headers not yet whole) are left out. */
apr_status_t journal_list(apr_array_header_t **segments, apr_pool_t *pool, const char *folder);

/* Opens a segment at a position (0: the first record). */
apr_status_t journal_reader_open(journal_reader_t **reader, apr_pool_t *pool, const char *folder,
                                 const journal_segment_t *segment, apr_int64_t position);

/* APR_SUCCESS: *record is the next one.
 * APR_EAGAIN:  nothing more yet, the owner lives.
 * APR_EOF:     nothing more ever: END seen, or the owner is dead and all it wrote was read (a torn
 *              last record of a dead owner is dropped: Odoo never got that call whole).
 * APR_EINVAL:  something in the middle is damaged; the reader has moved behind it to the next
 *              record that is whole (or to the end of a dead owner's segment); record->end tells
 *              the position. The caller notes a gap.
 * Others:      the file cannot be read. */
apr_status_t journal_reader_next(journal_reader_t *reader, journal_record_t *record);
/* 1 once END was seen or the owner is known to be dead: this segment will not grow. The owner may
 * live on with a later segment, which then is in the folder already. */
int journal_reader_owner_gone(const journal_reader_t *reader);
void journal_reader_close(journal_reader_t *reader);

/* Removes a segment and forces the folder to disk. */
apr_status_t journal_remove(const char *folder, const char *name, apr_pool_t *pool);

/* Bytes in the folder's files. */
apr_int64_t journal_size(const char *folder, apr_pool_t *pool);

/* Removes what nobody will read: temporary names and segments without a whole header whose owner is
 * dead and that are older than a minute. *foreign: segments of a journal version that this program
 * does not know; they stay, and are not listed. */
apr_status_t journal_tidy(const char *folder, int *foreign, apr_pool_t *pool);

#endif
