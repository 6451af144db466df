/* Which sessions of a site are refused: by the rules in force, and because everybody on the site
 * was ended. Any process and thread; no system call. */
#ifndef HTTPD_LIMITS_H
#define HTTPD_LIMITS_H

#include "httpd/exchange.h"

/* What the gate holds a session to at this moment. */
session_limits_t limits_of(const exchange_t *exchange);

/* 1 if the session is refused: it has ended as one that is not simply logged out, or everybody on
 * its site was ended since it began. Idle time is the gate's to look at. */
int limits_refuse(const site_t *site, const session_t *session);

#endif
