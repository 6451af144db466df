/* A segment with any bytes behind its head: the reader ends, never moves back, and gives nothing
 * but what stands there; what was written whole before the bytes is read first; any event that
 * decodes encodes to the same cells. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/trail/journal_format.h"
#include "target.h"

#define INCARNATION "0123456789abcdef0123456789abcdef"
#define NAME INCARNATION "-00000001" JOURNAL_SUFFIX

#define CHECK(condition)                                                                           \
    if (!(condition)) {                                                                            \
        abort();                                                                                   \
    }

static const journal_segment_t segment = {NAME, INCARNATION, 1};
static apr_pool_t *parent;
static char folder[64];

static void remove_folder(void)
{
    apr_pool_t *pool;

    apr_pool_create(&pool, parent);
    unlink(apr_pstrcat(pool, folder, "/" NAME, NULL));
    rmdir(folder);
}

static void prepare(void)
{
    apr_initialize();
    apr_pool_create(&parent, NULL);
    strcpy(folder, "/tmp/fuzz_journal.XXXXXX");
    CHECK(mkdtemp(folder));
    atexit(remove_folder);
}

static void write_file(const char *path, const buffer_t *content)
{
    FILE *file = fopen(path, "wb");

    CHECK(file && fwrite(content->data, 1, content->length, file) == content->length);
    fclose(file);
}

/* A record around the payload, as the writer would have made it at the buffer's end. */
static void append_record(buffer_t *buffer, const char *payload, apr_size_t length)
{
    journal_record_head_t head = {0, (apr_uint32_t)length, JOURNAL_EVENT, 1};
    apr_size_t start = buffer->length;
    char room[JOURNAL_RECORD_HEAD] = "";

    buffer_append(buffer, room, sizeof(room));
    buffer_append(buffer, payload, length);
    journal_record_head_write(buffer->data + start, journal_seed(INCARNATION, 1),
                              (apr_int64_t)start, &head);
}

static void check_event(const journal_record_t *record, apr_pool_t *pool)
{
    event_t *event, *again;
    buffer_t buffer;

    if (event_decode(&event, pool, record->payload, record->length) != APR_SUCCESS) {
        return;
    }
    buffer_init(&buffer, pool, JOURNAL_MAX_RECORD);
    event_encode(event, &buffer);
    CHECK(buffer.length <= record->length);
    CHECK(event_decode(&again, pool, buffer.data, buffer.length) == APR_SUCCESS);
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        CHECK(!event->cell[column] == !again->cell[column]);
        CHECK(!event->cell[column] || strcmp(event->cell[column], again->cell[column]) == 0);
    }
}

/* Returns the number of records; `first` is what the first of them must hold. */
static int read_all(const buffer_t *content, const char *first, apr_size_t length, apr_pool_t *pool)
{
    journal_reader_t *reader;
    journal_record_t record;
    apr_int64_t position = JOURNAL_HEAD;
    apr_status_t status;
    int records = 0;

    CHECK(journal_reader_open(&reader, pool, folder, &segment, 0) == APR_SUCCESS);
    while ((status = journal_reader_next(reader, &record)) != APR_EOF) {
        CHECK(status == APR_SUCCESS || status == APR_EINVAL);
        CHECK(record.end > position && record.end <= (apr_int64_t)content->length);
        if (status == APR_SUCCESS) {
            CHECK(memcmp(content->data + record.end - (apr_int64_t)record.length, record.payload,
                         record.length) == 0);
            CHECK(records > 0 ||
                  (record.length == length && memcmp(record.payload, first, length) == 0));
            check_event(&record, pool);
            records++;
        }
        position = record.end;
    }
    journal_reader_close(reader);
    return records;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    buffer_t content;
    char head[JOURNAL_HEAD];

    if (!parent) {
        prepare();
    }
    apr_pool_create(&pool, parent);
    buffer_init(&content, pool, 4 * JOURNAL_MAX_RECORD);
    journal_head_write(head, INCARNATION, 1);
    buffer_append(&content, head, sizeof(head));
    if (size <= JOURNAL_MAX_RECORD) {
        append_record(&content, (const char *)data, size);
        buffer_append(&content, (const char *)data, size);
        append_record(&content, (const char *)data, size);
        write_file(apr_pstrcat(pool, folder, "/" NAME, NULL), &content);
        CHECK(read_all(&content, (const char *)data, size, pool) >= 1);
    }
    apr_pool_destroy(pool);
    return 0;
}
