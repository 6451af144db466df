#include "admin/template.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#define OUTPUT_SIZE 8192

typedef enum node_kind_t {
    NODE_TEXT,
    NODE_VALUE,
    NODE_SECTION,
    NODE_INVERTED,
    NODE_PARTIAL
} node_kind_t;

typedef struct node_t {
    node_kind_t kind;
    const char *text; /* as it stands in the template: literal text, or the name */
    apr_size_t length;
    const char *parts[TEMPLATE_MAX_PARTS + 1]; /* of a name; none for "." */
    int end;                                   /* of a section: the node behind its last */
    const template_t *partial;
} node_t;

struct template_t {
    const node_t *nodes;
    int count;
};

/* ---- reading ---- */

typedef struct parser_t {
    apr_pool_t *pool;
    template_source_t source;
    void *payload;
    const char *name; /* of the template being read */
    const char *problem;
    apr_array_header_t *nodes;
    int open[TEMPLATE_MAX_DEPTH]; /* the sections not closed yet */
    int depth;                    /* of them */
    int outer;                    /* depth of the templates that include this one */
} parser_t;

static apr_status_t parse_template(parser_t *parser, template_t **parsed);

static apr_status_t refuse(parser_t *parser, const char *problem, const char *detail)
{
    parser->problem =
        apr_psprintf(parser->pool, "template %s: %s \"%s\"", parser->name, problem, detail);
    return APR_EINVAL;
}

static node_t *add_node(parser_t *parser, node_kind_t kind, const char *text, apr_size_t length)
{
    node_t *node = apr_array_push(parser->nodes);

    memset(node, 0, sizeof(*node));
    node->kind = kind;
    node->text = apr_pstrmemdup(parser->pool, text, length);
    node->length = length;
    return node;
}

static apr_status_t split_name(parser_t *parser, node_t *node)
{
    char *rest = apr_pstrdup(parser->pool, node->text);
    char *state = NULL;
    int count = 0;

    if (strcmp(rest, ".") == 0) {
        return APR_SUCCESS;
    }
    for (char *part = apr_strtok(rest, ".", &state); part; part = apr_strtok(NULL, ".", &state)) {
        if (count == TEMPLATE_MAX_PARTS) {
            return refuse(parser, "too many parts in the name", node->text);
        }
        node->parts[count++] = part;
    }
    return count > 0 ? APR_SUCCESS : refuse(parser, "not a name:", node->text);
}

static apr_status_t read_value(parser_t *parser, const char *name, apr_size_t length)
{
    const node_t *before =
        parser->nodes->nelts > 0
            ? &APR_ARRAY_IDX(parser->nodes, parser->nodes->nelts - 1, const node_t)
            : NULL;

    if (before && before->kind == NODE_TEXT && before->text[before->length - 1] == '=') {
        return refuse(parser, "an attribute's value needs quotes:",
                      apr_pstrmemdup(parser->pool, name, length));
    }
    return split_name(parser, add_node(parser, NODE_VALUE, name, length));
}

static apr_status_t open_section(parser_t *parser, node_kind_t kind, const char *name,
                                 apr_size_t length)
{
    node_t *node = add_node(parser, kind, name, length);

    if (parser->outer + parser->depth + 1 >= TEMPLATE_MAX_DEPTH) {
        return refuse(parser, "too many sections within each other at", node->text);
    }
    parser->open[parser->depth++] = parser->nodes->nelts - 1;
    return split_name(parser, node);
}

static apr_status_t close_section(parser_t *parser, const char *name, apr_size_t length)
{
    const char *closed = apr_pstrmemdup(parser->pool, name, length);
    node_t *node;

    if (parser->depth == 0) {
        return refuse(parser, "nothing is open to be closed by", closed);
    }
    node = &APR_ARRAY_IDX(parser->nodes, parser->open[--parser->depth], node_t);
    if (strcmp(node->text, closed) != 0) {
        return refuse(parser, apr_psprintf(parser->pool, "%s is closed by", node->text), closed);
    }
    node->end = parser->nodes->nelts;
    return APR_SUCCESS;
}

static apr_status_t read_partial(parser_t *parser, const char *name, apr_size_t length)
{
    node_t *node = add_node(parser, NODE_PARTIAL, name, length);
    parser_t inner = *parser;
    template_t *partial;
    apr_status_t status;

    inner.name = node->text;
    inner.outer = parser->outer + parser->depth + 1;
    status = parse_template(&inner, &partial);
    parser->problem = inner.problem;
    node->partial = partial;
    return status;
}

