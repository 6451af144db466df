/* Events as JSON Lines in the names of the Elastic Common Schema, and as messages of syslog. Pure.
 *
 * What ECS has a name for stands under it; what only Odoo has stands under "odoo", what proves the
 * chain under "user_audit". `values` and `old_values` are objects, lists are arrays. */
#ifndef TRAIL_EVENT_ECS_H
#define TRAIL_EVENT_ECS_H

#include "trail/event.h"

#define EVENT_ECS_VERSION "8.11.0"
/* No line is longer: every cell has its limit, and JSON's escapes make six bytes of one at most. */
#define EVENT_ECS_MOST (2 * 1024 * 1024)
/* Of a message to syslog: what common receivers take whole, and local sockets send in one piece. */
#define EVENT_SYSLOG_MOST 8192

/* Appends one line with its LF. */
void event_ecs_line(buffer_t *buffer, const event_t *event);

/* Appends one message of RFC 5424: facility 13 (log audit), severity by outcome, the operation as
 * MSGID, the line above without its LF as MSG. Where that would be longer than EVENT_SYSLOG_MOST,
 * values, old values, fields and ids are left out and `odoo.flags` says "truncated". pool: for work
 * that may be forgotten afterwards. */
void event_syslog(buffer_t *buffer, const event_t *event, apr_pool_t *pool);

/* The node and sequence of a line of event_ecs_line. APR_EINVAL if it is none. */
apr_status_t event_ecs_identify(const char *line, apr_size_t length, const char **node,
                                apr_int64_t *sequence, apr_int64_t *id, apr_pool_t *pool);

#endif
