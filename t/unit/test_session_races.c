/* The session table under many processes and threads, and when they are killed. */
#include "session_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/session/table_layout.h"

#define SLOTS 64
#define SESSIONS 200 /* more than there are slots */
#define REVOKED 8    /* the first of them, before the test begins */
#define PROCESSES 4
#define THREADS 3
#define ROUNDS 20000
#define KILLS 150
#define PATIENCE                                                                                   \
    300 /* seconds; a lock that is never given back must fail the test, not stop it                \
         */

static session_table_t *table_with_revoked(apr_pool_t *pool)
{
    session_table_t *table = new_table(pool, SLOTS);

    for (unsigned number = 1; number <= REVOKED; number++) {
        session_t session = session_number(number, 0);

        session.state = SESSION_REVOKED;
        session.ended = NOW + DAY; /* so that forget_one passes over it */
        assert_int_equal(session_table_restore(table, &session), APR_SUCCESS);
    }
    return table;
}

static void assert_revoked_and_sound(session_table_t *table)
{
    assert_sound(table);
    for (unsigned number = 1; number <= REVOKED; number++) {
        assert_int_equal(state_of(table, number), SESSION_REVOKED);
    }
}

/* ---- hammering ---- */

typedef struct hammer_t {
    session_table_t *table;
    unsigned seed;
    unsigned rounds; /* 0: until killed */
    int failed;
} hammer_t;

/* Everything of a session follows from its number: a copy that does not is torn. */
static int is_torn(const session_t *found, unsigned number)
{
    session_t whole = session_number(number, 0);

    return found->state != SESSION_FREE &&
           (memcmp(&found->fingerprint, &whole.fingerprint, sizeof(fingerprint_t)) ||
            (*found->reference && strcmp(found->reference, whole.reference)) ||
            (found->uid && found->uid != (apr_int32_t)number));
}

static int gate_one(session_table_t *table, unsigned number, unsigned chance)
{
    static const session_limits_t limits = {400 * SECOND, 0, 0};
    fingerprint_t fingerprint = fingerprint_number(number);
    session_t session;
    int ended;
    apr_status_t rv =
        session_table_gate(table, &fingerprint, &limits, chance & 1, NOW + chance * SECOND,
                           BOOT + chance % 500 * SECOND, &session, &ended);

    return rv != APR_SUCCESS || is_torn(&session, number);
}

static int admit_one(session_table_t *table, unsigned number, unsigned chance)
{
    apr_status_t rv = admit(table, number, (int)(chance % 500), NULL);

    return rv != APR_SUCCESS && rv != APR_EACCES && rv != APR_ENOSPC;
}

static int end_one(session_table_t *table, unsigned number, unsigned chance)
{
    session_state_t state = chance % 16 ? SESSION_LOGGED_OUT : SESSION_EXPIRED;
    apr_status_t rv = end(table, number, state, SESSION_REASON_ODOO);

    return rv != APR_SUCCESS && rv != APR_NOTFOUND;
}

static int identify_one(session_table_t *table, unsigned number, unsigned chance)
{
    session_t identity = session_number(number, 0);
    int changed;
    apr_status_t rv;

    (void)chance;
    identity.uid = (apr_int32_t)number;
    apr_snprintf(identity.login, sizeof(identity.login), "user%u", number);
    rv = session_table_identify(table, &identity.fingerprint, &identity, &changed);
    return rv != APR_SUCCESS && rv != APR_NOTFOUND;
}

static int restore_one(session_table_t *table, unsigned number, unsigned chance)
{
    session_t session = session_number(number, (int)(chance % 5000));
    apr_status_t rv = session_table_restore(table, &session);

    return rv != APR_SUCCESS && rv != APR_ENOSPC;
}

/* Expired sessions would soon fill the table, and nothing happen any more. */
static int forget_one(session_table_t *table, unsigned number, unsigned chance)
{
    (void)number;
    if (chance % 64 == 0) {
        session_table_forget(table, NOW + 6000 * SECOND);
    }
    return 0;
}

