/* Reads answers, whoever sent them. However an answer is cut, the same comes out. The first byte
 * chooses the route, the operation and the places of ids. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "odoo/reply.h"
#include "target.h"

typedef struct shape_t {
    const char *path;
    int status;
    operation_t operation;
    result_ids_t result_ids;
} shape_t;

static const shape_t shapes[] = {
    {"/web/dataset/call_kw", 200, OPERATION_WRITE, NULL},
    {"/web/dataset/call_kw", 200, OPERATION_CREATE, ". []"},
    {"/web/dataset/call_kw", 200, OPERATION_READ, "records[].id"},
    {"/web/dataset/call_kw", 200, OPERATION_READ, "[].id [][0]"},
    {"/web/dataset/call_kw", 200, OPERATION_IMPORT, "ids[]"},
    {"/web/dataset/call_kw", 500, OPERATION_SEARCH, "groups[].__records[].id"},
    {"/web/session/authenticate", 200, OPERATION_LOGIN, NULL},
    {"/web/session/get_session_info", 200, OPERATION_NONE, NULL},
    {"/web/session/destroy", 200, OPERATION_NONE, NULL},
    {"/odoo", 200, OPERATION_NONE, NULL},
    {"/xmlrpc/2/object", 200, OPERATION_CREATE, ". []"},
    {"/xmlrpc/common", 200, OPERATION_LOGIN, "."},
    {"/web/binary/upload_attachment", 200, OPERATION_CREATE, "[].id"},
};

static apr_pool_t *root;

static const reply_t *read_cut(apr_pool_t *pool, const shape_t *shape, const char *data,
                               size_t size, size_t piece)
{
    call_t *call = apr_pcalloc(pool, sizeof(*call));
    reply_head_t head = {.method = "POST", .status = shape->status, .sent_session = "s"};
    reply_reader_t *reader;

    call->operation = shape->operation;
    call->result_ids = shape->result_ids;
    reader = reply_reader_create(pool, route_find(shape->path), call, &head, 1);
    for (size_t done = 0; done < size; done += piece) {
        if (reply_reader_feed(reader, data + done, piece < size - done ? piece : size - done)) {
            break;
        }
    }
    return reply_reader_finish(reader, 1);
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

static void must_be_same(const reply_t *left, const reply_t *right)
{
    must(left->operation == right->operation && left->outcome == right->outcome);
    must(left->record_count == right->record_count);
    must(left->session_over == right->session_over);
    must(left->authenticated == right->authenticated);
    must(left->second_factor == right->second_factor);
    must(same(left->error, right->error) && same(left->record_ids, right->record_ids));
    must(same(left->flags, right->flags));
    must(!left->identity == !right->identity);
    must(!left->identity || (left->identity->uid == right->identity->uid &&
                             same(left->identity->login, right->identity->login)));
}

static void must_be_sound(const reply_t *reply)
{
    must(!reply->session_over || !reply->authenticated);
    must(!reply->identity || reply->identity->uid > 0);
    must(reply->record_count >= -1);
    must(!reply->record_ids ||
         strspn(reply->record_ids, "0123456789 ") == strlen(reply->record_ids));
    must(reply->outcome != OUTCOME_SUCCESS || !reply->error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {1, 3, 64};
    const shape_t *shape;
    const reply_t *whole;
    const char *body;
    apr_pool_t *pool;

    if (size == 0) {
        return 0;
    }
    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
    }
    apr_pool_create(&pool, root);
    shape = &shapes[data[0] % (sizeof(shapes) / sizeof(shapes[0]))];
    body = (const char *)data + 1;
    size--;
    whole = read_cut(pool, shape, body, size, size + 1);
    must_be_sound(whole);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        must_be_same(whole, read_cut(pool, shape, body, size, pieces[i]));
    }
    apr_pool_destroy(pool);
    return 0;
}
