/* Parameters of a header value such as `form-data; name="a"`, as werkzeug reads them. Private to
 * the text room. */
#ifndef SRC_TEXT_HEADER_OPTION_H
#define SRC_TEXT_HEADER_OPTION_H

#include <apr_pools.h>

/* The parameter of this lower-case name, unquoted; NULL if there is none. The last one of a name
 * counts. name*=charset'language'value is percent-decoded, name*0 and name*1 are joined. */
const char *header_option(apr_pool_t *pool, const char *value, const char *name);

#endif
