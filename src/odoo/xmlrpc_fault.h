/* What an XML-RPC fault of Odoo says of the exception behind it (facts D): its code is a number in
 * version 2 and a text in version 1, its string a message or a traceback. Pure; one owner. */
#ifndef ODOO_XMLRPC_FAULT_H
#define ODOO_XMLRPC_FAULT_H

#include <apr_pools.h>

#define XMLRPC_FAULT_CODE 256  /* bytes kept of a code, its first */
#define XMLRPC_FAULT_TEXT 8192 /* bytes kept of a string, its last */

typedef struct xmlrpc_fault_t {
    char code[XMLRPC_FAULT_CODE + 1];
    apr_size_t code_length;
    char text[XMLRPC_FAULT_TEXT + 1];
    apr_size_t text_length;
    int text_cut; /* its beginning is not kept */
} xmlrpc_fault_t;

void xmlrpc_fault_add_code(xmlrpc_fault_t *fault, const char *data, apr_size_t length);
void xmlrpc_fault_add_text(xmlrpc_fault_t *fault, const char *data, apr_size_t length);

/* The exception's dotted name, NULL if the fault does not tell it. *done turns 1 if the call had
 * done its work and only its result could not be written as XML-RPC. */
const char *xmlrpc_fault_name(apr_pool_t *pool, xmlrpc_fault_t *fault, int *done);

#endif
