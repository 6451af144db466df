/* CRC-32C (Castagnoli), which finds torn and damaged journal records. Pure, safe in every thread.
 */
#ifndef TRAIL_CRC32C_H
#define TRAIL_CRC32C_H

#include <apr.h>

/* The checksum of the bytes that gave `crc` followed by these; 0 to begin with. */
apr_uint32_t crc32c(apr_uint32_t crc, const void *data, apr_size_t length);
/* The same in portable C, whatever the processor can do: what crc32c is compared with. */
apr_uint32_t crc32c_portable(apr_uint32_t crc, const void *data, apr_size_t length);

#endif
