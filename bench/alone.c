/* One part of the module at a time, without a server, for bench/run.py.
 *
 *   alone scanner strings|dense|integers|brackets|skipped MEGABYTES
 *   alone gate SESSIONS LOOKUPS
 *   alone changes SESSIONS COUNT              looks for the ten that changed
 *   alone event COUNT
 *   alone journal FOLDER COUNT
 *   alone keeper FOLDER DRIVER PARAMS COUNT   an intent and an outcome each
 *   alone user_agent RULES COUNT              distinct ones
 *
 * Prints how many it did, how long that took and how much processor time, in seconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "client/user_agent.h"
#include "keeper/keeper.h"
#include "session/table.h"
#include "text/json_scan.h"
#include "trail/journal.h"

#define MEGABYTE (1024 * 1024)
#define PIECE (64 * 1024)
#define COMMENT_LENGTH 420

static apr_pool_t *pool;
static apr_time_t begun;
static double processor_begun;

static void fail(const char *what)
{
    fprintf(stderr, "alone: %s\n", what);
    exit(1);
}

static double processor_time(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / APR_USEC_PER_SEC;
}

static void begin(void)
{
    begun = apr_time_now();
    processor_begun = processor_time();
}

static void tell(double count)
{
    printf("%.0f %.6f %.6f\n", count, (double)(apr_time_now() - begun) / APR_USEC_PER_SEC,
           processor_time() - processor_begun);
}

/* ---- the scanner ---- */

typedef struct reading_t {
    json_scan_t *scan;
    apr_uint64_t sum;
} reading_t;

static void take_token(void *payload, json_token_t token)
{
    ((reading_t *)payload)->sum += token;
}

/* As readers do where nothing is kept of an array. */
static void skip_token(void *payload, json_token_t token)
{
    if (token == JSON_ARRAY_BEGIN) {
        json_scan_skip(((reading_t *)payload)->scan);
    }
}

static void take_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                      int last)
{
    (void)token;
    (void)data;
    ((reading_t *)payload)->sum += length + (unsigned)last;
}

static const struct {
    const char *name, *repeated;
} texts[] = {
    {"strings", NULL},
    {"dense", "{\"id\":12345,\"name\":\"Azure Interior\",\"active\":true,\"parent_id\":[7,\"Deco "
              "Addict\"],\"email\":\"azure@example.com\",\"credit\":1250.75,\"phone\":false},"},
    {"integers", "12345,678,9,1048576,"},
    {"brackets", "[[[]],[{}]],"},
    {"skipped", "[[[]],[{}]],"},
};

static const char *text_of(const char *name)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(texts[i].name, name) == 0) {
            char *data = apr_palloc(pool, MEGABYTE);
            const char *part = texts[i].repeated ? texts[i].repeated : "QUJDREVGR0hJSktM";
            apr_size_t at = 0, length = strlen(part);

            data[at++] = texts[i].repeated ? '[' : '"';
            while (at + length + 2 < MEGABYTE) {
                memcpy(data + at, part, length);
                at += length;
            }
            at -= texts[i].repeated != NULL; /* the comma */
            data[at++] = texts[i].repeated ? ']' : '"';
            memset(data + at, ' ', MEGABYTE - at);
            return data;
        }
    }
    fail("no such text");
    return NULL;
}

static void run_scanner(char **arguments)
{
    const char *data = text_of(arguments[0]);
    int skips = strcmp(arguments[0], "skipped") == 0;
    reading_t reading = {NULL, 0};
    json_sink_t sink = {skips ? skip_token : take_token, take_text, &reading};
    json_scan_t *scan = reading.scan = json_scan_create(pool, &sink);
    int count = atoi(arguments[1]);

    begin();
    for (int i = 0; i < count; i++) {
        for (apr_size_t at = 0; at < MEGABYTE; at += PIECE) {
            json_scan_feed(scan, data + at, PIECE);
        }
        if (json_scan_end(scan) != APR_SUCCESS) {
            fail("the text was refused");
        }
        json_scan_reset(scan);
    }
    tell((double)count * MEGABYTE);
}

/* ---- the gate ---- */

static void fingerprint_number(fingerprint_t *fingerprint, apr_uint64_t number)
{
    memset(fingerprint, 0, sizeof(*fingerprint));
    memcpy(fingerprint->bytes, &number, sizeof(number));
}

