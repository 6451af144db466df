/* Structured field values (RFC 8941), as far as Client Hints use them. Pure; strict: 0 for whatever
 * the RFC tells to refuse. */
#ifndef CLIENT_STRUCTURED_FIELD_H
#define CLIENT_STRUCTURED_FIELD_H

#include <apr_pools.h>

/* A field that is one string, or one boolean; parameters are passed over. */
int structured_field_string(const char *field, const char **value, apr_pool_t *pool);
int structured_field_boolean(const char *field, int *value);

/* A string in a list, with its parameter "v". */
typedef struct structured_member_t {
    const char *text;
    const char *version; /* NULL: it has none that is a string */
} structured_member_t;

/* A field that is a list of strings; 0 too if there are more than `room`. */
int structured_field_list(const char *field, structured_member_t *members, int room, int *count,
                          apr_pool_t *pool);

#endif
