/* A streaming reader of XML-RPC that understands a document as Python's xmlrpc.client.loads does,
 * which is what Odoo reads it with, and reports its values as the tokens of JSON, so that whatever
 * reads calls and answers in JSON reads them from here as well.
 *
 * A call is reported as {"params": [...], "methodName": "..."}, an answer as {"params": [...]} or
 * {"fault": [...]}. struct is an object, array an array, the integer types and double are numbers,
 * nil is null; string, a bare text in <value>, dateTime.iso8601 and base64 are strings as sent. The
 * same values come out however the text is cut.
 *
 * It is stricter than Python: refused are a DOCTYPE (no entity is ever expanded), a tag within a
 * string, numbers that are not ASCII or longer than 512 bytes, encodings that neither expat knows
 * (UTF-8, UTF-16, ISO-8859-1, US-ASCII) nor iconv with one byte a character, and whatever needs
 * more memory than XML_SCAN_MAX_MEMORY, such as endless names and attributes. It does not check
 * what base64 and dateTime.iso8601 hold.
 *
 * Pure; one owner; never blocks. */
#ifndef TEXT_XML_SCAN_H
#define TEXT_XML_SCAN_H

#include <apr_errno.h>
#include <apr_pools.h>

#include "text/json_scan.h"

#define XML_SCAN_MAX_DEPTH 1000           /* arrays and structs within each other */
#define XML_SCAN_MAX_ELEMENTS 4096        /* elements within each other */
#define XML_SCAN_MAX_MEMORY (1024 * 1024) /* bytes that expat may hold */
#define XML_SCAN_MAX_METHOD 256           /* bytes kept of methodName; a longer one is cut */

typedef struct xml_scan_t xml_scan_t;

/* NULL if there is no memory. The sink is called as a JSON scanner calls it. */
xml_scan_t *xml_scan_create(apr_pool_t *pool, const json_sink_t *sink);

/* Takes the next piece. APR_SUCCESS, or APR_EINVAL once the document can no longer be valid. */
apr_status_t xml_scan_feed(xml_scan_t *scan, const char *data, apr_size_t length);

/* The text is over. APR_SUCCESS if it was a whole call or answer, whose last tokens have been
 * reported now; else APR_EINVAL. */
apr_status_t xml_scan_end(xml_scan_t *scan);

#endif
