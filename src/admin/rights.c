#include "rights.h"

#include <string.h>

int rights_named(const admin_request_t *request)
{
    return request->visitor.manager || request->visitor.session.uid > 0;
}

/* A manager of one site asks for that site alone, whatever site the address asks for. */
static int limit_site(const admin_request_t *request, const char **site)
{
    if (*site && strcmp(*site, request->site) != 0) {
        return 0;
    }
    *site = request->site;
    return 1;
}

int rights_limit_events(const admin_request_t *request, event_filter_t *filter)
{
    if (!rights_named(request) || !limit_site(request, &filter->site)) {
        return 0;
    }
    if (!request->visitor.manager) {
        filter->own_only = 1;
        filter->own_site = request->site;
        filter->own_database = request->visitor.session.database;
        filter->own_uid = request->visitor.session.uid;
    }
    return 1;
}

int rights_limit_sessions(const admin_request_t *request, session_filter_t *filter)
{
    if (!rights_named(request) || !limit_site(request, &filter->site)) {
        return 0;
    }
    if (!request->visitor.manager) {
        filter->own_only = 1;
        filter->own_site = request->site;
        filter->own_database = request->visitor.session.database;
        filter->own_uid = request->visitor.session.uid;
    }
    return 1;
}

int rights_see_session(const admin_request_t *request, const session_t *session)
{
    const session_t *own = &request->visitor.session;

    if (strcmp(session->site, request->site) != 0) {
        return 0;
    }
    if (request->visitor.manager || strcmp(session->reference, own->reference) == 0) {
        return 1;
    }
    return own->uid > 0 && session->uid == own->uid &&
           strcmp(session->database, own->database) == 0;
}
