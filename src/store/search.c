#include "search.h"

#include <string.h>

#include <apr_strings.h>

#include "like.h"

#define SEARCH_FIRST_BLOCKS 16  /* looked at together at first, */
#define SEARCH_MOST_BLOCKS 1024 /* and in the end: 0.5 MB of bits each for two sets of them */
#define SEARCH_MAX_MARKS 16
#define SEARCH_FEW_SPANS 2
#define SEARCH_SPANS 66 /* of one statement: those of SEARCH_MOST_BLOCKS full ones */

apr_status_t search_check(const event_filter_t *filter)
{
    char first[ADDRESS_KEY_SIZE], last[ADDRESS_KEY_SIZE];

    if (filter->record_id && !filter->record_model) {
        return APR_EINVAL;
    }
    if (filter->text && (!filter->from || !filter->to || strlen(filter->text) > STORE_MAX_TEXT)) {
        return APR_EINVAL;
    }
    return filter->ip ? address_range(filter->ip, first, last) : APR_SUCCESS;
}

/* A word of digits is a uid. */
static int is_uid(const char *user)
{
    apr_int64_t uid;

    return !row_integer(user, &uid);
}

/* The first whole millisecond that is not before. */
static apr_int64_t msec_from(apr_time_t time)
{
    return (time + 999) / 1000;
}

static void where_address(query_t *query, const char *ip, const char *first_condition,
                          const char *last_condition)
{
    char *first = apr_palloc(query->pool, ADDRESS_KEY_SIZE);
    char *last = apr_palloc(query->pool, ADDRESS_KEY_SIZE);

    if (!address_range(ip, first, last)) {
        query_where(query, first_condition, first);
        query_where(query, last_condition, last);
    }
}

/* ---- rows ---- */

static void row_words(query_t *query, const event_filter_t *filter)
{
    const struct {
        const char *condition, *value;
    } words[] = {
        {"session = %s", filter->session},    {"model = %s", filter->model},
        {"model = %s", filter->record_model}, {"outcome = %s", filter->outcome},
        {"site = %s", filter->site},          {"channel = %s", filter->channel},
        {"country = %s", filter->country},    {"city = %s", filter->city},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].value) {
            query_where(query, words[i].condition, words[i].value);
        }
    }
    if (filter->user) {
        query_where(query,
                    is_uid(filter->user) ? "COALESCE(uid, who_uid) = %s"
                                         : "COALESCE(login, who_login) = %s",
                    filter->user);
    }
}

static void row_flag(query_t *query, const char *flag)
{
    query_where(query, "' ' || flags || ' ' LIKE %s ESCAPE '\\'",
                apr_pstrcat(query->pool, "% ", like_escape(flag, query->pool), " %", NULL));
}

static void row_text(query_t *query, const store_t *store, const char *text)
{
    static const char *const columns[] = {"login", "name",       "who_login", "who_name",
                                          "model", "method",     "fields",    "values_json",
                                          "error", "old_values", "path"};
    const char *const *patterns = like_patterns(text, query->pool);
    const char *glue = "(";

    for (; *patterns; patterns++) {
        for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
            const char *condition = apr_pstrcat(query->pool, glue, columns[i], " ",
                                                store->dialect->like, " %s ESCAPE '\\'", NULL);

            if (*glue == '(') {
                query_where(query, condition, *patterns);
            }
            else {
                query_text(query, condition);
                query_value(query, *patterns);
            }
            glue = " OR ";
        }
    }
    query_text(query, ")");
}

void search_rows(query_t *query, store_t *store, const event_filter_t *filter)
{
    if (filter->own_only) {
        query_where_own(query, filter->own_site, filter->own_database, filter->own_uid,
                        "COALESCE(uid, who_uid) = %s");
    }
    row_words(query, filter);
    if (filter->operations[0]) {
        query_where_list(query, "operation IN (", filter->operations, ")");
    }
    if (filter->record_id) {
        query_where_number(query, "' ' || record_ids || ' ' LIKE '%% ' || %s || ' %%'",
                           filter->record_id);
    }
    if (filter->ip) {
        where_address(query, filter->ip, "ip_key >= %s", "ip_key <= %s");
    }
    if (filter->from) {
        query_where_number(query, "time_ms >= %s", msec_from(filter->from));
    }
    if (filter->to) {
        query_where_number(query, "time_ms < %s", msec_from(filter->to));
    }
    if (filter->flag) {
        row_flag(query, filter->flag);
    }
    if (filter->text) {
        row_text(query, store, filter->text);
    }
}

