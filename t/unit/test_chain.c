/* The hash chain: its documented form, and that every change of a hashed cell shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "trail/chain.h"

static apr_pool_t *pool;
static buffer_t scratch;

static int set_up(void **state)
{
    (void)state;
    apr_pool_create(&pool, NULL);
    buffer_init(&scratch, pool, CHAIN_SCRATCH_LIMIT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

/* An event each of whose cells says its column's name. */
static event_t *full_event(void)
{
    event_t *event = event_create(pool);

    for (int column = 0; column < EVENT_COLUMNS; column++) {
        event_set(event, column, event_columns[column].name);
    }
    return event;
}

/* As docs/trail.md shows it; the hash is what sha256sum says of that text. */
static void test_documented_example(void **state)
{
    static const char form[] =
        "id:1:1\ntime:24:2026-11-23T09:14:43.123Z\nsite:4:odoo\ndatabase:4:prod\nuid:1:2\n"
        "login:5:admin\nuser:7:J\xc3\xb6rg A\nsession:0:\nip:9:127.0.0.1\nchannel:3:web\n"
        "operation:5:write\nmodel:11:res.partner\nrecord_ids:3:7 9\nrecord_count:1:2\n"
        "method:8:web_save\nfields:4:name\nvalues:15:{\"name\":\"a\\nb\"}\noutcome:7:success\n"
        "error:0:\nstatus:3:200\nduration_ms:2:31\npath:0:\nflags:0:\npeer_ip:0:\nnode:1:n\n"
        "sequence:1:1\nprevious_hash:64:" CHAIN_GENESIS "\nold_values:0:\n";
    static const char *const cells[EVENT_COLUMNS] = {
        [EVENT_ID] = "1",
        [EVENT_TIME] = "2026-11-23T09:14:43.123Z",
        [EVENT_SITE] = "odoo",
        [EVENT_DATABASE] = "prod",
        [EVENT_UID] = "2",
        [EVENT_LOGIN] = "admin",
        [EVENT_USER] = "J\xc3\xb6rg A",
        [EVENT_IP] = "127.0.0.1",
        [EVENT_COUNTRY] = "Austria",
        [EVENT_CHANNEL] = "web",
        [EVENT_OPERATION] = "write",
        [EVENT_MODEL] = "res.partner",
        [EVENT_RECORD_IDS] = "7 9",
        [EVENT_RECORD_COUNT] = "2",
        [EVENT_METHOD] = "web_save",
        [EVENT_FIELDS] = "name",
        [EVENT_VALUES] = "{\"name\":\"a\\nb\"}",
        [EVENT_OUTCOME] = "success",
        [EVENT_STATUS] = "200",
        [EVENT_DURATION_MS] = "31",
        [EVENT_NODE] = "n",
        [EVENT_SEQUENCE] = "1",
        [EVENT_USER_AGENT] = "curl/7.88.1",
    };
    event_t *event = event_create(pool);

    (void)state;
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        event_set(event, column, cells[column]);
    }
    chain_link(event, CHAIN_GENESIS, &scratch);
    assert_string_equal(buffer_string(&scratch), form);
    assert_string_equal(event->cell[EVENT_HASH],
                        "4a0fbe3e98c6b082dca1559887817f2c320672b40076b65c78e659eebae6daf5");
}

static void test_every_hashed_cell_counts(void **state)
{
    event_t *event = full_event();

    (void)state;
    chain_link(event, CHAIN_GENESIS, &scratch);
    assert_true(chain_intact(event, &scratch));
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        event_t changed = *event;

        if (column != EVENT_HASH) {
            changed.cell[column] = apr_pstrcat(pool, event->cell[column], "x", NULL);
            assert_int_equal(chain_intact(&changed, &scratch), !event_columns[column].hashed);
        }
    }
}

static void test_which_cells_lie_outside(void **state)
{
    static const event_column_t outside[] = {EVENT_COUNTRY,    EVENT_CITY,        EVENT_BROWSER,
                                             EVENT_OS,         EVENT_DEVICE,      EVENT_HASH,
                                             EVENT_USER_AGENT, EVENT_CLIENT_HINTS};
    int count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        assert_false(event_columns[outside[i]].hashed);
    }
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        count += !event_columns[column].hashed;
    }
    assert_int_equal(count, sizeof(outside) / sizeof(outside[0]));
}

/* What moves from one cell to its neighbour changes the form. */
static void test_cells_do_not_run_together(void **state)
{
    event_t *left = event_create(pool), *right = event_create(pool);

    (void)state;
    event_set(left, EVENT_MODEL, "a\nrecord_ids:1:b");
    event_set(right, EVENT_MODEL, "a");
    event_set(right, EVENT_RECORD_IDS, "b");
    chain_link(left, CHAIN_GENESIS, &scratch);
    chain_link(right, CHAIN_GENESIS, &scratch);
    assert_string_not_equal(left->cell[EVENT_HASH], right->cell[EVENT_HASH]);
}

static void test_names_learned_later(void **state)
{
    event_t *event = full_event();

    (void)state;
    event_set(event, EVENT_UID, NULL);
    event_set(event, EVENT_USER, NULL);
    chain_link(event, CHAIN_GENESIS, &scratch);
    event_set(event, EVENT_UID, "7");
    event_set(event, EVENT_USER, "Somebody");
    assert_true(chain_intact(event, &scratch));
    event_set(event, EVENT_LOGIN, "another");
    assert_false(chain_intact(event, &scratch));
}

static void test_no_hash_is_not_intact(void **state)
{
    event_t *event = full_event();

    (void)state;
    event_set(event, EVENT_HASH, NULL);
    assert_false(chain_intact(event, &scratch));
}

static void test_small_scratch_gives_no_hash(void **state)
{
    event_t *event = full_event();
    buffer_t small;

    (void)state;
    buffer_init(&small, pool, 64);
    chain_link(event, CHAIN_GENESIS, &small);
    assert_null(event->cell[EVENT_HASH]);
}

static void test_chain_of_events(void **state)
{
    event_t *first = full_event(), *second = full_event();

    (void)state;
    chain_link(first, CHAIN_GENESIS, &scratch);
    chain_link(second, first->cell[EVENT_HASH], &scratch);
    assert_string_equal(second->cell[EVENT_PREVIOUS_HASH], first->cell[EVENT_HASH]);
    assert_string_not_equal(second->cell[EVENT_HASH], first->cell[EVENT_HASH]);
    assert_true(chain_intact(second, &scratch));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_documented_example),          TEST(test_every_hashed_cell_counts),
        TEST(test_which_cells_lie_outside),     TEST(test_cells_do_not_run_together),
        TEST(test_names_learned_later),         TEST(test_no_hash_is_not_intact),
        TEST(test_small_scratch_gives_no_hash), TEST(test_chain_of_events),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
