/* The hash chain: each event of a node carries SHA-256 over its own content and its predecessor's
 * hash. The canonical form is documented in docs/trail.md, so that anybody can recompute it from a
 * CSV export. Pure. */
#ifndef TRAIL_CHAIN_H
#define TRAIL_CHAIN_H

#include "text/digest.h"
#include "trail/event.h"

/* The previous hash of a node's first event. */
#define CHAIN_GENESIS "0000000000000000000000000000000000000000000000000000000000000000"

/* Holds the canonical form of any event that event_set or the journal can make. */
#define CHAIN_SCRATCH_LIMIT (4 * 1024 * 1024)

/* The canonical form: for each hashed column in order "<name>:<bytes of the cell>:<cell>\n". */
void chain_canonical(const event_t *event, buffer_t *buffer);

/* Sets PREVIOUS_HASH and HASH; every other hashed cell must be final. previous: hex. scratch: a
 * buffer of CHAIN_SCRATCH_LIMIT; with a smaller one that does not do HASH stays empty, which no
 * check takes for intact. */
void chain_link(event_t *event, const char *previous, buffer_t *scratch);

/* 1 if HASH is what the cells give. uid, login and user that were learned after the event was
 * chained are joined when it is read and lie outside the hash: each of the three may have been
 * empty. */
int chain_intact(const event_t *event, buffer_t *scratch);

#endif
