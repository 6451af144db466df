#include "session_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/session/session_line.h"

typedef struct disk_t {
    apr_pool_t *pool;
    session_table_t *table;
    const char *folder, *revoked, *sessions;
} disk_t;

static int make_disk(void **state)
{
    char name[] = "/tmp/revocation.XXXXXX";
    apr_pool_t *pool;
    disk_t *disk;

    apr_pool_create(&pool, NULL);
    disk = apr_palloc(pool, sizeof(*disk));
    disk->pool = pool;
    disk->table = new_table(pool, 64);
    disk->folder = apr_pstrdup(pool, mkdtemp(name));
    disk->revoked = apr_pstrcat(pool, disk->folder, "/revoked", NULL);
    disk->sessions = apr_pstrcat(pool, disk->folder, "/sessions", NULL);
    *state = disk;
    return 0;
}

static int drop_disk(void **state)
{
    disk_t *disk = *state;
    int left;

    unlink(disk->revoked);
    unlink(disk->sessions);
    left = rmdir(disk->folder); /* fails if a temporary file was left behind */
    apr_pool_destroy(disk->pool);
    return left;
}

static void append_at(disk_t *disk, unsigned number, apr_time_t when)
{
    session_t session = session_number(number, 0);

    session.uid = 6;
    strcpy(session.login, "tab\tnewline\n100%\x7f \xc3\xa9");
    assert_int_equal(revocation_append(disk->revoked, &session, SESSION_REASON_OWNER, when,
                                       disk->pool),
                     APR_SUCCESS);
}

static unsigned load(disk_t *disk, unsigned *unreadable)
{
    unsigned loaded;

    assert_int_equal(revocation_load(disk->revoked, disk->table, NOW, &loaded, unreadable,
                                     disk->pool),
                     APR_SUCCESS);
    return loaded;
}

static void append_raw(const char *path, const char *data, size_t length)
{
    FILE *file = fopen(path, "a");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    fclose(file);
}

static off_t size_of(const char *path)
{
    struct stat status;

    return stat(path, &status) ? -1 : status.st_size;
}

/* ---- lines ---- */

static session_t fullest_session(void)
{
    session_t session = session_number(0xffffffff, 0);

    memset(session.site, 1, sizeof(session.site));
    memset(session.database, '\n', sizeof(session.database));
    memset(session.login, '%', sizeof(session.login));
    memset(session.name, '\t', sizeof(session.name));
    memset(session.address, 0x7f, sizeof(session.address));
    memset(session.timezone, 31, sizeof(session.timezone));
    session.site[SESSION_SITE_SIZE - 1] = session.database[SESSION_DATABASE_SIZE - 1] =
        session.login[SESSION_LOGIN_SIZE - 1] = session.name[SESSION_NAME_SIZE - 1] =
            session.address[SESSION_ADDRESS_SIZE - 1] =
                session.timezone[SESSION_TIMEZONE_SIZE - 1] = '\0';
    session.state = SESSION_REVOKED;
    session.reason = SESSION_REASON_LIFETIME;
    session.uid = INT32_MIN;
    session.personal_calls = session.refusals = UINT32_MAX;
    session.started = session.last_action = session.last_seen = session.ended = INT64_MIN;
    session.rights_checked = INT64_MAX;
    session.manager = session.provisional = session.succeeded = session.refused = 1;
    session.started_boot = session.last_action_boot = 0;
    return session;
}

static void a_line_holds_every_session(void **state)
{
    session_t session = fullest_session();
    char line[REVOCATION_MAX_LINE];
    session_t back;
    apr_size_t length = session_line_write(&session, line);

    (void)state;
    assert_int_equal(strlen(line), length);
    assert_true(strchr(line, '\n') == line + length - 1);
    assert_int_equal(session_line_read(line, length - 1, &back), APR_SUCCESS);
    assert_memory_equal(&back, &session, sizeof(back));
}

static void every_damage_is_recognised(void **state)
{
    session_t session = session_number(1, 0);
    char line[REVOCATION_MAX_LINE];
    session_t back;
    apr_size_t length = session_line_write(&session, line) - 1;

    (void)state;
    for (apr_size_t place = 0; place < length; place++) {
        line[place] ^= 1;
        assert_int_equal(session_line_read(line, length, &back), APR_EINVAL);
        line[place] ^= 1;
        assert_int_equal(session_line_read(line, place, &back), APR_EINVAL);
    }
    assert_int_equal(session_line_read(line, length, &back), APR_SUCCESS);
}

