#include "summarise.h"

#include <string.h>

#include <apr_strings.h>

#include "alike.h"
#include "handle.h"

#define KEY_MAX 1536 /* kind, start, owner, site and value */

typedef enum outcome_t { SUCCESS, DENIED, FAILED, UNKNOWN, OUTCOMES } outcome_t;

typedef struct cell_t {
    summarise_kind_t kind;
    apr_int64_t start;
    const char *owner, *site, *value;
    apr_int64_t counts[OUTCOMES];
} cell_t;

/* How many values are told apart per owner, day (or ten) and site; 0: all. */
static const int most_values[] = {
    [SUMMARISE_HOUR_OPERATION] = 0,    [SUMMARISE_DAY_OPERATION] = 0,       [SUMMARISE_USER] = 1000,
    [SUMMARISE_MODEL] = 500,           [SUMMARISE_ADDRESS] = 500,           [SUMMARISE_PLACE] = 500,
    [SUMMARISE_USER_TEN_DAYS] = 10000, [SUMMARISE_ADDRESS_TEN_DAYS] = 5000,
};

apr_int64_t summarise_span(summarise_kind_t kind)
{
    switch (kind) {
    case SUMMARISE_HOUR_OPERATION:
        return SUMMARISE_HOUR;
    case SUMMARISE_USER_TEN_DAYS:
    case SUMMARISE_ADDRESS_TEN_DAYS:
        return SUMMARISE_TEN_DAYS;
    default:
        return SUMMARISE_DAY;
    }
}

void summarise_owner(char owner[SUMMARISE_OWNER_MAX], const char *uid, const char *database)
{
    apr_snprintf(owner, SUMMARISE_OWNER_MAX, "%s %s", uid, database ? database : "");
}

void summarise_forget(store_t *store)
{
    store->summaries = NULL;
    store->summaries_round++; /* what was remembered of the cells is void */
}

/* ---- gathering ---- */

typedef struct key_t {
    apr_size_t length;
    char bytes[KEY_MAX]; /* as many as `length` are set */
} summarise_key_t;

static const char *key_add(summarise_key_t *key, const void *data, apr_size_t length)
{
    char *to = key->bytes + key->length;
    apr_size_t room = sizeof(key->bytes) - key->length - 1;

    length = length < room ? length : room;
    memcpy(to, data, length);
    to[length] = '\0';
    key->length += length + 1;
    return to;
}

/* The cell's texts are those in the key, which the hash keeps. */
static cell_t *make_cell(store_t *store, const summarise_key_t *key, const cell_t *wanted)
{
    char *bytes = apr_pmemdup(store->transaction, key->bytes, key->length);
    cell_t *cell = apr_pmemdup(store->transaction, wanted, sizeof(*wanted));

    cell->owner = bytes + (wanted->owner - key->bytes);
    cell->site = bytes + (wanted->site - key->bytes);
    cell->value = bytes + (wanted->value - key->bytes);
    apr_hash_set(store->summaries, bytes, (apr_ssize_t)key->length, cell);
    return cell;
}

typedef struct counting_t {
    store_t *store;
    const row_t *row;
    outcome_t outcome;
    int sign;
    alike_t *alike; /* for the events to come; NULL: not remembered */
} counting_t;

static apr_status_t count(const counting_t *counting, cell_t *wanted)
{
    store_t *store = counting->store;
    summarise_key_t key;
    cell_t *cell;
    apr_status_t status = APR_SUCCESS;

    key.length = 0;
    key_add(&key, &wanted->kind, sizeof(wanted->kind));
    key_add(&key, &wanted->start, sizeof(wanted->start));
    wanted->owner = key_add(&key, wanted->owner, strlen(wanted->owner));
    wanted->site = key_add(&key, wanted->site, strlen(wanted->site));
    wanted->value = key_add(&key, wanted->value, strlen(wanted->value));
    if (store->summaries && apr_hash_count(store->summaries) >= SUMMARISE_MAX_CELLS) {
        status = summarise_flush(store);
    }
    if (!store->summaries) {
        store->summaries = apr_hash_make(store->transaction);
    }
    cell = apr_hash_get(store->summaries, key.bytes, (apr_ssize_t)key.length);
    if (!cell) {
        cell = make_cell(store, &key, wanted);
    }
    cell->counts[counting->outcome] += counting->sign;
    if (counting->alike) {
        counting->alike->cells[counting->alike->count++] = cell->counts;
    }
    return status;
}

