#include "journal_format.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "text/digest.h"
#include "trail/crc32c.h"

#define HEAD_MAGIC "UAJOURNL"
#define HEAD_MAGIC_SIZE 8
#define HEAD_VERSION_AT 8
#define HEAD_ORDINAL_AT 12
#define HEAD_INCARNATION_AT 16
#define HEAD_CRC_AT (JOURNAL_HEAD - 4)

#define RECORD_CRC_AT 4
#define RECORD_LENGTH_AT 8
#define RECORD_KIND_AT 12
#define RECORD_NUMBER_AT 16
#define RECORD_CHECKED_AT RECORD_LENGTH_AT /* all that follows is under the checksum */

#define INCARNATION_DIGITS (JOURNAL_INCARNATION_SIZE - 1)
#define ORDINAL_DIGITS 8

static void put_number(char *at, apr_uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        at[i] = (char)(number >> (8 * i) & 0xff);
    }
}

static apr_uint64_t get_number(const char *at, int bytes)
{
    apr_uint64_t number = 0;

    for (int i = bytes - 1; i >= 0; i--) {
        number = number << 8 | (unsigned char)at[i];
    }
    return number;
}

const char *journal_segment_name(apr_pool_t *pool, const char *incarnation, apr_uint32_t ordinal)
{
    return apr_psprintf(pool, "%s-%08x" JOURNAL_SUFFIX, incarnation, ordinal);
}

int journal_segment_parse(journal_segment_t *segment, apr_pool_t *pool, const char *name)
{
    const char *ordinal = name + INCARNATION_DIGITS + 1;
    unsigned char bytes[INCARNATION_DIGITS / 2];
    char incarnation[JOURNAL_INCARNATION_SIZE], digits[ORDINAL_DIGITS + 1];

    if (strlen(name) != INCARNATION_DIGITS + 1 + ORDINAL_DIGITS + strlen(JOURNAL_SUFFIX) ||
        name[INCARNATION_DIGITS] != '-' || strcmp(ordinal + ORDINAL_DIGITS, JOURNAL_SUFFIX) != 0) {
        return 0;
    }
    apr_cpystrn(incarnation, name, sizeof(incarnation));
    apr_cpystrn(digits, ordinal, sizeof(digits));
    if (digest_unhex(incarnation, bytes, INCARNATION_DIGITS / 2) != APR_SUCCESS ||
        digest_unhex(digits, bytes, ORDINAL_DIGITS / 2) != APR_SUCCESS) {
        return 0;
    }
    segment->name = apr_pstrdup(pool, name);
    segment->incarnation = apr_pstrdup(pool, incarnation);
    segment->ordinal = (apr_uint32_t)apr_strtoi64(digits, NULL, 16);
    return 1;
}

void journal_head_write(char head[JOURNAL_HEAD], const char *incarnation, apr_uint32_t ordinal)
{
    memset(head, 0, JOURNAL_HEAD);
    memcpy(head, HEAD_MAGIC, HEAD_MAGIC_SIZE);
    put_number(head + HEAD_VERSION_AT, JOURNAL_VERSION, 4);
    put_number(head + HEAD_ORDINAL_AT, ordinal, 4);
    memcpy(head + HEAD_INCARNATION_AT, incarnation, INCARNATION_DIGITS);
    put_number(head + HEAD_CRC_AT, crc32c(0, head, HEAD_CRC_AT), 4);
}

journal_head_state_t journal_head_check(int file)
{
    char head[JOURNAL_HEAD];

    if (pread(file, head, sizeof(head), 0) != (ssize_t)sizeof(head)) {
        return JOURNAL_HEAD_SHORT;
    }
    if (memcmp(head, HEAD_MAGIC, HEAD_MAGIC_SIZE) != 0 ||
        get_number(head + HEAD_CRC_AT, 4) != crc32c(0, head, HEAD_CRC_AT)) {
        return JOURNAL_HEAD_DAMAGED;
    }
    return get_number(head + HEAD_VERSION_AT, 4) == JOURNAL_VERSION ? JOURNAL_HEAD_WHOLE
                                                                    : JOURNAL_HEAD_FOREIGN;
}

apr_uint32_t journal_seed(const char *incarnation, apr_uint32_t ordinal)
{
    char number[4];

    put_number(number, ordinal, sizeof(number));
    return crc32c(crc32c(0, incarnation, strlen(incarnation)), number, sizeof(number));
}

static apr_uint32_t record_crc(const char *record, apr_uint32_t seed, apr_int64_t offset,
                               apr_size_t length)
{
    char place[8];

    put_number(place, (apr_uint64_t)offset, sizeof(place));
    return crc32c(crc32c(seed, place, sizeof(place)), record + RECORD_CHECKED_AT,
                  JOURNAL_RECORD_HEAD - RECORD_CHECKED_AT + length);
}

void journal_record_head_write(char *record, apr_uint32_t seed, apr_int64_t offset,
                               const journal_record_head_t *head)
{
    memset(record, 0, JOURNAL_RECORD_HEAD);
    memcpy(record, JOURNAL_RECORD_MAGIC, JOURNAL_RECORD_MAGIC_SIZE);
    put_number(record + RECORD_LENGTH_AT, head->length, 4);
    put_number(record + RECORD_KIND_AT, head->kind, 1);
    put_number(record + RECORD_NUMBER_AT, head->number, 8);
    put_number(record + RECORD_CRC_AT, record_crc(record, seed, offset, head->length), 4);
}

int journal_record_head_read(const char *record, journal_record_head_t *head)
{
    head->crc = (apr_uint32_t)get_number(record + RECORD_CRC_AT, 4);
    head->length = (apr_uint32_t)get_number(record + RECORD_LENGTH_AT, 4);
    head->kind = (journal_kind_t)get_number(record + RECORD_KIND_AT, 1);
    head->number = get_number(record + RECORD_NUMBER_AT, 8);
    return memcmp(record, JOURNAL_RECORD_MAGIC, JOURNAL_RECORD_MAGIC_SIZE) == 0 &&
           head->length <= JOURNAL_MAX_RECORD && head->kind >= JOURNAL_INTENT &&
           head->kind <= JOURNAL_END;
}

int journal_record_intact(const char *record, apr_uint32_t seed, apr_int64_t offset,
                          const journal_record_head_t *head)
{
    return head->crc == record_crc(record, seed, offset, head->length);
}

apr_status_t journal_sync_folder(const char *folder)
{
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    apr_status_t status = APR_SUCCESS;

    if (file < 0) {
        return errno;
    }
    if (fsync(file) != 0) {
        status = errno;
    }
    close(file);
    return status;
}
