#include "glob_set.h"

#include <string.h>

#include "text/glob.h"

#define BYTES 256

/* A glob with its longest piece that has no "*" and no "?": a name without it does not match. */
typedef struct pattern_t {
    const char *glob;
    const char *piece;
    apr_size_t length;
    struct pattern_t *next;
} pattern_t;

struct glob_set_t {
    apr_pool_t *pool;
    pattern_t *starting[BYTES]; /* by the first byte of the piece */
    pattern_t *without;         /* without any piece */
};

glob_set_t *glob_set_create(apr_pool_t *pool)
{
    glob_set_t *set = apr_pcalloc(pool, sizeof(*set));

    set->pool = pool;
    return set;
}

static void find_piece(pattern_t *pattern)
{
    const char *at = pattern->glob;

    while (*at) {
        apr_size_t length = strcspn(at, "*?");

        if (length > pattern->length) {
            pattern->piece = at;
            pattern->length = length;
        }
        at += length + (at[length] != '\0');
    }
}

void glob_set_add(glob_set_t *set, const char *glob)
{
    pattern_t *pattern = apr_pcalloc(set->pool, sizeof(*pattern));
    pattern_t **list = &set->without;

    pattern->glob = glob;
    find_piece(pattern);
    if (pattern->length > 0) {
        list = &set->starting[(unsigned char)*pattern->piece];
    }
    pattern->next = *list;
    *list = pattern;
}

int glob_set_matches(const glob_set_t *set, const char *name)
{
    for (const pattern_t *pattern = set->without; pattern; pattern = pattern->next) {
        if (glob_match(pattern->glob, name)) {
            return 1;
        }
    }
    for (const char *at = name; *at; at++) {
        for (const pattern_t *pattern = set->starting[(unsigned char)*at]; pattern;
             pattern = pattern->next) {
            /* Nearly all differ in the second byte. */
            if ((pattern->length == 1 || at[1] == pattern->piece[1]) &&
                strncmp(at, pattern->piece, pattern->length) == 0 &&
                glob_match(pattern->glob, name)) {
                return 1;
            }
        }
    }
    return 0;
}
