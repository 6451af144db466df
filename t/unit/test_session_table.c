#include "session_fixture.h"

#include "session/revocation.h"

/* ---- creation ---- */

static void refuses_sizes_out_of_bounds(void **state)
{
    session_table_t *table;

    assert_int_equal(session_table_create(&table, *state, 0), APR_EINVAL);
    assert_int_equal(session_table_create(&table, *state, SESSION_TABLE_MAX_SLOTS + 1), APR_EINVAL);
    assert_int_equal(session_table_create(&table, *state, APR_UINT32_MAX), APR_EINVAL);
    assert_null(table);
}

static void knows_its_layout(void **state)
{
    session_table_t *table = new_table(*state, 3);
    apr_uint32_t *layout = (apr_uint32_t *)((char *)table + sizeof(apr_uint64_t));

    assert_int_equal(session_table_slots(table), 3);
    assert_int_equal(session_table_check(table), APR_SUCCESS);
    assert_false(session_table_superseded(table));
    session_table_supersede(table);
    assert_true(session_table_superseded(table));
    ++*layout;
    assert_int_equal(session_table_check(table), APR_EMISMATCH);
    assert_true(session_table_superseded(table));
}

static void holds_a_million(void **state)
{
    session_table_t *table = new_table(*state, 1000000);

    for (unsigned number = 1; number <= 20000; number++) {
        assert_int_equal(admit(table, number, 0, NULL), APR_SUCCESS);
    }
    for (unsigned number = 1; number <= 20000; number++) {
        assert_int_equal(state_of(table, number), SESSION_OPEN);
    }
    assert_int_equal(state_of(table, 20001), SESSION_FREE);
    assert_sound(table);
}

/* ---- admission ---- */

static void admits_once(void **state)
{
    session_table_t *table = new_table(*state, 4);
    session_t proto = session_number(1, 0);
    session_t evicted, found;
    int created;

    assert_int_equal(session_table_admit(table, &proto, &created, &evicted), APR_SUCCESS);
    assert_int_equal(created, 1);
    assert_int_equal(evicted.state, SESSION_FREE);
    strcpy(proto.address, "2001:db8::1");
    assert_int_equal(session_table_admit(table, &proto, &created, &evicted), APR_SUCCESS);
    assert_int_equal(created, 0);
    assert_int_equal(session_table_find(table, &proto.fingerprint, &found), APR_SUCCESS);
    assert_string_equal(found.address, "2001:db8::1");
    assert_string_equal(found.site, proto.site);
    assert_int_equal(found.last_seen, NOW);
    assert_int_equal(found.started_boot, BOOT);
}

static void cuts_texts_that_do_not_end(void **state)
{
    session_table_t *table = new_table(*state, 4);
    session_t proto = session_number(1, 0);
    session_t evicted, found;
    int created;

    memset(proto.site, 'x', sizeof(proto.site));
    assert_int_equal(session_table_admit(table, &proto, &created, &evicted), APR_SUCCESS);
    assert_int_equal(session_table_find(table, &proto.fingerprint, &found), APR_SUCCESS);
    assert_int_equal(strlen(found.site), sizeof(found.site) - 1);
}

static void keeps_refused_sessions_out(void **state)
{
    session_table_t *table = new_table(*state, 4);

    admit(table, 1, 0, NULL);
    admit(table, 2, 0, NULL);
    assert_int_equal(end(table, 1, SESSION_REVOKED, SESSION_REASON_MANAGER), APR_SUCCESS);
    assert_int_equal(end(table, 2, SESSION_EXPIRED, SESSION_REASON_IDLE), APR_SUCCESS);
    assert_int_equal(admit(table, 1, 1, NULL), APR_EACCES);
    assert_int_equal(admit(table, 2, 1, NULL), APR_EACCES);
    assert_int_equal(state_of(table, 1), SESSION_REVOKED);
    assert_int_equal(state_of(table, 2), SESSION_EXPIRED);
}

