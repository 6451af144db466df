/* A store of its own for each test, on SQLite or, compiled with FIXTURE_POSTGRESQL, on a private
 * PostgreSQL; there the tests are skipped if no server is installed. */
#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apr_strings.h>
#include <cmocka.h>

#include "store/store.h"

#define FIXTURE_START APR_INT64_C(1700000000000) /* milliseconds: 2023-11-14T22:13:20.000Z */

typedef struct fixture_t {
    apr_pool_t *pool;
    const char *folder;
    store_config_t config;
    store_t *store;           /* open for writing */
    apr_int64_t id, sequence; /* end of the chain */
    const char *hash;
} fixture_t;

int fixture_group_setup(void **state);
int fixture_group_teardown(void **state);
int fixture_setup(void **state);
int fixture_teardown(void **state);
/* The test's fixture; skips the test if there is no server. */
fixture_t *fixture_of(void **state);

#define FIXTURE_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

void fixture_reopen(fixture_t *fixture);
store_t *fixture_reader(fixture_t *fixture);

/* Makes the open connection useless, as a restarted server or a changed schema does. */
void fixture_spoil(fixture_t *fixture);

/* An event of node "n", `seconds` after FIXTURE_START, by nobody, on site "erp". Then column and
 * text alternate until a negative column. */
event_t *fixture_event(fixture_t *fixture, const char *operation, int seconds, ...);
/* Chains and appends it within the open transaction. */
apr_status_t fixture_append(fixture_t *fixture, event_t *event);
/* The same in a transaction of its own; must succeed. Gives the id. */
apr_int64_t fixture_add(fixture_t *fixture, event_t *event);

/* Within the open transaction: purges what is older than `before` seconds after FIXTURE_START, and
 * tells how many. */
int fixture_purge(fixture_t *fixture, const char *const *operations, int before, int limit);

/* The ids that a filter finds, newest first: "3 1". */
const char *fixture_find(fixture_t *fixture, const event_filter_t *filter);
/* The event with this id. */
event_t *fixture_get(fixture_t *fixture, apr_int64_t id);
/* reference, state, reason, uid, login, name of a session, parted by "|"; "" if there is none. */
const char *fixture_session(fixture_t *fixture, const char *reference);

#endif
