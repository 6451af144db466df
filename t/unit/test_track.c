#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <pthread.h>

#include "odoo/track.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static apr_pool_t *pool;

#define MODELS(...)                                                                                \
    ((const char *const[]){__VA_ARGS__}), COUNT(((const char *const[]){__VA_ARGS__}))

/* Globs looked at so far by this thread. */
static _Thread_local unsigned long globs;

int __real_glob_match(const char *glob, const char *text);
int __wrap_glob_match(const char *glob, const char *text);
int __wrap_glob_match(const char *glob, const char *text)
{
    globs++;
    return __real_glob_match(glob, text);
}

static void assert_added(track_t *track, const char *operations, const char *const *models,
                         size_t count)
{
    assert_null(track_add(track, operations, models, (int)count));
}

static void only_what_is_always_tracked_without_a_rule(void **state)
{
    track_t *track = track_create(pool);

    (void)state;
    assert_false(track_wants(track, OPERATION_WRITE, "res.partner"));
    assert_false(track_wants(track, OPERATION_NONE, "res.partner"));
    assert_true(track_wants(track, OPERATION_LOGIN, NULL));
    assert_true(track_wants(track, OPERATION_LOGIN_FAILED, "res.users"));
    assert_true(track_wants(track, OPERATION_SESSION_REVOKED, NULL));
    assert_true(track_wants(track, OPERATION_GAP, ""));
    assert_false(track_wants_any(track, OPERATION_WRITE));
    assert_true(track_wants_any(track, OPERATION_LOGOUT));
}

static void the_default_keeps_what_may_change_or_leave(void **state)
{
    track_t *track = track_create(pool);

    (void)state;
    assert_added(track, TRACK_DEFAULT_OPERATIONS, MODELS("*"));
    assert_true(track_wants(track, OPERATION_CREATE, "res.partner"));
    assert_true(track_wants(track, OPERATION_CALL, NULL));
    assert_true(track_wants(track, OPERATION_EXPORT, ""));
    assert_false(track_wants(track, OPERATION_READ, "res.partner"));
    assert_false(track_wants(track, OPERATION_SEARCH, "res.partner"));
    assert_false(track_wants(track, OPERATION_DOWNLOAD, NULL));
    assert_false(track_wants(track, OPERATION_NONE, "res.partner"));
    assert_false(track_wants_any(track, OPERATION_READ));
}

static void lines_are_joined_and_exclude_for_themselves(void **state)
{
    track_t *track = track_create(pool);

    (void)state;
    assert_added(track, "write,create", MODELS("*", "!mail.*", "!bus.bus"));
    assert_added(track, "read", MODELS("hr.*", "res.partner.bank", "!hr.leave*"));
    assert_added(track, "write", MODELS("mail.template"));
    for (int twice = 0; twice < 2; twice++) {
        assert_true(track_wants(track, OPERATION_WRITE, "res.partner"));
        assert_false(track_wants(track, OPERATION_WRITE, "mail.message"));
        assert_true(track_wants(track, OPERATION_WRITE, "mail.template"));
        assert_false(track_wants(track, OPERATION_CREATE, "mail.template"));
        assert_true(track_wants(track, OPERATION_READ, "hr.employee"));
        assert_false(track_wants(track, OPERATION_READ, "hr.leave.type"));
        assert_true(track_wants(track, OPERATION_CREATE, "hr.leave.type"));
        assert_true(track_wants(track, OPERATION_READ, "res.partner.bank"));
        assert_false(track_wants(track, OPERATION_READ, "res.partner"));
    }
    assert_true(track_wants_any(track, OPERATION_READ));
    assert_false(track_wants_any(track, OPERATION_UNLINK));
}

static void exclusions_alone_mean_everything_else(void **state)
{
    track_t *track = track_create(pool);

    (void)state;
    assert_added(track, "*", MODELS("!mail.*"));
    assert_true(track_wants(track, OPERATION_READ, "res.partner"));
    assert_true(track_wants(track, OPERATION_DOWNLOAD, NULL));
    assert_false(track_wants(track, OPERATION_READ, "mail.message"));
}

static void an_event_without_a_model_matches_only_the_star(void **state)
{
    track_t *track = track_create(pool);

    (void)state;
    assert_added(track, "call", MODELS("*.*", "res*", "?*"));
    assert_false(track_wants(track, OPERATION_CALL, NULL));
    assert_false(track_wants(track, OPERATION_CALL, ""));
    assert_added(track, "call", MODELS("x", "*"));
    assert_true(track_wants(track, OPERATION_CALL, NULL));
    assert_true(track_wants(track, OPERATION_CALL, ""));
}

static void a_rule_added_later_counts_for_models_already_seen(void **state)
{
    track_t *track = track_create(pool);

    (void)state;
    assert_added(track, "write", MODELS("a"));
    assert_false(track_wants(track, OPERATION_WRITE, "b"));
    assert_added(track, "write", MODELS("b"));
    assert_true(track_wants(track, OPERATION_WRITE, "b"));
}

