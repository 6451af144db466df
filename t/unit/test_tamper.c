/* Whatever is done to a trail behind the keeper's back, user-audit finds it and says what it is; on
 * SQLite and PostgreSQL. The trail is the keeper's own, with holes, holds and checkpoints. */
#include "tamper_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_file_io.h>

#include "keeper/keeper.h"
#include "store/hold.h"
#include "store/proof.h"
#include "text/key_file.h"
#include "trail/checkpoint.h"
#include "trail/journal.h"

#define NODE "n1"
#define READS 24
#define WRITES 30

static volatile sig_atomic_t stop;

/* ---- a trail ---- */

static void append(fixture_t *fixture, journal_t *journal, const char *operation, int days, int i)
{
    event_t *event = event_create(fixture->pool);

    for (int column = 0; column < EVENT_PUBLIC_COLUMNS; column++) {
        if (event_columns[column].kind == EVENT_KIND_TEXT && column != EVENT_HASH) {
            event_set(event, (event_column_t)column, event_columns[column].name);
        }
    }
    event_set_time(event, EVENT_TIME, apr_time_now() - apr_time_from_sec(days * 86400));
    event_set(event, EVENT_OPERATION, operation);
    event_set(event, EVENT_SITE, "erp");
    event_set_integer(event, EVENT_UID, 7);
    event_set_integer(event, EVENT_STATUS, 200);
    event_set_integer(event, EVENT_DURATION_MS, i);
    event_set_integer(event, EVENT_RECORD_COUNT, 1);
    event_set(event, EVENT_RECORD_IDS, "5");
    event_set(event, EVENT_OUTCOME, "success");
    if (!strcmp(operation, "hold_set")) {
        event_set(event, EVENT_VALUES, "{\"hold\":\"h1\",\"user\":\"9\",\"reason\":\"court\"}");
    }
    assert_int_equal(journal_append(journal, JOURNAL_EVENT, journal_next_number(journal), event),
                     APR_SUCCESS);
}

static void append_some(fixture_t *fixture, int reads, int writes)
{
    const char *folder = apr_pstrcat(fixture->pool, fixture->folder, "/journal", NULL);
    journal_t *journal;

    mkdir(folder, 0700);
    assert_int_equal(journal_open(&journal, fixture->pool, folder, JOURNAL_SYNC_OFF, 0),
                     APR_SUCCESS);
    append(fixture, journal, "hold_set", 0, 0);
    for (int i = 0; i < reads || i < writes; i++) {
        if (i < reads) {
            append(fixture, journal, "read", 40, i);
        }
        if (i < writes && i % 5 != 4) {
            append(fixture, journal, "write", 0, i);
        }
    }
    journal_close(journal);
}

static void set_stop(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

static void log_line(void *payload, keeper_level_t level, apr_status_t status, const char *sentence)
{
    (void)payload;
    (void)level;
    (void)status;
    if (getenv("KEEPER_TEST_LOG")) {
        fprintf(stderr, "# %s\n", sentence);
    }
}

static pid_t start_keeper(fixture_t *fixture)
{
    static const char *const reads[] = {"read", NULL};
    static const keeper_retention_t retention = {reads, 30 * 86400 * APR_USEC_PER_SEC};
    keeper_config_t config = {.state_dir = fixture->folder,
                              .node = NODE,
                              .store = fixture->config,
                              .cleanup_interval = apr_time_from_sec(60),
                              .retention = &retention,
                              .retention_count = 1,
                              .log = log_line,
                              .stop = &stop};
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        config.checkpoint_key =
            apr_pstrcat(fixture->pool, fixture->folder, "/checkpoint.key", NULL);
        _exit(keeper_run(&config, fixture->pool));
    }
    return child;
}

static const char *first_segment(fixture_t *fixture)
{
    apr_array_header_t *list;

    assert_int_equal(journal_list(&list, fixture->pool,
                                  apr_pstrcat(fixture->pool, fixture->folder, "/journal", NULL)),
                     APR_SUCCESS);
    assert_int_equal(list->nelts, 1);
    return apr_pstrcat(fixture->pool, fixture->folder, "/journal/",
                       APR_ARRAY_IDX(list, 0, journal_segment_t).name, NULL);
}

static int has_purged(fixture_t *fixture)
{
    apr_array_header_t *list;
    const char *problem;
    store_t *store;

    if (store_open(&store, fixture->pool, &fixture->config, STORE_READ, &problem)) {
        return 0;
    }
    store_purged_sets(store, &list, fixture->pool);
    store_close(store);
    return list->nelts > 0;
}

