#include "marks.h"

#include <string.h>

#include <apr_strings.h>

#include "handle.h"

#define MARKS_MAX_VALUE 512 /* more than a model's or login's cell and an id */

static const struct {
    mark_kind_t kind;
    int column;
    int instead; /* column that counts where the first is empty, or the same */
} simple_marks[] = {
    {MARK_SITE, EVENT_SITE, EVENT_SITE},
    {MARK_SESSION, EVENT_SESSION, EVENT_SESSION},
    {MARK_MODEL, EVENT_MODEL, EVENT_MODEL},
    {MARK_OPERATION, EVENT_OPERATION, EVENT_OPERATION},
    {MARK_OUTCOME, EVENT_OUTCOME, EVENT_OUTCOME},
    {MARK_ADDRESS, ROW_IP_KEY, ROW_IP_KEY},
    {MARK_UID, EVENT_UID, ROW_WHO_UID},
    {MARK_LOGIN, EVENT_LOGIN, ROW_WHO_LOGIN},
};

apr_int64_t marks_block(apr_int64_t id)
{
    return id / MARKS_BLOCK;
}

static apr_status_t record_marks(const row_t *row, mark_visit_t visit, void *payload)
{
    const char *ids = row->value[EVENT_RECORD_IDS];
    char value[MARKS_MAX_VALUE];
    apr_int64_t record;
    apr_status_t status = APR_SUCCESS;

    if (!row->value[EVENT_MODEL]) {
        return APR_SUCCESS;
    }
    for (int count = 0; !status && count < MARKS_MAX_RECORDS && row_next_record(&ids, &record);
         count++) {
        apr_snprintf(value, sizeof(value), "%s,%" APR_INT64_T_FMT, row->value[EVENT_MODEL], record);
        status = visit(payload, MARK_RECORD, value);
    }
    return status;
}

apr_status_t marks_of(const row_t *row, mark_visit_t visit, void *payload)
{
    apr_status_t status = APR_SUCCESS;

    for (size_t i = 0; !status && i < sizeof(simple_marks) / sizeof(simple_marks[0]); i++) {
        const char *value = row->value[simple_marks[i].column];

        if (!value) {
            value = row->value[simple_marks[i].instead];
        }
        if (value) {
            status = visit(payload, simple_marks[i].kind, value);
        }
    }
    if (!status && row->value[EVENT_SESSION] && !row->value[EVENT_UID] &&
        !row->value[ROW_WHO_UID]) {
        status = visit(payload, MARK_NAMELESS, row->value[EVENT_SESSION]);
    }
    return status ? status : record_marks(row, visit, payload);
}

static apr_ssize_t seen_key(mark_kind_t kind, const char *value, char key[MARKS_MAX_VALUE + 1])
{
    key[0] = (char)kind;
    apr_cpystrn(key + 1, value, MARKS_MAX_VALUE);
    return (apr_ssize_t)strlen(key);
}

static apr_status_t change(store_t *store, statement_id_t statement, mark_kind_t kind,
                           const char *value, apr_int64_t block)
{
    char kind_text[ROW_NUMBER_SIZE], block_text[ROW_NUMBER_SIZE];
    const char *values[] = {kind_text, value, block_text};

    apr_snprintf(kind_text, sizeof(kind_text), "%d", kind);
    apr_snprintf(block_text, sizeof(block_text), "%" APR_INT64_T_FMT, block);
    return store_execute(store, statement, values, NULL);
}

apr_status_t marks_put(store_t *store, mark_kind_t kind, const char *value, apr_int64_t block)
{
    return change(store, MARK_PUT, kind, value, block);
}

apr_status_t marks_remove(store_t *store, mark_kind_t kind, const char *value, apr_int64_t block)
{
    if (block == store->block.block) {
        char key[MARKS_MAX_VALUE + 1];

        apr_hash_set(store->block.seen, key, seen_key(kind, value, key), NULL);
    }
    return change(store, MARK_DELETE, kind, value, block);
}

/* ---- while appending ---- */

void marks_forget(store_t *store)
{
    store->block.block = -1;
}

apr_status_t marks_flush(store_t *store)
{
    const store_block_t *block = &store->block;

    if (block->block < 0) {
        return APR_SUCCESS;
    }
    const char *values[] = {number_text(block->block, store->step),
                            number_text(block->first_ms, store->step),
                            number_text(block->last_ms, store->step)};
    return store_execute(store, BLOCK_SET, values, NULL);
}

/* A mark is put when its value is first seen in the block. */
static apr_status_t put_new(void *payload, mark_kind_t kind, const char *value)
{
    store_t *store = payload;
    char key[MARKS_MAX_VALUE + 1];
    apr_ssize_t length = seen_key(kind, value, key);

    if (apr_hash_get(store->block.seen, key, length)) {
        return APR_SUCCESS;
    }
    apr_hash_set(store->block.seen, apr_pmemdup(store->block.pool, key, (apr_size_t)length), length,
                 "");
    return marks_put(store, kind, value, store->block.block);
}

static apr_status_t enter_block(store_t *store, const row_t *row)
{
    store_block_t *block = &store->block;
    apr_status_t status = marks_flush(store);

    apr_pool_clear(block->pool);
    block->seen = apr_hash_make(block->pool);
    block->block = marks_block(row->id);
    block->first_ms = block->last_ms = row->time_ms;
    return status;
}

apr_status_t marks_add(store_t *store, const row_t *row)
{
    store_block_t *block = &store->block;
    apr_status_t status = APR_SUCCESS;

    if (block->block != marks_block(row->id)) {
        status = enter_block(store, row);
    }
    if (row->time_ms < block->first_ms) {
        block->first_ms = row->time_ms;
    }
    if (row->time_ms > block->last_ms) {
        block->last_ms = row->time_ms;
    }
    return status ? status : marks_of(row, put_new, store);
}