/* ---- marks ---- */

/* What a block's events must have one of. */
typedef struct wanted_t {
    mark_kind_t kind;
    const char *const *values;
} wanted_t;

typedef struct wanted_list_t {
    wanted_t mark[SEARCH_MAX_MARKS];
    int count;
    int exact; /* together with the times they say all that the filter does */
    apr_pool_t *pool;
} wanted_list_t;

static void want_any(wanted_list_t *list, mark_kind_t kind, const char *const *values)
{
    list->mark[list->count].kind = kind;
    list->mark[list->count].values = values;
    list->count++;
}

static void want(wanted_list_t *list, mark_kind_t kind, const char *value)
{
    if (value) {
        const char **values = apr_pcalloc(list->pool, 2 * sizeof(*values));

        values[0] = value;
        want_any(list, kind, values);
    }
}

static void want_network(wanted_list_t *list, const char *ip)
{
    char first[ADDRESS_KEY_SIZE], last[ADDRESS_KEY_SIZE];
    int exact;

    if (!address_range(ip, first, last)) {
        want_any(list, MARK_ADDRESS, address_networks(first, last, &exact, list->pool));
        list->exact &= exact;
    }
}

static void want_model_and_record(wanted_list_t *list, const event_filter_t *filter)
{
    if (filter->record_id) {
        want(list, MARK_RECORD,
             apr_psprintf(list->pool, "%s,%" APR_INT64_T_FMT, filter->record_model,
                          filter->record_id));
    }
    else {
        want(list, MARK_MODEL, filter->record_model);
    }
    want(list, MARK_MODEL, filter->model);
}

static void want_user(wanted_list_t *list, const event_filter_t *filter)
{
    if (filter->user) {
        want(list, is_uid(filter->user) ? MARK_UID : MARK_LOGIN, filter->user);
    }
    if (filter->own_only) {
        want(list, MARK_UID, number_text(filter->own_uid, list->pool));
    }
}

/* What is rare as a rule comes first, since a block without it needs no further look. */
static void list_wanted(wanted_list_t *list, const event_filter_t *filter, apr_pool_t *pool)
{
    int is_problem = filter->outcome && strcmp(filter->outcome, "success") != 0;

    list->count = 0;
    list->exact = !filter->text;
    list->pool = pool;
    want(list, MARK_SESSION, filter->session);
    want_model_and_record(list, filter);
    want(list, MARK_FLAG, filter->flag);
    want_user(list, filter);
    if (filter->ip) {
        want_network(list, filter->ip);
    }
    want(list, MARK_CITY, filter->city);
    want(list, MARK_OUTCOME, is_problem ? filter->outcome : NULL);
    want(list, MARK_COUNTRY, filter->country);
    if (filter->operations[0]) {
        want_any(list, MARK_OPERATION, filter->operations);
    }
    want(list, MARK_CHANNEL, filter->channel);
    want(list, MARK_SITE, filter->site);
    want(list, MARK_OUTCOME, is_problem ? NULL : filter->outcome);
    if (filter->own_only) {
        want(list, MARK_DATABASE, filter->own_database ? filter->own_database : "");
        want(list, MARK_SITE, filter->own_site);
    }
}

/* ---- windows of blocks ---- */

typedef struct window_t {
    search_block_t *block; /* in the order of their ids */
    int count;
    apr_uint64_t (*found)[POSTING_WORDS];
} window_t;

static int is_empty(const search_block_t *block)
{
    for (int i = 0; i < POSTING_WORDS; i++) {
        if (block->bits[i]) {
            return 0;
        }
    }
    return 1;
}

/* Blocks without a candidate are taken out. */
static void compact(window_t *window)
{
    int kept = 0;

    for (int i = 0; i < window->count; i++) {
        if (!is_empty(&window->block[i])) {
            if (kept != i) {
                window->block[kept] = window->block[i];
            }
            kept++;
        }
    }
    window->count = kept;
}

static int find_block(const window_t *window, apr_int64_t first_id)
{
    int low = 0, high = window->count - 1;

    while (low <= high) {
        int middle = (low + high) / 2;

        if (window->block[middle].first_id == first_id) {
            return middle;
        }
        if (window->block[middle].first_id < first_id) {
            low = middle + 1;
        }
        else {
            high = middle - 1;
        }
    }
    return -1;
}

