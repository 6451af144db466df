/* The parts of user-audit verify. Private to the room. */
#ifndef TOOL_VERIFY_H
#define TOOL_VERIFY_H

#include "tool.h"
#include "trail/verify.h"

/* Reads the checkpoints of the folder's last files and those given with --checkpoint, and expects
 * them. Before the database is read: a file is never ahead of the store. 0 or an exit status. */
int verify_read_files(tool_t *tool, verify_t *verify);

/* Expects the store's checkpoints; gives a sentence if one is not as it was written. 0 or an exit
 * status. */
int verify_read_stored(tool_t *tool, verify_t *verify, const char **fault);

/* What can be told of the store's checkpoints only when the trail has been read. NULL or a fault.
 */
const char *verify_checkpoint_numbers(tool_t *tool, verify_t *verify);

/* 0 or an exit status; *fault a sentence if the events are not as they were written. */
int verify_csv(tool_t *tool, verify_t *verify);

/* Compares the standing holds with the events that set and lifted them. */
typedef struct verify_holds_t verify_holds_t;
verify_holds_t *verify_holds_create(apr_pool_t *pool);
void verify_holds_note(verify_holds_t *holds, const event_t *event);
/* 0 or an exit status; *fault as above. */
int verify_holds_check(tool_t *tool, verify_holds_t *holds, const char **fault);

#endif
