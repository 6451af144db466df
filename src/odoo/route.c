#include "odoo/route.h"

#include <string.h>

#include <apr_strings.h>

#include "route_table.h"
#include "text/path.h"

#define ANY_SEGMENT '<'

static const route_t other = {
    ROUTE_OTHER, "",   0,    "http", ROUTE_BODY_ANY, ROUTE_REPLY_ANY, 1, 0, 0, OPERATION_NONE, NULL,
    NULL,        NULL, NULL, NULL};

/* The end of the segment of a path, or of a row's path, that begins here. */
static const char *segment_end(const char *segment)
{
    return segment + strcspn(segment, "/");
}

/* Where the path goes on behind the row's path, or NULL if it does not start with it. */
static const char *match_prefix(const route_t *route, const char *path)
{
    const char *pattern = route->path;

    while (*pattern) {
        if (*pattern == ANY_SEGMENT) {
            const char *end = segment_end(path);

            if (end == path) {
                return NULL;
            }
            pattern = segment_end(pattern);
            path = end;
        }
        else if (*pattern++ != *path++) {
            return NULL;
        }
    }
    return path;
}

/* What stands behind the matched path and its slash ("" if nothing), or NULL without a match. */
static const char *match_tail(const route_t *route, const char *path)
{
    const char *rest = match_prefix(route, path);

    if (!rest || *rest == '\0') {
        return rest;
    }
    return route->tail && *rest == '/' ? rest + 1 : NULL;
}

/* Behind a language only what means something is looked for: a custom "/fleet/bus/create" must not
 * pass as noise, nor "/web/content/static/x" as a static file, by the loss of its first segment. */
static int stands_behind_language(const route_t *route)
{
    switch (route->kind) {
    case ROUTE_STATIC:
    case ROUTE_POLL:
    case ROUTE_WEBSOCKET:
    case ROUTE_PAGE:
        return 0;
    default:
        return 1;
    }
}

static const route_t *find_row(const char *path, int behind_language)
{
    for (apr_size_t i = 0; i < route_table_length; i++) {
        if ((!behind_language || stands_behind_language(&route_table[i])) &&
            match_tail(&route_table[i], path)) {
            return &route_table[i];
        }
    }
    return NULL;
}

const route_t *route_find(const char *path)
{
    const route_t *route = find_row(path, 0);

    if (!route) {
        const char *rest = path_without_first_segment(path);

        route = rest ? find_row(rest, 1) : NULL;
    }
    return route ? route : &other;
}

/* The path without a language, if it has one. */
static const char *plain_path(const route_t *route, const char *path)
{
    return match_tail(route, path) ? path : path_without_first_segment(path);
}

static const char *route_tail(const route_t *route, const char *path)
{
    const char *tail = match_tail(route, path), *plain;

    if (tail) {
        return tail;
    }
    plain = path_without_first_segment(path);
    return plain ? match_tail(route, plain) : NULL;
}

int route_claim(const route_t *route, const char *path, const char **model, const char **method,
                apr_pool_t *pool)
{
    const char *tail = route_tail(route, path);
    const char *parting;

    if (!tail) {
        return 0;
    }
    parting = strrchr(tail, '/');
    if (!parting) {
        parting = strrchr(tail, '.');
    }
    if (!parting || parting == tail || parting[1] == '\0') {
        return 0;
    }
    *model = apr_pstrmemdup(pool, tail, (apr_size_t)(parting - tail));
    *method = parting + 1;
    return 1;
}

const char *route_segment(apr_pool_t *pool, const route_t *route, const char *path,
                          const char *segment)
{
    const char *pattern = route->path;
    const char *place = strstr(pattern, segment);

    path = plain_path(route, path);
    if (!place || !path) {
        return NULL;
    }
    while (pattern < place) {
        int any = *pattern == ANY_SEGMENT;

        pattern = any ? segment_end(pattern) : pattern + 1;
        path = any ? segment_end(path) : path + 1;
    }
    return route->tail && *segment_end(pattern) == '\0'
               ? path
               : apr_pstrmemdup(pool, path, (apr_size_t)(segment_end(path) - path));
}

const char *route_behind(const route_t *route, const char *path)
{
    return route_tail(route, path);
}

const route_t *route_row(apr_size_t index)
{
    return index < route_table_length ? &route_table[index] : NULL;
}
