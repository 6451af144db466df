#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#include "json_keys.h"
#include "text/base64.h"
#include "text/digest.h"
#include "text/json_value.h"
#include "text/utf8.h"

#define KEY_CUT_MARK "..." /* between the head of a longer key and its SHA-256 */
#define FEW_MEMBERS 8      /* of an object whose keys are not hashed yet */
#define ROOM_SIZE 512      /* taken from the arena at a time; larger texts have their own */
#define KEY_BUFFER_SIZE (JSON_TREE_KEY_SIZE + sizeof(KEY_CUT_MARK) + DIGEST_HEX_SIZE)

/* A text under way. What is beyond `limit` bytes is only measured, hashed and classified. */
typedef struct collector_t {
    buffer_t kept; /* limit + 1 bytes at most: the last one shows where the limit cuts */
    apr_size_t limit;
    apr_size_t total;
    int cut; /* more than limit bytes came */
    int base64;
    digest_t *digest;
    char sha256[DIGEST_HEX_SIZE]; /* once the text is over, if it was cut */
} collector_t;

struct json_tree_t {
    json_limits_t limits;
    apr_pool_t *pool;
    apr_pool_t *arena; /* all that belongs to the value */
    int used;          /* the pool itself holds the first value; later ones have an arena of it */
    int stale;         /* the arena holds the last value: to be cleared before the next one */
    apr_size_t nodes;  /* left of the limits */
    apr_size_t bytes;
    char *room; /* of the arena, for nodes and texts to come */
    apr_size_t room_left;
    apr_uint64_t serial; /* of the latest node */
    json_node_t *root;
    int complete;
    int duplicate_key;
    unsigned depth;
    apr_size_t dropped_depth; /* containers open within a member that was dropped */
    int in_text;
    json_node_t *text_node; /* gets the text under way; NULL: it is dropped or a key */
    collector_t collector;
    json_keys_t keys;
    apr_size_t key_length;     /* of the member that comes next */
    char key[KEY_BUFFER_SIZE]; /* from here on written before it is read */
    json_node_t *open[JSON_TREE_MAX_DEPTH];
};

/* ---- texts ---- */

static void collector_start(collector_t *collector, apr_size_t limit)
{
    buffer_reset(&collector->kept);
    collector->limit = limit;
    collector->total = 0;
    collector->cut = 0;
}

static void examine(collector_t *collector, const char *data, apr_size_t length)
{
    digest_update(collector->digest, data, length);
    collector->base64 = collector->base64 && base64_only(data, length);
}

/* Begins to hash, with what was kept. */
static void collector_cut(collector_t *collector, apr_pool_t *pool)
{
    if (!collector->digest) {
        collector->digest = digest_create(pool);
    }
    collector->cut = 1;
    collector->base64 = 1;
    examine(collector, collector->kept.data, collector->kept.length);
}

static void collector_add(collector_t *collector, apr_pool_t *pool, const char *data,
                          apr_size_t length)
{
    apr_size_t room = collector->limit + 1 - collector->kept.length;
    apr_size_t fits = length < room ? length : room;

    collector->total += length;
    buffer_append(&collector->kept, data, fits);
    if (collector->cut) {
        examine(collector, data, length);
    }
    else if (collector->total > collector->limit) {
        collector_cut(collector, pool);
        examine(collector, data + fits, length - fits);
    }
}

static apr_size_t collector_head(const collector_t *collector)
{
    return utf8_cut(collector->kept.data, collector->kept.length, collector->limit);
}

/* Writes the repaired text to `to`, NUL-terminated, at most `room` bytes before the NUL, and
 * returns its length. */
static apr_size_t collector_finish(collector_t *collector, apr_pool_t *pool, char *to,
                                   apr_size_t room)
{
    unsigned char digest[DIGEST_SIZE];
    apr_size_t length;
    int whole;

    length = utf8_repair_into(to, room, collector->kept.data, collector_head(collector), &whole);
    to[length] = '\0';
    if (!whole && !collector->cut) {
        collector_cut(collector, pool);
    }
    if (collector->cut) {
        digest_finish(collector->digest, digest);
        digest_hex(digest, DIGEST_SIZE, collector->sha256);
    }
    return length;
}

/* ---- places for values ---- */

