#include "result_ids.h"

#include <string.h>

#include <apr_strings.h>

#include "text/buffer.h"

#define MAX_PATHS 4
#define MAX_STEPS 6
#define MAX_LEVELS 64 /* containers open at a time: twenty groups within each other */
#define KEY_SIZE 64
#define ID_SIZE 21 /* digits of the longest id, and a blank */

#define ANY_INDEX -1

/* One step down: into a member (key not NULL) or an element. */
typedef struct step_t {
    const char *key;
    apr_size_t key_length;
    int index;
} step_t;

typedef struct path_t {
    step_t steps[MAX_STEPS];
    unsigned count;
    step_t again;        /* the member that begins the path anew; key NULL: none */
    unsigned again_from; /* where it stands: beside what the step of this number leads to */
    int failure;         /* what is there is no id, but tells that there was no success */
} path_t;

/* How far the paths are that lead to some value. */
typedef struct way_t {
    unsigned paths;                 /* bit n: path n leads there */
    unsigned char steps[MAX_PATHS]; /* how many of its steps are done */
} way_t;

/* An open container on the way to ids. */
typedef struct level_t {
    int is_array;
    apr_int64_t index; /* of the element that comes, in an array */
    way_t here;
    way_t member; /* of the member that comes, in an object */
    int failure;  /* not empty, it tells failure */
} level_t;

struct result_reader_t {
    path_t paths[MAX_PATHS];
    unsigned path_count;
    level_t levels[MAX_LEVELS];
    unsigned depth;
    unsigned
        skipping; /* containers open that hold no id; the scanner may leave out what is in them */
    int complete;
    int cut;             /* there were more containers within each other than are followed */
    char text[KEY_SIZE]; /* the key or number whose pieces arrive */
    apr_size_t text_length;
    buffer_t ids;
    apr_int64_t count;
    int failed;
};

/* ---- paths ---- */

/* One step of a path's text; returns what stands behind it. */
static const char *parse_step(step_t *step, const char *text)
{
    step->key = NULL;
    if (*text == '{') { /* a name with a dot in it */
        step->key = text + 1;
        step->key_length = strcspn(step->key, "}");
        return step->key + step->key_length + 1;
    }
    if (*text != '[') {
        step->key = text;
        step->key_length = strcspn(text, ".[ ");
        return text + step->key_length;
    }
    step->index = text[1] == ']' ? ANY_INDEX : (int)apr_atoi64(text + 1);
    return text + strcspn(text, "]") + 1;
}

/* "(name)" */
static const char *parse_again(path_t *path, const char *text)
{
    path->again.key = text + 1;
    path->again.key_length = strcspn(path->again.key, ")");
    path->again_from = path->count;
    return path->again.key + path->again.key_length + 1;
}

static const char *parse_path(path_t *path, const char *text)
{
    path->failure = *text == '!';
    text += path->failure;
    while (*text && *text != ' ' && path->count < MAX_STEPS) {
        text += *text == '.';
        if (*text == '(') {
            text = parse_again(path, text);
        }
        if (*text && *text != ' ') {
            text = parse_step(&path->steps[path->count++], text);
        }
    }
    return text + strcspn(text, " ");
}

result_reader_t *result_reader_create(apr_pool_t *pool, result_ids_t paths)
{
    result_reader_t *reader = apr_pcalloc(pool, sizeof(*reader));

    while (*paths && reader->path_count < MAX_PATHS) {
        paths = parse_path(&reader->paths[reader->path_count++], paths);
        paths += strspn(paths, " ");
    }
    buffer_init(&reader->ids, pool, CALL_MAX_IDS * ID_SIZE);
    return reader;
}

/* ---- matching ---- */

static int is_key(const result_reader_t *reader, const step_t *step)
{
    return step->key && step->key_length == reader->text_length &&
           memcmp(step->key, reader->text, step->key_length) == 0;
}

static void go(way_t *way, unsigned path, unsigned steps)
{
    way->paths |= 1u << path;
    way->steps[path] = (unsigned char)steps;
}

/* The way on from a container to the member or element that comes. */
static way_t follow(const result_reader_t *reader, const level_t *level)
{
    way_t way = {0, {0}};

    for (unsigned i = 0; i < reader->path_count; i++) {
        const path_t *path = &reader->paths[i];
        unsigned done = level->here.steps[i];
        const step_t *step = &path->steps[done];

        if (!(level->here.paths & 1u << i) || done >= path->count) {
            continue;
        }
        if (level->is_array
                ? !step->key && (step->index == ANY_INDEX || step->index == level->index)
                : is_key(reader, step)) {
            go(&way, i, done + 1);
        }
        else if (!level->is_array && path->again_from == done && is_key(reader, &path->again)) {
            go(&way, i, 0);
        }
    }
    return way;
}

/* The way to the value that comes now. */
static way_t reach(result_reader_t *reader)
{
    way_t way = {(1u << reader->path_count) - 1, {0}};
    level_t *level;

    if (reader->depth == 0) {
        return way;
    }
    level = &reader->levels[reader->depth - 1];
    if (!level->is_array) {
        return level->member;
    }
    way = follow(reader, level);
    level->index++;
    return way;
}

