/* The store at size, without a server.
 *
 *   bench/store fill sqlite3 FILE N      appends N events as a company of 300 people would make
 *   bench/store ask sqlite3 FILE         times the filters of the page, worst ones included
 *   bench/store export sqlite3 FILE      times the CSV of everything
 *
 * With PostgreSQL: pgsql "host=... dbname=...". One line of JSON per measurement. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "store/store.h"
#include "store/summary.h"
#include "trail/chain.h"
#include "trail/event_csv.h"

#define PER_TRANSACTION 5000
#define SCRATCH (256 * 1024)
#define USERS 300
#define EVENTS_PER_DAY 40000
#define FIRST_DAY APR_INT64_C(1700000000000000)
#define TIMES 5 /* each filter is asked so often; the median counts */

static store_config_t config;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench/store: %s: %s\n", what, why ? why : "");
    exit(1);
}

static store_t *open_store(apr_pool_t *pool, store_mode_t mode)
{
    store_t *store;
    const char *problem = NULL;

    if (store_open(&store, pool, &config, mode, &problem)) {
        fail("cannot open", problem);
    }
    return store;
}

static unsigned draw(unsigned below)
{
    static apr_uint64_t seed = 88172645463325252u;

    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 20) % below;
}

/* Few are drawn often, as people and models are. */
static unsigned draw_skewed(unsigned below)
{
    return draw(draw(below) + 1);
}

static double seconds_since(apr_time_t start)
{
    return (double)(apr_time_now() - start) / APR_USEC_PER_SEC;
}

/* ---- fill ---- */

static const char *const operations[] = {"write", "write",  "write", "write",  "read",
                                         "read",  "create", "call",  "export", "unlink"};

/* On site a alone, "failed" happens only to reads, and "export" never fails: these never meet. */
static void make_event(event_t *event, apr_int64_t number)
{
    static const char *const models[] = {"res.partner", "sale.order", "account.move", "stock.move"};
    apr_pool_t *pool = event->pool;
    unsigned user = draw_skewed(USERS), model = draw_skewed(60);
    int day = (int)(number / EVENTS_PER_DAY);
    const char *operation = operations[draw(10)];
    const char *outcome = draw(50) ? "success" : strcmp(operation, "read") ? "denied" : "failed";

    event_set_time(event, EVENT_TIME,
                   FIRST_DAY + number * (APR_USEC_PER_SEC * 86400 / EVENTS_PER_DAY));
    event_set(event, EVENT_SITE, draw(10) ? "erp.example.com" : "shop.example.com");
    event_set(event, EVENT_DATABASE, "production");
    event_set_integer(event, EVENT_UID, user + 2);
    event_set(event, EVENT_LOGIN, apr_psprintf(pool, "user%u@example.com", user));
    event_set(event, EVENT_USER, apr_psprintf(pool, "User Number %u", user));
    event_set(event, EVENT_SESSION, apr_psprintf(pool, "%08x%08x%016x", user, day, user * 7919));
    event_set(event, EVENT_IP, apr_psprintf(pool, "10.%u.%u.%u", user % 3, user / 50, user % 200));
    event_set(event, EVENT_COUNTRY, "DE");
    event_set(event, EVENT_CITY, user % 2 ? "Jena" : "Berlin");
    event_set(event, EVENT_BROWSER, "Chrome 126");
    event_set(event, EVENT_OS, "Windows 11");
    event_set(event, EVENT_CHANNEL, user % 20 ? "web" : "jsonrpc");
    event_set(event, EVENT_OPERATION, operation);
    event_set(event, EVENT_MODEL,
              model < 4 ? models[model] : apr_psprintf(pool, "x.model%u", model));
    event_set_integer(event, EVENT_RECORD_IDS, draw(200000) + 1);
    event_set(event, EVENT_RECORD_COUNT, "1");
    event_set(event, EVENT_METHOD, operation);
    event_set(event, EVENT_FIELDS, "name street city phone");
    event_set(event, EVENT_VALUES,
              apr_psprintf(pool,
                           "{\"name\":\"Customer %u\",\"street\":\"Main Street %u\",\"city\":"
                           "\"Jena\",\"phone\":\"+49 3641 %u\"}",
                           draw(100000), draw(200), draw(1000000)));
    event_set(event, EVENT_OUTCOME, outcome);
    event_set(event, EVENT_STATUS, "200");
    event_set_integer(event, EVENT_DURATION_MS, draw(300) + 2);
    event_set(event, EVENT_PATH, "/web/dataset/call_kw");
    event_set(event, EVENT_NODE, "bench");
}