static int count_torn(void *payload, const session_t *session)
{
    unsigned number;

    memcpy(&number, session->fingerprint.bytes, sizeof(number));
    *(int *)payload += is_torn(session, number);
    return 0;
}

static int look_at_all(session_table_t *table, unsigned number, unsigned chance)
{
    session_t session = session_number(number, 0);
    int torn = 0;

    if (chance % 64 == 0) {
        session_table_each(table, count_torn, &torn);
        session_table_find_reference(table, session.reference, &session);
    }
    return torn;
}

typedef int (*blow_t)(session_table_t *table, unsigned number, unsigned chance);

static const blow_t blows[] = {gate_one,     gate_one,    gate_one,    admit_one, end_one,
                               identify_one, restore_one, look_at_all, forget_one};

static void *hammer(void *payload)
{
    hammer_t *self = payload;

    for (unsigned round = 0; !self->rounds || round < self->rounds; round++) {
        unsigned number = 1 + (unsigned)rand_r(&self->seed) % SESSIONS;
        unsigned chance = (unsigned)rand_r(&self->seed) % 4096;
        blow_t blow = blows[(unsigned)rand_r(&self->seed) % (sizeof(blows) / sizeof(*blows))];

        self->failed |= blow(self->table, number, chance);
    }
    return NULL;
}

static int hammer_in_threads(session_table_t *table, unsigned seed)
{
    pthread_t threads[THREADS];
    hammer_t hammers[THREADS];
    int failed = 0;

    for (unsigned number = 0; number < THREADS; number++) {
        hammers[number] = (hammer_t){table, seed * THREADS + number, ROUNDS, 0};
        if (pthread_create(&threads[number], NULL, hammer, &hammers[number])) {
            return 1;
        }
    }
    for (unsigned number = 0; number < THREADS; number++) {
        pthread_join(threads[number], NULL);
        failed |= hammers[number].failed;
    }
    return failed;
}

