/* What the parts of bench/store share. */
#ifndef BENCH_STORE_H
#define BENCH_STORE_H

#include "store/store.h"

#define SCRATCH (256 * 1024)

/* Ends the program. */
void fail(const char *what, const char *why);
store_t *open_store(apr_pool_t *pool, store_mode_t mode);
double seconds_since(apr_time_t start);
/* Of this process, user and system: what neighbours on the machine change least. */
double processor_ms(void);

void purge(apr_int64_t events, apr_pool_t *parent);
void export(int json_lines, apr_int64_t rows, apr_pool_t *parent);

#endif
