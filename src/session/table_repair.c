/* Building the table anew from its slots, putting its lists in order, and proving it sound. */
#include "table_layout.h"

#include <string.h>

/* ---- order ---- */

typedef struct list_builder_t {
    session_table_t *table;
    apr_uint32_t first, last;
} list_builder_t;

static void builder_push(list_builder_t *builder, apr_uint32_t index)
{
    if (builder->last) {
        table_slot(builder->table, builder->last)->newer = index;
    }
    else {
        builder->first = index;
    }
    builder->last = index;
}

/* Takes the older head of the two runs off. An empty run is 0 slots long or at the list's end. */
static apr_uint32_t take_older(session_table_t *table, apr_uint32_t heads[2], apr_uint32_t left[2])
{
    int from = 0;
    apr_uint32_t taken;

    if (!left[0] || !heads[0]) {
        from = 1;
    }
    else if (left[1] && heads[1]) {
        from = table_age_key(&table_slot(table, heads[1])->session) <
               table_age_key(&table_slot(table, heads[0])->session);
    }
    taken = heads[from];
    heads[from] = table_slot(table, taken)->newer;
    left[from]--;
    return taken;
}

static apr_uint32_t skip_run(session_table_t *table, apr_uint32_t index, apr_uint32_t length)
{
    while (index && length--) {
        index = table_slot(table, index)->newer;
    }
    return index;
}

/* Merges neighbouring runs of `length` slots; returns how many merges that took. */
static apr_uint32_t merge_runs(list_builder_t *builder, apr_uint32_t length)
{
    session_table_t *table = builder->table;
    apr_uint32_t rest = builder->first;
    apr_uint32_t merges = 0;

    builder->first = builder->last = 0;
    while (rest) {
        apr_uint32_t heads[2] = {rest, skip_run(table, rest, length)};
        apr_uint32_t left[2] = {length, length};

        rest = skip_run(table, heads[1], length);
        while ((left[0] && heads[0]) || (left[1] && heads[1])) {
            builder_push(builder, take_older(table, heads, left));
        }
        merges++;
    }
    if (builder->last) {
        table_slot(table, builder->last)->newer = 0;
    }
    return merges;
}

static void sort_list(session_table_t *table, table_list_t *list)
{
    list_builder_t builder = {table, list->oldest, 0};
    apr_uint32_t length = 1;
    apr_uint32_t older = 0;

    while (merge_runs(&builder, length) > 1) {
        length *= 2;
    }
    list->oldest = builder.first;
    list->newest = builder.last;
    for (apr_uint32_t index = list->oldest; index; index = table_slot(table, index)->newer) {
        table_slot(table, index)->older = older;
        older = index;
    }
}

void table_sort(session_table_t *table)
{
    for (int state = SESSION_OPEN; state < TABLE_STATES; state++) {
        sort_list(table, &table->lists[state]);
    }
    table->unsorted = 0;
}

/* ---- repair ---- */

static void put_back(session_table_t *table, apr_uint32_t index)
{
    table_slot_t *slot = table_slot(table, index);
    int in_use = slot->session.state > SESSION_FREE && slot->session.state < TABLE_STATES;
    apr_uint32_t *home = &table->free;

    if (in_use) {
        session_end_texts(&slot->session);
        home = table_bucket(table, &slot->session.fingerprint);
        table_list_append(table, index);
        table_note_down(table, index, 1);
    }
    else {
        slot->session.state = SESSION_FREE;
        memset(table_note(table, index), 0, sizeof(table_note_t));
    }
    slot->next = *home;
    *home = index;
}

void table_rebuild(session_table_t *table)
{
    apr_uint32_t *buckets = table_buckets(table);

    table_begin_change(table);
    memset(buckets, 0, (apr_size_t)table->buckets * sizeof(*buckets));
    memset(table->lists, 0, sizeof(table->lists));
    table->free = 0;
    if (table->used > table->slots) {
        table->used = table->slots;
    }
    for (apr_uint32_t index = table->used; index; index--) {
        put_back(table, index);
    }
    table_sort(table);
    atomic_fetch_add(&table->repairs, 1);
    table_order_stores();
    atomic_store_explicit(&table->dirty, 0, memory_order_relaxed);
}

/* ---- proof ---- */

