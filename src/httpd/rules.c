/* Which rules hold for a site. */
#include "httpd/rules.h"

#include "httpd/config.h"

const rules_t *rules_of(request_rec *request, const site_t *site)
{
    (void)request;
    return &site->floor;
}
