#include "text/csv.h"

#include <string.h>

#define GUARD '\''
#define GUARDED "=+-@\t\r'"

void csv_append_cell(buffer_t *buffer, const char *text)
{
    int guarded, quoted;

    if (!text || !*text) {
        return;
    }
    guarded = strchr(GUARDED, *text) != NULL;
    quoted = text[strcspn(text, "\",\r\n")] != '\0';
    if (quoted) {
        buffer_append_char(buffer, '"');
    }
    if (guarded) {
        buffer_append_char(buffer, GUARD);
    }
    while (*text) {
        apr_size_t length = strcspn(text, "\"");

        buffer_append(buffer, text, length);
        text += length;
        if (*text) {
            buffer_append_string(buffer, "\"\"");
            text++;
        }
    }
    if (quoted) {
        buffer_append_char(buffer, '"');
    }
}

/* A cell that starts with an apostrophe of its own is guarded too, so the first is always ours. */
const char *csv_unguard(const char *text)
{
    return text && *text == GUARD ? text + 1 : text;
}
