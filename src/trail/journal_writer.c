#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <apr_allocator.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "journal_format.h"
#include "text/digest.h"

#define BUFFER_LIMIT (16 * 1024)              /* a gap record, and END */
#define MAX_ENDED 4                           /* segments that are ended and not on disk yet */
#define RETRY_INTERVAL apr_time_from_sec(1)   /* of a rotation that failed */
#define MEASURE_INTERVAL apr_time_from_sec(1) /* of the folder's size */
#define CLOSE_ATTEMPTS 100                    /* a millisecond each */
/* Bytes on the disk that nothing but outcomes may use: some hundred of them, so that what was let
 * through to Odoo also gets its outcome written when the disk is full. */
#define OUTCOME_ROOM (32 * 1024)

struct journal_t {
    apr_pool_t *pool; /* has an allocator of its own: it is used under the mutex only */
    const char *folder;
    char incarnation[JOURNAL_INCARNATION_SIZE];
    journal_sync_t sync;
    apr_int64_t max_size;
    pid_t owner;

    apr_uint64_t last_number; /* atomic */
    apr_uint64_t lost;        /* atomic */
    apr_uint64_t written;     /* atomic: appends that stand in a segment */

    pthread_mutex_t mutex; /* guards what follows */
    int file;
    apr_uint32_t ordinal;
    apr_uint32_t seed;
    apr_int64_t size;
    apr_int64_t reserved; /* up to here the disk has given room, if it can do that */
    buffer_t buffer;
    apr_uint64_t unreported, unreported_outcomes; /* losses no gap event tells of yet */
    apr_status_t loss_reason;
    apr_time_t next_rotation;
    apr_time_t measured;
    apr_int64_t folder_size;
    int ended[MAX_ENDED]; /* files, to be forced to disk and closed under both mutexes */
    int ended_count;
    int renamed; /* names in the folder are not on disk yet */

    pthread_mutex_t sync_mutex; /* guards the next; taken before the other */
    apr_uint64_t synced;        /* atomic to read: appends that are on disk */
};

static apr_status_t write_whole(int file, const struct iovec pieces[2], apr_size_t *written)
{
    apr_size_t length = pieces[0].iov_len + pieces[1].iov_len;
    ssize_t count;

    do {
        count = writev(file, pieces, 2);
    } while (count < 0 && errno == EINTR);
    *written = count > 0 ? (apr_size_t)count : 0;
    if (count < 0) {
        return errno;
    }
    return *written == length ? APR_SUCCESS : APR_ENOSPC;
}

/* Gives an opened, locked file of that name with a segment's head in it. */
static apr_status_t create_file(const journal_t *journal, const char *path, apr_uint32_t ordinal,
                                int *file)
{
    char head[JOURNAL_HEAD];
    const struct iovec pieces[2] = {{head, sizeof(head)}, {NULL, 0}};
    apr_size_t written;

    *file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                 S_IRUSR | S_IWUSR);
    if (*file < 0) {
        return errno;
    }
    if (flock(*file, LOCK_EX | LOCK_NB) != 0) {
        return errno;
    }
    journal_head_write(head, journal->incarnation, ordinal);
    return write_whole(*file, pieces, &written);
}

/* The segment appears in the folder whole and locked, or not at all. It is not on disk yet. */
static apr_status_t create_segment(const journal_t *journal, apr_uint32_t ordinal, int *file,
                                   apr_pool_t *pool)
{
    const char *name = journal_segment_name(pool, journal->incarnation, ordinal);
    const char *path = apr_pstrcat(pool, journal->folder, "/", name, NULL);
    const char *temporary =
        apr_pstrcat(pool, journal->folder, "/" JOURNAL_TEMPORARY_PREFIX, name, NULL);
    apr_status_t status;

    unlink(temporary); /* of an attempt before this one */
    status = create_file(journal, temporary, ordinal, file);
    if (status == APR_SUCCESS && rename(temporary, path) != 0) {
        status = errno;
    }
    if (status != APR_SUCCESS) {
        unlink(temporary);
        if (*file >= 0) {
            close(*file);
        }
    }
    return status;
}

