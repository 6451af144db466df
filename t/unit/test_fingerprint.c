#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session/fingerprint.h"

#define PREFIX "abcdefghijklmnopqrstuvwxyz0123456789-_ABCD" /* 42 characters */
#define FORTY_HEX "0123456789abcdef0123456789abcdef01234567"

static const site_key_t key = {{1, 2, 3}};

/* ---- fingerprints ---- */

static fingerprint_t of_cookie(const char *site, const char *cookie)
{
    fingerprint_t fingerprint;

    fingerprint_of_cookie(&key, site, cookie, &fingerprint);
    return fingerprint;
}

static int same(fingerprint_t left, fingerprint_t right)
{
    return !memcmp(&left, &right, sizeof(left));
}

static void survives_soft_rotation(void **state)
{
    (void)state;
    assert_true(same(of_cookie("a", PREFIX PREFIX),
                     of_cookie("a", PREFIX "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")));
    assert_false(same(of_cookie("a", PREFIX PREFIX),
                      of_cookie("a", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz" PREFIX)));
}

static void other_lengths_count_whole(void **state)
{
    (void)state;
    assert_false(same(of_cookie("a", PREFIX PREFIX "x"), of_cookie("a", PREFIX PREFIX "y")));
    assert_false(same(of_cookie("a", PREFIX "x"), of_cookie("a", PREFIX "y")));
    assert_false(same(of_cookie("a", FORTY_HEX), of_cookie("a", FORTY_HEX "0")));
    assert_null(fingerprint_rest(FORTY_HEX));
    assert_string_equal(fingerprint_rest(FORTY_HEX "ab" FORTY_HEX "cd"), FORTY_HEX "cd");
    /* 84 characters may be shortened to this, but no request carries it: Odoo knows no such id. */
    assert_true(same(of_cookie("a", PREFIX PREFIX), of_cookie("a", PREFIX)));
}

static void depends_on_site_and_key(void **state)
{
    site_key_t other_key = {{1, 2, 4}};
    fingerprint_t other;

    (void)state;
    assert_false(same(of_cookie("a", FORTY_HEX), of_cookie("b", FORTY_HEX)));
    assert_false(same(of_cookie("a", "bc"), of_cookie("ab", "c")));
    fingerprint_of_cookie(&other_key, "a", FORTY_HEX, &other);
    assert_false(same(of_cookie("a", FORTY_HEX), other));
}

static void is_the_documented_function(void **state)
{
    fingerprint_t expected = {{0}};

    (void)state;
    digest_hmac(key.bytes, "site\0" PREFIX, 5 + 42, "", 0, expected.bytes);
    assert_true(same(of_cookie("site", PREFIX PREFIX), expected));
}

static void kinds_never_meet(void **state)
{
    fingerprint_t api_key, user;

    (void)state;
    fingerprint_of_api_key(&key, "a", FORTY_HEX, &api_key);
    fingerprint_of_user(&key, "a", FORTY_HEX, 2, &user);
    assert_false(same(of_cookie("a", FORTY_HEX), api_key));
    assert_false(same(of_cookie("a", FORTY_HEX), user));
    assert_false(same(api_key, user));
}

static void users_differ_by_database_and_number(void **state)
{
    fingerprint_t one, two, other_database;

    (void)state;
    fingerprint_of_user(&key, "a", "prod", 12, &one);
    fingerprint_of_user(&key, "a", "prod", 2, &two);
    assert_false(same(one, two));
    fingerprint_of_user(&key, "a", "prod1", 2, &other_database);
    assert_false(same(one, other_database));
    fingerprint_of_user(&key, "a", "prod", 12, &two);
    assert_true(same(one, two));
}

static void knows_api_keys(void **state)
{
    (void)state;
    assert_true(fingerprint_is_api_key(FORTY_HEX));
    assert_false(fingerprint_is_api_key(FORTY_HEX "0"));
    assert_false(fingerprint_is_api_key(&FORTY_HEX[1]));
    assert_false(fingerprint_is_api_key(""));
    assert_false(fingerprint_is_api_key("g123456789abcdef0123456789abcdef01234567"));
    assert_false(fingerprint_is_api_key("0123456789ABCDEF0123456789abcdef01234567"));
}

static void references_are_32_hex_digits_of_their_own(void **state)
{
    fingerprint_t fingerprint = of_cookie("a", FORTY_HEX);
    char reference[SESSION_REFERENCE_SIZE], hex[DIGEST_HEX_SIZE];

    (void)state;
    fingerprint_reference(&key, &fingerprint, reference);
    assert_int_equal(strlen(reference), 32);
    assert_int_equal(strspn(reference, "0123456789abcdef"), 32);
    digest_hex(fingerprint.bytes, DIGEST_SIZE, hex);
    assert_null(strstr(hex, reference));
}

/* ---- the site key ---- */

typedef struct folder_t {
    apr_pool_t *pool;
    const char *path, *file;
} folder_t;

static int make_folder(void **state)
{
    char name[] = "/tmp/site_key.XXXXXX";
    apr_pool_t *pool;
    folder_t *folder;

    apr_pool_create(&pool, NULL);
    folder = apr_palloc(pool, sizeof(*folder));
    folder->pool = pool;
    folder->path = apr_pstrdup(pool, mkdtemp(name));
    folder->file = apr_pstrcat(pool, folder->path, "/site.key", NULL);
    *state = folder;
    return 0;
}

static int drop_folder(void **state)
{
    folder_t *folder = *state;
    int left;

    unlink(folder->file);
    left = rmdir(folder->path); /* fails if anything else was left behind */
    apr_pool_destroy(folder->pool);
    return left;
}

static apr_status_t load(const folder_t *folder, site_key_t *loaded)
{
    return site_key_load(folder->file, geteuid(), getegid(), loaded, folder->pool);
}

static void makes_a_key_and_keeps_it(void **state)
{
    site_key_t first, second;
    struct stat status;

    assert_int_equal(load(*state, &first), APR_SUCCESS);
    assert_int_equal(load(*state, &second), APR_SUCCESS);
    assert_memory_equal(&first, &second, sizeof(first));
    assert_int_equal(stat(((folder_t *)*state)->file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_nlink, 1);
}

static void two_keys_differ(void **state)
{
    folder_t *folder = *state;
    site_key_t first, second;

    assert_int_equal(load(folder, &first), APR_SUCCESS);
    unlink(folder->file);
    assert_int_equal(load(folder, &second), APR_SUCCESS);
    assert_memory_not_equal(&first, &second, sizeof(first));
}

static void gives_the_file_to_its_owner_as_root(void **state)
{
    folder_t *folder = *state;
    site_key_t loaded;
    struct stat status;

    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(site_key_load(folder->file, 65534, 65533, &loaded, folder->pool), APR_SUCCESS);
    assert_int_equal(stat(folder->file, &status), 0);
    assert_int_equal(status.st_uid, 65534);
    assert_int_equal(status.st_gid, 65533);
}

static void write_file(const folder_t *folder, const char *text, mode_t mode)
{
    FILE *file = fopen(folder->file, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    chmod(folder->file, mode);
}

static void refuses_what_is_no_key(void **state)
{
    static const char *const texts[] = {"", FORTY_HEX "\n", FORTY_HEX "0123456789abcdef0123456g\n",
                                        FORTY_HEX "0123456789abcdef01234567\n\n",
                                        FORTY_HEX "0123456789abcdef012345678"};
    site_key_t loaded;

    for (unsigned number = 0; number < sizeof(texts) / sizeof(*texts); number++) {
        write_file(*state, texts[number], 0600);
        assert_int_equal(load(*state, &loaded), APR_EINVAL);
    }
    write_file(*state, FORTY_HEX "0123456789abcdef01234567", 0600);
    assert_int_equal(load(*state, &loaded), APR_SUCCESS);
    assert_int_equal(loaded.bytes[1], 0x23);
    write_file(*state, FORTY_HEX "0123456789abcdef01234567\n", 0640);
    assert_int_equal(load(*state, &loaded), APR_EACCES);
}

static void refuses_links_and_pipes(void **state)
{
    folder_t *folder = *state;
    site_key_t loaded;

    assert_int_equal(symlink("/etc/hostname", folder->file), 0);
    assert_int_equal(load(folder, &loaded), ELOOP);
    unlink(folder->file);
    assert_int_equal(mkfifo(folder->file, 0600), 0);
    assert_int_equal(load(folder, &loaded), APR_EBADF);
}

/* All who start at once must come to the same key. */
static void racing_starts_agree(void **state)
{
    folder_t *folder = *state;
    site_key_t keys[4];
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    for (int child = 0; child < 4; child++) {
        if (fork() == 0) {
            apr_status_t rv = load(folder, &keys[0]);
            ssize_t written = write(pipes[1], &keys[0], sizeof(keys[0]));

            _exit(rv != APR_SUCCESS || written != (ssize_t)sizeof(keys[0]));
        }
    }
    for (int child = 0; child < 4; child++) {
        int status;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
        assert_int_equal(read(pipes[0], &keys[child], sizeof(keys[0])), sizeof(keys[0]));
        assert_memory_equal(&keys[child], &keys[0], sizeof(keys[0]));
    }
    close(pipes[0]);
    close(pipes[1]);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_soft_rotation),
        cmocka_unit_test(other_lengths_count_whole),
        cmocka_unit_test(depends_on_site_and_key),
        cmocka_unit_test(is_the_documented_function),
        cmocka_unit_test(kinds_never_meet),
        cmocka_unit_test(users_differ_by_database_and_number),
        cmocka_unit_test(knows_api_keys),
        cmocka_unit_test(references_are_32_hex_digits_of_their_own),
        IN_FOLDER(makes_a_key_and_keeps_it),
        IN_FOLDER(two_keys_differ),
        IN_FOLDER(gives_the_file_to_its_owner_as_root),
        IN_FOLDER(refuses_what_is_no_key),
        IN_FOLDER(refuses_links_and_pipes),
        IN_FOLDER(racing_starts_agree),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
