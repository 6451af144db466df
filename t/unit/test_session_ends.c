/* Everybody on a site, programs that are let in again, what Odoo says of ids that are not a
 * session's, and whose end Odoo is told of. */
#include "session_fixture.h"

static session_t mark_at(apr_time_t moment)
{
    session_t mark = session_number(99, 0);

    mark.kind = SESSION_KIND_MARK;
    mark.state = SESSION_REVOKED;
    mark.reason = SESSION_REASON_MANAGER;
    mark.ended = moment;
    return mark;
}

static void a_mark_ends_what_began_before(void **state)
{
    session_table_t *table = new_table(*state, 8);
    session_limits_t limits = {0, 0, 0};
    session_t mark = mark_at(NOW + 10 * SECOND), old = session_number(1, 0),
              later = session_number(2, 20), program = session_number(3, 0), after;
    int ended;

    program.kind = SESSION_KIND_KEY;
    assert_int_equal(session_table_marked(table, &mark.fingerprint), 0);
    assert_int_equal(session_table_restore(table, &old), APR_SUCCESS);
    assert_int_equal(session_table_restore(table, &later), APR_SUCCESS);
    assert_int_equal(session_table_restore(table, &program), APR_SUCCESS);
    assert_int_equal(session_table_mark(table, &mark), APR_SUCCESS);
    limits.not_before = session_table_marked(table, &mark.fingerprint);
    assert_true(limits.not_before == NOW + 10 * SECOND);
    session_table_gate(table, &old.fingerprint, &limits, 1, NOW, BOOT, &after, &ended);
    assert_int_equal(ended, 1);
    assert_int_equal(after.state, SESSION_REVOKED);
    session_table_gate(table, &later.fingerprint, &limits, 1, NOW, BOOT, &after, &ended);
    assert_int_equal(after.state, SESSION_OPEN);
    session_table_gate(table, &program.fingerprint, &limits, 1, NOW, BOOT, &after, &ended);
    assert_int_equal(after.state, SESSION_OPEN);
    mark.ended = NOW;
    assert_int_equal(session_table_mark(table, &mark), APR_SUCCESS);
    assert_true(session_table_marked(table, &mark.fingerprint) == NOW + 10 * SECOND);
}

static void the_latest_moment_is_known(void **state)
{
    session_table_t *table = new_table(*state, 8);
    session_t first = session_number(1, 20), earlier = session_number(2, 10),
              mark = mark_at(NOW + 30 * SECOND), program = session_number(3, 90), found, evicted;
    int created;

    assert_true(session_table_latest(table) == 0);
    assert_int_equal(session_table_restore(table, &first), APR_SUCCESS);
    assert_int_equal(session_table_admit(table, &earlier, &created, &evicted), APR_SUCCESS);
    assert_true(session_table_latest(table) == first.started);
    assert_int_equal(session_table_mark(table, &mark), APR_SUCCESS);
    assert_true(session_table_latest(table) == NOW + 30 * SECOND);
    mark.ended = NOW + 40 * SECOND;
    assert_int_equal(session_table_mark(table, &mark), APR_SUCCESS);
    assert_true(session_table_latest(table) == NOW + 40 * SECOND);
    mark.ended = NOW + 50 * SECOND; /* as another machine tells it */
    assert_int_equal(session_table_restore(table, &mark), APR_SUCCESS);
    assert_true(session_table_latest(table) == NOW + 50 * SECOND);
    session_table_end(table, &first.fingerprint, SESSION_LOGGED_OUT, SESSION_REASON_LOGOUT, NULL,
                      &found);
    first.started = NOW + 60 * SECOND;
    assert_int_equal(session_table_admit(table, &first, &created, &evicted), APR_SUCCESS);
    assert_true(session_table_latest(table) == NOW + 60 * SECOND);
    assert_int_equal(session_table_restore(table, &program), APR_SUCCESS);
    assert_true(session_table_latest(table) >= NOW + 60 * SECOND);
}

static void a_lift_outlasts_the_end_before_it(void **state)
{
    session_table_t *table = new_table(*state, 8);
    session_t program = session_number(1, 0), ended, lifted, found;

    program.kind = SESSION_KIND_USER;
    assert_int_equal(session_table_restore(table, &program), APR_SUCCESS);
    assert_int_equal(session_table_lift(table, &program.fingerprint, NOW, &lifted), APR_EINVAL);
    session_table_end(table, &program.fingerprint, SESSION_REVOKED, SESSION_REASON_MANAGER, NULL,
                      &ended);
    session_table_find(table, &program.fingerprint, &ended);
    assert_int_equal(session_table_lift(table, &program.fingerprint, NOW, &lifted), APR_SUCCESS);
    assert_int_equal(lifted.state, SESSION_OPEN);
    assert_int_equal(session_table_restore(table, &ended), APR_SUCCESS);
    session_table_find(table, &program.fingerprint, &found);
    assert_int_equal(found.state, SESSION_OPEN);
    ended.ended = lifted.started + SECOND;
    assert_int_equal(session_table_restore(table, &ended), APR_SUCCESS);
    session_table_find(table, &program.fingerprint, &found);
    assert_int_equal(found.state, SESSION_REVOKED);
}

