#include "reply_envelope.h"

#include <string.h>

#include "record_reader.h"
#include "result_ids.h"
#include "xmlrpc.h"

#define KEY_SIZE 16 /* longer than any key that is looked for */
#define PIECE 256   /* fed at a time: no more than that is read in vain behind what is enough */

/* One text or number. */
static const json_limits_t limits = {4, 1024, 512, 4};

typedef enum place_t { PLACE_OUTSIDE, PLACE_ENVELOPE, PLACE_ERROR, PLACE_DATA } place_t;

/* Who gets the tokens of the value under way. */
typedef enum taker_t {
    TAKER_NONE,
    TAKER_SKIP,
    TAKER_TREE,
    TAKER_IDS,
    TAKER_IDENTITY,
    TAKER_RECORDS
} taker_t;

struct reply_envelope_t {
    apr_pool_t *pool;
    reply_shape_t shape;
    json_scan_t *scan;
    xmlrpc_t *xmlrpc;    /* what feeds the scanner; NULL: the answer is JSON */
    apr_status_t status; /* of the scanner */
    place_t place;
    taker_t taker;
    json_tree_t *tree;           /* of TAKER_TREE: one of the next two */
    json_tree_t *name, *code;    /* NULL: none yet */
    result_reader_t *ids;        /* NULL: not wanted */
    identity_reader_t *identity; /* likewise */
    record_reader_t *records;    /* likewise; besides ids, perhaps */
    char key[KEY_SIZE];
    apr_size_t key_length;
    int in_key;
    int has_error, has_result, has_version, is_false;
    int result_over;
    int enough; /* what comes now is not looked at, however the answer was cut */
};

static int key_is(const reply_envelope_t *envelope, const char *name)
{
    return envelope->key_length == strlen(name) &&
           memcmp(envelope->key, name, envelope->key_length) == 0;
}

/* Trees are made for errors only. */
static taker_t take_tree(reply_envelope_t *envelope, json_tree_t **tree)
{
    if (!*tree) {
        *tree = json_tree_create(envelope->pool, &limits);
    }
    json_tree_reset(*tree);
    envelope->tree = *tree;
    return TAKER_TREE;
}

static void forget(json_tree_t *tree)
{
    if (tree) {
        json_tree_reset(tree);
    }
}

static taker_t take_result(reply_envelope_t *envelope)
{
    envelope->has_result = 1;
    if (envelope->identity) {
        return TAKER_IDENTITY;
    }
    if (envelope->records) {
        return TAKER_RECORDS;
    }
    if (envelope->ids) {
        return TAKER_IDS;
    }
    envelope->enough = 1;
    return TAKER_SKIP;
}

/* The whole text, by its first token. */
static taker_t take_text(reply_envelope_t *envelope, int object)
{
    if (envelope->shape == REPLY_SHAPE_BARE) {
        return take_result(envelope);
    }
    if (!object) {
        return TAKER_SKIP;
    }
    envelope->has_error = envelope->shape == REPLY_SHAPE_BARE_ERROR;
    envelope->place = envelope->has_error ? PLACE_DATA : PLACE_ENVELOPE;
    return TAKER_NONE;
}

/* Who takes the value whose first token is this one; TAKER_NONE: we go into it. */
static taker_t taker_of(reply_envelope_t *envelope, json_token_t token)
{
    int object = token == JSON_OBJECT_BEGIN;

    switch (envelope->place) {
    case PLACE_OUTSIDE:
        return take_text(envelope, object);
    case PLACE_ENVELOPE:
        envelope->has_version |= key_is(envelope, "jsonrpc");
        if (key_is(envelope, "result")) {
            envelope->is_false = token == JSON_FALSE;
            return take_result(envelope);
        }
        if (!key_is(envelope, "error")) {
            return TAKER_SKIP;
        }
        envelope->has_error = token != JSON_NULL;
        forget(envelope->name);
        forget(envelope->code);
        envelope->place = object ? PLACE_ERROR : PLACE_ENVELOPE;
        return object ? TAKER_NONE : TAKER_SKIP;
    case PLACE_ERROR:
        if (key_is(envelope, "code")) {
            return take_tree(envelope, &envelope->code);
        }
        if (!key_is(envelope, "data")) {
            return TAKER_SKIP;
        }
        forget(envelope->name);
        envelope->place = object ? PLACE_DATA : PLACE_ERROR;
        return object ? TAKER_NONE : TAKER_SKIP;
    default:
        return key_is(envelope, "name") ? take_tree(envelope, &envelope->name) : TAKER_SKIP;
    }
}

