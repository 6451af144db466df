/* What setters of directives share: where a directive may stand, and how its words are read. Each
 * answers NULL, or the sentence that stops the start. Private to the room. */
#ifndef HTTPD_DIRECTIVE_WORDS_H
#define HTTPD_DIRECTIVE_WORDS_H

#include <apr_strings.h>

#include "httpd/config.h"
#include "text/duration.h"

static inline server_config_t *own(cmd_parms *cmd)
{
    return ap_get_module_config(cmd->server->module_config, &user_audit_module);
}

static inline const char *server_wide(cmd_parms *cmd)
{
    return ap_check_cmd_context(cmd, GLOBAL_ONLY);
}

/* Directives of a site may stand in the main server (then they are its virtual hosts' defaults) or
 * in a virtual host, but not in a <Location>: which session a request has is decided before. */
static inline const char *per_site(cmd_parms *cmd)
{
    return ap_check_cmd_context(cmd, NOT_IN_DIR_LOC_FILE);
}

static inline const char *wrong(cmd_parms *cmd, const char *value, const char *mend)
{
    return apr_psprintf(cmd->pool, "%s \"%s\": %s", cmd->cmd->name, value, mend);
}

static inline const char *read_time(cmd_parms *cmd, const char *value, apr_interval_time_t lowest,
                                    apr_interval_time_t *time)
{
    if (duration_parse(value, time) != APR_SUCCESS || *time < lowest) {
        return wrong(cmd, value,
                     apr_psprintf(cmd->pool,
                                  "say a time of at least %s, such as 90s, 30m, 12h or 400d",
                                  duration_format(cmd->pool, lowest)));
    }
    return NULL;
}

static inline const char *read_time_or_off(cmd_parms *cmd, const char *value,
                                           apr_interval_time_t *time)
{
    if (!strcasecmp(value, "off")) {
        *time = 0;
        return NULL;
    }
    return read_time(cmd, value, apr_time_from_sec(1), time);
}

typedef struct choice_t {
    const char *word;
    int value;
} choice_t;

static inline const char *read_choice(cmd_parms *cmd, const char *value, const choice_t *choices,
                                      int *chosen)
{
    const char *words = NULL;

    for (; choices->word; choices++) {
        if (!strcasecmp(value, choices->word)) {
            *chosen = choices->value;
            return NULL;
        }
        words = words ? apr_pstrcat(cmd->pool, words, ", ", choices->word, NULL) : choices->word;
    }
    return wrong(cmd, value, apr_pstrcat(cmd->pool, "say one of ", words, NULL));
}

/* That a file is there and can be opened. What stands in it is the keeper's to read, which is no
 * root and holds up no start. */
static inline const char *read_file_name(cmd_parms *cmd, const char *value, const char **path)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t status;
    char reason[128];

    *path = ap_server_root_relative(cmd->pool, value);
    if (!*path) {
        return wrong(cmd, value, "say the path of a file");
    }
    status = apr_stat(&info, *path, APR_FINFO_TYPE, cmd->temp_pool);
    if (status == APR_SUCCESS && info.filetype != APR_REG) {
        return wrong(cmd, value, "this is no file");
    }
    if (status == APR_SUCCESS) {
        status = apr_file_open(&file, *path, APR_FOPEN_READ, APR_OS_DEFAULT, cmd->temp_pool);
    }
    if (status != APR_SUCCESS) {
        return wrong(cmd, value,
                     apr_psprintf(cmd->pool, "the file cannot be read: %s",
                                  apr_strerror(status, reason, sizeof(reason))));
    }
    apr_file_close(file);
    return NULL;
}

#endif
