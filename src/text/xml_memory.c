#include "xml_memory.h"

#include <stddef.h>
#include <stdlib.h>

/* In front of each block. */
typedef union block_t {
    struct {
        xml_memory_t *memory;
        apr_size_t size;
    } of;
    max_align_t align;
} block_t;

/* expat hands nothing over to its allocator, so what it allocates for is told through here. */
static _Thread_local xml_memory_t *current;

static int fits(const xml_memory_t *memory, apr_size_t size)
{
    return size <= memory->limit && memory->used <= memory->limit - size;
}

static void *allocate(size_t size)
{
    block_t *block = fits(current, size) ? malloc(sizeof(*block) + size) : NULL;

    if (!block) {
        return NULL;
    }
    block->of.memory = current;
    block->of.size = size;
    current->used += size;
    return block + 1;
}

static void release(void *data)
{
    block_t *block = data;

    if (data) {
        block--;
        block->of.memory->used -= block->of.size;
        free(block);
    }
}

static void *resize(void *data, size_t size)
{
    block_t *block = data;
    xml_memory_t *memory;

    if (!data) {
        return allocate(size);
    }
    block--;
    memory = block->of.memory;
    if (size > block->of.size && !fits(memory, size - block->of.size)) {
        return NULL;
    }
    memory->used -= block->of.size;
    data = realloc(block, sizeof(*block) + size);
    if (!data) {
        memory->used += block->of.size;
        return NULL;
    }
    block = data;
    block->of.size = size;
    memory->used += size;
    return block + 1;
}

XML_Parser xml_memory_parser(xml_memory_t *memory)
{
    static const XML_Memory_Handling_Suite suite = {allocate, resize, release};

    current = memory;
    return XML_ParserCreate_MM(NULL, &suite, NULL);
}

enum XML_Status xml_memory_parse(xml_memory_t *memory, XML_Parser parser, const char *data,
                                 int length, int last)
{
    current = memory;
    return XML_Parse(parser, data, length, last);
}
