/* A page that shows a text, whatever it is: nothing in it ends an element or an attribute, what is
 * shown is valid UTF-8, and the same text always looks the same. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "admin/template.h"
#include "target.h"
#include "text/utf8.h"

#define PART "\x1f" /* a control character, so that no text that is shown has it */

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static const char *the_template(void *payload, const char *name, apr_size_t *length)
{
    (void)payload;
    (void)name;
    *length = strlen("{{x}}" PART "{{x}}");
    return "{{x}}" PART "{{x}}";
}

static apr_status_t keep(void *payload, const char *data, apr_size_t length)
{
    buffer_append(payload, data, length);
    return APR_SUCCESS;
}

static void check_text(const char *text)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

    require(utf8_valid_prefix(text, strlen(text)) == strlen(text));
    require(strcspn(text, "<>\"'") == strlen(text));
    while ((text = strchr(text, '&'))) {
        int known = 0;

        for (size_t i = 0; i < sizeof(entities) / sizeof(*entities); i++) {
            known |= strncmp(text, entities[i], strlen(entities[i])) == 0;
        }
        require(known);
        text++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    template_t *template;
    const char *problem, *missing, *shown;
    char *part;
    json_value_t *view;
    buffer_t page;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    require(!template_parse(&template, pool, "page", the_template, NULL, &problem));
    view = json_new_object(pool);
    json_set(view, "x", json_new_string(pool, utf8_repair(pool, (const char *)data, size)));
    buffer_init(&page, pool, 64 + 16 * size);
    require(!template_render(template, view, keep, &page, &missing) && !missing && !page.overflow);
    shown = buffer_string(&page);
    part = strstr(shown, PART);
    require(part != NULL);
    *part = '\0';
    check_text(shown);
    require(strcmp(shown, part + 1) == 0);
    apr_pool_destroy(pool);
    return 0;
}
