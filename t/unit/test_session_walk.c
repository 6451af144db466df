/* Which sessions are found in the whole table: a user's, those that changed, all of them by pieces.
 */
#include "session_fixture.h"

#include "../../src/session/table_layout.h"

#define LONG_AGO (boot_time_now() - apr_time_from_sec(3600))
#define LATER (boot_time_now() + apr_time_from_sec(2))

static int count(void *payload, const session_t *session)
{
    (void)session;
    ++*(int *)payload;
    return 0;
}

static session_t user(int uid, const char *login, const char *database)
{
    session_t user = session_number(0, 0);

    user.uid = uid;
    strcpy(user.login, login);
    strcpy(user.database, database);
    return user;
}

static void name(session_table_t *table, unsigned number, const session_t *who)
{
    fingerprint_t fingerprint = fingerprint_number(number);
    int changed;

    assert_int_equal(session_table_identify(table, &fingerprint, who, &changed), APR_SUCCESS);
}

static int of(session_table_t *table, session_t who)
{
    int found = 0;

    session_table_each_of_user(table, &who, count, &found);
    return found;
}

static void finds_the_sessions_of_one_user(void **state)
{
    session_table_t *table = new_table(*state, 100000);
    session_t demo = user(6, "demo", "odoo"), claimed = user(0, "demo", "odoo"),
              namesake = user(6, "other", "test");

    claimed.provisional = 1;
    for (unsigned number = 1; number <= 50000; number++) {
        session_t who = user(1000 + (int)number, "somebody", "odoo");

        admit(table, number, 0, NULL);
        name(table, number, &who);
    }
    name(table, 50000, &demo); /* the user of a cookie may change */
    admit(table, 60001, 0, NULL);
    name(table, 60001, &demo);
    admit(table, 60002, 0, NULL);
    name(table, 60002, &claimed);
    admit(table, 60003, 0, NULL);
    name(table, 60003, &namesake);
    admit(table, 60004, 0, NULL);
    assert_int_equal(of(table, demo), 3);
    end(table, 60001, SESSION_REVOKED, SESSION_REASON_MANAGER);
    assert_int_equal(of(table, demo), 2);
    assert_int_equal(of(table, namesake), 1);
    assert_int_equal(of(table, user(1001, "", "odoo")), 1);
    assert_int_equal(of(table, user(51000, "", "odoo")), 0);
    assert_int_equal(of(table, user(0, "", "odoo")), 0);
    table_rebuild(table);
    assert_int_equal(of(table, demo), 2);
    assert_sound(table);
}

static int changed_since(session_table_t *table, apr_time_t since)
{
    int found = 0;

    session_table_each_changed(table, since, count, &found);
    return found;
}

/* As if everything had been done an hour ago. */
static void let_time_pass(session_table_t *table)
{
    for (apr_uint32_t index = 1; index <= table->used; index++) {
        table_note(table, index)->changed -= 3600;
    }
}

static void finds_what_changed(void **state)
{
    session_table_t *table = new_table(*state, 100);
    fingerprint_t fingerprint = fingerprint_number(3);
    session_t demo = user(6, "demo", "odoo"), session, elsewhere = session_number(4, 0);
    int ended;

    for (unsigned number = 1; number <= 5; number++) {
        admit(table, number, -7200, NULL);
    }
    assert_int_equal(changed_since(table, LONG_AGO), 5);
    assert_int_equal(changed_since(table, LATER), 0);
    let_time_pass(table);
    assert_int_equal(changed_since(table, LONG_AGO + SECOND * 60), 0);
    assert_int_equal(changed_since(table, 0), 5);

    name(table, 1, &demo);
    assert_int_equal(changed_since(table, LONG_AGO + SECOND * 60), 1);
    end(table, 2, SESSION_REVOKED, SESSION_REASON_OWNER);
    assert_int_equal(changed_since(table, LONG_AGO + SECOND * 60), 2);
    /* A look at the limits that ends nothing is no change, nor is a refusal that is counted. */
    assert_int_equal(session_table_expire(table, &fingerprint, &no_limits, NOW, BOOT, &session,
                                          &ended),
                     APR_SUCCESS);
    session_table_refuse(table, &fingerprint);
    assert_int_equal(changed_since(table, LONG_AGO + SECOND * 60), 2);
    session_table_gate(table, &fingerprint, &no_limits, 1, NOW, BOOT, &session, &ended);
    assert_int_equal(changed_since(table, LONG_AGO + SECOND * 60), 3);
    /* What another machine said is not repeated. */
    elsewhere.elsewhere = 1;
    elsewhere.last_seen = elsewhere.last_action = NOW + 60 * SECOND;
    assert_int_equal(session_table_restore(table, &elsewhere), APR_SUCCESS);
    assert_int_equal(changed_since(table, LONG_AGO + SECOND * 60), 3);
}

static void goes_through_all_by_pieces(void **state)
{
    session_table_t *table = new_table(*state, 5000);
    apr_uint32_t place = 0;
    int found = 0, pieces = 0;

    for (unsigned number = 1; number <= 4500; number++) {
        admit(table, number, 0, NULL);
    }
    do {
        place = session_table_each_piece(table, place, 500, count, &found);
        pieces++;
        assert_true(pieces < 10);
    } while (place);
    assert_int_equal(found, 4500);
    assert_true(pieces > 2);
    found = 0;
    assert_int_equal(session_table_each_piece(new_table(*state, 4), 0, 500, count, &found), 0);
    assert_int_equal(found, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOL(finds_the_sessions_of_one_user),
        WITH_POOL(finds_what_changed),
        WITH_POOL(goes_through_all_by_pieces),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
