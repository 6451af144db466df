/* Whatever the request path: the decoded one is bounded and starts with exactly one slash. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "target.h"
#include "text/path.h"

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    const char *path, *rest;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    path = path_decode(pool, apr_pstrmemdup(pool, (const char *)data, size));
    require(path[0] == '/' && path[1] != '/');
    require(strlen(path) <= PATH_DECODED_MAX + 1);
    rest = path_without_first_segment(path);
    require(!rest || (rest > path && rest[0] == '/' && rest[1] && rest[1] != '/'));
    apr_pool_destroy(pool);
    return 0;
}
