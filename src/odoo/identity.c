#include "odoo/identity.h"

#include <string.h>

#include <apr_strings.h>

/* Longest member name that is told apart. */
#define KEY_SIZE 32

/* What is kept of one session_info: a dozen short members. */
static const json_limits_t limits = {64, 4096, 512, 32};

static const char *const members[] = {"uid",       "user_id",   "username",     "name",
                                      "db",        "is_system", "is_admin",     "is_frontend",
                                      "is_public", "tz",        "user_context", NULL};

struct identity_reader_t {
    apr_pool_t *pool;
    json_tree_t *tree;
    char key[KEY_SIZE];
    apr_size_t key_length; /* beyond KEY_SIZE if the key was longer */
    unsigned depth;        /* open objects and arrays that the tree was told of */
    int skipping;          /* the scanner skips: only an END is to come */
    int unwanted;          /* the member whose value comes is not one of ours */
    int complete;
};

identity_t *identity_from_session_info(apr_pool_t *pool, const json_value_t *info)
{
    const json_value_t *uid = json_member(info, "uid");
    const json_value_t *user_id = json_member(info, "user_id");
    identity_t *identity;

    if (!info || info->type != JSON_TYPE_OBJECT || (!uid && !user_id)) {
        return NULL;
    }
    identity = apr_pcalloc(pool, sizeof(*identity));
    identity->frontend = json_truthy(json_member(info, "is_frontend"));
    /* A website's visitor is a user too, the public one, and a page of the website tells no login:
     * neither names anybody. */
    if (identity->frontend || json_truthy(json_member(info, "is_public"))) {
        return identity;
    }
    if (!json_integer(uid, &identity->uid) || identity->uid < 0) {
        identity->uid = 0;
    }
    identity->login = json_string(json_member(info, "username"));
    identity->name = json_string(json_member(info, "name"));
    identity->database = json_string(json_member(info, "db"));
    identity->timezone = json_string(json_member(json_member(info, "user_context"), "tz"));
    identity->is_system = json_truthy(json_member(info, "is_system"));
    identity->is_admin = json_truthy(json_member(info, "is_admin"));
    return identity;
}

identity_reader_t *identity_reader_create(apr_pool_t *pool)
{
    identity_reader_t *reader = apr_pcalloc(pool, sizeof(*reader));

    reader->pool = pool;
    reader->tree = json_tree_create(pool, &limits);
    return reader;
}

static int key_wanted(const identity_reader_t *reader)
{
    for (const char *const *member = members; *member; member++) {
        if (strlen(*member) == reader->key_length &&
            memcmp(*member, reader->key, reader->key_length) == 0) {
            return 1;
        }
    }
    return 0;
}

static void read_key(identity_reader_t *reader, const char *data, apr_size_t length, int last)
{
    if (reader->key_length + length <= KEY_SIZE) {
        memcpy(reader->key + reader->key_length, data, length);
    }
    reader->key_length += length;
    if (!last) {
        return;
    }
    reader->unwanted = reader->key_length > KEY_SIZE || !key_wanted(reader);
    if (!reader->unwanted) {
        json_tree_text(reader->tree, JSON_KEY, reader->key, reader->key_length, 1);
    }
    reader->key_length = 0;
}

static int opens(json_token_t token)
{
    return token == JSON_OBJECT_BEGIN || token == JSON_ARRAY_BEGIN;
}

static int closes(json_token_t token)
{
    return token == JSON_OBJECT_END || token == JSON_ARRAY_END;
}

/* Takes a token of a member that is not kept; 0 if this token is not of that kind. */
static int pass_over(identity_reader_t *reader, json_scan_t *scan, json_token_t token)
{
    if (reader->skipping) {
        reader->skipping = 0;
        return 1;
    }
    if (!reader->unwanted || closes(token)) {
        return 0;
    }
    reader->unwanted = 0;
    if (opens(token)) {
        reader->skipping = 1;
        json_scan_skip(scan);
    }
    return 1;
}

int identity_reader_token(identity_reader_t *reader, json_scan_t *scan, json_token_t token)
{
    if (reader->complete || pass_over(reader, scan, token)) {
        return reader->complete;
    }
    if (opens(token)) {
        reader->depth++;
    }
    else if (closes(token)) {
        reader->depth--;
    }
    reader->complete = json_tree_token(reader->tree, token);
    return reader->complete;
}

int identity_reader_text(identity_reader_t *reader, json_token_t token, const char *data,
                         apr_size_t length, int last)
{
    if (reader->complete) {
        return 1;
    }
    if (token == JSON_KEY) {
        read_key(reader, data, length, last);
    }
    else if (reader->unwanted) {
        reader->unwanted = !last;
    }
    else {
        reader->complete = json_tree_text(reader->tree, token, data, length, last);
    }
    return reader->complete;
}

identity_t *identity_reader_result(identity_reader_t *reader)
{
    return reader->complete
               ? identity_from_session_info(reader->pool, json_tree_value(reader->tree))
               : NULL;
}
