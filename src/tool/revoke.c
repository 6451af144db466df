/* user-audit revoke: ends a session without httpd, or beside it. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "session/revocation.h"
#include "text/json_value.h"
#include "tool.h"
#include "trail/journal.h"

#define SLOTS 4000000 /* as many as UserAuditMaxSessions allows; memory is taken as needed */
#define VALUES_LIMIT 4096
#define MOST_NOTE 500

static int cannot(const char *what, const char *path, apr_status_t status)
{
    char reason[128];

    fprintf(stderr, "user-audit: cannot %s %s: %s\n", what, path,
            apr_strerror(status, reason, sizeof(reason)));
    return EXIT_UNREADABLE;
}

/* What root makes in the folder, httpd's user could not read. */
static int become_owner(const char *folder)
{
    struct stat status;

    if (stat(folder, &status)) {
        return cannot("use", folder, errno);
    }
    if (geteuid() == 0 && status.st_uid != 0 &&
        (setgroups(0, NULL) || setgid(status.st_gid) || setuid(status.st_uid))) {
        return cannot("become the owner of", folder, errno);
    }
    return EXIT_SUCCESS;
}

/* Who types this, before the process becomes somebody else. */
static const char *operator_name(apr_pool_t *pool)
{
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *user = getpwuid(getuid());

    return sudo && *sudo ? apr_pstrdup(pool, sudo)
                         : apr_pstrdup(pool, user ? user->pw_name : "unknown");
}

static apr_status_t find(const tool_t *tool, const char *revoked, session_t *session)
{
    const char *sessions = apr_pstrcat(tool->pool, tool->state_dir, "/sessions", NULL);
    session_table_t *table;
    unsigned loaded, unreadable;
    apr_status_t status = session_table_create(&table, tool->pool, SLOTS);

    if (status == APR_SUCCESS) {
        status = revocation_load(revoked, table, apr_time_now(), &loaded, &unreadable, tool->pool);
    }
    if (status == APR_SUCCESS) {
        status = session_snapshot_load(sessions, table, apr_time_now(), boot_time_now(), &loaded,
                                       tool->pool);
    }
    return status == APR_SUCCESS ? session_table_find_reference(table, tool->argument, session)
                                 : status;
}

static event_t *revoked_event(const tool_t *tool, const session_t *session, const char *operator)
{
    event_t *event = event_create(tool->pool);
    json_value_t *values = json_new_object(tool->pool);
    buffer_t buffer;

    json_set(values, "reason",
             json_new_string(tool->pool, session_reason_name(SESSION_REASON_MANAGER)));
    json_set(values, "by", json_new_string(tool->pool, operator));
    json_set(values, "with", json_new_string(tool->pool, "user-audit"));
    if (tool->note) {
        json_set(values, "note", json_new_string(tool->pool, tool->note));
    }
    buffer_init(&buffer, tool->pool, VALUES_LIMIT);
    json_write(&buffer, values);
    event_set_time(event, EVENT_TIME, apr_time_now());
    event_set(event, EVENT_CHANNEL, "module");
    event_set(event, EVENT_OPERATION, "session_revoked");
    event_set(event, EVENT_OUTCOME, "success");
    event_set(event, EVENT_SITE, session->site);
    event_set(event, EVENT_DATABASE, session->database);
    event_set(event, EVENT_LOGIN, session->login);
    event_set(event, EVENT_USER, session->name);
    event_set(event, EVENT_SESSION, session->reference);
    if (session->uid > 0) {
        event_set_integer(event, EVENT_UID, session->uid);
    }
    event_set(event, EVENT_VALUES, buffer_string(&buffer));
    return event;
}

/* A segment of its own, which the keeper reads like any other's, be it days later. */
static apr_status_t append_event(const tool_t *tool, const event_t *event)
{
    const char *folder = apr_pstrcat(tool->pool, tool->state_dir, "/journal", NULL);
    journal_t *journal;
    apr_status_t status = journal_open(&journal, tool->pool, folder, JOURNAL_SYNC_ALWAYS, 0);

    if (status == APR_SUCCESS) {
        status = journal_append(journal, JOURNAL_EVENT, journal_next_number(journal), event);
        journal_close(journal);
    }
    return status;
}

static int end_session(tool_t *tool, const char *revoked, const session_t *session,
                       const char *operator)
{
    apr_status_t status =
        revocation_append(revoked, session, SESSION_REASON_MANAGER, apr_time_now(), tool->pool);

    if (status != APR_SUCCESS) {
        return cannot("write", revoked, status);
    }
    status = append_event(tool, revoked_event(tool, session, operator));
    if (status != APR_SUCCESS) {
        cannot("tell the trail in", tool->state_dir, status);
    }
    printf("session %s of %s has ended\n", session->reference,
           *session->login ? session->login : "nobody known");
    return EXIT_SUCCESS;
}

int tool_revoke(tool_t *tool)
{
    const char *revoked = apr_pstrcat(tool->pool, tool->state_dir, "/revoked", NULL);
    const char *operator= operator_name(tool->pool);
    session_t session;
    int result = become_owner(tool->state_dir);
    apr_status_t status;

    if (result) {
        return result;
    }
    if (tool->note && strlen(tool->note) > MOST_NOTE) {
        fprintf(stderr, "user-audit: the note is longer than %d bytes\n", MOST_NOTE);
        return EXIT_UNREADABLE;
    }
    status = find(tool, revoked, &session);
    if (APR_STATUS_IS_NOTFOUND(status)) {
        fprintf(stderr,
                "user-audit: %s knows no session %s; one that began less than 30 seconds ago is "
                "known then\n",
                tool->state_dir, tool->argument);
        return EXIT_UNREADABLE;
    }
    if (status != APR_SUCCESS) {
        return cannot("read the sessions of", tool->state_dir, status);
    }
    if (session.state == SESSION_REVOKED) {
        printf("session %s has ended before\n", session.reference);
        return EXIT_SUCCESS;
    }
    return end_session(tool, revoked, &session, operator);
}