static void opens_again_after_logout_without_a_name(void **state)
{
    session_table_t *table = new_table(*state, 4);
    session_t proto = session_number(1, 60);
    session_t identity = session_number(1, 0);
    session_t evicted, found;
    int created, changed;

    admit(table, 1, 0, NULL);
    identity.uid = 7;
    session_table_identify(table, &proto.fingerprint, &identity, &changed);
    end(table, 1, SESSION_LOGGED_OUT, SESSION_REASON_LOGOUT);
    assert_int_equal(session_table_admit(table, &proto, &created, &evicted), APR_SUCCESS);
    assert_int_equal(created, 1);
    assert_int_equal(session_table_find(table, &proto.fingerprint, &found), APR_SUCCESS);
    assert_int_equal(found.state, SESSION_OPEN);
    assert_int_equal(found.uid, 0);
    assert_int_equal(found.ended, 0);
    assert_int_equal(found.started, NOW + 60 * SECOND);
    assert_sound(table);
}

/* ---- eviction ---- */

static void gate(session_table_t *table, unsigned number, int personal, int seconds)
{
    fingerprint_t fingerprint = fingerprint_number(number);
    session_t session;
    int ended;

    assert_int_equal(session_table_gate(table, &fingerprint, &no_limits, personal,
                                        NOW + seconds * SECOND, BOOT + seconds * SECOND, &session,
                                        &ended),
                     APR_SUCCESS);
}

static void evicts_the_least_recently_seen(void **state)
{
    session_table_t *table = new_table(*state, 3);
    session_t evicted;

    for (unsigned number = 1; number <= 3; number++) {
        admit(table, number, (int)number, NULL);
    }
    gate(table, 1, 0, 10);
    assert_int_equal(admit(table, 4, 11, &evicted), APR_SUCCESS);
    assert_int_equal(evicted.state, SESSION_OPEN);
    assert_memory_equal(&evicted.fingerprint, &(fingerprint_t){{2}}, sizeof(fingerprint_t));
    assert_int_equal(state_of(table, 1), SESSION_OPEN);
    assert_int_equal(state_of(table, 2), SESSION_FREE);
    assert_sound(table);
}

/* A session seen every 0.4 s must move up like one seen every 2 s. */
static void frequent_use_counts_as_use(void **state)
{
    session_table_t *table = new_table(*state, 2);
    fingerprint_t first = fingerprint_number(1);
    session_t session;
    int ended;

    admit(table, 1, 0, NULL);
    admit(table, 2, 1, NULL);
    for (int step = 1; step < 20; step++) {
        apr_time_t now = NOW + step * 2 * SECOND / 5;

        session_table_gate(table, &first, &no_limits, 0, now, BOOT, &session, &ended);
    }
    assert_int_equal(admit(table, 3, 9, NULL), APR_SUCCESS);
    assert_int_equal(state_of(table, 1), SESSION_OPEN);
    assert_int_equal(state_of(table, 2), SESSION_FREE);
}

static void evicts_logged_out_sessions_first(void **state)
{
    session_table_t *table = new_table(*state, 3);

    for (unsigned number = 1; number <= 3; number++) {
        admit(table, number, (int)number, NULL);
    }
    end(table, 3, SESSION_LOGGED_OUT, SESSION_REASON_LOGOUT);
    assert_int_equal(admit(table, 4, 9, NULL), APR_SUCCESS);
    assert_int_equal(state_of(table, 3), SESSION_FREE);
    assert_int_equal(state_of(table, 1), SESSION_OPEN);
}

static void never_evicts_a_refusal(void **state)
{
    session_table_t *table = new_table(*state, 4);
    session_t evicted;

    for (unsigned number = 1; number <= 4; number++) {
        admit(table, number, 0, NULL);
    }
    end(table, 1, SESSION_REVOKED, SESSION_REASON_LIMIT);
    end(table, 2, SESSION_EXPIRED, SESSION_REASON_IDLE);
    for (unsigned number = 100; number < 200; number++) {
        assert_int_equal(admit(table, number, 5, NULL), APR_SUCCESS);
        assert_int_equal(state_of(table, 1), SESSION_REVOKED);
        assert_int_equal(state_of(table, 2), SESSION_EXPIRED);
    }
    end(table, 198, SESSION_REVOKED, SESSION_REASON_OWNER);
    end(table, 199, SESSION_REVOKED, SESSION_REASON_OWNER);
    assert_int_equal(admit(table, 200, 6, &evicted), APR_ENOSPC);
    assert_int_equal(evicted.state, SESSION_FREE);
    assert_sound(table);
}

