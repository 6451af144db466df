#include "httpd/runtime.h"

#include <httpd.h>

#include <http_log.h>

#include <apr_atomic.h>

APLOG_USE_MODULE(user_audit);

static runtime_t process_runtime;
static apr_uint32_t journal_failing;

runtime_t *runtime(void)
{
    return &process_runtime;
}

apr_status_t runtime_append(journal_kind_t kind, apr_uint64_t number, const event_t *event)
{
    runtime_t *self = runtime();
    journal_t *journal = __atomic_load_n(&self->journal, __ATOMIC_ACQUIRE);
    apr_status_t status = journal ? journal_append(journal, kind, number, event) : APR_ENOTIMPL;

    if (status != APR_SUCCESS) {
        board_add(self->board, BOARD_EVENTS_LOST, kind != JOURNAL_INTENT);
        if (apr_atomic_xchg32(&journal_failing, 1) == 0) {
            ap_log_error(APLOG_MARK, APLOG_ERR, status, self->server,
                         "user_audit: the journal in %s cannot be written; %s until it can",
                         self->journal_folder,
                         self->installation->refuse_on_journal_failure
                             ? "requests that may change data are refused with 503"
                             : "Odoo's traffic goes on and events are lost and counted");
        }
    }
    else if (apr_atomic_read32(&journal_failing) && apr_atomic_xchg32(&journal_failing, 0) == 1) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, self->server,
                     "user_audit: the journal is written again; %" APR_UINT64_T_FMT
                     " events of this child were lost",
                     journal_lost(journal));
    }
    return status;
}
