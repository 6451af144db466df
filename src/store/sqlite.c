/* SQLite, the embedded default: one file with a write-ahead log, so that pages read while the
 * keeper writes. */
#include "dialect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_lib.h>
#include <apr_strings.h>

/* The columns that hold a cell as it was hashed are TEXT: a numeric affinity would turn "007" into
 * 7, and the hash would no longer fit. */
#define SQLITE_CELLS                                                                               \
    "site TEXT, db TEXT, uid TEXT, login TEXT, name TEXT, session TEXT, ip TEXT, country TEXT, "   \
    "city TEXT, browser TEXT, os TEXT, device TEXT, channel TEXT, operation TEXT, model TEXT, "    \
    "record_ids TEXT, record_count TEXT, method TEXT, fields TEXT, values_json TEXT, "             \
    "outcome TEXT, error TEXT, status TEXT, duration_ms TEXT, path TEXT, flags TEXT, hash TEXT, "  \
    "peer_ip TEXT, node TEXT, sequence INTEGER, previous_hash TEXT, old_values TEXT, "             \
    "user_agent TEXT, ip_key TEXT, who_uid TEXT, who_login TEXT, who_name TEXT"

static const char *const version_1[] = {
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT)",
    "CREATE TABLE events (id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, " SQLITE_CELLS ")",
    "CREATE TABLE blocks (first_id INTEGER PRIMARY KEY, end_id INTEGER NOT NULL, "
    "first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, ids TEXT)",
    "CREATE TABLE marks (kind INTEGER NOT NULL, value TEXT NOT NULL, first_id INTEGER NOT NULL, "
    "ids TEXT NOT NULL, PRIMARY KEY (kind, value, first_id)) WITHOUT ROWID",
    "CREATE TABLE chains (node TEXT PRIMARY KEY, id INTEGER NOT NULL, sequence INTEGER NOT NULL, "
    "hash TEXT NOT NULL)",
    "CREATE TABLE pending (owner_node TEXT NOT NULL, incarnation TEXT NOT NULL, "
    "number INTEGER NOT NULL, id INTEGER, time_ms INTEGER, " SQLITE_CELLS
    ", PRIMARY KEY (owner_node, incarnation, number))",
    "CREATE TABLE positions (node TEXT NOT NULL, segment TEXT NOT NULL, incarnation TEXT, "
    "byte_offset INTEGER NOT NULL, PRIMARY KEY (node, segment))",
    "CREATE TABLE sessions (reference TEXT PRIMARY KEY, site TEXT, db TEXT, uid TEXT, "
    "login TEXT, name TEXT, address TEXT, user_agent TEXT, state TEXT NOT NULL, reason TEXT, "
    "started_ms INTEGER NOT NULL, last_action_ms INTEGER NOT NULL, ended_ms INTEGER)",
    "CREATE INDEX sessions_uid ON sessions (uid)",
    "CREATE INDEX sessions_login ON sessions (login)",
    "CREATE INDEX sessions_action ON sessions (last_action_ms)",
    "CREATE INDEX sessions_ended ON sessions (ended_ms) WHERE ended_ms IS NOT NULL",
    NULL};

