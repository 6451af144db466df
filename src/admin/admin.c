#include "admin/admin.h"

#include <stdlib.h>
#include <string.h>

#include <apr_cstr.h>
#include <apr_escape.h>
#include <apr_strings.h>

#include "answer.h"
#include "page.h"

#define MAX_ACCEPT 1024

typedef enum access_t {
    ACCESS_VISITOR, /* who has no Odoo session is led to the login */
    ACCESS_CSV,     /* ... or told in JSON, since no person reads the answer */
    ACCESS_ANYBODY
} access_t;

typedef struct page_route_t {
    const char *path; /* each "*" stands for one segment */
    const char *methods;
    access_t access;
    page_handler_t handler;
} page_route_t;

static apr_status_t home(page_t *page, const char *argument)
{
    (void)argument;
    return answer_redirect(page, apr_pstrcat(page->pool, page->request->base, "/overview", NULL));
}

static apr_status_t settings(page_t *page, const char *argument)
{
    return strcmp(page->request->method, "POST") ? settings_page(page, argument)
                                                 : settings_change(page, argument);
}

#define READING "GET, HEAD"

static const page_route_t csv_route = {"", READING, ACCESS_CSV, activity_csv};
static const page_route_t metrics_route = {"", READING, ACCESS_ANYBODY, metrics};

static const page_route_t routes[] = {
    {"", READING, ACCESS_VISITOR, home},
    {"/", READING, ACCESS_VISITOR, home},
    {"/overview", READING, ACCESS_VISITOR, overview_page},
    {"/sessions", READING, ACCESS_VISITOR, sessions_page},
    {"/sessions/*/revoke", "POST", ACCESS_VISITOR, sessions_revoke},
    {"/sessions/*/lift", "POST", ACCESS_VISITOR, sessions_lift},
    {"/sessions/revoke-others", "POST", ACCESS_VISITOR, sessions_revoke_others},
    {"/sessions/*", READING, ACCESS_VISITOR, session_page},
    {"/users/*/revoke", "POST", ACCESS_VISITOR, users_revoke},
    {"/users/*/*/*/revoke", "POST", ACCESS_VISITOR, users_revoke},
    {"/site/revoke", "POST", ACCESS_VISITOR, site_revoke},
    {"/activity", READING, ACCESS_VISITOR, activity_page},
    {"/activity.csv", READING, ACCESS_CSV, activity_csv},
    {"/activity.jsonl", READING, ACCESS_CSV, activity_json_lines},
    {"/activity/*", READING, ACCESS_VISITOR, activity_event},
    {"/records/*", READING, ACCESS_VISITOR, record_page},
    {"/holds", READING ", POST", ACCESS_VISITOR, holds_page},
    {"/holds/*/lift", "POST", ACCESS_VISITOR, holds_lift},
    {"/settings", READING ", POST", ACCESS_VISITOR, settings},
    {"/alerts", READING, ACCESS_VISITOR, alerts_page},
    {"/alerts/test", "POST", ACCESS_VISITOR, alerts_test},
    {"/alerts/opt-out", "POST", ACCESS_VISITOR, alerts_opt_out},
    {"/health", READING, ACCESS_VISITOR, health_page},
    {"/health/verify", "POST", ACCESS_VISITOR, health_verify},
    {"/metrics", READING, ACCESS_CSV, metrics},
    {"/assets/*", READING, ACCESS_ANYBODY, answer_asset},
};

/* 1 if the path is the route's; *argument is then what stands from its first "*" to the end of its
 * last one, or NULL. */
static int route_matches(const char *route, const char *path, apr_pool_t *pool,
                         const char **argument)
{
    const char *begin = NULL, *end = NULL;

    for (; *route; route++) {
        apr_size_t segment = *route == '*' ? strcspn(path, "/") : 1;

        if (segment == 0 || (*route != '*' && *route != *path)) {
            return 0;
        }
        begin = begin || *route != '*' ? begin : path;
        path += segment;
        end = *route == '*' ? path : end;
    }
    *argument = begin ? apr_pstrmemdup(pool, begin, (apr_size_t)(end - begin)) : NULL;
    return !*path;
}

