#include "keeper_state.h"

#include <stdarg.h>

#include <apr_strings.h>

#define LINE_SIZE 1024

void keeper_log(const keeper_t *keeper, keeper_level_t level, apr_status_t status,
                const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;

    if (keeper->config->log) {
        va_start(arguments, format);
        apr_vsnprintf(line, sizeof(line), format, arguments);
        va_end(arguments);
        keeper->config->log(keeper->config->log_payload, level, status, line);
    }
}

int keeper_stopping(const keeper_t *keeper)
{
    return keeper->config->stop && *keeper->config->stop;
}