static void knows_the_id_that_it_has_now(void **state)
{
    session_table_t *table = new_table(*state, 4);
    fingerprint_t fingerprint = fingerprint_number(1);
    session_t session = session_number(1, 0), evicted;
    int created;

    assert_int_equal(session_table_is_current(table, &fingerprint, "one"), 1);
    assert_int_equal(session_table_admit(table, &session, &created, &evicted), APR_SUCCESS);
    assert_int_equal(session_table_is_current(table, &fingerprint, "one"), 1);
    session_table_count_call(table, &fingerprint, "one");
    assert_int_equal(session_table_is_current(table, &fingerprint, "one"), 1);
    assert_int_equal(session_table_is_current(table, &fingerprint, "two"), 0);
    session_table_count_call(table, &fingerprint, "two");
    assert_int_equal(session_table_is_current(table, &fingerprint, "one"), 0);
    assert_int_equal(session_table_is_current(table, &fingerprint, NULL), 1);
    session_table_end(table, &fingerprint, SESSION_LOGGED_OUT, SESSION_REASON_ODOO, NULL, &session);
    session = session_number(1, 10);
    assert_int_equal(session_table_admit(table, &session, &created, &evicted), APR_SUCCESS);
    assert_int_equal(session_table_is_current(table, &fingerprint, "one"), 1);
}

static void odoo_is_asked_by_one_at_a_time(void **state)
{
    session_table_t *table = new_table(*state, 8);
    session_t session = session_number(1, 0), before;

    assert_int_equal(session_table_restore(table, &session), APR_SUCCESS);
    assert_int_equal(session_table_claim_odoo_end(table, &session.fingerprint, NOW, 10 * SECOND),
                     0);
    session_table_end(table, &session.fingerprint, SESSION_REVOKED, SESSION_REASON_OWNER, NULL,
                      &before);
    assert_int_equal(session_table_claim_odoo_end(table, &session.fingerprint, NOW, 10 * SECOND),
                     1);
    assert_int_equal(session_table_claim_odoo_end(table, &session.fingerprint, NOW + 9 * SECOND,
                                                  10 * SECOND),
                     0);
    assert_int_equal(session_table_claim_odoo_end(table, &session.fingerprint, NOW + 10 * SECOND,
                                                  10 * SECOND),
                     1);
    session_table_odoo_ended(table, &session.fingerprint);
    assert_int_equal(session_table_claim_odoo_end(table, &session.fingerprint, NOW + 99 * SECOND,
                                                  10 * SECOND),
                     0);
}

/* ---- over a limit, where machines tell each other ---- */

static session_t gate(session_table_t *table, unsigned number, int *ended)
{
    session_limits_t limits = {10 * SECOND, 0, 0};
    fingerprint_t fingerprint = fingerprint_number(number);
    session_t session;

    session_table_gate(table, &fingerprint, &limits, 1, NOW + 20 * SECOND, BOOT + 20 * SECOND,
                       &session, ended);
    return session;
}

static void an_end_by_a_limit_is_told_in_turn(void **state)
{
    session_table_t *table = new_table(*state, 8);
    session_t session = session_number(1, 0), taken;
    int ended;

    assert_int_equal(session_table_restore(table, &session), APR_SUCCESS);
    session_table_set_synced(table, BOOT + 19 * SECOND);
    assert_int_equal(gate(table, 1, &ended).state, SESSION_EXPIRED);
    assert_int_equal(ended, 0);
    assert_int_equal(gate(table, 1, &ended).end_untold, 1);
    assert_int_equal(session_table_take_untold(table, &session.fingerprint, &taken), 1);
    assert_int_equal(taken.state, SESSION_EXPIRED);
    assert_int_equal(taken.reason, SESSION_REASON_IDLE);
    assert_int_equal(taken.end_untold, 0);
    assert_int_equal(session_table_take_untold(table, &session.fingerprint, &taken), 0);
}

static void an_end_that_another_machine_told_is_not_told_again(void **state)
{
    session_table_t *table = new_table(*state, 8);
    session_t first = session_number(1, 0), second = session_number(2, 0), there, taken;
    int ended;

    session_table_set_synced(table, BOOT + 19 * SECOND);
    assert_int_equal(session_table_restore(table, &first), APR_SUCCESS);
    assert_int_equal(session_table_restore(table, &second), APR_SUCCESS);
    there = gate(table, 1, &ended);
    there.end_untold = 0;
    there.elsewhere = 1;
    assert_int_equal(session_table_restore(table, &there), APR_SUCCESS);
    assert_int_equal(session_table_take_untold(table, &first.fingerprint, &taken), 0);
    assert_int_equal(taken.state, SESSION_EXPIRED);
    gate(table, 2, &ended);
    second.last_action = second.last_seen = NOW + SECOND; /* open there when it was told */
    assert_int_equal(session_table_restore(table, &second), APR_SUCCESS);
    assert_int_equal(end(table, 2, SESSION_REVOKED, SESSION_REASON_MANAGER), APR_SUCCESS);
    assert_int_equal(session_table_take_untold(table, &second.fingerprint, &taken), 0);
}

static void who_hears_of_nobody_tells_at_once(void **state)
{
    session_table_t *table = new_table(*state, 8);
    session_t session = session_number(1, 0), taken;
    int ended;

    assert_int_equal(session_table_restore(table, &session), APR_SUCCESS);
    session_table_set_synced(table, BOOT + 20 * SECOND - SESSION_SYNC_PATIENCE);
    assert_int_equal(gate(table, 1, &ended).state, SESSION_EXPIRED);
    assert_int_equal(ended, 1);
    assert_int_equal(session_table_take_untold(table, &session.fingerprint, &taken), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOL(a_mark_ends_what_began_before),
        WITH_POOL(the_latest_moment_is_known),
        WITH_POOL(a_lift_outlasts_the_end_before_it),
        WITH_POOL(knows_the_id_that_it_has_now),
        WITH_POOL(odoo_is_asked_by_one_at_a_time),
        WITH_POOL(an_end_by_a_limit_is_told_in_turn),
        WITH_POOL(an_end_that_another_machine_told_is_not_told_again),
        WITH_POOL(who_hears_of_nobody_tells_at_once),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