/* Appends a record to the buffer, all but what its place in the segment decides. */
static void encode_record(buffer_t *buffer, const event_t *event)
{
    static const char room[JOURNAL_RECORD_HEAD];

    buffer_append(buffer, room, sizeof(room));
    if (event) {
        event_encode(event, buffer);
    }
}

/* The record is the whole of the buffer and will lie at that offset. */
static void finish_record(const journal_t *journal, buffer_t *buffer, apr_int64_t offset,
                          journal_kind_t kind, apr_uint64_t number)
{
    journal_record_head_t head = {0, (apr_uint32_t)(buffer->length - JOURNAL_RECORD_HEAD), kind,
                                  number};

    journal_record_head_write(buffer->data, journal->seed, offset, &head);
}

static void encode_gap(journal_t *journal)
{
    apr_pool_t *pool;
    event_t *event;
    char reason[256];

    apr_pool_create(&pool, journal->pool);
    event = event_create(pool);
    event_set_time(event, EVENT_TIME, apr_time_now());
    event_set(event, EVENT_CHANNEL, "module");
    event_set(event, EVENT_OPERATION, JOURNAL_GAP_OPERATION);
    event_set(event, EVENT_OUTCOME, "unknown");
    event_set(event, EVENT_ERROR, apr_strerror(journal->loss_reason, reason, sizeof(reason)));
    event_set(event, EVENT_VALUES,
              apr_psprintf(pool,
                           "{\"lost\":%" APR_UINT64_T_FMT ",\"lost_outcomes\":%" APR_UINT64_T_FMT
                           "}",
                           journal->unreported, journal->unreported_outcomes));
    encode_record(&journal->buffer, event);
    finish_record(journal, &journal->buffer, journal->size, JOURNAL_EVENT,
                  journal_next_number(journal));
    apr_pool_destroy(pool);
}

/* Puts a gap record into the journal's buffer, or nothing. */
static void tell_losses(journal_t *journal)
{
    buffer_reset(&journal->buffer);
    if (journal->unreported + journal->unreported_outcomes > 0) {
        encode_gap(journal);
    }
}

/* Leaves `kept` of the bytes just written. The keeper may have read a whole record already, so one
 * that is whole is never cut away. */
static void cut_back(journal_t *journal, apr_size_t kept, apr_size_t written)
{
    journal->size += (apr_int64_t)kept;
    journal->reserved = written != kept ? 0 : journal->reserved;
    if (written != kept && ftruncate(journal->file, journal->size) != 0) {
        off_t end = lseek(journal->file, 0, SEEK_END);

        journal->size = end < 0 ? journal->size : end; /* the reader finds what comes behind */
    }
}

/* Writes the journal's buffer, a gap record or nothing, and the record behind it. */
static apr_status_t write_record(journal_t *journal, journal_kind_t kind, apr_uint64_t number,
                                 buffer_t *record)
{
    apr_size_t gap = journal->buffer.length, length = gap + record->length, written, kept;
    struct iovec pieces[2] = {{journal->buffer.data, gap}, {record->data, record->length}};
    apr_status_t status;

    finish_record(journal, record, journal->size + (apr_int64_t)gap, kind, number);
    status = write_whole(journal->file, pieces, &written);
    kept = written == length ? length : written >= gap ? gap : 0;
    cut_back(journal, kept, written);
    journal->folder_size += (apr_int64_t)kept;
    if (kept >= gap) {
        journal->unreported = journal->unreported_outcomes = 0;
    }
    return status;
}

/* What gaps are still to be told of, and END: the last words of a segment. */
static void end_segment(journal_t *journal)
{
    char room[JOURNAL_RECORD_HEAD];
    buffer_t record = {.data = room, .length = sizeof(room), .size = sizeof(room)};

    tell_losses(journal);
    write_record(journal, JOURNAL_END, 0, &record);
    if (journal->reserved > journal->size && ftruncate(journal->file, journal->size) != 0) {
        journal->reserved = 0; /* the room goes with the file */
    }
}

