/* user-audit: looks into a trail, and ends sessions, without httpd.
 *
 * Reads the database only, so that it may run beside a keeper. man/user-audit.1 tells its use. */
#include <apr_general.h>
#include <apr_getopt.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/duration.h"
#include "tool.h"

#define SESSION_ROWS 500
#define DEFAULT_STATE_DIR "/var/lib/mod_user_audit"

int tool_unreadable(const tool_t *tool)
{
    fprintf(stderr, "user-audit: the database cannot be read: %s\n", store_error(tool->store));
    return EXIT_UNREADABLE;
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

int tool_sessions(tool_t *tool)
{
    static const session_filter_t everything;

    if (store_sessions(tool->store, &everything, 0, SESSION_ROWS, print_session, tool->pool,
                       tool->pool) != APR_SUCCESS) {
        return tool_unreadable(tool);
    }
    return EXIT_SUCCESS;
}

/* ---- the command line ---- */

static const struct {
    const char *name;
    int (*run)(tool_t *tool);
    int needs_store, arguments;
} commands[] = {
    {"verify", tool_verify, 1, 0},         {"export", tool_export, 1, 0},
    {"sessions", tool_sessions, 1, 0},     {"revoke", tool_revoke, 0, 1},
    {"public-key", tool_public_key, 0, 0},
};

enum { OPTION_KEY = 256, OPTION_CHECKPOINT, OPTION_CSV, OPTION_FILTERED, OPTION_NOTE };

static const apr_getopt_option_t options[] = {
    {"driver", 'd', 1, "as UserAuditDatabase has it (default: sqlite3)"},
    {"params", 'p', 1, "as UserAuditDatabase has them (default: STATE-DIR/audit.db)"},
    {"state-dir", 's', 1, "UserAuditStateDir (default: " DEFAULT_STATE_DIR ")"},
    {"key", OPTION_KEY, 1, "verify: public key that checkpoints must be signed with; repeatable"},
    {"checkpoint", OPTION_CHECKPOINT, 1, "verify: a checkpoint kept elsewhere; repeatable"},
    {"csv", OPTION_CSV, 1, "verify: this export, - for standard input, not a database"},
    {"filtered", OPTION_FILTERED, 0, "verify: the export has some events only"},
    {"note", OPTION_NOTE, 1, "revoke: why, for the trail"},
    {"help", 'h', 0, "these lines"},
    {NULL, 0, 0, NULL}};

static void print_usage(FILE *file)
{
    fprintf(file,
            "usage: user-audit [option...] command\n"
            "  verify            says whether the trail is as it was written, or what is not\n"
            "  export            the trail as CSV\n"
            "  sessions          the most recently used sessions\n"
            "  revoke REFERENCE  ends a session\n"
            "  public-key        what the checkpoints of this machine are verified with\n");
    for (const apr_getopt_option_t *option = options; option->name; option++) {
        fprintf(file, "  --%-16s%s\n", option->name, option->description);
    }
}

/* For whom asks for it. */
static int help(void)
{
    print_usage(stdout);
    return EXIT_SUCCESS;
}

/* For whom types what is no command. */
static int usage(void)
{
    print_usage(stderr);
    return EXIT_UNREADABLE;
}

static int take_option(tool_t *tool, int option, const char *value)
{
    switch (option) {
    case 'd':
        tool->config.driver = value;
        return 1;
    case 'p':
        tool->config.params = value;
        return 1;
    case 's':
        tool->state_dir = value;
        return 1;
    case OPTION_KEY:
        tool->keys[tool->key_count] = value;
        return ++tool->key_count < TOOL_MOST_KEYS;
    case OPTION_CHECKPOINT:
        tool->files[tool->file_count] = value;
        return ++tool->file_count < TOOL_MOST_FILES;
    case OPTION_CSV:
        tool->csv = value;
        return 1;
    case OPTION_FILTERED:
        tool->filtered = 1;
        return 1;
    default:
        tool->note = value;
        return 1;
    }
}

/* Where nothing is said: the usual folder, or that of the SQLite file, and the file in the folder.
 */
static void complete(tool_t *tool)
{
    if (!tool->config.driver) {
        tool->config.driver = "sqlite3";
    }
    if (!tool->state_dir) {
        const char *params = tool->config.params;
        const char *slash =
            params && !strcmp(tool->config.driver, "sqlite3") ? strrchr(params, '/') : NULL;

        tool->state_dir = slash ? apr_pstrmemdup(tool->pool, params, (apr_size_t)(slash - params))
                                : DEFAULT_STATE_DIR;
    }
    if (!tool->config.params && !strcmp(tool->config.driver, "sqlite3")) {
        tool->config.params = apr_pstrcat(tool->pool, tool->state_dir, "/audit.db", NULL);
    }
}

static int run_command(tool_t *tool, const char *name)
{
    const char *problem = NULL;

    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        if (strcmp(commands[i].name, name) || commands[i].arguments != (tool->argument != NULL)) {
            continue;
        }
        if (commands[i].needs_store && !tool->csv &&
            store_open(&tool->store, tool->pool, &tool->config, STORE_READ, &problem) !=
                APR_SUCCESS) {
            fprintf(stderr, "user-audit: %s\n", problem ? problem : "there is no database there");
            return EXIT_UNREADABLE;
        }
        return commands[i].run(tool);
    }
    return usage();
}

int main(int argc, const char *const *argv)
{
    tool_t tool = {.config = {NULL, NULL}};
    apr_getopt_t *reader;
    const char *value;
    int option;
    apr_status_t status;

    apr_app_initialize(&argc, &argv, NULL);
    atexit(apr_terminate);
    apr_pool_create(&tool.pool, NULL);
    apr_getopt_init(&reader, tool.pool, argc, argv);
    reader->interleave = 1;
    while ((status = apr_getopt_long(reader, options, &option, &value)) == APR_SUCCESS) {
        if (option == 'h') {
            return help();
        }
        if (!take_option(&tool, option, value)) {
            return usage();
        }
    }
    if (status != APR_EOF || reader->ind >= argc || reader->ind < argc - 2) {
        return usage();
    }
    if (!strcmp(argv[reader->ind], "help")) {
        return help();
    }
    complete(&tool);
    tool.argument = argv[reader->ind + 1];
    return run_command(&tool, argv[reader->ind]);
}