/* The keeper starts, takes what there is, purges, makes its checkpoints and stops. */
static void run_keeper(fixture_t *fixture)
{
    const char *segment = first_segment(fixture);
    pid_t child;
    int result;

    signal(SIGTERM, set_stop);
    child = start_keeper(fixture);
    signal(SIGTERM, SIG_DFL);
    for (int i = 0; i < 2400 && (access(segment, F_OK) == 0 || !has_purged(fixture)); i++) {
        apr_sleep(apr_time_from_msec(50));
    }
    kill(child, SIGTERM);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == KEEPER_STOPPED);
}

static fixture_t *make_trail(void **state)
{
    fixture_t *fixture = fixture_of(state);
    unsigned char key[KEY_FILE_BYTES];

    assert_int_equal(key_file_load(apr_pstrcat(fixture->pool, fixture->folder, "/checkpoint.key",
                                               NULL),
                                   getuid(), getgid(), key, fixture->pool),
                     APR_SUCCESS);
    tamper_open(fixture);
    append_some(fixture, READS, WRITES);
    run_keeper(fixture);
    append_some(fixture, 0, 4);
    run_keeper(fixture);
    tamper_keep(fixture);
    tamper_expect(fixture, "verify", 0, "intact from 1 to ");
    return fixture;
}

/* A write with every cell set, in the middle. */
#define MIDDLE "(SELECT MIN(id) + 4 FROM kept_events WHERE operation = 'write' AND id > 10)"

static void test_every_column(void **state)
{
    static const char *const texts[] = {"site",    "db",          "login",         "name",
                                        "session", "ip",          "channel",       "operation",
                                        "model",   "method",      "record_ids",    "record_count",
                                        "fields",  "values_json", "outcome",       "error",
                                        "status",  "duration_ms", "path",          "flags",
                                        "hash",    "peer_ip",     "previous_hash", "old_values",
                                        "uid",     "node"};
    fixture_t *fixture = make_trail(state);

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tamper_find(fixture,
                    apr_psprintf(fixture->pool, "UPDATE events SET %s = '1x' WHERE id = " MIDDLE,
                                 texts[i]),
                    "is broken: its content is not what was hashed");
        tamper_find(fixture,
                    apr_psprintf(fixture->pool, "UPDATE events SET %s = NULL WHERE id = " MIDDLE,
                                 texts[i]),
                    "is broken: its content is not what was hashed");
    }
    tamper_find(fixture, "UPDATE events SET time_ms = time_ms + 1 WHERE id = " MIDDLE, "is broken");
    tamper_find(fixture, "UPDATE events SET sequence = sequence + 1 WHERE id = " MIDDLE,
                "is broken");
    tamper_find(fixture, "UPDATE events SET id = 100000 WHERE id = " MIDDLE, "missing");
}

static void test_missing_and_more(void **state)
{
    fixture_t *fixture = make_trail(state);

    tamper_find(fixture, "DELETE FROM events WHERE id = " MIDDLE, "no purge removed exactly these");
    tamper_find(fixture, "DELETE FROM events WHERE id = 1", "no purge removed exactly these");
    tamper_find(fixture, "DELETE FROM events WHERE id > (SELECT MAX(id) - 3 FROM kept_events)",
                "the end was cut off");
    tamper_find(fixture, "DELETE FROM events", "missing");
    tamper_find(fixture,
                "DROP TABLE IF EXISTS forged;;"
                "CREATE TABLE forged AS SELECT * FROM events WHERE id = " MIDDLE ";;"
                "UPDATE forged SET id = 100000;;INSERT INTO events SELECT * FROM forged",
                "is broken");
    tamper_find(fixture,
                "UPDATE events SET id = 100000 WHERE id = " MIDDLE ";;"
                "UPDATE events SET id = " MIDDLE " WHERE id = " MIDDLE " + 1;;"
                "UPDATE events SET id = " MIDDLE " + 1 WHERE id = 100000",
                "is broken");
}

/* With the store's own note of the end: the checkpoints know better. */
#define KEPT "(SELECT MIN(id) FROM kept_events WHERE operation = 'write' AND id > 20)"
#define CUT                                                                                        \
    "DELETE FROM events WHERE id > " KEPT ";;"                                                     \
    "DELETE FROM purged WHERE first_sequence > (SELECT MAX(sequence) FROM events);;"               \
    "UPDATE chains SET id = " KEPT ", sequence = (SELECT MAX(sequence) FROM events), "             \
    "hash = (SELECT hash FROM events WHERE id = " KEPT ")"

