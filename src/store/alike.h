/* Events that are alike, most of them in a busy hour, are counted into the same cells: who knows
 * the cells of the last ones counts most events by one look-up in place of a dozen. */
#ifndef STORE_ALIKE_H
#define STORE_ALIKE_H

#include "row.h"
#include "summarise.h"

#define ALIKE_LINES 1024 /* remembered; the next one at the same place takes it over */
#define ALIKE_CELLS 13   /* that one event is counted into, at most */
#define ALIKE_KEY 240    /* bytes; what is longer is not remembered */

typedef struct alike_t {
    apr_uint64_t round; /* that the cells are of; 0: of none */
    unsigned length;
    int count;
    apr_int64_t *cells[ALIKE_CELLS]; /* the counts of each, by outcome */
    char key[ALIKE_KEY];
} alike_t;

/* The line of all that decides into which cells an event is counted. It is known if its round is
 * the one given; else count is 0, and it is for the caller to fill in the cells, then the round.
 * NULL: not to be remembered. */
alike_t *alike_find(alike_t lines[ALIKE_LINES], const row_t *row, summarise_part_t part,
                    apr_uint64_t round);

/* Whose event it is, as far as is known. */
const char *alike_uid(const row_t *row);

#endif
