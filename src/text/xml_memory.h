/* Memory for one expat parser with a maximum, whatever a document makes it ask for. Private to the
 * text room. */
#ifndef SRC_TEXT_XML_MEMORY_H
#define SRC_TEXT_XML_MEMORY_H

#include <apr.h>
#include <expat.h>

typedef struct xml_memory_t {
    apr_size_t used;
    apr_size_t limit;
} xml_memory_t;

/* A parser whose memory is counted in `memory`, which must outlive it. NULL if there is none. */
XML_Parser xml_memory_parser(xml_memory_t *memory);

/* XML_Parse, for such a parser. */
enum XML_Status xml_memory_parse(xml_memory_t *memory, XML_Parser parser, const char *data,
                                 int length, int last);

#endif