/* Lists the next blocks from `edge` on, at most `limit`; *listed tells how many there were. */
static apr_status_t list_blocks(const search_t *search, window_t *window, apr_int64_t *edge,
                                apr_int64_t tail, int limit, int *listed, apr_pool_t *pool)
{
    const event_filter_t *filter = search->filter;
    query_t query;
    rows_t rows;
    apr_status_t status;

    query_init(&query, pool, "SELECT first_id, end_id, first_ms, last_ms, ids FROM blocks");
    query_where_number(&query, search->newest_first ? "first_id < %s" : "end_id > %s", *edge);
    query_where_number(&query, "first_id < %s", tail);
    if (filter->from) {
        query_where_number(&query, "last_ms >= %s", msec_from(filter->from));
    }
    if (filter->to) {
        query_where_number(&query, "first_ms < %s", msec_from(filter->to));
    }
    query_text(&query, search->newest_first ? " ORDER BY first_id DESC LIMIT %s"
                                            : " ORDER BY first_id LIMIT %s");
    query_number(&query, limit);
    status = query_select(&query, search->store, &rows, pool);
    *listed = window->count = rows.left;
    for (int i = 0; !status && rows_next(&rows); i++) {
        search_block_t *block = &window->block[search->newest_first ? window->count - 1 - i : i];
        const char *ids = rows_text(&rows, 4);

        memset(block, 0, sizeof(*block));
        block->first_id = rows_integer(&rows, 0);
        block->end_id = rows_integer(&rows, 1);
        block->first_ms = rows_integer(&rows, 2);
        block->last_ms = rows_integer(&rows, 3);
        *edge = search->newest_first ? block->first_id : block->end_id;
        if (ids && posting_read(ids, block->bits)) {
            return connection_fail(search->store->connection, "the table blocks is damaged");
        }
    }
    return status;
}

/* Reads the marks of one statement: in the spans that the blocks from *from on lie in. */
static apr_status_t select_marks(const search_t *search, const window_t *window,
                                 const wanted_t *wanted, int *from, rows_t *rows, apr_pool_t *pool)
{
    const char *spans[SEARCH_SPANS + 1];
    apr_int64_t last = -1;
    query_t query;
    int count = 0;

    for (; *from < window->count; ++*from) {
        apr_int64_t span = marks_span(wanted->kind, window->block[*from].first_id);

        if (span != last && count == SEARCH_SPANS) {
            break;
        }
        if (span != last) {
            spans[count++] = number_text(span, pool);
            last = span;
        }
    }
    /* Lists of two lengths, so that few statements do. */
    for (int length = count > SEARCH_FEW_SPANS ? SEARCH_SPANS : SEARCH_FEW_SPANS; count < length;
         count++) {
        spans[count] = spans[count - 1];
    }
    spans[count] = NULL;
    query_init(&query, pool, "SELECT first_id, ids FROM marks");
    query_where_list(&query, "span IN (", spans, ")");
    query_where_number(&query, "kind = %s", wanted->kind);
    query_where_list(&query, wanted->values[1] ? "value IN (" : "value = ", wanted->values,
                     wanted->values[1] ? ")" : "");
    query_where_number(&query, "first_id >= %s", window->block[0].first_id);
    query_where_number(&query, "first_id <= %s", window->block[window->count - 1].first_id);
    return query_select(&query, search->store, rows, pool);
}

static apr_status_t find_marked(const search_t *search, window_t *window, rows_t *rows)
{
    apr_status_t status = APR_SUCCESS;

    while (!status && rows_next(rows)) {
        int at = find_block(window, rows_integer(rows, 0));
        const char *ids = rows_text(rows, 1);

        if (at >= 0 && (!ids || posting_read(ids, window->found[at]))) {
            status = connection_fail(search->store->connection, "the table marks is damaged");
        }
    }
    return status;
}

/* Leaves those candidates that have one of the values. */
static apr_status_t apply_mark(const search_t *search, window_t *window, const wanted_t *wanted,
                               apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = APR_SUCCESS;

    memset(window->found, 0, (apr_size_t)window->count * sizeof(window->found[0]));
    for (int from = 0; !status && from < window->count;) {
        status = select_marks(search, window, wanted, &from, &rows, pool);
        status = status ? status : find_marked(search, window, &rows);
    }
    for (int i = 0; i < window->count; i++) {
        for (int word = 0; word < POSTING_WORDS; word++) {
            window->block[i].bits[word] &= window->found[i][word];
        }
    }
    compact(window);
    return status;
}

