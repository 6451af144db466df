/* What alerts are judged by and sent from. */
#include "test_store_fixture.h"

#include <apr_general.h>

#include "store/alert_store.h"

#define AT(seconds) (apr_time_from_msec(FIXTURE_START) + apr_time_from_sec(seconds))

static const store_user_t mia = {"erp", "odoo", "7"}, bob = {"erp", NULL, "8"};

static void begin(fixture_t *fixture)
{
    assert_int_equal(store_begin(fixture->store), APR_SUCCESS);
}

static void commit(fixture_t *fixture)
{
    assert_int_equal(store_commit(fixture->store), APR_SUCCESS);
}

static int note(fixture_t *fixture, const store_user_t *user, const char *kind, const char *value,
                int seconds)
{
    int is_new = -1;

    assert_int_equal(store_known_note(fixture->store, user, kind, value, AT(seconds), &is_new),
                     APR_SUCCESS);
    return is_new;
}

static apr_int64_t known(fixture_t *fixture, const store_user_t *user, const char *kind)
{
    apr_int64_t count = -1;

    assert_int_equal(store_known_count(fixture->store, user, kind, &count), APR_SUCCESS);
    return count;
}

static void test_known(void **state)
{
    fixture_t *fixture = fixture_of(state);
    apr_array_header_t *values;
    store_user_t holder;

    begin(fixture);
    assert_int_equal(note(fixture, &mia, "device", "Chrome, '%s", 1), 1);
    assert_int_equal(note(fixture, &mia, "device", "Chrome, '%s", 5), 0);
    assert_int_equal(note(fixture, &bob, "device", "Chrome, '%s", 2), 1);
    assert_int_equal(note(fixture, &mia, "login", "mia", 1), 1);
    assert_int_equal(note(fixture, &bob, "login", "mia", 0), 1);
    store_rollback(fixture->store);
    begin(fixture);
    assert_int_equal(note(fixture, &mia, "device", "Chrome", 1), 1);
    assert_int_equal(note(fixture, &mia, "login", "mia", 1), 1);
    assert_int_equal(note(fixture, &bob, "login", "mia", 0), 1);
    assert_int_equal(note(fixture, &bob, "login", "mia", 9), 0);
    commit(fixture);
    fixture_reopen(fixture);
    begin(fixture);
    assert_int_equal(known(fixture, &mia, "device"), 1);
    assert_int_equal(known(fixture, &bob, "device"), 0);
    assert_int_equal(store_known_holder(fixture->store, "erp", "login", "mia", &holder,
                                        fixture->pool),
                     APR_SUCCESS);
    assert_string_equal(holder.uid, "8"); /* who had it last */
    assert_int_equal(store_known_holder(fixture->store, "other", "login", "mia", &holder,
                                        fixture->pool),
                     APR_NOTFOUND);
    assert_int_equal(store_known_values(fixture->store, "erp", "login", &values, fixture->pool),
                     APR_SUCCESS);
    assert_int_equal(values->nelts, 1);
    assert_int_equal(store_known_forget(fixture->store, &mia, "device"), APR_SUCCESS);
    assert_int_equal(note(fixture, &mia, "device", "Chrome", 9), 1);
    assert_int_equal(store_alerts_purge(fixture->store, 0, AT(9)), APR_SUCCESS);
    assert_int_equal(known(fixture, &mia, "login"), 0); /* last seen before */
    assert_int_equal(known(fixture, &mia, "device"), 1);
    assert_int_equal(known(fixture, &bob, "login"), 1);
    commit(fixture);
}

static apr_int64_t sum(fixture_t *fixture, const char *name, apr_int64_t first)
{
    apr_int64_t total = -1;

    assert_int_equal(store_counter_sum(fixture->store, name, first, &total), APR_SUCCESS);
    return total;
}

static void test_counters(void **state)
{
    fixture_t *fixture = fixture_of(state);

    begin(fixture);
    assert_int_equal(sum(fixture, "a", 0), 0);
    assert_int_equal(store_counter_add(fixture->store, "a", 10, 3, AT(10)), APR_SUCCESS);
    assert_int_equal(store_counter_add(fixture->store, "a", 10, 4, AT(10)), APR_SUCCESS);
    assert_int_equal(store_counter_add(fixture->store, "a", 11, 5, AT(20)), APR_SUCCESS);
    assert_int_equal(store_counter_add(fixture->store, "b", 11, 1, AT(20)), APR_SUCCESS);
    assert_int_equal(sum(fixture, "a", 10), 12);
    assert_int_equal(sum(fixture, "a", 11), 5);
    assert_int_equal(sum(fixture, "b", 0), 1);
    assert_int_equal(store_alerts_purge(fixture->store, AT(15), 0), APR_SUCCESS);
    assert_int_equal(sum(fixture, "a", 0), 5);
    commit(fixture);
}

