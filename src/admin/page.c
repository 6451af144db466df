#include "page.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "text/form.h"

#define NOTICE_EMPTY "Nothing has been recorded yet."
#define NOTICE_UNREACHABLE                                                                         \
    "The database cannot be reached at the moment. Recording goes on: what happens now is kept "   \
    "on disk and will appear here later."

apr_status_t page_open_store(page_t *page, store_t **store)
{
    const char *problem = NULL;
    apr_status_t status = store_open(store, page->pool, page->request->store, STORE_READ, &problem);

    if (APR_STATUS_IS_ENOENT(status)) {
        page->notice = NOTICE_EMPTY;
        return APR_ENOENT;
    }
    if (status != APR_SUCCESS) {
        page->problem = problem ? problem : "the database cannot be opened for a page";
        page->status = 503;
        page->notice = NOTICE_UNREACHABLE;
    }
    return status;
}

void page_store_failed(page_t *page, store_t *store)
{
    const char *error = store_error(store);

    page->problem = apr_psprintf(page->pool, "a page could not read the database: %s",
                                 error ? error : "no reason given");
    page->status = 503;
    page->notice = NOTICE_UNREACHABLE;
}

const char *page_parameter(const page_t *page, const char *name)
{
    const char *value =
        page->request->query ? form_query_value(page->pool, page->request->query, name) : NULL;

    return value && *value ? value : NULL;
}

int page_body_is(const page_t *page, const char *type)
{
    const char *content_type = page->request->content_type;
    apr_size_t length = strlen(type);

    return content_type && apr_cstr_casecmpn(content_type, type, length) == 0 &&
           (content_type[length] == '\0' || strchr("; \t", content_type[length]));
}
