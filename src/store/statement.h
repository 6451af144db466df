/* The statements whose text never changes, in SQL that every dialect takes. */
#ifndef STORE_STATEMENT_H
#define STORE_STATEMENT_H

#include <apr_pools.h>

typedef enum statement_id_t {
    META_GET,
    META_SET,
    CHAIN_LAST_ID,
    CHAIN_GET,
    CHAIN_SET,
    EVENT_INSERT,
    EVENT_NAME,
    EVENT_DELETE,
    BLOCK_SET,
    BLOCK_DELETE,
    BLOCK_ROWS,
    MARK_PUT,
    MARK_DELETE,
    MARK_BLOCKS,
    PENDING_INSERT,
    PENDING_TAKE,
    PENDING_OLDEST,
    PENDING_DELETE,
    POSITION_LIST,
    POSITION_SET,
    POSITION_DELETE,
    SESSION_INSERT,
    SESSION_WHO,
    SESSION_NAME,
    SESSION_LOGIN,
    SESSION_REOPEN,
    SESSION_END,
    SESSION_REVOKE,
    SESSION_TOUCH,
    SESSION_FORGETTABLE,
    SESSION_DELETE,
    SESSION_CLIENT,
    KNOWN_PUT,
    KNOWN_SEEN,
    KNOWN_COUNT,
    KNOWN_FORGET,
    KNOWN_HOLDERS,
    KNOWN_VALUES,
    KNOWN_EXPIRE,
    COUNTER_ADD,
    COUNTER_SUM,
    COUNTER_EXPIRE,
    OUTBOX_PUT,
    OUTBOX_DUE,
    OUTBOX_RETRY,
    OUTBOX_REMOVE,
    OUTBOX_COUNT,
    OPT_OUT_SET,
    OPT_OUT_LIFT,
    OPT_OUT_GET,
    OPT_OUT_LIST,
    SUMMARY_ADD,
    SUMMARY_PUT,
    SUMMARY_VALUES,
    SUMMARY_DELETE,
    USER_LABEL,
    STATEMENTS
} statement_id_t;

/* The text, with the columns of an event put in where it has them. */
const char *statement_text(statement_id_t id, apr_pool_t *pool);

#endif
