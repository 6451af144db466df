/* What one process of httpd holds for the module: the same for all its requests. Set up at
 * post_config (setup.h) and child_init (child.h); read by every thread of a child afterwards. */
#ifndef HTTPD_RUNTIME_H
#define HTTPD_RUNTIME_H

#include "httpd/config.h"
#include "session/board.h"
#include "session/recall.h"
#include "session/shown.h"
#include "session/table.h"
#include "trail/journal.h"

typedef struct runtime_t {
    const installation_t *installation;
    const char *node;           /* names this machine in the trail */
    const char *journal_folder; /* <StateDir>/journal */
    const char *revoked_file;   /* <StateDir>/revoked */
    const char *sessions_file;  /* <StateDir>/sessions */
    const char *checkpoint_key; /* file of the key that signs checkpoints; the keeper's to read */
    const char *public_key;     /* hex: what checkpoints are verified with */
    const char *settings_file;  /* <StateDir>/settings */
    board_t *board;             /* outlives restarts, as the table does */
    site_key_t key;
    session_table_t *sessions;
    recall_t *recall;   /* outlives restarts, as the table does */
    shown_t *shown;     /* likewise; NULL: no site wants old values */
    journal_t *journal; /* this child's; NULL in the parent and where it could not be opened */
    server_rec *server; /* the main one, for log lines that belong to no request */
} runtime_t;

/* The process's own; never NULL, empty before post_config. */
runtime_t *runtime(void);

/* Appends to this child's journal. The first failure and the first success after one are logged;
 * what is lost meanwhile is counted in the journal room. */
apr_status_t runtime_append(journal_kind_t kind, apr_uint64_t number, const event_t *event);

#endif
