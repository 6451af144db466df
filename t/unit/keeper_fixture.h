/* A StateDir with journal and SQLite database, made anew for each test, and short ways to fill the
 * one and to read the other. What can go wrong in a helper fails the test. */
#ifndef KEEPER_FIXTURE_H
#define KEEPER_FIXTURE_H

#include <sys/types.h>

#include "keeper/keeper.h"

#define NODE "node-1"

extern apr_pool_t *pool;
extern char state_dir[64];
extern keeper_config_t config;
extern volatile sig_atomic_t stop;

int keeper_set_up(void **state);
int keeper_tear_down(void **state);

const char *journal_folder(void);
/* How many lines of the log hold this text. */
int logged(const char *text);

/* A child that does not outlive the test. */
pid_t fork_child(void);

/* ---- writing ---- */

journal_t *open_journal(void);
void append(journal_t *journal, journal_kind_t kind, apr_uint64_t number, const char *path,
            const char *outcome);
/* As an owner in a process of its own that dies without a word, as by kill -9. */
void die_owning(void (*act)(journal_t *journal));
int segment_count(void);
const char *segment_path(int index);

/* ---- the keeper ---- */

/* Drains until nothing moves. */
void drain(keeper_t *keeper);
/* A new keeper drains, and goes. */
void drain_all(void);

/* keeper_run in a process of its own, which SIGTERM stops. */
pid_t run_keeper(void);
int exit_of(pid_t child);

/* ---- reading ---- */

/* All events, oldest first (const event_t *); asserts that the chain is whole. */
apr_array_header_t *stored(void);
/* The one event with that path. */
const event_t *stored_with(const char *path);
/* Number of events of an operation; *last is the last of them. */
int stored_of(const char *operation, const event_t **last);
int position_count(void);
int running_count(void);
/* What the sessions table says of a reference; fails if there is no such row. */
const session_row_t *stored_session(const char *reference);

#endif