static void a_revocation_displaces_all_but_revocations(void **state)
{
    session_table_t *table = new_table(*state, 2);

    admit(table, 1, 0, NULL);
    admit(table, 2, 0, NULL);
    end(table, 1, SESSION_EXPIRED, SESSION_REASON_IDLE);
    assert_int_equal(end(table, 3, SESSION_REVOKED, SESSION_REASON_MANAGER), APR_SUCCESS);
    assert_int_equal(state_of(table, 2), SESSION_FREE);
    assert_int_equal(end(table, 4, SESSION_REVOKED, SESSION_REASON_MANAGER), APR_SUCCESS);
    assert_int_equal(state_of(table, 1), SESSION_FREE);
    assert_int_equal(end(table, 5, SESSION_REVOKED, SESSION_REASON_MANAGER), APR_ENOSPC);
    assert_int_equal(state_of(table, 3), SESSION_REVOKED);
    assert_sound(table);
}

static void refusals_of_long_ago_make_room(void **state)
{
    session_table_t *table = new_table(*state, 2);
    session_t old = session_number(1, 0);

    old.state = SESSION_REVOKED;
    old.ended = NOW - REVOCATION_KEPT - SECOND;
    assert_int_equal(session_table_restore(table, &old), APR_SUCCESS);
    old.fingerprint = fingerprint_number(2);
    old.ended = NOW - REVOCATION_KEPT + DAY;
    assert_int_equal(session_table_restore(table, &old), APR_SUCCESS);
    assert_int_equal(admit(table, 3, 0, NULL), APR_SUCCESS);
    assert_int_equal(state_of(table, 1), SESSION_FREE);
    assert_int_equal(state_of(table, 2), SESSION_REVOKED);
    end(table, 3, SESSION_REVOKED, SESSION_REASON_MANAGER);
    assert_int_equal(admit(table, 4, 0, NULL), APR_ENOSPC);
}

/* ---- the gate ---- */

typedef struct gated_t {
    session_t session;
    int newly_ended;
} gated_t;

static gated_t gate_limited(session_table_t *table, int personal, apr_interval_time_t after)
{
    static const session_limits_t limits = {30 * 60 * SECOND, 12 * 3600 * SECOND, 0};
    fingerprint_t fingerprint = fingerprint_number(1);
    gated_t gated;

    assert_int_equal(session_table_gate(table, &fingerprint, &limits, personal, NOW + after,
                                        BOOT + after, &gated.session, &gated.newly_ended),
                     APR_SUCCESS);
    return gated;
}

static void an_unknown_session_is_free(void **state)
{
    gated_t gated = gate_limited(new_table(*state, 4), 1, 0);

    assert_int_equal(gated.session.state, SESSION_FREE);
    assert_int_equal(gated.newly_ended, 0);
}

static void only_a_person_prolongs(void **state)
{
    session_table_t *table = new_table(*state, 4);
    const apr_interval_time_t minute = 60 * SECOND;
    gated_t gated;

    admit(table, 1, 0, NULL);
    gated = gate_limited(table, 1, 20 * minute);
    assert_int_equal(gated.session.last_action, NOW + 20 * minute);
    assert_int_equal(gated.session.last_action_boot, BOOT + 20 * minute);
    gated = gate_limited(table, 0, 50 * minute - 1);
    assert_int_equal(gated.session.state, SESSION_OPEN);
    assert_int_equal(gated.session.last_seen, NOW + 50 * minute - 1);
    assert_int_equal(gated.session.last_action, NOW + 20 * minute);
    gated = gate_limited(table, 1, 50 * minute);
    assert_int_equal(gated.session.state, SESSION_EXPIRED);
    assert_int_equal(gated.session.reason, SESSION_REASON_IDLE);
    assert_int_equal(gated.session.ended, NOW + 50 * minute);
}

static void expiry_is_told_once(void **state)
{
    session_table_t *table = new_table(*state, 4);
    apr_uint32_t generation;

    admit(table, 1, 0, NULL);
    generation = session_table_generation(table);
    assert_int_equal(gate_limited(table, 1, DAY).newly_ended, 1);
    assert_int_equal(session_table_generation(table), generation + 1);
    assert_int_equal(gate_limited(table, 1, DAY).newly_ended, 0);
    assert_int_equal(session_table_generation(table), generation + 1);
    assert_int_equal(gate_limited(table, 1, 0).session.state, SESSION_EXPIRED);
    assert_sound(table);
}

