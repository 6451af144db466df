/* What the tests of the session room share: a table per test and sessions by number. */
#ifndef SESSION_FIXTURE_H
#define SESSION_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "session/table.h"

#define NOW start_of_test()
#define BOOT apr_time_from_sec(5000000)
#define SECOND apr_time_from_sec(1)
#define DAY apr_time_from_sec(86400)

static const session_limits_t no_limits = {0, 0, 0};

/* A whole second near the real time, which is what the table goes by when nobody tells it. */
static inline apr_time_t start_of_test(void)
{
    static apr_time_t start;

    if (!start) {
        start = apr_time_from_sec(apr_time_sec(apr_time_now()));
    }
    return start;
}

static inline fingerprint_t fingerprint_number(unsigned number)
{
    fingerprint_t fingerprint = {{0}};

    memcpy(fingerprint.bytes, &number, sizeof(number));
    return fingerprint;
}

/* An open session, last active so many seconds after NOW. */
static inline session_t session_number(unsigned number, int seconds)
{
    session_t session;

    memset(&session, 0, sizeof(session));
    session.fingerprint = fingerprint_number(number);
    apr_snprintf(session.reference, sizeof(session.reference), "%032x", number);
    strcpy(session.site, "odoo.example.com");
    strcpy(session.address, "192.0.2.7");
    session.state = SESSION_OPEN;
    session.started = session.last_action = session.last_seen = NOW + seconds * SECOND;
    session.started_boot = session.last_action_boot = BOOT + seconds * SECOND;
    return session;
}

static inline session_table_t *new_table(apr_pool_t *pool, apr_uint32_t slots)
{
    session_table_t *table;

    assert_int_equal(session_table_create(&table, pool, slots), APR_SUCCESS);
    return table;
}

static inline apr_status_t admit(session_table_t *table, unsigned number, int seconds,
                                 session_t *evicted)
{
    session_t proto = session_number(number, seconds);
    session_t ignored;
    int created;

    return session_table_admit(table, &proto, &created, evicted ? evicted : &ignored);
}

static inline apr_status_t end(session_table_t *table, unsigned number, session_state_t state,
                               session_reason_t reason)
{
    fingerprint_t fingerprint = fingerprint_number(number);
    session_t ended;

    return session_table_end(table, &fingerprint, state, reason, NULL, &ended);
}

static inline session_state_t state_of(session_table_t *table, unsigned number)
{
    fingerprint_t fingerprint = fingerprint_number(number);
    session_t session;

    if (session_table_find(table, &fingerprint, &session) != APR_SUCCESS) {
        return SESSION_FREE;
    }
    return (session_state_t)session.state;
}

static inline void assert_sound(session_table_t *table)
{
    const char *problem;

    if (session_table_validate(table, &problem) != APR_SUCCESS) {
        fail_msg("%s", problem);
    }
}

static inline int make_pool(void **state)
{
    apr_pool_t *pool;

    if (apr_pool_create(&pool, NULL) != APR_SUCCESS) {
        return -1;
    }
    *state = pool;
    return 0;
}

static inline int drop_pool(void **state)
{
    apr_pool_destroy(*state);
    return 0;
}

#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, make_pool, drop_pool)

#endif
