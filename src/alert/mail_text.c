#include "mail_text.h"

#include <string.h>

#include <apr_base64.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "text/utf8.h"

/* A line with encoded words has at most 76 bytes (RFC 2047): 45 bytes in base64, and what is around
 * them; in the first one the header's name stands before them. */
#define WORD_BYTES 45
#define WORD_HEAD "=?utf-8?B?"
#define WORD_TAIL "?="
#define PLAIN_VALUE_MAX 60 /* bytes of a value that stands in one line as it is */

static const char hex_digits[] = "0123456789ABCDEF";

static const char *without_controls(apr_pool_t *pool, const char *value)
{
    char *copy = apr_pstrdup(pool, utf8_repair(pool, value, strlen(value)));

    for (char *at = copy; *at; at++) {
        if (apr_iscntrl(*at)) {
            *at = ' ';
        }
    }
    return copy;
}

static int is_plain(const char *value)
{
    apr_size_t length = strlen(value);

    for (apr_size_t i = 0; i < length; i++) {
        if (value[i] < ' ' || value[i] > '~') {
            return 0;
        }
    }
    /* What looks like an encoded word would be read as one. */
    return length <= PLAIN_VALUE_MAX && !strstr(value, "=?");
}

/* before: bytes that stand in the first line already. */
static void encoded_words(buffer_t *mail, const char *value, apr_size_t before)
{
    apr_size_t left = strlen(value), around = sizeof(WORD_HEAD) + sizeof(WORD_TAIL) - 2;
    apr_size_t room = (MAIL_LINE_MAX - around - before) / 4 * 3;

    for (const char *separator = ""; left > 0; separator = "\r\n ", room = WORD_BYTES) {
        apr_size_t length = utf8_cut(value, left, room < WORD_BYTES ? room : WORD_BYTES);
        char word[WORD_BYTES * 2];

        apr_base64_encode(word, value, (int)length);
        buffer_append_string(mail, separator);
        buffer_append_string(mail, WORD_HEAD);
        buffer_append_string(mail, word);
        buffer_append_string(mail, WORD_TAIL);
        value += length;
        left -= length;
    }
}

void mail_header(buffer_t *mail, const char *name, const char *value)
{
    value = without_controls(mail->pool, value);
    buffer_append_string(mail, name);
    buffer_append_string(mail, ": ");
    if (is_plain(value)) {
        buffer_append_string(mail, value);
    }
    else {
        encoded_words(mail, value, strlen(name) + sizeof(": ") - 1);
    }
    buffer_append_string(mail, "\r\n");
}

/* ---- quoted-printable ---- */

/* A blank at the end of a line must not be seen as such; a dot or "From " at its start means
 * something to what carries mail. */
static int needs_escape(const char *at, apr_size_t column)
{
    unsigned char byte = (unsigned char)*at;

    if (byte == ' ' || byte == '\t') {
        return at[1] == '\n' || at[1] == '\0';
    }
    if (column == 0 && (byte == '.' || byte == 'F')) {
        return 1;
    }
    return byte < '!' || byte > '~' || byte == '=';
}

void mail_quoted_printable(buffer_t *mail, const char *text)
{
    apr_size_t column = 0;

    for (; *text; text++) {
        int escape = *text != '\n' && needs_escape(text, column);
        apr_size_t width = escape ? 3 : 1;

        if (*text == '\n') {
            buffer_append_string(mail, "\r\n");
            column = 0;
            continue;
        }
        if (column + width >= MAIL_LINE_MAX) {
            buffer_append_string(mail, "=\r\n");
            column = 0;
        }
        if (escape) {
            unsigned char byte = (unsigned char)*text;
            char code[] = {'=', hex_digits[byte >> 4], hex_digits[byte & 15]};

            buffer_append(mail, code, sizeof(code));
        }
        else {
            buffer_append_char(mail, *text);
        }
        column += width;
    }
    if (column > 0) {
        buffer_append_string(mail, "\r\n");
    }
}

const char *mail_date(apr_pool_t *pool, apr_time_t time)
{
    apr_time_exp_t parts;
    int offset;

    if (apr_time_exp_lt(&parts, time) != APR_SUCCESS) {
        apr_time_exp_gmt(&parts, time);
    }
    offset = parts.tm_gmtoff / 60;
    return apr_psprintf(pool, "%s, %d %s %d %02d:%02d:%02d %c%02d%02d",
                        apr_day_snames[parts.tm_wday], parts.tm_mday,
                        apr_month_snames[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
                        parts.tm_min, parts.tm_sec, offset < 0 ? '-' : '+',
                        (offset < 0 ? -offset : offset) / 60, (offset < 0 ? -offset : offset) % 60);
}