static void a_lifetime_ends_the_busiest(void **state)
{
    session_table_t *table = new_table(*state, 4);
    apr_interval_time_t after = 0;
    gated_t gated;

    admit(table, 1, 0, NULL);
    do {
        after += 20 * 60 * SECOND;
        gated = gate_limited(table, 1, after);
    } while (gated.session.state == SESSION_OPEN && after < DAY);
    assert_int_equal(after, 12 * 3600 * SECOND);
    assert_int_equal(gated.session.reason, SESSION_REASON_LIFETIME);
}

/* The request that came first may reach the table last. */
static void action_times_never_go_back(void **state)
{
    session_table_t *table = new_table(*state, 4);
    gated_t gated;

    admit(table, 1, 0, NULL);
    gate_limited(table, 1, 100 * SECOND);
    gated = gate_limited(table, 1, 99 * SECOND);
    assert_int_equal(gated.session.last_action, NOW + 100 * SECOND);
    assert_int_equal(gated.session.last_action_boot, BOOT + 100 * SECOND);
}

static void cleanup_expires_without_noting(void **state)
{
    static const session_limits_t limits = {60 * SECOND, 0, 0};
    session_table_t *table = new_table(*state, 4);
    fingerprint_t fingerprint = fingerprint_number(1);
    session_t session;
    int ended;

    assert_int_equal(session_table_expire(table, &fingerprint, &limits, NOW, BOOT, &session,
                                          &ended),
                     APR_NOTFOUND);
    admit(table, 1, 0, NULL);
    session_table_expire(table, &fingerprint, &limits, NOW + 59 * SECOND, BOOT + 59 * SECOND,
                         &session, &ended);
    assert_int_equal(session.state, SESSION_OPEN);
    assert_int_equal(session.last_seen, NOW);
    session_table_expire(table, &fingerprint, &limits, NOW + 60 * SECOND, BOOT + 60 * SECOND,
                         &session, &ended);
    assert_int_equal(session.state, SESSION_EXPIRED);
    assert_int_equal(ended, 1);
}

/* ---- ending ---- */

static void only_stronger_ends_replace(void **state)
{
    static const struct {
        session_state_t from, to, result;
    } cases[] = {
        {SESSION_OPEN, SESSION_LOGGED_OUT, SESSION_LOGGED_OUT},
        {SESSION_OPEN, SESSION_EXPIRED, SESSION_EXPIRED},
        {SESSION_OPEN, SESSION_REVOKED, SESSION_REVOKED},
        {SESSION_LOGGED_OUT, SESSION_EXPIRED, SESSION_LOGGED_OUT},
        {SESSION_LOGGED_OUT, SESSION_REVOKED, SESSION_REVOKED},
        {SESSION_EXPIRED, SESSION_LOGGED_OUT, SESSION_EXPIRED},
        {SESSION_EXPIRED, SESSION_REVOKED, SESSION_REVOKED},
        {SESSION_REVOKED, SESSION_LOGGED_OUT, SESSION_REVOKED},
        {SESSION_REVOKED, SESSION_EXPIRED, SESSION_REVOKED},
    };
    session_table_t *table = new_table(*state, 16);

    for (unsigned number = 0; number < sizeof(cases) / sizeof(*cases); number++) {
        admit(table, number, 0, NULL);
        if (cases[number].from != SESSION_OPEN) {
            end(table, number, cases[number].from, SESSION_REASON_ODOO);
        }
        assert_int_equal(end(table, number, cases[number].to, SESSION_REASON_MANAGER), APR_SUCCESS);
        assert_int_equal(state_of(table, number), cases[number].result);
    }
    assert_sound(table);
}

static void ending_tells_who_it_was(void **state)
{
    session_table_t *table = new_table(*state, 4);
    fingerprint_t fingerprint = fingerprint_number(1);
    session_t ended, found;

    admit(table, 1, 0, NULL);
    session_table_end(table, &fingerprint, SESSION_REVOKED, SESSION_REASON_OWNER, NULL, &ended);
    assert_int_equal(ended.state, SESSION_OPEN);
    session_table_end(table, &fingerprint, SESSION_REVOKED, SESSION_REASON_MANAGER, NULL, &ended);
    assert_int_equal(ended.state, SESSION_REVOKED);
    session_table_find(table, &fingerprint, &found);
    assert_int_equal(found.reason, SESSION_REASON_OWNER);
    assert_true(found.ended > 0);
    assert_int_equal(end(table, 1, SESSION_OPEN, SESSION_REASON_NONE), APR_EINVAL);
    assert_int_equal(end(table, 2, SESSION_LOGGED_OUT, SESSION_REASON_LOGOUT), APR_NOTFOUND);
}