static void *find_room(json_tree_t *tree, apr_size_t size)
{
    void *found;

    size = APR_ALIGN_DEFAULT(size);
    if (size > tree->room_left) {
        if (size > ROOM_SIZE / 2) {
            return apr_palloc(tree->arena, size);
        }
        tree->room = apr_palloc(tree->arena, ROOM_SIZE);
        tree->room_left = ROOM_SIZE;
    }
    found = tree->room;
    tree->room += size;
    tree->room_left -= size;
    return found;
}

static char *keep_text(json_tree_t *tree, const char *data, apr_size_t length)
{
    char *kept = find_room(tree, length + 1);

    memcpy(kept, data, length);
    kept[length] = '\0';
    return kept;
}

static json_node_t *new_node(json_tree_t *tree)
{
    json_node_t *node = find_room(tree, sizeof(*node));

    memset(node, 0, sizeof(*node));
    tree->nodes--;
    node->serial = ++tree->serial;
    return node;
}

/* A later member with the same key takes the place of the earlier one. What hung below that one
 * is lost, its room is not given again. */
static void replace_content(json_tree_t *tree, json_node_t *node)
{
    json_value_t *value = &node->value;
    json_value_t empty = {.key = value->key, .next = value->next};

    tree->duplicate_key = 1;
    *value = empty;
    node->kept = 0;
    node->serial = ++tree->serial;
}

static void link_member(json_node_t *parent, json_node_t *node)
{
    json_push(&parent->value, &node->value);
    parent->kept++;
}

/* Is there room for one more member of the container and `bytes` bytes? If not, it is counted. */
static int admit(json_tree_t *tree, json_node_t *parent, apr_size_t bytes, int too_deep)
{
    if (!too_deep && parent->kept < tree->limits.members && tree->nodes && tree->bytes >= bytes) {
        tree->bytes -= bytes;
        return 1;
    }
    parent->value.count++;
    parent->value.truncated = 1;
    return 0;
}

static void index_member(json_tree_t *tree, json_node_t *object, json_value_t *member)
{
    json_node_t *node = (json_node_t *)member;

    node->owner = object->serial;
    node->hash = json_keys_hash(node->owner, member->key, strlen(member->key));
    json_keys_add(&tree->keys, tree->arena, node);
}

/* The member that has the key that was just read. Few are compared one by one. */
static json_node_t *find_member(const json_tree_t *tree, const json_node_t *object)
{
    if (object->kept >= FEW_MEMBERS) {
        apr_uint64_t owner = object->serial;

        return json_keys_find(&tree->keys, owner,
                              json_keys_hash(owner, tree->key, tree->key_length), tree->key);
    }
    for (json_value_t *member = object->value.first; member; member = member->next) {
        if (strcmp(member->key, tree->key) == 0) {
            return (json_node_t *)member;
        }
    }
    return NULL;
}

static json_node_t *place_member(json_tree_t *tree, json_node_t *object, int too_deep)
{
    json_node_t *node = find_member(tree, object);

    if (node) {
        replace_content(tree, node);
        node->value.truncated = too_deep;
        return node;
    }
    if (!admit(tree, object, tree->key_length + 1, too_deep)) {
        return NULL;
    }
    node = new_node(tree);
    node->value.key = keep_text(tree, tree->key, tree->key_length);
    link_member(object, node);
    if (object->kept == FEW_MEMBERS) {
        for (json_value_t *member = object->value.first; member; member = member->next) {
            index_member(tree, object, member);
        }
    }
    else if (object->kept > FEW_MEMBERS) {
        index_member(tree, object, &node->value);
    }
    return node;
}

static json_node_t *place_element(json_tree_t *tree, json_node_t *array, int too_deep)
{
    json_node_t *node;

    if (!admit(tree, array, 0, too_deep)) {
        return NULL;
    }
    node = new_node(tree);
    link_member(array, node);
    return node;
}

/* The node for the value that begins, or NULL if it is dropped. */
static json_node_t *place(json_tree_t *tree, json_type_t type)
{
    json_node_t *parent = tree->depth ? tree->open[tree->depth - 1] : NULL, *node;
    int too_deep =
        tree->depth == JSON_TREE_MAX_DEPTH && (type == JSON_TYPE_ARRAY || type == JSON_TYPE_OBJECT);

    if (!parent) {
        node = tree->root = new_node(tree);
    }
    else if (parent->value.type == JSON_TYPE_OBJECT) {
        node = place_member(tree, parent, too_deep);
    }
    else {
        node = place_element(tree, parent, too_deep);
    }
    if (node) {
        node->value.type = type;
    }
    return node;
}

