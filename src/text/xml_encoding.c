#include "xml_encoding.h"

#include <iconv.h>
#include <stdint.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define MAX_NAME 32              /* bytes of a name without its marks */
#define NAME_SIZE (2 * MAX_NAME) /* with what stands for the first of them */
#define UNDEFINED (-1)
#define REPLACEMENT 0xfffd
#define BYTES 256

/* The names that Python has for what iconv calls otherwise; of the first the number comes behind.
 */
static const struct {
    const char *python, *iconv;
} prefixes[] = {{"WINDOWS", "CP"}, {"MACROMAN", "MACINTOSH"}};

/* Letters and digits alone reach iconv, which takes names of files and wishes of its own else:
 * "latin-1" and "iso_8859-15" are known to it as LATIN1 and ISO885915 as well. */
static int iconv_name(char *to, const char *name)
{
    char plain[MAX_NAME + 1];
    apr_size_t length = 0;

    for (; *name; name++) {
        if (apr_isalnum(*name) && length < MAX_NAME) {
            plain[length++] = (char)apr_toupper(*name);
        }
        else if (!strchr("-_.: ", *name)) {
            return 0;
        }
    }
    plain[length] = '\0';
    for (apr_size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        apr_size_t known = strlen(prefixes[i].python);

        if (strncmp(plain, prefixes[i].python, known) == 0) {
            apr_snprintf(to, NAME_SIZE, "%s%s", prefixes[i].iconv, plain + known);
            return 1;
        }
    }
    apr_cpystrn(to, plain, NAME_SIZE);
    return length > 0;
}

/* What one byte stands for. */
static int character_of(iconv_t converter, unsigned char byte)
{
    char in = (char)byte, *from = &in, *to;
    uint32_t out[2] = {0, 0};
    size_t from_left = 1, to_left = sizeof(out);

    to = (char *)out;
    (void)iconv(converter, NULL, NULL, NULL, NULL);
    if (iconv(converter, &from, &from_left, &to, &to_left) == (size_t)-1 ||
        to_left != sizeof(out) - sizeof(out[0]) || out[0] == REPLACEMENT || out[0] > 0xffff) {
        return UNDEFINED;
    }
    return (int)out[0];
}

/* glibc and others call UTF-32 in the machine's own order so. */
static iconv_t open_converter(const char *name)
{
    static const uint16_t one = 1;

    return iconv_open(*(const unsigned char *)&one ? "UTF-32LE" : "UTF-32BE", name);
}

int xml_encoding_unknown(void *none, const XML_Char *name, XML_Encoding *encoding)
{
    char known[NAME_SIZE];
    iconv_t converter;

    (void)none;
    if (!iconv_name(known, name)) {
        return XML_STATUS_ERROR;
    }
    converter = open_converter(known);
    if (converter == (iconv_t)-1) {
        return XML_STATUS_ERROR;
    }
    for (int byte = 0; byte < BYTES; byte++) {
        encoding->map[byte] = character_of(converter, (unsigned char)byte);
    }
    (void)iconv_close(converter);
    encoding->data = NULL;
    encoding->convert = NULL;
    encoding->release = NULL;
    return XML_STATUS_OK;
}
