/* How the audit fares, as numbers: for the health page and for scrapers. From shared memory alone,
 * so that it is known while the database is away. Private to the room. */
#ifndef ADMIN_HEALTH_FACTS_H
#define ADMIN_HEALTH_FACTS_H

#include "page.h"

/* The keeper tells of itself each second. */
#define HEALTH_KEEPER_SILENT apr_time_from_sec(10)

typedef struct health_facts_t {
    int keeper_up;
    apr_time_t keeper_started, keeper_seen;
    apr_int64_t lag;         /* seconds: nothing that waits in the journal is older */
    apr_int64_t forward_lag; /* seconds since a target of UserAuditForward has had no event */
    apr_int64_t waiting_bytes, journal_bytes, journal_limit, segments;
    board_database_t database;
    apr_time_t database_failed;
    char database_problem[BOARD_TEXT_SIZE];
    apr_int64_t stored, unparsed, gaps, lost, purged; /* events, since httpd was started */
    apr_int64_t sessions[SESSION_REVOKED + 1], room;  /* of all sites */
} health_facts_t;

void health_facts_read(health_facts_t *facts, const admin_request_t *request);

const char *health_database_word(board_database_t state); /* "works", "cannot be reached" ... */

/* Looks through the newest HEALTH_VERIFIED events and sets "verify" in the page's view. */
#define HEALTH_VERIFIED 10000
void health_add_verify(page_t *page);

#endif
