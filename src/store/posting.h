/* Which ids of a block have something in common, as positions from the block's first id. Pure.
 *
 * Stored as text, since apr_dbd carries nothing else the same way through both databases: few
 * positions as a list of two digits each, many as a bitmap of six positions a digit, nearly all as
 * "!" and a list of those that are missing, be it behind the block's end. The digits are those of
 * base 64; the length tells which it is, since a list is even and shorter. */
#ifndef STORE_POSTING_H
#define STORE_POSTING_H

#include <apr_errno.h>
#include <apr_pools.h>

/* Stands in the database: two digits of base 64 are 4,096. */
#define POSTING_POSITIONS 4096
#define POSTING_WORDS (POSTING_POSITIONS / 64)

typedef struct posting_t {
    apr_uint16_t *position; /* ascending */
    int count, room;
} posting_t;

/* A position that is there already is not added again. Grows in the pool. */
void posting_add(posting_t *posting, int position, apr_pool_t *pool);

/* NULL if it is empty. */
const char *posting_text(const posting_t *posting, apr_pool_t *pool);

/* Sets the bits of what posting_text gave; APR_EINVAL for anything else. */
apr_status_t posting_read(const char *text, apr_uint64_t bits[POSTING_WORDS]);

int posting_count(const apr_uint64_t bits[POSTING_WORDS]);

#endif
