/* Browser, system, device and place on their way into the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "keeper_fixture.h"
#include "mmdb_writer.h"

#define RULES T_SOURCE "/unit/user_agent_rules.yaml"
#define FIREFOX "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"

#define LONG_RULES                                                                                 \
    "user_agent_parsers:\n  - regex: 'Longname ([A-Za-z]+)'\n    family_replacement: '$1'\n"       \
    "os_parsers:\n  - regex: 'nothing'\ndevice_parsers:\n  - regex: 'nothing'\n"

static const char *write_file(const char *name, const char *bytes, apr_size_t length)
{
    const char *path = apr_pstrcat(pool, state_dir, "/", name, NULL);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void use_places(void)
{
    static const char *paths[1];
    mmdb_t *mmdb = mmdb_create(pool, 6, 24);
    unsigned code;
    apr_size_t length;
    const char *bytes;

    mmdb_map(mmdb, 2);
    mmdb_pair(mmdb, "country_name", "Belgium");
    mmdb_pair(mmdb, "city", "Ghent");
    mmdb_network(mmdb, "198.51.100.0", 24, 0);
    code = mmdb_here(mmdb);
    mmdb_map(mmdb, 1);
    mmdb_pair(mmdb, "country_code", "BE");
    mmdb_network(mmdb, "2001:db8::", 32, code);
    bytes = mmdb_bytes(mmdb, &length);
    paths[0] = write_file("places.mmdb", bytes, length);
    config.places = paths;
    config.place_count = 1;
}

static void append_event(journal_t *journal, apr_uint64_t number, const char *path,
                         const char *user_agent, const char *address)
{
    event_t *event = event_create(pool);

    event_set(event, EVENT_OPERATION, "write");
    event_set(event, EVENT_OUTCOME, "success");
    event_set(event, EVENT_PATH, path);
    event_set(event, EVENT_USER_AGENT, user_agent);
    event_set(event, EVENT_IP, address);
    assert_int_equal(journal_append(journal, JOURNAL_EVENT, number, event), APR_SUCCESS);
}

static void assert_cells(const char *path, const char *browser, const char *os, const char *device,
                         const char *country, const char *city)
{
    static const event_column_t columns[] = {EVENT_BROWSER, EVENT_OS, EVENT_DEVICE, EVENT_COUNTRY,
                                             EVENT_CITY};
    const char *expected[] = {browser, os, device, country, city};
    const event_t *event = stored_with(path);

    for (int i = 0; i < 5; i++) {
        const char *cell = event->cell[columns[i]];

        assert_string_equal(cell ? cell : "", expected[i]);
    }
}

/* stored_with asserts besides that the chain is whole: these cells are outside of the hash. */
static void test_cells_are_filled_in(void **state)
{
    journal_t *journal = open_journal();

    (void)state;
    config.user_agents = RULES;
    use_places();
    append_event(journal, 1, "/both", FIREFOX, "198.51.100.7");
    append_event(journal, 2, "/code", "curl/8.1", "2001:db8::7");
    append_event(journal, 3, "/private", "unknown", "10.0.0.1");
    append_event(journal, 4, "/nowhere", FIREFOX, "203.0.113.1");
    append_event(journal, 5, "/nothing", NULL, NULL);
    journal_close(journal);
    drain_all();
    assert_cells("/both", "Firefox 127", "Linux", "PC", "Belgium", "Ghent");
    assert_cells("/code", "curl 8.1", "", "Program", "BE", "");
    assert_cells("/private", "", "", "", "private network", "");
    assert_cells("/nowhere", "Firefox 127", "Linux", "PC", "", "");
    assert_cells("/nothing", "", "", "", "", "");
    assert_int_equal(logged("places of addresses"), 0);
}

/* A name that is too long for its cell is cut, and says nothing of it in a cell that was hashed. */
static void test_long_names_leave_the_hash_alone(void **state)
{
    journal_t *journal = open_journal();
    char name[201], agent[256], browser[129];
    const event_t *event;

    (void)state;
    memset(name, 'A', 200);
    name[200] = '\0';
    apr_snprintf(agent, sizeof(agent), "Longname %s", name);
    apr_cpystrn(browser, name, sizeof(browser));
    config.user_agents = write_file("long.yaml", LONG_RULES, strlen(LONG_RULES));
    append_event(journal, 1, "/long", agent, NULL);
    append_event(journal, 2, "/again", agent, NULL);
    append_event(journal, 3, "/other", "Longname other", NULL);
    journal_close(journal);
    drain_all();
    assert_cells("/long", browser, "", "", "", "");
    assert_cells("/again", browser, "", "", "", "");
    assert_cells("/other", "other", "", "", "", "");
    event = stored_with("/long");
    assert_null(event->cell[EVENT_FLAGS]);
}

static void test_cells_that_are_set_stay(void **state)
{
    journal_t *journal = open_journal();
    event_t *event = event_create(pool);

    (void)state;
    config.user_agents = RULES;
    use_places();
    event_set(event, EVENT_OPERATION, "write");
    event_set(event, EVENT_PATH, "/set");
    event_set(event, EVENT_USER_AGENT, FIREFOX);
    event_set(event, EVENT_OS, "Debian 12");
    event_set(event, EVENT_IP, "198.51.100.7");
    event_set(event, EVENT_CITY, "Bruges");
    assert_int_equal(journal_append(journal, JOURNAL_EVENT, 1, event), APR_SUCCESS);
    journal_close(journal);
    drain_all();
    assert_cells("/set", "", "Debian 12", "", "", "Bruges");
}

static void test_an_intent_that_met_its_outcome_is_filled_in(void **state)
{
    journal_t *journal = open_journal();
    event_t *intent = event_create(pool);

    (void)state;
    config.user_agents = RULES;
    event_set(intent, EVENT_OPERATION, "write");
    event_set(intent, EVENT_PATH, "/late");
    event_set(intent, EVENT_USER_AGENT, FIREFOX);
    assert_int_equal(journal_append(journal, JOURNAL_INTENT, 1, intent), APR_SUCCESS);
    drain_all();
    append(journal, JOURNAL_OUTCOME, 1, NULL, "success");
    journal_close(journal);
    drain_all();
    assert_cells("/late", "Firefox 127", "Linux", "PC", "", "");
}

static void test_what_cannot_be_used_is_told_and_left_out(void **state)
{
    static const char *paths[] = {"/nowhere/places.mmdb"};
    journal_t *journal = open_journal();

    (void)state;
    config.user_agents = write_file("rules.yaml", "- x", 3);
    config.places = paths;
    config.place_count = 1;
    append_event(journal, 1, "/a", FIREFOX, "198.51.100.7");
    journal_close(journal);
    drain_all();
    assert_cells("/a", "", "", "", "", "");
    assert_int_equal(logged("no browser, system and device: "), 1);
    assert_int_equal(logged("rules.yaml line 1"), 1);
    assert_int_equal(logged("places of addresses: /nowhere/places.mmdb cannot be read"), 1);
    config.user_agents = "/nowhere/rules.yaml";
    drain_all();
    assert_int_equal(logged("/nowhere/rules.yaml is not there"), 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, keeper_set_up, keeper_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cells_are_filled_in),
        TEST(test_long_names_leave_the_hash_alone),
        TEST(test_cells_that_are_set_stay),
        TEST(test_an_intent_that_met_its_outcome_is_filled_in),
        TEST(test_what_cannot_be_used_is_told_and_left_out),
    };
    apr_pool_t *process;

    apr_initialize();
    apr_pool_create(&process, NULL);
    store_initialize(process, "sqlite3", NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
