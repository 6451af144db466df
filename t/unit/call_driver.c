/* Reads requests and their answers as frames from standard input and prints what the odoo room
 * makes of each as one line of JSON, for tests that hold recordings or Python's opinion against it.
 *
 * A frame is a decimal length, a newline and that many bytes. One record is the frames of frame_t;
 * an empty status means that there is no answer. Each body is read as a whole and in two ways of
 * cutting it; "stable" is false if they do not agree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "odoo/call.h"
#include "odoo/redact.h"
#include "odoo/reply.h"
#include "odoo/route.h"
#include "text/json_value.h"
#include "text/path.h"

#define MAX_FRAME (64 * 1024 * 1024)

typedef enum frame_t {
    FRAME_METHOD,
    FRAME_PATH, /* raw, without its query */
    FRAME_QUERY,
    FRAME_CONTENT_TYPE,
    FRAME_REFERER,
    FRAME_AUTHORIZATION,
    FRAME_BODY,
    FRAME_STATUS,
    FRAME_LOCATION,
    FRAME_SET_SESSION,
    FRAME_SENT_SESSION,
    FRAME_REPLY_TYPE,
    FRAME_DISPOSITION,
    FRAME_REPLY_BODY,
    FRAME_COUNT
} frame_t;

typedef struct text_t {
    char *data;
    apr_size_t length;
} text_t;

/* How a body is cut: into pieces of a fixed size, or (0) of sizes that look random. */
static const apr_size_t cuttings[] = {MAX_FRAME, 1, 0};

static int read_frame(apr_pool_t *pool, text_t *text)
{
    unsigned long length;

    if (scanf("%lu", &length) != 1 || getchar() != '\n' || length > MAX_FRAME) {
        return 0;
    }
    text->length = length;
    text->data = apr_palloc(pool, length + 1);
    text->data[length] = '\0';
    return fread(text->data, 1, length, stdin) == length;
}

static int read_record(apr_pool_t *pool, text_t frames[FRAME_COUNT])
{
    for (int i = 0; i < FRAME_COUNT; i++) {
        if (!read_frame(pool, &frames[i])) {
            return 0;
        }
    }
    return 1;
}

static apr_size_t piece(apr_size_t cutting, apr_size_t done, apr_size_t length)
{
    apr_size_t size = cutting ? cutting : 1 + (done * 7919 + length) % 61;

    return size < length - done ? size : length - done;
}

static const char *given(const text_t *text)
{
    return text->length > 0 ? text->data : NULL;
}

static const call_t *read_call(apr_pool_t *pool, const text_t *frames, const redact_t *redact,
                               apr_size_t cutting)
{
    call_request_t request = {.method = frames[FRAME_METHOD].data,
                              .path = path_decode(pool, frames[FRAME_PATH].data),
                              .query = given(&frames[FRAME_QUERY]),
                              .content_type = given(&frames[FRAME_CONTENT_TYPE]),
                              .referer = given(&frames[FRAME_REFERER]),
                              .credentials = frames[FRAME_SENT_SESSION].length > 0 ||
                                             frames[FRAME_AUTHORIZATION].length > 0};
    const text_t *body = &frames[FRAME_BODY];
    call_reader_t *reader =
        call_reader_create(pool, route_find(request.path), &request, redact, VALUES_FULL);

    for (apr_size_t done = 0, size; done < body->length; done += size) {
        size = piece(cutting, done, body->length);
        call_reader_feed(reader, body->data + done, size);
    }
    return call_reader_finish(reader, 1);
}

static const reply_t *read_reply(apr_pool_t *pool, const text_t *frames, const call_t *call,
                                 apr_size_t cutting)
{
    const text_t *body = &frames[FRAME_REPLY_BODY];
    reply_head_t head = {.method = frames[FRAME_METHOD].data,
                         .status = atoi(frames[FRAME_STATUS].data),
                         .content_type = given(&frames[FRAME_REPLY_TYPE]),
                         .content_disposition = given(&frames[FRAME_DISPOSITION]),
                         .location = given(&frames[FRAME_LOCATION]),
                         .set_session = given(&frames[FRAME_SET_SESSION]),
                         .sent_session = given(&frames[FRAME_SENT_SESSION])};
    const route_t *route = route_find(path_decode(pool, frames[FRAME_PATH].data));
    reply_reader_t *reader = reply_reader_create(pool, route, call, &head, 1);
    int enough = 0;

    for (apr_size_t done = 0, size; done < body->length && !enough; done += size) {
        size = piece(cutting, done, body->length);
        enough = reply_reader_feed(reader, body->data + done, size);
    }
    return reply_reader_finish(reader, 1);
}

