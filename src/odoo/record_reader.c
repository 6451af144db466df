#include "record_reader.h"

#include <string.h>

#include "odoo/call.h"
#include "odoo/shown_values.h"
#include "text/json_value.h"

#define MAX_STEPS 4
#define KEY_SIZE 16 /* longer than any key on a path */
#define ID_FIELD "id"

/* One record: more is no form's, and what goes beyond it is not known. */
static const json_limits_t limits = {2000, 64 * 1024, SHOWN_VALUES_WHOLE_TEXT, CALL_MAX_IDS};

/* One step down: into a member, or, without a key, into each element. */
typedef struct step_t {
    const char *key;
    apr_size_t key_length;
} step_t;

struct record_reader_t {
    reply_watcher_t watcher;
    step_t steps[MAX_STEPS];
    unsigned count;
    unsigned depth; /* containers open on the way */
    int skipping;   /* the scanner skips: only an END is to come */
    int in_record;
    json_tree_t *tree;
    char key[KEY_SIZE];
    apr_size_t key_length;
    int in_key;
};

/* "[]" and names, those parted from what stands before them by a dot. */
static void parse_path(record_reader_t *reader, const char *path)
{
    while (*path && reader->count < MAX_STEPS) {
        step_t *step = &reader->steps[reader->count++];

        path += *path == '.';
        if (*path == '[') {
            path += 2;
            continue;
        }
        step->key = path;
        step->key_length = strcspn(path, ".[");
        path += step->key_length;
    }
}

record_reader_t *record_reader_create(apr_pool_t *pool, const char *path,
                                      const reply_watcher_t *watcher)
{
    record_reader_t *reader = apr_pcalloc(pool, sizeof(*reader));

    reader->watcher = *watcher;
    reader->tree = json_tree_create(pool, &limits);
    parse_path(reader, path);
    return reader->tree ? reader : NULL;
}

/* 1 if the value that comes now is on the way. */
static int leads(const record_reader_t *reader)
{
    const step_t *step;

    if (reader->depth == 0) {
        return 1;
    }
    step = &reader->steps[reader->depth - 1];
    return !step->key || (step->key_length == reader->key_length &&
                          memcmp(step->key, reader->key, step->key_length) == 0);
}

static void end_record(record_reader_t *reader)
{
    json_value_t *record = json_tree_value(reader->tree);
    apr_int64_t id;

    reader->in_record = 0;
    if (json_integer(json_member(record, ID_FIELD), &id) && id > 0) {
        reader->watcher.shown(reader->watcher.payload, id, record);
    }
}

static void open_container(record_reader_t *reader, json_scan_t *scan, json_token_t token)
{
    int object = token == JSON_OBJECT_BEGIN;

    if (leads(reader) && reader->depth == reader->count && object) {
        json_tree_reset(reader->tree);
        reader->in_record = 1;
        json_tree_token(reader->tree, token);
    }
    else if (leads(reader) && reader->depth < reader->count &&
             object == (reader->steps[reader->depth].key != NULL)) {
        reader->depth++;
    }
    else {
        reader->skipping = 1;
        json_scan_skip(scan);
    }
}

int record_reader_token(record_reader_t *reader, json_scan_t *scan, json_token_t token)
{
    if (reader->in_record) {
        if (json_tree_token(reader->tree, token)) {
            end_record(reader);
        }
    }
    else if (reader->skipping) {
        reader->skipping = 0;
    }
    else if (token == JSON_OBJECT_BEGIN || token == JSON_ARRAY_BEGIN) {
        open_container(reader, scan, token);
    }
    else if (token == JSON_OBJECT_END || token == JSON_ARRAY_END) {
        reader->depth--;
    }
    return reader->depth == 0 && !reader->skipping && !reader->in_record;
}

static void read_key(record_reader_t *reader, const char *data, apr_size_t length, int last)
{
    apr_size_t room;

    if (!reader->in_key) {
        reader->key_length = 0;
    }
    room = KEY_SIZE - reader->key_length;
    if (length > room) {
        length = room; /* as long as this no key on a path is */
    }
    memcpy(reader->key + reader->key_length, data, length);
    reader->key_length += length;
    reader->in_key = !last;
}

int record_reader_text(record_reader_t *reader, json_token_t token, const char *data,
                       apr_size_t length, int last)
{
    if (reader->in_record) {
        json_tree_text(reader->tree, token, data, length, last);
        return 0;
    }
    if (token == JSON_KEY) {
        read_key(reader, data, length, last);
        return 0;
    }
    return last && reader->depth == 0;
}
