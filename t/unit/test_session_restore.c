/* What goes over the whole session table, and what brings sessions back into it. */
#include "session_fixture.h"

/* ---- many ---- */

static int count_visit(void *payload, const session_t *session)
{
    unsigned number;

    memcpy(&number, session->fingerprint.bytes, sizeof(number));
    ((char *)payload)[number]++;
    return 0;
}

static int stop_visit(void *payload, const session_t *session)
{
    (void)session;
    return ++*(int *)payload == 3;
}

static void visits_each_once(void **state)
{
    static char seen[3000];
    session_table_t *table = new_table(*state, 3000);
    int visits = 0;

    for (unsigned number = 0; number < 3000; number++) {
        admit(table, number, 0, NULL);
    }
    session_table_each(table, count_visit, seen);
    for (unsigned number = 0; number < 3000; number++) {
        assert_int_equal(seen[number], 1);
    }
    session_table_each(table, stop_visit, &visits);
    assert_int_equal(visits, 3);
}

static void finds_by_reference(void **state)
{
    session_table_t *table = new_table(*state, 3000);
    session_t sought = session_number(2999, 0);
    session_t found;

    for (unsigned number = 0; number < 3000; number++) {
        admit(table, number, 0, NULL);
    }
    assert_int_equal(session_table_find_reference(table, sought.reference, &found), APR_SUCCESS);
    assert_memory_equal(&found.fingerprint, &sought.fingerprint, sizeof(fingerprint_t));
    assert_int_equal(session_table_find_reference(table, "0", &found), APR_NOTFOUND);
    end(table, 5000, SESSION_REVOKED, SESSION_REASON_MANAGER);
    assert_int_equal(session_table_find_reference(table, "", &found), APR_NOTFOUND);
}

static void forgets_what_is_old(void **state)
{
    session_table_t *table = new_table(*state, 2000);

    for (unsigned number = 0; number < 2000; number++) {
        session_t session = session_number(number, (int)((number * 7) % 2000));

        session.state = (apr_byte_t)(SESSION_OPEN + number % 4);
        session.ended = session.last_seen;
        assert_int_equal(session_table_restore(table, &session), APR_SUCCESS);
    }
    assert_int_equal(session_table_forget(table, NOW + 1500 * SECOND), 1500);
    assert_int_equal(session_table_forget(table, NOW + 1500 * SECOND), 0);
    assert_sound(table);
    assert_int_equal(admit(table, 9999, 0, NULL), APR_SUCCESS);
    assert_sound(table);
}

/* ---- restoring ---- */

static void restore(session_table_t *table, unsigned number, session_state_t state, int seconds)
{
    session_t session = session_number(number, seconds);

    session.state = (apr_byte_t)state;
    session.ended = session.last_seen;
    assert_int_equal(session_table_restore(table, &session), APR_SUCCESS);
}

static void restoring_never_weakens(void **state)
{
    session_table_t *table = new_table(*state, 8);

    restore(table, 1, SESSION_REVOKED, 0);
    restore(table, 2, SESSION_EXPIRED, 0);
    restore(table, 3, SESSION_OPEN, 0);
    for (unsigned number = 1; number <= 3; number++) {
        restore(table, number, SESSION_OPEN, 50);
    }
    assert_int_equal(state_of(table, 1), SESSION_REVOKED);
    assert_int_equal(state_of(table, 2), SESSION_EXPIRED);
    restore(table, 3, SESSION_REVOKED, 50);
    assert_int_equal(state_of(table, 3), SESSION_REVOKED);
    restore(table, 2, SESSION_REVOKED, 50);
    assert_int_equal(state_of(table, 2), SESSION_REVOKED);
    assert_sound(table);
}

static void restoring_merges_the_later_action_and_the_name(void **state)
{
    session_table_t *table = new_table(*state, 8);
    session_t other = session_number(1, 30);
    session_t found;

    admit(table, 1, 0, NULL);
    strcpy(other.login, "mitchell");
    other.uid = 6;
    assert_int_equal(session_table_restore(table, &other), APR_SUCCESS);
    session_table_find(table, &other.fingerprint, &found);
    assert_int_equal(found.last_action, NOW + 30 * SECOND);
    assert_int_equal(found.last_seen, NOW + 30 * SECOND);
    assert_int_equal(found.last_action_boot, BOOT + 30 * SECOND);
    assert_int_equal(found.uid, 6);
    assert_string_equal(found.login, "mitchell");
}

static void restored_sessions_are_evicted_by_age(void **state)
{
    static const int ages[] = {5000, 100, 9000, 300, 7000, 200};
    session_table_t *table = new_table(*state, 6);

    for (unsigned number = 0; number < 6; number++) {
        restore(table, number, SESSION_OPEN, ages[number]);
    }
    for (unsigned number = 10; number < 13; number++) {
        assert_int_equal(admit(table, number, 10000, NULL), APR_SUCCESS);
    }
    assert_int_equal(state_of(table, 1), SESSION_FREE);
    assert_int_equal(state_of(table, 5), SESSION_FREE);
    assert_int_equal(state_of(table, 3), SESSION_FREE);
    assert_int_equal(state_of(table, 0), SESSION_OPEN);
    assert_sound(table);
}

static void a_full_table_takes_only_what_counts_more(void **state)
{
    session_table_t *table = new_table(*state, 2);
    session_t session = session_number(3, 50);

    restore(table, 1, SESSION_OPEN, 100);
    restore(table, 2, SESSION_OPEN, 200);
    assert_int_equal(session_table_restore(table, &session), APR_ENOSPC);
    restore(table, 4, SESSION_OPEN, 150);
    assert_int_equal(state_of(table, 1), SESSION_FREE);
    restore(table, 5, SESSION_REVOKED, -5000);
    restore(table, 6, SESSION_REVOKED, -5000);
    session.state = SESSION_REVOKED;
    session.ended = NOW;
    assert_int_equal(session_table_restore(table, &session), APR_ENOSPC);
    session.state = SESSION_FREE;
    assert_int_equal(session_table_restore(table, &session), APR_EINVAL);
    session.state = 77;
    assert_int_equal(session_table_restore(table, &session), APR_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOL(visits_each_once),
        WITH_POOL(finds_by_reference),
        WITH_POOL(forgets_what_is_old),
        WITH_POOL(restoring_never_weakens),
        WITH_POOL(restoring_merges_the_later_action_and_the_name),
        WITH_POOL(restored_sessions_are_evicted_by_age),
        WITH_POOL(a_full_table_takes_only_what_counts_more),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
