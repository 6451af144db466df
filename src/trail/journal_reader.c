#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "journal_format.h"

#define READER_WINDOW (64 * 1024) /* the keeper holds one for each living child of httpd */
#define READER_LARGEST (JOURNAL_RECORD_HEAD + JOURNAL_MAX_RECORD)

struct journal_reader_t {
    apr_pool_t *pool;
    int file;
    apr_uint32_t seed;
    apr_int64_t position; /* of the next record */
    /* What was read of the file: `length` bytes that lie at `start`. */
    char *window;
    apr_size_t window_size, length;
    apr_int64_t start;
    apr_int64_t searched;      /* size of the file at the last search that found nothing */
    unsigned owner_dead : 1;   /* its lock could be had */
    unsigned ended : 1;        /* END was read */
    unsigned head_damaged : 1; /* not told yet */
};

typedef enum found_t {
    FOUND_RECORD,
    FOUND_NOTHING, /* the file ends here */
    FOUND_PART,    /* the file ends within what may become a record */
    FOUND_DAMAGE,
    FOUND_ERROR
} found_t;

/* Reads at `position` until `wanted` bytes stand in the window or the file ends. */
static apr_status_t fill(journal_reader_t *reader, apr_int64_t position, apr_size_t wanted)
{
    if (wanted > reader->window_size) {
        reader->window = apr_palloc(reader->pool, READER_LARGEST);
        reader->window_size = READER_LARGEST;
    }
    reader->start = position;
    reader->length = 0;
    while (reader->length < wanted) {
        ssize_t count =
            pread(reader->file, reader->window + reader->length,
                  reader->window_size - reader->length, position + (apr_int64_t)reader->length);

        if (count == 0) {
            break;
        }
        if (count > 0) {
            reader->length += (apr_size_t)count;
        }
        else if (errno != EINTR) {
            return errno;
        }
    }
    return APR_SUCCESS;
}

/* The bytes at a position, *available of them; reads only if fewer than wanted are at hand. */
static apr_status_t look_at(journal_reader_t *reader, apr_int64_t position, apr_size_t wanted,
                            const char **bytes, apr_size_t *available)
{
    apr_int64_t end = reader->start + (apr_int64_t)reader->length;

    if (position < reader->start || position + (apr_int64_t)wanted > end) {
        apr_status_t status = fill(reader, position, wanted);

        if (status != APR_SUCCESS) {
            return status;
        }
        end = reader->start + (apr_int64_t)reader->length;
    }
    *bytes = reader->window + (position - reader->start);
    *available = (apr_size_t)(end - position);
    return APR_SUCCESS;
}

static int begins_like_a_record(const char *bytes, apr_size_t available)
{
    apr_size_t compared =
        available < JOURNAL_RECORD_MAGIC_SIZE ? available : JOURNAL_RECORD_MAGIC_SIZE;

    return memcmp(bytes, JOURNAL_RECORD_MAGIC, compared) == 0;
}

static found_t find_at(journal_reader_t *reader, apr_int64_t position, journal_record_t *record,
                       apr_status_t *status)
{
    journal_record_head_t head;
    const char *bytes;
    apr_size_t available, whole;

    *status = look_at(reader, position, JOURNAL_RECORD_HEAD, &bytes, &available);
    if (*status != APR_SUCCESS) {
        return FOUND_ERROR;
    }
    if (available < JOURNAL_RECORD_HEAD) {
        return available == 0                           ? FOUND_NOTHING
               : begins_like_a_record(bytes, available) ? FOUND_PART
                                                        : FOUND_DAMAGE;
    }
    if (!journal_record_head_read(bytes, &head)) {
        return FOUND_DAMAGE;
    }
    whole = JOURNAL_RECORD_HEAD + head.length;
    *status = look_at(reader, position, whole, &bytes, &available);
    if (*status != APR_SUCCESS) {
        return FOUND_ERROR;
    }
    if (available < whole) {
        return FOUND_PART;
    }
    if (!journal_record_intact(bytes, reader->seed, position, &head)) {
        return FOUND_DAMAGE;
    }
    record->kind = head.kind;
    record->number = head.number;
    record->payload = bytes + JOURNAL_RECORD_HEAD;
    record->length = head.length;
    record->end = position + (apr_int64_t)whole;
    return FOUND_RECORD;
}

/* What lies at the reader's position, as the file is now. A window that was filled while the owner
 * cut a short write back and wrote again may mix both states, so damage is believed only if a
 * second reading shows it too. */
static found_t find_next(journal_reader_t *reader, journal_record_t *record, apr_status_t *status)
{
    found_t found = find_at(reader, reader->position, record, status);

    if (found == FOUND_DAMAGE) {
        reader->length = 0;
        found = find_at(reader, reader->position, record, status);
    }
    if (found != FOUND_RECORD) {
        reader->length = 0; /* the next look must see what is written meanwhile */
    }
    return found;
}

/* The next place from *position on that holds the magic; moves *position there, or to the last
 * bytes of the file that can still become one. */
static apr_status_t find_magic(journal_reader_t *reader, apr_int64_t *position, int *found)
{
    *found = 0;
    for (;;) {
        const char *bytes, *magic;
        apr_size_t available;
        apr_status_t status =
            look_at(reader, *position, JOURNAL_RECORD_MAGIC_SIZE, &bytes, &available);

        if (status != APR_SUCCESS || available < JOURNAL_RECORD_MAGIC_SIZE) {
            return status;
        }
        magic = memmem(bytes, available, JOURNAL_RECORD_MAGIC, JOURNAL_RECORD_MAGIC_SIZE);
        if (magic) {
            *position += magic - bytes;
            *found = 1;
            return APR_SUCCESS;
        }
        *position += (apr_int64_t)(available - (JOURNAL_RECORD_MAGIC_SIZE - 1));
    }
}