static apr_size_t seal(char *line, const char *body)
{
    unsigned char digest[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];

    digest_sha256(body, strlen(body), digest);
    digest_hex(digest, DIGEST_SIZE, hex);
    return (apr_size_t)apr_snprintf(line, REVOCATION_MAX_LINE, "%s\t%.16s", body, hex);
}

static void reads_lines_that_have_more_fields(void **state)
{
    session_t session = session_number(1, 0);
    char line[REVOCATION_MAX_LINE], longer[REVOCATION_MAX_LINE];
    session_t back;
    apr_size_t length = session_line_write(&session, line);

    (void)state;
    strcpy(line + length - 1 - 17, "\tlater\t2");
    length = seal(longer, line);
    assert_int_equal(session_line_read(longer, length, &back), APR_SUCCESS);
    assert_memory_equal(&back.fingerprint, &session.fingerprint, sizeof(fingerprint_t));
}

static void refuses_sealed_nonsense(void **state)
{
    static const char *const bodies[] = {
        "", "1", "1\t", "1\trevoked", "1\trevoked\tmanager\tabc", "2\trevoked", "\t\t\t\t\t\t\t\t"};
    char line[REVOCATION_MAX_LINE];
    session_t back;

    (void)state;
    for (unsigned number = 0; number < sizeof(bodies) / sizeof(*bodies); number++) {
        apr_size_t length = seal(line, bodies[number]);

        assert_int_equal(session_line_read(line, length, &back), APR_EINVAL);
    }
}

/* ---- revocations ---- */

