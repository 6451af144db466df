#include "session_line.h"

#include <apr_strings.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define LINE_VERSION "1"
#define CHECKSUM_BYTES 8
#define CHECKSUM_SIZE (2 * CHECKSUM_BYTES + 1)

typedef enum field_kind_t {
    FIELD_FINGERPRINT,
    FIELD_TEXT,
    FIELD_STATE,
    FIELD_REASON,
    FIELD_BYTE,
    FIELD_INT32,
    FIELD_UINT32,
    FIELD_TIME /* microseconds since 1970 */
} field_kind_t;

typedef struct field_t {
    field_kind_t kind;
    apr_size_t offset, size;
} field_t;

#define FIELD(kind, member)                                                                        \
    {                                                                                              \
        kind, offsetof(session_t, member), sizeof(((session_t *)NULL)->member)                     \
    }

static const field_t fields[] = {
    FIELD(FIELD_STATE, state),
    FIELD(FIELD_REASON, reason),
    FIELD(FIELD_FINGERPRINT, fingerprint),
    FIELD(FIELD_TEXT, reference),
    FIELD(FIELD_TEXT, site),
    FIELD(FIELD_TEXT, database),
    FIELD(FIELD_INT32, uid),
    FIELD(FIELD_TEXT, login),
    FIELD(FIELD_TEXT, name),
    FIELD(FIELD_TEXT, address),
    FIELD(FIELD_TEXT, timezone),
    FIELD(FIELD_TIME, started),
    FIELD(FIELD_TIME, last_action),
    FIELD(FIELD_TIME, last_seen),
    FIELD(FIELD_TIME, ended),
    FIELD(FIELD_TIME, rights_checked),
    FIELD(FIELD_BYTE, manager),
    FIELD(FIELD_BYTE, provisional),
    FIELD(FIELD_BYTE, succeeded),
    FIELD(FIELD_BYTE, refused),
    FIELD(FIELD_UINT32, personal_calls),
    FIELD(FIELD_UINT32, refusals),
    FIELD(FIELD_BYTE, kind),
    FIELD(FIELD_BYTE, elsewhere),
    FIELD(FIELD_BYTE, end_untold),
};
#define FIELD_COUNT (sizeof(fields) / sizeof(*fields))
#define FIELDS_OF_OLD 22 /* what each line has; those behind came later */

/* Every text escaped throughout, everything else at its longest. */
#define LONGEST_TEXTS                                                                              \
    (3 * (SESSION_REFERENCE_SIZE + SESSION_SITE_SIZE + SESSION_DATABASE_SIZE +                     \
          SESSION_LOGIN_SIZE + SESSION_NAME_SIZE + SESSION_ADDRESS_SIZE + SESSION_TIMEZONE_SIZE))
#define LONGEST_NUMBER 21
_Static_assert(LONGEST_TEXTS + DIGEST_HEX_SIZE + FIELD_COUNT * (LONGEST_NUMBER + 1) +
                       CHECKSUM_SIZE + sizeof(LINE_VERSION) + 2 <
                   REVOCATION_MAX_LINE,
               "a line holds every session");

static void checksum(const char *line, apr_size_t length, char hex[CHECKSUM_SIZE])
{
    unsigned char digest[DIGEST_SIZE];

    digest_sha256(line, length, digest);
    digest_hex(digest, CHECKSUM_BYTES, hex);
}

/* ---- writing ---- */

/* Tabs and newlines part fields and lines, so they and their kin are escaped. */
static char *write_text(char *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte < 0x20 || byte == '%' || byte == 0x7f) {
            *out++ = '%';
            *out++ = digits[byte >> 4];
            *out++ = digits[byte & 15];
        }
        else {
            *out++ = *text;
        }
    }
    return out;
}

static apr_int64_t number_of(const field_t *field, const char *place)
{
    apr_int32_t int32;
    apr_uint32_t uint32;
    apr_time_t time;

    switch (field->kind) {
    case FIELD_INT32:
        memcpy(&int32, place, sizeof(int32));
        return int32;
    case FIELD_UINT32:
        memcpy(&uint32, place, sizeof(uint32));
        return uint32;
    case FIELD_TIME:
        memcpy(&time, place, sizeof(time));
        return time;
    default:
        return *(const unsigned char *)place;
    }
}

static char *write_field(char *out, const field_t *field, const session_t *session)
{
    const char *place = (const char *)session + field->offset;

    switch (field->kind) {
    case FIELD_FINGERPRINT:
        digest_hex((const unsigned char *)place, DIGEST_SIZE, out);
        return out + strlen(out);
    case FIELD_TEXT:
        return write_text(out, place);
    case FIELD_STATE:
        return write_text(out, session_state_name(session->state));
    case FIELD_REASON:
        return write_text(out, session_reason_name(session->reason));
    default:
        return out +
               apr_snprintf(out, LONGEST_NUMBER + 1, "%" APR_INT64_T_FMT, number_of(field, place));
    }
}

apr_size_t session_line_write(const session_t *session, char line[REVOCATION_MAX_LINE])
{
    char *out = write_text(line, LINE_VERSION);

    for (apr_size_t number = 0; number < FIELD_COUNT; number++) {
        *out++ = '\t';
        out = write_field(out, &fields[number], session);
    }
    checksum(line, (apr_size_t)(out - line), out + 1);
    *out = '\t';
    out += CHECKSUM_SIZE;
    *out++ = '\n';
    *out = '\0';
    return (apr_size_t)(out - line);
}