static void fill(apr_int64_t events, apr_pool_t *pool)
{
    store_t *store = open_store(pool, STORE_WRITE);
    char hash[DIGEST_HEX_SIZE];
    const char *last;
    apr_int64_t id, sequence, first;
    apr_time_t start = apr_time_now();
    apr_pool_t *event_pool, *step;
    buffer_t scratch;

    apr_pool_create(&event_pool, pool);
    apr_pool_create(&step, pool);
    buffer_init(&scratch, pool, SCRATCH);
    if (store_chain_tip(store, "bench", &id, &sequence, &last, pool)) {
        fail("chain", store_error(store));
    }
    apr_cpystrn(hash, last, sizeof(hash));
    first = id;
    while (id - first < events) {
        apr_pool_clear(step);
        if (store_begin(store)) {
            fail("begin", store_error(store));
        }
        for (int i = 0; i < PER_TRANSACTION; i++) {
            event_t *event;

            apr_pool_clear(event_pool);
            event = event_create(event_pool);
            make_event(event, id);
            event_set_integer(event, EVENT_ID, ++id);
            event_set_integer(event, EVENT_SEQUENCE, ++sequence);
            chain_link(event, hash, &scratch);
            apr_cpystrn(hash, event->cell[EVENT_HASH], sizeof(hash));
            if (store_append(store, event)) {
                fail("append", store_error(store));
            }
        }
        if (store_commit(store)) {
            fail("commit", store_error(store));
        }
    }
    printf("{\"fill\":%" APR_INT64_T_FMT ",\"events\":%" APR_INT64_T_FMT
           ",\"events_per_second\":%.0f}\n",
           id, id - first, (double)(id - first) / seconds_since(start));
}

/* ---- ask ---- */

static int look(void *payload, const event_t *event)
{
    (void)event;
    ++*(int *)payload;
    return 0;
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return a < b ? -1 : a > b;
}

/* As the page does: a connection, a page of rows, a count. */
static void ask(const char *name, const event_filter_t *filter, apr_pool_t *parent)
{
    double page[TIMES], count[TIMES], open[TIMES];
    apr_int64_t counted = 0;
    int rows = 0;

    for (int i = 0; i < TIMES; i++) {
        apr_pool_t *pool;
        apr_time_t start = apr_time_now();
        store_t *store;

        apr_pool_create(&pool, parent);
        store = open_store(pool, STORE_READ);
        open[i] = 1000 * seconds_since(start);
        start = apr_time_now();
        rows = 0;
        if (store_events(store, filter, 0, 101, look, &rows, pool)) {
            fail(name, store_error(store));
        }
        page[i] = 1000 * seconds_since(start);
        start = apr_time_now();
        if (store_count(store, filter, 10001, &counted, pool)) {
            fail(name, store_error(store));
        }
        count[i] = 1000 * seconds_since(start);
        apr_pool_destroy(pool);
    }
    qsort(page, TIMES, sizeof(page[0]), by_size);
    qsort(count, TIMES, sizeof(count[0]), by_size);
    qsort(open, TIMES, sizeof(open[0]), by_size);
    printf("{\"ask\":\"%s\",\"rows\":%d,\"count\":%" APR_INT64_T_FMT
           ",\"open_ms\":%.1f,\"page_ms\":%.1f,\"count_ms\":%.1f}\n",
           name, rows, counted, open[TIMES / 2], page[TIMES / 2], count[TIMES / 2]);
    fflush(stdout);
}

static int look_at_top(void *payload, const summary_top_t *top)
{
    (void)top;
    ++*(int *)payload;
    return 0;
}

static int look_at_activity(void *payload, apr_time_t start, const char *operation,
                            const summary_counts_t *counts)
{
    (void)start;
    (void)operation;
    (void)counts;
    ++*(int *)payload;
    return 0;
}

static void ask_summaries(apr_time_t newest, apr_pool_t *pool)
{
    store_t *store = open_store(pool, STORE_READ);
    summary_scope_t scope = {.to = newest, .from = newest - apr_time_from_sec(86400 * 90)};
    apr_int64_t week[7][24];
    int rows = 0;
    apr_time_t start = apr_time_now();

    if (store_summary_activity(store, &scope, SUMMARY_DAY, look_at_activity, &rows, pool) ||
        store_summary_week(store, &scope, 3600, week, pool) ||
        store_summary_top(store, &scope, SUMMARY_USERS, 10, look_at_top, &rows, pool) ||
        store_summary_top(store, &scope, SUMMARY_MODELS, 10, look_at_top, &rows, pool) ||
        store_summary_top(store, &scope, SUMMARY_ADDRESSES, 10, look_at_top, &rows, pool) ||
        store_summary_top(store, &scope, SUMMARY_PLACES, 10, look_at_top, &rows, pool)) {
        fail("summaries", store_error(store));
    }
    printf("{\"ask\":\"all plots of 90 days\",\"rows\":%d,\"ms\":%.1f}\n", rows,
           1000 * seconds_since(start));
}