static apr_status_t read_tag(parser_t *parser, const char *tag, apr_size_t length)
{
    char kind = length > 0 ? *tag : '\0';

    if (kind == '!') {
        return APR_SUCCESS;
    }
    if (kind && strchr("#^/>", kind)) {
        tag++;
        length--;
    }
    if (length == 0 || length > TEMPLATE_MAX_NAME || strcspn(tag, " \t\r\n{<\"'&") < length) {
        return refuse(parser, "not a name:", apr_pstrmemdup(parser->pool, tag, length));
    }
    switch (kind) {
    case '#':
        return open_section(parser, NODE_SECTION, tag, length);
    case '^':
        return open_section(parser, NODE_INVERTED, tag, length);
    case '/':
        return close_section(parser, tag, length);
    case '>':
        return read_partial(parser, tag, length);
    default:
        return read_value(parser, tag, length);
    }
}

/* text ends in a NUL, as strstr needs. */
static apr_status_t read_nodes(parser_t *parser, const char *text)
{
    const char *tag, *end;
    apr_status_t status;

    while ((tag = strstr(text, "{{")) != NULL) {
        if ((end = strstr(tag, "}}")) == NULL) {
            return refuse(parser, "a tag has no end:", apr_pstrndup(parser->pool, tag, 40));
        }
        if (parser->nodes->nelts >= TEMPLATE_MAX_NODES) {
            return refuse(parser, "too long at", apr_pstrndup(parser->pool, tag, 40));
        }
        if (tag > text) {
            add_node(parser, NODE_TEXT, text, (apr_size_t)(tag - text));
        }
        status = read_tag(parser, tag + 2, (apr_size_t)(end - tag - 2));
        if (status != APR_SUCCESS) {
            return status;
        }
        text = end + 2;
    }
    if (*text) {
        add_node(parser, NODE_TEXT, text, strlen(text));
    }
    return APR_SUCCESS;
}

static apr_status_t parse_template(parser_t *parser, template_t **parsed)
{
    apr_size_t length = 0;
    const char *text;
    apr_status_t status;

    *parsed = NULL;
    if (parser->outer >= TEMPLATE_MAX_DEPTH) {
        return refuse(parser, "includes itself, or too many within each other:", parser->name);
    }
    text = parser->source(parser->payload, parser->name, &length);
    if (!text) {
        parser->problem = apr_psprintf(parser->pool, "there is no template %s", parser->name);
        return APR_NOTFOUND;
    }
    parser->nodes = apr_array_make(parser->pool, 64, sizeof(node_t));
    parser->depth = 0;
    status = read_nodes(parser, apr_pstrmemdup(parser->pool, text, length));
    if (status == APR_SUCCESS && parser->depth > 0) {
        int open = parser->open[parser->depth - 1];

        status = refuse(parser, "never closed:", APR_ARRAY_IDX(parser->nodes, open, node_t).text);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    *parsed = apr_palloc(parser->pool, sizeof(**parsed));
    (*parsed)->nodes = (const node_t *)parser->nodes->elts;
    (*parsed)->count = parser->nodes->nelts;
    return APR_SUCCESS;
}

apr_status_t template_parse(template_t **parsed, apr_pool_t *pool, const char *name,
                            template_source_t source, void *payload, const char **problem)
{
    parser_t parser = {.pool = pool, .source = source, .payload = payload, .name = name};
    apr_status_t status = parse_template(&parser, parsed);

    if (problem) {
        *problem = status == APR_SUCCESS ? NULL : parser.problem;
    }
    return status;
}

/* ---- writing ---- */

typedef struct output_t {
    template_write_t write;
    void *payload;
    apr_status_t status; /* of the first write that failed */
    const json_value_t *context[TEMPLATE_MAX_DEPTH + 1];
    int depth;
    const char *missing;
    apr_size_t length;
    char data[OUTPUT_SIZE];
} output_t;

static void render_nodes(output_t *output, const template_t *parsed, int from, int to);

static void flush(output_t *output)
{
    if (output->status == APR_SUCCESS && output->length > 0) {
        output->status = output->write(output->payload, output->data, output->length);
    }
    output->length = 0;
}

static void put(output_t *output, const char *data, apr_size_t length)
{
    while (length > 0 && output->status == APR_SUCCESS) {
        apr_size_t room = OUTPUT_SIZE - output->length;
        apr_size_t piece = length < room ? length : room;

        memcpy(output->data + output->length, data, piece);
        output->length += piece;
        data += piece;
        length -= piece;
        if (output->length == OUTPUT_SIZE) {
            flush(output);
        }
    }
}

/* Control characters become visible: a page cannot hold them, and a reader should see that they
 * were there. */
static const char *escape_of(unsigned char character)
{
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t':
    case '\n':
    case '\r':
        return NULL;
    default:
        return character < 0x20 || character == 0x7f ? "\xef\xbf\xbd" : NULL;
    }
}