static session_table_t *table_of(apr_uint64_t sessions, apr_time_t now, apr_time_t now_boot)
{
    session_table_t *table;
    session_t session = {.state = SESSION_OPEN}, evicted;
    int created;

    if (session_table_create(&table, pool, (apr_uint32_t)sessions) != APR_SUCCESS) {
        fail("no memory for the table");
    }
    session.last_action = session.started = now;
    session.last_action_boot = session.started_boot = now_boot;
    for (apr_uint64_t i = 0; i < sessions; i++) {
        fingerprint_number(&session.fingerprint, i);
        session_table_admit(table, &session, &created, &evicted);
    }
    return table;
}

static void run_gate(char **arguments)
{
    static const session_limits_t limits = {.idle = APR_INT64_C(36000000000)};
    apr_uint64_t sessions = (apr_uint64_t)apr_atoi64(arguments[0]), step = 0;
    apr_time_t now = apr_time_now(), now_boot = boot_time_now();
    session_table_t *table = table_of(sessions, now, now_boot);
    session_t session;
    int count = atoi(arguments[1]), changed;

    begin();
    for (int i = 0; i < count; i++) {
        fingerprint_t fingerprint;

        step = (step + 7919) % sessions;
        fingerprint_number(&fingerprint, step);
        session_table_gate(table, &fingerprint, &limits, 1, now, now_boot, &session, &changed);
        if (session.state != SESSION_OPEN) {
            fail("a session is missing");
        }
    }
    tell(count);
}

/* ---- what machines tell each other ---- */

#define CHANGED 10

static int count_session(void *payload, const session_t *session)
{
    (void)session;
    ++*(int *)payload;
    return 0;
}

static void run_changes(char **arguments)
{
    apr_uint64_t sessions = (apr_uint64_t)apr_atoi64(arguments[0]);
    session_table_t *table = table_of(sessions, apr_time_now(), boot_time_now());
    int count = atoi(arguments[1]);
    apr_time_t since;

    apr_sleep(apr_time_from_sec(2)); /* changes are known to the second */
    since = boot_time_now();
    for (int i = 0; i < CHANGED; i++) {
        fingerprint_t fingerprint;

        fingerprint_number(&fingerprint, (apr_uint64_t)i * sessions / CHANGED);
        session_table_count_call(table, &fingerprint, NULL);
    }
    begin();
    for (int i = 0; i < count; i++) {
        int found = 0;

        session_table_each_changed(table, since, count_session, &found);
        if (found != CHANGED) {
            fail("what changed is not what was found");
        }
    }
    tell(count);
}

/* ---- events and journal ---- */

static char comment[COMMENT_LENGTH + 1];

