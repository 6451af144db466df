/* The store at size, without a server.
 *
 *   bench/store fill sqlite3 FILE N      appends N events as a company of 300 people would make
 *   bench/store ask sqlite3 FILE         times the filters of the page, worst ones included
 *   bench/store draw sqlite3 FILE N      times N filters of up to six conditions that chance makes
 *   bench/store purge sqlite3 FILE N     purges the N oldest events as the keeper does
 *   bench/store export sqlite3 FILE N    times the CSV of N events as the page sends it
 *   bench/store jsonl sqlite3 FILE N     the same as JSON Lines
 *
 * With PostgreSQL: pgsql "host=... dbname=...". One line of JSON per measurement. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "store.h"

#include "store/store.h"
#include "store/summary.h"
#include "trail/chain.h"

#define PER_TRANSACTION 5000
#define USERS 300
#define EVENTS_PER_DAY 40000
#define FIRST_DAY APR_INT64_C(1700000000000000)
#define PAGE_ROWS 100
#define COUNT_MOST 10000
#define TIMES 5 /* each filter is asked so often; the median counts */

static store_config_t config;

void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench/store: %s: %s\n", what, why ? why : "");
    exit(1);
}

store_t *open_store(apr_pool_t *pool, store_mode_t mode)
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

double seconds_since(apr_time_t start)
{
    return (double)(apr_time_now() - start) / APR_USEC_PER_SEC;
}