static outcome_t outcome_of(const row_t *row)
{
    static const char *const names[] = {
        [DENIED] = "denied", [FAILED] = "failed", [UNKNOWN] = "unknown"};
    const char *outcome = row->value[EVENT_OUTCOME];

    for (int i = DENIED; outcome && i < OUTCOMES; i++) {
        if (!strcmp(outcome, names[i])) {
            return (outcome_t)i;
        }
    }
    return SUCCESS;
}

static apr_status_t count_value(const counting_t *counting, const char *owner,
                                summarise_kind_t kind, const char *value)
{
    apr_int64_t time = counting->row->time_ms;
    const char *site = counting->row->value[EVENT_SITE];
    cell_t wanted = {.kind = kind,
                     .start = time - time % summarise_span(kind),
                     .owner = owner,
                     .site = site ? site : "",
                     .value = value};

    return value ? count(counting, &wanted) : APR_SUCCESS;
}

/* NULL unless one of them is known. */
static const char *place_of(const row_t *row, char place[KEY_MAX / 4])
{
    const char *country = row->value[EVENT_COUNTRY], *city = row->value[EVENT_CITY];

    if (!country && !city) {
        return NULL;
    }
    apr_snprintf(place, KEY_MAX / 4, "%s\t%s", country ? country : "", city ? city : "");
    return place;
}

/* Everything there is to be counted for everybody (owner "") or for one user. */
static apr_status_t count_for(const counting_t *counting, const char *owner)
{
    const row_t *row = counting->row;
    char place[KEY_MAX / 4];
    const struct {
        summarise_kind_t kind;
        const char *value;
    } values[] = {
        {SUMMARISE_HOUR_OPERATION, row->value[EVENT_OPERATION]},
        {SUMMARISE_DAY_OPERATION, row->value[EVENT_OPERATION]},
        {SUMMARISE_MODEL, row->value[EVENT_MODEL]},
        {SUMMARISE_ADDRESS, row->value[EVENT_IP]},
        {SUMMARISE_PLACE, place_of(row, place)},
    };
    apr_status_t status = APR_SUCCESS;

    for (size_t i = 0; !status && i < sizeof(values) / sizeof(values[0]); i++) {
        status = count_value(counting, owner, values[i].kind, values[i].value);
    }
    return status;
}

static apr_status_t count_row(const counting_t *counting, summarise_part_t part)
{
    const row_t *row = counting->row;
    const char *uid = alike_uid(row);
    char owner[SUMMARISE_OWNER_MAX];
    apr_status_t status = APR_SUCCESS;

    if (part & SUMMARISE_EVERYBODY) {
        status = count_for(counting, "");
        status = status
                     ? status
                     : count_value(counting, "", SUMMARISE_ADDRESS_TEN_DAYS, row->value[EVENT_IP]);
    }
    if (!status && part & SUMMARISE_USERS && uid) {
        summarise_owner(owner, uid, row->value[EVENT_DATABASE]);
        status = count_value(counting, "", SUMMARISE_USER, owner);
        status = status ? status : count_value(counting, "", SUMMARISE_USER_TEN_DAYS, owner);
        if (!status) {
            status = count_for(counting, owner);
        }
    }
    return status;
}

apr_status_t summarise_row(store_t *store, const row_t *row, summarise_part_t part, int sign)
{
    counting_t counting = {store, row, outcome_of(row), sign, NULL};
    apr_uint64_t round = store->summaries_round;
    alike_t *alike;
    apr_status_t status;

    if (!store->alike) {
        store->alike = apr_pcalloc(store->pool, ALIKE_LINES * sizeof(*store->alike));
    }
    counting.alike = alike = alike_find(store->alike, row, part, round);
    if (alike && alike->round == round) {
        for (int i = 0; i < alike->count; i++) {
            alike->cells[i][counting.outcome] += sign;
        }
        return APR_SUCCESS;
    }
    status = count_row(&counting, part);
    if (alike && !status && store->summaries_round == round) {
        alike->round = round;
    }
    return status;
}

