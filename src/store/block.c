#include "marks.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "text/decimal.h"
#include "trail/crc32c.h"

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
    {MARK_UID, EVENT_UID, ROW_WHO_UID},
    {MARK_LOGIN, EVENT_LOGIN, ROW_WHO_LOGIN},
    {MARK_CHANNEL, EVENT_CHANNEL, EVENT_CHANNEL},
    {MARK_COUNTRY, EVENT_COUNTRY, EVENT_COUNTRY},
    {MARK_CITY, EVENT_CITY, EVENT_CITY},
};

void block_begin(block_t *block, apr_pool_t *pool, apr_int64_t first_id)
{
    apr_pool_clear(pool);
    memset(block, 0, sizeof(*block));
    block->pool = pool;
    block->marks = apr_hash_make(pool);
    block->first_id = first_id;
}

int block_has_room(const block_t *block, apr_int64_t id)
{
    return id - block->first_id < POSTING_POSITIONS &&
           apr_hash_count(block->marks) < MARKS_MAX_VALUES;
}

static apr_ssize_t mark_key(mark_kind_t kind, const char *value, char key[MARKS_MAX_VALUE + 2])
{
    key[0] = (char)kind;
    return apr_cpystrn(key + 1, value, MARKS_MAX_VALUE + 1) - key;
}

mark_t *block_find(const block_t *block, mark_kind_t kind, const char *value)
{
    char key[MARKS_MAX_VALUE + 2];
    apr_ssize_t length = mark_key(kind, value, key);

    return apr_hash_get(block->marks, key, length);
}

static mark_t *find_or_make(block_t *block, mark_kind_t kind, const char *value)
{
    char key[MARKS_MAX_VALUE + 2];
    apr_ssize_t length = mark_key(kind, value, key);
    mark_t *mark = apr_hash_get(block->marks, key, length);

    if (!mark) {
        char *kept = apr_pmemdup(block->pool, key, (apr_size_t)length + 1);

        mark = apr_pcalloc(block->pool, sizeof(*mark));
        mark->kind = kind;
        mark->value = kept + 1;
        apr_hash_set(block->marks, kept, length, mark);
    }
    return mark;
}

static mark_t *mark_of(block_t *block, mark_kind_t kind, const char *value)
{
    apr_uint32_t sum = crc32c((apr_uint32_t)kind, value, strlen(value));
    mark_t **recent = &block->recent[sum % MARKS_RECENT];

    if (!*recent || (*recent)->kind != kind || strcmp((*recent)->value, value) != 0) {
        *recent = find_or_make(block, kind, value);
    }
    return *recent;
}

void block_mark(block_t *block, mark_kind_t kind, const char *value, apr_int64_t id)
{
    posting_add(&mark_of(block, kind, value)->posting, (int)(id - block->first_id), block->pool);
}

static void mark_records(block_t *block, const row_t *row)
{
    const char *ids = row->value[EVENT_RECORD_IDS], *model = row->value[EVENT_MODEL];
    char value[MARKS_MAX_VALUE], digits[DECIMAL_DIGITS + 1], *end = digits + DECIMAL_DIGITS;
    apr_int64_t record;
    char *behind;

    if (!model) {
        return;
    }
    behind = apr_cpystrn(value, model, sizeof(value) - sizeof(digits) - 1);
    *behind++ = ',';
    *end = '\0';
    for (int count = 0; count < MARKS_MAX_RECORDS && row_next_record(&ids, &record); count++) {
        strcpy(behind, decimal_before(end, record));
        block_mark(block, MARK_RECORD, value, row->id);
    }
}

static void find_networks(block_t *block, address_marks_t *address, const char *key)
{
    char network[ADDRESS_KEY_SIZE];

    apr_cpystrn(address->key, key, sizeof(address->key));
    address->count = 0;
    while (address->count < MARKS_NETWORKS && address_network(key, address->count, network)) {
        address->marks[address->count] = mark_of(block, MARK_ADDRESS, network);
        address->count++;
    }
}

static void mark_networks(block_t *block, const row_t *row)
{
    const char *key = row->value[ROW_IP_KEY];
    address_marks_t *address;

    if (!key) {
        return;
    }
    address = &block->addresses[crc32c(0, key, strlen(key)) % MARKS_ADDRESSES];
    if (strcmp(address->key, key) != 0) {
        find_networks(block, address, key);
    }
    for (int i = 0; i < address->count; i++) {
        posting_add(&address->marks[i]->posting, (int)(row->id - block->first_id), block->pool);
    }
}

static void mark_flags(block_t *block, const row_t *row)
{
    const char *flags = row->value[EVENT_FLAGS];
    char flag[MARKS_MAX_VALUE];

    while (flags && *flags) {
        apr_size_t length = strcspn(flags, " ");

        apr_cpystrn(flag, flags, length < sizeof(flag) ? length + 1 : sizeof(flag));
        block_mark(block, MARK_FLAG, flag, row->id);
        flags += length;
        flags += *flags == ' ';
    }
}

void block_add(block_t *block, const row_t *row)
{
    const char *database = row->value[EVENT_DATABASE];

    if (block->all.count == 0 || row->time_ms < block->first_ms) {
        block->first_ms = row->time_ms;
    }
    if (block->all.count == 0 || row->time_ms > block->last_ms) {
        block->last_ms = row->time_ms;
    }
    posting_add(&block->all, (int)(row->id - block->first_id), block->pool);
    for (size_t i = 0; i < sizeof(simple_marks) / sizeof(simple_marks[0]); i++) {
        const char *value = row->value[simple_marks[i].column];

        if (!value) {
            value = row->value[simple_marks[i].instead];
        }
        if (value) {
            block_mark(block, simple_marks[i].kind, value, row->id);
        }
    }
    block_mark(block, MARK_DATABASE, database ? database : "", row->id);
    if (row->value[EVENT_SESSION] && !row->value[EVENT_UID] && !row->value[ROW_WHO_UID]) {
        block_mark(block, MARK_NAMELESS, row->value[EVENT_SESSION], row->id);
    }
    mark_networks(block, row);
    mark_flags(block, row);
    mark_records(block, row);
}

static int compare(const void *left, const void *right)
{
    const mark_t *a = *(const mark_t *const *)left, *b = *(const mark_t *const *)right;

    return a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->value, b->value);
}

apr_array_header_t *block_marks(const block_t *block, apr_pool_t *pool)
{
    apr_array_header_t *marks =
        apr_array_make(pool, (int)apr_hash_count(block->marks), sizeof(mark_t *));

    for (apr_hash_index_t *at = apr_hash_first(pool, block->marks); at; at = apr_hash_next(at)) {
        mark_t *mark = apr_hash_this_val(at);

        /* One whose every event has its name by now marks nothing. */
        if (mark->posting.count > 0) {
            APR_ARRAY_PUSH(marks, mark_t *) = mark;
        }
    }
    qsort(marks->elts, (size_t)marks->nelts, sizeof(mark_t *), compare);
    return marks;
}
