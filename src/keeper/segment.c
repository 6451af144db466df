#include "keeper_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#define LIST_GAP apr_time_from_sec(1) /* a change of the folder shows sooner by its time */

keeper_segment_t *segment_at(const keeper_t *keeper, int index)
{
    return APR_ARRAY_IDX(keeper->segments, index, keeper_segment_t *);
}

static void destroy_segment(keeper_segment_t *segment)
{
    apr_pool_destroy(segment->pool); /* closes its reader */
}

void segments_forget(keeper_t *keeper)
{
    for (int i = 0; i < keeper->segments->nelts; i++) {
        destroy_segment(segment_at(keeper, i));
    }
    apr_array_clear(keeper->segments);
    keeper->positions = NULL;
    keeper->listing = 0;
}

static keeper_segment_t *add_segment(keeper_t *keeper, const char *name, const char *incarnation,
                                     apr_uint32_t ordinal)
{
    apr_pool_t *pool;
    keeper_segment_t *segment;

    apr_pool_create(&pool, keeper->pool);
    segment = apr_pcalloc(pool, sizeof(*segment));
    segment->pool = pool;
    segment->file.name = apr_pstrdup(pool, name);
    segment->file.incarnation = apr_pstrdup(pool, incarnation);
    segment->file.ordinal = ordinal;
    APR_ARRAY_PUSH(keeper->segments, keeper_segment_t *) = segment;
    return segment;
}

static int compare_segments(const void *left, const void *right)
{
    const keeper_segment_t *a = *(keeper_segment_t *const *)left;
    const keeper_segment_t *b = *(keeper_segment_t *const *)right;

    return strcmp(a->file.name, b->file.name);
}

/* Both lists are in the same order. */
static void add_new(keeper_t *keeper, const apr_array_header_t *listed)
{
    int known = keeper->segments->nelts;

    for (int i = 0, at = 0; i < listed->nelts; i++) {
        const journal_segment_t *file = &APR_ARRAY_IDX(listed, i, journal_segment_t);
        const store_position_t *position;
        keeper_segment_t *segment;

        while (at < known && strcmp(segment_at(keeper, at)->file.name, file->name) < 0) {
            at++;
        }
        if (at < known && strcmp(segment_at(keeper, at)->file.name, file->name) == 0) {
            continue;
        }
        segment = add_segment(keeper, file->name, file->incarnation, file->ordinal);
        position = apr_hash_get(keeper->positions, file->name, APR_HASH_KEY_STRING);
        segment->position = position ? position->offset : 0;
    }
}

/* Positions without a file: the keeper died between removing a segment and deleting its position,
 * or somebody has removed the file. What its owner had begun is settled first in either case. */
static void add_orphans(keeper_t *keeper, const apr_array_header_t *listed, apr_pool_t *pool)
{
    apr_hash_t *files = apr_hash_make(pool);

    for (int i = 0; i < listed->nelts; i++) {
        const char *name = APR_ARRAY_IDX(listed, i, journal_segment_t).name;

        apr_hash_set(files, name, APR_HASH_KEY_STRING, name);
    }
    for (apr_hash_index_t *index = apr_hash_first(pool, keeper->positions); index;
         index = apr_hash_next(index)) {
        const store_position_t *position = apr_hash_this_val(index);

        if (!apr_hash_get(files, position->segment, APR_HASH_KEY_STRING)) {
            keeper_segment_t *segment =
                add_segment(keeper, position->segment, position->incarnation, 0);

            segment->position = position->offset;
            segment->ended = segment->removed = 1;
        }
    }
}

static apr_time_t folder_time(const keeper_t *keeper)
{
    struct stat info;

    if (stat(keeper->journal_folder, &info) != 0) {
        return 0;
    }
    return apr_time_from_sec(info.st_mtim.tv_sec) + info.st_mtim.tv_nsec / 1000;
}

