/* PostgreSQL, for several machines with one trail. */
#include "dialect.h"

#include <string.h>

#include <apr_strings.h>

#define POSTGRESQL_CELLS                                                                           \
    "site text, db text, uid text, login text, name text, session text, ip text, country text, "   \
    "city text, browser text, os text, device text, channel text, operation text, model text, "    \
    "record_ids text, record_count text, method text, fields text, values_json text, "             \
    "outcome text, error text, status text, duration_ms text, path text, flags text, hash text, "  \
    "peer_ip text, node text, sequence bigint, previous_hash text, old_values text, "              \
    "user_agent text, ip_key text COLLATE \"C\", who_uid text, who_login text, who_name text"

static const char *const version_1[] = {
    "CREATE TABLE meta (name text PRIMARY KEY, value text)",
    "CREATE TABLE events (id bigint PRIMARY KEY, time_ms bigint NOT NULL, " POSTGRESQL_CELLS ")",
    "CREATE TABLE blocks (first_id bigint PRIMARY KEY, end_id bigint NOT NULL, "
    "first_ms bigint NOT NULL, last_ms bigint NOT NULL, ids text)",
    "CREATE TABLE marks (kind integer NOT NULL, value text COLLATE \"C\" NOT NULL, first_id bigint "
    "NOT NULL, "
    "ids text NOT NULL, PRIMARY KEY (kind, value, first_id))",
    "CREATE TABLE chains (node text PRIMARY KEY, id bigint NOT NULL, sequence bigint NOT NULL, "
    "hash text NOT NULL)",
    "CREATE TABLE pending (owner_node text NOT NULL, incarnation text NOT NULL, "
    "number bigint NOT NULL, id bigint, time_ms bigint, " POSTGRESQL_CELLS
    ", PRIMARY KEY (owner_node, incarnation, number))",
    "CREATE TABLE positions (node text NOT NULL, segment text NOT NULL, incarnation text, "
    "byte_offset bigint NOT NULL, PRIMARY KEY (node, segment))",
    "CREATE TABLE sessions (reference text PRIMARY KEY, site text, db text, uid text, "
    "login text, name text, address text, user_agent text, state text NOT NULL, reason text, "
    "started_ms bigint NOT NULL, last_action_ms bigint NOT NULL, ended_ms bigint)",
    "CREATE INDEX sessions_uid ON sessions (uid)",
    "CREATE INDEX sessions_login ON sessions (login)",
    "CREATE INDEX sessions_action ON sessions (last_action_ms)",
    "CREATE INDEX sessions_ended ON sessions (ended_ms) WHERE ended_ms IS NOT NULL",
    NULL};

