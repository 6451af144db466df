/* Whatever the Cookie header: what was removed is gone, what was settled is what we read. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "target.h"
#include "text/cookie.h"

#define NAME "session_id"

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static void check_value(const char *value, unsigned occurrences)
{
    require(!value || (occurrences > 0 && strlen(value) <= COOKIE_MAX_VALUE));
}

static void check_removed(apr_pool_t *pool, const char *header)
{
    const char *rest = cookie_remove(pool, header, NAME);
    const char *value = cookie_value(pool, rest, NAME, NULL);

    require(!value || !*value);
}

static void check_settled(apr_pool_t *pool, const char *header, const char *value)
{
    const char *settled = cookie_settle(pool, header, NAME);
    const char *again;

    if (settled) {
        again = cookie_value(pool, settled, NAME, NULL);
        require(again && (!*again || (value && !strcmp(again, value))));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    const char *header, *value;
    unsigned occurrences;
    int cleared;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    header = apr_pstrmemdup(pool, (const char *)data, size);
    value = cookie_value(pool, header, NAME, &occurrences);
    check_value(value, occurrences);
    check_removed(pool, header);
    check_settled(pool, header, value);
    value = cookie_set_value(pool, header, NAME, &cleared);
    require(!value || *value || cleared);
    apr_pool_destroy(pool);
    return 0;
}