/* ---- writing ---- */

enum { CELL_COUNTS = OUTCOMES, CELL_KEY = 5, CELL_VALUES = CELL_COUNTS + CELL_KEY };

/* Parameters: the counts, then the key, `value` as its last. */
static void set_values(const cell_t *cell, const char *value, const char *values[CELL_VALUES],
                       apr_pool_t *pool)
{
    for (int i = 0; i < OUTCOMES; i++) {
        values[i] = number_text(cell->counts[i], pool);
    }
    values[OUTCOMES] = number_text(cell->kind, pool);
    values[OUTCOMES + 1] = cell->owner;
    values[OUTCOMES + 2] = number_text(cell->start, pool);
    values[OUTCOMES + 3] = cell->site;
    values[OUTCOMES + 4] = value;
}

static apr_status_t is_full(store_t *store, const char *const *values, int most, int *full,
                            apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status =
        most ? store_select(store, SUMMARY_VALUES, values + OUTCOMES, &rows, pool) : APR_SUCCESS;

    *full = most && !status && rows_next(&rows) && rows_integer(&rows, 0) >= most;
    return status;
}

/* A cell that is there already is the rule, also for what counts out. */
static apr_status_t write_cell(store_t *store, const cell_t *cell, apr_pool_t *pool)
{
    const char *values[CELL_VALUES];
    int changed = 0, full;
    apr_status_t status;

    set_values(cell, cell->value, values, pool);
    status = store_execute(store, SUMMARY_ADD, values, &changed);
    if (status || changed) {
        return status;
    }
    status = is_full(store, values, most_values[cell->kind], &full, pool);
    if (full) {
        values[CELL_VALUES - 1] = SUMMARISE_OTHERS;
    }
    return status ? status : store_execute(store, SUMMARY_PUT, values, NULL);
}

/* Adds to the cell, if it is there, and tells whether nothing is left in it. */
static apr_status_t take_out(store_t *store, const char *const *values, int *found, int *left,
                             apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(store, SUMMARY_TAKE, values, &rows, pool);

    *found = *left = 0;
    if (!status && rows_next(&rows)) {
        *found = 1;
        for (int i = 0; i < OUTCOMES; i++) {
            *left |= rows_integer(&rows, i) > 0;
        }
    }
    return status;
}

/* What was counted out of a cell that is gone was counted in among the others. */
static apr_status_t write_out(store_t *store, const cell_t *cell, apr_pool_t *pool)
{
    const char *values[CELL_VALUES];
    int found, left;
    apr_status_t status;

    set_values(cell, cell->value, values, pool);
    status = take_out(store, values, &found, &left, pool);
    if (!status && !found) {
        values[CELL_VALUES - 1] = SUMMARISE_OTHERS;
        status = take_out(store, values, &found, &left, pool);
    }
    return status || left || !found ? status
                                    : store_execute(store, SUMMARY_DELETE, values + OUTCOMES, NULL);
}

static int counts_out(const cell_t *cell)
{
    for (int i = 0; i < OUTCOMES; i++) {
        if (cell->counts[i] < 0) {
            return 1;
        }
    }
    return 0;
}

apr_status_t summarise_flush(store_t *store)
{
    apr_hash_t *cells = store->summaries;
    apr_pool_t *pool;
    apr_status_t status = APR_SUCCESS;

    if (!cells) {
        return APR_SUCCESS;
    }
    summarise_forget(store);
    apr_pool_create(&pool, store->transaction);
    for (apr_hash_index_t *at = apr_hash_first(pool, cells); at && !status;
         at = apr_hash_next(at)) {
        const cell_t *cell = apr_hash_this_val(at);

        status = counts_out(cell) ? write_out(store, cell, pool) : write_cell(store, cell, pool);
    }
    apr_pool_destroy(pool);
    return status;
}
