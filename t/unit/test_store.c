/* Opening a store, and what can be wrong with it: SQLite's files. */
#include "test_store_fixture.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_dbd.h>
#include <apr_file_io.h>
#include <apr_general.h>

#define NOBODY 65534

static void assert_cannot_open(fixture_t *fixture, const char *path, store_mode_t mode,
                               apr_status_t expected, const char *words)
{
    store_config_t config = {"sqlite3", path};
    const char *problem = NULL;
    store_t *store;
    apr_status_t status = store_open(&store, fixture->pool, &config, mode, &problem);

    assert_int_not_equal(status, APR_SUCCESS);
    if (expected) {
        assert_int_equal(status, expected);
    }
    assert_non_null(problem);
    if (!strstr(problem, words)) {
        fail_msg("\"%s\" does not tell \"%s\"", problem, words);
    }
}

static const char *path_of(fixture_t *fixture, const char *name)
{
    return apr_pstrcat(fixture->pool, fixture->folder, "/", name, NULL);
}

static const char *make_file(fixture_t *fixture, const char *name, const char *content,
                             apr_size_t length)
{
    const char *path = path_of(fixture, name);
    apr_file_t *file;

    assert_int_equal(apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE,
                                   APR_FPROT_OS_DEFAULT, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(apr_file_write_full(file, content, length, NULL), APR_SUCCESS);
    apr_file_close(file);
    return path;
}

/* Does something behind the store's back. */
static void run_sql(fixture_t *fixture, const char *path, const char *sql)
{
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    int changed;

    assert_int_equal(apr_dbd_get_driver(fixture->pool, "sqlite3", &driver), APR_SUCCESS);
    assert_int_equal(apr_dbd_open(driver, fixture->pool, path, &handle), APR_SUCCESS);
    assert_int_equal(apr_dbd_query(driver, handle, &changed, sql), 0);
    apr_dbd_close(driver, handle);
}

static void test_made_private(void **state)
{
    fixture_t *fixture = fixture_of(state);
    struct stat info;

    fixture_add(fixture, fixture_event(fixture, "write", 1, -1));
    assert_int_equal(stat(fixture->config.params, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(stat(path_of(fixture, "audit.db-wal"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void test_odd_file_name(void **state)
{
    fixture_t *fixture = fixture_of(state);
    store_config_t config = {"sqlite3", path_of(fixture, "a?mode=memory#b%20 'c'&.db")};
    store_t *store;

    assert_int_equal(store_open(&store, fixture->pool, &config, STORE_WRITE, NULL), APR_SUCCESS);
    store_close(store);
    assert_int_equal(access(config.params, F_OK), 0);
    assert_int_equal(store_open(&store, fixture->pool, &config, STORE_READ, NULL), APR_SUCCESS);
    store_close(store);
}

static void test_wrong_driver(void **state)
{
    fixture_t *fixture = fixture_of(state);
    store_config_t config = {"mysql", "x"};
    const char *problem;
    store_t *store;

    assert_int_equal(store_open(&store, fixture->pool, &config, STORE_WRITE, &problem), APR_EINVAL);
    assert_non_null(strstr(problem, "sqlite3 or pgsql"));
    assert_int_equal(store_initialize(fixture->pool, "mysql", &problem), APR_EINVAL);
    assert_int_equal(store_initialize(fixture->pool, "sqlite3", &problem), APR_SUCCESS);
    assert_null(problem);
}

static void test_nothing_there(void **state)
{
    fixture_t *fixture = fixture_of(state);

    assert_cannot_open(fixture, path_of(fixture, "none.db"), STORE_READ, APR_ENOENT, "no database");
    assert_int_not_equal(access(path_of(fixture, "none.db"), F_OK), 0);
    assert_cannot_open(fixture, make_file(fixture, "empty.db", "", 0), STORE_READ, APR_ENOENT,
                       "empty");
    assert_cannot_open(fixture, path_of(fixture, "no/such/folder.db"), STORE_WRITE, 0,
                       "cannot create");
    assert_cannot_open(fixture, "", STORE_WRITE, APR_EINVAL, "name");
    assert_cannot_open(fixture, fixture->folder, STORE_WRITE, APR_EINVAL, "not a file");
}

static void test_something_else_there(void **state)
{
    fixture_t *fixture = fixture_of(state);
    char garbage[8192];
    const char *path;

    memset(garbage, 'g', sizeof(garbage));
    path = make_file(fixture, "garbage.db", garbage, sizeof(garbage));
    assert_cannot_open(fixture, path, STORE_WRITE, 0, "not a database");
    assert_cannot_open(fixture, path, STORE_READ, 0, "not a database");
    path = path_of(fixture, "foreign.db");
    run_sql(fixture, path, "CREATE TABLE cats (name)");
    assert_cannot_open(fixture, path, STORE_WRITE, APR_EINVAL, "something else");
    assert_cannot_open(fixture, path, STORE_READ, APR_EINVAL, "something else");
}

static void test_newer_schema(void **state)
{
    fixture_t *fixture = fixture_of(state);

    store_close(fixture->store);
    fixture->store = NULL;
    run_sql(fixture, fixture->config.params,
            "UPDATE meta SET value = '99' WHERE name = 'schema_version'");
    assert_cannot_open(fixture, fixture->config.params, STORE_WRITE, APR_EINVAL, "version 99");
    assert_cannot_open(fixture, fixture->config.params, STORE_READ, APR_EINVAL, "version 99");
}

/* Runs as somebody without rights, where the test itself has all. */
static void assert_denied(fixture_t *fixture, int mode, store_mode_t how, const char *words)
{
    int root = geteuid() == 0;

    assert_int_equal(chmod(fixture->folder, 0755), 0);
    assert_int_equal(chmod(fixture->config.params, (mode_t)mode), 0);
    if (root) {
        assert_int_equal(seteuid(NOBODY), 0);
    }
    assert_cannot_open(fixture, fixture->config.params, how, APR_EACCES, words);
    if (root) {
        assert_int_equal(seteuid(0), 0);
    }
}

static void test_no_permission(void **state)
{
    fixture_t *fixture = fixture_of(state);

    store_close(fixture->store);
    fixture->store = NULL;
    assert_denied(fixture, 0000, STORE_READ, "cannot read the database file");
    assert_denied(fixture, 0444, STORE_WRITE, "cannot write the database file");
}

static void test_locked(void **state)
{
    fixture_t *fixture = fixture_of(state);
    store_t *other;

    assert_int_equal(store_open(&other, fixture->pool, &fixture->config, STORE_WRITE, NULL),
                     APR_SUCCESS);
    assert_int_equal(store_begin(other), APR_SUCCESS);
    assert_int_not_equal(store_begin(fixture->store), APR_SUCCESS);
    assert_non_null(strstr(store_error(fixture->store), "locked"));
    store_rollback(other);
    store_close(other);
    fixture_reopen(fixture);
    fixture_add(fixture, fixture_event(fixture, "write", 1, -1));
}

/* Another process that keeps readers out of a new file for a while, as the keeper does while it
 * makes the schema: says so, and ends without a commit. */
static void hold_file(fixture_t *fixture, const char *path, int told)
{
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    int changed;

    if (apr_dbd_get_driver(fixture->pool, "sqlite3", &driver) ||
        apr_dbd_open(driver, fixture->pool, path, &handle) ||
        apr_dbd_query(driver, handle, &changed, "BEGIN EXCLUSIVE") || write(told, "x", 1) != 1) {
        _exit(1);
    }
    apr_sleep(apr_time_from_msec(400));
    _exit(0);
}

static pid_t start_to_hold(fixture_t *fixture, const char *path)
{
    int ends[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        hold_file(fixture, path, ends[1]);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return child;
}

static void assert_held(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_reader_waits(void **state)
{
    fixture_t *fixture = fixture_of(state);
    const char *path = make_file(fixture, "new.db", "", 0);
    pid_t child = start_to_hold(fixture, path);

    assert_cannot_open(fixture, path, STORE_READ, APR_ENOENT, "still empty");
    assert_held(child);
}

static void test_writer_waits(void **state)
{
    fixture_t *fixture = fixture_of(state);
    store_config_t config = {"sqlite3", make_file(fixture, "new.db", "", 0)};
    pid_t child = start_to_hold(fixture, config.params);
    const char *problem = NULL;
    store_t *store;
    apr_status_t status = store_open(&store, fixture->pool, &config, STORE_WRITE, &problem);

    assert_string_equal(problem ? problem : "", "");
    assert_int_equal(status, APR_SUCCESS);
    store_close(store);
    assert_held(child);
}

/* A write-ahead log that cannot be opened yet. */
static void test_writer_waits_for_the_log(void **state)
{
    fixture_t *fixture = fixture_of(state);
    const char *log = apr_pstrcat(fixture->pool, fixture->config.params, "-wal", NULL);
    const char *problem = NULL;
    pid_t child;
    apr_status_t status;

    store_close(fixture->store);
    fixture->store = NULL;
    assert_int_equal(mkdir(log, 0700), 0);
    child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        apr_sleep(apr_time_from_msec(400));
        _exit(rmdir(log) != 0);
    }
    status = store_open(&fixture->store, fixture->pool, &fixture->config, STORE_WRITE, &problem);
    assert_string_equal(problem ? problem : "", "");
    assert_int_equal(status, APR_SUCCESS);
    assert_held(child);
}

/* A damaged file gives errors, and the damage is told. */
static void test_damaged(void **state)
{
    static const event_filter_t all;
    fixture_t *fixture = fixture_of(state);
    char zeros[3 * 4096];
    apr_int64_t count;
    apr_file_t *file;
    apr_off_t offset = 4096;

    fixture_add(fixture, fixture_event(fixture, "write", 1, -1));
    store_close(fixture->store);
    fixture->store = NULL;
    memset(zeros, 0xff, sizeof(zeros));
    assert_int_equal(apr_file_open(&file, fixture->config.params, APR_FOPEN_WRITE, 0,
                                   fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(apr_file_seek(file, APR_SET, &offset), APR_SUCCESS);
    assert_int_equal(apr_file_write_full(file, zeros, sizeof(zeros), NULL), APR_SUCCESS);
    apr_file_close(file);
    if (store_open(&fixture->store, fixture->pool, &fixture->config, STORE_WRITE, NULL)) {
        fixture->store = NULL;
        return;
    }
    assert_int_not_equal(store_count(fixture->store, &all, 10, &count, fixture->pool), APR_SUCCESS);
    assert_string_not_equal(store_error(fixture->store), "");
}

static void test_commit_without_begin(void **state)
{
    fixture_t *fixture = fixture_of(state);

    assert_int_not_equal(store_commit(fixture->store), APR_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_made_private),
        FIXTURE_TEST(test_odd_file_name),
        FIXTURE_TEST(test_wrong_driver),
        FIXTURE_TEST(test_nothing_there),
        FIXTURE_TEST(test_something_else_there),
        FIXTURE_TEST(test_newer_schema),
        FIXTURE_TEST(test_no_permission),
        FIXTURE_TEST(test_locked),
        FIXTURE_TEST(test_reader_waits),
        FIXTURE_TEST(test_writer_waits),
        FIXTURE_TEST(test_writer_waits_for_the_log),
        FIXTURE_TEST(test_damaged),
        FIXTURE_TEST(test_commit_without_begin),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