static void put_escaped(output_t *output, const char *text)
{
    const char *start = text;

    for (; *text; text++) {
        const char *escape = escape_of((unsigned char)*text);

        if (escape) {
            put(output, start, (apr_size_t)(text - start));
            put(output, escape, strlen(escape));
            start = text + 1;
        }
    }
    put(output, start, (apr_size_t)(text - start));
}

static const json_value_t *look_up(const output_t *output, const node_t *node)
{
    const json_value_t *value = NULL;

    if (!node->parts[0]) {
        return output->context[output->depth];
    }
    for (int depth = output->depth; depth >= 0 && !value; depth--) {
        if (output->context[depth]->type == JSON_TYPE_OBJECT) {
            value = json_member(output->context[depth], node->parts[0]);
        }
    }
    for (int part = 1; value && node->parts[part]; part++) {
        value = value->type == JSON_TYPE_OBJECT ? json_member(value, node->parts[part]) : NULL;
    }
    return value;
}

static void render_value(output_t *output, const node_t *node)
{
    const json_value_t *value = look_up(output, node);

    switch (value ? value->type : JSON_TYPE_OBJECT) {
    case JSON_TYPE_STRING:
    case JSON_TYPE_NUMBER:
        put_escaped(output, value->text);
        break;
    case JSON_TYPE_TRUE:
        put(output, "true", 4);
        break;
    case JSON_TYPE_FALSE:
        put(output, "false", 5);
        break;
    case JSON_TYPE_NULL:
        break;
    default:
        if (!output->missing) {
            output->missing = node->text;
        }
    }
}

static void render_within(output_t *output, const template_t *parsed, int section,
                          const json_value_t *context)
{
    output->context[++output->depth] = context;
    render_nodes(output, parsed, section + 1, parsed->nodes[section].end);
    output->depth--;
}

static void render_section(output_t *output, const template_t *parsed, int section)
{
    const json_value_t *value = look_up(output, &parsed->nodes[section]);

    if (value && value->type == JSON_TYPE_ARRAY) {
        const json_value_t *member = value->first;

        for (; member && output->status == APR_SUCCESS; member = member->next) {
            render_within(output, parsed, section, member);
        }
    }
    else if (json_truthy(value)) {
        render_within(output, parsed, section, value);
    }
}

/* As deep as sections and partials stand within each other, which template_parse has bounded. */
static void render_nodes(output_t *output, const template_t *parsed, int from, int to)
{
    int at = from;

    while (at < to && output->status == APR_SUCCESS) {
        const node_t *node = &parsed->nodes[at];

        switch (node->kind) {
        case NODE_TEXT:
            put(output, node->text, node->length);
            break;
        case NODE_VALUE:
            render_value(output, node);
            break;
        case NODE_PARTIAL:
            render_nodes(output, node->partial, 0, node->partial->count);
            break;
        case NODE_SECTION:
            render_section(output, parsed, at);
            break;
        case NODE_INVERTED:
            if (!json_truthy(look_up(output, node))) {
                render_nodes(output, parsed, at + 1, node->end);
            }
            break;
        }
        at = node->end > at ? node->end : at + 1;
    }
}

apr_status_t template_render(const template_t *parsed, const json_value_t *view,
                             template_write_t write, void *payload, const char **missing)
{
    output_t output;

    output.write = write;
    output.payload = payload;
    output.status = APR_SUCCESS;
    output.context[0] = view;
    output.depth = 0;
    output.missing = NULL;
    output.length = 0;
    render_nodes(&output, parsed, 0, parsed->count);
    flush(&output);
    if (missing) {
        *missing = output.missing;
    }
    return output.status;
}
