#include "text/glob.h"

#include <stddef.h>

int glob_match(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL; /* where to take up after giving a "*" one byte more */

    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            resume = text;
        }
        else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        }
        else if (star) {
            pattern = star;
            text = ++resume;
        }
        else {
            return 0;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}