static const char *const version_2[] = {
    "ALTER TABLE events ADD COLUMN client_hints TEXT",
    "ALTER TABLE pending ADD COLUMN client_hints TEXT",
    "ALTER TABLE sessions ADD COLUMN browser TEXT", "ALTER TABLE sessions ADD COLUMN os TEXT",
    "ALTER TABLE sessions ADD COLUMN device TEXT", "ALTER TABLE sessions ADD COLUMN country TEXT",
    "ALTER TABLE sessions ADD COLUMN city TEXT",
    "CREATE TABLE known (site TEXT NOT NULL, db TEXT NOT NULL, uid TEXT NOT NULL, "
    "kind TEXT NOT NULL, value TEXT NOT NULL, first_ms INTEGER NOT NULL, "
    "last_ms INTEGER NOT NULL, PRIMARY KEY (site, db, uid, kind, value))",
    "CREATE INDEX known_value ON known (site, kind, value)",
    "CREATE TABLE counters (name TEXT NOT NULL, bucket INTEGER NOT NULL, "
    "amount INTEGER NOT NULL, expires_ms INTEGER NOT NULL, PRIMARY KEY (name, bucket))",
    "CREATE TABLE outbox (id TEXT PRIMARY KEY, node TEXT NOT NULL, site TEXT, "
    "channel TEXT NOT NULL, recipient TEXT NOT NULL, about TEXT, content TEXT NOT NULL, "
    "made_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, tries INTEGER NOT NULL)",
    "CREATE TABLE opt_outs (site TEXT NOT NULL, db TEXT NOT NULL, uid TEXT NOT NULL, "
    "set_by TEXT, since_ms INTEGER NOT NULL, PRIMARY KEY (site, db, uid))",
    /* Counts for the page's plots, see summarise.h. */
    "CREATE TABLE summaries (kind INTEGER NOT NULL, owner TEXT NOT NULL, start_ms INTEGER NOT "
    "NULL, "
    "site TEXT NOT NULL, value TEXT NOT NULL, n_success INTEGER NOT NULL, "
    "n_denied INTEGER NOT NULL, n_failed INTEGER NOT NULL, n_unknown INTEGER NOT NULL, "
    "PRIMARY KEY (kind, owner, start_ms, site, value)) WITHOUT ROWID",
    /* Purging: what an event takes, which sequences are gone, what must stay. */
    "ALTER TABLE events ADD COLUMN stored_bytes INTEGER",
    "ALTER TABLE pending ADD COLUMN stored_bytes INTEGER",
    "CREATE TABLE purged (node TEXT NOT NULL, first_sequence INTEGER NOT NULL, "
    "last_sequence INTEGER NOT NULL, before_hash TEXT NOT NULL, hash TEXT NOT NULL, "
    "PRIMARY KEY (node, first_sequence))",
    "CREATE UNIQUE INDEX purged_last ON purged (node, last_sequence)",
    "CREATE TABLE purged_sets (node TEXT PRIMARY KEY, ranges INTEGER NOT NULL, events INTEGER NOT "
    "NULL, "
    "lanes TEXT NOT NULL, event_id INTEGER)",
    "CREATE TABLE holds (id TEXT PRIMARY KEY, site TEXT, db TEXT, who TEXT, model TEXT, record "
    "INTEGER, "
    "from_ms INTEGER, to_ms INTEGER, reason TEXT, set_by TEXT, set_ms INTEGER NOT NULL, lifted_by "
    "TEXT, "
    "lifted_ms INTEGER)",
    "CREATE INDEX holds_open ON holds (set_ms) WHERE lifted_ms IS NULL",
    "CREATE TABLE checkpoints (node TEXT NOT NULL, number INTEGER NOT NULL, content TEXT NOT NULL, "
    "PRIMARY KEY (node, number))",
    /* What machines tell each other of their sessions. */
    "CREATE TABLE shared_sessions (fingerprint TEXT PRIMARY KEY, change_number INTEGER NOT NULL, "
    "node TEXT NOT NULL, until_ms INTEGER NOT NULL, line TEXT NOT NULL)",
    "CREATE UNIQUE INDEX shared_sessions_change ON shared_sessions (change_number)",
    /* What a person said who ended a session, and what was odd about it, see store_session_risk. */
    "ALTER TABLE sessions ADD COLUMN note TEXT", "ALTER TABLE sessions ADD COLUMN risks TEXT",
    "CREATE INDEX sessions_risks ON sessions (last_action_ms) WHERE risks IS NOT NULL",
    /* Marks by spans of ids, see marks.h; they are made anew from the events. */
    "DROP TABLE marks", "DELETE FROM blocks",
    "CREATE TABLE marks (span INTEGER NOT NULL, kind INTEGER NOT NULL, value TEXT NOT NULL, "
    "first_id INTEGER NOT NULL, ids TEXT NOT NULL, PRIMARY KEY (span, kind, value, first_id)) "
    "WITHOUT ROWID",
    /* The same once more by ten days, see summarise.h. */
    "INSERT INTO summaries SELECT CASE kind WHEN 3 THEN 7 ELSE 8 END, owner, "
    "start_ms - start_ms % 864000000, site, value, SUM(n_success), SUM(n_denied), "
    "SUM(n_failed), SUM(n_unknown) FROM summaries WHERE kind IN (3, 5) AND owner = '' "
    "GROUP BY kind, owner, start_ms - start_ms % 864000000, site, value",
    NULL};

static const char *const *const migrations[] = {version_1, version_2};

/* No busy_timeout: the driver waits for a lock itself, up to 1.6 s a statement, and within
 * SQLite's own wait it would hold up every other SQLite connection of the process. */
static const dialect_setup_t setup_read[] = {{"PRAGMA query_only = ON", NULL, NULL},
                                             {"PRAGMA cache_size = -16384", NULL, NULL},
                                             {NULL, NULL, NULL}};

/* Each page goes through the log and then into the file, at a price that is half a page's own
 * whatever its size: twice SQLite's 4 KB make an event a tenth cheaper. Larger ones would make a
 * single event on a quiet machine dearer, which touches a dozen pages. A file keeps the size that
 * it was made with. The log holds up to 64 MB, so that pages which change with each transaction
 * reach the file seldom. */