static void revokes_what_was_never_seen(void **state)
{
    session_table_t *table = new_table(*state, 4);
    session_t hint = session_number(9, 0);
    apr_uint32_t generation = session_table_generation(table);
    session_t ended, found;

    assert_int_equal(session_table_end(table, &hint.fingerprint, SESSION_REVOKED,
                                       SESSION_REASON_MANAGER, &hint, &ended),
                     APR_SUCCESS);
    assert_int_equal(ended.state, SESSION_FREE);
    assert_int_equal(session_table_find(table, &hint.fingerprint, &found), APR_SUCCESS);
    assert_int_equal(found.state, SESSION_REVOKED);
    assert_string_equal(found.site, hint.site);
    assert_string_equal(found.reference, hint.reference);
    assert_int_equal(session_table_generation(table), generation + 1);
    assert_int_equal(admit(table, 9, 0, NULL), APR_EACCES);
}

/* ---- identity ---- */

static session_t identity(apr_int32_t uid, const char *login, int provisional)
{
    session_t session;

    memset(&session, 0, sizeof(session));
    session.uid = uid;
    session.provisional = (apr_byte_t)provisional;
    apr_cpystrn(session.login, login, sizeof(session.login));
    return session;
}

static int identify(session_table_t *table, const session_t *told)
{
    fingerprint_t fingerprint = fingerprint_number(1);
    int changed;

    assert_int_equal(session_table_identify(table, &fingerprint, told, &changed), APR_SUCCESS);
    return changed;
}

static void tells_what_a_name_changes(void **state)
{
    static const struct {
        apr_int32_t uid;
        const char *login;
        int provisional, changed;
    } steps[] = {
        {0, "", 0, 0},           {0, "mitchell", 1, 1},   {0, "mitchell", 1, 0},
        {6, "mitchell@x", 0, 1}, {6, "mitchell@x", 0, 0}, {0, "marc", 1, 0},
        {6, "", 0, 0},           {7, "marc", 0, 2},       {7, "marc", 0, 0},
    };
    session_table_t *table = new_table(*state, 4);

    admit(table, 1, 0, NULL);
    for (unsigned number = 0; number < sizeof(steps) / sizeof(*steps); number++) {
        session_t told =
            identity(steps[number].uid, steps[number].login, steps[number].provisional);

        assert_int_equal(identify(table, &told), steps[number].changed);
    }
}

static void keeps_what_a_name_leaves_open(void **state)
{
    session_table_t *table = new_table(*state, 4);
    session_t told = identity(6, "mitchell", 0);
    session_t found;

    admit(table, 1, 0, NULL);
    strcpy(told.database, "prod");
    strcpy(told.timezone, "Europe/Brussels");
    told.manager = 1;
    told.rights_checked = NOW;
    assert_int_equal(identify(table, &told), 1);
    told = identity(6, "", 0);
    assert_int_equal(identify(table, &told), 0);
    session_table_find(table, &(fingerprint_t){{1}}, &found);
    assert_string_equal(found.login, "mitchell");
    assert_string_equal(found.timezone, "Europe/Brussels");
    assert_int_equal(found.manager, 1);
    strcpy(told.database, "test");
    assert_int_equal(identify(table, &told), 2);
    session_table_find(table, &(fingerprint_t){{1}}, &found);
    assert_string_equal(found.login, "");
    assert_int_equal(found.manager, 0);
    assert_int_equal(found.rights_checked, 0);
}

static void asks_for_a_name_once_in_a_while(void **state)
{
    session_table_t *table = new_table(*state, 4);
    fingerprint_t fingerprint = fingerprint_number(1);
    session_t told = identity(6, "mitchell", 0);

    assert_int_equal(session_table_take_question(table, &fingerprint, NOW, 60), 0);
    admit(table, 1, 0, NULL);
    assert_int_equal(session_table_take_question(table, &fingerprint, NOW, 60), 1);
    assert_int_equal(session_table_take_question(table, &fingerprint, NOW, 60), 0);
    assert_int_equal(session_table_take_question(table, &fingerprint, NOW + 59, 60), 0);
    assert_int_equal(session_table_take_question(table, &fingerprint, NOW + 60, 60), 1);
    assert_int_equal(identify(table, &told), 1);
    assert_int_equal(session_table_take_question(table, &fingerprint, NOW + 120, 60), 0);
}

