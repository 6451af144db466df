/* Text as mail carries it. Pure; private to the room. */
#ifndef ALERT_MAIL_TEXT_H
#define ALERT_MAIL_TEXT_H

#include <apr_time.h>

#include "text/buffer.h"

#define MAIL_LINE_MAX 76 /* bytes of an encoded line, without its end */

/* "Name: value" with its end of line; a name of at most 30 bytes. Control characters of the value
 * are blanks, so that a value is never a further header; one that is not ASCII, or long, is written
 * as encoded words (RFC 2047), one per folded line. */
void mail_header(buffer_t *mail, const char *name, const char *value);

/* A text with LF ends of line as quoted-printable (RFC 2045) with CR LF; ends with one. */
void mail_quoted_printable(buffer_t *mail, const char *text);

/* "Thu, 26 Nov 2026 10:38:12 +0000" in the machine's zone. */
const char *mail_date(apr_pool_t *pool, apr_time_t time);

#endif
