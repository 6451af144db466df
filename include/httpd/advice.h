/* What in httpd's configuration, outside of our own directives, would let something pass an audited
 * host unseen. Parent process, post_config. */
#ifndef HTTPD_ADVICE_H
#define HTTPD_ADVICE_H

#include <httpd.h>

/* Logs one warning for each: answers out of a cache that stands before every other module,
 * backends that are not asked by HTTP, and hosts of one site that are configured differently. After
 * config_check. Only looks at virtual hosts with UserAudit On and at what
 * they inherit. */
void advice_give(server_rec *server);

#endif
