#include "xmlrpc_fault.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define WARNING "warning -- "
#define NAME_MAX_LENGTH 200

/* Codes that stand for one exception; the others for several or for any. */
static const struct {
    const char *code;
    const char *name;
} known_codes[] = {
    {"3", "odoo.exceptions.AccessDenied"},
    {"4", "odoo.exceptions.AccessError"},
    {"AccessDenied", "odoo.exceptions.AccessDenied"},
    {WARNING "AccessError", "odoo.exceptions.AccessError"},
    {WARNING "MissingError", "odoo.exceptions.MissingError"},
    {WARNING "UserError", "odoo.exceptions.UserError"},
    {WARNING "Warning", "odoo.exceptions.RedirectWarning"},
};

/* What xmlrpc.client says when it cannot write a result. */
static const char *const unwritable[] = {"TypeError: cannot marshal ",
                                         "OverflowError: int exceeds XML-RPC limits",
                                         "OverflowError: long int exceeds XML-RPC limits"};

void xmlrpc_fault_add_code(xmlrpc_fault_t *fault, const char *data, apr_size_t length)
{
    apr_size_t room = XMLRPC_FAULT_CODE - fault->code_length;

    memcpy(fault->code + fault->code_length, data, length < room ? length : room);
    fault->code_length += length < room ? length : room;
}

void xmlrpc_fault_add_text(xmlrpc_fault_t *fault, const char *data, apr_size_t length)
{
    apr_size_t excess;

    if (length > XMLRPC_FAULT_TEXT) {
        data += length - XMLRPC_FAULT_TEXT;
        length = XMLRPC_FAULT_TEXT;
        fault->text_cut = 1;
    }
    if (fault->text_length + length > XMLRPC_FAULT_TEXT) {
        excess = fault->text_length + length - XMLRPC_FAULT_TEXT;
        memmove(fault->text, fault->text + excess, fault->text_length - excess);
        fault->text_length -= excess;
        fault->text_cut = 1;
    }
    memcpy(fault->text + fault->text_length, data, length);
    fault->text_length += length;
}

/* The length of a dotted name that makes up the line or stands before its colon, else 0. */
static apr_size_t name_length(const char *line)
{
    apr_size_t length = 0;

    if (!apr_isalpha(*line) && *line != '_') {
        return 0;
    }
    while (apr_isalnum(line[length]) || line[length] == '_' ||
           (line[length] == '.' && (apr_isalpha(line[length + 1]) || line[length + 1] == '_'))) {
        length++;
    }
    return (line[length] == ':' || line[length] == '\0') && length <= NAME_MAX_LENGTH ? length : 0;
}

/* The line of a traceback that names its exception: the last one that stands at the margin behind
 * an indented one and starts with a dotted name. Its message may have lines of its own. */
static const char *exception_line(char *text)
{
    const char *found = NULL;
    int in_frames = 0;
    char *state;

    for (char *line = apr_strtok(text, "\n", &state); line; line = apr_strtok(NULL, "\n", &state)) {
        if (*line == ' ') {
            in_frames = 1;
        }
        else if (in_frames) {
            found = name_length(line) > 0 ? line : found;
            in_frames = 0;
        }
    }
    return found;
}

static int starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static const char *name_of_line(apr_pool_t *pool, const char *line, int *done)
{
    const char *name = apr_pstrmemdup(pool, line, name_length(line));

    for (apr_size_t i = 0; i < sizeof(unwritable) / sizeof(unwritable[0]); i++) {
        *done |= starts_with(line, unwritable[i]);
    }
    /* Python leaves out where its own exceptions come from, Odoo elsewhere does not. */
    return strchr(name, '.') ? name : apr_pstrcat(pool, "builtins.", name, NULL);
}

/* The code of version 1 has the message behind an empty line. */
static const char *name_of_code(const char *code)
{
    apr_size_t length = strcspn(code, "\n");

    for (apr_size_t i = 0; i < sizeof(known_codes) / sizeof(known_codes[0]); i++) {
        if (strlen(known_codes[i].code) == length &&
            memcmp(known_codes[i].code, code, length) == 0) {
            return known_codes[i].name;
        }
    }
    return NULL;
}

const char *xmlrpc_fault_name(apr_pool_t *pool, xmlrpc_fault_t *fault, int *done)
{
    const char *line = NULL;

    *done = 0;
    fault->code[fault->code_length] = '\0';
    fault->text[fault->text_length] = '\0';
    if (fault->text_cut || starts_with(fault->text, "Traceback ")) {
        line = exception_line(fault->text);
    }
    return line ? name_of_line(pool, line, done) : name_of_code(fault->code);
}
