/* The file of settings: reading it whole, replacing it whole. */
#include "settings/settings_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "text/durable.h"

#define LOCK_POLL apr_time_from_msec(10)

/* ---- reading ---- */

static apr_status_t read_whole(int fd, char **data, apr_size_t *length, apr_pool_t *pool)
{
    struct stat status;
    apr_size_t size;

    if (fstat(fd, &status)) {
        return APR_FROM_OS_ERROR(errno);
    }
    if (!S_ISREG(status.st_mode) || status.st_size > SETTINGS_MAX_FILE) {
        return APR_EINVAL;
    }
    size = (apr_size_t)status.st_size;
    *data = apr_palloc(pool, size + 1);
    for (*length = 0; *length < size;) {
        ssize_t got = read(fd, *data + *length, size - *length);

        if (got < 0 && errno != EINTR) {
            return APR_FROM_OS_ERROR(errno);
        }
        if (got == 0) {
            break;
        }
        *length += got > 0 ? (apr_size_t)got : 0;
    }
    return APR_SUCCESS;
}

static apr_status_t read_file(const char *path, char **data, apr_size_t *length, apr_pool_t *pool)
{
    int fd;
    /* Whoever put a FIFO there must not make httpd wait. */
    apr_status_t status = durable_open(path, O_RDONLY | O_NONBLOCK, &fd);

    if (status == APR_SUCCESS) {
        status = read_whole(fd, data, length, pool);
        close(fd);
    }
    return status;
}

apr_status_t settings_file_load(settings_book_t *book, const char *path, const char **problem,
                                apr_pool_t *pool)
{
    char *data = NULL, reason[128];
    apr_size_t length = 0;
    const char *wrong = NULL;
    apr_status_t status = read_file(path, &data, &length, pool);

    *problem = NULL;
    book->records = apr_array_make(pool, 1, sizeof(settings_record_t));
    if (APR_STATUS_IS_ENOENT(status)) {
        return APR_SUCCESS;
    }
    if (status == APR_SUCCESS && (wrong = settings_book_read(book, data, length, pool))) {
        status = APR_EINVAL;
    }
    else if (status != APR_SUCCESS) {
        wrong = status == APR_EINVAL ? "it is no file, or too large"
                                     : apr_strerror(status, reason, sizeof(reason));
    }
    if (status != APR_SUCCESS) {
        *problem = apr_psprintf(pool,
                                "the settings in %s cannot be read: %s; until it is mended or "
                                "removed, the rules of httpd.conf alone hold",
                                path, wrong);
    }
    return status;
}

/* ---- writing ---- */

static apr_status_t lock(const char *path, int *fd, apr_pool_t *pool)
{
    const char *name = apr_pstrcat(pool, path, ".lock", NULL);
    apr_interval_time_t waited = 0;
    apr_status_t status = durable_open(name, O_RDWR | O_CREAT, fd);

    while (status == APR_SUCCESS && flock(*fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            status = APR_FROM_OS_ERROR(errno);
        }
        else if (waited >= SETTINGS_LOCK_WAIT) {
            status = APR_TIMEUP;
        }
        else {
            apr_sleep(LOCK_POLL);
            waited += LOCK_POLL;
            continue;
        }
        close(*fd);
    }
    return status;
}

static void write_record(durable_file_t *file, const settings_record_t *record, buffer_t *buffer)
{
    buffer_reset(buffer);
    settings_record_write(record, buffer);
    durable_file_write(file, buffer->data, buffer->length);
}

static apr_status_t write_book(const char *path, const settings_book_t *book, apr_pool_t *pool)
{
    const char *head = apr_psprintf(pool, "{\"format\":%d,\"sites\":[\n", SETTINGS_FORMAT);
    durable_file_t *file;
    buffer_t buffer;
    apr_status_t status = durable_file_begin(&file, path, pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    buffer_init(&buffer, pool, SETTINGS_MAX_RECORD);
    durable_file_write(file, head, strlen(head));
    for (int i = 0; i < book->records->nelts; i++) {
        if (i > 0) {
            durable_file_write(file, ",\n", 2);
        }
        write_record(file, &APR_ARRAY_IDX(book->records, i, settings_record_t), &buffer);
    }
    durable_file_write(file, "\n]}\n", 4);
    if (buffer.overflow) {
        durable_file_abandon(file);
        return APR_EINVAL;
    }
    return durable_file_commit(file);
}

/* APR_SUCCESS with *stored 0 if the book has a newer one. */
static apr_status_t put(settings_book_t *book, const settings_record_t *record, apr_time_t expected,
                        int *stored)
{
    settings_record_t *present = (settings_record_t *)settings_book_find(book, record->site);

    if (expected != SETTINGS_ANY && (present ? present->time : 0) != expected) {
        return APR_EEXIST;
    }
    if (!present && book->records->nelts == SETTINGS_MAX_SITES) {
        return APR_ENOSPC;
    }
    *stored = !present || settings_record_compare(record, present) > 0;
    if (*stored && present) {
        *present = *record;
    }
    else if (*stored) {
        APR_ARRAY_PUSH(book->records, settings_record_t) = *record;
    }
    return APR_SUCCESS;
}

apr_status_t settings_file_store(const char *path, const settings_record_t *record,
                                 apr_time_t expected, int *stored, apr_pool_t *pool)
{
    settings_book_t book;
    const char *problem;
    int fd;
    apr_status_t status = lock(path, &fd, pool);

    *stored = 0;
    if (status != APR_SUCCESS) {
        return status;
    }
    status = settings_file_load(&book, path, &problem, pool);
    if (status == APR_SUCCESS || status == APR_EINVAL) {
        status = put(&book, record, status == APR_EINVAL ? SETTINGS_ANY : expected, stored);
    }
    if (status == APR_SUCCESS && *stored) {
        status = write_book(path, &book, pool);
    }
    close(fd);
    return status;
}