/* ---- tokens for whoever takes the value ---- */

static void end_value(reply_envelope_t *envelope)
{
    envelope->taker = TAKER_NONE;
    envelope->result_over |= envelope->has_result && envelope->place <= PLACE_ENVELOPE;
    envelope->enough = envelope->has_result &&
                       (envelope->records ? envelope->result_over : reply_envelope_whole(envelope));
}

static void pass_token(reply_envelope_t *envelope, json_token_t token)
{
    int over = 1;

    switch (envelope->taker) {
    case TAKER_TREE:
        over = json_tree_token(envelope->tree, token);
        break;
    case TAKER_IDS:
        over = result_reader_token(envelope->ids, envelope->scan, token);
        break;
    case TAKER_RECORDS:
        if (envelope->ids) {
            result_reader_token(envelope->ids, NULL, token);
        }
        over = record_reader_token(envelope->records, envelope->scan, token);
        break;
    case TAKER_IDENTITY:
        over = identity_reader_token(envelope->identity, envelope->scan, token);
        break;
    default:
        if (token == JSON_OBJECT_BEGIN || token == JSON_ARRAY_BEGIN) {
            json_scan_skip(envelope->scan);
            over = 0;
        }
    }
    if (over) {
        end_value(envelope);
    }
}

static void pass_text(reply_envelope_t *envelope, json_token_t token, const char *data,
                      apr_size_t length, int last)
{
    int over = last;

    switch (envelope->taker) {
    case TAKER_TREE:
        over = json_tree_text(envelope->tree, token, data, length, last);
        break;
    case TAKER_IDS:
        over = result_reader_text(envelope->ids, token, data, length, last);
        break;
    case TAKER_RECORDS:
        if (envelope->ids) {
            result_reader_text(envelope->ids, token, data, length, last);
        }
        over = record_reader_text(envelope->records, token, data, length, last);
        break;
    case TAKER_IDENTITY:
        over = identity_reader_text(envelope->identity, token, data, length, last);
        break;
    default:
        break;
    }
    if (over) {
        end_value(envelope);
    }
}

static void sink_token(void *payload, json_token_t token)
{
    reply_envelope_t *envelope = payload;

    if (envelope->enough) {
        return;
    }
    if (envelope->taker == TAKER_NONE) {
        if (token == JSON_OBJECT_END) {
            envelope->place--;
            return;
        }
        envelope->taker = taker_of(envelope, token);
    }
    if (envelope->taker != TAKER_NONE) {
        pass_token(envelope, token);
    }
}

static void read_key(reply_envelope_t *envelope, const char *data, apr_size_t length, int last)
{
    if (!envelope->in_key) {
        envelope->key_length = 0;
    }
    if (envelope->key_length + length <= KEY_SIZE) {
        memcpy(envelope->key + envelope->key_length, data, length);
    }
    envelope->key_length += length;
    envelope->in_key = !last;
}

static void sink_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                      int last)
{
    reply_envelope_t *envelope = payload;

    if (envelope->enough) {
        return;
    }
    if (envelope->taker == TAKER_NONE && token == JSON_KEY) {
        read_key(envelope, data, length, last);
        return;
    }
    if (envelope->taker == TAKER_NONE) {
        envelope->taker = taker_of(envelope, token);
    }
    pass_text(envelope, token, data, length, last);
}

/* ---- what others call ---- */