/* The first whole record behind a damaged position; found 0: there is none yet. */
static apr_status_t search(journal_reader_t *reader, apr_int64_t *position, int *found)
{
    for (;;) {
        journal_record_t record;
        apr_status_t status = find_magic(reader, position, found);

        if (status != APR_SUCCESS || !*found) {
            return status;
        }
        if (find_at(reader, *position, &record, &status) == FOUND_RECORD) {
            return APR_SUCCESS;
        }
        if (status != APR_SUCCESS) {
            return status;
        }
        ++*position;
    }
}

static apr_int64_t file_size(const journal_reader_t *reader)
{
    struct stat info;

    return fstat(reader->file, &info) == 0 ? info.st_size : reader->position;
}

static apr_status_t move_behind(journal_reader_t *reader, apr_int64_t position,
                                journal_record_t *record)
{
    reader->position = position;
    record->end = position;
    return APR_EINVAL;
}

/* Whether what lies at the position is whole by now. */
static int has_become_whole(journal_reader_t *reader)
{
    journal_record_t record;
    apr_status_t status;

    reader->length = 0;
    return find_at(reader, reader->position, &record, &status) == FOUND_RECORD;
}

/* No whole record lies at the position. If one lies behind it, this is damage, a length that was
 * damaged and seems to lead past the end of the file included. If none does, it is the torn end of
 * a call that Odoo never got whole (`part`) or damage at the end, once the owner is dead; as long
 * as it lives it may write on. */
static apr_status_t pass(journal_reader_t *reader, int part, journal_record_t *record)
{
    apr_int64_t size = file_size(reader), position = reader->position + 1;
    apr_status_t status;
    int found;

    if (size <= reader->searched && !reader->owner_dead) {
        return APR_EAGAIN;
    }
    status = search(reader, &position, &found);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (found) {
        return has_become_whole(reader) ? APR_EAGAIN : move_behind(reader, position, record);
    }
    reader->searched = size;
    reader->length = 0;
    if (!reader->owner_dead) {
        return APR_EAGAIN;
    }
    return part ? APR_EOF : move_behind(reader, size, record);
}

/* flock on our own description of the file is refused as long as the owner's exists. */
static int owner_has_died(journal_reader_t *reader)
{
    if (!reader->owner_dead && flock(reader->file, LOCK_SH | LOCK_NB) == 0) {
        flock(reader->file, LOCK_UN);
        reader->owner_dead = 1;
        return 1;
    }
    return 0;
}

static apr_status_t next_once(journal_reader_t *reader, journal_record_t *record)
{
    apr_status_t status = APR_SUCCESS;
    found_t found = find_next(reader, record, &status);

    switch (found) {
    case FOUND_RECORD:
        reader->position = record->end;
        reader->ended = record->kind == JOURNAL_END;
        return reader->ended ? APR_EOF : APR_SUCCESS;
    case FOUND_NOTHING:
        return reader->owner_dead ? APR_EOF : APR_EAGAIN;
    case FOUND_PART:
    case FOUND_DAMAGE:
        return pass(reader, found == FOUND_PART, record);
    default:
        return status;
    }
}

apr_status_t journal_reader_next(journal_reader_t *reader, journal_record_t *record)
{
    apr_status_t status;

    if (reader->ended) {
        return APR_EOF;
    }
    if (reader->head_damaged) {
        reader->head_damaged = 0;
        record->end = reader->position;
        return APR_EINVAL;
    }
    status = next_once(reader, record);
    /* Between our look and its death the owner may have written: look once more. */
    if (status == APR_EAGAIN && owner_has_died(reader)) {
        status = next_once(reader, record);
    }
    return status;
}

int journal_reader_owner_gone(const journal_reader_t *reader)
{
    return reader->ended || reader->owner_dead;
}

static apr_status_t close_file(void *payload)
{
    close(((journal_reader_t *)payload)->file);
    return APR_SUCCESS;
}

apr_status_t journal_reader_open(journal_reader_t **result, apr_pool_t *parent, const char *folder,
                                 const journal_segment_t *segment, apr_int64_t position)
{
    apr_pool_t *pool;
    journal_reader_t *reader;
    int file = open(apr_pstrcat(parent, folder, "/", segment->name, NULL),
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (file < 0) {
        return errno;
    }
    apr_pool_create(&pool, parent);
    reader = apr_pcalloc(pool, sizeof(*reader));
    reader->pool = pool;
    reader->file = file;
    reader->seed = journal_seed(segment->incarnation, segment->ordinal);
    reader->position = position > JOURNAL_HEAD ? position : JOURNAL_HEAD;
    reader->head_damaged = position == 0 && journal_head_check(file) == JOURNAL_HEAD_DAMAGED;
    reader->window = apr_palloc(pool, READER_WINDOW);
    reader->window_size = READER_WINDOW;
    apr_pool_cleanup_register(pool, reader, close_file, apr_pool_cleanup_null);
    *result = reader;
    return APR_SUCCESS;
}

void journal_reader_close(journal_reader_t *reader)
{
    apr_pool_destroy(reader->pool);
}