static const char *const version_2[] = {
    "ALTER TABLE events ADD COLUMN client_hints text",
    "ALTER TABLE pending ADD COLUMN client_hints text",
    "ALTER TABLE sessions ADD COLUMN browser text", "ALTER TABLE sessions ADD COLUMN os text",
    "ALTER TABLE sessions ADD COLUMN device text", "ALTER TABLE sessions ADD COLUMN country text",
    "ALTER TABLE sessions ADD COLUMN city text",
    "CREATE TABLE known (site text NOT NULL, db text NOT NULL, uid text NOT NULL, "
    "kind text NOT NULL, value text NOT NULL, first_ms bigint NOT NULL, "
    "last_ms bigint NOT NULL, PRIMARY KEY (site, db, uid, kind, value))",
    "CREATE INDEX known_value ON known (site, kind, value)",
    "CREATE TABLE counters (name text NOT NULL, bucket bigint NOT NULL, "
    "amount bigint NOT NULL, expires_ms bigint NOT NULL, PRIMARY KEY (name, bucket))",
    "CREATE TABLE outbox (id text PRIMARY KEY, node text NOT NULL, site text, "
    "channel text NOT NULL, recipient text NOT NULL, about text, content text NOT NULL, "
    "made_ms bigint NOT NULL, due_ms bigint NOT NULL, tries bigint NOT NULL)",
    "CREATE TABLE opt_outs (site text NOT NULL, db text NOT NULL, uid text NOT NULL, "
    "set_by text, since_ms bigint NOT NULL, PRIMARY KEY (site, db, uid))",
    /* Counts for the page's plots, see summarise.h. */
    "CREATE TABLE summaries (kind integer NOT NULL, owner text COLLATE \"C\" NOT NULL, "
    "start_ms bigint NOT NULL, site text COLLATE \"C\" NOT NULL, "
    "value text COLLATE \"C\" NOT NULL, n_success bigint NOT NULL, n_denied bigint NOT NULL, "
    "n_failed bigint NOT NULL, n_unknown bigint NOT NULL, "
    "PRIMARY KEY (kind, owner, start_ms, site, value))",
    /* Purging: what an event takes, which sequences are gone, what must stay. */
    "ALTER TABLE events ADD COLUMN stored_bytes bigint",
    "ALTER TABLE pending ADD COLUMN stored_bytes bigint",
    "CREATE TABLE purged (node text NOT NULL, first_sequence bigint NOT NULL, "
    "last_sequence bigint NOT NULL, before_hash text NOT NULL, hash text NOT NULL, "
    "PRIMARY KEY (node, first_sequence))",
    "CREATE UNIQUE INDEX purged_last ON purged (node, last_sequence)",
    "CREATE TABLE purged_sets (node text PRIMARY KEY, ranges bigint NOT NULL, events bigint NOT "
    "NULL, "
    "lanes text NOT NULL, event_id bigint)",
    "CREATE TABLE holds (id text PRIMARY KEY, site text, db text, who text, model text, record "
    "bigint, "
    "from_ms bigint, to_ms bigint, reason text, set_by text, set_ms bigint NOT NULL, lifted_by "
    "text, "
    "lifted_ms bigint)",
    "CREATE INDEX holds_open ON holds (set_ms) WHERE lifted_ms IS NULL",
    "CREATE TABLE checkpoints (node text NOT NULL, number bigint NOT NULL, content text NOT NULL, "
    "PRIMARY KEY (node, number))",
    /* What machines tell each other of their sessions. */
    "CREATE TABLE shared_sessions (fingerprint text PRIMARY KEY, change_number bigint NOT NULL, "
    "node text NOT NULL, until_ms bigint NOT NULL, line text NOT NULL)",
    "CREATE UNIQUE INDEX shared_sessions_change ON shared_sessions (change_number)",
    /* Events by month, see partition.c. What is there already becomes the first partition. */
    "ALTER TABLE events RENAME TO events_before",
    "ALTER TABLE events_before DROP CONSTRAINT events_pkey",
    "CREATE TABLE events (LIKE events_before, PRIMARY KEY (id, time_ms)) "
    "PARTITION BY RANGE (time_ms)",
    "DO $$ DECLARE last_ms bigint; month timestamp; table_name text; BEGIN "
    "SELECT max(time_ms) INTO last_ms FROM events_before; "
    "IF last_ms IS NULL THEN DROP TABLE events_before; RETURN; END IF; "
    "month := date_trunc('month', to_timestamp(last_ms / 1000) AT TIME ZONE 'UTC') "
    "+ interval '1 month'; "
    "table_name := 'events_before_' || to_char(month, 'YYYY_MM'); "
    "EXECUTE 'ALTER TABLE events_before RENAME TO ' || table_name; "
    "EXECUTE 'ALTER TABLE events ATTACH PARTITION ' || table_name || "
    "' FOR VALUES FROM (MINVALUE) TO (' || (extract(epoch FROM month) * 1000)::bigint || ')'; "
    "END $$",
    /* What a person said who ended a session, and what was odd about it, see store_session_risk. */
    "ALTER TABLE sessions ADD COLUMN note text", "ALTER TABLE sessions ADD COLUMN risks text",
    "CREATE INDEX sessions_risks ON sessions (last_action_ms) WHERE risks IS NOT NULL",
    /* Marks by spans of ids, see marks.h; they are made anew from the events. */
    "DROP TABLE marks", "DELETE FROM blocks",
    "CREATE TABLE marks (span bigint NOT NULL, kind integer NOT NULL, value text COLLATE \"C\" NOT "
    "NULL, "
    "first_id bigint NOT NULL, ids text NOT NULL, PRIMARY KEY (span, kind, value, first_id))",
    /* The same once more by ten days, see summarise.h. */
    "INSERT INTO summaries SELECT CASE kind WHEN 3 THEN 7 ELSE 8 END, owner, "
    "start_ms - start_ms % 864000000, site, value, SUM(n_success), SUM(n_denied), "
    "SUM(n_failed), SUM(n_unknown) FROM summaries WHERE kind IN (3, 5) AND owner = '' "
    "GROUP BY kind, owner, start_ms - start_ms % 864000000, site, value",
    NULL};