static void a_revocation_survives(void **state)
{
    disk_t *disk = *state;
    struct stat status;
    session_t found;
    unsigned unreadable;

    append_at(disk, 1, NOW);
    append_at(disk, 2, NOW);
    assert_int_equal(load(disk, &unreadable), 2);
    assert_int_equal(unreadable, 0);
    assert_int_equal(session_table_find(disk->table, &(fingerprint_t){{1}}, &found), APR_SUCCESS);
    assert_int_equal(found.state, SESSION_REVOKED);
    assert_int_equal(found.reason, SESSION_REASON_OWNER);
    assert_int_equal(found.ended, NOW);
    assert_string_equal(found.login, "tab\tnewline\n100%\x7f \xc3\xa9");
    assert_int_equal(admit(disk->table, 2, 0, NULL), APR_EACCES);
    assert_int_equal(stat(disk->revoked, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void no_file_is_none(void **state)
{
    disk_t *disk = *state;
    unsigned unreadable, loaded;

    assert_int_equal(load(disk, &unreadable), 0);
    assert_int_equal(revocation_compact(disk->revoked, NOW, disk->pool), APR_SUCCESS);
    assert_int_equal(session_snapshot_load(disk->sessions, disk->table, NOW, BOOT, &loaded,
                                           disk->pool),
                     APR_SUCCESS);
    assert_int_equal(loaded, 0);
    assert_int_equal(size_of(disk->revoked), -1);
}

static void a_torn_line_spoils_no_other(void **state)
{
    static const char nul_and_rubbish[] = "\0\0\n\xff\n";
    disk_t *disk = *state;
    char *long_line = apr_pcalloc(disk->pool, 100001);
    unsigned unreadable;

    append_at(disk, 1, NOW);
    assert_int_equal(truncate(disk->revoked, size_of(disk->revoked) - 9), 0);
    append_at(disk, 2, NOW);
    append_raw(disk->revoked, nul_and_rubbish, sizeof(nul_and_rubbish) - 1);
    memset(long_line, 'x', 100000);
    append_raw(disk->revoked, long_line, 100000);
    append_at(disk, 3, NOW);
    assert_int_equal(load(disk, &unreadable), 2);
    assert_int_equal(unreadable, 4);
    assert_int_equal(state_of(disk->table, 1), SESSION_FREE);
    assert_int_equal(state_of(disk->table, 3), SESSION_REVOKED);
}

static void old_revocations_are_passed_over_and_compacted(void **state)
{
    disk_t *disk = *state;
    off_t whole;
    unsigned unreadable;

    append_at(disk, 1, NOW - REVOCATION_KEPT - SECOND);
    whole = size_of(disk->revoked);
    append_at(disk, 2, NOW - REVOCATION_KEPT + SECOND);
    append_raw(disk->revoked, "torn", 4);
    assert_int_equal(load(disk, &unreadable), 1);
    assert_int_equal(state_of(disk->table, 1), SESSION_FREE);
    assert_int_equal(revocation_compact(disk->revoked, NOW, disk->pool), APR_SUCCESS);
    assert_int_equal(size_of(disk->revoked), whole);
    assert_int_equal(load(disk, &unreadable), 1);
    assert_int_equal(unreadable, 0);
}

static void compacting_keeps_lines_of_a_newer_version(void **state)
{
    disk_t *disk = *state;
    char line[REVOCATION_MAX_LINE];
    apr_size_t length = seal(line, "2\tsomething\tlater");

    append_raw(disk->revoked, line, length);
    append_raw(disk->revoked, "\n", 1);
    assert_int_equal(revocation_compact(disk->revoked, NOW, disk->pool), APR_SUCCESS);
    assert_int_equal(size_of(disk->revoked), length + 1);
}

static void a_file_of_open_sessions_revokes_nobody(void **state)
{
    disk_t *disk = *state;
    char line[REVOCATION_MAX_LINE];
    session_t session = session_number(1, 0);
    apr_size_t length = session_line_write(&session, line);
    unsigned unreadable;

    append_raw(disk->revoked, line, length);
    assert_int_equal(load(disk, &unreadable), 0);
    assert_int_equal(unreadable, 1);
}

static void more_revocations_than_slots_are_told(void **state)
{
    disk_t *disk = *state;
    session_table_t *small = new_table(disk->pool, 2);
    unsigned loaded, unreadable;

    for (unsigned number = 1; number <= 3; number++) {
        append_at(disk, number, NOW);
    }
    assert_int_equal(revocation_load(disk->revoked, small, NOW, &loaded, &unreadable, disk->pool),
                     APR_ENOSPC);
    assert_int_equal(loaded, 2);
}

static void will_not_write_through_a_link(void **state)
{
    disk_t *disk = *state;
    session_t session = session_number(1, 0);

    append_raw(disk->sessions, "x", 1);
    assert_int_equal(symlink(disk->sessions, disk->revoked), 0);
    assert_int_equal(revocation_append(disk->revoked, &session, SESSION_REASON_LIMIT, NOW,
                                       disk->pool),
                     ELOOP);
    unlink(disk->revoked);
    assert_int_equal(link(disk->sessions, disk->revoked), 0);
    assert_int_equal(revocation_append(disk->revoked, &session, SESSION_REASON_LIMIT, NOW,
                                       disk->pool),
                     APR_EBADF);
    assert_int_equal(size_of(disk->sessions), 1);
}

static void waiting_for_a_stuck_writer_ends(void **state)
{
    disk_t *disk = *state;
    session_t session = session_number(1, 0);
    int fd = open(disk->revoked, O_RDWR | O_CREAT, 0600);

    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(revocation_append(disk->revoked, &session, SESSION_REASON_LIMIT, NOW,
                                       disk->pool),
                     APR_TIMEUP);
    close(fd);
    assert_int_equal(size_of(disk->revoked), 0);
}

/* Where the room on disk ends in the middle of a line, the file must end as it did before. */
static int append_with_little_room(disk_t *disk, off_t room)
{
    struct rlimit limit = {(rlim_t)room, (rlim_t)room};
    session_t session = session_number(2, 0);

    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit)) {
        return 1;
    }
    return revocation_append(disk->revoked, &session, SESSION_REASON_LIMIT, NOW, disk->pool) !=
           APR_ENOSPC;
}

static void a_full_disk_leaves_no_torn_line(void **state)
{
    disk_t *disk = *state;
    off_t before;
    int status;

    append_at(disk, 1, NOW);
    before = size_of(disk->revoked);
    if (fork() == 0) {
        _exit(append_with_little_room(disk, before + 10));
    }
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
    assert_int_equal(size_of(disk->revoked), before);
}

/* None of what three processes append may be lost while a fourth compacts without pause. */
#define APPENDED 40

static void append_many(disk_t *disk, unsigned first)
{
    for (unsigned number = first; number < first + APPENDED; number++) {
        session_t session = session_number(number, 0);

        if (revocation_append(disk->revoked, &session, SESSION_REASON_LIMIT, NOW, disk->pool)) {
            _exit(1);
        }
    }
    _exit(0);
}

static void compacting_loses_no_append(void **state)
{
    disk_t *disk = *state;
    session_table_t *table = new_table(disk->pool, 4 * APPENDED);
    unsigned loaded, unreadable;
    int running = 3, status;

    for (unsigned child = 0; child < 3; child++) {
        if (fork() == 0) {
            append_many(disk, 1 + child * APPENDED);
        }
    }
    while (running) {
        assert_int_equal(revocation_compact(disk->revoked, NOW, disk->pool), APR_SUCCESS);
        if (waitpid(-1, &status, WNOHANG) > 0) {
            assert_int_equal(status, 0);
            running--;
        }
    }
    assert_int_equal(revocation_load(disk->revoked, table, NOW, &loaded, &unreadable, disk->pool),
                     APR_SUCCESS);
    assert_int_equal(loaded, 3 * APPENDED);
    assert_int_equal(unreadable, 0);
    for (unsigned number = 1; number <= 3 * APPENDED; number++) {
        assert_int_equal(state_of(table, number), SESSION_REVOKED);
    }
}

/* ---- snapshots ---- */

static void a_snapshot_brings_every_state_back(void **state)
{
    disk_t *disk = *state;
    session_table_t *after = new_table(disk->pool, 64);
    unsigned loaded;

    for (unsigned number = 1; number <= 4; number++) {
        admit(disk->table, number, 0, NULL);
    }
    end(disk->table, 2, SESSION_LOGGED_OUT, SESSION_REASON_LOGOUT);
    end(disk->table, 3, SESSION_EXPIRED, SESSION_REASON_IDLE);
    end(disk->table, 4, SESSION_REVOKED, SESSION_REASON_LIMIT);
    assert_int_equal(session_snapshot_save(disk->sessions, disk->table, disk->pool), APR_SUCCESS);
    assert_int_equal(session_snapshot_load(disk->sessions, after, NOW, BOOT, &loaded, disk->pool),
                     APR_SUCCESS);
    assert_int_equal(loaded, 4);
    assert_int_equal(state_of(after, 1), SESSION_OPEN);
    assert_int_equal(state_of(after, 2), SESSION_LOGGED_OUT);
    assert_int_equal(state_of(after, 3), SESSION_EXPIRED);
    assert_int_equal(state_of(after, 4), SESSION_REVOKED);
    assert_sound(after);
}

static void boot_times_are_those_of_this_boot(void **state)
{
    disk_t *disk = *state;
    session_table_t *after = new_table(disk->pool, 64);
    session_t found;
    unsigned loaded;

    admit(disk->table, 1, 0, NULL);
    admit(disk->table, 2, 5000, NULL);
    assert_int_equal(session_snapshot_save(disk->sessions, disk->table, disk->pool), APR_SUCCESS);
    session_snapshot_load(disk->sessions, after, NOW + 600 * SECOND, 20 * SECOND, &loaded,
                          disk->pool);
    session_table_find(after, &(fingerprint_t){{1}}, &found);
    assert_int_equal(found.last_action_boot, -580 * SECOND);
    assert_int_equal(found.started_boot, -580 * SECOND);
    session_table_find(after, &(fingerprint_t){{2}}, &found);
    assert_int_equal(found.last_action_boot, 20 * SECOND);
}

static void a_snapshot_forgets_what_is_over(void **state)
{
    disk_t *disk = *state;
    session_table_t *after = new_table(disk->pool, 64);
    unsigned loaded;

    admit(disk->table, 1, 0, NULL);
    admit(disk->table, 2, 86400, NULL);
    assert_int_equal(session_snapshot_save(disk->sessions, disk->table, disk->pool), APR_SUCCESS);
    session_snapshot_load(disk->sessions, after, NOW + REVOCATION_KEPT, BOOT, &loaded, disk->pool);
    assert_int_equal(loaded, 1);
    assert_int_equal(state_of(after, 2), SESSION_OPEN);
}

static void a_failed_snapshot_leaves_the_old_one(void **state)
{
    disk_t *disk = *state;
    const char *blocked = apr_pstrcat(disk->pool, disk->sessions, ".new", NULL);
    off_t before;

    admit(disk->table, 1, 0, NULL);
    assert_int_equal(session_snapshot_save(disk->sessions, disk->table, disk->pool), APR_SUCCESS);
    before = size_of(disk->sessions);
    admit(disk->table, 2, 0, NULL);
    assert_int_equal(mkdir(blocked, 0700), 0);
    assert_int_equal(session_snapshot_save(disk->sessions, disk->table, disk->pool), APR_EEXIST);
    assert_int_equal(size_of(disk->sessions), before);
    rmdir(blocked);
    append_raw(blocked, "left by a killed one", 20);
    assert_int_equal(session_snapshot_save(disk->sessions, disk->table, disk->pool), APR_SUCCESS);
    assert_int_equal(size_of(disk->sessions), 2 * before);
}

/* Written by the first version of this code, whose lines had two fields less. */
static const char *const first_lines[] = {
    "1\trevoked\tmanager\t0101010101010101010101010101010101010101010101010101010101010101"
    "\t00000000000000000000000000000001\todoo.example.com\todoo\t6\tdemo%09x\tMarc "
    "Demo\t192.0.2.7\tEurope/Brussels"
    "\t1767225600000000\t1767225600000000\t1767225600000000\t1767229200000000\t1767225600000000\t0"
    "\t0\t0\t1\t7\t3\tb65dfd4eadc08766"
    "\n",
    "1\topen\tnone\t0202020202020202020202020202020202020202020202020202020202020202"
    "\t00000000000000000000000000000002\todoo.example.com\todoo\t7\tdemo%09x\tMarc "
    "Demo\t192.0.2.7\tEurope/Brussels"
    "\t1767225600000000\t1767225600000000\t1767225600000000\t0\t1767225600000000\t1\t0\t0\t0\t7\t0"
    "\t7e03e1a7c65877d0"
    "\n",
    "1\texpired\tidle\t0303030303030303030303030303030303030303030303030303030303030303"
    "\t00000000000000000000000000000003\todoo.example.com\todoo\t8\tdemo%09x\tMarc "
    "Demo\t192.0.2.7\tEurope/Brussels"
    "\t1767225600000000\t1767225600000000\t1767225600000000\t1767229200000000\t1767225600000000\t0"
    "\t0\t0\t0\t7\t0\t67463d2acc2af17a"
    "\n"};

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "a");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static session_t first_session(disk_t *disk, int byte)
{
    session_t session;
    fingerprint_t fingerprint;

    memset(&fingerprint, byte, sizeof(fingerprint));
    assert_int_equal(session_table_find(disk->table, &fingerprint, &session), APR_SUCCESS);
    assert_int_equal(session.uid, 5 + byte);
    assert_string_equal(session.login, "demo\tx");
    assert_int_equal(session.kind, SESSION_KIND_COOKIE);
    assert_int_equal(session.elsewhere, 0);
    assert_int_equal(session.personal_calls, 7);
    return session;
}

