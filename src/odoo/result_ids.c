#include "result_ids.h"

#include <string.h>

#include <apr_strings.h>

#include "text/buffer.h"

#define MAX_PATHS 4
#define MAX_STEPS 6
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
    int failure; /* what is there is no id, but tells that there was no success */
} path_t;

/* An open container on the way to ids. */
typedef struct level_t {
    int is_array;
    apr_int64_t index; /* of the element that comes, in an array */
    unsigned paths;    /* bit n: path n leads here */
    unsigned member;   /* bit n: path n leads to the member that comes, in an object */
    int failure;       /* not empty, it tells failure */
} level_t;

struct result_reader_t {
    path_t paths[MAX_PATHS];
    unsigned path_count;
    level_t levels[MAX_STEPS];
    unsigned depth;
    unsigned
        skipping; /* containers open that hold no id; the scanner may leave out what is in them */
    int complete;
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

static const char *parse_path(path_t *path, const char *text)
{
    path->failure = *text == '!';
    text += path->failure;
    while (*text && *text != ' ' && path->count < MAX_STEPS) {
        text += *text == '.';
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

/* The paths among `paths` whose step at this depth leads to the member or element that comes. */
static unsigned follow(const result_reader_t *reader, const level_t *level, unsigned depth)
{
    unsigned followed = 0;

    for (unsigned i = 0; i < reader->path_count; i++) {
        const step_t *step = &reader->paths[i].steps[depth];
        int leads;

        if (!(level->paths & 1u << i) || depth >= reader->paths[i].count) {
            continue;
        }
        if (level->is_array) {
            leads = !step->key && (step->index == ANY_INDEX || step->index == level->index);
        }
        else {
            leads = step->key && step->key_length == reader->text_length &&
                    memcmp(step->key, reader->text, step->key_length) == 0;
        }
        followed |= leads ? 1u << i : 0;
    }
    return followed;
}

/* The paths that lead to the value that comes now. */
static unsigned reach(result_reader_t *reader)
{
    level_t *level;
    unsigned paths;

    if (reader->depth == 0) {
        return (1u << reader->path_count) - 1;
    }
    level = &reader->levels[reader->depth - 1];
    if (!level->is_array) {
        return level->member;
    }
    paths = follow(reader, level, reader->depth - 1);
    level->index++;
    return paths;
}

/* 1 if one of the paths, to ids or to what tells failure, ends at the value that comes. */
static int ends_here(const result_reader_t *reader, unsigned paths, int failure)
{
    for (unsigned i = 0; i < reader->path_count; i++) {
        if (paths & 1u << i && reader->paths[i].count == reader->depth &&
            reader->paths[i].failure == failure) {
            return 1;
        }
    }
    return 0;
}

static int goes_on(const result_reader_t *reader, unsigned paths)
{
    for (unsigned i = 0; i < reader->path_count; i++) {
        if (paths & 1u << i && reader->paths[i].count > reader->depth) {
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
    unsigned paths = reach(reader);
    int failure = ends_here(reader, paths, 1);
    level_t *level;

    if (!goes_on(reader, paths) && (!failure || reader->depth == MAX_STEPS)) {
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
    level->paths = paths;
    level->member = 0;
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
        unsigned paths = reach(reader);

        reader->failed |= token == JSON_TRUE && ends_here(reader, paths, 1);
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
    unsigned paths;

    if (token == JSON_KEY) {
        level->member = follow(reader, level, reader->depth - 1);
        return;
    }
    paths = reach(reader);
    if (token == JSON_NUMBER && ends_here(reader, paths, 0)) {
        take_id(reader);
    }
    if (ends_here(reader, paths, 1)) {
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
