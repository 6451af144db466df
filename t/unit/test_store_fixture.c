#include "test_store_fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include <apr_dbd.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_fnmatch.h>

#include "store/purge.h"
#include "text/buffer.h"
#include "trail/chain.h"

#define FIXTURE_SCRATCH (256 * 1024)

static const char *make_folder(apr_pool_t *pool)
{
    const char *temporary;
    char *folder;

    assert_int_equal(apr_temp_dir_get(&temporary, pool), APR_SUCCESS);
    folder = apr_pstrcat(pool, temporary, "/store-test-XXXXXX", NULL);
    assert_non_null(mkdtemp(folder));
    return folder;
}

static void remove_folder(const char *folder, apr_pool_t *pool)
{
    assert_int_equal(system(apr_pstrcat(pool, "rm -rf '", folder, "'", NULL)), 0);
}

#ifdef FIXTURE_POSTGRESQL

/* The server of the whole program; each test has a schema in it. */
static struct {
    apr_pool_t *pool;
    const char *folder, *programs; /* programs NULL: no server installed */
    int schemas;
} server;

static int server_run(const char *command)
{
    const char *su = geteuid() ? "" : "runuser -u postgres -- ";

    return system(apr_psprintf(server.pool, "cd / && %s%s/%s >%s/log.out 2>&1", su, server.programs,
                               command, server.folder));
}

static const char *find_programs(apr_pool_t *pool)
{
    apr_array_header_t *found;
    const char *newest = NULL;

    if (apr_match_glob("/usr/lib/postgresql/*", &found, pool)) {
        return NULL;
    }
    for (int i = 0; i < found->nelts; i++) {
        const char *folder = apr_pstrcat(pool, "/usr/lib/postgresql/",
                                         APR_ARRAY_IDX(found, i, const char *), "/bin", NULL);

        if (!access(apr_pstrcat(pool, folder, "/initdb", NULL), X_OK)) {
            newest = folder;
        }
    }
    return newest;
}

int fixture_group_setup(void **state)
{
    const char *folder;

    (void)state;
    apr_pool_create(&server.pool, NULL);
    server.programs = find_programs(server.pool);
    if (!server.programs) {
        return 0;
    }
    server.folder = folder = make_folder(server.pool);
    if (!geteuid() && system(apr_pstrcat(server.pool, "chown postgres '", folder, "'", NULL))) {
        return -1;
    }
    if (server_run(apr_psprintf(server.pool,
                                "initdb -N -A trust -U audit -E UTF8 --locale=C "
                                "-D %s/data",
                                folder))) {
        return -1;
    }
    return server_run(apr_psprintf(server.pool,
                                   "pg_ctl -w -D %s/data -l %s/server.log -o \"-k %s -c "
                                   "listen_addresses='' -c fsync=off\" start",
                                   folder, folder, folder));
}

int fixture_group_teardown(void **state)
{
    (void)state;
    if (server.programs) {
        server_run(apr_psprintf(server.pool, "pg_ctl -w -m fast -D %s/data stop", server.folder));
        remove_folder(server.folder, server.pool);
    }
    apr_pool_destroy(server.pool);
    return 0;
}

static void configure(fixture_t *fixture)
{
    int number = ++server.schemas;

    fixture->config.driver = "pgsql";
    fixture->config.params =
        apr_psprintf(fixture->pool, "host=%s user=audit dbname=postgres options=-csearch_path=t%d",
                     server.folder, number);
    assert_int_equal(server_run(apr_psprintf(fixture->pool,
                                             "psql -h %s -U audit -d postgres -c \"CREATE SCHEMA "
                                             "t%d\"",
                                             server.folder, number)),
                     0);
}

fixture_t *fixture_of(void **state)
{
    if (!server.programs) {
        skip();
    }
    return *state;
}

static int is_available(void)
{
    return server.programs != NULL;
}

void fixture_spoil(fixture_t *fixture)
{
    assert_int_equal(server_run(
                         apr_psprintf(fixture->pool,
                                      "psql -h %s -U audit -d postgres -c \"SELECT "
                                      "pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                                      "application_name = 'mod_user_audit'\"",
                                      server.folder)),
                     0);
}

#else

int fixture_group_setup(void **state)
{
    (void)state;
    return 0;
}

int fixture_group_teardown(void **state)
{
    (void)state;
    return 0;
}

static void configure(fixture_t *fixture)
{
    fixture->config.driver = "sqlite3";
    fixture->config.params = apr_pstrcat(fixture->pool, fixture->folder, "/audit.db", NULL);
}

fixture_t *fixture_of(void **state)
{
    return *state;
}

static int is_available(void)
{
    return 1;
}

void fixture_spoil(fixture_t *fixture)
{
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    int changed;

    assert_int_equal(apr_dbd_get_driver(fixture->pool, "sqlite3", &driver), APR_SUCCESS);
    assert_int_equal(apr_dbd_open(driver, fixture->pool, fixture->config.params, &handle),
                     APR_SUCCESS);
    assert_int_equal(apr_dbd_query(driver, handle, &changed,
                                   "ALTER TABLE events ADD COLUMN later TEXT"),
                     0);
    apr_dbd_close(driver, handle);
}

#endif