static void many_processes_and_threads_leave_it_sound(void **state)
{
    session_table_t *table = table_with_revoked(*state);

    alarm(PATIENCE);
    for (unsigned process = 0; process < PROCESSES; process++) {
        if (fork() == 0) {
            _exit(hammer_in_threads(table, process));
        }
    }
    for (unsigned process = 0; process < PROCESSES; process++) {
        int status;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    alarm(0);
    assert_revoked_and_sound(table);
    assert_int_equal(session_table_repairs(table), 0);
}

/* ---- being killed ---- */

static pid_t start_hammer(session_table_t *table, unsigned seed)
{
    hammer_t self = {table, seed, 0, 0};
    pid_t child = fork();

    if (child == 0) {
        alarm(PATIENCE);
        hammer(&self);
        _exit(0);
    }
    assert_true(child > 0);
    return child;
}

static void kill_and_reap(pid_t child)
{
    int status;

    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void killing_at_any_moment_costs_nothing(void **state)
{
    session_table_t *table = table_with_revoked(*state);
    unsigned seed = (unsigned)apr_time_now();

    print_message("# seed %u\n", seed);
    alarm(PATIENCE);
    for (unsigned round = 0; round < KILLS; round++) {
        pid_t first = start_hammer(table, seed + round);
        pid_t second = start_hammer(table, seed + KILLS + round);

        apr_sleep(rand_r(&seed) % 3000);
        kill_and_reap(first);
        apr_sleep(rand_r(&seed) % 1000);
        kill_and_reap(second);
        assert_revoked_and_sound(table);
    }
    alarm(0);
    print_message("# %u repairs\n", session_table_repairs(table));
}

/* What a process may leave half done, and worse. */
static void cut_the_chains(session_table_t *table)
{
    memset(table_buckets(table), 0, table->buckets * sizeof(apr_uint32_t));
}

static void tie_a_circle(session_table_t *table)
{
    table_slot(table, 20)->next = 20;
    *table_bucket(table, &table_slot(table, 20)->session.fingerprint) = 20;
}

static void lose_the_lists(session_table_t *table)
{
    table->lists[SESSION_OPEN].oldest = 0;
    table->lists[SESSION_REVOKED].newest = 3;
    table_slot(table, 30)->newer = table_slot(table, 30)->older = 30;
}

static void lose_free_slots(session_table_t *table)
{
    table->free = 0;
    table->used = SLOTS;
}

static void overstate_the_use(session_table_t *table)
{
    table->used = APR_UINT32_MAX;
    table->free = APR_UINT32_MAX;
}

static void stop_while_filling(session_table_t *table)
{
    table_slot_t *slot = table_slot(table, ++table->used);

    memset(&slot->session, 0xff, sizeof(slot->session));
    slot->session.state = SESSION_FREE;
}

static void die_in_the_lock(session_table_t *table, void (*damage)(session_table_t *))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (table_lock(table) == APR_SUCCESS) {
            table_begin_change(table);
            damage(table);
            kill(getpid(), SIGKILL);
        }
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void what_the_dead_left_is_repaired(void **state)
{
    static void (*const damages[])(session_table_t *) = {cut_the_chains,    tie_a_circle,
                                                         lose_the_lists,    lose_free_slots,
                                                         overstate_the_use, stop_while_filling};

    alarm(PATIENCE);
    for (unsigned number = 0; number < sizeof(damages) / sizeof(*damages); number++) {
        session_table_t *table = table_with_revoked(*state);

        for (unsigned session = 100; session < 140; session++) {
            admit(table, session, (int)session, NULL);
        }
        die_in_the_lock(table, damages[number]);
        for (unsigned session = 100; session < 140; session++) {
            assert_int_equal(state_of(table, session), SESSION_OPEN);
        }
        assert_int_equal(session_table_repairs(table), 1);
        assert_revoked_and_sound(table);
        for (unsigned session = 150; session < 190; session++) {
            assert_int_equal(admit(table, session, (int)session, NULL), APR_SUCCESS);
        }
        assert_int_equal(state_of(table, 100), SESSION_FREE);
        assert_int_equal(state_of(table, 139), SESSION_OPEN);
        assert_revoked_and_sound(table);
    }
    alarm(0);
}

/* The repair puts the lists in order again, or the wrong sessions would go next. */
static void shuffle_the_slots(session_table_t *table)
{
    for (apr_uint32_t index = 1; index <= table->used; index++) {
        table_slot(table, index)->session.last_seen = NOW + (index * 37 % SLOTS) * SECOND;
    }
}

static void repair_restores_the_order_of_age(void **state)
{
    session_table_t *table = new_table(*state, SLOTS);
    apr_uint32_t index;
    apr_time_t before = 0;

    for (unsigned session = 1; session <= SLOTS; session++) {
        admit(table, session, 0, NULL);
    }
    die_in_the_lock(table, shuffle_the_slots);
    assert_sound(table);
    for (index = table->lists[SESSION_OPEN].oldest; index;
         index = table_slot(table, index)->newer) {
        assert_true(table_slot(table, index)->session.last_seen > before);
        before = table_slot(table, index)->session.last_seen;
    }
}

static void damage_without_a_death_is_found(void **state)
{
    static void (*const damages[])(session_table_t *) = {cut_the_chains, tie_a_circle,
                                                         lose_the_lists, overstate_the_use};

    for (unsigned number = 0; number < sizeof(damages) / sizeof(*damages); number++) {
        session_table_t *table = table_with_revoked(*state);
        const char *problem;

        for (unsigned session = 100; session < 140; session++) {
            admit(table, session, 0, NULL);
        }
        damages[number](table);
        assert_int_equal(session_table_validate(table, &problem), APR_EGENERAL);
        assert_non_null(problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOL(many_processes_and_threads_leave_it_sound),
        WITH_POOL(killing_at_any_moment_costs_nothing),
        WITH_POOL(what_the_dead_left_is_repaired),
        WITH_POOL(repair_restores_the_order_of_age),
        WITH_POOL(damage_without_a_death_is_found),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
