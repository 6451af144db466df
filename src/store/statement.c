#include "statement.h"

#include <string.h>

#include <apr_strings.h>

#include "marks.h"
#include "row.h"

/* {columns} stands for the columns of an event, {values} for as many parameters, {arrays} for as
 * many that are arrays, {marks} for the columns that make marks, {rows} for MARKS_PER_INSERT rows
 * of a mark. */
static const char *const statements[STATEMENTS] = {
    [META_GET] = "SELECT value FROM meta WHERE name = %s",
    [META_SET] = "INSERT INTO meta (name, value) VALUES (%s, %s) "
                 "ON CONFLICT (name) DO UPDATE SET value = excluded.value",

    [CHAIN_LAST_ID] = "SELECT MAX(id) FROM chains",
    [CHAIN_GET] = "SELECT sequence, hash FROM chains WHERE node = %s",
    [CHAIN_SET] = "INSERT INTO chains (node, id, sequence, hash) VALUES (%s, %s, %s, %s) "
                  "ON CONFLICT (node) DO UPDATE SET id = excluded.id, "
                  "sequence = excluded.sequence, hash = excluded.hash",
    [EVENT_INSERT] = "INSERT INTO events ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING",
    [EVENTS_INSERT] = "INSERT INTO events ({columns}) SELECT * FROM unnest({arrays}) "
                      "ON CONFLICT DO NOTHING",
    /* What a client only tried to log in as stays so, unless it was this very login. */
    [EVENT_NAME] = "UPDATE events SET who_uid = %s, who_login = %s, who_name = %s "
                   "WHERE id >= %s AND id < %s AND session = %s AND uid IS NULL "
                   "AND who_uid IS NULL AND (login IS NULL OR login = %s) RETURNING {marks}",

    [PARTITION_LIST] = "SELECT relname FROM pg_catalog.pg_inherits JOIN pg_catalog.pg_class "
                       "ON pg_class.oid = inhrelid WHERE inhparent = to_regclass('events') "
                       "ORDER BY relname",

    [PURGED_BEFORE] = "SELECT first_sequence, before_hash FROM purged "
                      "WHERE node = %s AND last_sequence = %s",
    [PURGED_BEHIND] = "SELECT last_sequence, hash FROM purged "
                      "WHERE node = %s AND first_sequence = %s",
    [PURGED_DELETE] = "DELETE FROM purged WHERE node = %s AND first_sequence = %s",
    [PURGED_INSERT] = "INSERT INTO purged (node, first_sequence, last_sequence, before_hash, hash) "
                      "VALUES (%s, %s, %s, %s, %s)",
    [PURGED_LIST] = "SELECT first_sequence, last_sequence, before_hash, hash FROM purged "
                    "WHERE node = %s AND first_sequence > %s ORDER BY first_sequence LIMIT %s",
    [PURGED_SET_GET] = "SELECT ranges, events, lanes FROM purged_sets WHERE node = %s",
    [PURGED_SET_PUT] = "INSERT INTO purged_sets (node, ranges, events, lanes) "
                       "VALUES (%s, %s, %s, %s) ON CONFLICT (node) DO UPDATE SET "
                       "ranges = excluded.ranges, events = excluded.events, "
                       "lanes = excluded.lanes",
    [PURGED_SET_ATTEST] = "UPDATE purged_sets SET event_id = %s WHERE node = %s",
    [PURGED_SET_LIST] = "SELECT node, ranges, events, lanes, event_id FROM purged_sets "
                        "ORDER BY node",

    [HOLD_INSERT] = "INSERT INTO holds (id, site, db, who, model, record, from_ms, to_ms, reason, "
                    "set_by, set_ms) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
                    "ON CONFLICT DO NOTHING",
    [HOLD_LIFT] = "UPDATE holds SET lifted_by = %s, lifted_ms = %s "
                  "WHERE id = %s AND site = %s AND lifted_ms IS NULL",

    [CHECKPOINT_INSERT] = "INSERT INTO checkpoints (node, number, content) VALUES (%s, %s, %s)",
    [CHECKPOINT_LAST] = "SELECT number, content FROM checkpoints WHERE node = %s "
                        "ORDER BY number DESC LIMIT 1",
    [CHECKPOINT_LIST] = "SELECT node, number, content FROM checkpoints "
                        "WHERE node > %s OR (node = %s AND number > %s) "
                        "ORDER BY node, number LIMIT %s",
    [CHAIN_LIST] = "SELECT node, sequence, hash FROM chains ORDER BY node",

    [BLOCK_PUT] = "INSERT INTO blocks (first_id, end_id, first_ms, last_ms, ids) "
                  "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (first_id) DO UPDATE SET "
                  "end_id = excluded.end_id, first_ms = excluded.first_ms, "
                  "last_ms = excluded.last_ms, ids = excluded.ids",
    [BLOCK_DELETE] = "DELETE FROM blocks WHERE first_id = %s",
    [BLOCK_LAST] = "SELECT end_id FROM blocks ORDER BY first_id DESC LIMIT 1",
    [MARK_ROWS] = "SELECT {marks} FROM events WHERE id >= %s AND id < %s ORDER BY id LIMIT %s",
    [MARK_PUT] = "INSERT INTO marks (span, kind, value, first_id, ids) "
                 "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (span, kind, value, first_id) DO UPDATE "
                 "SET ids = excluded.ids",
    [MARKS_PUT] = "INSERT INTO marks (span, kind, value, first_id, ids) VALUES {rows} "
                  "ON CONFLICT (span, kind, value, first_id) DO UPDATE SET ids = excluded.ids",
    [MARK_GET] = "SELECT ids FROM marks "
                 "WHERE span = %s AND kind = %s AND value = %s AND first_id = %s",
    [MARK_DELETE] = "DELETE FROM marks "
                    "WHERE span = %s AND kind = %s AND value = %s AND first_id = %s",
    [MARK_BLOCKS] = "SELECT marks.first_id, blocks.end_id FROM marks JOIN blocks "
                    "ON blocks.first_id = marks.first_id "
                    "WHERE span = %s AND kind = %s AND value = %s "
                    "ORDER BY marks.first_id LIMIT %s",

    [PENDING_INSERT] = "INSERT INTO pending (owner_node, incarnation, number, {columns}) "
                       "VALUES (%s, %s, %s, {values}) ON CONFLICT DO NOTHING",
    [PENDING_TAKE] = "DELETE FROM pending WHERE owner_node = %s AND incarnation = %s "
                     "AND number = %s RETURNING {columns}",
    [PENDING_OLDEST] = "SELECT {columns}, number FROM pending WHERE owner_node = %s "
                       "AND incarnation = %s ORDER BY number LIMIT %s",
    [PENDING_DELETE] = "DELETE FROM pending WHERE owner_node = %s AND incarnation = %s "
                       "AND number <= %s",

    [POSITION_LIST] = "SELECT segment, incarnation, byte_offset FROM positions WHERE node = %s "
                      "ORDER BY segment",
    [POSITION_SET] = "INSERT INTO positions (node, segment, incarnation, byte_offset) "
                     "VALUES (%s, %s, %s, %s) ON CONFLICT (node, segment) DO UPDATE SET "
                     "incarnation = excluded.incarnation, byte_offset = excluded.byte_offset",
    [POSITION_DELETE] = "DELETE FROM positions WHERE node = %s AND segment = %s",

    [SESSION_INSERT] = "INSERT INTO sessions (reference, site, db, uid, login, name, address, "
                       "user_agent, browser, os, device, country, city, state, started_ms, "
                       "last_action_ms) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, "
                       "%s, 'open', %s, %s) "
                       "ON CONFLICT (reference) DO NOTHING",
    [SESSION_WHO] = "SELECT uid, login, name FROM sessions WHERE reference = %s",
    /* Login and name of somebody else do not stay beside a new uid. */
    [SESSION_NAME] = "UPDATE sessions SET login = COALESCE(%s, CASE WHEN uid = %s THEN login END), "
                     "name = COALESCE(%s, CASE WHEN uid = %s THEN name END), uid = %s, "
                     "db = COALESCE(%s, db) WHERE reference = %s",
    [SESSION_LOGIN] = "UPDATE sessions SET login = COALESCE(login, %s), "
                      "name = COALESCE(name, %s) WHERE reference = %s",
    /* Segments are read side by side: a logout may be read before the login that it ended. */
    [SESSION_REOPEN] = "UPDATE sessions SET state = 'open', reason = NULL, note = NULL, "
                       "ended_ms = NULL "
                       "WHERE reference = %s AND state = %s AND ended_ms < %s",
    [SESSION_END] = "UPDATE sessions SET state = %s, reason = %s, note = %s, ended_ms = %s "
                    "WHERE reference = %s AND state = 'open'",
    [SESSION_REVOKE] = "UPDATE sessions SET state = %s, reason = %s, note = %s, ended_ms = %s "
                       "WHERE reference = %s AND state <> 'revoked'",
    [SESSION_TOUCH] = "UPDATE sessions SET last_action_ms = %s, address = COALESCE(%s, address), "
                      "country = COALESCE(%s, country), city = COALESCE(%s, city) "
                      "WHERE reference = %s AND last_action_ms <= %s",
    [SESSION_FORGETTABLE] = "SELECT reference, ended_ms, "
                            "CASE WHEN EXISTS (SELECT 1 FROM marks "
                            "WHERE span = %s AND kind = %s "
                            "AND value = sessions.reference) THEN 1 ELSE 0 END "
                            "FROM sessions WHERE ended_ms < %s AND (ended_ms > %s "
                            "OR (ended_ms = %s AND reference > %s)) "
                            "ORDER BY ended_ms, reference LIMIT %s",
    [SESSION_DELETE] = "DELETE FROM sessions WHERE reference = %s",
    [SESSION_CLIENT] = "UPDATE sessions SET browser = %s, os = %s, device = %s "
                       "WHERE reference = %s",
    [SESSION_RISK] = "UPDATE sessions SET risks = COALESCE(risks || ' ', '') || %s "
                     "WHERE reference = %s AND "
                     "(' ' || COALESCE(risks, '') || ' ') NOT LIKE ('%% ' || %s || ' %%')",

    [KNOWN_PUT] = "INSERT INTO known (site, db, uid, kind, value, first_ms, last_ms) "
                  "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
    [KNOWN_SEEN] = "UPDATE known SET last_ms = %s WHERE site = %s AND db = %s AND uid = %s "
                   "AND kind = %s AND value = %s AND last_ms < %s",
    [KNOWN_COUNT] = "SELECT COUNT(*) FROM known WHERE site = %s AND db = %s AND uid = %s "
                    "AND kind = %s",
    [KNOWN_FORGET] = "DELETE FROM known WHERE site = %s AND db = %s AND uid = %s AND kind = %s",
    [KNOWN_HOLDERS] = "SELECT db, uid FROM known WHERE site = %s AND kind = %s AND value = %s "
                      "ORDER BY last_ms DESC LIMIT %s",
    [KNOWN_VALUES] = "SELECT DISTINCT value FROM known WHERE site = %s AND kind = %s "
                     "ORDER BY value LIMIT %s",
    [KNOWN_EXPIRE] = "DELETE FROM known WHERE last_ms < %s",

    [COUNTER_ADD] = "INSERT INTO counters (name, bucket, amount, expires_ms) "
                    "VALUES (%s, %s, %s, %s) ON CONFLICT (name, bucket) DO UPDATE SET "
                    "amount = counters.amount + excluded.amount, "
                    "expires_ms = excluded.expires_ms",
    [COUNTER_SUM] = "SELECT SUM(amount) FROM counters WHERE name = %s AND bucket >= %s",
    [COUNTER_EXPIRE] = "DELETE FROM counters WHERE expires_ms < %s",

    [OUTBOX_PUT] = "INSERT INTO outbox (id, node, site, channel, recipient, about, content, "
                   "made_ms, due_ms, tries) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
                   "ON CONFLICT DO NOTHING",
    [OUTBOX_DUE] = "SELECT id, site, channel, recipient, about, content, made_ms, due_ms, tries "
                   "FROM outbox WHERE node = %s AND channel = %s AND due_ms <= %s "
                   "ORDER BY due_ms, id LIMIT %s",
    [OUTBOX_RETRY] = "UPDATE outbox SET due_ms = %s, tries = tries + 1 WHERE id = %s",
    [OUTBOX_ADOPT] =
        "UPDATE outbox SET node = %s WHERE node <> %s AND channel = %s AND due_ms <= %s",
    [OUTBOX_REMOVE] = "DELETE FROM outbox WHERE id = %s",
    [OUTBOX_COUNT] = "SELECT COUNT(*) FROM outbox WHERE site = %s",

    [OPT_OUT_SET] = "INSERT INTO opt_outs (site, db, uid, set_by, since_ms) "
                    "VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
    [OPT_OUT_LIFT] = "DELETE FROM opt_outs WHERE site = %s AND db = %s AND uid = %s",
    [OPT_OUT_GET] = "SELECT 1 FROM opt_outs WHERE site = %s AND db = %s AND uid = %s",
    [OPT_OUT_LIST] = "SELECT db, uid, set_by, since_ms FROM opt_outs WHERE site = %s "
                     "ORDER BY since_ms DESC, db, uid LIMIT %s",

    [SUMMARY_ADD] = "UPDATE summaries SET n_success = n_success + %s, n_denied = n_denied + %s, "
                    "n_failed = n_failed + %s, n_unknown = n_unknown + %s "
                    "WHERE kind = %s AND owner = %s AND start_ms = %s AND site = %s AND value = %s",
    [SUMMARY_TAKE] = "UPDATE summaries SET n_success = n_success + %s, n_denied = n_denied + %s, "
                     "n_failed = n_failed + %s, n_unknown = n_unknown + %s "
                     "WHERE kind = %s AND owner = %s AND start_ms = %s AND site = %s "
                     "AND value = %s RETURNING n_success, n_denied, n_failed, n_unknown",
    [SUMMARY_PUT] =
        "INSERT INTO summaries (n_success, n_denied, n_failed, n_unknown, kind, owner, start_ms, "
        "site, value) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) "
        "ON CONFLICT (kind, owner, start_ms, site, value) DO UPDATE SET "
        "n_success = summaries.n_success + excluded.n_success, "
        "n_denied = summaries.n_denied + excluded.n_denied, "
        "n_failed = summaries.n_failed + excluded.n_failed, "
        "n_unknown = summaries.n_unknown + excluded.n_unknown",
    [SUMMARY_VALUES] = "SELECT COUNT(*) FROM summaries "
                       "WHERE kind = %s AND owner = %s AND start_ms = %s AND site = %s",
    [SUMMARY_DELETE] = "DELETE FROM summaries WHERE kind = %s AND owner = %s AND start_ms = %s "
                       "AND site = %s AND value = %s AND n_success <= 0 AND n_denied <= 0 "
                       "AND n_failed <= 0 AND n_unknown <= 0",
    [SHARED_READ] = "SELECT change_number, node, line FROM shared_sessions "
                    "WHERE change_number > %s ORDER BY change_number LIMIT %s",
    /* Writers take turns, so that the next number is nobody else's. */
    [SHARED_PUT] = "INSERT INTO shared_sessions (change_number, fingerprint, node, until_ms, line) "
                   "VALUES ((SELECT COALESCE(MAX(change_number), 0) + 1 FROM shared_sessions), "
                   "%s, %s, %s, %s) ON CONFLICT (fingerprint) DO UPDATE SET "
                   "change_number = excluded.change_number, node = excluded.node, "
                   "until_ms = excluded.until_ms, line = excluded.line",
    /* The last number must stay, or the next one would be no news to anybody. */
    [SHARED_PURGE] = "DELETE FROM shared_sessions WHERE until_ms < %s AND change_number < "
                     "(SELECT MAX(change_number) FROM shared_sessions)",
    [USER_LABEL] = "SELECT login, name FROM sessions WHERE uid = %s AND site = %s "
                   "AND COALESCE(db, '') = %s AND login IS NOT NULL "
                   "ORDER BY last_action_ms DESC LIMIT 1",
};

static const char *replaced(const char *text, const char *word, const char *by, apr_pool_t *pool)
{
    const char *found = strstr(text, word);

    if (!found) {
        return text;
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(found - text)), by,
                       found + strlen(word), NULL);
}

static const char *mark_rows(apr_pool_t *pool)
{
    const char *rows = "(%s, %s, %s, %s, %s)";

    for (int i = 1; i < MARKS_PER_INSERT; i++) {
        rows = apr_pstrcat(pool, rows, ", (%s, %s, %s, %s, %s)", NULL);
    }
    return rows;
}

const char *statement_text(statement_id_t id, apr_pool_t *pool)
{
    const char *text = replaced(statements[id], "{columns}", row_names(pool), pool);

    text = replaced(text, "{rows}", mark_rows(pool), pool);
    text = replaced(text, "{arrays}", row_arrays(pool), pool);
    text = replaced(text, "{marks}", row_mark_names(pool), pool);
    return replaced(text, "{values}", row_parameters(pool), pool);
}
