/* XML-RPC (facts A6, D) turned into the JSON-RPC of the same call and the same answer, token by
 * token, so that whoever reads those reads these. Streaming, bounded; pure; one owner. */
#ifndef ODOO_XMLRPC_H
#define ODOO_XMLRPC_H

#include <apr_errno.h>
#include <apr_pools.h>

#include "text/json_scan.h"

typedef struct xmlrpc_t xmlrpc_t;

/* A call of a service, which the path names: pushes {"params": {"service": ..., "args": [...],
 * "method": ...}}. NULL if there is no memory. */
xmlrpc_t *xmlrpc_call_create(apr_pool_t *pool, const char *service, json_scan_t *to);

/* An answer: pushes {"jsonrpc": "2.0", "result": ...}, or {"jsonrpc": "2.0", "error": {"data":
 * {"name": ...}}} with the exception's name as far as the fault tells it. A fault that says that
 * the result could not be written is a success: the method had done its work by then. */
xmlrpc_t *xmlrpc_reply_create(apr_pool_t *pool, json_scan_t *to);

/* APR_EINVAL once the text cannot be XML-RPC any more. */
apr_status_t xmlrpc_feed(xmlrpc_t *xmlrpc, const char *data, apr_size_t length);

/* The text is over; APR_EINVAL if it was no whole call or answer. */
apr_status_t xmlrpc_end(xmlrpc_t *xmlrpc);

#endif