/* Of this process, user and system: what neighbours on the machine change least. */
double processor_ms(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return 1000.0 * (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000.0;
}

/* ---- fill ---- */

static const char *const operations[] = {"write", "write",  "write", "write",  "read",
                                         "read",  "create", "call",  "export", "unlink"};

static const char *const models[] = {"res.partner", "sale.order", "account.move", "stock.move"};
static const char *const countries[] = {"Germany", "Germany", "Germany", "Austria", "France",
                                        "Italy",   "Spain",   "Norway",  "Poland",  "Japan"};
static const char *const flags[] = {"path_mismatch", "duplicate_key", "truncated", "unparsed"};

static const char *address_of(unsigned user, unsigned day, apr_pool_t *pool)
{
    unsigned mixed = (user * 2654435761u) ^ (day * 40503u * 65537u);

    if (user % 10 < 7) { /* the offices */
        return apr_psprintf(pool, "10.%u.%u.%u", user % 3, user / 50, user % 200);
    }
    if (user % 10 < 9) { /* from home, from somewhere else each day */
        return apr_psprintf(pool, "%u.%u.%u.%u", 11 + mixed % 200, mixed >> 8 & 255,
                            mixed >> 16 & 255, mixed >> 24);
    }
    return apr_psprintf(pool, "2001:db8:%x:%x::%x", user, day, mixed & 0xffff);
}

/* On site a alone, "failed" happens only to reads, and "export" never fails: these never meet. */
static void make_event(event_t *event, apr_int64_t number)
{
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
    event_set(event, EVENT_IP, address_of(user, (unsigned)day, pool));
    event_set(event, EVENT_COUNTRY, countries[user % 10]);
    event_set(event, EVENT_CITY, apr_psprintf(pool, "City %u", user % 40));
    event_set(event, EVENT_FLAGS, draw(200) ? NULL : flags[draw(4)]);
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

typedef struct answer_t {
    double ms, processor_ms;
    int rows;
    apr_int64_t count;
} answer_t;

/* As the page does: a connection, a page of rows, and a count if these are not all. */
static answer_t ask_once(const char *name, const event_filter_t *filter, apr_int64_t before,
                         apr_pool_t *parent)
{
    answer_t answer = {.rows = 0};
    apr_time_t start = apr_time_now();
    double processor = processor_ms();
    apr_pool_t *pool;
    store_t *store;

    apr_pool_create(&pool, parent);
    store = open_store(pool, STORE_READ);
    if (store_events(store, filter, before, PAGE_ROWS + 1, look, &answer.rows, pool)) {
        fail(name, store_error(store));
    }
    answer.count = answer.rows;
    if ((before || answer.rows > PAGE_ROWS) &&
        store_count(store, filter, COUNT_MOST, &answer.count, pool)) {
        fail(name, store_error(store));
    }
    apr_pool_destroy(pool);
    answer.ms = 1000 * seconds_since(start);
    answer.processor_ms = processor_ms() - processor;
    return answer;
}

static void ask(const char *name, const event_filter_t *filter, apr_int64_t before,
                apr_pool_t *pool)
{
    double ms[TIMES], processor[TIMES];
    answer_t answer = {.rows = 0};

    for (int i = 0; i < TIMES; i++) {
        answer = ask_once(name, filter, before, pool);
        ms[i] = answer.ms;
        processor[i] = answer.processor_ms;
    }
    qsort(ms, TIMES, sizeof(ms[0]), by_size);
    qsort(processor, TIMES, sizeof(processor[0]), by_size);
    printf("{\"ask\":\"%s\",\"rows\":%d,\"count\":%" APR_INT64_T_FMT
           ",\"ms\":%.1f,\"worst_ms\":%.1f,\"processor_ms\":%.1f}\n",
           name, answer.rows, answer.count, ms[TIMES / 2], ms[TIMES - 1], processor[TIMES / 2]);
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
    double processor = processor_ms();
    apr_time_t start = apr_time_now();

    if (store_summary_activity(store, &scope, SUMMARY_DAY, look_at_activity, &rows, pool) ||
        store_summary_week(store, &scope, 3600, week, pool) ||
        store_summary_top(store, &scope, SUMMARY_USERS, 10, look_at_top, &rows, pool) ||
        store_summary_top(store, &scope, SUMMARY_MODELS, 10, look_at_top, &rows, pool) ||
        store_summary_top(store, &scope, SUMMARY_ADDRESSES, 10, look_at_top, &rows, pool) ||
        store_summary_top(store, &scope, SUMMARY_PLACES, 10, look_at_top, &rows, pool)) {
        fail("summaries", store_error(store));
    }
    printf("{\"ask\":\"all plots of 90 days\",\"rows\":%d,\"ms\":%.1f,\"processor_ms\":%.1f}\n",
           rows, 1000 * seconds_since(start), processor_ms() - processor);
}

/* Pages far behind the first. */
static void ask_deep(apr_int64_t id, apr_pool_t *pool)
{
    const struct {
        const char *name;
        event_filter_t filter;
        apr_int64_t before;
    } deep[] = {
        {"nothing", {0}, id / 3},
        {"a model", {.model = "sale.order"}, id / 7},
        {"a rare user", {.user = "user299@example.com"}, id / 2},
        {"never meet", {.outcome = "failed", .operations = {"write", "export"}}, id / 2},
    };

    for (size_t i = 0; i < sizeof(deep) / sizeof(deep[0]); i++) {
        ask(apr_pstrcat(pool, "deep: ", deep[i].name, NULL), &deep[i].filter, deep[i].before, pool);
    }
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
        {"a network between bytes", {.ip = "10.0.0.0/15"}},
        {"half of all addresses", {.ip = "128.0.0.0/1"}},
        {"a network that nobody has", {.ip = "172.16.0.0/12"}},
        {"an IPv6 network", {.ip = "2001:db8::/33"}},
        {"an IPv6 network within a /64", {.ip = "2001:db8:9:0:8000::/65"}},
        {"country", {.country = "Japan"}},
        {"no such country", {.country = "Nowhere"}},
        {"city", {.city = "City 7"}},
        {"never meet: city, country", {.city = "City 7", .country = "Japan"}},
        {"never meet: channel, user", {.channel = "jsonrpc", .user = "9"}},
        {"flag", {.flag = "unparsed"}},
        {"channel", {.channel = "jsonrpc"}},
        {"all operations that do not fail",
         {.outcome = "failed",
          .operations = {"write", "create", "call", "export", "unlink", "import", "report"}}},
        {"a year of everything", {.from = newest - apr_time_from_sec(365 * 86400), .to = newest}},
        {"a second",
         {.from = newest / 2 + FIRST_DAY / 2, .to = newest / 2 + FIRST_DAY / 2 + 1000000}},
        {"a day in the middle",
         {.from = (FIRST_DAY + newest) / 2,
          .to = (FIRST_DAY + newest) / 2 + apr_time_from_sec(86400)}},
        {"a year of a model",
         {.from = newest - apr_time_from_sec(365 * 86400), .to = newest, .model = "x.model40"}},
        {"text in a day",
         {.text = "customer 4711", .from = newest - apr_time_from_sec(86400), .to = newest}},
        {"text in everything", {.text = "no such text", .from = FIRST_DAY, .to = newest}},
        {"text that is everywhere", {.text = "customer", .from = FIRST_DAY, .to = newest}},
        {"text of a rare user",
         {.text = "no such text", .from = FIRST_DAY, .to = newest, .user = "user299@example.com"}},
        {"text of a model",
         {.text = "no such text", .from = FIRST_DAY, .to = newest, .model = "x.model40"}},
    };

    printf("{\"events\":%" APR_INT64_T_FMT "}\n", id);
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        ask(asks[i].name, &asks[i].filter, 0, pool);
    }
    ask_deep(id, pool);
    ask_summaries(newest, pool);
}

/* ---- filters that chance makes ---- */

static const char *draw_word(const char *const *words, unsigned count)
{
    return words[draw(count)];
}