static event_t *intent(apr_pool_t *event_pool, apr_uint64_t number)
{
    event_t *event = event_create(event_pool);

    event_set_time(event, EVENT_TIME, apr_time_now());
    event_set(event, EVENT_SITE, "odoo.example.com");
    event_set(event, EVENT_DATABASE, "production");
    event_set_integer(event, EVENT_UID, 2 + (apr_int64_t)(number % 50));
    event_set(event, EVENT_LOGIN, apr_psprintf(event_pool, "user%d", (int)(number % 50)));
    event_set(event, EVENT_SESSION, apr_psprintf(event_pool, "%032d", (int)(number % 100)));
    event_set(event, EVENT_IP, "192.0.2.17");
    event_set(event, EVENT_PEER_IP, "192.0.2.17");
    event_set(event, EVENT_USER_AGENT,
              "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
    event_set(event, EVENT_CHANNEL, "web");
    event_set(event, EVENT_OPERATION, "write");
    event_set(event, EVENT_MODEL, "res.partner");
    event_set(event, EVENT_METHOD, "web_save");
    event_set_integer(event, EVENT_RECORD_IDS, (apr_int64_t)(number % 1000));
    event_set_integer(event, EVENT_RECORD_COUNT, 1);
    event_set(event, EVENT_FIELDS, "name phone comment");
    event_set(event, EVENT_VALUES,
              apr_pstrcat(event_pool, "{\"name\":\"Azure Interior\",\"comment\":\"", comment, "\"}",
                          NULL));
    event_set(event, EVENT_PATH, "/web/dataset/call_kw/res.partner/web_save");
    return event;
}

static event_t *outcome(apr_pool_t *event_pool)
{
    event_t *event = event_create(event_pool);

    event_set(event, EVENT_OPERATION, "write");
    event_set(event, EVENT_OUTCOME, "success");
    event_set_integer(event, EVENT_STATUS, 200);
    event_set_integer(event, EVENT_DURATION_MS, 7);
    return event;
}

static void run_event(char **arguments)
{
    apr_pool_t *event_pool;
    buffer_t buffer;
    int count = atoi(arguments[0]);

    apr_pool_create(&event_pool, pool);
    buffer_init(&buffer, pool, MEGABYTE);
    begin();
    for (int i = 0; i < count; i++) {
        buffer_reset(&buffer);
        event_encode(intent(event_pool, (apr_uint64_t)i), &buffer);
        apr_pool_clear(event_pool);
    }
    tell(count);
}

static void fill_journal(const char *folder, int count)
{
    apr_pool_t *event_pool;
    journal_t *journal;

    if (journal_open(&journal, pool, folder, JOURNAL_SYNC_OFF, 0) != APR_SUCCESS) {
        fail("the journal cannot be opened");
    }
    apr_pool_create(&event_pool, pool);
    begin();
    for (int i = 0; i < count; i++) {
        apr_uint64_t number = journal_next_number(journal);

        if (journal_append(journal, JOURNAL_INTENT, number, intent(event_pool, number)) ||
            journal_append(journal, JOURNAL_OUTCOME, number, outcome(event_pool))) {
            fail("the journal cannot be written");
        }
        apr_pool_clear(event_pool);
    }
    journal_close(journal);
}

static void run_journal(char **arguments)
{
    fill_journal(arguments[0], atoi(arguments[1]));
    tell(2.0 * atoi(arguments[1]));
}

/* ---- the keeper ---- */

static void log_line(void *payload, keeper_level_t level, apr_status_t status, const char *sentence)
{
    (void)payload;
    (void)status;
    if (level <= KEEPER_WARNING) {
        fail(sentence);
    }
}

static void run_keeper(char **arguments)
{
    static volatile sig_atomic_t stop;
    keeper_config_t config = {.state_dir = arguments[0],
                              .node = "bench",
                              .store = {arguments[1], arguments[2]},
                              .sync = JOURNAL_SYNC_OFF,
                              .cleanup_interval = apr_time_from_sec(60),
                              .log = log_line,
                              .stop = &stop};
    const char *journal = apr_pstrcat(pool, arguments[0], "/journal", NULL);
    keeper_t *keeper;
    int count = atoi(arguments[3]), moved, total = 0;

    mkdir(journal, S_IRWXU);
    fill_journal(journal, count);
    keeper = keeper_create(&config, pool);
    begin();
    do {
        if (keeper_drain(keeper, &moved) != APR_SUCCESS) {
            fail("the keeper cannot drain the journal");
        }
        total += moved;
    } while (moved > 0);
    if (total != 2 * count) {
        fail("the keeper moved something else than what was written");
    }
    tell(count);
}

/* ---- user agents ---- */

static void run_user_agent(char **arguments)
{
    user_agents_t *agents;
    const char *problem = user_agents_load(&agents, arguments[0], pool);
    int count = atoi(arguments[1]);

    if (problem) {
        fail(problem);
    }
    begin();
    for (int i = 0; i < count; i++) {
        char text[128];

        apr_snprintf(text, sizeof(text),
                     "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
                     "Gecko) Chrome/126.0.%d.0 Safari/537.36",
                     i);
        user_agent_parse(agents, text);
    }
    tell(count);
}

static const struct {
    const char *name;
    int arguments;
    void (*run)(char **arguments);
} parts[] = {
    {"scanner", 2, run_scanner},       {"gate", 2, run_gate},       {"changes", 2, run_changes},
    {"event", 1, run_event},           {"journal", 2, run_journal}, {"keeper", 4, run_keeper},
    {"user_agent", 2, run_user_agent},
};

int main(int count, char **arguments)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    memset(comment, 'x', COMMENT_LENGTH);
    for (size_t i = 0; count > 1 && i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strcmp(parts[i].name, arguments[1]) == 0 && count == parts[i].arguments + 2) {
            parts[i].run(arguments + 2);
            return 0;
        }
    }
    fail("which part? See the head of bench/alone.c");
    return 1;
}
