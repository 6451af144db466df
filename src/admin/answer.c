#include "answer.h"

#include <string.h>

#include <apr_strings.h>

#include "admin/csrf.h"
#include "admin/resource.h"
#include "odoo/refusal.h"
#include "view.h"

#define MAX_HEADERS 16 /* names and values, the closing NULL included */

static const char *const security_headers[] = {
    "Content-Security-Policy",
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options",
    "nosniff",
    "X-Frame-Options",
    "DENY",
    "Referrer-Policy",
    "same-origin",
    NULL,
};

typedef struct asset_type_t {
    const char *suffix, *type;
} asset_type_t;

static const asset_type_t asset_types[] = {
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
};

typedef struct link_t {
    const char *label, *path;
    int managers_only;
} link_t;

static const link_t navigation[] = {
    {"Overview", "/overview", 0}, {"Sessions", "/sessions", 0}, {"Activity", "/activity", 0},
    {"Holds", "/holds", 1},       {"Settings", "/settings", 1}, {"Alerts", "/alerts", 1},
    {"Health", "/health", 1},
};

static void start(page_t *page, int status, const char *content_type, const char *caching,
                  const char *name, const char *value)
{
    const char *headers[MAX_HEADERS];
    int count = 0;

    while (security_headers[count]) {
        headers[count] = security_headers[count];
        count++;
    }
    headers[count++] = "Cache-Control";
    headers[count++] = caching;
    if (value) {
        headers[count++] = name;
        headers[count++] = value;
    }
    headers[count] = NULL;
    page->request->start(page->request->payload, status, content_type, headers);
}

apr_status_t answer_write(void *page, const char *data, apr_size_t length)
{
    const admin_request_t *request = ((page_t *)page)->request;

    if (length == 0 || strcmp(request->method, "HEAD") == 0) {
        return APR_SUCCESS;
    }
    return request->write(request->payload, data, length);
}

void answer_begin(page_t *page, const char *content_type, const char *disposition)
{
    start(page, 200, content_type, "no-store", "Content-Disposition", disposition);
}

static const char *asset_link(page_t *page, const char *name)
{
    const resource_t *resource = resource_find(name);

    return apr_psprintf(page->pool, "%s/assets/%s?v=%s", page->request->base, name,
                        resource ? resource->version : "");
}

static json_value_t *navigation_links(page_t *page)
{
    json_value_t *links = json_new_array(page->pool);

    for (int i = 0; i < (int)(sizeof(navigation) / sizeof(navigation[0])); i++) {
        const link_t *link = &navigation[i];
        json_value_t *item;

        if (link->managers_only && !page->request->visitor.manager) {
            continue;
        }
        item = json_push(links, json_new_object(page->pool));
        json_set(item, "label", json_new_string(page->pool, link->label));
        json_set(item, "href",
                 json_new_string(page->pool,
                                 apr_pstrcat(page->pool, page->request->base, link->path, NULL)));
        json_set(item, "current",
                 json_new_boolean(page->pool, strcmp(page->request->path, link->path) == 0));
    }
    return links;
}

/* What stands around every page's own content. */
static void add_frame(page_t *page)
{
    const admin_visitor_t *visitor = &page->request->visitor;
    json_value_t *frame = json_set(page->view, "frame", json_new_object(page->pool));

    json_set(frame, "title", json_new_string(page->pool, page->title));
    json_set(frame, "base", json_new_string(page->pool, page->request->base));
    json_set(frame, "site", json_new_string(page->pool, page->request->site));
    json_set(frame, "style", json_new_string(page->pool, asset_link(page, "style.css")));
    json_set(frame, "script", json_new_string(page->pool, asset_link(page, "script.js")));
    json_set(frame, "user",
             json_new_string(page->pool, *visitor->session.name ? visitor->session.name
                                                                : visitor->session.login));
    json_set(frame, "known", json_new_boolean(page->pool, visitor->known));
    json_set(frame, "manager", json_new_boolean(page->pool, visitor->manager));
    json_set(frame, "zone",
             json_new_string(page->pool,
                             visitor->known ? zone_words(page->zone, page->request->now, page->pool)
                                            : NULL));
    json_set(frame, "navigation", navigation_links(page));
}