/* ---- reading ---- */

int session_line_is_intact(const char *line, apr_size_t length)
{
    char hex[CHECKSUM_SIZE];
    apr_size_t body;

    if (length <= CHECKSUM_SIZE || length >= REVOCATION_MAX_LINE) {
        return 0;
    }
    body = length - CHECKSUM_SIZE;
    checksum(line, body, hex);
    return line[body] == '\t' && !memcmp(line + body + 1, hex, CHECKSUM_SIZE - 1);
}

static apr_status_t read_text(const char *text, apr_size_t length, char *out, apr_size_t size)
{
    const char *end = text + length;
    apr_size_t used = 0;

    while (text < end && used < size - 1) {
        if (*text == '%') {
            const char hex[3] = {end - text > 2 ? text[1] : '\0', end - text > 2 ? text[2] : '\0',
                                 '\0'};
            unsigned char byte;

            if (digest_unhex(hex, &byte, 1) != APR_SUCCESS) {
                return APR_EINVAL;
            }
            out[used++] = (char)byte;
            text += 3;
        }
        else {
            out[used++] = *text++;
        }
    }
    memset(out + used, 0, size - used);
    return text == end ? APR_SUCCESS : APR_EINVAL;
}

typedef const char *(*name_of_t)(int value);

static const char *state_name(int value)
{
    return session_state_name((session_state_t)value);
}

static const char *reason_name(int value)
{
    return session_reason_name((session_reason_t)value);
}

static apr_status_t read_name(const char *text, apr_size_t length, name_of_t name_of, int last,
                              char *out)
{
    for (int value = 0; value <= last; value++) {
        const char *name = name_of(value);

        if (strlen(name) == length && !memcmp(name, text, length)) {
            *out = (char)value;
            return APR_SUCCESS;
        }
    }
    return APR_EINVAL;
}

static apr_status_t read_fingerprint(const char *text, apr_size_t length, char *out)
{
    char hex[DIGEST_HEX_SIZE];

    if (length != DIGEST_HEX_SIZE - 1) {
        return APR_EINVAL;
    }
    memcpy(hex, text, length);
    hex[length] = '\0';
    return digest_unhex(hex, (unsigned char *)out, DIGEST_SIZE);
}

static apr_status_t read_number(const char *text, apr_size_t length, const field_t *field,
                                char *out)
{
    char digits[LONGEST_NUMBER + 1];
    apr_int64_t number;
    char *end;

    if (!length || length > LONGEST_NUMBER) {
        return APR_EINVAL;
    }
    memcpy(digits, text, length);
    digits[length] = '\0';
    number = strtoll(digits, &end, 10);
    if (*end) {
        return APR_EINVAL;
    }
    if (field->kind == FIELD_INT32) {
        apr_int32_t value = (apr_int32_t)number;
        memcpy(out, &value, sizeof(value));
    }
    else if (field->kind == FIELD_UINT32) {
        apr_uint32_t value = (apr_uint32_t)number;
        memcpy(out, &value, sizeof(value));
    }
    else if (field->kind == FIELD_TIME) {
        memcpy(out, &number, sizeof(number));
    }
    else {
        *out = (char)number;
    }
    return APR_SUCCESS;
}

static apr_status_t read_field(const char *text, apr_size_t length, const field_t *field,
                               session_t *session)
{
    char *place = (char *)session + field->offset;

    switch (field->kind) {
    case FIELD_FINGERPRINT:
        return read_fingerprint(text, length, place);
    case FIELD_TEXT:
        return read_text(text, length, place, field->size);
    case FIELD_STATE:
        return read_name(text, length, state_name, SESSION_REVOKED, place);
    case FIELD_REASON:
        return read_name(text, length, reason_name, SESSION_REASON_ODOO, place);
    default:
        return read_number(text, length, field, place);
    }
}

apr_status_t session_line_read(const char *line, apr_size_t length, session_t *session)
{
    static const char start[] = LINE_VERSION "\t";
    const char *end;

    if (!session_line_is_intact(line, length) || strncmp(line, start, sizeof(start) - 1)) {
        return APR_EINVAL;
    }
    end = line + length - CHECKSUM_SIZE;
    line += sizeof(start) - 1;
    memset(session, 0, sizeof(*session));
    for (apr_size_t number = 0; number < FIELD_COUNT; number++) {
        const char *tab = line <= end ? memchr(line, '\t', (apr_size_t)(end - line) + 1) : NULL;

        if (!tab && number >= FIELDS_OF_OLD) {
            break;
        }
        if (!tab || read_field(line, (apr_size_t)(tab - line), &fields[number], session)) {
            return APR_EINVAL;
        }
        line = tab + 1;
    }
    return session->state == SESSION_FREE ? APR_EINVAL : APR_SUCCESS;
}

/* ---- from machine to machine ---- */

void session_line_print(const session_t *session, char line[REVOCATION_MAX_LINE])
{
    line[session_line_write(session, line) - 1] = '\0';
}

apr_status_t session_line_parse(const char *line, session_t *session)
{
    return session_line_read(line, strlen(line), session);
}