/* Takes out the candidates beyond where the search begins. */
static void cut_off(const search_t *search, search_block_t *block)
{
    apr_int64_t from = search->from;

    if (search->newest_first ? from >= block->end_id : from < block->first_id) {
        return;
    }
    for (int i = 0; i < POSTING_POSITIONS; i++) {
        apr_int64_t id = block->first_id + i;

        if (search->newest_first ? id >= from : id <= from) {
            block->bits[i / 64] &= ~(APR_UINT64_C(1) << i % 64);
        }
    }
}

static int is_exact(const event_filter_t *filter, const search_block_t *block)
{
    return (!filter->from || block->first_ms >= msec_from(filter->from)) &&
           (!filter->to || block->last_ms < msec_from(filter->to));
}

static apr_status_t visit_window(const search_t *search, window_t *window,
                                 const wanted_list_t *wanted, int *stop)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < window->count && !status && !*stop; i++) {
        search_block_t *block = &window->block[search->newest_first ? window->count - 1 - i : i];

        block->exact = wanted->exact && is_exact(search->filter, block);
        cut_off(search, block);
        status = search->block(search->payload, block, stop);
    }
    return status;
}

static apr_status_t search_window(const search_t *search, window_t *window,
                                  const wanted_list_t *wanted, apr_pool_t *pool, int *stop)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < wanted->count && window->count > 0 && !status; i++) {
        status = apply_mark(search, window, &wanted->mark[i], pool);
    }
    return status ? status : visit_window(search, window, wanted, stop);
}

static apr_status_t search_blocks(const search_t *search, const wanted_list_t *wanted,
                                  apr_int64_t tail, int *stop, apr_pool_t *parent)
{
    window_t window;
    apr_int64_t edge = search->newest_first ? search->from : search->from + 1;
    apr_pool_t *pool;
    int limit = SEARCH_FIRST_BLOCKS, listed = limit;
    apr_status_t status = APR_SUCCESS;

    window.block = apr_palloc(parent, SEARCH_MOST_BLOCKS * sizeof(*window.block));
    window.found = apr_palloc(parent, SEARCH_MOST_BLOCKS * sizeof(*window.found));
    apr_pool_create(&pool, parent);
    while (!status && !*stop && listed == limit) {
        apr_pool_clear(pool);
        status = list_blocks(search, &window, &edge, tail, limit, &listed, pool);
        if (!status) {
            status = search_window(search, &window, wanted, pool, stop);
        }
        if (listed == limit && limit < SEARCH_MOST_BLOCKS) {
            listed = limit *= 4;
        }
    }
    apr_pool_destroy(pool);
    return status;
}

/* ---- the whole of it ---- */

static apr_status_t search_rows_run(const search_t *search, apr_int64_t low, apr_int64_t high,
                                    int *stop)
{
    if (search->newest_first && high > search->from) {
        high = search->from;
    }
    if (!search->newest_first && low <= search->from) {
        low = search->from + 1;
    }
    return low < high && !*stop ? search->rows(search->payload, low, high, stop) : APR_SUCCESS;
}

apr_status_t search_run(const search_t *search, apr_pool_t *parent)
{
    wanted_list_t wanted;
    apr_int64_t tail = 0;
    apr_pool_t *pool;
    int stop = 0;
    apr_status_t status = APR_SUCCESS;

    if (search->filter->own_only && (!search->filter->own_site || search->filter->own_uid <= 0)) {
        return APR_SUCCESS;
    }
    apr_pool_create(&pool, parent);
    list_wanted(&wanted, search->filter, pool);
    /* Nothing that marks or blocks could tell: all ids, in one run. */
    if (wanted.count > 0 || search->filter->from || search->filter->to || search->by_blocks) {
        status = marks_tail(search->store, &tail, pool);
    }
    /* A block that becomes full meanwhile is still searched as a part of the tail. */
    if (!status && search->newest_first) {
        status = search_rows_run(search, tail, APR_INT64_MAX, &stop);
    }
    if (!status && !stop && tail > 1) {
        status = search_blocks(search, &wanted, tail, &stop, pool);
    }
    if (!status && !search->newest_first) {
        status = search_rows_run(search, tail, APR_INT64_MAX, &stop);
    }
    apr_pool_destroy(pool);
    return status;
}
