/* What the tests of the call reader share. */
#ifndef CALL_FIXTURE_H
#define CALL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "odoo/call.h"
#include "text/path.h"

#define CALL_KW "/web/dataset/call_kw"

static apr_pool_t *pool;
static redact_t *redact;

static inline const call_t *read_at(const char *raw_path, const char *content_type,
                                    values_level_t values, const char *body, int complete)
{
    call_request_t request = {.path = path_decode(pool, raw_path), .content_type = content_type};
    call_reader_t *reader =
        call_reader_create(pool, route_find(request.path), &request, redact, values);

    call_reader_feed(reader, body, strlen(body));
    return call_reader_finish(reader, complete);
}

static inline const call_t *read_body(const char *body)
{
    return read_at(CALL_KW, "application/json", VALUES_FULL, body, 1);
}

/* A call of a method with these arguments, as JSON. */
static inline const call_t *call_with(const char *model, const char *method, const char *args,
                                      const char *kwargs)
{
    return read_body(apr_psprintf(pool,
                                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"params\":{\"model\":\"%s\","
                                  "\"method\":\"%s\",\"args\":%s,\"kwargs\":%s}}",
                                  model, method, args, kwargs));
}

static inline void assert_text(const char *text, const char *expected)
{
    if (expected) {
        assert_non_null(text);
        assert_string_equal(text, expected);
    }
    else {
        assert_null(text);
    }
}

static inline void assert_records(const call_t *call, operation_t operation, const char *ids,
                                  apr_int64_t count)
{
    assert_int_equal(call->operation, operation);
    assert_text(call->record_ids, ids);
    assert_int_equal(call->record_count, count);
}

static inline int setup(void **state)
{
    (void)state;
    if (apr_pool_create(&pool, NULL) != APR_SUCCESS) {
        return 1;
    }
    redact = redact_create(pool);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

#endif
