#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "text/json_value.h"
#include "trail/event_ecs.h"

static apr_pool_t *pool;

static const json_limits_t LIMITS = {.nodes = 4096,
                                     .bytes = 1024 * 1024,
                                     .string = 256 * 1024,
                                     .members = 4096};

static event_t *sample(void)
{
    event_t *event = event_create(pool);

    event_set(event, EVENT_TIME, "2026-11-26T10:00:00.123Z");
    event_set_integer(event, EVENT_ID, 42);
    event_set(event, EVENT_NODE, "erp one");
    event_set_integer(event, EVENT_SEQUENCE, 7);
    event_set(event, EVENT_OPERATION, "unlink");
    event_set(event, EVENT_OUTCOME, "denied");
    event_set(event, EVENT_MODEL, "res.partner");
    event_set(event, EVENT_RECORD_IDS, "1 2 3");
    event_set(event, EVENT_DURATION_MS, "5");
    return event;
}

static json_value_t *line_of(const event_t *event)
{
    buffer_t buffer;
    json_value_t *line;

    buffer_init(&buffer, pool, EVENT_ECS_MOST);
    event_ecs_line(&buffer, event);
    assert_int_equal(buffer.data[buffer.length - 1], '\n');
    assert_null(memchr(buffer.data, '\n', buffer.length - 1));
    line = json_parse(pool, buffer.data, buffer.length, &LIMITS);
    assert_non_null(line);
    return line;
}

static const char *text_at(json_value_t *line, const char *outer, const char *inner)
{
    return json_string(json_member(json_member(line, outer), inner));
}

static void a_line_is_one_object(void **state)
{
    json_value_t *line = line_of(sample()), *ids;
    apr_int64_t number;

    (void)state;
    assert_string_equal(text_at(line, "event", "outcome"), "failure");
    assert_string_equal(text_at(line, "odoo", "outcome"), "denied");
    assert_string_equal(text_at(line, "event", "id"), "erp one-7");
    assert_true(json_integer(json_member(json_member(line, "event"), "duration"), &number));
    assert_int_equal(number, 5000000);
    ids = json_member(json_member(line, "odoo"), "record_ids");
    assert_true(json_integer(json_element(ids, 2), &number));
    assert_int_equal(number, 3);
}

static void a_duration_that_is_none_keeps_within_bounds(void **state)
{
    static const struct {
        const char *cell;
        apr_int64_t nanoseconds;
    } cases[] = {
        {"-9223372036854775808", -9223372036854000000},
        {"9223372036854775807", 9223372036854000000},
        {"-1", -1000000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        event_t *event = sample();
        apr_int64_t number;

        event_set(event, EVENT_DURATION_MS, cases[i].cell);
        assert_true(
            json_integer(json_member(json_member(line_of(event), "event"), "duration"), &number));
        assert_true(number == cases[i].nanoseconds);
    }
}

static void values_stand_as_they_are(void **state)
{
    event_t *event = sample();
    json_value_t *odoo;

    (void)state;
    event_set(event, EVENT_VALUES, "{\"name\":\"a\\\"b\"}");
    event_set(event, EVENT_OLD_VALUES, "{\"name\":\"c\"}");
    odoo = json_member(line_of(event), "odoo");
    assert_string_equal(json_string(json_member(json_member(odoo, "values"), "name")), "a\"b");
    assert_string_equal(json_string(json_member(json_member(odoo, "old_values"), "name")), "c");
}

static void an_empty_event_is_an_object_too(void **state)
{
    (void)state;
    assert_string_equal(text_at(line_of(event_create(pool)), "event", "outcome"), "unknown");
}

static void the_longest_event_fits(void **state)
{
    event_t *event = event_create(pool);
    buffer_t buffer;

    (void)state;
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        apr_size_t length = event_columns[column].limit;
        char *text = apr_palloc(pool, length + 1);

        memset(text, event_columns[column].kind == EVENT_KIND_INTEGER ? '9' : '\x01', length);
        text[length] = '\0';
        event->cell[column] = text;
    }
    event->cell[EVENT_VALUES] = event->cell[EVENT_OLD_VALUES] =
        apr_psprintf(pool, "\"%s\"", apr_pstrmemdup(pool, event->cell[EVENT_PATH], 0));
    buffer_init(&buffer, pool, EVENT_ECS_MOST);
    event_ecs_line(&buffer, event);
    assert_false(buffer.overflow);
}

static void a_line_is_known_again(void **state)
{
    buffer_t buffer;
    const char *node;
    apr_int64_t sequence, id;

    (void)state;
    buffer_init(&buffer, pool, EVENT_ECS_MOST);
    event_ecs_line(&buffer, sample());
    assert_int_equal(event_ecs_identify(buffer.data, buffer.length - 1, &node, &sequence, &id,
                                        pool),
                     APR_SUCCESS);
    assert_string_equal(node, "erp one");
    assert_int_equal(sequence, 7);
    assert_int_equal(id, 42);
    assert_int_equal(event_ecs_identify(buffer.data, buffer.length / 2, &node, &sequence, &id,
                                        pool),
                     APR_EINVAL);
    assert_int_equal(event_ecs_identify("{}", 2, &node, &sequence, &id, pool), APR_EINVAL);
}

static void a_message_has_a_header_of_plain_words(void **state)
{
    static const char start[] =
        "<108>1 2026-11-26T10:00:00.123Z erp_one user_audit - unlink - {\"@timestamp\"";
    buffer_t buffer;

    (void)state;
    buffer_init(&buffer, pool, EVENT_ECS_MOST);
    event_syslog(&buffer, sample(), pool);
    assert_memory_equal(buffer.data, start, sizeof(start) - 1);
}

static void a_long_message_loses_its_values(void **state)
{
    event_t *event = sample();
    char *text = apr_palloc(pool, 20001);
    buffer_t buffer;

    (void)state;
    memset(text, 'x', 20000);
    text[20000] = '\0';
    event_set(event, EVENT_VALUES, apr_pstrcat(pool, "{\"note\":\"", text, "\"}", NULL));
    buffer_init(&buffer, pool, EVENT_ECS_MOST);
    buffer_append_string(&buffer, "before");
    event_syslog(&buffer, event, pool);
    assert_true(buffer.length < EVENT_SYSLOG_MOST);
    assert_memory_equal(buffer.data, "before<108>1 ", 13);
    assert_non_null(strstr(buffer_string(&buffer), "\"flags\":[\"truncated\"]"));
    assert_null(event->cell[EVENT_FLAGS]);
    assert_non_null(event->cell[EVENT_VALUES]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_one_object),
        cmocka_unit_test(a_duration_that_is_none_keeps_within_bounds),
        cmocka_unit_test(values_stand_as_they_are),
        cmocka_unit_test(an_empty_event_is_an_object_too),
        cmocka_unit_test(the_longest_event_fits),
        cmocka_unit_test(a_line_is_known_again),
        cmocka_unit_test(a_message_has_a_header_of_plain_words),
        cmocka_unit_test(a_long_message_loses_its_values),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    return failed;
}
