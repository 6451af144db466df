#include "head_words.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "text/path.h"

static int begins(const char *text, const char *word)
{
    return strncasecmp(text, word, strlen(word)) == 0;
}

int head_says_json(const char *content_type)
{
    return content_type && begins(content_type, "application/json");
}

int head_says_file(const char *content_type, const char *content_disposition)
{
    /* Pictures, fonts, sounds and scripts belong to pages unless they are attached. */
    static const char *const files[] = {"application/pdf",
                                        "application/octet-stream",
                                        "application/msword",
                                        "application/rtf",
                                        "application/vnd.ms-excel",
                                        "application/vnd.ms-powerpoint",
                                        "application/vnd.oasis.opendocument",
                                        "application/vnd.openxmlformats",
                                        "application/zip",
                                        "application/gzip",
                                        "application/x-zip",
                                        "application/x-gzip",
                                        "application/x-tar",
                                        "application/x-7z",
                                        "text/csv",
                                        "text/calendar",
                                        "text/vcard",
                                        "text/x-vcard"};

    if (content_disposition && begins(content_disposition, "attachment")) {
        return 1;
    }
    for (apr_size_t i = 0; content_type && i < sizeof(files) / sizeof(files[0]); i++) {
        if (begins(content_type, files[i])) {
            return 1;
        }
    }
    return 0;
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
