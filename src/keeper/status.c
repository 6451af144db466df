/* What the keeper tells of its work, on the board that pages and scrapers read. */
#include "keeper_state.h"

#include <sys/stat.h>

#include <apr_strings.h>

#include "store/purge.h"

#define TELL_GAP apr_time_from_sec(1)

void status_begin(keeper_t *keeper)
{
    board_t *board = keeper->config->board;

    if (board) {
        board_set(board, BOARD_KEEPER_STARTED, apr_time_now());
        board_set(board, BOARD_KEEPER_SEEN, apr_time_now());
        board_set(board, BOARD_CAUGHT_UP, apr_time_now());
        board_set(board, BOARD_DATABASE, BOARD_DATABASE_UNKNOWN);
        board_set(board, BOARD_DATABASE_FAILED, 0);
        board_set(board, BOARD_FORWARD_WAITING, 0);
        board_set_problem(board, "");
    }
}

void status_stored(keeper_t *keeper, const keeper_tally_t *tally)
{
    board_t *board = keeper->config->board;

    if (board) {
        board_add(board, BOARD_EVENTS_STORED, tally->stored);
        board_add(board, BOARD_EVENTS_UNPARSED, tally->unparsed);
        board_add(board, BOARD_EVENTS_GAPS, tally->gaps);
    }
}

void status_purged(keeper_t *keeper, const apr_array_header_t *nodes)
{
    for (int i = 0; keeper->config->board && i < nodes->nelts; i++) {
        board_add(keeper->config->board, BOARD_EVENTS_PURGED,
                  APR_ARRAY_IDX(nodes, i, store_purged_t).events);
    }
}

void status_database(keeper_t *keeper, keeper_trouble_t trouble, const char *problem)
{
    static const board_database_t states[] = {
        [KEEPER_NO_TROUBLE] = BOARD_DATABASE_WORKS,
        [KEEPER_CANNOT_OPEN] = BOARD_DATABASE_CANNOT_OPEN,
        [KEEPER_CANNOT_WRITE] = BOARD_DATABASE_CANNOT_WRITE,
    };
    board_t *board = keeper->config->board;

    if (board) {
        board_set(board, BOARD_DATABASE, states[trouble]);
        if (trouble != KEEPER_NO_TROUBLE) {
            board_set(board, BOARD_DATABASE_FAILED, apr_time_now());
            board_set_problem(board, problem ? problem : "");
        }
    }
}

/* While the database is away the segments are not listed, so the folder itself is asked. */
static void measure(const keeper_t *keeper, apr_pool_t *pool)
{
    board_t *board = keeper->config->board;
    apr_int64_t bytes = journal_size(keeper->journal_folder, pool), taken = 0;

    for (int i = 0; i < keeper->segments->nelts; i++) {
        const keeper_segment_t *segment = segment_at(keeper, i);

        if (!segment->removed && segment->position > 0) {
            taken += segment->position;
        }
    }
    board_set(board, BOARD_JOURNAL_BYTES, bytes);
    if (keeper->store) {
        board_set(board, BOARD_SEGMENTS, keeper->segments->nelts);
    }
    board_set(board, BOARD_BYTES_WAITING, bytes > taken ? bytes - taken : 0);
}

void status_tick(keeper_t *keeper, apr_status_t drained, int moved)
{
    board_t *board = keeper->config->board;
    apr_time_t now = boot_time_now();

    if (!board) {
        return;
    }
    if (drained == APR_SUCCESS && moved == 0) {
        board_set(board, BOARD_CAUGHT_UP, apr_time_now());
        if (keeper->trouble == KEEPER_NO_TROUBLE) {
            board_set(board, BOARD_DATABASE, BOARD_DATABASE_WORKS);
        }
    }
    if (now - keeper->told_at >= TELL_GAP) {
        keeper->told_at = now;
        board_set(board, BOARD_KEEPER_SEEN, apr_time_now());
        measure(keeper, keeper->cleanup_pool);
        apr_pool_clear(keeper->cleanup_pool);
    }
}