static json_value_t *call_object(apr_pool_t *pool, const call_t *call)
{
    json_value_t *object = json_new_object(pool);

    json_set(object, "operation", json_new_string(pool, operation_name(call->operation)));
    json_set(object, "model", json_new_string(pool, call->model));
    json_set(object, "method", json_new_string(pool, call->method));
    json_set(object, "record_ids", json_new_string(pool, call->record_ids));
    json_set(object, "record_count", json_new_integer(pool, call->record_count));
    json_set(object, "fields", json_new_string(pool, call->fields));
    json_set(object, "values", json_new_string(pool, call->values));
    json_set(object, "flags", json_new_string(pool, call->flags));
    json_set(object, "login", json_new_string(pool, call->login));
    json_set(object, "database", json_new_string(pool, call->database));
    json_set(object, "uid", json_new_integer(pool, call->uid));
    json_set(object, "import_model", json_new_string(pool, call->import_model));
    json_set(object, "import_record", json_new_integer(pool, call->import_record));
    json_set(object, "background", json_new_boolean(pool, call->background));
    json_set(object, "parsed", json_new_boolean(pool, call->parsed));
    return object;
}

static json_value_t *reply_object(apr_pool_t *pool, const reply_t *reply)
{
    json_value_t *object = json_new_object(pool);

    json_set(object, "operation", json_new_string(pool, operation_name(reply->operation)));
    json_set(object, "outcome", json_new_string(pool, outcome_name(reply->outcome)));
    json_set(object, "error", json_new_string(pool, reply->error));
    json_set(object, "record_ids", json_new_string(pool, reply->record_ids));
    json_set(object, "record_count", json_new_integer(pool, reply->record_count));
    json_set(object, "flags", json_new_string(pool, reply->flags));
    json_set(object, "session_over", json_new_boolean(pool, reply->session_over));
    json_set(object, "authenticated", json_new_boolean(pool, reply->authenticated));
    json_set(object, "second_factor", json_new_boolean(pool, reply->second_factor));
    if (reply->identity) {
        json_set(object, "uid", json_new_integer(pool, reply->identity->uid));
        json_set(object, "login", json_new_string(pool, reply->identity->login));
        json_set(object, "database", json_new_string(pool, reply->identity->database));
    }
    return object;
}

static const char *describe(apr_pool_t *pool, const text_t *frames, const redact_t *redact,
                            apr_size_t cutting)
{
    const call_t *call = read_call(pool, frames, redact, cutting);
    json_value_t *object = json_new_object(pool);
    buffer_t buffer;

    json_set(object, "call", call_object(pool, call));
    if (frames[FRAME_STATUS].length > 0) {
        json_set(object, "reply", reply_object(pool, read_reply(pool, frames, call, cutting)));
    }
    buffer_init(&buffer, pool, 1024 * 1024);
    json_write(&buffer, object);
    return buffer_string(&buffer);
}

static void print_record(apr_pool_t *pool, const text_t *frames, const redact_t *redact)
{
    const char *whole = describe(pool, frames, redact, cuttings[0]);
    int stable = 1;

    for (apr_size_t i = 1; i < sizeof(cuttings) / sizeof(cuttings[0]); i++) {
        stable &= strcmp(whole, describe(pool, frames, redact, cuttings[i])) == 0;
    }
    printf("{\"stable\":%s,\"is\":%s}\n", stable ? "true" : "false", whole);
    fflush(stdout);
}

int main(void)
{
    text_t frames[FRAME_COUNT];
    apr_pool_t *pool, *record;
    const redact_t *redact;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS ||
        apr_pool_create(&record, pool) != APR_SUCCESS) {
        return 1;
    }
    redact = redact_create(pool);
    while (read_record(record, frames)) {
        print_record(record, frames, redact);
        apr_pool_clear(record);
    }
    apr_terminate();
    return 0;
}
