/* An event from the bytes of an input, for fuzz targets that write events. */
#ifndef FUZZ_EVENT_CELLS_H
#define FUZZ_EVENT_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "trail/event.h"

/* Cells in the order of the columns, parted by the byte 0x1e; numbers and times are read as
 * decimals, and values that are no JSON become a text. */
event_t *event_of_cells(const uint8_t *data, size_t size, apr_pool_t *pool);

#endif
