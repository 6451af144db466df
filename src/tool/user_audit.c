/* user-audit: looks into a trail without httpd.
 *
 *   user-audit [-d driver] [-p params] verify|export|sessions
 *
 * Reads only, so that it may run beside a keeper. Exit status: 0 fine, 1 the trail was tampered
 * with, 2 it could not be read. */
#include <apr_general.h>
#include <apr_getopt.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "text/duration.h"
#include "trail/chain.h"
#include "trail/event_csv.h"

#define EXIT_TAMPERED 1
#define EXIT_UNREADABLE 2
#define PAGE_ROWS 500
#define SESSION_ROWS 500
#define ROW_MOST (1024 * 1024)
#define DEFAULT_DATABASE "/var/lib/mod_user_audit/audit.db"

typedef struct tool_t {
    apr_pool_t *pool;
    store_t *store;
    apr_int64_t last; /* id of the event that was looked at last */
} tool_t;

/* ---- going through all events, oldest first, in flat memory ---- */

typedef struct walk_t {
    store_event_visit_t visit;
    void *payload;
    apr_int64_t last; /* id of the event visited last */
    int rows;
} walk_t;

static int visit_and_count(void *payload, const event_t *event)
{
    walk_t *walk = payload;

    walk->last = apr_atoi64(event->cell[EVENT_ID]);
    walk->rows++;
    return walk->visit(walk->payload, event);
}

/* From behind the event `tool->last`, which is where a next walk goes on. */
static apr_status_t walk_events(tool_t *tool, store_event_visit_t visit, void *payload)
{
    static const event_filter_t everything;
    walk_t walk = {visit, payload, tool->last, 0};
    apr_pool_t *page;
    apr_status_t status;

    apr_pool_create(&page, tool->pool);
    do {
        walk.rows = 0;
        status = store_events_after(tool->store, &everything, walk.last, PAGE_ROWS, visit_and_count,
                                    &walk, page);
        apr_pool_clear(page);
    } while (status == APR_SUCCESS && walk.rows == PAGE_ROWS);
    apr_pool_destroy(page);
    tool->last = walk.last;
    return status;
}

static int unreadable(tool_t *tool)
{
    fprintf(stderr, "user-audit: the database cannot be read: %s\n", store_error(tool->store));
    return EXIT_UNREADABLE;
}

/* ---- verify ---- */

typedef struct node_t {
    apr_int64_t first, sequence, missing;
    char hash[DIGEST_HEX_SIZE];
} node_t;

typedef struct verify_t {
    apr_pool_t *pool;
    apr_hash_t *nodes; /* node_t by name */
    buffer_t scratch;
    apr_int64_t events;
    const char *problem; /* what is wrong with the first event that is not as it was written */
} verify_t;

static node_t *node_of(verify_t *verify, const char *name)
{
    node_t *node = apr_hash_get(verify->nodes, name, APR_HASH_KEY_STRING);

    if (!node) {
        node = apr_pcalloc(verify->pool, sizeof(*node));
        apr_hash_set(verify->nodes, apr_pstrdup(verify->pool, name), APR_HASH_KEY_STRING, node);
    }
    return node;
}

static const char *cell(const event_t *event, event_column_t column)
{
    return event->cell[column] ? event->cell[column] : "";
}

static const char *find_fault(verify_t *verify, const node_t *node, const event_t *event)
{
    apr_int64_t sequence = apr_atoi64(cell(event, EVENT_SEQUENCE));

    if (!chain_intact(event, &verify->scratch)) {
        return "its content is not what was hashed";
    }
    if (sequence <= node->sequence) {
        return "its sequence does not follow";
    }
    if (sequence == node->sequence + 1 && node->sequence > 0 &&
        strcmp(cell(event, EVENT_PREVIOUS_HASH), node->hash)) {
        return "it does not follow on the event before it";
    }
    if (sequence == 1 && strcmp(cell(event, EVENT_PREVIOUS_HASH), CHAIN_GENESIS)) {
        return "it is no first event";
    }
    return NULL;
}

static int verify_event(void *payload, const event_t *event)
{
    verify_t *verify = payload;
    node_t *node = node_of(verify, cell(event, EVENT_NODE));
    const char *fault = find_fault(verify, node, event);
    apr_int64_t sequence = apr_atoi64(cell(event, EVENT_SEQUENCE));

    if (fault) {
        verify->problem = apr_psprintf(verify->pool, "event %s of %s is broken: %s",
                                       cell(event, EVENT_ID), cell(event, EVENT_TIME), fault);
        return 1;
    }
    if (node->first) {
        node->missing += sequence - node->sequence - 1;
    }
    else {
        node->first = sequence;
    }
    node->sequence = sequence;
    apr_cpystrn(node->hash, cell(event, EVENT_HASH), sizeof(node->hash));
    verify->events++;
    return 0;
}

static int tell_fault(const verify_t *verify)
{
    printf("%s\n", verify->problem);
    return EXIT_TAMPERED;
}

static int tell_node(const char *name, const node_t *node)
{
    printf("node %s: intact from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT, name, node->first,
           node->sequence);
    if (node->missing) {
        printf(", %" APR_INT64_T_FMT " in between are not here: purged, or deleted", node->missing);
    }
    printf("\n");
    return EXIT_SUCCESS;
}

