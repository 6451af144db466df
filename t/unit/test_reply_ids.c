/* Records that an answer shows or does not tell of: which of them become ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "odoo/reply.h"

#define CALL_KW "/web/dataset/call_kw"

static apr_pool_t *pool;

static const char *json_of(const char *result)
{
    return apr_pstrcat(pool, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":", result, "}", NULL);
}

static const reply_t *answer_to(const call_t *call, const char *body)
{
    reply_head_t head = {.method = "POST", .status = 200, .sent_session = "old"};
    reply_reader_t *reader = reply_reader_create(pool, route_find(CALL_KW), call, &head, 1);

    reply_reader_feed(reader, body, strlen(body));
    return reply_reader_finish(reader, body[strlen(body) - 1] == '}');
}

static const reply_t *answer(operation_t operation, result_ids_t ids, const char *result)
{
    call_t *call = apr_pcalloc(pool, sizeof(*call));

    call->operation = operation;
    call->result_ids = ids;
    return answer_to(call, json_of(result));
}

static void assert_ids(const reply_t *reply, const char *ids, apr_int64_t count)
{
    assert_int_equal(reply->outcome, OUTCOME_SUCCESS);
    assert_int_equal(reply->record_count, count);
    if (ids) {
        assert_string_equal(reply->record_ids, ids);
    }
    else {
        assert_null(reply->record_ids);
    }
}

#define GROUPS "groups[].(__groups)__records[].id groups[].__data.records[].id"

static void test_ids_in_groups_within_groups(void **state)
{
    const char *deep = "{\"__records\":[{\"id\":7}]}";
    const reply_t *reply;

    (void)state;
    assert_ids(answer(OPERATION_SEARCH, GROUPS,
                      "{\"length\":2,\"groups\":[{\"id\":9,\"__records\":[{\"id\":"
                      "1}]},{\"__groups\":{\"groups\":[{\"__records\":[{\"id\":2,\"__groups\":{"
                      "\"groups\":[{\"__records\":[{\"id\":8}]}]}}]},{\"__groups\":{\"groups\":"
                      "[{\"__records\":[{\"id\":3}]}]}}]}},{\"__data\":{\"records\":[{\"id\":4}"
                      "]}}]}"),
               "1 2 3 4", 4);
    for (int depth = 0; depth < 15; depth++) {
        deep = apr_pstrcat(pool, "{\"__groups\":{\"groups\":[", deep, "]}}", NULL);
    }
    assert_ids(answer(OPERATION_SEARCH, GROUPS,
                      apr_pstrcat(pool, "{\"groups\":[", deep, "]}", NULL)),
               "7", 1);
    for (int depth = 0; depth < 15; depth++) {
        deep = apr_pstrcat(pool, "{\"__groups\":{\"groups\":[", deep, "]}}", NULL);
    }
    reply = answer(OPERATION_SEARCH, GROUPS, apr_pstrcat(pool, "{\"groups\":[", deep, "]}", NULL));
    assert_int_equal(reply->outcome, OUTCOME_SUCCESS);
    assert_string_equal(reply->flags, CALL_FLAG_TRUNCATED);
}

/* Groups that are not open have records all the same, of which nothing is told. */
static void test_groups_without_records(void **state)
{
    call_t call = {.operation = OPERATION_SEARCH, .result_ids = GROUPS, .may_show_none = 1};

    (void)state;
    assert_ids(answer_to(&call, json_of("{\"groups\":[{\"__count\":9}]}")), NULL, -1);
}

static void test_calls_that_only_count_for_what_they_show(void **state)
{
    call_t call = {.operation = OPERATION_READ, .result_ids = "[].id", .hidden_read = 1};

    (void)state;
    assert_ids(answer_to(&call, json_of("[{\"id\":5}]")), "5", 1);
    assert_int_equal(answer_to(&call, json_of("[{\"id\":5}]"))->operation, OPERATION_READ);
    assert_int_equal(answer_to(&call, json_of("[]"))->operation, OPERATION_NONE);
    assert_int_equal(
        answer_to(&call, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":200,\"data\":{\"name\":"
                         "\"odoo.exceptions.AccessError\"}}}")
            ->operation,
        OPERATION_NONE);
    assert_int_equal(answer_to(&call, "{\"jsonrpc\":\"2.0\",\"result\":[{\"i")->operation,
                     OPERATION_READ);
}

static void test_ids_that_nobody_tells(void **state)
{
    (void)state;
    assert_string_equal(answer(OPERATION_CREATE, NULL, "[{\"id\":9}]")->flags,
                        CALL_FLAG_IDS_UNKNOWN);
    assert_string_equal(answer(OPERATION_CREATE, ". []", "false")->flags, CALL_FLAG_IDS_UNKNOWN);
    assert_null(answer(OPERATION_CREATE, ". []", "9")->flags);
    assert_null(answer(OPERATION_WRITE, NULL, "true")->flags);
}

static int setup(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL) == APR_SUCCESS ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_in_groups_within_groups),
        cmocka_unit_test(test_groups_without_records),
        cmocka_unit_test(test_calls_that_only_count_for_what_they_show),
        cmocka_unit_test(test_ids_that_nobody_tells),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, setup, teardown);
}
