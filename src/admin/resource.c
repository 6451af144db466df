#include "admin/resource.h"

#include <pthread.h>
#include <string.h>

#include <apr_strings.h>

#define TEMPLATE_SUFFIX ".html"
#define MAX_TEMPLATES 64

typedef struct parsed_t {
    const char *name;
    const template_t *template;
} parsed_t;

static pthread_once_t parsed_once = PTHREAD_ONCE_INIT;
static parsed_t parsed[MAX_TEMPLATES];
static int parsed_count;

const resource_t *resource_find(const char *name)
{
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (strcmp(resource->name, name) == 0) {
            return resource;
        }
    }
    return NULL;
}

static const char *template_text(void *payload, const char *name, apr_size_t *length)
{
    char file[TEMPLATE_MAX_NAME + sizeof(TEMPLATE_SUFFIX)];
    const resource_t *resource;

    (void)payload;
    if (strlen(name) > TEMPLATE_MAX_NAME) {
        return NULL;
    }
    strcpy(file, name);
    strcat(file, TEMPLATE_SUFFIX);
    if ((resource = resource_find(file)) == NULL) {
        return NULL;
    }
    *length = strlen(resource->text);
    return resource->text;
}

static const char *template_name(apr_pool_t *pool, const char *file)
{
    apr_size_t length = strlen(file), suffix = strlen(TEMPLATE_SUFFIX);

    if (length <= suffix || strcmp(file + length - suffix, TEMPLATE_SUFFIX) != 0) {
        return NULL;
    }
    return apr_pstrmemdup(pool, file, length - suffix);
}

/* The pool has no parent but APR's own: it lives as long as the process, and whichever thread comes
 * first may make it. */
static void parse_all(void)
{
    apr_pool_t *pool;

    if (apr_pool_create(&pool, NULL) != APR_SUCCESS) {
        return;
    }
    for (const resource_t *resource = resources; resource->name; resource++) {
        const char *name = template_name(pool, resource->name);
        template_t *template;

        if (name && parsed_count < MAX_TEMPLATES &&
            template_parse(&template, pool, name, template_text, NULL, NULL) == APR_SUCCESS) {
            parsed[parsed_count].name = name;
            parsed[parsed_count++].template = template;
        }
    }
}

const template_t *resource_template(const char *name)
{
    pthread_once(&parsed_once, parse_all);
    for (int i = 0; i < parsed_count; i++) {
        if (strcmp(parsed[i].name, name) == 0) {
            return parsed[i].template;
        }
    }
    return NULL;
}
