#include "mmdb_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#define LIMIT (1024 * 1024)
#define EMPTY 0 /* the root is no child, so no record says 0 otherwise */

enum {
    TYPE_POINTER = 1,
    TYPE_TEXT = 2,
    TYPE_DOUBLE = 3,
    TYPE_UINT16 = 5,
    TYPE_UINT32 = 6,
    TYPE_MAP = 7,
    TYPE_UINT64 = 9,
    TYPE_LIST = 11,
    TYPE_BOOLEAN = 14
};

mmdb_t *mmdb_create(apr_pool_t *pool, int ip_version, int record_bits)
{
    mmdb_t *mmdb = apr_pcalloc(pool, sizeof(*mmdb));

    mmdb->pool = pool;
    mmdb->ip_version = ip_version;
    mmdb->record_bits = record_bits;
    mmdb->nodes = 1;
    buffer_init(&mmdb->data, pool, LIMIT);
    return mmdb;
}

/* ---- values ---- */

unsigned mmdb_here(const mmdb_t *mmdb)
{
    return (unsigned)mmdb->data.length;
}

static void put_number(buffer_t *buffer, apr_uint64_t number, int bytes)
{
    while (bytes-- > 0) {
        buffer_append_char(buffer, (char)(number >> 8 * bytes));
    }
}

static void put_head(mmdb_t *mmdb, unsigned type, unsigned size)
{
    unsigned first = type > 7 ? 0 : type;
    unsigned said = size < 29 ? size : size < 285 ? 29 : 30;

    put_number(&mmdb->data, first << 5 | said, 1);
    if (type > 7) {
        put_number(&mmdb->data, type - 7, 1);
    }
    if (said == 29) {
        put_number(&mmdb->data, size - 29, 1);
    }
    else if (said == 30) {
        put_number(&mmdb->data, size - 285, 2);
    }
}

void mmdb_map(mmdb_t *mmdb, unsigned pairs)
{
    put_head(mmdb, TYPE_MAP, pairs);
}

void mmdb_list(mmdb_t *mmdb, unsigned elements)
{
    put_head(mmdb, TYPE_LIST, elements);
}

void mmdb_text(mmdb_t *mmdb, const char *text)
{
    put_head(mmdb, TYPE_TEXT, (unsigned)strlen(text));
    buffer_append_string(&mmdb->data, text);
}

void mmdb_uint16(mmdb_t *mmdb, unsigned number)
{
    put_head(mmdb, TYPE_UINT16, 2);
    put_number(&mmdb->data, number, 2);
}

void mmdb_uint32(mmdb_t *mmdb, unsigned number)
{
    put_head(mmdb, TYPE_UINT32, 4);
    put_number(&mmdb->data, number, 4);
}

void mmdb_uint64(mmdb_t *mmdb, apr_uint64_t number)
{
    put_head(mmdb, TYPE_UINT64, 8);
    put_number(&mmdb->data, number, 8);
}

void mmdb_double(mmdb_t *mmdb, double number)
{
    apr_uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    put_head(mmdb, TYPE_DOUBLE, 8);
    put_number(&mmdb->data, bits, 8);
}

void mmdb_boolean(mmdb_t *mmdb, int truth)
{
    put_head(mmdb, TYPE_BOOLEAN, truth ? 1 : 0);
}

void mmdb_pointer(mmdb_t *mmdb, unsigned offset)
{
    assert_true(offset < 2048);
    put_number(&mmdb->data, (unsigned)TYPE_POINTER << 13 | offset, 2);
}

void mmdb_pair(mmdb_t *mmdb, const char *key, const char *text)
{
    mmdb_text(mmdb, key);
    mmdb_text(mmdb, text);
}

/* ---- the tree: a record is the number of a node, EMPTY, or -1 - the offset of a value ---- */

static void bits_of(const mmdb_t *mmdb, const char *address, unsigned char bytes[16], int *bits)
{
    memset(bytes, 0, 16);
    if (strchr(address, ':')) {
        assert_int_equal(inet_pton(AF_INET6, address, bytes), 1);
        return;
    }
    assert_int_equal(inet_pton(AF_INET, address, bytes + (mmdb->ip_version == 6 ? 12 : 0)), 1);
    *bits += mmdb->ip_version == 6 ? 96 : 0;
}

void mmdb_network(mmdb_t *mmdb, const char *address, int bits, unsigned offset)
{
    unsigned char bytes[16];
    long node = 0;

    bits_of(mmdb, address, bytes, &bits);
    for (int i = 0; i < bits; i++) {
        long *record = &mmdb->record[node][bytes[i / 8] >> (7 - i % 8) & 1];

        if (i == bits - 1) {
            *record = -1 - (long)offset;
        }
        else if (*record == EMPTY) {
            assert_true(mmdb->nodes < MMDB_MAX_NODES);
            *record = mmdb->nodes++;
        }
        node = *record;
    }
}

static apr_uint64_t said(const mmdb_t *mmdb, long record)
{
    if (record == EMPTY) {
        return (apr_uint64_t)mmdb->nodes;
    }
    return record > 0 ? (apr_uint64_t)record : (apr_uint64_t)(mmdb->nodes + 16 + (-1 - record));
}

static void put_node(const mmdb_t *mmdb, buffer_t *file, const long record[2])
{
    apr_uint64_t left = said(mmdb, record[0]), right = said(mmdb, record[1]);

    if (mmdb->record_bits == 28) {
        put_number(file, left & 0xffffff, 3);
        put_number(file, left >> 24 << 4 | right >> 24, 1);
        put_number(file, right & 0xffffff, 3);
        return;
    }
    put_number(file, left, mmdb->record_bits / 8);
    put_number(file, right, mmdb->record_bits / 8);
}

/* ---- the file ---- */

static void put_metadata(const mmdb_t *mmdb, buffer_t *file)
{
    mmdb_t *metadata = mmdb_create(mmdb->pool, 4, 24);

    mmdb_map(metadata, 9);
    mmdb_text(metadata, "binary_format_major_version");
    mmdb_uint16(metadata, 2);
    mmdb_text(metadata, "binary_format_minor_version");
    mmdb_uint16(metadata, 0);
    mmdb_text(metadata, "build_epoch");
    mmdb_uint64(metadata, 1700000000);
    mmdb_pair(metadata, "database_type", "Test");
    mmdb_text(metadata, "description");
    mmdb_map(metadata, 1);
    mmdb_pair(metadata, "en", "for a test");
    mmdb_text(metadata, "ip_version");
    mmdb_uint16(metadata, (unsigned)mmdb->ip_version);
    mmdb_text(metadata, "languages");
    mmdb_list(metadata, 1);
    mmdb_text(metadata, "en");
    mmdb_text(metadata, "node_count");
    mmdb_uint32(metadata, (unsigned)mmdb->nodes);
    mmdb_text(metadata, "record_size");
    mmdb_uint16(metadata, (unsigned)mmdb->record_bits);
    buffer_append(file, metadata->data.data, metadata->data.length);
}

const char *mmdb_bytes(mmdb_t *mmdb, apr_size_t *length)
{
    buffer_t file;

    buffer_init(&file, mmdb->pool, LIMIT);
    for (int i = 0; i < mmdb->nodes; i++) {
        put_node(mmdb, &file, mmdb->record[i]);
    }
    put_number(&file, 0, 8);
    put_number(&file, 0, 8);
    buffer_append(&file, mmdb->data.data, mmdb->data.length);
    buffer_append_string(&file, "\xab\xcd\xefMaxMind.com");
    put_metadata(mmdb, &file);
    assert_int_equal(file.overflow, 0);
    *length = file.length;
    return file.data;
}
