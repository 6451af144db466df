#include "tamper_fixture.h"

#include <stdio.h>
#include <sys/wait.h>

#include <apr_dbd.h>

static const char *const tables[] = {"events", "chains",      "purged",
                                     "holds",  "purged_sets", "checkpoints"};

static const apr_dbd_driver_t *driver;
static apr_dbd_t *handle;
char tamper_output[TAMPER_OUTPUT_SIZE];

/* ---- the database, by hand ---- */

void tamper_sql(fixture_t *fixture, const char *statement)
{
    int changed, answer = apr_dbd_query(driver, handle, &changed, statement);

    if (answer) {
        fail_msg("%s: %s", statement, apr_dbd_error(driver, handle, answer));
    }
    (void)fixture;
}

/* Closes what apr_dbd itself leaves open when the pool goes. */
static apr_status_t close_database(void *opened)
{
    return apr_dbd_close(driver, opened);
}

void tamper_open(fixture_t *fixture)
{
    if (fixture->store) {
        store_close(fixture->store);
        fixture->store = NULL;
    }
    assert_int_equal(apr_dbd_get_driver(fixture->pool, fixture->config.driver, &driver),
                     APR_SUCCESS);
    assert_int_equal(apr_dbd_open(driver, fixture->pool, fixture->config.params, &handle),
                     APR_SUCCESS);
    apr_pool_cleanup_register(fixture->pool, handle, close_database, apr_pool_cleanup_null);
}

void tamper_keep(fixture_t *fixture)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        tamper_sql(fixture, apr_psprintf(fixture->pool, "DROP TABLE IF EXISTS kept_%s", tables[i]));
        tamper_sql(fixture, apr_psprintf(fixture->pool, "CREATE TABLE kept_%s AS SELECT * FROM %s",
                                         tables[i], tables[i]));
    }
}

void tamper_put_back(fixture_t *fixture)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        tamper_sql(fixture, apr_psprintf(fixture->pool, "DELETE FROM %s", tables[i]));
        tamper_sql(fixture, apr_psprintf(fixture->pool, "INSERT INTO %s SELECT * FROM kept_%s",
                                         tables[i], tables[i]));
    }
}

/* ---- the command ---- */

int tamper_run(fixture_t *fixture, const char *words)
{
    FILE *pipe =
        popen(apr_psprintf(fixture->pool, "'%s' -d %s -p '%s' -s '%s' %s 2>&1", USER_AUDIT,
                           fixture->config.driver, fixture->config.params, fixture->folder, words),
              "r");
    size_t length;
    int result;

    assert_non_null(pipe);
    length = fread(tamper_output, 1, sizeof(tamper_output) - 1, pipe);
    tamper_output[length] = '\0';
    result = pclose(pipe);
    assert_true(WIFEXITED(result));
    return WEXITSTATUS(result);
}

void tamper_expect(fixture_t *fixture, const char *words, int status, const char *said)
{
    int result = tamper_run(fixture, words);

    if (result != status || !strstr(tamper_output, said)) {
        fail_msg("%s: status %d, \"%s\" instead of %d, \"%s\"", words, result, tamper_output,
                 status, said);
    }
}

/* Statements parted by ";;". */
void tamper_find(fixture_t *fixture, const char *statements, const char *said)
{
    char *list = apr_pstrdup(fixture->pool, statements), *next;
    int result;

    for (char *at = list; at; at = next) {
        next = strstr(at, ";;");
        if (next) {
            *next = '\0';
            next += 2;
        }
        tamper_sql(fixture, at);
    }
    result = tamper_run(fixture, "verify");
    if (result != 1 || !strstr(tamper_output, said)) {
        fail_msg("%s: status %d, \"%s\" instead of \"%s\"", statements, result, tamper_output,
                 said);
    }
    tamper_put_back(fixture);
}
