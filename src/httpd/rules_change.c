/* A change of settings: on record before it is on disk, on disk before it is in force. */
#include "httpd/exchange.h"
#include "httpd/runtime.h"

static event_t *change_event(exchange_t *exchange, const char *changes)
{
    event_t *event = record_event(exchange, OPERATION_SETTINGS_CHANGED);

    record_session(event, &exchange->session);
    event_set(event, EVENT_OUTCOME, NULL);
    event_set(event, EVENT_VALUES, changes);
    return event;
}

/* The intent is what stays, as `unknown`, of a change in whose middle the process died. */
static void conclude(exchange_t *exchange, apr_uint64_t number, apr_status_t status)
{
    event_t *event = event_create(exchange->request->pool);

    event_set(event, EVENT_OPERATION, operation_name(OPERATION_SETTINGS_CHANGED));
    event_set(event, EVENT_OUTCOME,
              outcome_name(status == APR_SUCCESS ? OUTCOME_SUCCESS : OUTCOME_FAILED));
    runtime_append(JOURNAL_OUTCOME, number, event);
}

/* Later than the version before, even if the clock was set back. */
static void describe(exchange_t *exchange, settings_record_t *record, apr_time_t expected)
{
    apr_time_t now = apr_time_now();

    record->site = exchange->site->name;
    record->time = now > expected ? now : expected + 1;
    record->node = runtime()->node;
    record->login = exchange->session.login;
    record->session = exchange->session.reference;
}

apr_status_t rules_change(exchange_t *exchange, settings_record_t *record, apr_time_t expected,
                          const char *changes)
{
    runtime_t *self = runtime();
    apr_uint64_t number;
    int stored = 0;
    apr_status_t status;

    if (!self->journal) {
        return APR_ENOTIMPL;
    }
    describe(exchange, record, expected);
    number = journal_next_number(self->journal);
    status = runtime_append(JOURNAL_INTENT, number, change_event(exchange, changes));
    if (status != APR_SUCCESS) {
        return status; /* what cannot be put on record is not done */
    }
    status = settings_file_store(self->settings_file, record, expected, &stored,
                                 exchange->request->pool);
    if (status == APR_SUCCESS && !stored) {
        status = APR_EEXIST;
    }
    if (status == APR_SUCCESS) {
        board_settings_changed(self->board);
    }
    conclude(exchange, number, status);
    return status;
}
