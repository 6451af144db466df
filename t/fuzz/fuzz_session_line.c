/* A line of the file of sessions with a checksum that fits, whatever stands in it: what is read
 * from it is written and read back as the same, and every text ends within its room. A word from
 * another machine is such a line. */
#include <stdlib.h>
#include <string.h>

#include "../../src/session/session_line.h"
#include "target.h"
#include "text/digest.h"

#define CHECKSUM_BYTES 8

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static void check(const session_t *session)
{
    char line[REVOCATION_MAX_LINE], once_more[REVOCATION_MAX_LINE], word[REVOCATION_MAX_LINE];
    apr_size_t length = session_line_write(session, line);
    session_t again;

    require(memchr(session->login, '\0', sizeof(session->login)) != NULL);
    require(memchr(session->timezone, '\0', sizeof(session->timezone)) != NULL);
    require(length < REVOCATION_MAX_LINE && memchr(line, '\n', length) == line + length - 1);
    require(session_line_read(line, length - 1, &again) == APR_SUCCESS);
    require(session_line_write(&again, once_more) == length);
    require(memcmp(line, once_more, length) == 0);
    session_line_print(session, word);
    require(session_line_parse(word, &again) == APR_SUCCESS);
    require(session_line_write(&again, once_more) == length);
    require(memcmp(line, once_more, length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[REVOCATION_MAX_LINE], hex[DIGEST_HEX_SIZE];
    unsigned char digest[DIGEST_SIZE];
    session_t session;

    if (session_line_read((const char *)data, size, &session) == APR_SUCCESS) {
        check(&session);
    }
    if (size + 1 + 2 * CHECKSUM_BYTES < sizeof(line)) {
        memcpy(line, data, size);
        digest_sha256(line, size, digest);
        digest_hex(digest, CHECKSUM_BYTES, hex);
        line[size] = '\t';
        memcpy(line + size + 1, hex, 2 * CHECKSUM_BYTES);
        size += 1 + 2 * CHECKSUM_BYTES;
        if (session_line_read(line, size, &session) == APR_SUCCESS) {
            check(&session);
        }
    }
    return 0;
}
