#include "dialect.h"

#include <string.h>

static const dialect_t *const dialects[] = {&dialect_sqlite, &dialect_postgresql};

const dialect_t *dialect_find(const char *driver)
{
    for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        if (driver && !strcmp(dialects[i]->driver, driver)) {
            return dialects[i];
        }
    }
    return NULL;
}