int fixture_setup(void **state)
{
    apr_pool_t *pool;
    fixture_t *fixture;

    if (!is_available()) {
        return 0;
    }
    apr_pool_create(&pool, NULL);
    fixture = apr_pcalloc(pool, sizeof(*fixture));
    fixture->pool = pool;
    fixture->folder = make_folder(pool);
    fixture->hash = CHAIN_GENESIS;
    configure(fixture);
    fixture_reopen(fixture);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    fixture_t *fixture = *state;

    if (fixture) {
        if (fixture->store) {
            store_close(fixture->store);
        }
        remove_folder(fixture->folder, fixture->pool);
        apr_pool_destroy(fixture->pool);
    }
    return 0;
}

void fixture_reopen(fixture_t *fixture)
{
    const char *problem = NULL;

    if (fixture->store) {
        store_close(fixture->store);
    }
    if (store_open(&fixture->store, fixture->pool, &fixture->config, STORE_WRITE, &problem)) {
        fail_msg("store_open: %s", problem);
    }
}

store_t *fixture_reader(fixture_t *fixture)
{
    const char *problem = NULL;
    store_t *reader = NULL;

    if (store_open(&reader, fixture->pool, &fixture->config, STORE_READ, &problem)) {
        fail_msg("store_open: %s", problem);
    }
    return reader;
}

event_t *fixture_event(fixture_t *fixture, const char *operation, int seconds, ...)
{
    event_t *event = event_create(fixture->pool);
    va_list cells;

    event_set_time(event, EVENT_TIME,
                   apr_time_from_msec(FIXTURE_START) + apr_time_from_sec(seconds));
    event_set(event, EVENT_OPERATION, operation);
    event_set(event, EVENT_SITE, "erp");
    event_set(event, EVENT_NODE, "n");
    va_start(cells, seconds);
    for (int column = va_arg(cells, int); column >= 0; column = va_arg(cells, int)) {
        event_set(event, (event_column_t)column, va_arg(cells, const char *));
    }
    va_end(cells);
    return event;
}

apr_status_t fixture_append(fixture_t *fixture, event_t *event)
{
    buffer_t scratch;

    buffer_init(&scratch, fixture->pool, FIXTURE_SCRATCH);
    event_set_integer(event, EVENT_ID, ++fixture->id);
    event_set_integer(event, EVENT_SEQUENCE, ++fixture->sequence);
    chain_link(event, fixture->hash, &scratch);
    fixture->hash = event->cell[EVENT_HASH];
    return store_append(fixture->store, event);
}

apr_int64_t fixture_add(fixture_t *fixture, event_t *event)
{
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
    if (fixture_append(fixture, event)) {
        fail_msg("store_append: %s", store_error(fixture->store));
    }
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
    return fixture->id;
}

int fixture_purge(fixture_t *fixture, const char *const *operations, int before, int limit)
{
    store_purge_t purge = {.operations = operations,
                           .before = apr_time_from_msec(FIXTURE_START) + apr_time_from_sec(before),
                           .limit = limit};

    assert_int_equal(store_purge(fixture->store, &purge, fixture->pool), APR_SUCCESS);
    return purge.events;
}

typedef struct found_t {
    apr_pool_t *pool;
    const char *ids;
} found_t;

static int collect(void *payload, const event_t *event)
{
    found_t *found = payload;

    found->ids =
        apr_pstrcat(found->pool, found->ids, *found->ids ? " " : "", event->cell[EVENT_ID], NULL);
    return 0;
}

const char *fixture_find(fixture_t *fixture, const event_filter_t *filter)
{
    found_t found = {fixture->pool, ""};
    apr_int64_t count;
    int expected = 0;

    if (store_events(fixture->store, filter, 0, 1000, collect, &found, fixture->pool)) {
        fail_msg("store_events: %s", store_error(fixture->store));
    }
    for (const char *at = found.ids; *at; at++) {
        expected += *at == ' ' || at == found.ids;
    }
    assert_int_equal(store_count(fixture->store, filter, 1000, &count, fixture->pool), APR_SUCCESS);
    assert_int_equal(count, expected);
    return found.ids;
}

static int keep_first(void *payload, const event_t *event)
{
    fixture_t *fixture = ((void **)payload)[0];
    event_t *copy = event_create(fixture->pool);

    for (int column = 0; column < EVENT_COLUMNS; column++) {
        copy->cell[column] = apr_pstrdup(fixture->pool, event->cell[column]);
    }
    ((void **)payload)[1] = copy;
    return 1;
}

event_t *fixture_get(fixture_t *fixture, apr_int64_t id)
{
    static const event_filter_t all;
    void *payload[] = {fixture, NULL};

    assert_int_equal(store_events(fixture->store, &all, id + 1, 1, keep_first, payload,
                                  fixture->pool),
                     APR_SUCCESS);
    assert_non_null(payload[1]);
    return payload[1];
}

static const char *shown(const char *text)
{
    return text ? text : "";
}

static int describe(void *payload, const session_row_t *session)
{
    found_t *found = payload;

    found->ids = apr_psprintf(found->pool, "%s|%s|%s|%" APR_INT64_T_FMT "|%s|%s",
                              session->reference, session->state, shown(session->reason),
                              session->uid, shown(session->login), shown(session->name));
    return 1;
}

const char *fixture_session(fixture_t *fixture, const char *reference)
{
    session_filter_t filter = {.reference = reference};
    found_t found = {fixture->pool, ""};

    assert_int_equal(store_sessions(fixture->store, &filter, 0, 1, describe, &found, fixture->pool),
                     APR_SUCCESS);
    return found.ids;
}