static const dialect_setup_t setup_write[] = {{"PRAGMA page_size = 8192", NULL, NULL},
                                              {"PRAGMA journal_mode = WAL", "wal",
                                               "the file system does not carry a write-ahead log"},
                                              {"PRAGMA synchronous = FULL", NULL, NULL},
                                              {"PRAGMA cache_size = -65536", NULL, NULL},
                                              {"PRAGMA wal_autocheckpoint = 8000", NULL, NULL},
                                              {"PRAGMA journal_size_limit = 67108864", NULL, NULL},
                                              {NULL, NULL, NULL}};

/* A file name as an URI that cannot be misread, whatever characters it has. */
static const char *file_uri(const char *path, const char *query, apr_pool_t *pool)
{
    static const char hex[] = "0123456789ABCDEF";
    char *uri = apr_palloc(pool, 3 * strlen(path) + strlen(query) + sizeof("file:"));
    char *to = uri + strlen(strcpy(uri, "file:"));

    for (; *path; path++) {
        unsigned char byte = (unsigned char)*path;

        if (apr_isalnum(byte) || strchr("/._-", byte)) {
            *to++ = (char)byte;
        }
        else {
            *to++ = '%';
            *to++ = hex[byte >> 4];
            *to++ = hex[byte & 15];
        }
    }
    strcpy(to, query);
    return uri;
}

static apr_status_t cannot(const char **problem, apr_pool_t *pool, const char *what,
                           const char *path, apr_status_t status)
{
    char reason[120];

    *problem = apr_psprintf(pool, "cannot %s the database file %s: %s", what, path,
                            apr_strerror(status, reason, sizeof(reason)));
    return status;
}

/* SQLite would give the file the modes that the umask leaves; its companions -wal and -shm take
 * over what the file has. O_EXCL makes sure that the file is new: closing a descriptor of a
 * database that is open elsewhere in the process would drop its locks. */
static apr_status_t create_file(const char *path, const char **problem, apr_pool_t *pool)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (file < 0) {
        return errno == EEXIST ? APR_SUCCESS : cannot(problem, pool, "create", path, errno);
    }
    close(file);
    return APR_SUCCESS;
}

static apr_status_t locate(const char *path, store_mode_t mode, const char **driver_params,
                           const char **problem, apr_pool_t *pool)
{
    apr_finfo_t info;
    apr_status_t status;

    if (!path || !*path) {
        *problem = "SQLite needs the name of the database file";
        return APR_EINVAL;
    }
    status = apr_stat(&info, path, APR_FINFO_TYPE, pool);
    if (APR_STATUS_IS_ENOENT(status) && mode == STORE_READ) {
        *problem = apr_psprintf(pool, "there is no database file %s yet", path);
        return APR_ENOENT;
    }
    if (status && !APR_STATUS_IS_ENOENT(status)) {
        return cannot(problem, pool, "find", path, status);
    }
    if (!status && info.filetype != APR_REG) {
        *problem = apr_psprintf(pool, "%s is not a file, so it cannot be the database", path);
        return APR_EINVAL;
    }
    if (status && (status = create_file(path, problem, pool))) {
        return status;
    }
    if (faccessat(AT_FDCWD, path, mode == STORE_READ ? R_OK : R_OK | W_OK, AT_EACCESS)) {
        return cannot(problem, pool, mode == STORE_READ ? "read" : "write", path, errno);
    }
    *driver_params = file_uri(path, mode == STORE_READ ? "?mode=ro" : "?mode=rw", pool);
    return APR_SUCCESS;
}

static const char *opening_error(const char *text, apr_pool_t *pool)
{
    (void)pool;
    return text;
}

/* The last: root's sqlite3 makes a write-ahead log, and gives it to the owner of the database an
 * instant later. */
static const char *const passing[] = {"database is locked", "database schema has changed",
                                      "unable to open database file", NULL};

const dialect_t dialect_sqlite = {
    .driver = "sqlite3",
    .public_params = 1,
    /* The write lock at once: a transaction that reads first could find another writer's commit
     * in its way and would have to start anew. */
    .begin = "BEGIN IMMEDIATE",
    .snapshot = "BEGIN",
    .lock = NULL,
    .packs = "printf",
    .passing = passing,
    .like = "LIKE",
    .has_schema = "SELECT 1 FROM sqlite_master LIMIT 1",
    .setup = {[STORE_READ] = setup_read, [STORE_WRITE] = setup_write},
    .migrations = migrations,
    .version = sizeof(migrations) / sizeof(migrations[0]),
    .locate = locate,
    .opening_error = opening_error,
};
