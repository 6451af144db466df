/* From the method that a call names to what the trail says of it: the positional and named
 * arguments of a dataset route read by the table of methods. Pure. */
#ifndef ODOO_CALL_METHOD_H
#define ODOO_CALL_METHOD_H

#include "envelope.h"
#include "odoo/call.h"
#include "odoo/method.h"

/* Fills in operation, ids, fields, values, result_ids and background of a call whose model and
 * method are set. redact NULL: no values are kept; nor are they where track, if it is not NULL,
 * does not want the call. *truncated turns 1 if some were left out. */
void call_method_read(apr_pool_t *pool, const envelope_parts_t *parts, const track_t *track,
                      const redact_t *redact, values_level_t level, call_t *call, int *truncated);

#endif