/* ---- tokens ---- */

static void after_value(json_tree_t *tree)
{
    tree->complete = !tree->depth;
}

static void begin_container(json_tree_t *tree, json_type_t type)
{
    json_node_t *node = place(tree, type);

    if (!node || tree->depth == JSON_TREE_MAX_DEPTH) {
        tree->dropped_depth = 1;
        return;
    }
    tree->open[tree->depth++] = node;
}

static void end_container(json_tree_t *tree)
{
    if (tree->depth) {
        tree->depth--;
        after_value(tree);
    }
}

static void scalar(json_tree_t *tree, json_type_t type)
{
    place(tree, type);
    after_value(tree);
}

static void begin_text(json_tree_t *tree, json_token_t token)
{
    apr_size_t limit = tree->limits.string;

    tree->in_text = 1;
    tree->text_node = NULL;
    if (token == JSON_KEY) {
        limit = JSON_TREE_KEY_SIZE;
    }
    else if (token == JSON_NUMBER) {
        tree->text_node = place(tree, JSON_TYPE_NUMBER);
        limit = JSON_TREE_NUMBER_SIZE;
    }
    else {
        tree->text_node = place(tree, JSON_TYPE_STRING);
    }
    if (token != JSON_KEY && limit >= tree->bytes) {
        limit = tree->bytes ? tree->bytes - 1 : 0;
    }
    collector_start(&tree->collector, limit);
}

/* A key that is cut gets longer than any that is not, and unlike any other that is cut. */
static void end_key(json_tree_t *tree)
{
    apr_size_t length =
        collector_finish(&tree->collector, tree->pool, tree->key, JSON_TREE_KEY_SIZE);

    if (tree->collector.cut) {
        apr_cpystrn(tree->key + length, KEY_CUT_MARK, sizeof(KEY_CUT_MARK));
        length += strlen(KEY_CUT_MARK);
        apr_cpystrn(tree->key + length, tree->collector.sha256, DIGEST_HEX_SIZE);
        length += strlen(tree->collector.sha256);
    }
    tree->key_length = length;
}

/* A text that came whole, fits and needs no repair, as nearly all do: copied once. */
static void take_clean_text(json_tree_t *tree, json_token_t token, const char *data,
                            apr_size_t length)
{
    if (token == JSON_KEY) {
        memcpy(tree->key, data, length);
        tree->key[length] = '\0';
        tree->key_length = length;
        return;
    }
    tree->text_node->value.text = keep_text(tree, data, length);
    tree->text_node->value.full_length = length;
    tree->bytes -= tree->bytes > length ? length + 1 : tree->bytes;
}

static void end_value_text(json_tree_t *tree, json_value_t *value)
{
    collector_t *collector = &tree->collector;
    apr_size_t size = utf8_repaired_length(collector->kept.data, collector_head(collector));
    apr_size_t room = tree->bytes ? tree->bytes - 1 : 0, length;
    char *text;

    if (size > room) {
        size = room;
    }
    text = apr_palloc(tree->arena, size + 1);
    length = collector_finish(collector, tree->pool, text, size);
    tree->bytes -= tree->bytes > length ? length + 1 : tree->bytes;
    value->text = text;
    value->full_length = collector->total;
    if (collector->cut && value->type == JSON_TYPE_STRING) {
        value->sha256 = apr_pstrdup(tree->arena, collector->sha256);
        value->binary = collector->base64;
    }
}

static void end_text(json_tree_t *tree, json_token_t token)
{
    tree->in_text = 0;
    if (token == JSON_KEY) {
        end_key(tree);
        return;
    }
    if (tree->text_node) {
        end_value_text(tree, &tree->text_node->value);
    }
    after_value(tree);
}

/* ---- the tree ---- */

static apr_size_t larger(apr_size_t left, apr_size_t right)
{
    return left > right ? left : right;
}