static apr_array_header_t *due(fixture_t *fixture, const char *node, int seconds, int limit)
{
    apr_array_header_t *rows;

    assert_int_equal(store_outbox_due(fixture->store, node, "mail", AT(seconds), limit, &rows,
                                      fixture->pool),
                     APR_SUCCESS);
    return rows;
}

static void put(fixture_t *fixture, const char *node, const char *id, const char *channel,
                int seconds)
{
    store_outbox_t message = {.id = id,
                              .site = "erp",
                              .channel = channel,
                              .recipient = "a@example.com",
                              .about = "new_login",
                              .content = "To: a\r\n\r\n100 %s 'x'\r\n",
                              .made = AT(1),
                              .due = AT(seconds)};

    assert_int_equal(store_outbox_put(fixture->store, node, &message), APR_SUCCESS);
}

static void test_outbox(void **state)
{
    fixture_t *fixture = fixture_of(state);
    const store_outbox_t *row;
    apr_int64_t count;
    store_t *reader;

    begin(fixture);
    put(fixture, "n", "1", "mail", 2);
    put(fixture, "n", "1", "mail", 1); /* there already */
    put(fixture, "n", "2", "mail", 1);
    put(fixture, "n", "3", "webhook", 1);
    put(fixture, "other", "4", "mail", 1);
    commit(fixture);
    assert_int_equal(due(fixture, "n", 0, 10)->nelts, 0);
    assert_int_equal(due(fixture, "n", 1, 10)->nelts, 1);
    assert_int_equal(due(fixture, "n", 9, 10)->nelts, 2);
    assert_int_equal(due(fixture, "n", 9, 1)->nelts, 1);
    row = &APR_ARRAY_IDX(due(fixture, "n", 9, 10), 1, store_outbox_t);
    assert_string_equal(row->id, "1");
    assert_string_equal(row->content, "To: a\r\n\r\n100 %s 'x'\r\n");
    assert_string_equal(row->recipient, "a@example.com");
    assert_true(row->made == AT(1) && row->due == AT(2) && row->tries == 0);
    begin(fixture);
    assert_int_equal(store_outbox_retry(fixture->store, "1", AT(60)), APR_SUCCESS);
    assert_int_equal(store_outbox_remove(fixture->store, "2"), APR_SUCCESS);
    commit(fixture);
    assert_int_equal(due(fixture, "n", 59, 10)->nelts, 0);
    row = &APR_ARRAY_IDX(due(fixture, "n", 60, 10), 0, store_outbox_t);
    assert_int_equal(row->tries, 1);
    reader = fixture_reader(fixture);
    assert_int_equal(store_outbox_count(reader, "erp", &count), APR_SUCCESS);
    assert_int_equal(count, 3);
    store_close(reader);
}

static void test_outbox_of_others(void **state)
{
    fixture_t *fixture = fixture_of(state);
    int count;

    begin(fixture);
    put(fixture, "other", "1", "mail", 1);
    put(fixture, "other", "2", "mail", 5);
    put(fixture, "other", "3", "webhook", 1);
    put(fixture, "n", "4", "mail", 1);
    assert_int_equal(store_outbox_adopt(fixture->store, "n", "mail", AT(4), &count), APR_SUCCESS);
    assert_int_equal(count, 1);
    commit(fixture);
    assert_int_equal(due(fixture, "n", 9, 10)->nelts, 2);
    assert_int_equal(due(fixture, "other", 9, 10)->nelts, 1);
}

static void test_opt_outs(void **state)
{
    fixture_t *fixture = fixture_of(state);
    apr_array_header_t *list;
    store_t *reader;
    int out;

    begin(fixture);
    assert_int_equal(store_opt_out(fixture->store, &mia, 1, "boss", AT(1)), APR_SUCCESS);
    assert_int_equal(store_opt_out(fixture->store, &mia, 1, "boss", AT(2)), APR_SUCCESS);
    assert_int_equal(store_opt_out(fixture->store, &bob, 1, NULL, AT(3)), APR_SUCCESS);
    commit(fixture);
    reader = fixture_reader(fixture);
    assert_int_equal(store_opted_out(reader, &mia, &out), APR_SUCCESS);
    assert_int_equal(out, 1);
    assert_int_equal(store_opt_outs(reader, "erp", &list, fixture->pool), APR_SUCCESS);
    assert_int_equal(list->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(list, 1, store_opt_out_t).uid, "7");
    assert_string_equal(APR_ARRAY_IDX(list, 1, store_opt_out_t).set_by, "boss");
    assert_true(APR_ARRAY_IDX(list, 1, store_opt_out_t).since == AT(1));
    store_close(reader);
    begin(fixture);
    assert_int_equal(store_opt_out(fixture->store, &mia, 0, "boss", AT(4)), APR_SUCCESS);
    assert_int_equal(store_opted_out(fixture->store, &mia, &out), APR_SUCCESS);
    assert_int_equal(out, 0);
    commit(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_known),    FIXTURE_TEST(test_counters),
        FIXTURE_TEST(test_outbox),   FIXTURE_TEST(test_outbox_of_others),
        FIXTURE_TEST(test_opt_outs),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