/* Room for so many bytes and the outcomes behind them. A file system that cannot promise room is
 * written to all the same. */
static apr_status_t reserve(journal_t *journal, apr_size_t length)
{
    apr_int64_t end = journal->size + (apr_int64_t)length + OUTCOME_ROOM;

    if (end <= journal->reserved) {
        return APR_SUCCESS;
    }
    end += OUTCOME_ROOM; /* not with each record */
    if (fallocate(journal->file, FALLOC_FL_KEEP_SIZE, journal->size, end - journal->size) == 0) {
        journal->reserved = end;
        return APR_SUCCESS;
    }
    return errno == ENOSPC || errno == EDQUOT ? errno : APR_SUCCESS;
}

/* Ends the present segment, if there is one, only once the next one stands in the folder: at any
 * moment a reader that sees END also sees whether the owner lives on. */
static apr_status_t next_segment(journal_t *journal)
{
    apr_pool_t *pool;
    apr_status_t status;
    int file = -1;

    apr_pool_create(&pool, journal->pool);
    status = create_segment(journal, journal->ordinal + 1, &file, pool);
    apr_pool_destroy(pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (journal->file >= 0) {
        end_segment(journal);
        if (journal->sync == JOURNAL_SYNC_OFF) {
            close(journal->file);
        }
        else {
            journal->ended[journal->ended_count++] = journal->file;
        }
    }
    journal->file = file;
    journal->renamed = 1;
    journal->ordinal++;
    journal->size = JOURNAL_HEAD;
    journal->reserved = 0;
    journal->seed = journal_seed(journal->incarnation, journal->ordinal);
    return APR_SUCCESS;
}

/* Nothing is forced to disk here, where others wait: force does that for old and new. If anything
 * fails (a full disk), or too much still waits for force, the old segment simply grows on. */
static void rotate(journal_t *journal, apr_time_t now)
{
    if (journal->ended_count == MAX_ENDED || next_segment(journal) != APR_SUCCESS) {
        journal->next_rotation = now + RETRY_INTERVAL;
    }
}

static int has_room(journal_t *journal, apr_time_t now)
{
    if (journal->max_size <= 0) {
        return 1;
    }
    if (now - journal->measured >= MEASURE_INTERVAL || now < journal->measured) {
        journal->folder_size = journal_size(journal->folder, journal->pool);
        journal->measured = now;
    }
    return journal->folder_size < journal->max_size;
}

/* Whoever could not write an intent either lets nothing happen or writes the whole event when it is
 * over, and only if that fails there is one less on record. */
static void count_loss(journal_t *journal, journal_kind_t kind, apr_status_t reason)
{
    if (kind == JOURNAL_INTENT) {
        return;
    }
    __atomic_add_fetch(&journal->lost, 1, __ATOMIC_RELAXED);
    journal->loss_reason = reason;
    if (kind == JOURNAL_OUTCOME) {
        journal->unreported_outcomes++;
    }
    else {
        journal->unreported++;
    }
}

static apr_status_t append_locked(journal_t *journal, journal_kind_t kind, apr_uint64_t number,
                                  buffer_t *record)
{
    apr_time_t now = apr_time_now();
    apr_status_t status;

    if (record->overflow || record->length > JOURNAL_RECORD_HEAD + JOURNAL_MAX_RECORD) {
        return APR_EINVAL;
    }
    if (kind != JOURNAL_OUTCOME && !has_room(journal, now)) {
        return APR_ENOSPC;
    }
    if (journal->size >= JOURNAL_SEGMENT_SIZE && now >= journal->next_rotation) {
        rotate(journal, now);
    }
    tell_losses(journal);
    status = reserve(journal, journal->buffer.length + record->length);
    if (status != APR_SUCCESS && kind != JOURNAL_OUTCOME) {
        return status;
    }
    return write_record(journal, kind, number, record);
}

/* What is to be forced to disk at one time. */
typedef struct batch_t {
    apr_uint64_t reached; /* appends that stand in it */
    int file;             /* -1: it could not be duplicated */
    apr_status_t reason;
    int ended[MAX_ENDED];
    int ended_count;
    int renamed;
} batch_t;

/* A rotation may end the present file meanwhile, so it is duplicated. A duplicate shares the lock,
 * and closing it does not give the lock up. */
static void take_batch(journal_t *journal, batch_t *batch)
{
    pthread_mutex_lock(&journal->mutex);
    batch->reached = journal->written;
    batch->file = fcntl(journal->file, F_DUPFD_CLOEXEC, 0);
    batch->reason = batch->file < 0 ? errno : APR_SUCCESS;
    batch->ended_count = journal->ended_count;
    memcpy(batch->ended, journal->ended, sizeof(batch->ended));
    batch->renamed = journal->renamed;
    pthread_mutex_unlock(&journal->mutex);
}

static apr_status_t force_batch(const journal_t *journal, const batch_t *batch)
{
    for (int i = 0; i < batch->ended_count; i++) {
        if (fdatasync(batch->ended[i]) != 0) {
            return errno;
        }
    }
    if (batch->file < 0 || fdatasync(batch->file) != 0) {
        return batch->file < 0 ? batch->reason : errno;
    }
    return batch->renamed ? journal_sync_folder(journal->folder) : APR_SUCCESS;
}

/* The batch is on disk. */
static void drop_batch(journal_t *journal, const batch_t *batch)
{
    pthread_mutex_lock(&journal->mutex);
    journal->ended_count -= batch->ended_count;
    memmove(journal->ended, journal->ended + batch->ended_count,
            (apr_size_t)journal->ended_count * sizeof(*journal->ended));
    if (journal->ended_count == 0) {
        journal->renamed = 0;
    }
    pthread_mutex_unlock(&journal->mutex);
    for (int i = 0; i < batch->ended_count; i++) {
        close(batch->ended[i]);
    }
    __atomic_store_n(&journal->synced, batch->reached, __ATOMIC_RELEASE);
}

/* Forces to disk what stands there up to append `wanted`. One thread does it for all that wait. */
static apr_status_t force(journal_t *journal, apr_uint64_t wanted)
{
    apr_status_t status = APR_SUCCESS;

    pthread_mutex_lock(&journal->sync_mutex);
    if (journal->synced < wanted) {
        batch_t batch;

        take_batch(journal, &batch);
        status = force_batch(journal, &batch);
        if (status == APR_SUCCESS) {
            drop_batch(journal, &batch);
        }
        if (batch.file >= 0) {
            close(batch.file);
        }
    }
    pthread_mutex_unlock(&journal->sync_mutex);
    return status;
}

apr_status_t journal_append(journal_t *journal, journal_kind_t kind, apr_uint64_t number,
                            const event_t *event)
{
    apr_uint64_t place = 0;
    apr_status_t status;
    buffer_t record;

    buffer_init(&record, event->pool, JOURNAL_RECORD_HEAD + JOURNAL_MAX_RECORD);
    encode_record(&record, event);
    pthread_mutex_lock(&journal->mutex);
    status = append_locked(journal, kind, number, &record);
    if (status == APR_SUCCESS) {
        place = __atomic_add_fetch(&journal->written, 1, __ATOMIC_RELEASE);
    }
    else {
        count_loss(journal, kind, status);
    }
    pthread_mutex_unlock(&journal->mutex);
    if (status == APR_SUCCESS && journal->sync == JOURNAL_SYNC_ALWAYS) {
        status = force(journal, place);
    }
    return status;
}

apr_status_t journal_sync(journal_t *journal)
{
    apr_uint64_t written = __atomic_load_n(&journal->written, __ATOMIC_ACQUIRE);

    if (__atomic_load_n(&journal->synced, __ATOMIC_ACQUIRE) >= written) {
        return APR_SUCCESS;
    }
    return force(journal, written);
}

apr_uint64_t journal_next_number(journal_t *journal)
{
    return __atomic_add_fetch(&journal->last_number, 1, __ATOMIC_RELAXED);
}

apr_uint64_t journal_lost(const journal_t *journal)
{
    return __atomic_load_n(&journal->lost, __ATOMIC_RELAXED);
}

static int lock_for_a_moment(pthread_mutex_t *mutex)
{
    static const struct timespec pause = {0, 1000000};

    for (int i = 0; i < CLOSE_ATTEMPTS; i++) {
        if (pthread_mutex_trylock(mutex) == 0) {
            return 1;
        }
        nanosleep(&pause, NULL);
    }
    return 0;
}

static apr_status_t close_journal(void *payload)
{
    journal_t *journal = payload;

    /* A process that was forked with the journal open ends nothing: the segment is its parent's. */
    if (journal->owner == getpid() && lock_for_a_moment(&journal->mutex)) {
        end_segment(journal);
        for (int i = 0; i < journal->ended_count; i++) {
            fdatasync(journal->ended[i]);
        }
        if (journal->sync != JOURNAL_SYNC_OFF) {
            fdatasync(journal->file);
        }
        pthread_mutex_unlock(&journal->mutex);
    }
    for (int i = 0; i < journal->ended_count; i++) {
        close(journal->ended[i]);
    }
    close(journal->file);
    return APR_SUCCESS;
}

apr_status_t journal_close(journal_t *journal)
{
    apr_pool_destroy(journal->pool);
    return APR_SUCCESS;
}

static apr_status_t create_incarnation(char incarnation[JOURNAL_INCARNATION_SIZE])
{
    unsigned char bytes[(JOURNAL_INCARNATION_SIZE - 1) / 2];
    apr_status_t status = digest_random(bytes, sizeof(bytes));

    digest_hex(bytes, sizeof(bytes), incarnation);
    return status;
}

static apr_status_t create_pool(apr_pool_t **pool, apr_pool_t *parent)
{
    apr_allocator_t *allocator;
    apr_status_t status = apr_allocator_create(&allocator);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = apr_pool_create_ex(pool, parent, NULL, allocator);
    if (status != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return status;
    }
    apr_allocator_owner_set(allocator, *pool);
    return APR_SUCCESS;
}

/* An append takes about as long as going to sleep for another one and waking up again. */
static void init_mutex(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

/* The first segment stands on disk before anything is written to it. */
static apr_status_t first_segment(journal_t *journal)
{
    apr_status_t status = next_segment(journal);

    if (status == APR_SUCCESS && journal->sync != JOURNAL_SYNC_OFF &&
        fdatasync(journal->file) != 0) {
        status = errno;
    }
    if (status == APR_SUCCESS) {
        status = journal_sync_folder(journal->folder);
    }
    if (status != APR_SUCCESS && journal->file >= 0) {
        unlink(
            apr_pstrcat(journal->pool, journal->folder, "/",
                        journal_segment_name(journal->pool, journal->incarnation, journal->ordinal),
                        NULL));
        close(journal->file);
    }
    return status;
}

apr_status_t journal_open(journal_t **result, apr_pool_t *parent, const char *folder,
                          journal_sync_t sync, apr_int64_t max_size)
{
    apr_pool_t *pool;
    journal_t *journal;
    apr_status_t status = create_pool(&pool, parent);

    if (status != APR_SUCCESS) {
        return status;
    }
    journal = apr_pcalloc(pool, sizeof(*journal));
    journal->pool = pool;
    journal->folder = apr_pstrdup(pool, folder);
    journal->sync = sync;
    journal->max_size = max_size;
    journal->owner = getpid();
    journal->file = -1;
    buffer_init(&journal->buffer, pool, BUFFER_LIMIT);
    init_mutex(&journal->mutex);
    pthread_mutex_init(&journal->sync_mutex, NULL);
    status = create_incarnation(journal->incarnation);
    if (status == APR_SUCCESS) {
        status = first_segment(journal);
    }
    if (status != APR_SUCCESS) {
        apr_pool_destroy(pool);
        return status;
    }
    apr_pool_cleanup_register(pool, journal, close_journal, apr_pool_cleanup_null);
    *result = journal;
    return APR_SUCCESS;
}
