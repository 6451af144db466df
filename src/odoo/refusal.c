#include "odoo/refusal.h"

#include <string.h>

#define EXPIRED                                                                                    \
    "\"code\":100,\"message\":\"Odoo Session Expired\",\"data\":{"                                 \
    "\"name\":\"odoo.http.SessionExpiredException\",\"message\":\"Session expired\","              \
    "\"arguments\":[\"Session expired\"],\"context\":{},\"debug\":\"\"}"

#define PAGE(sentence)                                                                             \
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"                      \
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"                   \
    "<meta name=\"color-scheme\" content=\"light dark\">\n"                                        \
    "<title>Your session was ended</title>\n</head>\n<body>\n<main>\n"                             \
    "<h1>Your session was ended</h1>\n<p>" sentence "</p>\n"                                       \
    "<p><a href=\"/web/login\">Log in again</a></p>\n</main>\n</body>\n</html>\n"

typedef struct page_t {
    const char *reason, *html;
} page_t;

static const page_t pages[] = {
    {"idle", PAGE("Nothing was done in it for longer than this site allows.")},
    {"lifetime", PAGE("It lasted as long as this site allows.")},
    {"limit", PAGE("You have logged in elsewhere, and this was the oldest of more sessions than "
                   "this site allows.")},
    {"manager", PAGE("An administrator ended it.")},
    {"owner", PAGE("You ended it from another session. If that was not you, change your password "
                   "and tell an administrator.")},
};

static const char other[] = PAGE("It is not valid any more.");

/* No "<" and no "&" within: the download code reads the answer as HTML first. */
const char *refusal_json(void)
{
    return "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{" EXPIRED "}," EXPIRED "}";
}

const char *refusal_html(const char *reason)
{
    for (int i = 0; reason && i < (int)(sizeof(pages) / sizeof(pages[0])); i++) {
        if (strcmp(pages[i].reason, reason) == 0) {
            return pages[i].html;
        }
    }
    return other;
}