static void test_the_end(void **state)
{
    fixture_t *fixture = make_trail(state);

    tamper_find(fixture, "UPDATE chains SET sequence = sequence - 1", "note of the end");
    tamper_find(fixture, "UPDATE chains SET hash = '1x'", "note of the end");
    tamper_find(fixture, "UPDATE chains SET sequence = sequence + 1", "the end was cut off");
    tamper_find(fixture, CUT, "missing since checkpoint");
    tamper_find(fixture, CUT ";;DELETE FROM checkpoints", "missing since checkpoint");
}

static void test_purge_rows(void **state)
{
    fixture_t *fixture = make_trail(state);

    tamper_find(fixture, "DELETE FROM purged", "no purge removed exactly these");
    tamper_find(
        fixture,
        "DELETE FROM purged WHERE first_sequence = (SELECT MAX(first_sequence) FROM kept_purged)",
        "no purge removed exactly these");
    tamper_find(fixture, "UPDATE purged SET before_hash = hash", "no purge removed exactly these");
    tamper_find(fixture, "UPDATE purged SET hash = before_hash", "no purge removed exactly these");
    tamper_find(fixture,
                "UPDATE purged SET last_sequence = last_sequence + 1 WHERE first_sequence = "
                "(SELECT MAX(first_sequence) FROM kept_purged)",
                "no purge removed exactly these");
    tamper_find(fixture,
                "INSERT INTO purged (node, first_sequence, last_sequence, before_hash, hash) "
                "VALUES ('" NODE "', 100000, 100001, 'a', 'b')",
                "no such hole");
    tamper_find(fixture, "UPDATE purged_sets SET lanes = '00'", "was altered");
    tamper_find(fixture, "UPDATE purged_sets SET events = events + 1", "was altered");
    tamper_find(fixture, "UPDATE purged_sets SET ranges = ranges + 1", "was altered");
    tamper_find(fixture, "DELETE FROM events WHERE operation = 'purged'", "missing");
}

/* Somebody who deletes an event and notes it as purged, the chain's neighbours fitting. */
static void test_deleted_as_if_purged(void **state)
{
    fixture_t *fixture = make_trail(state);

    tamper_find(fixture,
                "INSERT INTO purged (node, first_sequence, last_sequence, before_hash, hash) "
                "SELECT node, sequence, sequence, previous_hash, hash FROM events WHERE id = "
                "(SELECT MAX(id) - 1 FROM kept_events);;"
                "DELETE FROM events WHERE id = (SELECT MAX(id) - 1 FROM kept_events)",
                "which is not what the last event \"purged\" attests");
}

static void test_checkpoint_rows(void **state)
{
    fixture_t *fixture = make_trail(state);

    tamper_find(fixture, "UPDATE checkpoints SET content = replace(content, 'events', 'event')",
                "was altered");
    tamper_find(fixture,
                "UPDATE checkpoints SET content = replace(content, 'sequence ', 'sequence 1')",
                "was altered");
    tamper_find(fixture,
                "UPDATE checkpoints SET number = number + 1 WHERE number = "
                "(SELECT MAX(number) FROM kept_checkpoints)",
                "was altered");
    tamper_find(fixture, "DELETE FROM checkpoints WHERE number = 2", "one is missing");
    tamper_find(fixture,
                "DELETE FROM checkpoints WHERE number = "
                "(SELECT MAX(number) FROM kept_checkpoints)",
                "it was removed there");
    tamper_find(fixture, "DELETE FROM checkpoints", "it was removed there");
    tamper_expect(fixture, apr_psprintf(fixture->pool, "--key %s verify", CHECKPOINT_NONE), 1,
                  "signed with a key that is none of those given");
    assert_int_equal(tamper_run(fixture, "public-key"), 0);
    tamper_output[64] = '\0';
    tamper_expect(fixture, apr_psprintf(fixture->pool, "--key %s verify", tamper_output), 0,
                  "compared");
}

static void test_hold_rows(void **state)
{
    fixture_t *fixture = make_trail(state);

    tamper_find(fixture, "UPDATE holds SET lifted_ms = 1", "holds that the trail says stand");
    tamper_find(fixture, "DELETE FROM holds", "holds that the trail says stand");
    tamper_find(fixture, "UPDATE holds SET who = '8'", "it was altered");
    tamper_find(fixture, "UPDATE holds SET to_ms = 5", "it was altered");
}

