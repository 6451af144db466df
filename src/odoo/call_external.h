/* External calls, as /jsonrpc and /xmlrpc carry them (facts A6): a service, one of its methods and
 * a list of arguments that starts with credentials. Pure. */
#ifndef ODOO_CALL_EXTERNAL_H
#define ODOO_CALL_EXTERNAL_H

#include "odoo/call.h"
#include "text/json_value.h"

/* Fills in the call; 0 if it is none that Odoo could read. arguments: the whole list, in which what
 * stands for the password is not looked at and may be null. track: as in call_request_t. *truncated
 * turns 1 if something of the values was left out. */
int call_external_read(apr_pool_t *pool, const char *service, const char *method,
                       const json_value_t *arguments, const track_t *track, const redact_t *redact,
                       values_level_t values, call_t *call, int *truncated);

#endif