typedef struct census_t {
    session_table_t *table;
    apr_uint32_t by_state[TABLE_STATES];
    apr_uint32_t chained;
    apr_uint32_t free;
} census_t;

static const char *count_states(census_t *census)
{
    for (apr_uint32_t index = 1; index <= census->table->used; index++) {
        apr_byte_t state = table_slot(census->table, index)->session.state;

        if (state >= TABLE_STATES) {
            return "a slot has no valid state";
        }
        if (state != SESSION_FREE &&
            table_note(census->table, index)->user !=
                table_user_of(census->table, &table_slot(census->table, index)->session)) {
            return "a note tells of another user than its slot";
        }
        census->by_state[state]++;
    }
    return NULL;
}

static const char *check_chain(census_t *census, const apr_uint32_t *bucket)
{
    session_table_t *table = census->table;

    for (apr_uint32_t index = *bucket; index; index = table_slot(table, index)->next) {
        table_slot_t *slot;

        if (index > table->used || ++census->chained > table->used) {
            return "a chain leaves the slots in use or runs in a circle";
        }
        slot = table_slot(table, index);
        if (slot->session.state == SESSION_FREE) {
            return "a chain holds a free slot";
        }
        if (table_bucket(table, &slot->session.fingerprint) != bucket) {
            return "a slot hangs in the chain of another bucket";
        }
        if (table_find(table, bucket, &slot->session.fingerprint) != index) {
            return "two slots hold the same session";
        }
    }
    return NULL;
}

static const char *check_chains(census_t *census)
{
    session_table_t *table = census->table;
    const apr_uint32_t *buckets = table_buckets(table);
    const char *problem = NULL;

    for (apr_uint32_t number = 0; number < table->buckets && !problem; number++) {
        problem = check_chain(census, &buckets[number]);
    }
    if (!problem && census->chained != table->used - census->by_state[SESSION_FREE]) {
        problem = "a slot in use hangs in no chain";
    }
    return problem;
}

static const char *check_free(census_t *census)
{
    session_table_t *table = census->table;

    for (apr_uint32_t index = table->free; index; index = table_slot(table, index)->next) {
        if (index > table->used || ++census->free > table->used) {
            return "the free list leaves the slots in use or runs in a circle";
        }
        if (table_slot(table, index)->session.state != SESSION_FREE) {
            return "the free list holds a slot in use";
        }
    }
    return census->free == census->by_state[SESSION_FREE] ? NULL : "a free slot is lost";
}

static const char *check_list(census_t *census, int state)
{
    session_table_t *table = census->table;
    const table_list_t *list = &table->lists[state];
    apr_uint32_t older = 0;
    apr_uint32_t count = 0;

    for (apr_uint32_t index = list->oldest; index; index = table_slot(table, index)->newer) {
        if (index > table->used || ++count > table->used) {
            return "a list leaves the slots in use or runs in a circle";
        }
        if (table_slot(table, index)->session.state != state) {
            return "a list holds a slot of another state";
        }
        if (table_slot(table, index)->older != older) {
            return "a list does not read the same in both directions";
        }
        older = index;
    }
    if (list->newest != older || list->count != count || count != census->by_state[state]) {
        return "a list does not hold every slot of its state";
    }
    return NULL;
}

static const char *find_problem(session_table_t *table)
{
    census_t census = {.table = table};
    const char *problem;

    if (table->used > table->slots) {
        return "more slots are in use than there are";
    }
    problem = count_states(&census);
    if (!problem) {
        problem = check_chains(&census);
    }
    if (!problem) {
        problem = check_free(&census);
    }
    for (int state = SESSION_OPEN; state < TABLE_STATES && !problem; state++) {
        problem = check_list(&census, state);
    }
    return problem;
}

apr_status_t session_table_validate(session_table_t *table, const char **problem)
{
    apr_status_t rv = table_lock(table);

    *problem = NULL;
    if (rv != APR_SUCCESS) {
        *problem = "the lock cannot be had";
        return rv;
    }
    *problem = find_problem(table);
    table_unlock(table);
    return *problem ? APR_EGENERAL : APR_SUCCESS;
}

apr_uint32_t session_table_repairs(const session_table_t *table)
{
    return atomic_load(&table->repairs);
}
