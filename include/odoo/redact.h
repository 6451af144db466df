/* Names of fields whose values never reach journal, store, mail, page or log. A built-in list of
 * globs (passwords, tokens, keys, secrets, signatures, card numbers) to which UserAuditRedact adds;
 * nothing can be taken away. Pure; immutable once configured, so shared by all threads. */
#ifndef ODOO_REDACT_H
#define ODOO_REDACT_H

#include <apr_pools.h>

#include "text/json_value.h"

#define REDACTED "[redacted]"

typedef struct redact_t redact_t;

redact_t *redact_create(apr_pool_t *pool);
void redact_add(redact_t *redact, const char *glob);

/* Case-insensitive; "-", "." and blanks count as "_" for the built-in list. */
int redact_name(const redact_t *redact, const char *field);

/* Replaces, at every depth, the value of each redacted member by REDACTED, in place; its own too
 * if the value is a member. Looks into the lines of x2many commands. Also replaces a member
 * "value" beside a "key" or "name" whose text is a redacted name (ir.config_parameter). Of the
 * built-in names null, true, false and the number of a "..._id" stay: they tell no secret. */
void redact_value(const redact_t *redact, json_value_t *value);

/* Replaces members that are secret in this model though their names are not, in the object or in
 * each object of the array: the value of an ir.config_parameter whose key is not beside it, the
 * code that somebody types at login. Besides redact_value, not in its place. NULL model: none. */
void redact_model(const char *model, json_value_t *value);

/* A raw path with REDACTED in place of each segment that grants something by itself: what stands
 * behind /web/hook, a UUID, what looks random (survey, portal and invitation links), and the value
 * of a redacted name in "name=value". Record ids, names, slugs and checksums of pictures stay. */
const char *redact_path(apr_pool_t *pool, const redact_t *redact, const char *path);

#endif
