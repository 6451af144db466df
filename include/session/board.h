/* The notice board: words in shared memory that the processes of one httpd leave for each other.
 * The generation of the settings, which a request compares with one load; what the keeper tells of
 * its work, for the health page and for scrapers; and which reading of the trail was told lately.
 *
 * It outlives restarts, as the session table does. Any process and thread; no lock; never blocks.
 * Numbers are written one by one, so that a reader may see some of one moment and some of the next.
 */
#ifndef SESSION_BOARD_H
#define SESSION_BOARD_H

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_time.h>

typedef enum board_word_t {
    BOARD_KEEPER_STARTED,  /* wall clock, as all times here; 0: no keeper yet */
    BOARD_KEEPER_SEEN,     /* when it last wrote here: about every second */
    BOARD_CAUGHT_UP,       /* when it last had stored all that stood in the journal */
    BOARD_BYTES_WAITING,   /* in the journal, not stored yet */
    BOARD_JOURNAL_BYTES,   /* of the journal's files on disk */
    BOARD_SEGMENTS,        /* files of the journal */
    BOARD_DATABASE,        /* board_database_t */
    BOARD_DATABASE_FAILED, /* when it last failed; 0: never since the keeper started */
    BOARD_EVENTS_STORED,   /* since httpd was started, as the next four */
    BOARD_EVENTS_UNPARSED, /* calls among them that could not be read */
    BOARD_EVENTS_GAPS,     /* gap events among them */
    BOARD_EVENTS_LOST,     /* that a child could not write into the journal */
    BOARD_EVENTS_PURGED,
    BOARD_FORWARD_WAITING, /* since when a target of UserAuditForward has not had all; 0: it has */
    BOARD_WORDS
} board_word_t;

typedef enum board_database_t {
    BOARD_DATABASE_UNKNOWN,
    BOARD_DATABASE_WORKS,
    BOARD_DATABASE_CANNOT_OPEN,
    BOARD_DATABASE_CANNOT_WRITE
} board_database_t;

typedef struct board_t board_t;

/* Makes the memory in a pool that outlives restarts. APR_ENOMEM. */
apr_status_t board_create(board_t **board, apr_pool_t *pool);
/* Whether a board that was kept over a restart can be used by this code. APR_EMISMATCH. */
apr_status_t board_check(const board_t *board);

/* Grows whenever settings were changed: one atomic load. */
apr_uint32_t board_settings_generation(const board_t *board);
/* Call after the new settings are on disk. */
void board_settings_changed(board_t *board);

apr_int64_t board_get(const board_t *board, board_word_t word);
void board_set(board_t *board, board_word_t word, apr_int64_t value);
void board_add(board_t *board, board_word_t word, apr_int64_t value);

/* What the database last said, without secrets; at most BOARD_TEXT_SIZE - 1 bytes are kept. One
 * writer, the keeper. A reader who meets a change gets "". */
#define BOARD_TEXT_SIZE 256
void board_set_problem(board_t *board, const char *text);
void board_get_problem(const board_t *board, char text[BOARD_TEXT_SIZE]);

#define BOARD_TOLD_SETS 256
#define BOARD_TOLD_WAYS 4

/* 1 if the same mark was told less than `interval` (at most 90 days) ago, in whatever process; else
 * it counts as told now. The mark is a hash. Full sets forget what was told first, so that
 * something may be told once more, and of two marks that agree in 40 bits and their set the later
 * one may be left out: one in 10^14 pairs. */
int board_told(board_t *board, apr_uint64_t mark, apr_time_t now, apr_interval_time_t interval);

#endif