/* ---- counters ---- */

static void counts_calls_and_refusals(void **state)
{
    session_table_t *table = new_table(*state, 4);
    fingerprint_t fingerprint = fingerprint_number(1);
    session_t found;

    assert_int_equal(session_table_count_call(table, &fingerprint, NULL), 0);
    assert_int_equal(session_table_refuse(table, &fingerprint), 0);
    admit(table, 1, 0, NULL);
    assert_int_equal(session_table_count_call(table, &fingerprint, NULL), 1);
    assert_int_equal(session_table_count_call(table, &fingerprint, NULL), 2);
    assert_int_equal(session_table_refuse(table, &fingerprint), 1);
    assert_int_equal(session_table_refuse(table, &fingerprint), 2);
    assert_int_equal(session_table_refuse(table, &fingerprint), 3);
    session_table_find(table, &fingerprint, &found);
    assert_int_equal(found.refusals, 2);
    assert_int_equal(session_table_take_refusals(table, &fingerprint), 2);
    assert_int_equal(session_table_take_refusals(table, &fingerprint), 0);
    assert_int_equal(session_table_refuse(table, &fingerprint), 2);
}

static void remembers_a_successor(void **state)
{
    session_table_t *table = new_table(*state, 4);
    fingerprint_t fingerprint = fingerprint_number(1);
    session_t found;

    assert_int_equal(session_table_set_successor(table, &fingerprint), APR_NOTFOUND);
    admit(table, 1, 0, NULL);
    assert_int_equal(session_table_set_successor(table, &fingerprint), APR_SUCCESS);
    end(table, 1, SESSION_REVOKED, SESSION_REASON_OWNER);
    session_table_find(table, &fingerprint, &found);
    assert_int_equal(found.succeeded, 1);
}

static void cleanup_is_due_until_taken(void **state)
{
    session_table_t *table = new_table(*state, 1);

    assert_int_equal(session_table_take_cleanup_due(table), 0);
    session_table_set_cleanup_due(table, NOW);
    session_table_set_cleanup_due(table, NOW + SECOND);
    assert_int_equal(session_table_take_cleanup_due(table), NOW);
    assert_int_equal(session_table_take_cleanup_due(table), 0);
}

static void names_are_words(void **state)
{
    (void)state;
    assert_string_equal(session_state_name(SESSION_LOGGED_OUT), "logged_out");
    assert_string_equal(session_reason_name(SESSION_REASON_ODOO), "odoo");
    assert_string_equal(session_state_name((session_state_t)99), "unknown");
    assert_string_equal(session_reason_name((session_reason_t)-1), "unknown");
    assert_true(boot_time_now() > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOL(refuses_sizes_out_of_bounds),
        WITH_POOL(knows_its_layout),
        WITH_POOL(holds_a_million),
        WITH_POOL(admits_once),
        WITH_POOL(cuts_texts_that_do_not_end),
        WITH_POOL(keeps_refused_sessions_out),
        WITH_POOL(opens_again_after_logout_without_a_name),
        WITH_POOL(evicts_the_least_recently_seen),
        WITH_POOL(frequent_use_counts_as_use),
        WITH_POOL(evicts_logged_out_sessions_first),
        WITH_POOL(never_evicts_a_refusal),
        WITH_POOL(a_revocation_displaces_all_but_revocations),
        WITH_POOL(refusals_of_long_ago_make_room),
        WITH_POOL(an_unknown_session_is_free),
        WITH_POOL(only_a_person_prolongs),
        WITH_POOL(expiry_is_told_once),
        WITH_POOL(a_lifetime_ends_the_busiest),
        WITH_POOL(action_times_never_go_back),
        WITH_POOL(cleanup_expires_without_noting),
        WITH_POOL(only_stronger_ends_replace),
        WITH_POOL(ending_tells_who_it_was),
        WITH_POOL(revokes_what_was_never_seen),
        WITH_POOL(tells_what_a_name_changes),
        WITH_POOL(keeps_what_a_name_leaves_open),
        WITH_POOL(asks_for_a_name_once_in_a_while),
        WITH_POOL(counts_calls_and_refusals),
        WITH_POOL(remembers_a_successor),
        WITH_POOL(cleanup_is_due_until_taken),
        WITH_POOL(names_are_words),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
