/* Ends of many sessions at once, the return of a program's, and ends inside Odoo. */
#include <string.h>

#include "table_layout.h"

#define ODOO_ANSWERED APR_UINT32_MAX

/* ---- everybody on a site ---- */

static apr_status_t move_mark(table_entry_t *entry, const session_t *mark)
{
    if (entry->session->ended < mark->ended) {
        entry->session->elsewhere = mark->elsewhere;
        table_end_session(entry, SESSION_REVOKED, mark->reason, mark->ended);
    }
    return APR_SUCCESS;
}

apr_status_t session_table_mark(session_table_t *table, const session_t *mark)
{
    session_t ended;

    if (mark->kind != SESSION_KIND_MARK) {
        return APR_EINVAL;
    }
    for (;;) {
        table_entry_t entry;
        apr_status_t rv = table_enter_change(&entry, table, &mark->fingerprint);

        if (rv == APR_SUCCESS) {
            rv = move_mark(&entry, mark);
            table_leave(&entry);
            return rv;
        }
        if (rv != APR_NOTFOUND) {
            return rv;
        }
        rv = session_table_end(table, &mark->fingerprint, SESSION_REVOKED, mark->reason, mark,
                               &ended);
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
}

apr_time_t session_table_marked(session_table_t *table, const fingerprint_t *mark)
{
    session_t session;

    return atomic_load(&table->marks) && session_table_find(table, mark, &session) == APR_SUCCESS &&
                   session.kind == SESSION_KIND_MARK
               ? session.ended
               : 0;
}

apr_time_t session_table_latest(const session_table_t *table)
{
    return atomic_load(&table->latest);
}

/* ---- by a limit, on one of several machines ---- */

int session_table_take_untold(session_table_t *table, const fingerprint_t *fingerprint,
                              session_t *session)
{
    table_entry_t entry;
    int taken;

    if (table_enter_change(&entry, table, fingerprint) != APR_SUCCESS) {
        return 0;
    }
    taken = entry.session->end_untold;
    entry.session->end_untold = 0;
    *session = *entry.session;
    table_leave_untold(&entry);
    return taken;
}

/* ---- programs ---- */

static int is_program(const session_t *session)
{
    return session->kind == SESSION_KIND_USER || session->kind == SESSION_KIND_KEY;
}

void table_begin_anew(table_entry_t *entry, apr_time_t now)
{
    session_t session = *entry->session;

    session.started = session.last_action = session.last_seen = now;
    session.started_boot = session.last_action_boot = boot_time_now();
    session.ended = 0;
    session.reason = SESSION_REASON_NONE;
    session.refused = 0;
    session.refusals = 0;
    table_replace(entry->table, entry->index, &session, SESSION_OPEN);
}

apr_status_t session_table_lift(session_table_t *table, const fingerprint_t *fingerprint,
                                apr_time_t now, session_t *lifted)
{
    table_entry_t entry;
    apr_status_t rv = table_enter_change(&entry, table, fingerprint);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!is_program(entry.session) || entry.session->state != SESSION_REVOKED) {
        rv = APR_EINVAL;
    }
    else {
        entry.session->elsewhere = 0;
        /* An end of the same microsecond must not outlast it. */
        table_begin_anew(&entry, now > entry.session->ended ? now : entry.session->ended + 1);
        *lifted = *entry.session;
    }
    table_leave(&entry);
    return rv;
}

/* ---- inside Odoo ---- */

static int may_ask_odoo(const session_t *session, apr_time_t now, apr_interval_time_t gap)
{
    return session->kind == SESSION_KIND_COOKIE &&
           (session->state == SESSION_REVOKED || session->state == SESSION_EXPIRED) &&
           session->odoo_asked != ODOO_ANSWERED &&
           (apr_uint32_t)apr_time_sec(now) - session->odoo_asked >= (apr_uint32_t)apr_time_sec(gap);
}

int session_table_claim_odoo_end(session_table_t *table, const fingerprint_t *fingerprint,
                                 apr_time_t now, apr_interval_time_t gap)
{
    table_entry_t entry;
    int claimed;

    if (table_enter_change(&entry, table, fingerprint) != APR_SUCCESS) {
        return 0;
    }
    claimed = may_ask_odoo(entry.session, now, gap);
    if (claimed) {
        entry.session->odoo_asked = (apr_uint32_t)apr_time_sec(now);
    }
    table_leave_untold(&entry);
    return claimed;
}

void session_table_odoo_ended(session_table_t *table, const fingerprint_t *fingerprint)
{
    table_entry_t entry;

    if (table_enter_change(&entry, table, fingerprint) == APR_SUCCESS) {
        entry.session->odoo_asked = ODOO_ANSWERED;
        table_leave_untold(&entry);
    }
}
