#include "head_words.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "text/path.h"

int head_says_json(const char *content_type)
{
    static const char json[] = "application/json";

    return content_type && strncasecmp(content_type, json, sizeof(json) - 1) == 0;
}

const char *head_location_path(apr_pool_t *pool, const char *location)
{
    const char *path = location;
    const char *colon = strstr(location, "://");

    if (colon && location + strcspn(location, "/?#") == colon + 1) {
        path = colon + 3 + strcspn(colon + 3, "/?#");
    }
    return path_decode(pool, apr_pstrmemdup(pool, path, strcspn(path, "?#")));
}