static const page_route_t *find_route(const admin_request_t *request, const char **argument)
{
    *argument = NULL;
    if (request->metrics_only) {
        return &metrics_route;
    }
    if (request->csv_only) {
        return &csv_route;
    }
    for (int i = 0; i < (int)(sizeof(routes) / sizeof(routes[0])); i++) {
        if (route_matches(routes[i].path, request->path, request->pool, argument)) {
            return &routes[i];
        }
    }
    return NULL;
}

static int method_allowed(const page_route_t *route, const char *method)
{
    const char *at = strstr(route->methods, method);

    return *method && at && strchr(",", at[strlen(method)]) &&
           (at == route->methods || at[-1] == ' ');
}

/* ---- HTML or JSON ---- */

typedef struct preference_t {
    double json, html;
    int json_first;
} preference_t;

static double quality(const char *parameters)
{
    const char *q = parameters ? strstr(parameters, "q=") : NULL;

    return q ? strtod(q + 2, NULL) : 1.0;
}

static void read_range(preference_t *preference, char *range)
{
    char *parameters = strchr(range, ';');

    if (parameters) {
        *parameters++ = '\0';
    }
    apr_collapse_spaces(range, range);
    if (apr_cstr_casecmp(range, "application/json") == 0) {
        preference->json = quality(parameters);
        preference->json_first = preference->html < 0;
    }
    else if (apr_cstr_casecmp(range, "text/html") == 0) {
        preference->html = quality(parameters);
    }
}

/* JSON where Accept names it and does not like HTML better. */
static int prefers_json(const char *accept, apr_pool_t *pool)
{
    preference_t preference = {.json = -1, .html = -1};
    char *state = NULL, *list = apr_pstrndup(pool, accept ? accept : "", MAX_ACCEPT);

    for (char *range = apr_strtok(list, ",", &state); range;
         range = apr_strtok(NULL, ",", &state)) {
        read_range(&preference, range);
    }
    return preference.json > 0 && (preference.json > preference.html ||
                                   (preference.json == preference.html && preference.json_first));
}

static int wants_json(const page_t *page)
{
    const char *format = page_parameter(page, "format");

    if (format) {
        return strcmp(format, "json") == 0;
    }
    if (page_body_is(page, PAGE_JSON_TYPE)) {
        return 1;
    }
    return prefers_json(page->request->accept, page->pool);
}

/* ---- */

static apr_status_t answer_login(page_t *page)
{
    const admin_request_t *request = page->request;
    const char *back = apr_pstrcat(page->pool, request->base, NULL);

    if (strcmp(request->method, "POST") != 0) {
        back = apr_pstrcat(page->pool, back, request->path, request->query ? "?" : "",
                           request->query ? request->query : "", NULL);
    }
    return answer_redirect(page, apr_pstrcat(page->pool, "/web/login?redirect=",
                                             apr_pescape_urlencoded(page->pool, back), NULL));
}

static apr_status_t dispatch(page_t *page)
{
    const admin_request_t *request = page->request;
    const char *argument;
    const page_route_t *route = find_route(request, &argument);
    access_t access = route ? route->access : ACCESS_VISITOR;

    if (!request->visitor.known && access != ACCESS_ANYBODY) {
        return page->json || access == ACCESS_CSV ? answer_expired(page) : answer_login(page);
    }
    if (!route) {
        return answer_error(page, 404, "There is no such page.");
    }
    if (!method_allowed(route, request->method)) {
        return answer_not_allowed(page, route->methods);
    }
    return route->handler(page, argument);
}

apr_status_t admin_handle(admin_request_t *request, const char **problem)
{
    page_t page = {.request = request, .pool = request->pool, .status = 200};
    apr_status_t status;

    page.view = json_new_object(request->pool);
    page.zone =
        zone_find(page.pool, request->visitor.known ? request->visitor.session.timezone : NULL);
    page.json = wants_json(&page);
    status = dispatch(&page);
    *problem = page.problem;
    return status;
}
