/* Encodings of XML that expat does not know itself, of those with one byte a character: Python's
 * XML parser asks its codecs for them, and what Odoo can read must be read here. Pure. */
#ifndef TEXT_XML_ENCODING_H
#define TEXT_XML_ENCODING_H

#include <expat.h>

/* For XML_SetUnknownEncodingHandler. Knows what iconv knows, by the names that Python takes. */
int xml_encoding_unknown(void *none, const XML_Char *name, XML_Encoding *encoding);

#endif