/* 1 if one of the paths, to ids or to what tells failure, ends at the value that comes. */
static int ends_here(const result_reader_t *reader, const way_t *way, int failure)
{
    for (unsigned i = 0; i < reader->path_count; i++) {
        if (way->paths & 1u << i && reader->paths[i].count == way->steps[i] &&
            reader->paths[i].failure == failure) {
            return 1;
        }
    }
    return 0;
}

static int goes_on(const result_reader_t *reader, const way_t *way)
{
    for (unsigned i = 0; i < reader->path_count; i++) {
        if (way->paths & 1u << i && reader->paths[i].count > way->steps[i]) {
            return 1;
        }
    }
    return 0;
}

static void end_value(result_reader_t *reader)
{
    reader->complete = reader->depth == 0;
}

static void open_container(result_reader_t *reader, json_scan_t *scan, int is_array)
{
    way_t way = reach(reader);
    int failure = ends_here(reader, &way, 1), on = goes_on(reader, &way);
    level_t *level;

    reader->cut |= on && reader->depth == MAX_LEVELS;
    if ((!on && !failure) || reader->depth == MAX_LEVELS) {
        reader->skipping = 1;
        if (scan) {
            json_scan_skip(scan);
        }
        return;
    }
    level = &reader->levels[reader->depth++];
    level->failure = failure;
    level->is_array = is_array;
    level->index = 0;
    level->here = way;
    level->member.paths = 0;
}

/* Whatever comes in a list or an object makes it truthy. */
static void note_content(result_reader_t *reader)
{
    if (reader->depth > 0 && reader->levels[reader->depth - 1].failure) {
        reader->failed = 1;
    }
}

/* 1 once the container that is passed over is at its end. */
static int pass_over(result_reader_t *reader, json_token_t token)
{
    if (token == JSON_OBJECT_BEGIN || token == JSON_ARRAY_BEGIN) {
        reader->skipping++;
    }
    else if (token == JSON_OBJECT_END || token == JSON_ARRAY_END) {
        reader->skipping--;
    }
    return reader->skipping == 0;
}

int result_reader_token(result_reader_t *reader, json_scan_t *scan, json_token_t token)
{
    if (reader->skipping) {
        if (pass_over(reader, token)) {
            end_value(reader);
        }
        return reader->complete;
    }
    if (token != JSON_OBJECT_END && token != JSON_ARRAY_END) {
        note_content(reader);
    }
    if (token == JSON_OBJECT_BEGIN || token == JSON_ARRAY_BEGIN) {
        open_container(reader, scan, token == JSON_ARRAY_BEGIN);
    }
    else if (token == JSON_OBJECT_END || token == JSON_ARRAY_END) {
        reader->depth--;
        end_value(reader);
    }
    else {
        way_t way = reach(reader);

        reader->failed |= token == JSON_TRUE && ends_here(reader, &way, 1);
        end_value(reader);
    }
    return reader->complete;
}

static void take_id(result_reader_t *reader)
{
    apr_size_t digits = strspn(reader->text, "0123456789");

    if (digits == 0 || digits != reader->text_length || digits >= ID_SIZE - 1) {
        return;
    }
    if (reader->count++ < CALL_MAX_IDS) {
        if (reader->ids.length > 0) {
            buffer_append_char(&reader->ids, ' ');
        }
        buffer_append(&reader->ids, reader->text, digits);
    }
}

static void end_text(result_reader_t *reader, json_token_t token)
{
    level_t *level = reader->depth > 0 ? &reader->levels[reader->depth - 1] : NULL;
    way_t way;

    if (token == JSON_KEY) {
        level->member = follow(reader, level);
        return;
    }
    way = reach(reader);
    if (token == JSON_NUMBER && ends_here(reader, &way, 0)) {
        take_id(reader);
    }
    if (ends_here(reader, &way, 1)) {
        reader->failed |= token == JSON_STRING ? reader->text_length > 0
                                               : strspn(reader->text, "0.") < reader->text_length;
    }
    end_value(reader);
}

int result_reader_text(result_reader_t *reader, json_token_t token, const char *data,
                       apr_size_t length, int last)
{
    if (reader->skipping) {
        return 0;
    }
    if (token == JSON_STRING) {
        reader->text_length += length; /* only that there is something counts */
    }
    else {
        apr_size_t room = sizeof(reader->text) - 1 - reader->text_length;

        memcpy(reader->text + reader->text_length, data, length < room ? length : room);
        reader->text_length += length < room ? length : room;
        reader->text[reader->text_length] = '\0';
    }
    note_content(reader);
    if (last) {
        end_text(reader, token);
        reader->text_length = 0;
    }
    return reader->complete;
}

const char *result_reader_ids(result_reader_t *reader)
{
    return reader->ids.length > 0 ? buffer_string(&reader->ids) : NULL;
}

int result_reader_failed(const result_reader_t *reader)
{
    return reader->failed;
}

apr_int64_t result_reader_count(const result_reader_t *reader)
{
    return reader->count;
}

int result_reader_cut(const result_reader_t *reader)
{
    return reader->cut;
}
