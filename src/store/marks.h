/* Marks: how events are found. Ids are parted into blocks of up to 4,096; a mark says which events
 * of a block have a value. A search joins the marks of what it asks for, block by block, and knows
 * the events without having looked at one.
 *
 * An index over each column would cost three times as much as the event itself. Marks are written
 * once per block and value, when the block is full; until then they are kept in memory. What lies
 * behind the last full block, the tail, is searched row by row.
 *
 * The tail in memory is read from the database where it is not known: after the start, a rollback,
 * events of another node, or a migration that made the tables anew. */
#ifndef STORE_MARKS_H
#define STORE_MARKS_H

#include <apr_hash.h>

#include "posting.h"
#include "row.h"
#include "store/store.h"

/* An event of more records than this is found by its model alone beyond them. */
#define MARKS_MAX_RECORDS 1000

/* A block that has so many different marks is full: about 10 MB of memory. */
#define MARKS_MAX_VALUES 65536

/* Rows of one statement, since each statement is a round trip. */
#define MARKS_PER_INSERT 24

/* The numbers stand in the database. */
typedef enum mark_kind_t {
    MARK_SITE = 1,
    MARK_SESSION = 2,
    MARK_MODEL = 3,
    MARK_OPERATION = 4,
    MARK_OUTCOME = 5,
    MARK_ADDRESS = 6, /* an address_key, and its prefixes that address_networks tells */
    MARK_UID = 7,     /* as known, be it learned later */
    MARK_LOGIN = 8,
    MARK_NAMELESS = 9,  /* a session, on its events without a uid */
    MARK_RECORD = 10,   /* "model,id" */
    MARK_DATABASE = 11, /* "" for none */
    MARK_CHANNEL = 12,
    MARK_FLAG = 13,
    MARK_COUNTRY = 14,
    MARK_CITY = 15
} mark_kind_t;

/* Marks lie together by spans of ids, so that writing those of a block touches a part of the table
 * that does not grow with it: all over the table it would be a page for each. Those that are asked
 * for without a block, and are few, lie in a span of their own. */
#define MARKS_SPAN (16 * POSTING_POSITIONS)
#define MARKS_EVERYWHERE 0

/* Where marks of this kind lie for a block that begins with the id; stands in the database. */
apr_int64_t marks_span(mark_kind_t kind, apr_int64_t first_id);

#define MARKS_RECENT 1024
#define MARKS_ADDRESSES 64

#define MARKS_MAX_VALUE 512 /* bytes: more than a model's or login's cell and an id */

typedef struct mark_t {
    mark_kind_t kind;
    const char *value;
    posting_t posting;
} mark_t;

/* The marks of an address: its own and those of the networks it lies in. */
#define MARKS_NETWORKS 16
typedef struct address_marks_t {
    char key[ADDRESS_KEY_SIZE];
    int count;
    mark_t *marks[MARKS_NETWORKS];
} address_marks_t;

/* The marks of a block that is being made. */
typedef struct block_t {
    apr_pool_t *pool;
    apr_hash_t *marks;
    apr_int64_t first_id, first_ms, last_ms;
    posting_t all;
    /* Made or met last, by a checksum: most events need no others. */
    mark_t *recent[MARKS_RECENT];
    address_marks_t addresses[MARKS_ADDRESSES];
} block_t;

/* Empty; clears the pool. */
void block_begin(block_t *block, apr_pool_t *pool, apr_int64_t first_id);
/* 0 if the event does not belong into this block any more. */
int block_has_room(const block_t *block, apr_int64_t id);
void block_add(block_t *block, const row_t *row);
/* NULL if there is none. */
mark_t *block_find(const block_t *block, mark_kind_t kind, const char *value);
void block_mark(block_t *block, mark_kind_t kind, const char *value, apr_int64_t id);
/* Sorted as in the database's index. */
apr_array_header_t *block_marks(const block_t *block, apr_pool_t *pool);

/* Writes the block itself, over what is there, and all its marks. */
apr_status_t marks_write_block(store_t *store, const block_t *block, apr_int64_t end_id,
                               apr_pool_t *pool);
apr_status_t marks_write(store_t *store, const block_t *block, apr_int64_t end_id,
                         apr_pool_t *pool);
/* Puts one mark, in the place of what is there. */
apr_status_t marks_put(store_t *store, mark_kind_t kind, const char *value, apr_int64_t first_id,
                       const posting_t *posting);
/* The same for many (mark_t *), in few statements. */
apr_status_t marks_put_all(store_t *store, const apr_array_header_t *marks, apr_int64_t first_id,
                           apr_pool_t *pool);
apr_status_t marks_remove(store_t *store, mark_kind_t kind, const char *value,
                          apr_int64_t first_id);

/* The first id of the tail. */
apr_status_t marks_tail(store_t *store, apr_int64_t *first_id, apr_pool_t *pool);

/* Brings the tail in memory up to the id that is about to be appended. A tail of more than some
 * blocks (after a migration) is worked off over several transactions. */
apr_status_t marks_ready(store_t *store, apr_int64_t id);
/* Brings it up to the end of the trail; *ready is 0 if that is too far away for now. */
apr_status_t marks_ready_all(store_t *store, int *ready);
/* Marks the event that was appended. */
apr_status_t marks_add(store_t *store, const row_t *row);
/* Names the events that a session had before it was known whose it is. */
apr_status_t marks_name(store_t *store, const row_t *row);

/* To be called when a transaction begins: another node may have written. */
void marks_begin(store_t *store);
/* The tail in memory is wrong: after a rollback or a purge. */
void marks_forget(store_t *store);

#endif