static void add_token(page_t *page)
{
    const admin_request_t *request = page->request;
    char token[CSRF_TOKEN_SIZE];

    if (request->visitor.known && !json_member(page->view, "csrf_token")) {
        csrf_token(request->key, request->visitor.session.reference, request->now, token);
        json_set(page->view, "csrf_token",
                 json_new_string(page->pool, apr_pstrdup(page->pool, token)));
    }
}

static apr_status_t send_view(page_t *page, const char *name, const char *value)
{
    const template_t *template;
    const char *missing;
    apr_status_t status;

    add_token(page);
    if (page->notice) {
        json_set(page->view, "notice", json_new_string(page->pool, page->notice));
    }
    if (page->json) {
        start(page, page->status, ANSWER_JSON_TYPE, "no-store", name, value);
        status = view_write_json(page->view, answer_write, page, page->pool);
        if (APR_STATUS_IS_ENOSPC(status)) {
            page->problem = "a row is too large to be written as JSON";
        }
        return status;
    }
    add_frame(page);
    if ((template = resource_template(page->template)) == NULL) {
        page->problem = apr_psprintf(page->pool, "the template %s cannot be used", page->template);
        start(page, 500, ANSWER_TEXT_TYPE, "no-store", NULL, NULL);
        return answer_write(page, "This page cannot be shown.\n", 27);
    }
    start(page, page->status, ANSWER_HTML_TYPE, "no-store", name, value);
    status = template_render(template, page->view, answer_write, page, &missing);
    if (missing && !page->problem) {
        page->problem = apr_psprintf(page->pool, "the template %s asks for %s, which is not there",
                                     page->template, missing);
    }
    return status;
}

apr_status_t answer_page(page_t *page)
{
    return send_view(page, NULL, NULL);
}

static apr_status_t send_error(page_t *page, int status, const char *sentence, const char *name,
                               const char *value)
{
    json_value_t *error;

    page->status = status;
    page->template = "message";
    page->title = "Not possible";
    page->notice = NULL;
    page->view = json_new_object(page->pool);
    error = json_set(page->view, "error", json_new_object(page->pool));
    json_set(error, "status", json_new_integer(page->pool, status));
    json_set(error, "message", json_new_string(page->pool, sentence));
    return send_view(page, name, value);
}

apr_status_t answer_error(page_t *page, int status, const char *sentence)
{
    return send_error(page, status, sentence, NULL, NULL);
}

apr_status_t answer_not_allowed(page_t *page, const char *allowed)
{
    return send_error(page, 405, apr_psprintf(page->pool, "This address answers %s only.", allowed),
                      "Allow", allowed);
}

apr_status_t answer_redirect(page_t *page, const char *location)
{
    start(page, 303, ANSWER_TEXT_TYPE, "no-store", "Location", location);
    return APR_SUCCESS;
}

apr_status_t answer_expired(page_t *page)
{
    const char *body = refusal_json();

    start(page, REFUSAL_STATUS, REFUSAL_JSON_TYPE, "no-store", "WWW-Authenticate",
          REFUSAL_CHALLENGE);
    return answer_write(page, body, strlen(body));
}

static const char *asset_type(const char *name)
{
    const char *suffix = strrchr(name, '.');

    for (int i = 0; suffix && i < (int)(sizeof(asset_types) / sizeof(asset_types[0])); i++) {
        if (strcmp(asset_types[i].suffix, suffix) == 0) {
            return asset_types[i].type;
        }
    }
    return NULL;
}

apr_status_t answer_asset(page_t *page, const char *name)
{
    const char *type = asset_type(name); /* templates have none: they are not for reading */
    const resource_t *resource = type ? resource_find(name) : NULL;
    const char *version;

    if (!resource) {
        return answer_error(page, 404, "There is no such file.");
    }
    version = page_parameter(page, "v");
    start(page, 200, type,
          version && strcmp(version, resource->version) == 0 ? "public, max-age=31536000, immutable"
                                                             : "no-cache",
          NULL, NULL);
    return answer_write(page, resource->text, strlen(resource->text));
}