static apr_status_t list(keeper_t *keeper, apr_pool_t *pool)
{
    apr_array_header_t *listed;
    apr_status_t status = journal_list(&listed, pool, keeper->journal_folder);

    if (status != APR_SUCCESS) {
        return status;
    }
    add_new(keeper, listed);
    if (keeper->listing == 0) {
        add_orphans(keeper, listed, pool);
    }
    qsort(keeper->segments->elts, (size_t)keeper->segments->nelts, sizeof(keeper_segment_t *),
          compare_segments);
    keeper->listing++;
    return APR_SUCCESS;
}

apr_status_t segments_list(keeper_t *keeper)
{
    apr_time_t now = boot_time_now(), changed = folder_time(keeper);
    apr_pool_t *pool;
    apr_status_t status;

    if (keeper->listing > 0 && !keeper->list_now && changed == keeper->folder_time &&
        now - keeper->listed_at < LIST_GAP) {
        return APR_SUCCESS;
    }
    apr_pool_create(&pool, keeper->pool);
    status = list(keeper, pool);
    apr_pool_destroy(pool);
    if (status != APR_SUCCESS && !keeper->list_reported) {
        keeper_log(keeper, KEEPER_ERROR, status, "cannot read the folder %s; its events wait there",
                   keeper->journal_folder);
    }
    keeper->list_reported = status != APR_SUCCESS;
    if (status == APR_SUCCESS) {
        keeper->list_now = 0;
        keeper->listed_at = now;
        keeper->folder_time = changed;
    }
    return status;
}

int segments_run_end(const keeper_t *keeper, int first)
{
    const char *incarnation = segment_at(keeper, first)->file.incarnation;
    int end = first + 1;

    while (end < keeper->segments->nelts &&
           strcmp(segment_at(keeper, end)->file.incarnation, incarnation) == 0) {
        end++;
    }
    return end;
}

/* A segment's end does not tell whether its owner lives on: the owner makes its next segment before
 * it ends this one. Only a listing made afterwards does. */
int segments_finished(const keeper_t *keeper, int first, int end)
{
    for (int i = first; i < end; i++) {
        const keeper_segment_t *segment = segment_at(keeper, i);

        if (!segment->ended || segment->ended_at >= keeper->listing) {
            return 0;
        }
    }
    return 1;
}

int segment_is_over(const keeper_t *keeper, int index)
{
    const keeper_segment_t *segment = segment_at(keeper, index);

    return segment->ended && (segment->settled || index + 1 < segments_run_end(keeper, index));
}

int segments_need_transaction(const keeper_t *keeper)
{
    for (int i = 0, end; i < keeper->segments->nelts; i = end) {
        end = segments_run_end(keeper, i);
        if (segments_finished(keeper, i, end) && !segment_at(keeper, i)->settled) {
            return 1;
        }
        for (int j = i; j < end; j++) {
            if (segment_at(keeper, j)->removed && segment_is_over(keeper, j)) {
                return 1;
            }
        }
    }
    return 0;
}

/* Those that the transaction found removed have no position any more. */
static void forget_removed(keeper_t *keeper)
{
    int kept = 0;

    for (int i = 0; i < keeper->segments->nelts; i++) {
        keeper_segment_t *segment = segment_at(keeper, i);

        if (segment->removed && segment->position < 0) {
            destroy_segment(segment);
        }
        else {
            APR_ARRAY_IDX(keeper->segments, kept++, keeper_segment_t *) = segment;
        }
    }
    keeper->segments->nelts = kept;
}

void segments_removed(keeper_t *keeper)
{
    forget_removed(keeper);
    for (int i = 0; i < keeper->segments->nelts; i++) {
        keeper_segment_t *segment = segment_at(keeper, i);

        if (!segment->removed && segment_is_over(keeper, i)) {
            apr_status_t status =
                journal_remove(keeper->journal_folder, segment->file.name, segment->pool);

            if (status == APR_SUCCESS) {
                segment->removed = 1;
            }
            else if (!segment->reported) {
                segment->reported = 1;
                keeper_log(keeper, KEEPER_ERROR, status,
                           "cannot remove %s/%s, all of which stands in the database",
                           keeper->journal_folder, segment->file.name);
            }
        }
    }
}