json_tree_t *json_tree_create(apr_pool_t *pool, const json_limits_t *limits)
{
    json_tree_t *tree = apr_palloc(pool, sizeof(*tree));

    memset(tree, 0, offsetof(json_tree_t, key));
    tree->pool = tree->arena = pool;
    tree->limits = *limits;
    tree->limits.nodes = larger(limits->nodes, 1);
    buffer_init(&tree->collector.kept, pool, larger(limits->string, JSON_TREE_KEY_SIZE) + 1);
    json_tree_reset(tree);
    return tree;
}

void json_tree_reset(json_tree_t *tree)
{
    tree->stale = 1;
    tree->root = NULL;
    tree->complete = 0;
    tree->duplicate_key = 0;
    tree->depth = 0;
    tree->dropped_depth = 0;
    tree->in_text = 0;
}

static void start(json_tree_t *tree)
{
    if (!tree->stale) {
        return;
    }
    tree->stale = 0;
    if (tree->arena != tree->pool) {
        apr_pool_clear(tree->arena);
    }
    else if (tree->used) {
        apr_pool_create(&tree->arena, tree->pool);
    }
    tree->used = 1;
    tree->room_left = 0;
    json_keys_reset(&tree->keys);
    tree->nodes = tree->limits.nodes;
    tree->bytes = tree->limits.bytes;
}

int json_tree_token(json_tree_t *tree, json_token_t token)
{
    static const signed char nesting[] = {
        [JSON_OBJECT_BEGIN] = 1, [JSON_OBJECT_END] = -1, [JSON_ARRAY_BEGIN] = 1,
        [JSON_ARRAY_END] = -1,   [JSON_NULL] = 0,
    };
    static const json_type_t types[] = {
        [JSON_OBJECT_BEGIN] = JSON_TYPE_OBJECT, [JSON_ARRAY_BEGIN] = JSON_TYPE_ARRAY,
        [JSON_TRUE] = JSON_TYPE_TRUE,           [JSON_FALSE] = JSON_TYPE_FALSE,
        [JSON_NULL] = JSON_TYPE_NULL,
    };

    start(tree);
    if (tree->dropped_depth) {
        tree->dropped_depth += (apr_size_t)nesting[token];
    }
    else if (tree->complete) {
        return 1;
    }
    else if (nesting[token] > 0) {
        begin_container(tree, types[token]);
    }
    else if (nesting[token] < 0) {
        end_container(tree);
    }
    else {
        scalar(tree, types[token]);
    }
    return tree->complete;
}

int json_tree_drops(const json_tree_t *tree)
{
    return tree->dropped_depth != 0;
}

int json_tree_text(json_tree_t *tree, json_token_t token, const char *data, apr_size_t length,
                   int last)
{
    start(tree);
    if (tree->dropped_depth || tree->complete) {
        return tree->complete;
    }
    if (!tree->in_text) {
        begin_text(tree, token);
        if (last && (token == JSON_KEY || tree->text_node) && length <= tree->collector.limit &&
            utf8_clean_prefix(data, length) == length) {
            tree->in_text = 0;
            take_clean_text(tree, token, data, length);
            if (token != JSON_KEY) {
                after_value(tree);
            }
            return tree->complete;
        }
    }
    if (token == JSON_KEY || tree->text_node) {
        collector_add(&tree->collector, tree->pool, data, length);
    }
    if (last) {
        end_text(tree, token);
    }
    return tree->complete;
}

json_value_t *json_tree_value(json_tree_t *tree)
{
    return tree->complete ? &tree->root->value : NULL;
}

int json_tree_duplicate_key(const json_tree_t *tree)
{
    return tree->duplicate_key;
}

/* ---- a whole text ---- */

static void parse_token(void *payload, json_token_t token)
{
    json_tree_token(payload, token);
}

static void parse_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                       int last)
{
    json_tree_text(payload, token, data, length, last);
}

json_value_t *json_parse(apr_pool_t *pool, const char *data, apr_size_t length,
                         const json_limits_t *limits)
{
    json_tree_t *tree = json_tree_create(pool, limits);
    json_sink_t sink = {parse_token, parse_text, tree};
    json_scan_t *scan = json_scan_create(pool, &sink);

    if (json_scan_feed(scan, data, length) != APR_SUCCESS || json_scan_end(scan) != APR_SUCCESS) {
        return NULL;
    }
    return json_tree_value(tree);
}
