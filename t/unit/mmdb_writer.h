/* Writes MaxMind DB files for tests: a search tree over networks, and values of each type.
 *
 * Values are put one after the other; a map or list is put with its size and then its content. What
 * mmdb_here tells before a value is put is how a network, or a pointer, refers to it. */
#ifndef MMDB_WRITER_H
#define MMDB_WRITER_H

#include "text/buffer.h"

#define MMDB_MAX_NODES 4096

typedef struct mmdb_t {
    apr_pool_t *pool;
    int ip_version;  /* 4 or 6 */
    int record_bits; /* 24, 28 or 32 */
    int nodes;
    long record[MMDB_MAX_NODES][2];
    buffer_t data;
} mmdb_t;

mmdb_t *mmdb_create(apr_pool_t *pool, int ip_version, int record_bits);

unsigned mmdb_here(const mmdb_t *mmdb);
void mmdb_map(mmdb_t *mmdb, unsigned pairs);
void mmdb_list(mmdb_t *mmdb, unsigned elements);
void mmdb_text(mmdb_t *mmdb, const char *text);
void mmdb_uint16(mmdb_t *mmdb, unsigned number);
void mmdb_uint32(mmdb_t *mmdb, unsigned number);
void mmdb_uint64(mmdb_t *mmdb, apr_uint64_t number);
void mmdb_double(mmdb_t *mmdb, double number);
void mmdb_boolean(mmdb_t *mmdb, int truth);
/* To what stands at `offset`, which must be below 2048. */
void mmdb_pointer(mmdb_t *mmdb, unsigned offset);
/* A key and a text. */
void mmdb_pair(mmdb_t *mmdb, const char *key, const char *text);

/* "192.0.2.0", 24: IPv4 goes to ::/96 of an IPv6 tree. Fails the test if it is no network. */
void mmdb_network(mmdb_t *mmdb, const char *address, int bits, unsigned offset);

/* The whole file. */
const char *mmdb_bytes(mmdb_t *mmdb, apr_size_t *length);

#endif