static void ask_all(apr_pool_t *pool)
{
    store_t *store = open_store(pool, STORE_READ);
    apr_int64_t id, sequence;
    const char *hash;
    apr_time_t newest;
    const char *session;

    if (store_chain_tip(store, "bench", &id, &sequence, &hash, pool)) {
        fail("chain", store_error(store));
    }
    newest = FIRST_DAY + id * (APR_USEC_PER_SEC * 86400 / EVENTS_PER_DAY);
    session = apr_psprintf(pool, "%08x%08x%016x", 7, (int)(id / 2 / EVENTS_PER_DAY), 7 * 7919);
    const struct {
        const char *name;
        event_filter_t filter;
    } asks[] = {
        {"nothing", {0}},
        {"user by uid", {.user = "9"}},
        {"a rare user by login", {.user = "user299@example.com"}},
        {"session of long ago", {.session = session}},
        {"model", {.model = "sale.order"}},
        {"record", {.record_model = "res.partner", .record_id = 77}},
        {"operations", {.operations = {"unlink", "export"}}},
        {"outcome", {.outcome = "denied"}},
        {"address", {.ip = "10.1.0.7"}},
        {"network", {.ip = "10.1.0.0/16"}},
        {"all addresses", {.ip = "0.0.0.0/0"}},
        {"site", {.site = "shop.example.com"}},
        {"nobody", {.user = "999999"}},
        {"never meet: outcome, operation",
         {.outcome = "failed", .operations = {"write", "export", "unlink"}}},
        {"never meet: six",
         {.outcome = "failed",
          .operations = {"write", "call"},
          .site = "erp.example.com",
          .ip = "10.0.0.0/8",
          .channel = "web",
          .model = "res.partner"}},
        {"own",
         {.own_only = 1,
          .own_site = "erp.example.com",
          .own_database = "production",
          .own_uid = 9}},
        {"own, never meet",
         {.own_only = 1,
          .own_site = "erp.example.com",
          .own_database = "production",
          .own_uid = 9,
          .outcome = "failed",
          .operations = {"write"}}},
        {"a day in the middle",
         {.from = (FIRST_DAY + newest) / 2,
          .to = (FIRST_DAY + newest) / 2 + apr_time_from_sec(86400)}},
        {"a year of a model",
         {.from = newest - apr_time_from_sec(365 * 86400), .to = newest, .model = "x.model40"}},
        {"text in a day",
         {.text = "customer 4711", .from = newest - apr_time_from_sec(86400), .to = newest}},
        {"text in everything", {.text = "no such text", .from = FIRST_DAY, .to = newest}},
    };

    printf("{\"events\":%" APR_INT64_T_FMT "}\n", id);
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        ask(asks[i].name, &asks[i].filter, pool);
    }
    ask_summaries(newest, pool);
}

/* ---- export ---- */

typedef struct export_t {
    buffer_t row;
    apr_int64_t last, rows, bytes;
} export_t;

static int write_row(void *payload, const event_t *event)
{
    export_t *export = payload;

    export->last = apr_atoi64(event->cell[EVENT_ID]);
    export->rows++;
    buffer_reset(&export->row);
    event_csv_row(&export->row, event);
    export->bytes += (apr_int64_t) export->row.length;
    return 0;
}

static void export_all(apr_pool_t *parent)
{
    static const event_filter_t everything;
    store_t *store = open_store(parent, STORE_READ);
    export_t export = {.last = 0};
    apr_time_t start = apr_time_now();
    apr_int64_t before = -1;
    apr_pool_t *pool;

    apr_pool_create(&pool, parent);
    buffer_init(&export.row, parent, SCRATCH);
    while (export.rows != before && export.rows < 2000000) {
        before = export.rows;
        apr_pool_clear(pool);
        if (store_events_after(store, &everything, export.last, 2000, write_row, &export, pool)) {
            fail("export", store_error(store));
        }
    }
    printf("{\"export\":%" APR_INT64_T_FMT ",\"rows_per_second\":%.0f,\"bytes\":%" APR_INT64_T_FMT
           "}\n",
           export.rows, (double)export.rows / seconds_since(start), export.bytes);
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (argc < 4) {
        fail("what? See the head of bench/store.c", NULL);
    }
    config.driver = argv[2];
    config.params = argv[3];
    if (!strcmp(argv[1], "fill") && argc == 5) {
        fill(apr_atoi64(argv[4]), pool);
    }
    else if (!strcmp(argv[1], "ask")) {
        ask_all(pool);
    }
    else if (!strcmp(argv[1], "export")) {
        export_all(pool);
    }
    else {
        fail("what? See the head of bench/store.c", NULL);
    }
    apr_pool_destroy(pool);
    return 0;
}
