/* What the commands of user-audit share. */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include <apr_hash.h>

#include "store/store.h"

/* Exit statuses, as the man page has them. */
#define EXIT_TAMPERED 1
#define EXIT_UNREADABLE 2
#define EXIT_INCOMPLETE 3 /* every event is as it was written, but an older store was restored */

#define TOOL_MOST_KEYS 16
#define TOOL_MOST_FILES 64

typedef struct tool_t {
    apr_pool_t *pool;
    store_config_t config;
    const char *state_dir;
    const char *csv; /* verify this export instead of a store */
    int filtered;
    const char *keys[TOOL_MOST_KEYS];   /* hex: whose checkpoints count */
    const char *files[TOOL_MOST_FILES]; /* checkpoints kept elsewhere */
    int key_count, file_count;
    const char *note;
    const char *argument; /* of the command, or NULL */
    apr_hash_t *filed;    /* verify: number of the last checkpoint file (apr_int64_t *) by node */
    store_t *store;       /* for commands that need one: open for reading */
} tool_t;

int tool_verify(tool_t *tool);
int tool_export(tool_t *tool);
int tool_sessions(tool_t *tool);
int tool_revoke(tool_t *tool);
int tool_public_key(tool_t *tool);

/* Says what the database said. */
int tool_unreadable(const tool_t *tool);

#endif
