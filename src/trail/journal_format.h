/* How segments and records lie on disk. Private to the journal's writer and reader.
 *
 * Segment: a head of JOURNAL_HEAD bytes
 *     magic[8]  version u32  ordinal u32  incarnation[32]  reserved[12]  crc u32 (of the rest)
 * then records, each
 *     magic[4]  crc u32  length u32  kind u8  reserved[3]  number u64  payload[length]
 * Numbers are little-endian. */
#ifndef TRAIL_JOURNAL_FORMAT_H
#define TRAIL_JOURNAL_FORMAT_H

#include "trail/journal.h"

#define JOURNAL_VERSION 1
#define JOURNAL_HEAD 64
#define JOURNAL_RECORD_HEAD 24
#define JOURNAL_RECORD_MAGIC_SIZE 4
/* No byte of this occurs in UTF-8, so that nothing a client sends can look like a record when the
 * reader searches for one behind damage. */
#define JOURNAL_RECORD_MAGIC "\xff\xfe\xfd\xfc"

#define JOURNAL_TEMPORARY_PREFIX ".new-"
#define JOURNAL_SUFFIX ".segment"

typedef struct journal_record_head_t {
    apr_uint32_t crc, length;
    journal_kind_t kind;
    apr_uint64_t number;
} journal_record_head_t;

typedef enum journal_head_state_t {
    JOURNAL_HEAD_WHOLE,
    JOURNAL_HEAD_SHORT,   /* not all of it is there */
    JOURNAL_HEAD_DAMAGED, /* the records can be read all the same: the name tells whose it is */
    JOURNAL_HEAD_FOREIGN  /* of another version */
} journal_head_state_t;

const char *journal_segment_name(apr_pool_t *pool, const char *incarnation, apr_uint32_t ordinal);
/* Gives incarnation and ordinal; 0 if the name is none of a segment. */
int journal_segment_parse(journal_segment_t *segment, apr_pool_t *pool, const char *name);

void journal_head_write(char head[JOURNAL_HEAD], const char *incarnation, apr_uint32_t ordinal);
journal_head_state_t journal_head_check(int file);

/* What each record's checksum starts from: a record that turns up in another segment, or at another
 * place (old disk blocks after a power loss), is damage. */
apr_uint32_t journal_seed(const char *incarnation, apr_uint32_t ordinal);

void journal_record_head_write(char *record, apr_uint32_t seed, apr_int64_t offset,
                               const journal_record_head_t *head);
/* Reads a head of JOURNAL_RECORD_HEAD bytes; 0 if it cannot be one. Tells nothing of the payload.
 */
int journal_record_head_read(const char *record, journal_record_head_t *head);
/* 1 if the checksum of head and payload is right. */
int journal_record_intact(const char *record, apr_uint32_t seed, apr_int64_t offset,
                          const journal_record_head_t *head);

/* Forces the names of a folder to disk. */
apr_status_t journal_sync_folder(const char *folder);

#endif