reply_envelope_t *reply_envelope_create(apr_pool_t *pool, reply_shape_t shape, result_ids_t paths)
{
    reply_envelope_t *envelope = apr_pcalloc(pool, sizeof(*envelope));
    json_sink_t sink = {sink_token, sink_text, envelope};

    envelope->shape = shape;
    envelope->scan = json_scan_create(pool, &sink);
    envelope->pool = pool;
    if (shape == REPLY_SHAPE_IDENTITY) {
        envelope->identity = identity_reader_create(pool);
    }
    else if (paths) {
        envelope->ids = result_reader_create(pool, paths);
    }
    return envelope;
}

void reply_envelope_watch(reply_envelope_t *envelope, apr_pool_t *pool, const char *path,
                          const reply_watcher_t *watcher)
{
    envelope->records = record_reader_create(pool, path, watcher);
}

int reply_envelope_whole(const reply_envelope_t *envelope)
{
    return (envelope->result_over || (!envelope->ids && !envelope->identity)) &&
           !(envelope->ids && result_reader_cut(envelope->ids));
}

int reply_envelope_is_false(const reply_envelope_t *envelope)
{
    return envelope->is_false;
}

int reply_envelope_is_none(const reply_envelope_t *envelope)
{
    return !envelope->has_result;
}

int reply_envelope_read_xml(reply_envelope_t *envelope, apr_pool_t *pool)
{
    envelope->xmlrpc = xmlrpc_reply_create(pool, envelope->scan);
    return envelope->xmlrpc != NULL;
}

int reply_envelope_feed(reply_envelope_t *envelope, const char *data, apr_size_t length)
{
    while (length > 0 && envelope->status == APR_SUCCESS && !envelope->enough) {
        apr_size_t piece = length < PIECE ? length : PIECE;

        envelope->status = envelope->xmlrpc ? xmlrpc_feed(envelope->xmlrpc, data, piece)
                                            : json_scan_feed(envelope->scan, data, piece);
        data += piece;
        length -= piece;
    }
    return envelope->status != APR_SUCCESS || envelope->enough;
}

reply_ending_t reply_envelope_end(reply_envelope_t *envelope, int complete)
{
    if (envelope->xmlrpc && complete && !envelope->enough) {
        envelope->status = xmlrpc_end(envelope->xmlrpc); /* pushes what a fault means */
    }
    if (complete && envelope->shape == REPLY_SHAPE_BARE && !envelope->enough) {
        envelope->status = json_scan_end(envelope->scan); /* a number ends with the text */
    }
    if (envelope->has_error) {
        return REPLY_ERROR;
    }
    if (envelope->has_result) {
        return REPLY_SUCCESS;
    }
    if (!complete) {
        return envelope->status == APR_SUCCESS ? REPLY_CUT : REPLY_UNREADABLE;
    }
    return json_scan_end(envelope->scan) == APR_SUCCESS && envelope->has_version ? REPLY_SUCCESS
                                                                                 : REPLY_UNREADABLE;
}

const char *reply_envelope_error_name(const reply_envelope_t *envelope)
{
    return envelope->name ? json_string(json_tree_value(envelope->name)) : NULL;
}

apr_int64_t reply_envelope_error_code(const reply_envelope_t *envelope)
{
    apr_int64_t code;

    return envelope->code && json_integer(json_tree_value(envelope->code), &code) ? code : 0;
}

const char *reply_envelope_ids(const reply_envelope_t *envelope)
{
    return envelope->ids ? result_reader_ids(envelope->ids) : NULL;
}

int reply_envelope_failed(const reply_envelope_t *envelope)
{
    return envelope->ids && result_reader_failed(envelope->ids);
}

apr_int64_t reply_envelope_id_count(const reply_envelope_t *envelope)
{
    return envelope->ids ? result_reader_count(envelope->ids) : 0;
}

identity_t *reply_envelope_identity(const reply_envelope_t *envelope)
{
    return envelope->identity ? identity_reader_result(envelope->identity) : NULL;
}
