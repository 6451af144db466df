/* Marks: how events are found. Ids are counted in blocks; a mark says that some event of a block
 * has a value. A search takes the blocks that carry all the marks it asks for and looks through
 * their events.
 *
 * An index over each column would cost three times as much as the event itself. Marks cost little,
 * since the events of a moment share users, sessions, models and addresses. They leave more to look
 * through: docs/store.md tells how long that takes. */
#ifndef STORE_MARKS_H
#define STORE_MARKS_H

#include "row.h"
#include "store/store.h"

/* Stands in ids: a change needs a migration. 512 rows are read in about a millisecond. */
#define MARKS_BLOCK 512

/* An event of more records than this is found by its model alone beyond them. */
#define MARKS_MAX_RECORDS 1000

/* The numbers stand in the database. */
typedef enum mark_kind_t {
    MARK_SITE = 1,
    MARK_SESSION = 2,
    MARK_MODEL = 3,
    MARK_OPERATION = 4,
    MARK_OUTCOME = 5,
    MARK_ADDRESS = 6, /* address_key */
    MARK_UID = 7,     /* as known, be it learned later */
    MARK_LOGIN = 8,
    MARK_NAMELESS = 9, /* a session that has events without a uid */
    MARK_RECORD = 10   /* "model,id" */
} mark_kind_t;

apr_int64_t marks_block(apr_int64_t id);

/* Calls visit for each mark of an event until it fails. The value is valid during the call. */
typedef apr_status_t (*mark_visit_t)(void *payload, mark_kind_t kind, const char *value);
apr_status_t marks_of(const row_t *row, mark_visit_t visit, void *payload);

/* Makes the marks of an event that is being appended; those already made in this transaction cost
 * nothing. */
apr_status_t marks_add(store_t *store, const row_t *row);
/* Makes or removes one mark. */
apr_status_t marks_put(store_t *store, mark_kind_t kind, const char *value, apr_int64_t block);
apr_status_t marks_remove(store_t *store, mark_kind_t kind, const char *value, apr_int64_t block);

/* Writes the times of the block that the transaction is filling. */
apr_status_t marks_flush(store_t *store);
void marks_forget(store_t *store);

#endif