static void wrong_lines_are_refused_with_the_mend(void **state)
{
    static const char *const operations[] = {"",      "writes", "read,", "read,,write",
                                             " read", "login",  "Read",  "read write",
                                             "gap"};
    static const char *const models[] = {"", "!", "res.partner,hr.employee", "a b", "!!x", "a/b"};
    track_t *track = track_create(pool);

    (void)state;
    for (size_t i = 0; i < COUNT(operations); i++) {
        assert_non_null(track_add(track, operations[i], MODELS("*")));
    }
    for (size_t i = 0; i < COUNT(models); i++) {
        assert_non_null(track_add(track, "write", &models[i], 1));
    }
    assert_non_null(strstr(track_add(track, "write", NULL, 0), "no models"));
    assert_non_null(strstr(track_add(track, "login", MODELS("*")), "always tracked"));
    assert_non_null(strstr(track_add(track, "foo", MODELS("*")), "\"foo\""));
    for (int i = OPERATION_CREATE; i <= OPERATION_CALL; i++) {
        assert_false(track_wants_any(track, (operation_t)i));
    }
}

/* Nobody can fill the cache with invented names so that real ones are decided wrongly. */
static void decisions_stay_right_past_the_cache(void **state)
{
    track_t *track = track_create(pool);
    char *long_name = apr_pcalloc(pool, 5001);

    (void)state;
    memset(long_name, 'x', 5000);
    assert_added(track, "write", MODELS("even.*", "x*"));
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < 20000; i++) {
            char name[32];

            apr_snprintf(name, sizeof(name), "%s.%d", i % 2 ? "odd" : "even", i);
            assert_int_equal(track_wants(track, OPERATION_WRITE, name), i % 2 == 0);
        }
    }
    assert_true(track_wants(track, OPERATION_WRITE, long_name));
    long_name[0] = 'y';
    assert_false(track_wants(track, OPERATION_WRITE, long_name));
}

static void many_rules_cost_no_more_than_one(void **state)
{
    static const int rules[] = {1, 1000};
    unsigned long first[COUNT(rules)], again[COUNT(rules)];

    (void)state;
    for (size_t i = 0; i < COUNT(rules); i++) {
        track_t *track = track_create(pool);

        for (int rule = 0; rule < rules[i]; rule++) {
            assert_added(track, "read",
                         MODELS(apr_psprintf(pool, "app%d.*", rule), "!*.line", "!*.report"));
        }
        globs = 0;
        assert_false(track_wants(track, OPERATION_READ, "res.partner"));
        first[i] = globs;
        globs = 0;
        for (int call = 0; call < 1000; call++) {
            assert_false(track_wants(track, OPERATION_READ, "res.partner"));
            assert_false(track_wants(track, OPERATION_WRITE, "res.partner"));
        }
        again[i] = globs;
    }
    assert_int_equal(first[0], 1);
    assert_int_equal(first[1], 1000);
    assert_int_equal(again[0], 0);
    assert_int_equal(again[1], 0);
}

typedef struct worker_t {
    pthread_t thread;
    const track_t *track;
    int wrong;
} worker_t;

static void *ask_often(void *data)
{
    worker_t *worker = data;
    char name[32];

    for (int i = 0; i < 20000; i++) {
        apr_snprintf(name, sizeof(name), "%s.%d", i % 3 ? "no" : "yes", i % 500);
        worker->wrong |= track_wants(worker->track, OPERATION_WRITE, name) != (i % 3 == 0);
    }
    return NULL;
}

static void threads_share_the_cache(void **state)
{
    track_t *track = track_create(pool);
    worker_t workers[4];

    (void)state;
    assert_added(track, "write", MODELS("yes.*"));
    for (size_t i = 0; i < COUNT(workers); i++) {
        workers[i].track = track;
        workers[i].wrong = 0;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, ask_often, &workers[i]), 0);
    }
    for (size_t i = 0; i < COUNT(workers); i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_false(workers[i].wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_always_tracked_without_a_rule),
        cmocka_unit_test(the_default_keeps_what_may_change_or_leave),
        cmocka_unit_test(lines_are_joined_and_exclude_for_themselves),
        cmocka_unit_test(exclusions_alone_mean_everything_else),
        cmocka_unit_test(an_event_without_a_model_matches_only_the_star),
        cmocka_unit_test(a_rule_added_later_counts_for_models_already_seen),
        cmocka_unit_test(wrong_lines_are_refused_with_the_mend),
        cmocka_unit_test(decisions_stay_right_past_the_cache),
        cmocka_unit_test(many_rules_cost_no_more_than_one),
        cmocka_unit_test(threads_share_the_cache),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
