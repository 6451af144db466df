#include "httpd/limits.h"

#include "httpd/runtime.h"

session_limits_t limits_of(const exchange_t *exchange)
{
    session_limits_t limits = exchange->rules->limits;

    limits.not_before = exchange->marked;
    return limits;
}

int limits_refuse(const site_t *site, const session_t *session)
{
    switch (session->state) {
    case SESSION_REVOKED:
    case SESSION_EXPIRED:
        return 1;
    case SESSION_OPEN:
        return session->kind == SESSION_KIND_COOKIE &&
               session->started < session_table_marked(runtime()->sessions, &site->mark);
    default:
        return 0;
    }
}
