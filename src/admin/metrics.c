/* The same numbers as Prometheus reads them: no names of anybody or anything but states. */
#include <apr_strings.h>

#include "answer.h"
#include "config.h"
#include "health_facts.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_LIMIT 16384

static void metric(buffer_t *buffer, const char *name, const char *type, const char *help,
                   apr_int64_t value)
{
    buffer_append_string(buffer, apr_psprintf(buffer->pool,
                                              "# HELP user_audit_%s %s\n# TYPE user_audit_%s %s\n"
                                              "user_audit_%s %" APR_INT64_T_FMT "\n",
                                              name, help, name, type, name, value));
}

static void gauge(buffer_t *buffer, const char *name, const char *help, apr_int64_t value)
{
    metric(buffer, name, "gauge", help, value);
}

static void counter(buffer_t *buffer, const char *name, const char *help, apr_int64_t value)
{
    metric(buffer, name, "counter", help, value);
}

static void keeper_metrics(buffer_t *buffer, const health_facts_t *facts)
{
    gauge(buffer, "keeper_up", "1 if the keeper has told of itself within 10 seconds.",
          facts->keeper_up);
    gauge(buffer, "keeper_lag_seconds", "No event that waits in the journal is older than that.",
          facts->lag);
    gauge(
        buffer, "forward_lag_seconds",
        "Since when a target of UserAuditForward has not taken what is due to it; 0: all have it.",
        facts->forward_lag);
    gauge(buffer, "journal_bytes", "Size of the journal on disk.", facts->journal_bytes);
    gauge(buffer, "journal_limit_bytes", "UserAuditJournalMaxSize.", facts->journal_limit);
    gauge(buffer, "journal_waiting_bytes", "Of the journal, not in the database yet.",
          facts->waiting_bytes);
    gauge(buffer, "database_up", "1 if the keeper can write the database.",
          facts->database == BOARD_DATABASE_WORKS);
    gauge(buffer, "database_failed_timestamp_seconds",
          "When the database last failed; 0: never since the keeper started.",
          apr_time_sec(facts->database_failed));
}

static void event_metrics(buffer_t *buffer, const health_facts_t *facts)
{
    counter(buffer, "events_stored_total", "Events moved into the database.", facts->stored);
    counter(buffer, "events_unparsed_total", "Calls among them that could not be read.",
            facts->unparsed);
    counter(buffer, "events_gaps_total", "Gap events among them.", facts->gaps);
    counter(buffer, "events_lost_total", "Events that the journal did not take.", facts->lost);
    counter(buffer, "events_purged_total", "Events deleted by retention.", facts->purged);
}

static void session_metrics(buffer_t *buffer, const health_facts_t *facts)
{
    buffer_append_string(buffer, "# HELP user_audit_sessions Sessions that this machine knows.\n"
                                 "# TYPE user_audit_sessions gauge\n");
    for (int state = SESSION_OPEN; state <= SESSION_REVOKED; state++) {
        buffer_append_string(
            buffer,
            apr_psprintf(buffer->pool, "user_audit_sessions{state=\"%s\"} %" APR_INT64_T_FMT "\n",
                         session_state_name((session_state_t)state), facts->sessions[state]));
    }
    gauge(buffer, "sessions_limit", "UserAuditMaxSessions in force.", facts->room);
}

apr_status_t metrics(page_t *page, const char *argument)
{
    health_facts_t facts;
    buffer_t buffer;

    (void)argument;
    if (!page->request->metrics_only && !page->request->visitor.manager) {
        return answer_error(page, 403, "Only managers see the health of this site's audit.");
    }
    health_facts_read(&facts, page->request);
    buffer_init(&buffer, page->pool, METRICS_LIMIT);
    buffer_append_string(&buffer, "# HELP user_audit_info The module's version.\n"
                                  "# TYPE user_audit_info gauge\n"
                                  "user_audit_info{version=\"" PACKAGE_VERSION "\"} 1\n");
    keeper_metrics(&buffer, &facts);
    event_metrics(&buffer, &facts);
    session_metrics(&buffer, &facts);
    answer_begin(page, METRICS_TYPE, NULL);
    return answer_write(page, buffer.data, buffer.length);
}
