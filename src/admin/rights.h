/* What a visitor may see, said once and put into every query. Private to the room. */
#ifndef ADMIN_RIGHTS_H
#define ADMIN_RIGHTS_H

#include "admin/admin.h"

/* 0 if the visitor may see nothing but their own session: one whose user Odoo has not named yet. */
int rights_named(const admin_request_t *request);

/* Narrows the filter to what the visitor may see. Returns 0 if nothing of it can be seen: then the
 * store must not be asked, because an empty restriction would mean none. */
int rights_limit_events(const admin_request_t *request, event_filter_t *filter);
int rights_limit_sessions(const admin_request_t *request, session_filter_t *filter);

/* 1 if the visitor may see and end this session of the session table. */
int rights_see_session(const admin_request_t *request, const session_t *session);

#endif