/* The store remembers where each chain ends, whatever was purged, so that a cut end shows. A keeper
 * may have gone on meanwhile: what it has added is looked at first. */
static int verify_end(tool_t *tool, verify_t *verify, const char *name, const node_t *node)
{
    apr_int64_t id, sequence;
    const char *hash;

    if (store_chain_tip(tool->store, name, &id, &sequence, &hash, tool->pool) != APR_SUCCESS ||
        walk_events(tool, verify_event, verify) != APR_SUCCESS) {
        return unreadable(tool);
    }
    if (verify->problem) {
        return tell_fault(verify);
    }
    if (node->sequence < sequence || (node->sequence == sequence && strcmp(hash, node->hash))) {
        printf("node %s: the end is missing: the chain went on to %" APR_INT64_T_FMT
               ", its last event here is %" APR_INT64_T_FMT "\n",
               name, sequence, node->sequence);
        return EXIT_TAMPERED;
    }
    return tell_node(name, node);
}

static int run_verify(tool_t *tool)
{
    verify_t verify = {.pool = tool->pool, .nodes = apr_hash_make(tool->pool)};
    int result = EXIT_SUCCESS;

    buffer_init(&verify.scratch, tool->pool, CHAIN_SCRATCH_LIMIT);
    if (walk_events(tool, verify_event, &verify) != APR_SUCCESS) {
        return unreadable(tool);
    }
    if (verify.problem) {
        return tell_fault(&verify);
    }
    for (apr_hash_index_t *node = apr_hash_first(tool->pool, verify.nodes); node;
         node = apr_hash_next(node)) {
        int end = verify_end(tool, &verify, apr_hash_this_key(node), apr_hash_this_val(node));

        result = end > result ? end : result;
    }
    printf("%" APR_INT64_T_FMT " events\n", verify.events);
    /* The first event of every trail is the keeper's own. */
    return verify.events ? result : EXIT_TAMPERED;
}

/* ---- export ---- */

static int export_event(void *payload, const event_t *event)
{
    buffer_t *row = payload;

    buffer_reset(row);
    event_csv_row(row, event);
    return fwrite(row->data, 1, row->length, stdout) != row->length;
}

static int run_export(tool_t *tool)
{
    buffer_t row;

    buffer_init(&row, tool->pool, ROW_MOST);
    event_csv_header(&row);
    fwrite(row.data, 1, row.length, stdout);
    if (walk_events(tool, export_event, &row) != APR_SUCCESS) {
        return unreadable(tool);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "user-audit: the export could not be written whole\n");
        return EXIT_UNREADABLE;
    }
    return EXIT_SUCCESS;
}

/* ---- sessions ---- */

static int print_session(void *payload, const session_row_t *session)
{
    apr_pool_t *pool = payload;

    printf("%s  %-10s  %s  %s  %s\n", session->reference, session->state ? session->state : "",
           time_format(pool, session->last_action), session->address ? session->address : "",
           session->login ? session->login : "");
    return 0;
}

static int run_sessions(tool_t *tool)
{
    static const session_filter_t everything;

    if (store_sessions(tool->store, &everything, 0, SESSION_ROWS, print_session, tool->pool,
                       tool->pool) != APR_SUCCESS) {
        return unreadable(tool);
    }
    return EXIT_SUCCESS;
}

/* ---- the command line ---- */

static const struct {
    const char *name;
    int (*run)(tool_t *tool);
} commands[] = {{"verify", run_verify}, {"export", run_export}, {"sessions", run_sessions}};

static int usage(void)
{
    fprintf(stderr,
            "usage: user-audit [-d driver] [-p params] verify|export|sessions\n"
            "  -d, -p    as UserAuditDatabase has them; default: sqlite3 %s\n"
            "  verify    recomputes every hash and says whether the trail is as it was written\n"
            "  export    the trail as CSV\n"
            "  sessions  the most recently used sessions\n",
            DEFAULT_DATABASE);
    return EXIT_UNREADABLE;
}

static int run_command(apr_pool_t *pool, const store_config_t *config, const char *name)
{
    tool_t tool = {pool, NULL, 0};
    const char *problem = NULL;

    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        if (strcmp(commands[i].name, name)) {
            continue;
        }
        if (store_open(&tool.store, pool, config, STORE_READ, &problem) != APR_SUCCESS) {
            fprintf(stderr, "user-audit: %s\n", problem ? problem : "there is no database there");
            return EXIT_UNREADABLE;
        }
        return commands[i].run(&tool);
    }
    return usage();
}

int main(int argc, const char *const *argv)
{
    store_config_t config = {"sqlite3", DEFAULT_DATABASE};
    apr_getopt_t *options;
    apr_pool_t *pool;
    const char *value;
    char option;
    apr_status_t status;

    apr_app_initialize(&argc, &argv, NULL);
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    apr_getopt_init(&options, pool, argc, argv);
    while ((status = apr_getopt(options, "d:p:", &option, &value)) == APR_SUCCESS) {
        *(option == 'd' ? &config.driver : &config.params) = value;
    }
    if (status != APR_EOF || options->ind != argc - 1) {
        return usage();
    }
    return run_command(pool, &config, argv[options->ind]);
}
