#include "exception.h"

#include <string.h>

#include <apr.h>

const char *exception_class(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot ? dot + 1 : name;
}

int exception_is_denial(const char *name)
{
    static const char *const denials[] = {
        "AccessDenied",           "AccessError", "SessionExpiredException",
        "CheckIdentityException", "Forbidden",   "Unauthorized"};

    for (apr_size_t i = 0; i < sizeof(denials) / sizeof(denials[0]); i++) {
        if (strcmp(exception_class(name), denials[i]) == 0) {
            return 1;
        }
    }
    return 0;
}
