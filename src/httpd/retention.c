#include "httpd/retention.h"

#include <string.h>
#include <strings.h>

#include "odoo/operation.h"

#define WRITES_KEPT apr_time_from_sec(400 * 86400)
#define READS_KEPT apr_time_from_sec(30 * 86400)

static const char *const writes[] = {"create", "write",         "unlink", "import",
                                     "call",   "unparsed_call", NULL};
static const char *const reads[] = {"read", "search", "export", "report", "download", NULL};
static const char *const logins[] = {"login",
                                     "login_failed",
                                     "logout",
                                     "session_started",
                                     "session_identified",
                                     "session_revoked",
                                     "session_expired",
                                     "session_limited",
                                     "session_refused",
                                     "session_lifted",
                                     "user_changed",
                                     "password_changed",
                                     "devices_revoked",
                                     NULL};

static const struct {
    const char *word;
    const char *const *operations;
} classes[] = {{"writes", writes}, {"reads", reads}, {"logins", logins}};

const char *const *retention_operations(apr_pool_t *pool, const char *word, int *single)
{
    const char **operations;

    *single = 0;
    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
        if (!strcasecmp(word, classes[i].word)) {
            return classes[i].operations;
        }
    }
    if (operation_from_name(word) == OPERATION_NONE) {
        return NULL;
    }
    *single = 1;
    operations = apr_pcalloc(pool, 2 * sizeof(*operations));
    operations[0] = word;
    return operations;
}

apr_array_header_t *retention_default(apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, 2, sizeof(retention_t));

    APR_ARRAY_PUSH(lines, retention_t) = (retention_t){writes, WRITES_KEPT, 0};
    APR_ARRAY_PUSH(lines, retention_t) = (retention_t){reads, READS_KEPT, 0};
    return lines;
}

apr_interval_time_t retention_of(const apr_array_header_t *lines, const char *operation)
{
    apr_interval_time_t age = 0;
    int single = 0;

    for (int i = 0; i < lines->nelts; i++) {
        const retention_t *line = &APR_ARRAY_IDX(lines, i, retention_t);

        for (const char *const *name = line->operations; *name; name++) {
            if (!strcasecmp(*name, operation) && line->single >= single) {
                age = line->age;
                single = line->single;
            }
        }
    }
    return age;
}
