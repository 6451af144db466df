/* The rules in force for a site: what httpd.conf says, its floor, and what managers of the site add
 * to it on the page. A set of rules never changes once it is made; a change makes another set. */
#ifndef HTTPD_RULES_H
#define HTTPD_RULES_H

#include <httpd.h>

#include "odoo/call.h"
#include "odoo/redact.h"
#include "odoo/track.h"
#include "session/table.h"
#include "settings/settings.h"

typedef struct rules_t {
    const track_t *track;
    const redact_t *redact;
    values_level_t values;
    session_limits_t limits;
    int user_sessions; /* the most open ones of one user; 0: any number */
} rules_t;

struct site_t;

/* The rules of a site as they stand at this moment, good for as long as the request lives, however
 * long that is and whatever is changed meanwhile. Any thread of a child; no lock and no system call
 * unless a manager has changed something since this child's last request. Never NULL. */
const rules_t *rules_of(request_rec *request, const struct site_t *site);

/* The rules that settings make. They live in the pool. Configuration time and rules_of. */
void rules_compile(rules_t *rules, const settings_t *settings, apr_pool_t *pool);

/* The site's rules, of which a process keeps those in force and those that requests still use. */
typedef struct site_rules_t site_rules_t;
site_rules_t *site_rules_create(apr_pool_t *pool);

#endif
