/* How sessions come and go, between the files of this room. */
#ifndef HTTPD_LIFE_H
#define HTTPD_LIFE_H

#include "httpd/exchange.h"

/* The session that the answer is about: the one it sets if it sets another, else the request's. 0:
 * neither. */
int life_subject(const exchange_t *exchange, fingerprint_t *fingerprint);
/* An open session of that kind, seen first in this request. */
session_t life_prototype(exchange_t *exchange, const fingerprint_t *fingerprint,
                         session_kind_t kind);
/* Makes or re-opens the slot, and tells. 0 if the session may not be used: it was ended meanwhile.
 */
int life_admit(exchange_t *exchange, const session_t *proto);
/* Gives it the name; *session is then as the table has it. continues: the reference that it had
 * before Odoo gave it another id, NULL if it is a new session. */
void life_identify(exchange_t *exchange, const fingerprint_t *fingerprint,
                   const session_t *identity, const char *continues, session_t *session);

/* ---- callers without a cookie: caller.c ---- */

/* The answer to such a call: *session is then who it was. */
void caller_settle(exchange_t *exchange, const reply_t *reply, session_t *session);

/* ---- ends: ending.c ---- */

/* A session of this user was named: the oldest beyond UserAuditMaxUserSessions end. Blocks on one
 * fsync if there are any. */
void ending_limit(exchange_t *exchange, const session_t *newcomer);

/* Ends on disk and in memory what the table does not know yet, and tells. */
void ending_unseen(exchange_t *exchange, session_t *session, session_reason_t reason);

#endif
