/* What an alert says: as a mail (RFC 5322, MIME, text and HTML) and as JSON. Pure. */
#ifndef ALERT_MESSAGE_H
#define ALERT_MESSAGE_H

#include <apr_time.h>

#include "alert/rules.h"

#define MESSAGE_MAX 131072   /* bytes of a whole mail; what does not fit is an overflow */
#define MESSAGE_ID_SIZE 33   /* hex digits and NUL */
#define MESSAGE_TEXT_MAX 300 /* bytes shown of a cell */

typedef struct message_t {
    const char *id;        /* MESSAGE_ID_SIZE - 1 hex digits: the same for every try */
    const char *host;      /* behind the @ of the Message-ID; made fit */
    const char *from, *to; /* valid addresses */
    apr_time_t now;        /* when the mail is made */
    const char *page;      /* address of the site's audit page, or NULL */
    const char *zone;      /* that times are told in, by its name in the tz database; NULL: UTC */
    const event_t *event;
    unsigned kinds;             /* of ALERT_BIT; at least one */
    const alert_limit_t *limit; /* of the counted kind among them, or NULL */
    apr_int64_t counted;
    int to_user; /* it goes to the person whom it is about */
} message_t;

/* The id of what is sent about an event over one channel to one recipient: anybody who makes it
 * again makes the same. */
void message_id(const event_t *event, const char *channel, const char *recipient,
                char id[MESSAGE_ID_SIZE]);

/* The mail with its headers, lines ending in CR LF, ASCII throughout. NULL if it does not fit. */
const char *message_mail(const message_t *message, apr_pool_t *pool);

/* The body of a webhook's POST. NULL if it does not fit. */
const char *message_json(const message_t *message, apr_pool_t *pool);

/* The kinds as words parted by blanks, for the trail. */
const char *message_about(unsigned kinds, apr_pool_t *pool);

#endif
