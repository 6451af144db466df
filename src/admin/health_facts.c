#include "health_facts.h"

#include <string.h>

const char *health_database_word(board_database_t state)
{
    static const char *const words[] = {
        [BOARD_DATABASE_UNKNOWN] = "not asked yet",
        [BOARD_DATABASE_WORKS] = "works",
        [BOARD_DATABASE_CANNOT_OPEN] = "cannot be reached",
        [BOARD_DATABASE_CANNOT_WRITE] = "cannot be written",
    };

    return words[state <= BOARD_DATABASE_CANNOT_WRITE ? state : BOARD_DATABASE_UNKNOWN];
}

static apr_int64_t seconds_since(apr_time_t then, apr_time_t now)
{
    return then && now > then ? apr_time_sec(now - then) : 0;
}

static void read_keeper(health_facts_t *facts, const board_t *board, apr_time_t now)
{
    facts->keeper_started = board_get(board, BOARD_KEEPER_STARTED);
    facts->keeper_seen = board_get(board, BOARD_KEEPER_SEEN);
    facts->keeper_up = facts->keeper_seen && now - facts->keeper_seen < HEALTH_KEEPER_SILENT;
    facts->waiting_bytes = board_get(board, BOARD_BYTES_WAITING);
    facts->journal_bytes = board_get(board, BOARD_JOURNAL_BYTES);
    facts->segments = board_get(board, BOARD_SEGMENTS);
    facts->lag = seconds_since(board_get(board, BOARD_CAUGHT_UP), now);
    facts->forward_lag = seconds_since(board_get(board, BOARD_FORWARD_WAITING), now);
    facts->database = (board_database_t)board_get(board, BOARD_DATABASE);
    facts->database_failed = board_get(board, BOARD_DATABASE_FAILED);
    board_get_problem(board, facts->database_problem);
    facts->stored = board_get(board, BOARD_EVENTS_STORED);
    facts->unparsed = board_get(board, BOARD_EVENTS_UNPARSED);
    facts->gaps = board_get(board, BOARD_EVENTS_GAPS);
    facts->lost = board_get(board, BOARD_EVENTS_LOST);
    facts->purged = board_get(board, BOARD_EVENTS_PURGED);
}

void health_facts_read(health_facts_t *facts, const admin_request_t *request)
{
    memset(facts, 0, sizeof(*facts));
    read_keeper(facts, request->board, apr_time_now());
    facts->journal_limit = request->journal_max_size;
    for (int state = SESSION_OPEN; state <= SESSION_REVOKED; state++) {
        facts->sessions[state] = session_table_count(request->sessions, (session_state_t)state);
    }
    facts->room = session_table_slots(request->sessions);
}