static void files_of_the_first_version_hold(void **state)
{
    disk_t *disk = *state;
    apr_time_t then = APR_INT64_C(1767229200000000) + DAY; /* a day after those ends */
    unsigned loaded, unreadable;

    put(disk->revoked, first_lines[0]);
    put(disk->sessions, first_lines[1]);
    put(disk->sessions, first_lines[2]);
    assert_int_equal(revocation_load(disk->revoked, disk->table, then, &loaded, &unreadable,
                                     disk->pool),
                     APR_SUCCESS);
    assert_int_equal(loaded, 1);
    assert_int_equal(unreadable, 0);
    assert_int_equal(session_snapshot_load(disk->sessions, disk->table, then, BOOT, &loaded,
                                           disk->pool),
                     APR_SUCCESS);
    assert_int_equal(loaded, 2);
    assert_int_equal(first_session(disk, 1).state, SESSION_REVOKED);
    assert_int_equal(first_session(disk, 1).reason, SESSION_REASON_MANAGER);
    assert_int_equal(first_session(disk, 2).state, SESSION_OPEN);
    assert_int_equal(first_session(disk, 2).manager, 1);
    assert_int_equal(first_session(disk, 3).state, SESSION_EXPIRED);
    assert_int_equal(first_session(disk, 3).reason, SESSION_REASON_IDLE);
    assert_int_equal(revocation_compact(disk->revoked, then, disk->pool), APR_SUCCESS);
    disk->table = new_table(disk->pool, 64);
    assert_int_equal(revocation_load(disk->revoked, disk->table, then, &loaded, &unreadable,
                                     disk->pool),
                     APR_SUCCESS);
    assert_int_equal(first_session(disk, 1).state, SESSION_REVOKED);
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, make_disk, drop_disk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_holds_every_session),
        cmocka_unit_test(every_damage_is_recognised),
        cmocka_unit_test(reads_lines_that_have_more_fields),
        cmocka_unit_test(refuses_sealed_nonsense),
        ON_DISK(a_revocation_survives),
        ON_DISK(files_of_the_first_version_hold),
        ON_DISK(no_file_is_none),
        ON_DISK(a_torn_line_spoils_no_other),
        ON_DISK(old_revocations_are_passed_over_and_compacted),
        ON_DISK(compacting_keeps_lines_of_a_newer_version),
        ON_DISK(a_file_of_open_sessions_revokes_nobody),
        ON_DISK(more_revocations_than_slots_are_told),
        ON_DISK(will_not_write_through_a_link),
        ON_DISK(waiting_for_a_stuck_writer_ends),
        ON_DISK(a_full_disk_leaves_no_torn_line),
        ON_DISK(compacting_loses_no_append),
        ON_DISK(a_snapshot_brings_every_state_back),
        ON_DISK(boot_times_are_those_of_this_boot),
        ON_DISK(a_snapshot_forgets_what_is_over),
        ON_DISK(a_failed_snapshot_leaves_the_old_one),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
