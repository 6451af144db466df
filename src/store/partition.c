/* PostgreSQL holds the events in partitions by month (UTC), so that what was purged gives its room
 * back at once. Each is named for its month, events_2026_11; events_before_2026_11 holds what an
 * older release had in one table. There is no default partition, since making another one would
 * then lock every reader out: an event of a month without one makes it. */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "handle.h"
#include "store/purge.h"

#define MONTHS_AHEAD 2  /* besides the present one */
#define MONTHS_LEFT 1   /* before the present one, for events that come late */
#define MOST_DROPPED 12 /* in one transaction, each a lock */

/* Months are counted from January 1900, as apr_time_exp_t does. */
typedef struct partition_t {
    const char *name;
    int first, end; /* months: first <= month < end */
} partition_t;

static int month_of(apr_int64_t time_ms)
{
    apr_time_exp_t parts;

    apr_time_exp_gmt(&parts, apr_time_from_msec(time_ms));
    return parts.tm_year * 12 + parts.tm_mon;
}

static apr_int64_t start_of(int month)
{
    apr_time_exp_t parts = {.tm_year = month / 12, .tm_mon = month % 12, .tm_mday = 1};
    apr_time_t start = 0;

    apr_time_exp_gmt_get(&start, &parts);
    return apr_time_as_msec(start);
}

static int read_name(partition_t *partition, const char *name)
{
    int year, month, length = 0;
    int before = !strncmp(name, "events_before_", 14);

    if (sscanf(name, before ? "events_before_%4d_%2d%n" : "events_%4d_%2d%n", &year, &month,
               &length) != 2 ||
        name[length] || month < 1 || month > 12) {
        return 0;
    }
    partition->name = name;
    partition->first = (year - 1900) * 12 + month - 1;
    partition->end = partition->first + !before;
    partition->first = before ? 0 : partition->first;
    return 1;
}

static apr_status_t list_partitions(store_t *store, apr_array_header_t **list, apr_pool_t *pool)
{
    rows_t rows;
    apr_status_t status = store_select(store, PARTITION_LIST, NULL, &rows, pool);

    *list = apr_array_make(pool, 32, sizeof(partition_t));
    while (!status && rows_next(&rows)) {
        partition_t partition;

        if (read_name(&partition, rows_text(&rows, 0))) {
            APR_ARRAY_PUSH(*list, partition_t) = partition;
        }
    }
    return status;
}

static const partition_t *find(const apr_array_header_t *list, int month)
{
    for (int i = 0; i < list->nelts; i++) {
        const partition_t *partition = &APR_ARRAY_IDX(list, i, partition_t);

        if (month >= partition->first && month < partition->end) {
            return partition;
        }
    }
    return NULL;
}

/* Attaching a table, unlike making one as a partition, locks neither readers nor writers out. */
static const char *making(int month, apr_pool_t *pool)
{
    const char *name = apr_psprintf(pool, "events_%04d_%02d", 1900 + month / 12, 1 + month % 12);

    return apr_psprintf(pool,
                        "CREATE TABLE %s (LIKE events); ALTER TABLE events ATTACH PARTITION %s "
                        "FOR VALUES FROM (%" APR_INT64_T_FMT ") TO (%" APR_INT64_T_FMT ");",
                        name, name, start_of(month), start_of(month + 1));
}

/* Runs it if the locks are free this very moment: who waited for one would hold up all that come
 * after. Else nothing happens, which is no error. */
static apr_status_t run_if_free(store_t *store, const char *locks, const char *sql)
{
    return connection_run(store->connection,
                          apr_pstrcat(store->step, "DO $$BEGIN ", locks, " ", sql,
                                      " EXCEPTION WHEN lock_not_available THEN NULL; END$$", NULL));
}

apr_status_t partition_ready(store_t *store, apr_int64_t time_ms)
{
    int month = month_of(time_ms);
    apr_array_header_t *list;
    const partition_t *found;
    apr_status_t status;

    if (!store->dialect->partitions || (month >= store->months_from && month < store->months_to)) {
        return APR_SUCCESS;
    }
    status = list_partitions(store, &list, store->step);
    if (status) {
        return status;
    }
    found = find(list, month);
    store->months_from = found ? found->first : month;
    store->months_to = found ? found->end : month + 1;
    return found ? APR_SUCCESS : connection_run(store->connection, making(month, store->step));
}

void partition_forget(store_t *store)
{
    store->months_from = store->months_to = 0;
}

/* ---- ahead and behind ---- */

static apr_status_t make_ahead(store_t *store, const apr_array_header_t *list, int now)
{
    apr_status_t status = APR_SUCCESS;

    for (int month = now; !status && month <= now + MONTHS_AHEAD; month++) {
        if (!find(list, month)) {
            status =
                run_if_free(store, "LOCK TABLE ONLY events IN SHARE UPDATE EXCLUSIVE MODE NOWAIT;",
                            making(month, store->step));
        }
    }
    return status;
}

/* Writers take turns, so that what is empty stays so until this transaction ends. */
static apr_status_t is_empty(store_t *store, const partition_t *partition, int *empty)
{
    statement_t *statement;
    rows_t rows;
    apr_status_t status =
        connection_prepare(store->connection,
                           apr_psprintf(store->step, "SELECT 1 FROM %s LIMIT 1", partition->name),
                           &statement);

    if (!status) {
        status = connection_select(store->connection, statement, NULL, &rows, store->step);
    }
    *empty = !status && !rows_next(&rows);
    return status;
}

static apr_status_t drop(store_t *store, const partition_t *partition)
{
    const char *name = partition->name;

    return run_if_free(
        store,
        apr_psprintf(store->step,
                     "LOCK TABLE ONLY events IN ACCESS EXCLUSIVE MODE NOWAIT; LOCK TABLE %s IN "
                     "ACCESS EXCLUSIVE MODE NOWAIT;",
                     name),
        apr_psprintf(store->step, "DROP TABLE %s;", name));
}

static apr_status_t drop_empty(store_t *store, const apr_array_header_t *list, int now)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0, dropped = 0; !status && i < list->nelts && dropped < MOST_DROPPED; i++) {
        const partition_t *partition = &APR_ARRAY_IDX(list, i, partition_t);
        int empty = 0;

        if (partition->end <= now - MONTHS_LEFT) {
            status = is_empty(store, partition, &empty);
        }
        if (empty) {
            status = drop(store, partition);
            dropped++;
        }
    }
    return status;
}

apr_status_t store_partitions(store_t *store, apr_time_t now)
{
    int month = month_of(apr_time_as_msec(now));
    apr_array_header_t *list;
    apr_status_t status = store_step(store);

    if (status || !store->dialect->partitions) {
        return status;
    }
    status = list_partitions(store, &list, store->step);
    if (!status) {
        status = make_ahead(store, list, month);
    }
    if (!status) {
        status = drop_empty(store, list, month);
    }
    partition_forget(store);
    return status;
}
