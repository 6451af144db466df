/* The file of settings: replaced whole, never older, and nothing of it counts if it is broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "settings/settings_file.h"

static apr_pool_t *pool;
static char folder[64];
static const char *path;

static int set_up(void **state)
{
    (void)state;
    apr_pool_create(&pool, NULL);
    strcpy(folder, "/tmp/test_settings.XXXXXX");
    if (!mkdtemp(folder)) {
        return -1;
    }
    path = apr_pstrcat(pool, folder, "/" SETTINGS_FILE, NULL);
    return 0;
}

static int tear_down(void **state)
{
    int failed = system(apr_pstrcat(pool, "rm -rf '", folder, "'", NULL));

    (void)state;
    apr_pool_destroy(pool);
    return failed;
}

static settings_record_t record(const char *site, apr_time_t time, const char *node,
                                const char *redact)
{
    settings_record_t made = {
        .site = site, .time = time, .node = node, .login = "admin", .session = "0123"};

    settings_init(&made.settings, pool);
    assert_null(settings_set(&made.settings, SETTINGS_REDACT, redact, pool));
    return made;
}

static apr_status_t store(settings_record_t made, apr_time_t expected, int *stored)
{
    return settings_file_store(path, &made, expected, stored, pool);
}

static const char *redacted(const char *site)
{
    settings_book_t book;
    const char *problem;
    const settings_record_t *found;

    assert_int_equal(settings_file_load(&book, path, &problem, pool), APR_SUCCESS);
    assert_null(problem);
    found = settings_book_find(&book, site);
    return found ? settings_text(&found->settings, SETTINGS_REDACT, pool) : NULL;
}

static void put_file(const char *text, apr_size_t length)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    fclose(file);
}

static void test_no_file_is_an_empty_book(void **state)
{
    (void)state;
    assert_null(redacted("a"));
}

static void test_stored_and_found(void **state)
{
    struct stat status;
    int stored;

    (void)state;
    assert_int_equal(store(record("a", 10, "n", "x*"), 0, &stored), APR_SUCCESS);
    assert_int_equal(stored, 1);
    assert_int_equal(store(record("b", 11, "n", "y*"), 0, &stored), APR_SUCCESS);
    assert_int_equal(store(record("a", 12, "n", "z*"), 10, &stored), APR_SUCCESS);
    assert_string_equal(redacted("a"), "z*");
    assert_string_equal(redacted("b"), "y*");
    assert_null(redacted("c"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void test_somebody_else_was_first(void **state)
{
    int stored;

    (void)state;
    assert_int_equal(store(record("a", 10, "n", "x*"), 0, &stored), APR_SUCCESS);
    assert_int_equal(store(record("a", 20, "n", "y*"), 0, &stored), APR_EEXIST);
    assert_int_equal(store(record("a", 20, "n", "y*"), 9, &stored), APR_EEXIST);
    assert_int_equal(stored, 0);
    assert_string_equal(redacted("a"), "x*");
}

static void test_the_newest_wins(void **state)
{
    int stored;

    (void)state;
    assert_int_equal(store(record("a", 10, "m", "x*"), SETTINGS_ANY, &stored), APR_SUCCESS);
    assert_int_equal(store(record("a", 9, "n", "old*"), SETTINGS_ANY, &stored), APR_SUCCESS);
    assert_int_equal(stored, 0);
    assert_int_equal(store(record("a", 10, "l", "old*"), SETTINGS_ANY, &stored), APR_SUCCESS);
    assert_int_equal(stored, 0);
    assert_string_equal(redacted("a"), "x*");
    assert_int_equal(store(record("a", 10, "n", "new*"), SETTINGS_ANY, &stored), APR_SUCCESS);
    assert_int_equal(stored, 1);
    assert_string_equal(redacted("a"), "new*");
}

static void test_a_broken_file_counts_for_nothing(void **state)
{
    static const char *const broken[] = {
        "",
        "{",
        "[]",
        "{\"format\":1}",
        "{\"format\":2,\"sites\":[]}",
        "{\"format\":1,\"sites\":[{}]}",
        "{\"format\":1,\"sites\":[{\"site\":\"a\",\"time\":1,\"node\":\"\",\"login\":\"\","
        "\"session\":\"\",\"track\":[\"dance *\"]}]}",
        "{\"format\":1,\"sites\":[{\"site\":\"a\",\"time\":1,\"node\":\"\",\"login\":\"\","
        "\"session\":\"\"},{\"site\":\"a\",\"time\":1,\"node\":\"\",\"login\":\"\",\"session\":"
        "\"\"}]}",
    };
    settings_book_t book;
    const char *problem;
    int stored;

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        put_file(broken[i], strlen(broken[i]));
        assert_int_equal(settings_file_load(&book, path, &problem, pool), APR_EINVAL);
        assert_int_equal(book.records->nelts, 0);
        assert_non_null(strstr(problem, path));
        assert_non_null(strstr(problem, "httpd.conf alone"));
    }
    assert_int_equal(store(record("a", 10, "n", "x*"), 0, &stored), APR_SUCCESS);
    assert_string_equal(redacted("a"), "x*");
}

static void test_no_file_at_all(void **state)
{
    settings_book_t book;
    const char *problem;

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(settings_file_load(&book, path, &problem, pool), APR_EINVAL);
    assert_non_null(problem);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/zero", path), 0);
    assert_int_not_equal(settings_file_load(&book, path, &problem, pool), APR_SUCCESS);
    assert_non_null(problem);
}

#define WRITERS 4
#define TURNS 10

/* Each process writes its own site: none may undo another's. */
static void test_writers_take_turns(void **state)
{
    static const char *const sites[WRITERS] = {"a", "b", "c", "d"};

    (void)state;
    for (int i = 0; i < WRITERS; i++) {
        if (fork() == 0) {
            for (int turn = 1; turn <= TURNS; turn++) {
                int stored;

                if (store(record(sites[i], turn, "n", apr_psprintf(pool, "x%d", turn)), turn - 1,
                          &stored) != APR_SUCCESS ||
                    !stored) {
                    _exit(1);
                }
            }
            _exit(0);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int result;

        assert_true(wait(&result) > 0);
        assert_int_equal(result, 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_string_equal(redacted(sites[i]), "x10");
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_no_file_is_an_empty_book),
        TEST(test_stored_and_found),
        TEST(test_somebody_else_was_first),
        TEST(test_the_newest_wins),
        TEST(test_a_broken_file_counts_for_nothing),
        TEST(test_no_file_at_all),
        TEST(test_writers_take_turns),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