/* An older copy is put back; then the keeper goes on with it. */
static void test_restored(void **state)
{
    fixture_t *fixture = make_trail(state);

    append_some(fixture, 0, 10);
    run_keeper(fixture);
    tamper_expect(fixture, "verify", 0, "intact from 1 to ");
    tamper_put_back(fixture);
    tamper_expect(fixture, "verify", 1, "end missing since checkpoint");
    append_some(fixture, 3, 3);
    run_keeper(fixture);
    tamper_expect(fixture, "verify", 3, "an older store was restored");
    append_some(fixture, 3, 3);
    run_keeper(fixture);
    tamper_expect(fixture, "verify", 3, "an older store was restored");
}

/* A file that was shipped elsewhere tells this trail from another one of the same node. */
static void test_shipped_checkpoint(void **state)
{
    fixture_t *fixture = make_trail(state);
    char shipped[256];

    apr_snprintf(shipped, sizeof(shipped), "%s.shipped", fixture->folder);
    assert_int_equal(system(apr_psprintf(fixture->pool, "cp '%s'/checkpoints/*2-%s.checkpoint '%s'",
                                         fixture->folder, NODE, shipped)),
                     0);
    tamper_expect(fixture, apr_psprintf(fixture->pool, "--checkpoint '%s' verify", shipped), 0,
                  "compared");
    fixture_teardown(state);
    fixture_setup(state);
    fixture = make_trail(state);
    tamper_expect(fixture, apr_psprintf(fixture->pool, "--checkpoint '%s' verify", shipped), 1,
                  "attests: the trail was written anew");
    assert_int_equal(system(apr_psprintf(fixture->pool, "sed -i s/events/event/ '%s'", shipped)),
                     0);
    tamper_expect(fixture, apr_psprintf(fixture->pool, "--checkpoint '%s' verify", shipped), 1,
                  "is no checkpoint, or was altered");
    unlink(shipped);
}

static void shell(fixture_t *fixture, const char *command)
{
    assert_int_equal(system(apr_psprintf(fixture->pool, "cd '%s' && %s", fixture->folder, command)),
                     0);
}

static void expect_csv(fixture_t *fixture, const char *file, const char *words, int status,
                       const char *said)
{
    tamper_expect(fixture,
                  apr_psprintf(fixture->pool, "--csv '%s/%s' %s verify", fixture->folder, file,
                               words),
                  status, said);
}

static void test_exports(void **state)
{
    fixture_t *fixture = make_trail(state);

    assert_int_equal(tamper_run(fixture, apr_psprintf(fixture->pool, "export >'%s/all.csv'",
                                                      fixture->folder)),
                     0);
    expect_csv(fixture, "all.csv", "", 0, "intact from 1 to ");
    shell(fixture, "sed 10d all.csv >less.csv");
    expect_csv(fixture, "less.csv", "", 1, "missing");
    expect_csv(fixture, "less.csv", "--filtered", 0, "each as it was written");
    shell(fixture, "sed '10s/,web/,wab/;10s/,channel,/,chonnel,/' all.csv >other.csv");
    expect_csv(fixture, "other.csv", "--filtered", 1, "is broken");
    shell(fixture, "(head -1 all.csv; tail -n +2 all.csv | tac) >back.csv");
    expect_csv(fixture, "back.csv", "", 1, "is broken");
    shell(fixture, "head -c 3000 all.csv >cut.csv");
    expect_csv(fixture, "cut.csv", "", 2, "cut off in the middle");
}

/* What docs/trail.md tells to run by hand. */
static void test_documented_script(void **state)
{
    fixture_t *fixture = make_trail(state);

    assert_int_equal(tamper_run(fixture, "public-key"), 0);
    tamper_output[64] = '\0';
    shell(fixture,
          apr_psprintf(fixture->pool,
                       "awk '/^    # check.py/ {on = 1} on && /^[^ ]/ {exit} on "
                       "{sub(/^    /, \"\"); print}' '" T_SOURCE "/../docs/trail.md' >check.py && "
                       "python3 check.py %s checkpoints/* >said && grep -q 'checkpoints "
                       "are whole' said",
                       tamper_output));
    shell(fixture, apr_psprintf(fixture->pool,
                                "sed -i 's/^sequence .*/sequence 7/' checkpoints/*2-* && "
                                "! python3 check.py %s checkpoints/* >said",
                                tamper_output));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_every_column),
        FIXTURE_TEST(test_missing_and_more),
        FIXTURE_TEST(test_the_end),
        FIXTURE_TEST(test_purge_rows),
        FIXTURE_TEST(test_deleted_as_if_purged),
        FIXTURE_TEST(test_checkpoint_rows),
        FIXTURE_TEST(test_hold_rows),
        FIXTURE_TEST(test_restored),
        FIXTURE_TEST(test_shipped_checkpoint),
        FIXTURE_TEST(test_exports),
        FIXTURE_TEST(test_documented_script),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