static void draw_condition(event_filter_t *filter, apr_time_t newest, apr_pool_t *pool)
{
    static const char *const outcomes[] = {"success", "denied", "failed", "unknown"};
    unsigned user = draw(USERS + 5), day = draw(250);

    switch (draw(13)) {
    case 0:
        filter->user = draw(2) ? apr_psprintf(pool, "%u", user + 2)
                               : apr_psprintf(pool, "user%u@example.com", user);
        break;
    case 1:
        filter->session = apr_psprintf(pool, "%08x%08x%016x", user, day, user * 7919);
        break;
    case 2:
        filter->model = draw(2) ? draw_word(models, 4) : apr_psprintf(pool, "x.model%u", draw(65));
        break;
    case 3:
        filter->record_model = draw_word(models, 4);
        filter->record_id = draw(210000) + 1;
        break;
    case 4:
        for (unsigned i = 0, count = draw(5) + 1; i < count; i++) {
            filter->operations[i] = draw_word(operations, 10);
        }
        break;
    case 5:
        filter->outcome = draw_word(outcomes, 4);
        break;
    case 6:
        filter->ip = apr_psprintf(pool, "%s/%u", address_of(user, day, pool), 1 + draw(32));
        break;
    case 7:
        filter->site = draw(3) ? "erp.example.com" : "shop.example.com";
        break;
    case 8:
        filter->country = draw_word(countries, 10);
        break;
    case 9:
        filter->city = apr_psprintf(pool, "City %u", draw(42));
        break;
    case 10:
        filter->channel = draw(2) ? "web" : "jsonrpc";
        break;
    case 11:
        filter->flag = draw_word(flags, 4);
        break;
    default:
        filter->from = FIRST_DAY + (newest - FIRST_DAY) / 1000 * draw(1000);
        filter->to = draw(2) ? 0 : filter->from + apr_time_from_sec(1 + draw(100 * 86400));
        filter->text = filter->to && !draw(4) ? "customer 4711" : NULL;
    }
}

static const char *describe(const event_filter_t *filter, apr_int64_t before, apr_pool_t *pool)
{
    const struct {
        const char *name, *value;
    } words[] = {{"user", filter->user},
                 {"session", filter->session},
                 {"model", filter->model},
                 {"record", filter->record_model},
                 {"ip", filter->ip},
                 {"operation", filter->operations[0]},
                 {"outcome", filter->outcome},
                 {"site", filter->site},
                 {"country", filter->country},
                 {"city", filter->city},
                 {"channel", filter->channel},
                 {"flag", filter->flag},
                 {"text", filter->text},
                 {"from", filter->from ? "" : NULL},
                 {"to", filter->to ? "" : NULL},
                 {"before", before ? "" : NULL}};
    const char *text = "";

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].value) {
            text = apr_pstrcat(pool, text, words[i].name, "=", words[i].value, " ", NULL);
        }
    }
    for (int i = 1; filter->operations[0] && filter->operations[i]; i++) {
        text = apr_pstrcat(pool, text, "+", filter->operations[i], NULL);
    }
    return text;
}

/* One line for each, so that any order can be made of them. */
static void draw_filters(int count, apr_pool_t *parent)
{
    apr_int64_t id, sequence;
    const char *hash;
    apr_time_t newest;
    apr_pool_t *pool;

    if (store_chain_tip(open_store(parent, STORE_READ), "bench", &id, &sequence, &hash, parent)) {
        fail("chain", "");
    }
    newest = FIRST_DAY + id * (APR_USEC_PER_SEC * 86400 / EVENTS_PER_DAY);
    apr_pool_create(&pool, parent);
    for (int i = 0; i < count; i++) {
        event_filter_t filter = {.from = 0};
        apr_int64_t before = draw(3) ? 0 : 1 + id / 1000 * draw(1000);
        answer_t answer;

        apr_pool_clear(pool);
        for (unsigned conditions = 1 + draw(6); conditions > 0; conditions--) {
            draw_condition(&filter, newest, pool);
        }
        answer = ask_once("drawn", &filter, before, pool);
        printf("{\"ms\":%.1f,\"processor_ms\":%.1f,\"rows\":%d,\"count\":%" APR_INT64_T_FMT
               ",\"filter\":\"%s\"}\n",
               answer.ms, answer.processor_ms, answer.rows, answer.count,
               describe(&filter, before, pool));
    }
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
    else if (!strcmp(argv[1], "purge") && argc == 5) {
        purge(apr_atoi64(argv[4]), pool);
    }
    else if (!strcmp(argv[1], "draw") && argc == 5) {
        draw_filters(atoi(argv[4]), pool);
    }
    else if ((!strcmp(argv[1], "export") || !strcmp(argv[1], "jsonl")) && argc == 5) {
        export(*argv[1] == 'j', apr_atoi64(argv[4]), pool);
    }
    else {
        fail("what? See the head of bench/store.c", NULL);
    }
    apr_pool_destroy(pool);
    return 0;
}
