#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "journal_format.h"

#define LEFT_OVER_AGE 60 /* seconds: a living owner is done with a temporary name long before */

/* Each call answers for one file of the folder; another answer than APR_SUCCESS ends the walk. */
typedef apr_status_t (*visit_file_t)(void *payload, int folder, const char *name);

static apr_status_t each_file(const char *folder, visit_file_t visit, void *payload)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    apr_status_t status = APR_SUCCESS;

    if (!entries) {
        return errno;
    }
    while (status == APR_SUCCESS && (errno = 0, entry = readdir(entries)) != NULL) {
        status = visit(payload, dirfd(entries), entry->d_name);
    }
    if (status == APR_SUCCESS && errno != 0) {
        status = errno;
    }
    closedir(entries);
    return status;
}

typedef struct listing_t {
    apr_array_header_t *segments;
    apr_pool_t *pool;
} listing_t;

static apr_status_t list_segment(void *payload, int folder, const char *name)
{
    listing_t *listing = payload;
    journal_segment_t segment;
    journal_head_state_t state;
    int file;

    if (!journal_segment_parse(&segment, listing->pool, name)) {
        return APR_SUCCESS;
    }
    file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) {
        return errno == ENOENT ? APR_SUCCESS : errno;
    }
    state = journal_head_check(file);
    close(file);
    if (state == JOURNAL_HEAD_WHOLE || state == JOURNAL_HEAD_DAMAGED) {
        APR_ARRAY_PUSH(listing->segments, journal_segment_t) = segment;
    }
    return APR_SUCCESS;
}

/* Names begin with incarnation and ordinal in digits of fixed number: their order is that order. */
static int compare_segments(const void *left, const void *right)
{
    return strcmp(((const journal_segment_t *)left)->name,
                  ((const journal_segment_t *)right)->name);
}

apr_status_t journal_list(apr_array_header_t **segments, apr_pool_t *pool, const char *folder)
{
    listing_t listing = {apr_array_make(pool, 16, sizeof(journal_segment_t)), pool};
    apr_status_t status = each_file(folder, list_segment, &listing);

    qsort(listing.segments->elts, (size_t)listing.segments->nelts, sizeof(journal_segment_t),
          compare_segments);
    *segments = listing.segments;
    return status;
}

apr_status_t journal_remove(const char *folder, const char *name, apr_pool_t *pool)
{
    if (unlink(apr_pstrcat(pool, folder, "/", name, NULL)) != 0 && errno != ENOENT) {
        return errno;
    }
    return journal_sync_folder(folder);
}

static apr_status_t add_size(void *payload, int folder, const char *name)
{
    struct stat info;

    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode)) {
        *(apr_int64_t *)payload += info.st_size;
    }
    return APR_SUCCESS;
}

apr_int64_t journal_size(const char *folder, apr_pool_t *pool)
{
    apr_int64_t size = 0;

    (void)pool;
    each_file(folder, add_size, &size);
    return size;
}

typedef struct tidying_t {
    apr_pool_t *pool;
    time_t before;
    int foreign;
} tidying_t;

/* A file whose lock can be had has no owner. */
static void remove_left_over(int folder, const char *name, int file, time_t before)
{
    struct stat info;

    if (fstat(file, &info) == 0 && info.st_mtime < before && flock(file, LOCK_SH | LOCK_NB) == 0) {
        unlinkat(folder, name, 0);
    }
}

static apr_status_t tidy_file(void *payload, int folder, const char *name)
{
    tidying_t *tidying = payload;
    int temporary = strncmp(name, JOURNAL_TEMPORARY_PREFIX, strlen(JOURNAL_TEMPORARY_PREFIX)) == 0;
    journal_segment_t segment;
    journal_head_state_t state;
    int file;

    if (!temporary && !journal_segment_parse(&segment, tidying->pool, name)) {
        return APR_SUCCESS;
    }
    file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) {
        return APR_SUCCESS;
    }
    state = journal_head_check(file);
    if (temporary || state == JOURNAL_HEAD_SHORT) {
        remove_left_over(folder, name, file, tidying->before);
    }
    tidying->foreign += !temporary && state == JOURNAL_HEAD_FOREIGN;
    close(file);
    return APR_SUCCESS;
}

apr_status_t journal_tidy(const char *folder, int *foreign, apr_pool_t *pool)
{
    tidying_t tidying = {pool, (time_t)apr_time_sec(apr_time_now()) - LEFT_OVER_AGE, 0};
    apr_status_t status = each_file(folder, tidy_file, &tidying);

    *foreign = tidying.foreign;
    return status;
}
