/* What the client of a session that is over is told. Constant texts: refusing costs nothing. */
#ifndef ODOO_REFUSAL_H
#define ODOO_REFUSAL_H

#define REFUSAL_STATUS 401
/* Of our own making, so that no browser asks for a password. */
#define REFUSAL_CHALLENGE "Session"
#define REFUSAL_JSON_TYPE "application/json"
#define REFUSAL_HTML_TYPE "text/html; charset=utf-8"

/* One object in both forms that Odoo's web client reads: with the envelope of a call, and bare for
 * its download code. Makes every version show its own "session expired" dialog. */
const char *refusal_json(void);

/* A page that says what happened and leads to the login. reason: the name of a session's reason
 * ("idle", "lifetime", "limit", "manager", "owner"); NULL and any other word give the general
 * sentence. */
const char *refusal_html(const char *reason);

#endif