static const char *const *const migrations[] = {version_1, version_2};

/* libpq writes notices and warnings to stderr, past httpd's log: of a server that goes down, say.
 * What matters comes as an error. */
#define QUIET "set_config('client_min_messages', 'error', false)"

static const dialect_setup_t setup_read[] = {
    {"SELECT set_config('default_transaction_read_only', 'on', false), " QUIET, NULL, NULL},
    {NULL, NULL, NULL}};

static const dialect_setup_t setup_write[] = {
    {"SELECT set_config('synchronous_commit', 'on', false), " QUIET, NULL, NULL},
    {NULL, NULL, NULL}};

/* Without these words libpq waits minutes for a machine that is gone. What the administrator says
 * stands behind them and wins. */
#define POSTGRESQL_WORDS                                                                           \
    "connect_timeout=3 application_name=mod_user_audit gssencmode=disable client_encoding=UTF8 "   \
    "keepalives=1 keepalives_idle=30 keepalives_interval=5 keepalives_count=3 "                    \
    "tcp_user_timeout=20000 "

static apr_status_t locate(const char *params, store_mode_t mode, const char **driver_params,
                           const char **problem, apr_pool_t *pool)
{
    (void)mode;
    if (!params || !*params) {
        *problem = "PostgreSQL needs connection words such as \"host=... dbname=...\"";
        return APR_EINVAL;
    }
    if (!strncmp(params, "postgresql://", 13) || !strncmp(params, "postgres://", 11)) {
        *problem = "PostgreSQL's connection must be given as words (\"host=... dbname=...\"), not "
                   "as a URL";
        return APR_EINVAL;
    }
    *driver_params = apr_pstrcat(pool, POSTGRESQL_WORDS, params, NULL);
    return APR_SUCCESS;
}

/* libpq's complaints about the words themselves quote them, passwords too. */
static const char *opening_error(const char *text, apr_pool_t *pool)
{
    static const char *const harmless[] = {"connection to server", "could not translate host name"};

    for (size_t i = 0; text && i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        if (!strncmp(text, harmless[i], strlen(harmless[i]))) {
            return apr_pstrmemdup(pool, text, strcspn(text, "\r\n"));
        }
    }
    return "the connection words cannot be used";
}

const dialect_t dialect_postgresql = {
    .driver = "pgsql",
    .begin = "BEGIN",
    .snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ",
    /* Writers of several machines take turns, a transaction each: ids then grow in the order of
     * the commits, so that whoever reads "everything above id n" misses nothing. */
    .lock = "SELECT pg_advisory_xact_lock(7305041223)",
    .gathers = 1,
    .partitions = 1,
    .has_schema = "SELECT 1 FROM pg_catalog.pg_class WHERE oid = to_regclass('meta')",
    .setup = {[STORE_READ] = setup_read, [STORE_WRITE] = setup_write},
    .migrations = migrations,
    .version = sizeof(migrations) / sizeof(migrations[0]),
    .locate = locate,
    /* Faster than by the rules of a language, and what is behind ASCII is in the pattern. */
    .like = "COLLATE \"C\" ILIKE",
    .opening_error = opening_error,
};
