/* What was purged from a node's chain, as a set of ranges of sequences, and a digest of that set
 * which an event `purged` carries: so that a hole in the chain that is not in the set shows.
 *
 * The digest is homomorphic (LtHash, 1024 lanes of 16 bits: each range gives 2048 bytes of
 * SHAKE256, and these are added lane by lane): when ranges grow together, the old ones are taken
 * out and the new one is put in, at a cost that does not depend on the size of the set, and whoever
 * has all ranges, in whatever order, gets the same. To find another set with that digest is as hard
 * as a lattice problem of more than 200 bits. Pure. */
#ifndef TRAIL_PURGED_SET_H
#define TRAIL_PURGED_SET_H

#include <apr_errno.h>

#include "text/digest.h"

#define PURGED_SET_LANES 1024
#define PURGED_SET_TEXT_SIZE (4 * PURGED_SET_LANES + 1)

/* Sequences first to last are gone, and their neighbours are not. The hashes bind what lies before
 * the hole to what lies behind it; the last one is also the digest of all that was purged, since
 * each event's hash goes over the one before. */
typedef struct purged_range_t {
    const char *node;
    apr_int64_t first, last;
    char before[DIGEST_HEX_SIZE]; /* previous_hash of the first */
    char hash[DIGEST_HEX_SIZE];   /* hash of the last */
} purged_range_t;

typedef struct purged_set_t {
    apr_uint16_t lane[PURGED_SET_LANES]; /* all 0: the empty set */
} purged_set_t;

void purged_set_add(purged_set_t *set, const purged_range_t *range);
void purged_set_remove(purged_set_t *set, const purged_range_t *range);

/* SHA-256 over the lanes, each little-endian. */
void purged_set_digest(const purged_set_t *set, char hex[DIGEST_HEX_SIZE]);

/* The lanes in hex, for the store. APR_EINVAL if the text is none. */
void purged_set_write(const purged_set_t *set, char text[PURGED_SET_TEXT_SIZE]);
apr_status_t purged_set_read(purged_set_t *set, const char *text);

#endif
