/* The hash chain: each event of a node carries SHA-256 over its own content and its predecessor's
 * hash. The canonical form is documented in docs/trail.md, so that anybody can recompute it from a
 * CSV export. Pure. */
#ifndef TRAIL_CHAIN_H
#define TRAIL_CHAIN_H

#include "text/digest.h"
#include "trail/event.h"

/* The previous hash of a node's first event. */
#define CHAIN_GENESIS "0000000000000000000000000000000000000000000000000000000000000000"

/* The canonical form: for each hashed column in order "<name>:<bytes of the cell>:<cell>\n". */
void chain_canonical(const event_t *event, buffer_t *buffer);

/* Sets PREVIOUS_HASH and HASH; every other hashed cell must be final. previous: hex. */
void chain_link(event_t *event, const char *previous, buffer_t *scratch);

/* 1 if HASH is what the cells give. */
int chain_intact(const event_t *event, buffer_t *scratch);

#endif
