/* Python's int() and float() of a text, as JSON writes the number. Private to the text room. */
#ifndef SRC_TEXT_XML_NUMBER_H
#define SRC_TEXT_XML_NUMBER_H

#include <apr.h>

#define XML_NUMBER_MAX 512 /* bytes of the text and of the number */

/* Both take `length` bytes and write the number, NUL-terminated. Return 0 if Python refuses it, or
 * if it is written with other digits than ASCII's. */
int xml_integer(const char *text, apr_size_t length, char number[XML_NUMBER_MAX + 1]);
int xml_float(const char *text, apr_size_t length, char number[XML_NUMBER_MAX + 1]);

#endif
