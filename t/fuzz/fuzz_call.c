/* Reads bodies of calls as hostile clients may send them. However a body is cut, the same call
 * comes out; what is kept is bounded, valid JSON; a cut body is never a call. The first byte
 * chooses the route. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "odoo/call.h"
#include "target.h"
#include "text/json_value.h"
#include "text/utf8.h"

static const char *const paths[] = {"/web/dataset/call_kw/res.partner/write",
                                    "/web/dataset/call_button", "/web/dataset/resequence",
                                    "/web/session/authenticate", "/web/login",
                                    /* new ones at the end: seeds count from the front */
                                    "/jsonrpc", "/json/2/res.partner/write", "/web/export/csv",
                                    "/report/download", "/mail/message/post", "/web/action/run",
                                    "/website/form/crm.lead", "/my/account", "/x/unknown",
                                    "/xmlrpc/2/object", "/web/binary/upload_attachment"};

static apr_pool_t *root;
static redact_t *redact;

static void prepare(void)
{
    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
    }
}

static const call_t *read_cut(apr_pool_t *pool, const char *path, const char *data, size_t size,
                              size_t piece, int complete)
{
    call_request_t request = {.path = path,
                              .query = "login=q",
                              .content_type =
                                  strstr(path, "upload") ? "multipart/form-data; boundary=B" : NULL,
                              .credentials = 1};
    call_reader_t *reader =
        call_reader_create(pool, route_find(path), &request, redact, VALUES_FULL);

    for (size_t done = 0; done < size; done += piece) {
        call_reader_feed(reader, data + done, piece < size - done ? piece : size - done);
    }
    return call_reader_finish(reader, complete);
}

static void must(int good)
{
    if (!good) {
        abort();
    }
}

static int same(const char *left, const char *right)
{
    return left && right ? strcmp(left, right) == 0 : left == right;
}

static void must_be_same(const call_t *left, const call_t *right)
{
    must(left->operation == right->operation && left->parsed == right->parsed);
    must(left->record_count == right->record_count && left->background == right->background);
    must(same(left->model, right->model) && same(left->method, right->method));
    must(same(left->record_ids, right->record_ids) && same(left->fields, right->fields));
    must(same(left->values, right->values) && same(left->flags, right->flags));
    must(same(left->login, right->login) && same(left->database, right->database));
    must(same(left->result_ids, right->result_ids));
}

static void must_be_text(const char *text)
{
    must(!text || utf8_valid_prefix(text, strlen(text)) == strlen(text));
}

/* Of a call that cannot be read nothing is known but what its path names, where the path decides.
 */
static void must_be_sound(apr_pool_t *pool, const char *path, const call_t *call)
{
    const json_limits_t limits = {200000, 4 * CALL_MAX_VALUES, CALL_MAX_VALUES, 200000};

    must_be_text(call->model);
    must_be_text(call->method);
    must_be_text(call->fields);
    must_be_text(call->login);
    must(call->parsed || (!call->values && same(call->flags, "unparsed")));
    must(call->parsed || !call->model || strstr(path, "/json/2/"));
    must(!call->record_ids || strspn(call->record_ids, "-0123456789 ") == strlen(call->record_ids));
    if (call->values) {
        must(strlen(call->values) <= CALL_MAX_VALUES);
        must_be_text(call->values);
        must(json_parse(pool, call->values, strlen(call->values), &limits) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {1, 3, 64};
    const char *path, *body;
    const call_t *whole;
    apr_pool_t *pool;

    if (size == 0) {
        return 0;
    }
    prepare();
    apr_pool_create(&pool, root);
    redact = redact_create(pool); /* it remembers names: each input has to give back its own */
    path = paths[data[0] % (sizeof(paths) / sizeof(paths[0]))];
    body = (const char *)data + 1;
    size--;
    whole = read_cut(pool, path, body, size, size + 1, 1);
    must_be_sound(pool, path, whole);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        must_be_same(whole, read_cut(pool, path, body, size, pieces[i], 1));
    }
    if (route_find(path)->body == ROUTE_BODY_JSON || route_find(path)->body == ROUTE_BODY_XML) {
        must(!read_cut(pool, path, body, size, size + 1, 0)->parsed);
    }
    apr_pool_destroy(pool);
    return 0;
}
